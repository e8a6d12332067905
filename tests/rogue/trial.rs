//! A login whose controller lies, and what must come of it.

use std::fs::{self, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use gss_ntlmdc::base::config::Config;
use gss_ntlmdc::base::fault::{Fault, Minor};
use gss_ntlmdc::login::verify::netlogon::Netlogon;
use gss_ntlmdc::login::verify::{GroupName, Logon, Refusal, Verifier};
use tempfile::TempDir;

use crate::controller::{Controller, Lie, NT_HASH};
use crate::draft::{Draft, Step};
use crate::seal::Key;
use crate::support::client::Client;

/// As [`verifier`] configures it, and what may come on top.
const LIMIT: Duration = Duration::from_millis(2500);
/// How many trials run at once.
const AT_ONCE: usize = 32;

/// A verifier with short patience, and the directory that holds its secret.
pub struct Ready {
    verifier: Netlogon,
    controllers: Vec<String>,
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
    Ready::on(directory, controllers, "")
}

/// Makes this NT hash the secret that a verifier is told.
pub fn write_secret(file: &Path, nt_hash: &Key) {
    let digits: String = nt_hash.iter().map(|byte| format!("{byte:02x}")).collect();
    fs::write(file, digits).unwrap();
    fs::set_permissions(file, Permissions::from_mode(0o600)).unwrap();
}

impl Ready {
    fn on(directory: Arc<TempDir>, controllers: &[String], more: &str) -> Self {
        let budget = match more.contains("budget") {
            true => "",
            false => "budget = \"2s\"",
        };
        let text = format!(
            r#"
            verify = ["netlogon"]
            [netlogon]
            domain = "example.test"
            account = "WEB1-NTLM$"
            secret = "{}"
            controllers = {controllers:?}
            state_dir = "{}"
            connect_timeout = "500ms"
            call_timeout = "1s"
            {budget}
            {more}
            "#,
            directory.path().join("secret").display(),
            directory.path().join("state").display(),
        );
        fs::write(directory.path().join("config"), &text).unwrap();
        let config = Config::parse(&text).unwrap().netlogon.unwrap();
        Self {
            verifier: Netlogon::new(config),
            controllers: controllers.to_vec(),
            directory,
        }
    }

    /// Another process of the same host, as far as a verifier can tell.
    pub fn sibling(&self) -> Self {
        Self::on(Arc::clone(&self.directory), &self.controllers, "")
    }

    /// The same, with other controllers.
    pub fn sibling_of(&self, controllers: &[SocketAddr]) -> Self {
        let controllers: Vec<_> = controllers.iter().map(ToString::to_string).collect();
        Self::on(Arc::clone(&self.directory), &controllers, "")
    }

    /// The same, with these settings of `[netlogon]` too.
    pub fn with(&self, settings: &str) -> Self {
        Self::on(Arc::clone(&self.directory), &self.controllers, settings)
    }

    /// The same, once the secret is old enough to be told from a later one: channels and outages last
    /// longer than the first second.
    pub fn settled(self) -> Self {
        thread::sleep(Duration::from_millis(100));
        self
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

    /// Alice logs in; and what her one group is called, if that can be had; in time as well.
    pub fn group_name(&self) -> Option<GroupName> {
        let (account, names) = self.login("alice").unwrap().into_parts();
        let began = Instant::now();
        let mut names = names.unwrap().names_of(&account.group_sids);
        let spent = began.elapsed();
        assert!(spent <= LIMIT, "it took {spent:?}");
        assert_eq!(names.len(), 1);
        names.pop().unwrap()
    }

    /// Somebody logs in; in time.
    pub fn login(&self, user: &str) -> Result<Logon, Refusal> {
        self.login_as(&Client::with_password(user, "whatever"))
    }

    /// This client logs in; in time.
    pub fn login_as(&self, client: &Client) -> Result<Logon, Refusal> {
        let began = Instant::now();
        let result = self.verifier.verify(&client.attempt());
        let spent = began.elapsed();
        assert!(spent <= LIMIT, "it took {spent:?}");
        result
    }

    /// Somebody is not let in, for this reason.
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
    /// One after which nobody can tell.
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
        let began = Instant::now();
        let result = verifier(controller.address).login("alice");
        let spent = began.elapsed();
        let (kind, fault) = match result {
            Ok(logon) => return Err(format!("{}: LET IN {:?}", self.what, logon.account())),
            Err(refusal) => told_as(refusal),
        };
        let problem = if (kind, fault.minor()) != (self.kind, self.minor) {
            format!("{kind:?}: {}", fault.for_the_log())
        } else if !told.load(Ordering::SeqCst) {
            "nobody lied".to_owned()
        } else if !controller.complaints().is_empty() {
            format!("{:?}", controller.complaints())
        } else if spent > LIMIT {
            format!("took {spent:?}")
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
