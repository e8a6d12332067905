//! `join`: a machine account, its secret, and a configuration that works.
//!
//! ```text
//! plan        names, files, the service; nothing is changed
//! controller  found, connected to, logged in to
//! account     made, or reset          ─┐
//! files       secret and state          │ what was made is undone
//! trial       the secure channel opens  │ if a later step fails
//! files       configuration, mechanism ─┘
//! ```
//!
//! The new secret is on the disk before the account has it. A run that was killed leaves it there,
//! and the next one goes on with it.

pub mod account;
pub mod files;
pub mod interrupt;
mod names;
pub mod new_secret;
mod next_steps;
pub mod plan;
mod searched_domain;
pub mod trial;
mod undo;

use std::process::{Command, ExitCode};

use gss_ntlmdc::directory::{Client, Protection};

use crate::arguments::Join;
use crate::domain_directory::{self, Administrator, Chosen};
use crate::input;
use crate::report;
use crate::secret_directory;
use crate::steps::{Problem, Steps};
use account::{Decision, Directory, NotDone, Wanted};
use files::Configuration;
use new_secret::{Change, Earlier, NewSecret, SecretFiles};
use plan::Plan;
use undo::Undo;

/// A clock that differs by more than this is worth a word: Kerberos and certificates suffer.
const CLOCK_SKEW: i64 = 5 * 60;

/// Joins the host.
///
/// # Errors
/// The command line cannot be used, or there is no password. Nothing was changed.
pub fn run(arguments: &Join) -> Result<ExitCode, String> {
    let plan = Plan::new(arguments)?;
    let title = format!("Joining {} as {}$", plan.domain, plan.computer);
    let steps = Steps::new(arguments.output.json, &title);
    let mut run = Run {
        arguments,
        plan: &plan,
        steps,
        undo: Undo::default(),
        secret: None,
    };
    let next = run.join()?;
    let mut steps = run.steps;
    let Some(next) = next else {
        run.undo.run(run.secret.as_ref(), &mut steps);
        return Ok(steps.finish(&[]));
    };
    // Nothing is changed any more.
    drop(run.undo);
    let status = steps.finish(&next);
    if !arguments.output.json {
        run_check(&plan);
        anstream::println!("\nNext:");
        for command in next {
            anstream::println!("  {}", report::printable(&command));
        }
    }
    Ok(status)
}

/// A run. Where a function returns `None`, a step has failed, and `steps` has it.
struct Run<'a> {
    arguments: &'a Join,
    plan: &'a Plan,
    steps: Steps,
    undo: Undo,
    /// The new secret, once it is on the disk.
    secret: Option<NewSecret>,
}

