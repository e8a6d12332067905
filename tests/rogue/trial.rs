//! A login whose controller lies, and what must come of it.

use std::fs::{self, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use gss_ntlmdc::base::config::Config;
use gss_ntlmdc::base::fault::{Fault, Minor};
use gss_ntlmdc::base::file::Stamp;
use gss_ntlmdc::login::verify::netlogon::Netlogon;
use gss_ntlmdc::login::verify::{GroupName, Logon, Refusal, Verifier};
use tempfile::TempDir;

use crate::controller::{Controller, Lie, NT_HASH};
use crate::draft::{Draft, Step};
use crate::seal::Key;
use crate::support::client::Client;

/// The limits of a verifier that no controller keeps waiting, however busy the machine is.
const PATIENT: [&str; 4] = [
    "connect_timeout = \"20s\"",
    "call_timeout = \"20s\"",
    "logon_timeout = \"20s\"",
    "budget = \"40s\"",
];
/// The limits of a verifier that meets silence: each is as long as a test of it takes.
const HASTY: [&str; 4] = [
    "connect_timeout = \"2s\"",
    "call_timeout = \"2s\"",
    "logon_timeout = \"2s\"",
    "budget = \"20s\"",
];
/// What takes longer has no deadline: the budgets, and what a busy machine needs.
const LIMIT: Duration = Duration::from_secs(60);
/// How many trials run at once.
const AT_ONCE: usize = 32;

/// Waits for what another thread is about to do.
#[track_caller]
pub fn until(condition: impl Fn() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < LIMIT, "it does not happen");
        thread::sleep(Duration::from_millis(1));
    }
}

/// What a test finds within a period that the product counts from its first step. A machine that is
/// too busy for that has the test run anew.
pub fn within<T>(period: Duration, test: impl Fn() -> T) -> T {
    for _ in 0..20 {
        let began = Instant::now();
        let found = test();
        if began.elapsed() < period {
            return found;
        }
    }
    panic!("the machine is too busy for {period:?}");
}

/// A verifier, and the directory that holds its secret.
pub struct Ready {
    verifier: Netlogon,
    controllers: Vec<String>,
    limits: [&'static str; 4],
    directory: Arc<TempDir>,
}

/// A verifier that asks this controller.
pub fn verifier(controller: SocketAddr) -> Ready {
    verifier_of(&[controller])
}

/// A verifier that asks these controllers.
pub fn verifier_of(controllers: &[SocketAddr]) -> Ready {
    let controllers: Vec<_> = controllers.iter().map(ToString::to_string).collect();
    verifier_of_hosts(&controllers)
}

/// A verifier that asks these, as they are written into `controllers`.
pub fn verifier_of_hosts(controllers: &[String]) -> Ready {
    let directory = Arc::new(tempfile::tempdir().unwrap());
    write_secret(&directory.path().join("secret"), &NT_HASH);
    Ready::on(directory, controllers, PATIENT, "")
}

/// Makes this NT hash the verifier's secret, and waits until the file is old enough to be
/// distinguished from a later one: until then, channels and outages last until the next check of
/// the file only.
pub fn write_secret(file: &Path, nt_hash: &Key) {
    let digits: String = nt_hash.iter().map(|byte| format!("{byte:02x}")).collect();
    fs::write(file, digits).unwrap();
    fs::set_permissions(file, Permissions::from_mode(0o600)).unwrap();
    let stamp = Stamp::of(file).unwrap();
    until(|| stamp.settled(SystemTime::now()).is_some());
}

impl Ready {
    fn on(
        directory: Arc<TempDir>,
        controllers: &[String],
        limits: [&'static str; 4],
        more: &str,
    ) -> Self {
        let is_given = |limit: &str| more.contains(limit.split(' ').next().unwrap());
        let usual = limits.into_iter().filter(|limit| !is_given(limit));
        let usual = usual.collect::<Vec<_>>().join("\n");
        let text = format!(
            r#"
            verify = ["netlogon"]
            [netlogon]
            domain = "example.test"
            account = "WEB1-NTLM$"
            secret = "{}"
            controllers = {controllers:?}
            state_dir = "{}"
            {usual}
            {more}
            "#,
            directory.path().join("secret").display(),
            directory.path().join("state").display(),
        );
        fs::write(directory.path().join("config"), &text).unwrap();
        let config = Config::parse(&text).unwrap().netlogon.pop().unwrap();
        Self {
            verifier: Netlogon::new(config),
            controllers: controllers.to_vec(),
            limits,
            directory,
        }
    }

    /// The same, with the limits of one that meets silence.
    pub fn hasty(self) -> Self {
        Self::on(self.directory, &self.controllers, HASTY, "")
    }

    /// Another process of the same host, as far as a verifier can tell.
    pub fn sibling(&self) -> Self {
        self.with("")
    }

    /// The same, with other controllers.
    pub fn sibling_of(&self, controllers: &[SocketAddr]) -> Self {
        let controllers: Vec<_> = controllers.iter().map(ToString::to_string).collect();
        Self::on(Arc::clone(&self.directory), &controllers, self.limits, "")
    }

    /// The same, with these settings of `[netlogon]` too.
    pub fn with(&self, settings: &str) -> Self {
        let directory = Arc::clone(&self.directory);
        Self::on(directory, &self.controllers, self.limits, settings)
    }

    /// The file that holds its configuration.
    pub fn config(&self) -> PathBuf {
        self.directory.path().join("config")
    }

    /// The file that holds its secret.
    pub fn secret(&self) -> PathBuf {
        self.directory.path().join("secret")
    }

    /// How many keys it has kept for other processes.
    pub fn kept_keys(&self) -> usize {
        let entries = fs::read_dir(self.directory.path().join("state")).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths
            .filter(|path| path.extension().is_some_and(|kind| kind == "state"))
            .count()
    }

    /// Alice logs in, within the time limit; the name of the only group, if available.
    pub fn group_name(&self) -> Option<GroupName> {
        let (account, names) = self.login("alice").unwrap().into_parts();
        let began = Instant::now();
        let mut names = names.unwrap().names_of(&account.group_sids);
        let spent = began.elapsed();
        assert!(spent <= LIMIT, "it took {spent:?}");
        assert_eq!(names.len(), 1);
        names.pop().unwrap()
    }

    /// A user logs in, within the time limit.
    pub fn login(&self, user: &str) -> Result<Logon, Refusal> {
        self.login_as(&Client::with_password(user, "whatever"))
    }

    /// This client logs in, within the time limit.
    pub fn login_as(&self, client: &Client) -> Result<Logon, Refusal> {
        let began = Instant::now();
        let result = self.verifier.verify(&client.attempt());
        let spent = began.elapsed();
        assert!(spent <= LIMIT, "it took {spent:?}");
        result
    }

    /// A user is refused, for this reason.
    #[track_caller]
    pub fn refuses(&self, user: &str, kind: Kind, minor: Minor) -> Fault {
        let (told, fault) = told_as(self.login(user).unwrap_err());
        let text = fault.for_the_log();
        assert_eq!((told, fault.minor()), (kind, minor), "{text}");
        fault
    }
}

/// A lie about one step, each time.
pub fn at(step: Step, lie: impl Fn(&mut Draft) + Send + Sync + 'static) -> Lie {
    Box::new(move |draft| {
        if draft.step == step {
            lie(draft);
        }
    })
}

/// How a refusal is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    NotMine,
    Denied,
    Unavailable,
}

/// What was lied, and what must come of it.
pub struct Trial {
    pub what: String,
    pub lie: Lie,
    pub kind: Kind,
    pub minor: Minor,
}

impl Trial {
    /// A lie after which the verdict is unknown.
    pub fn new(what: impl ToString, minor: Minor, lie: Lie) -> Self {
        Self {
            what: what.to_string(),
            lie,
            kind: Kind::Unavailable,
            minor,
        }
    }

