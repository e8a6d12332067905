//! The conversation, a type for each step.

use crate::base::wire::DecodeError;
use crate::protocol::rpc::NtStatus;
use crate::protocol::smb2::error::Smb2Error;
use crate::protocol::smb2::header::{Command, Sent, Smb2Reply};
use crate::protocol::smb2::replies::{NegotiateReply, SessionSetupReply, tree_connected};
use crate::protocol::smb2::requests::{self, Dialect, Smb2Random};
use crate::protocol::spnego;

/// NEGOTIATE was sent.
#[derive(Debug)]
pub struct Negotiating {
    sent: Sent,
    offered: &'static [Dialect],
}

impl Negotiating {
    /// The first request, which offers these dialects.
    ///
    /// # Errors
    /// [`Smb2Error::TooLong`], which this request is not.
    pub fn begin(
        offered: &'static [Dialect],
        fresh: &Smb2Random,
    ) -> Result<(Vec<u8>, Self), Smb2Error> {
        let sent = Sent {
            command: Command::Negotiate,
            message_id: 0,
            session_id: 0,
        };
        let request = requests::negotiate(sent, offered, fresh)?;
        Ok((request, Self { sent, offered }))
    }

    /// Reads a reply. `None` if another one follows.
    ///
    /// # Errors
    /// The server refuses, or its reply is not valid.
    pub fn answered(&self, frame: &[u8]) -> Result<Option<Negotiated>, Smb2Error> {
        let Some(reply) = self.sent.reply(frame)? else {
            return Ok(None);
        };
        let reply = succeeded(self.sent, reply)?;
        let NegotiateReply {
            dialect,
            is_signing_required,
        } = NegotiateReply::parse(reply, self.offered)?;
        Ok(Some(Negotiated {
            dialect,
            is_signing_required,
        }))
    }
}

/// The dialect is agreed on.
#[derive(Debug, PartialEq, Eq)]
pub struct Negotiated {
    /// Which one.
    pub dialect: Dialect,
    /// Whether every request of a session must be signed.
    pub is_signing_required: bool,
}

impl Negotiated {
    /// The request with the client's NEGOTIATE message (Type 1).
    ///
    /// # Errors
    /// [`Smb2Error::TooLong`].
    pub fn log_in(self, negotiate: &[u8]) -> Result<(Vec<u8>, FirstSetup), Smb2Error> {
        let sent = Sent {
            command: Command::SessionSetup,
            message_id: 1,
            session_id: 0,
        };
        let request = requests::session_setup(sent, negotiate)?;
        Ok((request, FirstSetup(sent)))
    }
}

/// The client's NEGOTIATE message was sent.
#[derive(Debug)]
pub struct FirstSetup(Sent);

impl FirstSetup {
    /// Reads a reply. `None` if another one follows.
    ///
    /// # Errors
    /// The server refuses, or its reply is not valid.
    pub fn answered(&self, frame: &[u8]) -> Result<Option<HalfSetUp>, Smb2Error> {
        let Some(reply) = self.0.reply(frame)? else {
            return Ok(None);
        };
        match reply.status {
            NtStatus::MORE_PROCESSING_REQUIRED => {}
            NtStatus::SUCCESS => {
                return Err(DecodeError::new("Status", "a login without a challenge").into());
            }
            _ => return Err(refused(self.0, &reply)),
        }
        let setup = SessionSetupReply::parse(reply)?;
        if setup.session_id == 0 {
            return Err(DecodeError::new("SessionId", "zero").into());
        }
        Ok(Some(HalfSetUp {
            session_id: setup.session_id,
            challenge: spnego::ntlm_challenge(setup.token)?.to_vec(),
        }))
    }
}

/// The server has sent its challenge.
#[derive(Debug, PartialEq, Eq)]
pub struct HalfSetUp {
    session_id: u64,
    challenge: Vec<u8>,
}

impl HalfSetUp {
    /// The CHALLENGE message (Type 2), byte by byte as the server made it.
    pub fn challenge(&self) -> &[u8] {
        &self.challenge
    }

    /// The request with the client's AUTHENTICATE message (Type 3).
    ///
    /// # Errors
    /// [`Smb2Error::TooLong`].
    pub fn authenticate(self, authenticate: &[u8]) -> Result<(Vec<u8>, LastSetup), Smb2Error> {
        let sent = Sent {
            command: Command::SessionSetup,
            message_id: 2,
            session_id: self.session_id,
        };
        let request = requests::session_setup(sent, authenticate)?;
        Ok((request, LastSetup(sent)))
    }
}

