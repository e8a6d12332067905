//! What the state directory says of the secure channels, for an administrator. No login uses it.

use std::io;
use std::time::Duration;

use crate::base::config::{self, LogTarget};
use crate::dc::health::Health;
use crate::dc::shared_key::SharedKeys;

/// What the processes of a host have stored of the controllers.
#[derive(Debug, Default)]
pub struct SharedState {
    /// The controllers that a key is stored for, and when it was agreed on, in seconds since 1970.
    pub keys: Vec<(String, u32)>,
    /// The controllers that failed and have not answered since, and how long ago they failed.
    pub failures: Vec<(String, Duration)>,
}

impl SharedState {
    /// Reads the files of the state directory.
    ///
    /// # Errors
    /// The directory is missing, or others can change it.
    pub fn read(config: &config::Netlogon) -> io::Result<Self> {
        Ok(Self {
            keys: SharedKeys::new(config, LogTarget::Off).stored()?,
            failures: Health::new(config, LogTarget::Off).failures(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::config::fixture;

    #[test]
    fn what_is_no_key_is_left_out() {
        let directory = tempfile::tempdir().unwrap();
        let config = fixture::netlogon(&format!("state_dir = {:?}", directory.path()));
        assert!(SharedState::read(&config).is_err(), "open to others");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(directory.path(), mode).unwrap();
        for name in ["x.state", "y.lock"] {
            std::fs::write(directory.path().join(name), "x").unwrap();
        }
        let state = SharedState::read(&config).unwrap();
        assert!(state.keys.is_empty() && state.failures.is_empty());
    }
}
