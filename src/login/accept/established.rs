//! A login that passed every check.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::base::wire::{DecodeError, FileTime, Reader, Writer};
use crate::login::accept::dropped::DropDetector;
use crate::login::handover::Opened;
use crate::login::identity::Identity;
use crate::login::policy::{Admitted, Permitted};
use crate::login::setup::Setup;
use crate::login::verify::Logon;
use crate::protocol::ntlm::acceptor::MicChecked;
use crate::protocol::ntlm::seal::{Role, SessionSecurity};

/// A login that succeeded.
#[derive(Debug)]
pub struct Established {
    identity: Arc<Identity>,
    expires: SystemTime,
    mic_verified: bool,
    security: Option<SessionSecurity>,
    /// `None` for a login that another process handed over: the caller accepted it there.
    drop_detector: Option<DropDetector>,
}

impl Established {
    /// Takes a value of each check: what was admitted, the verified logon, the checked messages and
    /// the permission. The only other constructor is [`Self::restore`]. `lifetime` is the longest
    /// that was asked for.
    pub(super) fn new(
        setup: &Setup,
        lifetime: Option<Duration>,
        admitted: &Admitted<'_>,
        logon: Logon,
        checked: MicChecked,
        _permitted: Permitted,
    ) -> Self {
        let settings = &setup.config().identity;
        let (account, group_names) = logon.into_parts();
        let lifetime = lifetime.map_or(settings.lifetime, |asked| asked.min(settings.lifetime));
        let lasts = SystemTime::now() + lifetime;
        let expires = account.ends().map_or(lasts, |ends| lasts.min(ends));
        let identity = Identity::new(
            account,
            settings,
            &setup.target().netbios_domain,
            admitted.workstation().to_owned(),
        )
        .with_group_names(group_names);
        Self {
            identity: Arc::new(identity),
            expires,
            mic_verified: checked.verified(),
            security: checked.into_security(),
            drop_detector: Some(DropDetector::start(setup.config().log.to)),
        }
    }

    /// The user who logged in.
    pub fn identity(&self) -> &Arc<Identity> {
        &self.identity
    }

    /// When the login ends: after the configured lifetime, or earlier if a shorter lifetime was
    /// asked for or the verifier gave an earlier end.
    pub fn expires(&self) -> SystemTime {
        self.expires
    }

    /// Whether the client sent a message integrity code. A wrong one is refused.
    pub fn mic_verified(&self) -> bool {
        self.mic_verified
    }

    /// The protection of later messages. `None`: there is no session key.
    pub fn security(&self) -> Option<&SessionSecurity> {
        self.security.as_ref()
    }

    /// The message protection of [`Self::security`], mutable.
    pub(super) fn security_mut(&mut self) -> Option<&mut SessionSecurity> {
        self.security.as_mut()
    }

    /// Call this when the caller deletes the context of the login.
    pub(super) fn deleted(&self) {
        if let Some(detector) = &self.drop_detector {
            detector.deleted(&self.identity);
        }
    }

    /// Writes the login for another process.
    pub(super) fn save(&self, writer: &mut Writer) {
        writer
            .u64(FileTime::from(self.expires).0)
            .u8(self.mic_verified.into());
        self.identity.save(writer);
        writer.u8(self.security.is_some().into());
        if let Some(security) = &self.security {
            writer.reserve(SessionSecurity::SAVED_AT_MOST);
            security.save(writer);
        }
    }

    /// A login that another process accepted. `_proof`: that process sealed the token.
    pub(super) fn restore(
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
        let group_names = setup.and_then(|setup| setup.group_names(identity.account()));
        Ok(Self {
            identity: Arc::new(identity.with_group_names(group_names)),
            expires,
            mic_verified,
            security,
            drop_detector: None,
        })
    }

    /// Lets the login expire now.
    #[cfg(test)]
    pub(super) fn expire(&mut self) {
        self.expires = SystemTime::now();
    }
}
