//! One connection to a controller, and the login on it.

use crate::base::config::RelayTransport;
use crate::relay::error::Cause;
use crate::relay::ldap::LdapLogin;
use crate::relay::smb2::Smb2Login;
use crate::relay::terms::{Server, Terms};
use crate::relay::verdict::Reason;

/// A connection on which the controller has sent a challenge.
#[derive(Debug)]
pub(super) enum Connection {
    Smb2(Box<Smb2Login>),
    Ldap(Box<LdapLogin>),
}

impl Connection {
    /// Connects, and sends the client's NEGOTIATE message. Returns the CHALLENGE message too.
    pub(super) fn begin(
        terms: Terms<'_>,
        server: &Server,
        negotiate: &[u8],
    ) -> Result<(Self, Vec<u8>), Cause> {
        match &terms.config.transport {
            RelayTransport::Smb2 { .. } => {
                let (login, challenge) = Smb2Login::begin(terms, server, negotiate)?;
                Ok((Self::Smb2(Box::new(login)), challenge))
            }
            RelayTransport::Ldap(tls) => {
                let (login, challenge) = LdapLogin::begin(terms, server, tls.as_ref(), negotiate)?;
                Ok((Self::Ldap(Box::new(login)), challenge))
            }
        }
    }

    /// Sends the client's AUTHENTICATE message. `None`: the login is accepted.
    pub(super) fn finish(
        self,
        terms: Terms<'_>,
        authenticate: &[u8],
    ) -> Result<Option<Reason>, Cause> {
        match self {
            Self::Smb2(login) => login.finish(terms, authenticate),
            Self::Ldap(login) => login.finish(terms, authenticate),
        }
    }
}
