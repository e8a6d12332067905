//! The configurations that this process has loaded, each checked again once a second.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::base::config::{self, LogTarget};
use crate::base::fault::{Fault, Minor};
use crate::base::file::{LOOK_AGAIN, Stamp};
use crate::base::log::{self, Severity};
use crate::base::process::PerProcess;
use crate::login::setup::factory::Setup;
use crate::login::setup::read::read_stamped;
use crate::login::setup::source::Source;

/// A handful at most: one for each source.
static LOADED: PerProcess<Mutex<Vec<(Source, LoadedSetup)>>> = PerProcess::new();

#[derive(Clone)]
struct LoadedSetup {
    /// The state of the file that `setup` was made from. `None`: there is no file, or its state is
    /// not certain.
    stamp: Option<Stamp>,
    /// When the file was last checked.
    checked: Instant,
    setup: Arc<Setup>,
}

/// The configuration in force. A change of its file takes effect within a second.
///
/// A file with a mistake leaves the previous configuration in force, and the log names the mistake:
/// logins go on while the file is edited. A file that is removed, or that this process may not
/// read, turns NTLM off, and so does `enabled = false`.
///
/// # Errors
/// [`Minor::NotConfigured`], [`Minor::SwitchedOff`], [`Minor::BadConfiguration`], or what a
/// verifier lacks.
pub fn load(source: &Source) -> Result<Arc<Setup>, Fault> {
    load_at(Instant::now(), source)
}

/// The state directory of the configuration in force. Without a configuration, or without a
/// domain in it, the default.
///
/// # Errors
/// As [`load`], except [`Minor::NotConfigured`] and [`Minor::SwitchedOff`].
pub fn state_dir(source: &Source) -> Result<PathBuf, Fault> {
    let setup = match load(source) {
        Err(fault) if !turns_off(&fault) => return Err(fault),
        outcome => outcome.ok(),
    };
    let shared = setup
        .as_ref()
        .and_then(|setup| setup.config().shared_state());
    Ok(shared.map_or_else(
        || config::DEFAULT_STATE_DIR.into(),
        |(_, state_dir)| state_dir.to_owned(),
    ))
}

/// [`load`] at a given time.
pub(super) fn load_at(now: Instant, source: &Source) -> Result<Arc<Setup>, Fault> {
    let all = LOADED.of_this_process(Mutex::default);
    let before = lock(all)
        .iter()
        .find(|(of, _)| of == source)
        .map(|(_, loaded)| loaded.clone());
    if let Some(before) = &before
        && now.saturating_duration_since(before.checked) < LOOK_AGAIN
        && !before.setup.is_outdated()
    {
        return Ok(Arc::clone(&before.setup));
    }
    let outcome = check_again(now, source, before);
    let mut all = lock(all);
    all.retain(|(of, _)| of != source);
    let loaded = outcome?;
    let setup = Arc::clone(&loaded.setup);
    all.push((source.clone(), loaded));
    Ok(setup)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Loads a configuration that is not loaded yet or has changed.
fn check_again(
    now: Instant,
    source: &Source,
    before: Option<LoadedSetup>,
) -> Result<LoadedSetup, Fault> {
    let stamp = source.file().and_then(|file| Stamp::of(file).ok());
    if let Some(before) = &before
        && (source.file().is_none() || (stamp.is_some() && stamp == before.stamp))
        && !before.setup.is_outdated_on_this_host()
    {
        return Ok(LoadedSetup {
            checked: now,
            ..before.clone()
        });
    }
    match (load_anew(now, source, &before), before) {
        (Err(fault), Some(before)) if !turns_off(&fault) => {
            let to = before.setup.config().log.to;
            let reason = fault.for_the_log();
            log::write(
                to,
                Severity::Error,
                format_args!("{reason}; the previous configuration stays in force"),
            );
            // Without a stamp: the cause may be in another file.
            Ok(LoadedSetup {
                stamp: None,
                checked: now,
                ..before
            })
        }
        (outcome, _) => outcome,
    }
}

/// Whether a fault turns NTLM off: the configuration is removed, or says so. Any other is a
/// mistake.
fn turns_off(fault: &Fault) -> bool {
    matches!(fault.minor(), Minor::NotConfigured | Minor::SwitchedOff)
}

fn load_anew(
    now: Instant,
    source: &Source,
    before: &Option<LoadedSetup>,
) -> Result<LoadedSetup, Fault> {
    let is_first = before.is_none();
    let (config, stamp) = read_stamped(source).inspect_err(|fault| {
        if is_first && (!turns_off(fault) || source.file().is_some_and(Path::exists)) {
            log_once(LogTarget::Syslog, fault);
        }
    })?;
    if !config.policy.enabled {
        return Err(Minor::SwitchedOff.into());
    }
    let setup = match before {
        Some(before)
            if *before.setup.config() == config && !before.setup.is_outdated_on_this_host() =>
        {
            Arc::clone(&before.setup)
        }
        _ => {
            let to = config.log.to;
            let setup = Setup::new(config, source).inspect_err(|fault| {
                if is_first {
                    log_once(to, fault);
                }
            });
            Arc::new(setup?)
        }
    };
    Ok(LoadedSetup {
        stamp,
        checked: now,
        setup,
    })
}

/// Logs why this process has no configuration in force, each reason once.
fn log_once(to: LogTarget, fault: &Fault) {
    static LAST: PerProcess<Mutex<Option<Fault>>> = PerProcess::new();
    let mut last = lock(LAST.of_this_process(Mutex::default));
    if last.as_ref() != Some(fault) {
        *last = Some(fault.clone());
        let (reason, code) = (fault.for_the_log(), fault.minor().code());
        let line = format_args!("{reason}; no login is accepted in this process [{code:x}]");
        log::write(to, Severity::Error, line);
    }
}
