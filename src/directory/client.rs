//! One connection to a server: one question at a time.

mod login;
mod search;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};

use ldap3_proto::proto::{
    LdapAddRequest, LdapExtendedRequest, LdapModifyRequest, LdapMsg, LdapOp, LdapResult,
    LdapResultCode,
};

use crate::base::config::TlsStart;
use crate::base::crypto::SecretBytes;
use crate::base::net::Deadline;
use crate::base::stopwatch::timed;
use crate::directory::entry::{Attribute, Change};
use crate::directory::error::{Error, Operation, Refusal};
use crate::directory::message::{self, Inbox};
use crate::directory::sasl::SaslLayer;
use crate::directory::tls::Trust;
use crate::directory::transport::Transport;

pub use login::Account;
pub use search::Found;

/// The ports of LDAP and of LDAP over TLS.
const PORT: u16 = 389;
const TLS_PORT: u16 = 636;
/// StartTLS (RFC 4511 4.14.1).
const START_TLS: &str = "1.3.6.1.4.1.1466.20037";

/// What protects a connection.
#[derive(Clone, Debug)]
pub enum Protection {
    /// Nothing, on port 389: for a login alone.
    None,
    /// NTLM seals each message after the login, on port 389.
    Sealed,
    /// TLS from the first byte, on port 636.
    Ldaps(Trust),
    /// TLS on port 389.
    StartTls(Trust),
}

impl Protection {
    /// TLS that begins so.
    pub fn over_tls(start: TlsStart, trust: Trust) -> Self {
        match start {
            TlsStart::Ldaps => Self::Ldaps(trust),
            TlsStart::StartTls => Self::StartTls(trust),
        }
    }
}

/// A server.
#[derive(Clone, Copy, Debug)]
pub struct Server<'a> {
    /// Where it is.
    pub address: IpAddr,
    /// If absent, the usual one of LDAP or of LDAP over TLS.
    pub port: Option<u16>,
    /// The local address; if absent, the system chooses.
    pub source: Option<IpAddr>,
    /// Its DNS name, which its certificate must have; or its address as text.
    pub name: &'a str,
}

/// A connection. Nothing but the root entry can be asked for before [`Client::bind`].
#[derive(Debug)]
pub struct Client {
    transport: Transport,
    layer: Option<SaslLayer>,
    inbox: Inbox,
    last_id: i32,
    /// How many bytes came.
    received: u64,
    /// `ldap/` and the controller's name.
    service: String,
    has_tls: bool,
}

impl Client {
    /// Connects, and begins TLS if it is asked for.
    ///
    /// # Errors
    /// The network, or TLS: [`Error::Untrusted`] has the fingerprint of the certificate.
    pub fn connect(
        server: Server<'_>,
        protection: &Protection,
        deadline: Deadline,
    ) -> Result<Self, Error> {
        let port = server.port.unwrap_or(match protection {
            Protection::Ldaps(_) => TLS_PORT,
            Protection::None | Protection::Sealed | Protection::StartTls(_) => PORT,
        });
        let peer = SocketAddr::new(server.address, port);
        let transport = timed("connecting", Some(peer), || {
            Transport::connect(server.source, peer, deadline)
        });
        let mut client = Self::over(transport?, server.name);
        let (trust, is_asked) = match protection {
            Protection::None | Protection::Sealed => return Ok(client),
            Protection::Ldaps(trust) => (trust, false),
            Protection::StartTls(trust) => (trust, true),
        };
        timed("beginning TLS", Some(peer), || {
            if is_asked {
                client.ask_for_tls(deadline)?;
            }
            client.begin_tls(server.name, trust, deadline)
        })?;
        Ok(client)
    }

    fn over(transport: Transport, name: &str) -> Self {
        Self {
            transport,
            layer: None,
            inbox: Inbox::default(),
            last_id: 0,
            received: 0,
            service: format!("ldap/{name}"),
            has_tls: false,
        }
    }

    /// Without protection, for tests.
    #[cfg(test)]
    pub(super) fn plain(peer: SocketAddr, deadline: Deadline) -> Result<Self, Error> {
        Ok(Self::over(
            Transport::connect(None, peer, deadline)?,
            "test",
        ))
    }

