//! What the processes of this host tell each other about the controllers: which ones failed lately,
//! and on which ports each serves its interfaces.
//!
//! A small file in the state directory holds it. So a controller that hangs costs its time-outs
//! once on a host, and the first login of a process need not ask the endpoint mapper. A process
//! looks at the file once a second at most. Nothing in it is trusted: a controller proves itself
//! when the channel is opened, and a controller that is reported as failed is asked last. Without a
//! usable file, each process knows only what it has seen itself.

mod report;

use std::fmt::Display;
use std::fs::OpenOptions;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::base::config::{self, LogTarget};
use crate::base::crypto::SecretBytes;
use crate::base::file::private::{Lock, own_directory, own_file, private, read, replace};
use crate::base::file::watch::{FileWatch, Look};
use crate::base::log::{self, Severity};
use crate::base::process::PerProcess;
use crate::dc::locate::{AVOIDED, Candidate};

#[cfg(feature = "fuzzing")]
pub use report::reencoded_health;
pub(super) use report::{Ports, Report};
use report::{millis, now};

/// How long a process goes without a file that could not be written.
const RETRY: Duration = Duration::from_secs(60);

/// The shared reports about the controllers of one machine account.
pub(super) struct Health {
    directory: PathBuf,
    account: String,
    log: LogTarget,
    known: PerProcess<Mutex<KnownReports>>,
}

/// What this process knows.
#[derive(Default)]
struct KnownReports {
    reports: Vec<Report>,
    watch: FileWatch,
    /// When the file could not be written.
    spoilt: Option<Instant>,
}

impl KnownReports {
    fn of(&self, controller: &Candidate) -> Option<&Report> {
        let mut reports = self.reports.iter();
        reports.find(|report| report.controller == *controller)
    }
}

impl Health {
    /// Reads nothing yet.
    pub(super) fn new(config: &config::Netlogon, log: LogTarget) -> Self {
        let computer = config.account.computer().as_str();
        Self {
            directory: config.state_dir.clone(),
            account: format!("{}.{computer}", config.domain),
            log,
            known: PerProcess::new(),
        }
    }

    /// The reports, if the file has changed since the last look. Costs one `stat` a second; no
    /// thread waits for another that looks.
    pub(super) fn news(&self) -> Option<Vec<Report>> {
        let mut known = self.known().try_lock().ok()?;
        if known.watch.look(&self.path("")) != Look::Changed {
            return None;
        }
        known.reports = self.read().ok()?;
        Some(known.reports.clone())
    }

    /// The controllers that failed and have not answered since, and how long ago they failed.
    pub(super) fn failures(&self) -> Vec<(String, Duration)> {
        let reports = self.read().unwrap_or_default();
        let failed = reports
            .iter()
            .filter_map(|report| Some((report.controller.to_string(), report.failed()?)));
        failed.collect()
    }

    /// Records that the controller failed, so that every process asks it last for a while. Logs the
    /// first failure.
    pub(super) fn failed(&self, controller: &Candidate, why: &dyn Display) {
        let now = now();
        let before = self.change(&mut self.lock(), controller, |report| {
            report.failed = Some(now);
            report.ports = Ports::default();
        });
        if before.is_none_or(|before| before.failed.is_none()) {
            let seconds = AVOIDED.as_secs();
            self.write_log(format_args!(
                "controller {controller} failed and is asked last for {seconds}s: {why}"
            ));
        }
    }

    /// Records that the controller answered a login that was sent at `sent`, and its ports.
    pub(super) fn served(&self, controller: &Candidate, ports: Ports, sent: Instant) {
        // Another thread is at it: the next login will record it.
        let Ok(mut known) = self.known().try_lock() else {
            return;
        };
        let now = now();
        let sent = now.saturating_sub(millis(sent.elapsed()));
        let is_back = |report: &Report| report.failed.is_some_and(|failed| failed <= sent);
        let is_known = known.of(controller).is_some_and(|report| {
            !is_back(report) && report.ports == ports && report.is_recent(now)
        });
        if is_known {
            return;
        }
        let mut has_returned = false;
        self.change(&mut known, controller, |report| {
            has_returned = is_back(report);
            if has_returned {
                report.failed = None;
            }
            report.ports = ports;
            report.served = now;
        });
        drop(known);
        if has_returned {
            self.write_log(format_args!("controller {controller} is used again"));
        }
    }

    /// Records that a login is about to ask a controller that failed a while ago. Until the login
    /// ends, the other processes go on asking that controller last.
    pub(super) fn begins_trial(&self, controller: &Candidate) {
        let mut known = self.lock();
        let now = now();
        let failed = known.of(controller).and_then(|report| report.failed);
        let is_over = |failed: u64| now.saturating_sub(failed) >= millis(AVOIDED);
        if failed.is_some_and(is_over) {
            self.change(&mut known, controller, |report| {
                report.failed = report.failed.map(|_| now);
            });
        }
    }

    /// Changes the report about one controller, and the file if possible. Returns the report from
    /// before.
    fn change(
        &self,
        known: &mut KnownReports,
        controller: &Candidate,
        change: impl FnOnce(&mut Report),
    ) -> Option<Report> {
        let may_write = known.spoilt.is_none_or(|since| since.elapsed() >= RETRY);
        let file = may_write.then(|| self.open_lock());
        let turn = match &file {
            Some(Ok(file)) => Lock::take(file).ok(),
            _ => None,
        };
        // Other processes may have written since the last look.
        if let Some(reports) = turn.as_ref().and_then(|_| self.read().ok()) {
            known.reports = reports;
        }
        let before = known.of(controller).cloned();
        let mut report = match &before {
            Some(before) => before.clone(),
            None => Report::new(controller),
        };
        change(&mut report);
        known.reports.retain(|one| one.controller != *controller);
        known.reports.push(report);
        report::forget_oldest(&mut known.reports);
        if may_write {
            let is_written = turn.is_some_and(|_turn| self.write(&known.reports).is_ok());
            known.spoilt = (!is_written).then(Instant::now);
        }
        before
    }

    fn open_lock(&self) -> io::Result<std::fs::File> {
        own_directory(&self.directory)?;
        let mut options = OpenOptions::new();
        let file = private(options.write(true).create(true)).open(self.path(".lock"))?;
        own_file(&file)?;
        Ok(file)
    }

    fn read(&self) -> io::Result<Vec<Report>> {
        own_directory(&self.directory)?;
        let bytes = read(&self.path(""), report::LIMIT)?;
        let text = str::from_utf8(bytes.expose()).map_err(io::Error::other)?;
        report::parse(text, now()).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    fn write(&self, reports: &[Report]) -> io::Result<()> {
        let bytes = SecretBytes::new(report::text(reports).into_bytes());
        replace(&self.path(".new"), &self.path(""), &bytes)
    }

    /// A DNS name has no slash.
    fn path(&self, suffix: &str) -> PathBuf {
        self.directory
            .join(format!("{}.health{suffix}", self.account))
    }

    fn known(&self) -> &Mutex<KnownReports> {
        self.known.of_this_process(Mutex::default)
    }

    /// No change under this lock is left half done, so a poisoned lock can be used.
    fn lock(&self) -> MutexGuard<'_, KnownReports> {
        self.known().lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_log(&self, text: std::fmt::Arguments<'_>) {
        log::write(self.log, Severity::Warning, text);
    }
}

#[cfg(test)]
mod tests;