    fn run(self) -> Result<(), String> {
        let told = Arc::new(AtomicBool::new(false));
        let (telling, lie) = (Arc::clone(&told), self.lie);
        let controller = Controller::that(Box::new(move |draft| {
            let honest = fingerprint(draft);
            lie(draft);
            if fingerprint(draft) != honest {
                telling.store(true, Ordering::SeqCst);
            }
        }));
        let verifier = verifier(controller.address);
        let verifier = match self.minor {
            Minor::ControllerTimeout => verifier.hasty(),
            _ => verifier,
        };
        let (kind, fault) = match verifier.login("alice") {
            Ok(logon) => return Err(format!("{}: LET IN {:?}", self.what, logon.account())),
            Err(refusal) => told_as(refusal),
        };
        let problem = if (kind, fault.minor()) != (self.kind, self.minor) {
            format!("{kind:?}: {}", fault.for_the_log())
        } else if !told.load(Ordering::SeqCst) {
            "no lie was told".to_owned()
        } else if !controller.complaints().is_empty() {
            format!("{:?}", controller.complaints())
        } else {
            return Ok(());
        };
        Err(format!("{}: {problem}", self.what))
    }
}

/// All that a lie can change.
fn fingerprint(draft: &Draft) -> String {
    let Draft {
        ptype,
        flags,
        drep,
        call_id,
        context,
        body,
        bind_auth,
        sealed,
        swallowed,
        change,
        delivery,
        ..
    } = draft;
    let change = *change as usize;
    format!(
        "{ptype} {flags} {drep:?} {call_id} {context} {body:?} {bind_auth:?} {sealed:?} \
         {swallowed} {change} {delivery:?}"
    )
}

fn told_as(refusal: Refusal) -> (Kind, Fault) {
    match refusal {
        Refusal::NotMine(fault) => (Kind::NotMine, fault),
        Refusal::Denied(fault) => (Kind::Denied, fault),
        Refusal::Unavailable(fault) | Refusal::Unanswered(fault) => (Kind::Unavailable, fault),
    }
}

/// Runs them all; each must be refused as it says.
pub fn all_refused(trials: Vec<Trial>) {
    let mut trials = trials;
    assert!(!trials.is_empty());
    let mut problems = Vec::new();
    while !trials.is_empty() {
        let rest = trials.split_off(trials.len().min(AT_ONCE));
        thread::scope(|scope| {
            let running: Vec<_> = trials
                .drain(..)
                .map(|trial| scope.spawn(|| trial.run()))
                .collect();
            for trial in running {
                problems.extend(trial.join().unwrap_or(Err("a panic".to_owned())).err());
            }
        });
        trials = rest;
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