/// The client's AUTHENTICATE message was sent.
#[derive(Debug)]
pub struct LastSetup(Sent);

/// What became of the login.
#[derive(Debug)]
pub enum SetupOutcome {
    /// The user is logged in.
    LoggedIn(Session),
    /// The server took the user for a guest.
    Guest,
    /// The server made a session without a user.
    Anonymous,
    /// The server refuses.
    Refused(NtStatus),
}

impl LastSetup {
    /// Reads a reply. `None` if another one follows.
    ///
    /// # Errors
    /// The reply is not valid.
    pub fn answered(&self, frame: &[u8]) -> Result<Option<SetupOutcome>, Smb2Error> {
        let Some(reply) = self.0.reply(frame)? else {
            return Ok(None);
        };
        match reply.status {
            NtStatus::SUCCESS => {}
            NtStatus::MORE_PROCESSING_REQUIRED => {
                return Err(DecodeError::new("Status", "a second challenge").into());
            }
            // NT_ERROR and the warnings, such as of an expired password.
            status => return Ok(Some(SetupOutcome::Refused(status))),
        }
        let setup = SessionSetupReply::parse(reply)?;
        if setup.session_id != self.0.session_id {
            return Err(DecodeError::new("SessionId", "of another session").into());
        }
        Ok(Some(match setup.flags {
            flags if flags.is_null() => SetupOutcome::Anonymous,
            flags if flags.is_guest() => SetupOutcome::Guest,
            flags => SetupOutcome::LoggedIn(Session {
                id: setup.session_id,
                next_message_id: 3,
                is_encrypted: flags.is_encrypted(),
            }),
        }))
    }
}

/// The session of a user.
#[derive(Debug, PartialEq, Eq)]
pub struct Session {
    id: u64,
    next_message_id: u64,
    /// Whether every request must be encrypted.
    pub is_encrypted: bool,
}

impl Session {
    fn next(&mut self, command: Command) -> Sent {
        let message_id = self.next_message_id;
        self.next_message_id += 1;
        Sent {
            command,
            message_id,
            session_id: self.id,
        }
    }

    /// The request to connect to a share, `\\server\share`.
    ///
    /// # Errors
    /// [`Smb2Error::TooLong`].
    pub fn connect_tree(&mut self, share: &str) -> Result<(Vec<u8>, ConnectingTree), Smb2Error> {
        let sent = self.next(Command::TreeConnect);
        Ok((requests::tree_connect(sent, share)?, ConnectingTree(sent)))
    }

    /// The request that ends the session.
    ///
    /// # Errors
    /// [`Smb2Error::TooLong`], which this request is not.
    pub fn log_off(mut self) -> Result<Vec<u8>, Smb2Error> {
        requests::logoff(self.next(Command::Logoff))
    }
}

/// TREE_CONNECT was sent.
#[derive(Debug)]
pub struct ConnectingTree(Sent);

/// What became of TREE_CONNECT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TreeOutcome {
    /// The user may connect to the share.
    Connected,
    /// The server refuses.
    Refused(NtStatus),
}

impl ConnectingTree {
    /// Reads a reply. `None` if another one follows.
    ///
    /// # Errors
    /// The reply is not valid.
    pub fn answered(&self, frame: &[u8]) -> Result<Option<TreeOutcome>, Smb2Error> {
        let Some(reply) = self.0.reply(frame)? else {
            return Ok(None);
        };
        match reply.status {
            NtStatus::SUCCESS if reply.session_id != self.0.session_id => {
                Err(DecodeError::new("SessionId", "of another session").into())
            }
            NtStatus::SUCCESS => {
                tree_connected(reply)?;
                Ok(Some(TreeOutcome::Connected))
            }
            status => Ok(Some(TreeOutcome::Refused(status))),
        }
    }
}

fn succeeded(sent: Sent, reply: Smb2Reply<'_>) -> Result<Smb2Reply<'_>, Smb2Error> {
    match reply.status {
        NtStatus::SUCCESS => Ok(reply),
        _ => Err(refused(sent, &reply)),
    }
}

fn refused(sent: Sent, reply: &Smb2Reply<'_>) -> Smb2Error {
    Smb2Error::Refused {
        step: sent.command.name(),
        status: reply.status,
    }
}
