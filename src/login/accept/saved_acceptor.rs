//! An acceptor context in another process.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::{Acceptor, Established, State};
use crate::base::crypto::SecretBytes;
use crate::base::fault::{Fault, Minor};
use crate::base::wire::{DecodeError, FileTime, Reader, Writer};
use crate::login::accept::unreturned::Unreturned;
use crate::login::handover::{self, Opened};
use crate::login::identity::Identity;
use crate::login::setup::Setup;
use crate::protocol::ntlm::acceptor::Challenged;
use crate::protocol::ntlm::seal::{Role, SessionSecurity};

/// No client takes longer to answer a challenge, and no server to hand the context over meanwhile.
const ANSWERED_WITHIN: Duration = Duration::from_secs(5 * 60);

const CHALLENGED: u8 = 1;
const ESTABLISHED: u8 = 2;

impl Acceptor {
    /// What another process needs to go on with the context, and until when it may begin to.
    ///
    /// # Errors
    /// There is nothing to go on with: no challenge is out and no login is complete, or it has expired.
    pub fn save(&self) -> Result<(SystemTime, SecretBytes), Fault> {
        let now = SystemTime::now();
        let mut writer = Writer::new();
        let until = match &self.0 {
            State::Challenged(challenged) => {
                challenged.save(writer.u8(CHALLENGED));
                // Another process sees the answer.
                Unreturned::of_this_process().came_back();
                now + ANSWERED_WITHIN
            }
            State::Established(login) if login.expires <= now => {
                return Err(Minor::ContextExpired.into());
            }
            State::Established(login) => {
                login.save(writer.u8(ESTABLISHED));
                login.expires
            }
            State::Failed => return Err(Minor::ContextFailed.into()),
            State::Fresh => return Err(Minor::ContextNotExported.into()),
        };
        Ok((until, SecretBytes::new(writer.into_bytes())))
    }

    /// The context that another process saved. `setup` is the configuration here, if there is one:
    /// it knows whom to ask what groups are called.
    ///
    /// # Errors
    /// `BadContextToken`: another version saved it.
    pub fn restore(opened: &Opened, setup: Option<&Setup>) -> Result<Self, Fault> {
        let mut reader = Reader::new(opened.body());
        let state = match reader.u8("State").map_err(handover::malformed)? {
            CHALLENGED => Challenged::restore(&mut reader).map(State::Challenged),
            ESTABLISHED => Established::restore(opened, &mut reader, setup)
                .map(|established| State::Established(Box::new(established))),
            _ => Err(DecodeError::new("State", "unknown")),
        };
        let state = state.map_err(handover::malformed)?;
        reader.finish("Context").map_err(handover::malformed)?;
        Ok(Self(state))
    }
}

impl Established {
    fn save(&self, writer: &mut Writer) {
        writer
            .u64(FileTime::from(self.expires).0)
            .u8(self.mic_verified.into());
        self.identity.save(writer);
        writer.reserve(1 + SessionSecurity::SAVED_AT_MOST);
        writer.u8(self.security.is_some().into());
        if let Some(security) = &self.security {
            security.save(writer);
        }
    }

    /// The other way in: a login that a process of ours let in, and said so under its seal.
    fn restore(
        _proof: &Opened,
        reader: &mut Reader<'_>,
        setup: Option<&Setup>,
    ) -> Result<Self, DecodeError> {
        let expires = FileTime(reader.u64("expiry")?)
            .to_system_time()
            .ok_or(DecodeError::new("expiry", "out of range"))?;
        let mic_verified = reader.flag("mic")?;
        let identity = Identity::restore(reader)?;
        let security = match reader.flag("security")? {
            true => Some(SessionSecurity::restore(reader, Role::Acceptor)?),
            false => None,
        };
        let group_names = setup.and_then(Setup::group_names);
        Ok(Self {
            identity: Arc::new(identity.with_group_names(group_names)),
            expires,
            mic_verified,
            security,
            acceptance: None,
        })
    }
}
