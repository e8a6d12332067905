//! One connection to a site, and requests over it.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use gss_ntlmdc::base::crypto::SecretBytes;
use gss_ntlmdc::base::net::{self, Deadline};
use gss_ntlmdc::directory::{self, Fingerprint, Transport, Trust};

use super::response::{Body, Response};
use super::site::Site;

/// How long one address of a site may take to accept a connection.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// How long a request may take, with its answer; or all addresses of a site.
const PATIENCE: Duration = Duration::from_secs(30);
/// A longer body is not read to its end.
const MAX_BODY: u64 = 16 * 1024 * 1024;
/// The longest line that says how long a chunk is.
const MAX_CHUNK_LINE: usize = 1024;

/// A connection that carries nothing yet.
pub struct Reached {
    pub peer: SocketAddr,
    transport: Transport,
}

impl Reached {
    /// Connects to an address.
    ///
    /// # Errors
    /// It does not accept the connection in time.
    pub fn new(peer: SocketAddr) -> Result<Self, Lost> {
        Self::by(peer, Deadline::after(CONNECT_PATIENCE))
    }

    fn by(peer: SocketAddr, deadline: Deadline) -> Result<Self, Lost> {
        let transport = Transport::connect(None, peer, deadline)?;
        Ok(Self { peer, transport })
    }

    /// Connects to the first address that accepts the connection; and the addresses before it,
    /// each with the reason why not.
    pub fn first(peers: &[SocketAddr]) -> (Option<Self>, Vec<(SocketAddr, Lost)>) {
        let deadline = Deadline::after(PATIENCE);
        let mut unreached = Vec::new();
        for peer in peers {
            match Self::by(*peer, deadline.or_after(CONNECT_PATIENCE)) {
                Ok(reached) => return (Some(reached), unreached),
                Err(lost) => unreached.push((*peer, lost)),
            }
        }
        (None, unreached)
    }
}

/// A connection to a site.
pub struct Connection {
    transport: Transport,
    /// Bytes that came and were not used yet.
    came: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Lost {
    /// The server closed the connection.
    Closed,
    /// The server's certificate is not trusted.
    Untrusted(Fingerprint, String),
    Other(String),
}

impl From<directory::Error> for Lost {
    fn from(error: directory::Error) -> Self {
        match error {
            directory::Error::Net(net::Error::Closed) => Self::Closed,
            directory::Error::Net(net::Error::Broken(broken)) => match broken.kind() {
                std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::BrokenPipe => {
                    Self::Closed
                }
                _ => Self::Other(broken.to_string()),
            },
            directory::Error::Untrusted {
                fingerprint,
                reason,
            } => Self::Untrusted(fingerprint, reason.to_string()),
            other => Self::Other(other.to_string()),
        }
    }
}

impl Connection {
    /// Begins TLS, if the site has it. `protocols` are offered in it (RFC 7301).
    ///
    /// # Errors
    /// The connection ended, or the certificate is not trusted.
    pub fn over(
        reached: Reached,
        site: &Site,
        trust: &Trust,
        protocols: &[&[u8]],
    ) -> Result<Self, Lost> {
        let deadline = Deadline::after(PATIENCE);
        let mut transport = reached.transport;
        if site.is_tls {
            transport.start_tls(&site.host, trust, protocols, deadline)?;
        }
        Ok(Self {
            transport,
            came: Vec::new(),
        })
    }

    /// The server's certificate, in DER.
    pub fn certificate(&self) -> Option<Vec<u8>> {
        self.transport.certificate()
    }

    /// The protocol that the server chose in TLS.
    pub fn protocol(&self) -> Option<Vec<u8>> {
        self.transport.protocol()
    }

    /// Asks for the site's path, and reads the answer with its body.
    ///
    /// # Errors
    /// No answer came, or none of HTTP/1.
    pub fn get(&mut self, site: &Site, authorization: Option<&str>) -> Result<Response, Lost> {
        let deadline = Deadline::after(PATIENCE);
        let request = request(site, authorization);
        self.transport.send(request.expose(), deadline)?;
        loop {
            let response = self.head(deadline)?;
            // RFC 9110 15.2: further responses follow those of class 1xx.
            if response.status >= 200 {
                self.skip_body(response.body(), deadline)?;
                return Ok(response);
            }
        }
    }

    fn head(&mut self, deadline: Deadline) -> Result<Response, Lost> {
        loop {
            match Response::parse(&self.came) {
                Ok(Some((response, length))) => {
                    self.came.drain(..length);
                    return Ok(response);
                }
                Ok(None) => self.receive(deadline)?,
                Err(problem) => {
                    return Err(Lost::Other(format!("no answer of HTTP/1: {problem}")));
                }
            }
        }
    }

    fn skip_body(&mut self, body: Body, deadline: Deadline) -> Result<(), Lost> {
        match body {
            // The connection is not used again.
            Body::UntilClosed => Ok(()),
            Body::Length(length) => self.skip(length, deadline),
            Body::Chunked => loop {
                let line = self.line(deadline)?;
                let digits = line.split(';').next().unwrap_or_default().trim();
                let length = u64::from_str_radix(digits, 16)
                    .map_err(|_| Lost::Other("a chunk without a length".to_owned()))?;
                if length == 0 {
                    // Trailers, up to an empty line.
                    while !self.line(deadline)?.is_empty() {}
                    return Ok(());
                }
                self.skip(length.saturating_add(2), deadline)?;
            },
        }
    }

    fn skip(&mut self, length: u64, deadline: Deadline) -> Result<(), Lost> {
        if length > MAX_BODY {
            return Err(Lost::Other("the answer is longer than 16 MiB".to_owned()));
        }
        let mut left = length;
        loop {
            let here = usize::try_from(left)
                .unwrap_or(usize::MAX)
                .min(self.came.len());
            self.came.drain(..here);
            left -= here as u64;
            if left == 0 {
                return Ok(());
            }
            self.receive(deadline)?;
        }
    }

    fn line(&mut self, deadline: Deadline) -> Result<String, Lost> {
        loop {
            if let Some(end) = self.came.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.came.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            if self.came.len() > MAX_CHUNK_LINE {
                return Err(Lost::Other("a chunk without a length".to_owned()));
            }
            self.receive(deadline)?;
        }
    }

    fn receive(&mut self, deadline: Deadline) -> Result<(), Lost> {
        let came = self.transport.receive(deadline)?;
        self.came.extend(came);
        Ok(())
    }
}

/// A request as it is sent. With Basic it has the password.
fn request(site: &Site, authorization: Option<&str>) -> SecretBytes {
    let agent = concat!("ntlmdc/", env!("CARGO_PKG_VERSION"));
    let head = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: {agent}\r\nAccept: */*\r\n",
        site.path, site.authority,
    );
    let login = match authorization {
        Some(value) => ["Authorization: ", value, "\r\n"],
        None => [""; 3],
    };
    // One allocation: a text that grows leaves copies behind.
    let [name, value, end] = login;
    SecretBytes::new([&head, name, value, end, "\r\n"].concat().into_bytes())
}

impl fmt::Display for Lost {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => out.write_str("the connection was closed before an answer came"),
            Self::Untrusted(fingerprint, reason) => {
                write!(
                    out,
                    "the certificate {fingerprint} is not trusted: {reason}"
                )
            }
            Self::Other(problem) => out.write_str(problem),
        }
    }
}
