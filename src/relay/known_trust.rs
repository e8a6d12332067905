//! Which certificates controllers may have. The file is read once a minute, and not for each login.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::base::config::ServerTrust;
use crate::base::process::PerProcess;
use crate::directory::Trust;

/// How long what was read is used.
const FRESH: Duration = Duration::from_secs(60);

/// What this process has read.
#[derive(Debug, Default)]
pub(super) struct KnownTrust(PerProcess<Mutex<Option<(Instant, Trust)>>>);

impl KnownTrust {
    /// That of the configuration.
    ///
    /// # Errors
    /// What is wrong with the file of the authorities.
    pub(super) fn of(&self, config: &ServerTrust) -> Result<Trust, String> {
        self.of_at(config, Instant::now())
    }

    fn of_at(&self, config: &ServerTrust, now: Instant) -> Result<Trust, String> {
        let known = self.0.of_this_process(Mutex::default);
        let lock = || known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((read, trust)) = &*lock()
            && now.saturating_duration_since(*read) < FRESH
        {
            return Ok(trust.clone());
        }
        let trust = Trust::of(config)?;
        *lock() = Some((now, trust.clone()));
        Ok(trust)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_again_after_a_minute() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("authorities.pem");
        let sample = include_bytes!("../protocol/certificate/samples/ecdsa-sha256.pem");
        std::fs::write(&path, sample).unwrap();
        let config = ServerTrust::Authorities(path.clone());
        let known = KnownTrust::default();
        let start = Instant::now();
        assert!(known.of_at(&config, start).is_ok());
        std::fs::remove_file(&path).unwrap();
        assert!(known.of_at(&config, start + FRESH / 2).is_ok());
        let missing = known.of_at(&config, start + FRESH).unwrap_err();
        assert!(missing.contains("authorities.pem"), "{missing}");
    }
}
