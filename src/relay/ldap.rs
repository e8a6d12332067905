//! A login over LDAP: a connection, TLS if it is configured, and two round trips. The messages are
//! tokens of the SASL mechanism GSS-SPNEGO, as they are.

use crate::base::config::Tls;
use crate::directory::{self, Client, Protection, Trust};
use crate::protocol::spnego;
use crate::relay::error::Cause;
use crate::relay::logon_error;
use crate::relay::terms::{Server, Terms};
use crate::relay::verdict::Reason;

/// A connection on which the server has sent a challenge.
#[derive(Debug)]
pub(super) struct LdapLogin(Client);

impl LdapLogin {
    pub(super) fn begin(
        terms: Terms<'_>,
        server: &Server,
        tls: Option<&Tls>,
        negotiate: &[u8],
    ) -> Result<(Self, Vec<u8>), Cause> {
        let protection = match tls {
            None => Protection::None,
            Some(tls) => protection(terms, server, tls)?,
        };
        let peer = directory::Server {
            address: server.address,
            port: server.port,
            name: &server.name,
            source: terms.config.source,
        };
        let mut client = Client::connect(peer, &protection, terms.for_connection())?;
        let answer = client.bind_token(negotiate, terms.for_call());
        let token = answer
            .map_err(
                |error| match logon_error::meaning(error, client.has_tls()) {
                    Ok((_, refusal)) => Cause::Answer(refusal),
                    Err(cause) => cause,
                },
            )?
            .ok_or(directory::Error::Invalid("a login without a challenge"))?;
        let challenge = spnego::ntlm_challenge(&token)
            .map_err(|_| directory::Error::Invalid("no CHALLENGE message"))?;
        Ok((Self(client), challenge.to_vec()))
    }

    pub(super) fn finish(
        mut self,
        terms: Terms<'_>,
        authenticate: &[u8],
    ) -> Result<Option<Reason>, Cause> {
        let Self(client) = &mut self;
        match client.bind_token(authenticate, terms.for_call()) {
            Ok(None) => Ok(None),
            Ok(Some(_)) => Err(directory::Error::Invalid("a second challenge").into()),
            Err(error) => {
                let (reason, _) = logon_error::meaning(error, client.has_tls())?;
                Ok(Some(reason))
            }
        }
    }
}

fn protection(terms: Terms<'_>, server: &Server, tls: &Tls) -> Result<Protection, Cause> {
    let trust = terms.trust.of(&tls.trust).map_err(Cause::Authorities)?;
    // Any host with a certificate could be named in a forged answer of DNS.
    let is_from_dns = terms.config.controllers.is_empty();
    if is_from_dns && !matches!(trust, Trust::Pin(_)) && !server.is_in(&terms.config.domain) {
        return Err(Cause::OtherDomain);
    }
    Ok(Protection::over_tls(tls.start, trust))
}
