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
//! The new secret is on the disk before the account has it. It replaces an older one when the
//! secure channel has opened with it; if the account is reset, when the controller has agreed.

pub mod account;
pub mod files;
pub mod plan;
mod reset_secret;
mod searched_domain;
pub mod trial;
mod undo;

use std::process::{Command, ExitCode};

use gss_ntlmdc::base::crypto::SecretBytes;
use gss_ntlmdc::directory::Client;

use crate::arguments::Join;
use crate::domain_directory::{self, Administrator, Chosen};
use crate::input;
use crate::secret_directory;
use crate::steps::{Problem, Steps};
use account::{Decision, Directory, NotDone};
use files::HostFiles;
use plan::Plan;
use reset_secret::ResetSecret;
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
    let mut steps = Steps::new(arguments.output.json, &title);
    let mut undo = Undo::default();
    let joined = join(arguments, &plan, &mut steps, &mut undo)?;
    if joined.is_none() {
        undo.run(&mut steps);
    }
    let status = steps.finish();
    if joined.is_some() && !arguments.output.json {
        run_check(&plan);
    }
    Ok(status)
}

/// `None`: a step failed, and `steps` has it.
fn join(
    arguments: &Join,
    plan: &Plan,
    steps: &mut Steps,
    undo: &mut Undo,
) -> Result<Option<()>, String> {
    let fits = plan.configuration_fits().and_then(|()| files::check(plan));
    if let Err(problem) = fits {
        steps.failed("this host", &problem);
        return Ok(None);
    }
    // As `rotate` does, until the end.
    let locked = secret_directory::lock(&plan.secret_path);
    let locked = locked.map_err(|problem| Problem::new(problem, "Then run this again."));
    let Ok(_lock) = locked.inspect_err(|problem| steps.failed("this host", problem)) else {
        return Ok(None);
    };
    let found = plan
        .config()
        .and_then(|config| domain_directory::choose(&config.netlogon, plan.names_controllers()));
    let Some(chosen) = steps.take("controller", found, described) else {
        return Ok(None);
    };
    compare_clocks(&chosen, steps);
    let secret = match arguments.offline {
        true => take_offline(arguments, plan, steps, undo)?,
        false => take_online(arguments, plan, &chosen, steps, undo)?,
    };
    let Some((secret, netbios)) = secret else {
        return Ok(None);
    };
    let netbios = netbios.or_else(|| chosen.netbios_domain.clone());
    Ok(set_up(plan, &chosen, netbios, &secret, steps, undo))
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

/// What is known of the account: its secret, and the domain's NetBIOS name if it was told.
type Taken = Option<(HostFiles, Option<String>)>;

fn take_offline(
    arguments: &Join,
    plan: &Plan,
    steps: &mut Steps,
    undo: &mut Undo,
) -> Result<Taken, String> {
    let password = match &arguments.login.password_file {
        Some(path) => input::first_line(path)?,
        None => input::prompt(&format!("Password of {}$: ", plan.computer))?,
    };
    Ok(keep_secret(plan, &password, steps, undo).map(|files| (files, None)))
}

fn take_online(
    arguments: &Join,
    plan: &Plan,
    chosen: &Chosen,
    steps: &mut Steps,
    undo: &mut Undo,
) -> Result<Taken, String> {
    let protection = domain_directory::protection(&arguments.login)?;
    let connected = domain_directory::connect(chosen, &protection);
    let Ok(mut client) = connected.inspect_err(|problem| steps.failed("connection", problem))
    else {
        return Ok(None);
    };
    let administrator = Administrator::ask(&arguments.login, &plan.domain)?;
    let logged_in = administrator.log_in(&mut client);
    let how = domain_directory::described(&protection);
    let text = |(): &()| format!("{}, {how}", administrator.typed());
    if steps.take("login", logged_in, text).is_none() {
        return Ok(None);
    }
    Ok(take_account(
        arguments,
        plan,
        client,
        &administrator,
        steps,
        undo,
    ))
}

fn take_account(
    arguments: &Join,
    plan: &Plan,
    client: Client,
    administrator: &Administrator,
    steps: &mut Steps,
    undo: &mut Undo,
) -> Taken {
    let directory = Directory::open(client, administrator.typed());
    let directory = directory.and_then(|directory| directory.of_domain(&plan.domain));
    let mut directory = directory
        .inspect_err(|problem| steps.failed("directory", problem))
        .ok()?;
    let wanted = account::Wanted::new(plan, arguments.ou.as_deref());
    let decided = directory.decide(&wanted, arguments.reset);
    let decided = decided
        .inspect_err(|problem| steps.failed("account", problem))
        .ok()?;
    let (reset, password) = prepare(plan, &decided)
        .inspect_err(|problem| steps.failed("secret", problem))
        .ok()?;
    let files = keep_secret(plan, &password, steps, undo)?;
    let done = directory.carry_out(&wanted, &decided, &password);
    if let Some(reset) = &reset {
        settle(reset, &password, &done, steps);
    }
    let done = done.map_err(|not_done| not_done.problem);
    steps.take("account", done, |()| decided.to_string())?;
    if let Some(problem) = directory.set_encryption_types(&decided) {
        steps.note(
            "account",
            format!("its Kerberos types stay the domain's default: {problem}"),
        );
    }
    let netbios = directory.netbios_domain();
    undo.account(directory, decided);
    Some((files, netbios))
}

/// The new password. That of an account which is reset is on the disk now.
fn prepare(plan: &Plan, decided: &Decision) -> Result<(Option<ResetSecret>, SecretBytes), Problem> {
    if matches!(decided, Decision::Make { .. }) {
        return Ok((None, account::new_password()?));
    }
    let reset = ResetSecret::read(&plan.secret_path, plan.service.gid)?;
    let password = match reset.password_of_earlier_run() {
        Some(password) => password,
        None => account::new_password()?,
    };
    reset.begin(&password)?;
    Ok((Some(reset), password))
}

/// Brings the file of the secret to what the controller said about the reset.
fn settle(
    reset: &ResetSecret,
    password: &SecretBytes,
    done: &Result<(), NotDone>,
    steps: &mut Steps,
) {
    let settled = match done {
        Ok(()) => reset.finish(password),
        Err(NotDone {
            is_refused: true, ..
        }) => reset.take_back(),
        Err(_) => Err(reset.undecided()),
    };
    if let Err(problem) = settled {
        steps.left("secret", &problem);
    }
}

/// Writes the new secret beside the place where it belongs.
fn keep_secret(
    plan: &Plan,
    password: &SecretBytes,
    steps: &mut Steps,
    undo: &mut Undo,
) -> Option<HostFiles> {
    let files = HostFiles::begin(plan, password, undo);
    files
        .inspect_err(|problem| steps.failed("secret", problem))
        .ok()
}

/// Tries the secret, and puts everything in its place.
fn set_up(
    plan: &Plan,
    chosen: &Chosen,
    netbios: Option<String>,
    files: &HostFiles,
    steps: &mut Steps,
    undo: &mut Undo,
) -> Option<()> {
    let state = files.make_state_directory(plan, undo);
    steps.take("state directory", state, String::clone)?;
    let netbios = netbios.as_deref();
    let opened = trial::open(plan, files, chosen, netbios);
    let text = |(): &()| format!("opens, with the rights of {}", plan.service.name);
    steps.take("secure channel", opened, text)?;
    let placed = match undo.is_account_reset() {
        true => files.forget_new_secret(plan),
        false => files.place_secret(plan),
    };
    steps.take("secret", placed, String::clone)?;
    if undo.is_account_new() {
        undo.file(&plan.secret_path);
    }
    let written = files.write_configuration(plan, netbios, undo);
    steps.take("configuration", written, String::clone)?;
    match files.register_mechanism(undo) {
        Ok(text) => steps.ok("mechanism", text),
        // The library may be installed later.
        Err(problem) => steps.note("mechanism", format!("{}. {}", problem.what, problem.cure)),
    }
    Some(())
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