    fn ask_for_tls(&mut self, deadline: Deadline) -> Result<(), Error> {
        let request = LdapExtendedRequest {
            name: START_TLS.to_owned(),
            value: None,
        };
        let operation = Operation::StartTls;
        match self.ask(LdapOp::ExtendedRequest(request), deadline)?.op {
            LdapOp::ExtendedResponse(response) => succeeded(operation, response.res)?,
            _ => return Err(Error::Invalid("no answer to StartTLS")),
        }
        // Bytes from before the encryption would count as encrypted.
        match self.inbox.is_empty() {
            true => Ok(()),
            false => Err(Error::Invalid("bytes between StartTLS and TLS")),
        }
    }

    fn begin_tls(&mut self, name: &str, trust: &Trust, deadline: Deadline) -> Result<(), Error> {
        self.transport.start_tls(name, trust, &[], deadline)?;
        self.has_tls = true;
        Ok(())
    }

    /// Whether the connection is open, and the controller has sent nothing that was not asked for.
    pub fn is_quiet(&self) -> bool {
        self.inbox.is_empty() && self.transport.is_quiet()
    }

    /// Whether TLS protects the connection.
    pub fn has_tls(&self) -> bool {
        self.has_tls
    }

    /// Makes an entry.
    ///
    /// # Errors
    /// The controller refuses, or does not answer in time: the entry may then be there.
    pub fn add(
        &mut self,
        dn: &str,
        attributes: Vec<Attribute>,
        deadline: Deadline,
    ) -> Result<(), Error> {
        let request = LdapAddRequest {
            dn: dn.to_owned(),
            attributes: attributes.into_iter().map(Attribute::into_inner).collect(),
        };
        match self.ask(LdapOp::AddRequest(request), deadline)?.op {
            LdapOp::AddResponse(result) => succeeded(Operation::Add, result),
            _ => Err(Error::Invalid("no answer about the new entry")),
        }
    }

    /// Changes an entry.
    ///
    /// # Errors
    /// As [`Client::add`].
    pub fn modify(
        &mut self,
        dn: &str,
        changes: Vec<Change>,
        deadline: Deadline,
    ) -> Result<(), Error> {
        let request = LdapModifyRequest {
            dn: dn.to_owned(),
            changes: changes.into_iter().map(Change::modify).collect(),
        };
        match self.ask(LdapOp::ModifyRequest(request), deadline)?.op {
            LdapOp::ModifyResponse(result) => succeeded(Operation::Modify, result),
            _ => Err(Error::Invalid("no answer about the change")),
        }
    }

    /// Deletes an entry.
    ///
    /// # Errors
    /// As [`Client::add`].
    pub fn delete(&mut self, dn: &str, deadline: Deadline) -> Result<(), Error> {
        match self.ask(LdapOp::DelRequest(dn.to_owned()), deadline)?.op {
            LdapOp::DelResponse(result) => succeeded(Operation::Delete, result),
            _ => Err(Error::Invalid("no answer about the deletion")),
        }
    }

    fn ask(&mut self, op: LdapOp, deadline: Deadline) -> Result<LdapMsg, Error> {
        let id = self.send(op, deadline)?;
        self.receive(id, deadline)
    }

    fn send(&mut self, op: LdapOp, deadline: Deadline) -> Result<i32, Error> {
        self.last_id = self.last_id.checked_add(1).ok_or(Error::TooLong)?;
        let message = message::encode(self.last_id, op)?;
        match &mut self.layer {
            Some(layer) => self.transport.send(&layer.seal(&message)?, deadline)?,
            None => self.transport.send(message.expose(), deadline)?,
        }
        Ok(self.last_id)
    }

    /// The next message, which must answer this question.
    fn receive(&mut self, id: i32, deadline: Deadline) -> Result<LdapMsg, Error> {
        loop {
            match self.inbox.next()? {
                Some(message) if message.msgid == id => return Ok(message),
                Some(other) => return Err(message::unexpected(other)),
                None => {}
            }
            let came = SecretBytes::new(self.transport.receive(deadline)?);
            self.received = self.received.saturating_add(came.expose().len() as u64);
            let Some(layer) = &mut self.layer else {
                self.inbox.push(came.expose());
                continue;
            };
            layer.push(came.expose());
            while let Some(plain) = layer.next()?.map(SecretBytes::new) {
                self.inbox.push(plain.expose());
            }
        }
    }
}

fn succeeded(operation: Operation, result: LdapResult) -> Result<(), Error> {
    match result.code {
        LdapResultCode::Success => Ok(()),
        LdapResultCode::Referral => Err(Error::Referred(operation)),
        _ => Err(Error::Refused {
            operation,
            refusal: Refusal::of(result),
        }),
    }
}
