//! A configuration in force: found, loaded, and loaded anew when its file changes.

mod source;
mod target;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use crate::base::config::{self, Config, LogTarget, VerifierKind};
use crate::base::fault::{Fault, Minor};
use crate::base::file::{self, LOOK_AGAIN, Stamp, text};
use crate::base::log::{self, Severity};
use crate::base::process::PerProcess;
use crate::login::guess_limit::GuessLimit;
use crate::login::policy::Channels;
use crate::login::policy::tls_channel::Certificates;
use crate::login::verify::netlogon::Netlogon;
use crate::login::verify::users::{Own, Users};
use crate::login::verify::{GroupNames, Verifier};
use crate::protocol::ntlm::acceptor::{Target, TargetKind};

pub use source::Source;
pub use target::{computer_name, host_name};

/// A configuration in force.
pub struct Setup {
    config: Config,
    target: Target,
    verifiers: Vec<Box<dyn Verifier>>,
    certificates: Certificates,
    /// None if those of the audit are the same.
    audited_certificates: Option<Certificates>,
    guess_limit: Option<GuessLimit>,
}

impl Setup {
    /// What the administrator wrote.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The names that the configuration gives this server. Its domain is the one whose users are
    /// users of this machine.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// What a client is told about this server now. Some clients answer with the challenge's domain
    /// when none was typed (go-ntlmssp): a users file with one domain only gives that one, where the
    /// configuration names none.
    pub fn challenge_target(&self) -> Cow<'_, Target> {
        let only_domain = match (self.target.kind, self.verifiers.as_slice()) {
            (TargetKind::Server, [verifier]) => verifier.only_domain(),
            _ => None,
        };
        match only_domain.and_then(|domain| target::told_as_domain(&domain)) {
            Some(domain) => Cow::Owned(Target {
                netbios_domain: domain,
                kind: TargetKind::Domain,
                ..self.target.clone()
            }),
            None => Cow::Borrowed(&self.target),
        }
    }

    /// Who is asked for a login, in this order.
    pub fn verifiers(&self) -> &[Box<dyn Verifier>] {
        &self.verifiers
    }

    /// Who knows what the groups of verified users are called, if anybody does.
    pub fn group_names(&self) -> Option<Arc<dyn GroupNames>> {
        self.verifiers
            .iter()
            .find_map(|verifier| verifier.group_names())
    }

    /// The TLS connections that a client should have come through, as far as they are known.
    pub fn channels(&self) -> Channels {
        let enforced = self.certificates.channel();
        let audited = match &self.audited_certificates {
            Some(certificates) => certificates.channel(),
            None => Arc::clone(&enforced),
        };
        Channels { enforced, audited }
    }

    /// The limit on guessed passwords; `None` if there is none.
    pub fn guess_limit(&self) -> Option<&GuessLimit> {
        self.guess_limit.as_ref()
    }

    /// Whether a verifier has learnt what the configuration must be loaded anew for.
    fn is_outdated(&self) -> bool {
        self.verifiers.iter().any(|verifier| verifier.is_outdated())
    }

    /// The same, or another process has. May read a file.
    fn is_outdated_on_this_host(&self) -> bool {
        let netlogon = self.config.netlogon.as_ref();
        let name = netlogon.and_then(Netlogon::learnt_name);
        self.is_outdated() || name.is_some_and(|name| name.as_str() != self.target.netbios_domain)
    }

    fn new(config: Config, source: &Source) -> Result<Self, Fault> {
        let named = with_learnt_name(&config);
        let target = target::target(&named, source)?;
        let verifiers = named
            .verify
            .iter()
            .map(|kind| verifier(*kind, &named, &target))
            .collect::<Result<_, Fault>>()?;
        let certificates = Certificates::open(&config.policy.tls_certificates, config.log.to)?;
        let audit = config.policy.audit.as_ref();
        let audited_certificates = audit
            .map(|audit| audit.tls_certificates.as_slice())
            .filter(|paths| !paths.is_empty())
            .map(|paths| Certificates::open(paths, config.log.to))
            .transpose()?;
        let guess_limit = guess_limit(&config);
        Ok(Self {
            config,
            target,
            verifiers,
            certificates,
            audited_certificates,
            guess_limit,
        })
    }
}

