//! A setup, made from a configuration.

use std::borrow::Cow;
use std::sync::Arc;

use crate::base::config::{self, Config, DEFAULT_STATE_DIR, NetbiosName, VerifierKind};
use crate::base::counters::{Counters, Place};
use crate::base::fault::{Fault, Minor};
use crate::login::guess_limit::GuessLimit;
use crate::login::policy::Channels;
use crate::login::policy::tls_channel::Certificates;
use crate::login::setup::source::Source;
use crate::login::setup::target;
use crate::login::verify::directory::Directory;
use crate::login::verify::forests::Forests;
use crate::login::verify::netlogon::Netlogon;
use crate::login::verify::relay::Relayed;
use crate::login::verify::users::{Own, Users};
use crate::login::verify::{Account, Begun, GroupNames, Verifier};
use crate::protocol::ntlm::acceptor::{PassedOn, Target, TargetKind};

/// A configuration in force, with what was made from it.
pub struct Setup {
    config: Config,
    target: Target,
    /// The names of the sections `[[netlogon]]` after the first.
    other_targets: Vec<Target>,
    verifiers: Vec<Box<dyn Verifier>>,
    certificates: Certificates,
    /// `None`: the audit uses `certificates`.
    audited_certificates: Option<Certificates>,
    guess_limit: Option<GuessLimit>,
    counters: Counters,
}

impl Setup {
    /// The configuration as written.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The names that the configuration gives this server. Users of its domain are users of this
    /// machine.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The names for a challenge to a client that names this domain, unproven. Of several forests
    /// it chooses one: only its controllers can verify the answer.
    ///
    /// Some clients (go-ntlmssp) use the domain of the challenge if the user typed none. So if the
    /// configuration names no domain, and all lines of the users file name the same, the challenge
    /// has that domain.
    pub fn challenge_target(&self, named: Option<&str>) -> Cow<'_, Target> {
        if let Some(target) = named.and_then(|named| self.other_target(named)) {
            return Cow::Borrowed(target);
        }
        let only_domain = match (self.target.kind, self.verifiers.as_slice()) {
            (TargetKind::Server, [verifier]) => verifier.only_domain(),
            _ => None,
        };
        match only_domain.and_then(|domain| target::challenge_domain(&domain)) {
            Some(domain) => Cow::Owned(Target {
                netbios_domain: domain,
                kind: TargetKind::Domain,
                ..self.target.clone()
            }),
            None => Cow::Borrowed(&self.target),
        }
    }

    /// The names of the forest that has a domain of this name, if it is not the first.
    fn other_target(&self, named: &str) -> Option<&Target> {
        let mut others = self.other_targets.iter();
        let mut verifiers = self.verifiers.iter();
        let section = verifiers.find_map(|verifier| verifier.section_of(named))?;
        others.find(|target| target.dns_domain == section)
    }

    /// The verifiers, in the order in which they are asked.
    pub fn verifiers(&self) -> &[Box<dyn Verifier>] {
        &self.verifiers
    }

    /// Has another server make the challenge, if a verifier passes the messages on.
    pub fn pass_on(&self, negotiate: PassedOn<'_>) -> Option<Begun> {
        self.verifiers
            .iter()
            .find_map(|verifier| verifier.begin(negotiate))
    }

    /// Looks up the names of an account's groups. `None`: no verifier can.
    pub fn group_names(&self, account: &Account) -> Option<Arc<dyn GroupNames>> {
        self.verifiers
            .iter()
            .find_map(|verifier| verifier.group_names(account))
    }

    /// The TLS channels of this server, as far as they are known.
    pub fn channels(&self) -> Channels {
        let enforced = self.certificates.channel();
        let audited = match &self.audited_certificates {
            Some(certificates) => certificates.channel(),
            None => Arc::clone(&enforced),
        };
        Channels { enforced, audited }
    }

    /// The limit on guessed passwords. `None`: there is no limit.
    pub fn guess_limit(&self) -> Option<&GuessLimit> {
        self.guess_limit.as_ref()
    }

    /// The counters of the server's processes.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Whether a verifier of this process has learnt something that needs a new setup.
    pub(super) fn is_outdated(&self) -> bool {
        self.verifiers.iter().any(|verifier| verifier.is_outdated())
    }

    /// As [`Self::is_outdated`], for every process of this host. May read a file.
    pub(super) fn is_outdated_on_this_host(&self) -> bool {
        let netlogon = self.config.netlogon_in_use().first();
        let name = netlogon.and_then(Netlogon::learnt_name);
        self.is_outdated() || name.is_some_and(|name| name.as_str() != self.target.netbios_domain)
    }

    /// # Errors
    /// What a verifier, a name or a certificate lacks.
    pub(super) fn new(config: Config, source: &Source) -> Result<Self, Fault> {
        let named = with_learnt_name(&config);
        let target = target::target(&named, source)?;
        let others = named.netlogon_in_use().iter().skip(1);
        let other_targets = others.map(target::of_netlogon).collect();
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
        let counters = Counters::of(place_of_counters(&config));
        Ok(Self {
            config,
            target,
            other_targets,
            verifiers,
            certificates,
            audited_certificates,
            guess_limit,
            counters,
        })
    }
}

