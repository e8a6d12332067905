//! The channels of one process.
//!
//! A channel is taken out for a call and put back after it: no lock is held while anybody waits for
//! the network. After a fork the child starts with none.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::config;
use crate::dc::channel::{Channel, Terms};
use crate::dc::locate::Locator;
use crate::dc::{Error, secret};
use crate::net::Deadline;
use crate::process::PerProcess;
use crate::rpc::NtStatus;
use crate::rpc::netlogon::sam_logon::{NetworkLogon, Verdict};

/// How many channels a process has at most: one call at a time goes over each.
const CHANNELS: usize = 1;
/// A channel that was idle for longer is not used again: what is between may have forgotten it.
const MAX_IDLE: Duration = Duration::from_secs(60);

/// Asks the controllers of a domain.
pub struct Pool {
    locator: Locator,
    config: config::Netlogon,
    channels: PerProcess<Channels>,
}

/// The channels of this process.
struct Channels {
    state: Mutex<State>,
    /// A channel came back, or was lost.
    returned: Condvar,
}

struct State {
    idle: Vec<Idle>,
    /// How many are taken out.
    taken: usize,
}

struct Idle {
    channel: Channel,
    since: Instant,
}

impl Pool {
    /// No channel is opened, and no file read, before the first question.
    pub fn new(config: config::Netlogon) -> Self {
        Self {
            locator: Locator::new(&config),
            config,
            channels: PerProcess::new(),
        }
    }

    /// Asks a controller about a login, within the budget of the configuration. A verdict about
    /// somebody's password is never asked for again.
    pub(crate) fn logon(&self, logon: &NetworkLogon<'_>) -> Result<Verdict, Error> {
        let terms = Terms {
            config: &self.config,
            deadline: Deadline::after(self.config.budget),
        };
        let mut slot = self.channels().take(terms.deadline)?;
        let reused = slot.channel.take();
        let was_idle = reused.is_some();
        let channel = match reused {
            Some(channel) => channel,
            None => self.open(terms)?,
        };
        let (verdict, channel) = match channel.logon(terms, logon) {
            Ok((verdict, _)) if is_channel_loss(&verdict) => {
                self.open(terms)?.logon(terms, logon)?
            }
            Err(error) if error.is_channel_loss(was_idle) => {
                self.open(terms)?.logon(terms, logon)?
            }
            result => result?,
        };
        slot.channel = Some(channel);
        Ok(verdict)
    }

    /// A fresh channel to the first controller that can be reached.
    fn open(&self, terms: Terms<'_>) -> Result<Channel, Error> {
        let nt_hash = secret::nt_hash(&self.config.secret).map_err(Error::Secret)?;
        let mut unreachable = Vec::new();
        for candidate in self.locator.candidates(terms.deadline)? {
            match Channel::open(terms, &candidate, &nt_hash) {
                Err(error) if error.is_unreachable() => {
                    self.locator.failed(&candidate);
                    unreachable.push(error.to_string());
                }
                Ok(channel) => {
                    self.locator.succeeded(&candidate);
                    return Ok(channel);
                }
                Err(error) => return Err(error),
            }
        }
        Err(Error::AllUnreachable(unreachable.join("; ")))
    }

    fn channels(&self) -> &Channels {
        self.channels.of_this_process(|| Channels {
            state: Mutex::new(State {
                idle: Vec::new(),
                taken: 0,
            }),
            returned: Condvar::new(),
        })
    }
}

/// The controller no longer knows the channel: the answer is not about the login.
fn is_channel_loss(verdict: &Verdict) -> bool {
    let Verdict::Refused {
        status,
        authoritative,
    } = verdict
    else {
        return false;
    };
    // Not authoritative, access is denied by a controller that is not ready.
    (*status == NtStatus::ACCESS_DENIED && *authoritative) || *status == NtStatus::NOT_FOUND
}

impl Channels {
    /// Takes a channel out, or the right to open one.
    fn take(&self, deadline: Deadline) -> Result<Slot<'_>, Error> {
        let mut state = self.lock();
        while state.taken >= CHANNELS {
            let left = deadline.remaining().ok_or(Error::Busy)?;
            state = self
                .returned
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        let idle = state.idle.pop();
        state.taken += 1;
        drop(state);
        let mut slot = Slot {
            channels: self,
            channel: None,
        };
        slot.channel = idle
            .filter(|idle| idle.since.elapsed() <= MAX_IDLE && idle.channel.is_quiet())
            .map(|idle| idle.channel);
        Ok(slot)
    }

    /// Nothing is left half done under this lock: a panic elsewhere does not spoil it.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to use one channel; given back when dropped, with the channel that it then holds.
struct Slot<'a> {
    channels: &'a Channels,
    channel: Option<Channel>,
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let idle = self.channel.take().map(|channel| Idle {
            channel,
            since: Instant::now(),
        });
        let mut state = self.channels.lock();
        state.taken = state.taken.saturating_sub(1);
        state.idle.extend(idle);
        drop(state);
        self.channels.returned.notify_one();
    }
}

#[cfg(test)]
mod tests;