/// With the NetBIOS name that controllers have told, in the place of a guess.
fn with_learnt_name(config: &Config) -> Cow<'_, Config> {
    let netlogon = config.netlogon.as_ref();
    let Some(name) = netlogon.and_then(Netlogon::learnt_name) else {
        return Cow::Borrowed(config);
    };
    let mut config = config.clone();
    if let Some(netlogon) = &mut config.netlogon {
        netlogon.netbios_domain = name;
    }
    Cow::Owned(config)
}

/// The configurations that this process has loaded: a handful at most.
static LOADED: PerProcess<Mutex<Vec<(Source, Loaded)>>> = PerProcess::new();

#[derive(Clone)]
struct Loaded {
    /// The state of the file that `setup` was made from; none if there is no file, or if that state
    /// is not certain.
    stamp: Option<Stamp>,
    /// When the file was looked at.
    looked: Instant,
    setup: Arc<Setup>,
}

/// The configuration in force. A change of its file is seen a second later at the latest.
///
/// A file with a mistake in it leaves the configuration before it in force, and the log says so:
/// what worked goes on working while somebody edits. A file that is gone, or closed to this process,
/// turns NTLM off, and so does `enabled = false`.
///
/// # Errors
/// [`Minor::NotConfigured`], [`Minor::SwitchedOff`], [`Minor::BadConfiguration`], or what a verifier
/// lacks.
pub fn load(source: &Source) -> Result<Arc<Setup>, Fault> {
    load_at(Instant::now(), source)
}

/// The state directory of the configuration in force; the default one if there is none, or if it
/// asks no domain.
///
/// # Errors
/// As [`load`], but for a configuration that is not there.
pub fn state_dir(source: &Source) -> Result<PathBuf, Fault> {
    let setup = match load(source) {
        Err(fault) if !is_an_order(&fault) => return Err(fault),
        outcome => outcome.ok(),
    };
    let netlogon = setup
        .as_ref()
        .and_then(|setup| setup.config.netlogon.as_ref());
    Ok(netlogon.map_or_else(
        || config::DEFAULT_STATE_DIR.into(),
        |netlogon| netlogon.state_dir.clone(),
    ))
}