/// The configuration with the NetBIOS name that controllers gave, where it has only a guess. Of
/// several domains each is written.
fn with_learnt_name(config: &Config) -> Cow<'_, Config> {
    let netlogon = config.netlogon_in_use().first();
    let Some(name) = netlogon.and_then(Netlogon::learnt_name) else {
        return Cow::Borrowed(config);
    };
    let mut config = config.clone();
    if let Some(netlogon) = config.netlogon.first_mut() {
        netlogon.netbios_domain = name;
    }
    Cow::Owned(config)
}

/// The processes of a host share their counts only if a domain counts wrong passwords too, and
/// locks accounts.
fn guess_limit(config: &Config) -> Option<GuessLimit> {
    let shared = config
        .shared_state()
        .map(|(domain, state_dir)| state_dir.join(format!("{}.guesses", domain.as_str())));
    let rule = config.policy.guess_limit?;
    Some(GuessLimit::new(rule, shared, config.log.to))
}

/// Without a domain there is a state directory only if an administrator has made it.
fn place_of_counters(config: &Config) -> Place {
    match config.shared_state() {
        Some((_, state_dir)) => Place::Made(state_dir.to_owned()),
        None => Place::IfThere(DEFAULT_STATE_DIR.into()),
    }
}

fn verifier(
    kind: VerifierKind,
    config: &Config,
    target: &Target,
) -> Result<Box<dyn Verifier>, Fault> {
    let log = config.log.to;
    let missing = || Minor::BadConfiguration.because(format_args!("no table for {kind:?}"));
    match kind {
        VerifierKind::Users => {
            let users = config.users.as_ref().ok_or_else(missing)?;
            let own = own_users(users, config, target);
            Ok(Box::new(Users::open(&users.file, own, log)?))
        }
        VerifierKind::Netlogon => {
            let of = |section: &config::Netlogon| {
                let netlogon = Netlogon::logging_to(section.clone(), log);
                netlogon.beside_users_of(domains_beside(config))
            };
            match config.netlogon.as_slice() {
                [] => Err(missing()),
                [only] => Ok(Box::new(of(only))),
                several => Ok(Box::new(Forests::new(several.iter().map(of).collect()))),
            }
        }
        VerifierKind::Relay => {
            let relay = config.relay.clone().ok_or_else(missing)?;
            Ok(Box::new(Relayed::new(relay, log)))
        }
        VerifierKind::Directory => {
            let directory = config.directory.clone().ok_or_else(missing)?;
            Ok(Box::new(Directory::new(directory, log)))
        }
    }
}

/// The domains of the verifiers beside `netlogon`, and the name of this host in each section: a
/// trusted domain of such a name could have users that pass for theirs, or for local ones.
fn domains_beside(config: &Config) -> Vec<NetbiosName> {
    let users = config.users.as_ref();
    let directory = config.directory.as_ref();
    let of_users = users.and_then(|users| users.netbios_domain.clone());
    let of_directory = directory.map(|directory| directory.netbios_domain.clone());
    let sections = config.netlogon_in_use().iter();
    let computers = sections.map(|section| section.account.computer().clone());
    let of_others = of_users.into_iter().chain(of_directory);
    of_others.chain(computers).collect()
}

/// Beside a domain, local users are the computer's own, as on Windows.
fn own_users(users: &config::Users, config: &Config, target: &Target) -> Own {
    let alone = config.verify.len() == 1;
    let domain = match (&users.netbios_domain, alone) {
        (Some(domain), _) => domain.as_str(),
        (None, true) => &target.netbios_domain,
        (None, false) => &target.netbios_computer,
    };
    Own {
        domain: domain.to_owned(),
        configured: target.kind == TargetKind::Domain,
        alone,
    }
}

#[cfg(test)]
mod tests;
