//! The TLS channel of this server, known by the certificates that a client may have seen. They are
//! files of the web server, and are renewed while it runs.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime};

use crate::base::config::LogTarget;
use crate::base::crypto::SecretBytes;
use crate::base::fault::{Fault, Minor};
use crate::base::file::{self, LOOK_AGAIN, Stamp, text};
use crate::base::log::{self, Severity};
use crate::protocol::certificate;

/// The values of `MsvAvChannelBindings` that name a channel of this server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Channel(Vec<[u8; 16]>);

impl Channel {
    /// A channel that any of these values names.
    pub fn any_of(hashes: Vec<[u8; 16]>) -> Self {
        Self(hashes)
    }

    /// Whether no value is known.
    pub fn is_unknown(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this value names the channel.
    pub fn is_named(&self, hash: &[u8; 16]) -> bool {
        self.0.contains(hash)
    }
}

/// The certificates, read again after a change.
pub struct Certificates {
    paths: Vec<PathBuf>,
    log: LogTarget,
    loaded: Mutex<LoadedCertificates>,
}

struct LoadedCertificates {
    /// The states of the files that `channel` was made from. `None`: the state is not certain.
    stamps: Vec<Option<Stamp>>,
    /// When the files were last checked.
    checked: Instant,
    channel: Arc<Channel>,
    /// The last fault of a file that was logged.
    logged: Option<Fault>,
}

impl Certificates {
    /// Reads the files.
    ///
    /// # Errors
    /// [`Minor::CertificateUnusable`].
    pub fn open(paths: &[PathBuf], log: LogTarget) -> Result<Self, Fault> {
        let (channel, stamps) = read_all(paths)?;
        Ok(Self {
            paths: paths.to_vec(),
            log,
            loaded: Mutex::new(LoadedCertificates {
                stamps,
                checked: Instant::now(),
                channel: Arc::new(channel),
                logged: None,
            }),
        })
    }

    /// The channel of the current files, checked once a second. While a file cannot be used, as
    /// during a renewal, the previous certificates stay in force. The fault is logged.
    pub fn channel(&self) -> Arc<Channel> {
        self.channel_at(Instant::now())
    }

    fn channel_at(&self, now: Instant) -> Arc<Channel> {
        // The lock is held while changed files are read, so that one thread reads them.
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if self.paths.is_empty() || now.saturating_duration_since(loaded.checked) < LOOK_AGAIN {
            return Arc::clone(&loaded.channel);
        }
        loaded.checked = now;
        let stamps = self.paths.iter().map(|path| Stamp::of(path).ok());
        if !stamps
            .zip(&loaded.stamps)
            .all(|(now, then)| now.is_some() && now == *then)
        {
            match read_all(&self.paths) {
                Ok((channel, stamps)) => {
                    loaded.channel = Arc::new(channel);
                    loaded.stamps = stamps;
                    loaded.logged = None;
                }
                Err(fault) => self.log_once(&mut loaded, fault),
            }
        }
        Arc::clone(&loaded.channel)
    }

    fn log_once(&self, loaded: &mut LoadedCertificates, fault: Fault) {
        if loaded.logged.as_ref() != Some(&fault) {
            let reason = fault.for_the_log();
            let line = format_args!("{reason}; the previous certificates stay in force");
            log::write(self.log, Severity::Error, line);
            loaded.logged = Some(fault);
        }
    }
}

fn read_all(paths: &[PathBuf]) -> Result<(Channel, Vec<Option<Stamp>>), Fault> {
    let read: Vec<_> = paths
        .iter()
        .map(|path| read(path))
        .collect::<Result<_, _>>()?;
    let (hashes, stamps) = read.into_iter().unzip();
    Ok((Channel(hashes), stamps))
}

fn read(path: &Path) -> Result<([u8; 16], Option<Stamp>), Fault> {
    /// A certificate, its chain and its key.
    const LIMIT: u64 = 256 << 10;
    let unusable = |what: &dyn std::fmt::Display| {
        Minor::CertificateUnusable.because(format_args!("{}: {what}", path.display()))
    };
    let (text, stamp) = file::read(path, LIMIT).map_err(|error| unusable(&error))?;
    // The key may be in the same file.
    let text = SecretBytes::new(text);
    let pem = text::unmarked(text.expose()).map_err(|error| unusable(&error))?;
    let hash = certificate::channel_binding(pem).map_err(|error| unusable(&error))?;
    Ok((hash, stamp.settled(SystemTime::now())))
}

#[cfg(test)]
mod tests;
