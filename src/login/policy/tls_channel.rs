//! The TLS connection that a client should have come through, told by the certificates that it may
//! have seen. They are files of the web server's, which has them renewed.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime};

use super::certificate;
use crate::base::config::LogTarget;
use crate::base::crypto::SecretBytes;
use crate::base::fault::{Fault, Minor};
use crate::base::file::{self, LOOK_AGAIN, Stamp, text};
use crate::base::log::{self, Severity};

/// What a client may say of its channel (`MsvAvChannelBindings`), if it came through one of ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Channel(Vec<[u8; 16]>);

impl Channel {
    /// One that has any of these values.
    pub fn any_of(hashes: Vec<[u8; 16]>) -> Self {
        Self(hashes)
    }

    /// True if we do not know our own channel.
    pub fn is_unknown(&self) -> bool {
        self.0.is_empty()
    }

    /// True if this value is of our channel.
    pub fn is_named(&self, hash: &[u8; 16]) -> bool {
        self.0.contains(hash)
    }
}

/// The certificates, read once and again when one has changed.
pub struct Certificates {
    paths: Vec<PathBuf>,
    log: LogTarget,
    loaded: Mutex<Loaded>,
}

struct Loaded {
    /// The states of the files that `channel` was made from; none of a state that is not certain.
    stamps: Vec<Option<Stamp>>,
    /// When the files were looked at.
    looked: Instant,
    channel: Arc<Channel>,
    /// What the log was told last of a file that cannot be used.
    told: Option<Fault>,
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
            loaded: Mutex::new(Loaded {
                stamps,
                looked: Instant::now(),
                channel: Arc::new(channel),
                told: None,
            }),
        })
    }

    /// The channel by the files as they are, or were less than a second ago. While one cannot be
    /// used, as in the middle of a renewal, all stays as it was, and the log says so.
    pub fn channel(&self) -> Arc<Channel> {
        self.channel_at(Instant::now())
    }

    fn channel_at(&self, now: Instant) -> Arc<Channel> {
        // Held while changed files are read, so that one thread reads them and not each of them.
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if self.paths.is_empty() || now.saturating_duration_since(loaded.looked) < LOOK_AGAIN {
            return Arc::clone(&loaded.channel);
        }
        loaded.looked = now;
        let stamps = self.paths.iter().map(|path| Stamp::of(path).ok());
        if !stamps
            .zip(&loaded.stamps)
            .all(|(now, then)| now.is_some() && now == *then)
        {
            match read_all(&self.paths) {
                Ok((channel, stamps)) => {
                    loaded.channel = Arc::new(channel);
                    loaded.stamps = stamps;
                    loaded.told = None;
                }
                Err(fault) => self.tell(&mut loaded, fault),
            }
        }
        Arc::clone(&loaded.channel)
    }

    fn tell(&self, loaded: &mut Loaded, fault: Fault) {
        if loaded.told.as_ref() != Some(&fault) {
            let told = fault.for_the_log();
            let line = format_args!("{told}; the certificates before it stay in force");
            log::write(self.log, Severity::Error, line);
            loaded.told = Some(fault);
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