fn load_at(now: Instant, source: &Source) -> Result<Arc<Setup>, Fault> {
    let all = LOADED.of_this_process(Mutex::default);
    let before = lock(all)
        .iter()
        .find(|(of, _)| of == source)
        .map(|(_, loaded)| loaded.clone());
    if let Some(before) = &before
        && now.saturating_duration_since(before.looked) < LOOK_AGAIN
        && !before.setup.is_outdated()
    {
        return Ok(Arc::clone(&before.setup));
    }
    let outcome = look_again(now, source, before);
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

/// Loads what is not loaded yet, or has changed.
fn look_again(now: Instant, source: &Source, before: Option<Loaded>) -> Result<Loaded, Fault> {
    let stamp = source.file().and_then(|file| Stamp::of(file).ok());
    if let Some(before) = &before
        && (source.file().is_none() || (stamp.is_some() && stamp == before.stamp))
        && !before.setup.is_outdated_on_this_host()
    {
        return Ok(Loaded {
            looked: now,
            ..before.clone()
        });
    }
    match (load_anew(now, source, &before), before) {
        (Err(fault), Some(before)) if !is_an_order(&fault) => {
            let to = before.setup.config.log.to;
            let told = fault.for_the_log();
            log::write(
                to,
                Severity::Error,
                format_args!("{told}; what was in force stays so"),
            );
            // Without a stamp: it may be mended in another file.
            Ok(Loaded {
                stamp: None,
                looked: now,
                ..before
            })
        }
        (outcome, _) => outcome,
    }
}

/// A configuration that is gone, or that says so, turns NTLM off: that is no mistake.
fn is_an_order(fault: &Fault) -> bool {
    matches!(fault.minor(), Minor::NotConfigured | Minor::SwitchedOff)
}

fn load_anew(now: Instant, source: &Source, before: &Option<Loaded>) -> Result<Loaded, Fault> {
    let is_first = before.is_none();
    let (config, stamp) = read(source).inspect_err(|fault| {
        if is_first && (!is_an_order(fault) || source.file().is_some_and(Path::exists)) {
            tell_once(LogTarget::Syslog, fault);
        }
    })?;
    if !config.policy.enabled {
        return Err(Minor::SwitchedOff.into());
    }
    let setup = match before {
        Some(before)
            if before.setup.config == config && !before.setup.is_outdated_on_this_host() =>
        {
            Arc::clone(&before.setup)
        }
        _ => {
            let to = config.log.to;
            let setup = Setup::new(config, source).inspect_err(|fault| {
                if is_first {
                    tell_once(to, fault);
                }
            });
            Arc::new(setup?)
        }
    };
    Ok(Loaded {
        stamp,
        looked: now,
        setup,
    })
}

/// Says why no configuration is in force in this process, each reason once.
fn tell_once(to: LogTarget, fault: &Fault) {
    static LAST: PerProcess<Mutex<Option<Fault>>> = PerProcess::new();
    let mut last = lock(LAST.of_this_process(Mutex::default));
    if last.as_ref() != Some(fault) {
        *last = Some(fault.clone());
        let (told, code) = (fault.for_the_log(), fault.minor().code());
        let line = format_args!("{told}; no login is accepted in this process [{code:x}]");
        log::write(to, Severity::Error, line);
    }
}

fn read(source: &Source) -> Result<(Config, Option<Stamp>), Fault> {
    /// No configuration is longer.
    const LIMIT: u64 = 1 << 20;
    let Some(path) = source.file() else {
        let users = config::Users {
            file: source.users_file.clone().unwrap_or_default(),
            netbios_computer: None,
            netbios_domain: None,
        };
        return Ok((Config::of_users_file(users), None));
    };
    let shown = path.display();
    if !path.is_absolute() {
        return Err(
            Minor::NotConfigured.because(format_args!("{shown}: the path must begin with /"))
        );
    }
    let (text, stamp) = file::read(path, LIMIT).map_err(|error| match source.config {
        Some(_) => Minor::NotConfigured.because(format_args!("{shown}: {error}")),
        None => Minor::NotConfigured.because(format_args!(
            "{shown}: {error}; neither NTLMDC_CONFIG nor NTLM_USER_FILE is set"
        )),
    })?;
    let config = text::parse(&text)
        .map_err(|error| error.to_string())
        .and_then(Config::parse)
        .map_err(|error| Minor::BadConfiguration.because(format_args!("{shown}: {error}")))?;
    Ok((config, stamp.settled(SystemTime::now())))
}

/// Only where a domain counts wrong passwords, and locks accounts, must ours be counted together.
fn guess_limit(config: &Config) -> Option<GuessLimit> {
    let shared = config.netlogon.as_ref().map(|netlogon| {
        let domain = netlogon.netbios_domain.as_str();
        netlogon.state_dir.join(format!("{domain}.guesses"))
    });
    let rule = config.policy.guess_limit?;
    Some(GuessLimit::new(rule, shared, config.log.to))
}

fn verifier(
    kind: VerifierKind,
    config: &Config,
    target: &Target,
) -> Result<Box<dyn Verifier>, Fault> {
    match (kind, &config.users, &config.netlogon) {
        (VerifierKind::Users, Some(users), _) => {
            let alone = config.verify.len() == 1;
            // Beside a domain, local users are the computer's own, as on Windows.
            let domain = match (&users.netbios_domain, alone) {
                (Some(domain), _) => domain.as_str(),
                (None, true) => &target.netbios_domain,
                (None, false) => &target.netbios_computer,
            };
            let own = Own {
                domain: domain.to_owned(),
                configured: target.kind == TargetKind::Domain,
                alone,
            };
            Ok(Box::new(Users::open(&users.file, own, config.log.to)?))
        }
        (VerifierKind::Netlogon, _, Some(netlogon)) => {
            let users = config.users.as_ref();
            let users_domain = users.and_then(|users| users.netbios_domain.clone());
            let netlogon = Netlogon::logging_to(netlogon.clone(), config.log.to);
            Ok(Box::new(netlogon.beside_users_of(users_domain)))
        }
        (kind, ..) => Err(Minor::BadConfiguration.because(format_args!("no table for {kind:?}"))),
    }
}

#[cfg(test)]
mod tests;
