//! A visit to a site: the legs of a login, one request each.

use std::fmt::Display;
use std::net::SocketAddr;

use gss_ntlmdc::directory::{Fingerprint, Trust};
use gss_ntlmdc::protocol::certificate;
use gss_ntlmdc::protocol::ntlm::message::Challenge;

use super::client::{Begun, Credentials, ntlm_message};
use super::connection::{Connection, Lost, Reached};
use super::response::Response;
use super::site::Site;
use super::{headers, verdict};
use crate::arguments::Scheme;
use crate::decode::push_av_pairs;
use crate::report::{Field, Section};

/// The versions of HTTP by their names in TLS. NTLM needs the second.
const HTTP_2: &[u8] = b"h2";
const HTTP_1: &[u8] = b"http/1.1";

/// A visit, and what was seen.
pub struct Visit {
    site: Site,
    /// The site's address that accepted the first connection.
    peer: SocketAddr,
    trust: Trust,
    is_insecure: bool,
    sections: Vec<Section>,
    legs: usize,
}

/// The visit ends here: its last section says why.
struct Over;

impl Visit {
    /// Asks the site, and logs in if there are credentials. The sections have what was seen.
    pub fn run(
        site: Site,
        trust: Trust,
        is_insecure: bool,
        credentials: Option<&Credentials>,
        wanted: Option<Scheme>,
    ) -> Vec<Section> {
        let (reached, unreached) = Reached::first(&site.peers);
        let Some(reached) = reached else {
            let mut section = Section::new(format!("connection to {}", site.authority));
            for (peer, lost) in unreached {
                section.push(Field::new(peer.to_string(), lost).wrong());
            }
            return vec![section];
        };
        let mut section = Section::new(format!("connection to {}", reached.peer));
        for (peer, lost) in unreached {
            let note = "clients try this address of the name first, too";
            section.push(Field::new(peer.to_string(), lost).note(note));
        }
        let mut visit = Self {
            site,
            peer: reached.peer,
            trust,
            is_insecure,
            sections: Vec::new(),
            legs: 0,
        };
        // The sections say how the visit ended.
        let _end = visit.visit(reached, section, credentials, wanted);
        visit.sections
    }

    fn visit(
        &mut self,
        reached: Reached,
        section: Section,
        credentials: Option<&Credentials>,
        wanted: Option<Scheme>,
    ) -> Result<(), Over> {
        let mut connection = self.connect(reached, section)?;
        let first = self.leg(&mut connection, "without a login", None)?;
        let Some(credentials) = credentials else {
            return Ok(());
        };
        let is_proven = self.site.is_tls && !self.is_insecure;
        let scheme = match verdict::scheme(&first, wanted, is_proven) {
            Ok(scheme) => scheme,
            Err(section) => return self.end(*section),
        };
        if !first.keeps_connection() {
            let section = Section::new(format!("a new connection to {}", self.peer));
            let opened = self.open(&[HTTP_1]);
            connection = self.opened(opened, section)?;
        }
        let last = match scheme {
            Scheme::Basic => {
                let title = format!("with the password of {}", credentials.typed());
                self.leg(&mut connection, &title, Some(credentials.basic()))?
            }
            Scheme::Ntlm | Scheme::Negotiate => {
                self.challenge_response(&mut connection, scheme, credentials)?
            }
        };
        let end = verdict::of_last(scheme, &last);
        let is_accepted = last.status != 401 && last.status < 500;
        self.sections.push(end);
        if is_accepted && scheme != Scheme::Basic && last.keeps_connection() {
            self.look_at_connections(&mut connection);
        }
        Ok(())
    }

    /// NTLM's two legs.
    fn challenge_response(
        &mut self,
        connection: &mut Connection,
        scheme: Scheme,
        credentials: &Credentials,
    ) -> Result<Response, Over> {
        let (begun, value) = Begun::new(scheme);
        let title = format!("{}, with NEGOTIATE_MESSAGE", scheme.name());
        let second = self.leg(connection, &title, Some(&value))?;
        let sent = match second.challenge(scheme.name()) {
            Some(sent) if !sent.is_empty() && second.status == 401 => sent,
            _ => return self.end(verdict::no_challenge(&second)),
        };
        let challenge = match ntlm_message(scheme, sent) {
            Ok(challenge) => challenge,
            Err(problem) => return self.fail("The token of the server", &problem),
        };
        self.push_challenge(&challenge);
        if !second.keeps_connection() {
            return self.end(verdict::closed());
        }
        // Without a binding over TLS, the login could be relayed to the site that it is meant for.
        let binding = connection.certificate();
        let binding = binding.map(|der| certificate::channel_binding_of_der(&der));
        let answer = match binding.transpose() {
            Ok(binding) => begun.answer(&challenge, credentials, &self.site.host, binding),
            Err(error) => return self.fail("No channel binding of the certificate", &error),
        };
        match answer {
            Ok(value) => {
                let user = credentials.typed();
                let title = format!("{}, with AUTHENTICATE_MESSAGE of {user}", scheme.name());
                self.leg(connection, &title, Some(&value))
            }
            Err(problem) => self.fail("The challenge of the server", &problem),
        }
    }

