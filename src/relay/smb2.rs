//! A login over SMB2: a connection, and three round trips.

use std::time::Duration;

use crate::base::crypto;
use crate::base::net::{Deadline, Stream};
use crate::base::stopwatch::timed;
use crate::protocol::rpc::NtStatus;
use crate::protocol::smb2::{
    self, Dialect, HalfSetUp, Negotiating, Session, SetupOutcome, Smb2Random, TreeOutcome,
};
use crate::relay::error::Cause;
use crate::relay::policy::Policy;
use crate::relay::terms::{Server, Terms};
use crate::relay::verdict::Reason;

/// How long a full send buffer delays the verdict, for a LOGOFF that need not arrive.
const LOGOFF: Duration = Duration::from_millis(10);

/// A connection on which the server has sent a challenge.
#[derive(Debug)]
pub(super) struct Smb2Login {
    stream: Stream,
    challenged: HalfSetUp,
}

impl Smb2Login {
    pub(super) fn begin(
        terms: Terms<'_>,
        server: &Server,
        negotiate: &[u8],
    ) -> Result<(Self, Vec<u8>), Cause> {
        let peer = server.socket(smb2::PORT);
        let mut stream = timed("connecting", Some(peer), || {
            Stream::connect(terms.config.source, peer, terms.for_connection())
        })?;
        let dialects = match terms.share() {
            Some(_) => Dialect::UNSIGNED,
            None => Dialect::ALL,
        };
        let fresh = Smb2Random {
            client: crypto::random()?,
            salt: crypto::random()?,
        };
        let (request, negotiating) = Negotiating::begin(dialects, &fresh)?;
        let negotiated = ask(&mut stream, &request, terms.for_call(), |reply| {
            negotiating.answered(reply)
        })?;
        if terms.share().is_some() && negotiated.is_signing_required {
            return Err(Cause::Policy(Policy::ShareSigning));
        }
        let (request, challenging) = negotiated.log_in(negotiate)?;
        let challenged = ask(&mut stream, &request, terms.for_call(), |reply| {
            challenging.answered(reply)
        });
        let challenged = challenged.map_err(|cause| match cause {
            Cause::Smb2(smb2::Smb2Error::Refused { status, .. }) => {
                policy(status).map_or(cause, Cause::Policy)
            }
            cause => cause,
        })?;
        let challenge = challenged.challenge().to_vec();
        Ok((Self { stream, challenged }, challenge))
    }

    pub(super) fn finish(
        mut self,
        terms: Terms<'_>,
        authenticate: &[u8],
    ) -> Result<Option<Reason>, Cause> {
        let (request, authenticating) = self.challenged.authenticate(authenticate)?;
        let outcome = ask(&mut self.stream, &request, terms.for_call(), |reply| {
            authenticating.answered(reply)
        })?;
        match outcome {
            SetupOutcome::LoggedIn(mut session) => {
                let reason = connect_share(&mut self.stream, terms, &mut session)?;
                if let Ok(request) = session.log_off() {
                    let _best_effort = self.stream.send(&request, Deadline::after(LOGOFF));
                }
                Ok(reason)
            }
            SetupOutcome::Guest => Ok(Some(Reason::Guest)),
            SetupOutcome::Anonymous => Ok(Some(Reason::Anonymous)),
            SetupOutcome::Refused(status) => match policy(status) {
                Some(policy) => Err(Cause::Policy(policy)),
                None => Ok(Some(Reason::Status(status))),
            },
        }
    }
}

/// The policy that a status of SESSION_SETUP stands for.
fn policy(status: NtStatus) -> Option<Policy> {
    match status {
        NtStatus::ACCESS_DENIED => Some(Policy::SmbAccess),
        NtStatus::NTLM_BLOCKED => Some(Policy::NtlmBlocked),
        _ => None,
    }
}

/// Connects to the share of the configuration, if there is one.
fn connect_share(
    stream: &mut Stream,
    terms: Terms<'_>,
    session: &mut Session,
) -> Result<Option<Reason>, Cause> {
    let Some(share) = terms.share() else {
        return Ok(None);
    };
    if session.is_encrypted {
        return Err(Cause::Policy(Policy::ShareEncryption));
    }
    let (request, connecting) = session.connect_tree(share.as_str())?;
    let outcome = ask(stream, &request, terms.for_call(), |reply| {
        connecting.answered(reply)
    })?;
    match outcome {
        TreeOutcome::Connected => Ok(None),
        TreeOutcome::Refused(status @ NtStatus::ACCESS_DENIED) => {
            Ok(Some(Reason::Share(share.clone(), status)))
        }
        TreeOutcome::Refused(status) => Err(Cause::Share(status)),
    }
}

/// Sends a request, and waits for its final reply.
fn ask<T>(
    stream: &mut Stream,
    request: &[u8],
    deadline: Deadline,
    answered: impl Fn(&[u8]) -> Result<Option<T>, smb2::Smb2Error>,
) -> Result<T, Cause> {
    timed("asking about the login over SMB2", None, || {
        stream.send(request, deadline)?;
        loop {
            let reply = stream.message(smb2::length, deadline)?;
            if let Some(answer) = answered(&reply)? {
                return Ok(answer);
            }
        }
    })
}
