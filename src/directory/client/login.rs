//! Logins of this client, and of others through it.

use std::time::SystemTime;

use ldap3_proto::proto::{
    LdapBindCred, LdapBindRequest, LdapOp, LdapResult, LdapResultCode, SaslCredentials,
};

use super::{Client, succeeded};
use crate::base::crypto::{self, Key};
use crate::base::net::Deadline;
use crate::directory::error::{Error, Operation};
use crate::directory::sasl::SaslLayer;
use crate::protocol::certificate;
use crate::protocol::ntlm::initiator::{self, Completed, Destination, Fresh, Offered, User};
use crate::protocol::ntlm::seal::{Role, SessionSecurity};

/// NTLM messages are its tokens as they are: Windows and Samba take them without SPNEGO.
const MECHANISM: &str = "GSS-SPNEGO";

/// The account that logs in.
#[derive(Clone, Copy, Debug)]
pub struct Account<'a> {
    /// The account's name, or its user principal name.
    pub name: &'a str,
    /// Its domain; empty with a user principal name.
    pub domain: &'a str,
    /// The NT hash of its password.
    pub nt_hash: &'a Key,
    /// The name of this computer.
    pub workstation: &'a str,
}

impl Client {
    /// Logs in with NTLM. Without TLS, all that follows is sealed. With TLS, the login is bound to
    /// the controller's certificate (RFC 5929 4.1).
    ///
    /// # Errors
    /// The controller refuses, or does not seal; the connection is then of no more use.
    pub fn bind(&mut self, account: &Account<'_>, deadline: Deadline) -> Result<(), Error> {
        let (offered, negotiate) = initiator::negotiate(initiator::Protection {
            sign: !self.has_tls,
            seal: !self.has_tls,
        });
        let challenge = match self.bind_step(negotiate, deadline)? {
            (result, Some(token)) if result.code == LdapResultCode::SaslBindInProgress => token,
            (result, _) => {
                succeeded(Operation::Bind, result)?;
                return Err(Error::Invalid("a login without a challenge"));
            }
        };
        let completed = self.answer(offered, &challenge, account)?;
        let (result, _) = self.bind_step(completed.token, deadline)?;
        succeeded(Operation::Bind, result)?;
        if !self.has_tls {
            let (flags, key) = (completed.flags, completed.exported_session_key);
            let security = SessionSecurity::new(flags, key, Role::Initiator);
            self.seal_from_now_on(SaslLayer::new(security)?)?;
        }
        Ok(())
    }

    /// Sends a message of a client's NTLM login, as it is. Returns the controller's challenge, or
    /// nothing once the client is logged in. The connection is then of no more use: what the client
    /// negotiated may need its session key.
    ///
    /// # Errors
    /// The controller refuses, or its answer is not one to a login.
    pub fn bind_token(
        &mut self,
        token: &[u8],
        deadline: Deadline,
    ) -> Result<Option<Vec<u8>>, Error> {
        match self.bind_step(token.to_vec(), deadline)? {
            (result, token) if result.code == LdapResultCode::SaslBindInProgress => token
                .ok_or(Error::Invalid("a challenge that is missing"))
                .map(Some),
            (result, _) => succeeded(Operation::Bind, result).map(|()| None),
        }
    }

    fn seal_from_now_on(&mut self, layer: SaslLayer) -> Result<(), Error> {
        if !self.inbox.is_empty() {
            return Err(Error::Invalid(
                "bytes between the login and the sealed ones",
            ));
        }
        self.layer = Some(layer);
        Ok(())
    }

    fn answer(
        &self,
        offered: Offered,
        challenge: &[u8],
        account: &Account<'_>,
    ) -> Result<Completed, Error> {
        let user = User {
            name: account.name,
            domain: account.domain,
            nt_hash: account.nt_hash,
            workstation: account.workstation,
        };
        let service = Destination {
            name: &self.service,
            channel_bindings: self.channel_bindings()?,
        };
        let fresh = Fresh {
            now: SystemTime::now().into(),
            challenge: crypto::random()?,
            session_key: Key::new(crypto::random()?),
        };
        Ok(offered.answer(challenge, &user, &service, &fresh)?)
    }

    fn channel_bindings(&self) -> Result<Option<[u8; 16]>, Error> {
        let certificate = self.transport.certificate();
        let hash = certificate.map(|der| certificate::channel_binding_of_der(&der));
        hash.transpose()
            .map_err(|error| Error::Tls(error.to_string()))
    }

    fn bind_step(
        &mut self,
        token: Vec<u8>,
        deadline: Deadline,
    ) -> Result<(LdapResult, Option<Vec<u8>>), Error> {
        let cred = LdapBindCred::SASL(SaslCredentials {
            mechanism: MECHANISM.to_owned(),
            credentials: token,
        });
        self.bind_with("", cred, deadline)
    }

    fn bind_with(
        &mut self,
        name: &str,
        cred: LdapBindCred,
        deadline: Deadline,
    ) -> Result<(LdapResult, Option<Vec<u8>>), Error> {
        let request = LdapBindRequest {
            version: 3,
            dn: name.to_owned(),
            cred,
        };
        match self.ask(LdapOp::BindRequest(request), deadline)?.op {
            LdapOp::BindResponse(response) => Ok((response.res, response.saslcreds)),
            _ => Err(Error::Invalid("no answer to the login")),
        }
    }

    /// Logs in with the password itself, which TLS hides: for Samba, which refuses NTLM over TLS.
    ///
    /// # Errors
    /// The connection has no TLS, or the controller refuses.
    pub fn bind_with_password(
        &mut self,
        name: &str,
        password: &str,
        deadline: Deadline,
    ) -> Result<(), Error> {
        // An empty password is a login without a user (RFC 4513 5.1.2).
        if !self.has_tls || password.is_empty() {
            return Err(Error::NotSealed);
        }
        let cred = LdapBindCred::Simple(password.to_owned());
        let (result, _) = self.bind_with(name, cred, deadline)?;
        succeeded(Operation::Bind, result)
    }
}
