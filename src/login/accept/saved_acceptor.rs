//! Saves an acceptor context for another process, and restores it there.

use std::time::{Duration, SystemTime};

use super::{Acceptor, AcceptorState, Established};
use crate::base::crypto::SecretBytes;
use crate::base::fault::{Fault, Minor};
use crate::base::wire::{DecodeError, Reader, Writer};
use crate::login::accept::unreturned::Unreturned;
use crate::login::handover::{self, Opened};
use crate::login::setup::Setup;
use crate::protocol::ntlm::acceptor::Challenged;

/// How long a saved challenge can be restored: more than a client needs to answer it and a server
/// to hand the context over.
const ANSWERED_WITHIN: Duration = Duration::from_secs(5 * 60);

const CHALLENGED: u8 = 1;
const ESTABLISHED: u8 = 2;

impl Acceptor {
    /// The state for another process, and the time until which it can be restored.
    ///
    /// # Errors
    /// `ContextNotExported` before the challenge, `RelayedContextNotExported`, `ContextFailed`,
    /// `ContextExpired`.
    pub fn save(&self) -> Result<(SystemTime, SecretBytes), Fault> {
        let now = SystemTime::now();
        let mut writer = Writer::new();
        let until = match &self.0 {
            // The connection to the server that made the challenge stays in this process.
            AcceptorState::Challenged(_, Some(_)) => {
                return Err(Minor::RelayedContextNotExported.into());
            }
            AcceptorState::Challenged(challenged, None) => {
                challenged.save(writer.u8(CHALLENGED));
                // The other process receives the answer.
                Unreturned::of_this_process().came_back();
                now + ANSWERED_WITHIN
            }
            AcceptorState::Established(login) if login.expires() <= now => {
                return Err(Minor::ContextExpired.into());
            }
            AcceptorState::Established(login) => {
                login.save(writer.u8(ESTABLISHED));
                login.expires()
            }
            AcceptorState::Failed => return Err(Minor::ContextFailed.into()),
            AcceptorState::Fresh => return Err(Minor::ContextNotExported.into()),
        };
        Ok((until, SecretBytes::new(writer.into_bytes())))
    }

    /// The context that another process saved. `setup` is the configuration of this process, if
    /// there is one; it looks up the names of groups.
    ///
    /// # Errors
    /// `BadContextToken`: another version of this library saved it.
    pub fn restore(opened: &Opened, setup: Option<&Setup>) -> Result<Self, Fault> {
        let mut reader = Reader::new(opened.body());
        let state = match reader.u8("State").map_err(handover::malformed)? {
            CHALLENGED => {
                Challenged::restore(&mut reader).map(|state| AcceptorState::Challenged(state, None))
            }
            ESTABLISHED => Established::restore(opened, &mut reader, setup)
                .map(|established| AcceptorState::Established(Box::new(established))),
            _ => Err(DecodeError::new("State", "unknown")),
        };
        let state = state.map_err(handover::malformed)?;
        reader.finish("Context").map_err(handover::malformed)?;
        Ok(Self(state))
    }
}