    /// Whether the login holds on its connection, and only there.
    fn look_at_connections(&mut self, connection: &mut Connection) {
        let mut section = Section::new("a further request, without a login, on");
        let title = "the same connection";
        section.push(match connection.get(&self.site, None) {
            Ok(response) if response.status == 401 => Field::new(title, "asked for a login again")
                .note(
                    "The login is not kept, so each request costs one: GssapiConnectionBound is \
                     off, or a proxy is between",
                ),
            Ok(response) => Field::new(title, response.status).right(true),
            Err(Lost::Closed) => Field::new(title, "the connection was closed")
                .note("Each request costs a login: KeepAlive is off or short"),
            Err(_) => Field::new(title, "no answer"),
        });
        let title = "a new connection";
        let opened = self.open(&[HTTP_1]);
        section.push(match opened.and_then(|mut new| new.get(&self.site, None)) {
            Ok(response) if response.status == 401 => {
                Field::new(title, "asked for a login").right(true)
            }
            Ok(response) if response.status >= 400 => Field::new(title, response.status),
            Ok(response) => Field::new(title, response.status).wrong().note(
                "Let in without a login: a proxy shares its connections to the server between \
                 clients. Take it away, or let it make one connection for each client",
            ),
            Err(_) => Field::new(title, "no answer"),
        });
        self.sections.push(section);
    }

    /// One request.
    fn leg(
        &mut self,
        connection: &mut Connection,
        title: &str,
        authorization: Option<&str>,
    ) -> Result<Response, Over> {
        self.legs += 1;
        let mut section = Section::new(format!("{}. GET {}, {title}", self.legs, self.site.path));
        match connection.get(&self.site, authorization) {
            Ok(response) => {
                headers::push(&mut section, &response);
                self.sections.push(section);
                Ok(response)
            }
            Err(lost) => {
                let is_begun = authorization.is_some();
                section.push(Field::new("status", lost.to_string()).wrong());
                self.sections.push(section);
                match lost {
                    Lost::Closed if is_begun => self.end(verdict::closed()),
                    _ => Err(Over),
                }
            }
        }
    }

    /// The names and the time in the server's challenge.
    fn push_challenge(&mut self, message: &[u8]) {
        let mut section = Section::new("the server's CHALLENGE_MESSAGE");
        match Challenge::decode(message) {
            Ok(challenge) => push_av_pairs(&mut section, challenge.target_info),
            Err(error) => section.push(Field::new(error.field, error.problem).wrong()),
        }
        self.sections.push(section);
    }

    /// The first connection, with what TLS says of the server.
    fn connect(&mut self, reached: Reached, mut section: Section) -> Result<Connection, Over> {
        if !self.site.is_tls {
            section.push(Field::new("TLS", "none").note("Basic sends the password readable"));
            let opened = self.begin(reached, &[HTTP_1]);
            return self.opened(opened, section);
        }
        if let Ok(is_on) = self.prefers_http_2(reached, &mut section) {
            section.push(match is_on {
                true => Field::new("HTTP/2", "on").wrong().note(
                    "Browsers take HTTP/2 where they can, and NTLM does not work over it: \
                     Protocols http/1.1",
                ),
                false => Field::new("HTTP/2", "off").right(true),
            });
        }
        let opened = self.open(&[HTTP_1]);
        if let Ok(connection) = &opened
            && let Some(der) = connection.certificate()
        {
            push_certificate(&mut section, &der);
        }
        self.opened(opened, section)
    }

    /// Whether the server prefers HTTP/2.
    fn prefers_http_2(&mut self, reached: Reached, section: &mut Section) -> Result<bool, Lost> {
        let mut opened = self.begin(reached, &[HTTP_2, HTTP_1]);
        if let Err(Lost::Untrusted(fingerprint, reason)) = &opened
            && let Some(why) = self.acceptance(*fingerprint)
        {
            section.push(Field::new("certificate", format!("not verified: {reason}")).note(why));
            self.trust = Trust::Pin(*fingerprint);
            opened = self.open(&[HTTP_2, HTTP_1]);
        }
        Ok(opened?.protocol().is_some_and(|chosen| chosen == HTTP_2))
    }

    /// Why a certificate is accepted that no authority vouches for; if it is.
    fn acceptance(&self, fingerprint: Fingerprint) -> Option<&'static str> {
        match &self.trust {
            Trust::Authorities(given) if given.has(fingerprint) => {
                Some("accepted: it is in the file of --ca itself")
            }
            _ if self.is_insecure => Some("accepted, as --insecure says"),
            _ => None,
        }
    }

    /// A further connection to the address of the first.
    fn open(&self, protocols: &[&[u8]]) -> Result<Connection, Lost> {
        self.begin(Reached::new(self.peer)?, protocols)
    }

    fn begin(&self, reached: Reached, protocols: &[&[u8]]) -> Result<Connection, Lost> {
        Connection::over(reached, &self.site, &self.trust, protocols)
    }

    fn opened(
        &mut self,
        opened: Result<Connection, Lost>,
        mut section: Section,
    ) -> Result<Connection, Over> {
        let done = opened.map_err(|lost| {
            let field = Field::new("failed", lost.to_string()).wrong();
            section.push(match lost {
                Lost::Untrusted(..) => field.note(
                    "Name the file of its authority with --ca, or look all the same with \
                     --insecure",
                ),
                Lost::Closed | Lost::Other(_) => field,
            });
            Over
        });
        self.sections.push(section);
        done
    }

    fn fail<T>(&mut self, what: &str, problem: &dyn Display) -> Result<T, Over> {
        let cause = format!("{what}: {problem}");
        self.end(verdict::section("failed", false, &cause))
    }

    fn end<T>(&mut self, section: Section) -> Result<T, Over> {
        self.sections.push(section);
        Err(Over)
    }
}

/// The certificate, and the channel binding that goes with it.
fn push_certificate(section: &mut Section, der: &[u8]) {
    section.push(Field::new("certificate", Fingerprint::of(der)).note("SHA-256"));
    section.push(match certificate::channel_binding_of_der(der) {
        Ok(binding) => {
            let digits: String = binding.iter().map(|byte| format!("{byte:02x}")).collect();
            Field::new("channel binding", digits).note("tls-server-end-point, sent in the login")
        }
        Err(error) => Field::new("channel binding", "(none)").note(error.to_string()),
    });
}
