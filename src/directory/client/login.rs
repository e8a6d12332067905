//! Logins of this client, and of others through it.

use std::time::SystemTime;

use ldap3_proto::proto::{
    LdapBindCred, LdapBindRequest, LdapOp, LdapResult, LdapResultCode, SaslCredentials,
};

use super::{Client, succeeded};
use crate::base::crypto::{self, Key};
use crate::base::net::Deadline;
use crate::base::stopwatch::timed;
use crate::directory::error::{Error, Operation};
use crate::directory::message::MAX_MESSAGE;
use crate::directory::sasl::SaslLayer;
use crate::directory::security_context::SecurityContext;
use crate::protocol::certificate;
use crate::protocol::ntlm::initiator::{self, Completed, Destination, Fresh, Offered, User};
use crate::protocol::ntlm::seal::{Role, SessionSecurity};

/// NTLM messages are its tokens as they are: Windows and Samba take them without SPNEGO.
const NTLM: &str = "GSS-SPNEGO";
/// Kerberos (RFC 4752).
const KERBEROS: &str = "GSSAPI";
/// More tokens than a controller answers.
const MAX_STEPS: usize = 4;
/// The security layer that seals, in the bits of RFC 4752 3.3.
const SEALS: u8 = 4;
/// What is measured, but for the login of a user that is relayed.
const OWN_LOGIN: &str = "logging in to the directory";

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
        let challenge = match self.bind_step(NTLM, negotiate, deadline)? {
            (result, Some(token)) if result.code == LdapResultCode::SaslBindInProgress => token,
            (result, _) => {
                succeeded(Operation::Bind, result)?;
                return Err(Error::Invalid("a login without a challenge"));
            }
        };
        let completed = self.answer(offered, &challenge, account)?;
        let (result, _) = self.bind_step(NTLM, completed.token, deadline)?;
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
        let cred = sasl(NTLM, token.to_vec());
        let answer = timed("asking about the login over LDAP", None, || {
            self.bind_with("", cred, deadline)
        });
        match answer? {
            (result, token) if result.code == LdapResultCode::SaslBindInProgress => token
                .ok_or(Error::Invalid("a challenge that is missing"))
                .map(Some),
            (result, _) => succeeded(Operation::Bind, result).map(|()| None),
        }
    }

    /// Logs in with a Kerberos ticket (RFC 4752). All that follows is sealed. Kerberos asks the key
    /// distribution centre by itself, with time-outs of its own.
    ///
    /// # Errors
    /// The controller refuses, is not proven, or does not seal: the connection is then of no more
    /// use. [`Error::TicketWithinTls`]: nothing was sent.
    pub fn bind_with_context(
        &mut self,
        mut context: Box<dyn SecurityContext>,
        deadline: Deadline,
    ) -> Result<(), Error> {
        if self.has_tls {
            return Err(Error::TicketWithinTls);
        }
        let offer = self.exchange_tokens(context.as_mut(), deadline)?;
        let (offer, _) = context.unwrap(&offer)?;
        let [layers, high, middle, low] = *offer.as_slice() else {
            return Err(Error::Invalid("the offer of security layers"));
        };
        if layers & SEALS == 0 {
            return Err(Error::NotSealed);
        }
        let [_, own_limit @ ..] = u32::try_from(MAX_MESSAGE).unwrap_or(u32::MAX).to_be_bytes();
        let answer = context.wrap(&[&[SEALS], &own_limit[..]].concat(), false)?;
        let (result, _) = self.bind_step(KERBEROS, answer, deadline)?;
        succeeded(Operation::Bind, result)?;
        let limit = usize::try_from(u32::from_be_bytes([0, high, middle, low]));
        self.seal_from_now_on(SaslLayer::of_context(context, limit.unwrap_or(usize::MAX)))
    }

    /// Sends and receives tokens until the controller is proven. Returns its message after the
    /// last.
    fn exchange_tokens(
        &mut self,
        context: &mut dyn SecurityContext,
        deadline: Deadline,
    ) -> Result<Vec<u8>, Error> {
        let mut token = Vec::new();
        for _ in 0..MAX_STEPS {
            let step = context.step(&token)?;
            token = match self.bind_step(KERBEROS, step.answer, deadline)? {
                (result, Some(token)) if result.code == LdapResultCode::SaslBindInProgress => token,
                (result, _) => {
                    succeeded(Operation::Bind, result)?;
                    return Err(Error::Invalid("a login without an offer to seal"));
                }
            };
            if step.is_complete {
                return Ok(token);
            }
        }
        Err(Error::Invalid("a login without an end"))
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
        mechanism: &str,
        token: Vec<u8>,
        deadline: Deadline,
    ) -> Result<(LdapResult, Option<Vec<u8>>), Error> {
        timed(OWN_LOGIN, None, || {
            self.bind_with("", sasl(mechanism, token), deadline)
        })
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
    /// [`Error::PasswordNotSent`], or the controller refuses.
    pub fn bind_with_password(
        &mut self,
        name: &str,
        password: &str,
        deadline: Deadline,
    ) -> Result<(), Error> {
        if !self.has_tls || password.is_empty() {
            return Err(Error::PasswordNotSent);
        }
        let cred = LdapBindCred::Simple(password.to_owned());
        let answer = timed(OWN_LOGIN, None, || self.bind_with(name, cred, deadline));
        succeeded(Operation::Bind, answer?.0)
    }
}

fn sasl(mechanism: &str, token: Vec<u8>) -> LdapBindCred {
    LdapBindCred::SASL(SaslCredentials {
        mechanism: mechanism.to_owned(),
        credentials: token,
    })
}
