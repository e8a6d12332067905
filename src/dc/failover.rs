//! Asks the controllers of a domain about logins, one after the other until one has answered.
//!
//! `login` does the I/O for one login, and `course` decides without any. After a fork the child
//! starts with no channel.

mod course;
mod login;
mod siblings;

use crate::base::config::{self, LogTarget};
use crate::base::counters::{Counters, Place};
use crate::base::net::Deadline;
use crate::base::process::PerProcess;
use crate::dc::connection::Terms;
use crate::dc::health::Health;
use crate::dc::host_limit::HostLimit;
use crate::dc::learnt::Learnt;
use crate::dc::locate::{Candidate, Locator};
use crate::dc::opening::Opening;
use crate::dc::pool::Pool;
use crate::dc::secret::Watch;
use crate::dc::shared_key::SharedKeys;

pub(super) use course::{Course, MAX_CONTROLLERS, Next, Outcomes};

/// The controllers of one domain, and what this process knows of them.
pub struct Controllers {
    pub(super) locator: Locator,
    pub(super) shared_keys: SharedKeys,
    pub(super) learnt: Learnt,
    health: Health,
    secret: Watch,
    pub(super) config: config::Netlogon,
    pool: PerProcess<Pool>,
    host_limit: HostLimit,
    counters: Counters,
}

impl Controllers {
    /// Opens no channel and reads no file before the first question.
    pub fn new(config: config::Netlogon, log: LogTarget) -> Self {
        Self {
            locator: Locator::new(&config),
            shared_keys: SharedKeys::new(&config, log),
            learnt: Learnt::default(),
            health: Health::new(&config, log),
            secret: Watch::new(),
            host_limit: HostLimit::new(config.host_logons),
            counters: Counters::of(Place::Made(config.state_dir.clone())),
            config,
            pool: PerProcess::new(),
        }
    }

    /// The time for one controller: what is left, except a part for each of those that may follow,
    /// so that a controller that hangs does not use up all of it.
    pub(super) fn terms(&self, deadline: Deadline, followers: usize) -> Terms<'_> {
        let reserved = self.config.budget / 5 * u32::try_from(followers).unwrap_or_default();
        let left = deadline.remaining().unwrap_or_default();
        Terms {
            config: &self.config,
            deadline: deadline.or_after(left.saturating_sub(reserved)),
            budget: deadline,
            connect_timeout: self.config.connect_timeout,
        }
    }

    /// The arguments for opening a channel to this controller.
    pub(super) fn opening<'a>(
        &'a self,
        terms: Terms<'a>,
        controller: &'a Candidate,
    ) -> Opening<'a> {
        Opening {
            terms,
            controller,
            shared_keys: &self.shared_keys,
            locator: &self.locator,
            learnt: &self.learnt,
        }
    }

    pub(super) fn pool(&self) -> &Pool {
        self.pool
            .of_this_process(|| Pool::new(self.config.connections, self.counters.clone()))
    }
}

#[cfg(test)]
mod tests;