impl Run<'_> {
    /// The commands that are left to the administrator.
    fn join(&mut self) -> Result<Option<Vec<String>>, String> {
        let fits = self.plan.configuration_fits();
        let fits = fits.and_then(|()| files::check(self.plan));
        if let Err(problem) = fits {
            self.steps.failed("this host", &problem);
            return Ok(None);
        }
        // As `rotate` does, until the end.
        let locked = secret_directory::lock(&self.plan.secret_path);
        let locked = locked.map_err(|problem| Problem::new(problem, "Then run this again."));
        let Ok(_lock) = locked.inspect_err(|problem| self.steps.failed("this host", problem))
        else {
            return Ok(None);
        };
        let found = self.plan.netlogon();
        let found = found.and_then(|config| domain_directory::choose(&config));
        let Some(chosen) = self.steps.take("controller", found, described) else {
            return Ok(None);
        };
        compare_clocks(&chosen, &mut self.steps);
        let taken = match self.arguments.offline {
            true => self.take_offline()?.map(|()| None),
            false => self.take_online(&chosen)?,
        };
        let netbios = taken.map(|netbios| netbios.or_else(|| chosen.netbios_domain.clone()));
        Ok(netbios.and_then(|netbios| self.set_up(&chosen, netbios.as_deref())))
    }

    fn take_offline(&mut self) -> Result<Option<()>, String> {
        let file = self.arguments.login.password_file.as_deref();
        let password = input::password(file, &format!("{}$", self.plan.computer))?;
        self.undo.begin();
        let secret = SecretFiles::read(self.plan).and_then(|files| files.given(&password));
        Ok(self.keep(secret))
    }

    /// The domain's NetBIOS name, if the directory tells.
    fn take_online(&mut self, chosen: &Chosen) -> Result<Option<Option<String>>, String> {
        let (login, steps) = (&self.arguments.login, &mut self.steps);
        let protection = domain_directory::protection(login)?;
        let connected = domain_directory::connect(chosen, &protection);
        let Ok(mut client) = connected.inspect_err(|problem| steps.failed("connection", problem))
        else {
            return Ok(None);
        };
        let domain = &self.plan.domain;
        let ticket = Administrator::with_ticket(login, chosen, domain, steps);
        let administrator = match ticket.transpose() {
            Some(administrator) => administrator,
            None => Ok(Administrator::with_password(login, domain)?),
        };
        let logged_in =
            administrator.and_then(|administrator| administrator.log_in(&mut client, &protection));
        let Some(login) = steps.take("login", logged_in, ToString::to_string) else {
            return Ok(None);
        };
        Ok(self.take_account(chosen, client, &login.user))
    }

    fn take_account(
        &mut self,
        chosen: &Chosen,
        client: Client,
        user: &str,
    ) -> Option<Option<String>> {
        let directory = Directory::open(client, user);
        let directory = directory.and_then(|directory| directory.of_domain(&self.plan.domain));
        let mut directory = self.passed("directory", directory)?;
        let wanted = Wanted::new(self.plan, self.arguments.ou.as_deref());
        let files = SecretFiles::read(self.plan);
        let files = self.passed("secret", files)?;
        let own = || own_password(self.plan, chosen, &files);
        let decided = directory.decide(&wanted, self.arguments.reset, own);
        let decided = self.passed("account", decided)?;
        self.undo.begin();
        let change = self.prepare(files, &decided)?;
        self.undo.asked(&decided);
        if let Some(change) = &change {
            let done = directory.carry_out(&wanted, &decided, &change.password);
            self.settle(change, &done);
            self.passed("account", done.map_err(|not_done| not_done.problem))?;
        }
        self.steps.ok("account", decided.to_string());
        if let Some(problem) = directory.set_encryption_types(&decided) {
            self.steps.note(
                "account",
                format!("its Kerberos types stay the domain's default: {problem}"),
            );
        }
        let netbios = directory.netbios_domain();
        self.undo.account(directory, decided);
        Some(netbios)
    }

    /// The change of the password, if there is one: it is on the disk now.
    fn prepare(&mut self, files: SecretFiles, decided: &Decision) -> Option<Option<Change>> {
        if let Decision::Keep { password, .. } = decided {
            let kept = files.keep(*password);
            return self.keep(kept).map(|()| None);
        }
        let begun = files.begin(matches!(decided, Decision::Reset { .. }));
        let (secret, change) = self.passed("secret", begun)?;
        self.keep(Ok(secret))?;
        Some(Some(change))
    }

    /// The new secret is on the disk.
    fn keep(&mut self, secret: Result<NewSecret, Problem>) -> Option<()> {
        let secret = self.passed("secret", secret)?;
        self.undo.secret(&secret);
        self.secret = Some(secret);
        Some(())
    }

    /// Brings the files of the secret to what the controller said.
    fn settle(&mut self, change: &Change, done: &Result<(), NotDone>) {
        let Some(secret) = &self.secret else { return };
        let settled = match done {
            Ok(()) => change.finish(),
            Err(not_done) if not_done.is_refused => change.take_back(secret),
            Err(_) => Err(change.undecided(secret)),
        };
        if done.is_err() {
            // Whatever the account has is on the disk.
            self.secret = None;
        }
        if let Err(problem) = settled {
            self.steps.left("secret", &problem);
        }
    }

    /// Tries the secret, and puts everything in its place.
    fn set_up(&mut self, chosen: &Chosen, netbios: Option<&str>) -> Option<Vec<String>> {
        let plan = self.plan;
        let state = files::make_state_directory(plan, &mut self.undo);
        let (_, wrong) = self
            .steps
            .take("state directory", state, |(text, _)| text.clone())?;
        if let Some(wrong) = wrong {
            self.steps.note("state directory", wrong);
        }
        let configuration = Configuration::begin(plan, netbios, &mut self.undo);
        let configuration = self.passed("configuration", configuration)?;
        let secret = self.secret.as_ref()?;
        let opened = trial::open(
            plan,
            configuration.path(plan),
            secret.path(),
            chosen,
            netbios,
        );
        let text = |(): &()| format!("opens, with the rights of {}", plan.service.name);
        self.steps.take("secure channel", opened, text)?;
        let written = configuration.place(plan, &mut self.undo);
        self.steps.take("configuration", written, String::clone)?;
        let placed = secret.place(plan);
        self.steps.take("secret", placed, String::clone)?;
        let is_new = match files::register_mechanism(&mut self.undo) {
            Ok((is_new, text)) => {
                self.steps.ok("mechanism", text);
                is_new
            }
            // The library may be installed later.
            Err(problem) => {
                let text = format!("{}. {}", problem.what, problem.cure);
                self.steps.note("mechanism", text);
                true
            }
        };
        Some(next_steps::commands(is_new, netbios.unwrap_or("DOMAIN")))
    }

    /// The value of a step that is not worth a word if it succeeds.
    fn passed<T>(&mut self, step: &str, result: Result<T, Problem>) -> Option<T> {
        result
            .inspect_err(|problem| self.steps.failed(step, problem))
            .ok()
    }
}

/// The password of this host that the account has: one of an earlier run.
fn own_password(plan: &Plan, chosen: &Chosen, files: &SecretFiles) -> Option<Earlier> {
    let account = format!("{}$", plan.computer);
    files.earlier().into_iter().find_map(|(earlier, hash)| {
        let mut client = domain_directory::connect(chosen, &Protection::Sealed).ok()?;
        let bound = domain_directory::bind(&mut client, &account, &plan.domain, &hash);
        bound.is_ok().then_some(earlier)
    })
}

fn described(chosen: &Chosen) -> String {
    let address = chosen.address.to_string();
    match chosen.name == address {
        true => address,
        false => format!("{} ({address})", chosen.name),
    }
}

fn compare_clocks(chosen: &Chosen, steps: &mut Steps) {
    if let Some(ahead) = chosen.clock_ahead.filter(|ahead| ahead.abs() > CLOCK_SKEW) {
        let (minutes, side) = (
            ahead.abs() / 60,
            if ahead > 0 { "behind" } else { "ahead of" },
        );
        steps.note(
            "clock",
            format!(
                "this host's clock is {minutes} minutes {side} the controller's. Set it: NTLM \
                 copes, Kerberos and certificates do not."
            ),
        );
    }
}

/// `check` prints its own report. Its verdict is not that of `join`.
fn run_check(plan: &Plan) {
    anstream::println!();
    let Ok(program) = std::env::current_exe() else {
        return;
    };
    let _shown = Command::new(program)
        .arg("check")
        .arg("--config")
        .arg(&plan.config_path)
        .args(["--as", &plan.service.name])
        .status();
}

/// A failure on this host.
fn on_this_host(what: impl std::fmt::Display, cure: &str) -> Problem {
    Problem::new(what.to_string(), cure)
}
