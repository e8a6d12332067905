//! `leave`: the account is disabled or deleted, and its secret removed.

use std::fs::{self, File};
use std::path::Path;
use std::process::ExitCode;

use gss_ntlmdc::base::config::{AccountSecret, Netlogon};
use gss_ntlmdc::base::file::private::Lock;
use gss_ntlmdc::dc;
use gss_ntlmdc::directory::Client;

use crate::arguments::Leave;
use crate::domain_directory::{self, Administrator, LoggedIn, advice};
use crate::join::account::Directory;
use crate::join::{new_secret, plan};
use crate::secret_directory;
use crate::sections;
use crate::steps::{Problem, Steps};

/// What helps where the machine account cannot log in.
const AS_ADMINISTRATOR: &str = "Log in as an administrator: --user, or kinit before. Or keep the \
    account, and remove the secret only: --offline.";

/// Leaves the domain.
///
/// # Errors
/// The command line cannot be used, or there is no configuration of a domain.
pub fn run(arguments: &Leave) -> Result<ExitCode, String> {
    plan::need_root("leave")?;
    let path = &arguments.place.config;
    let config = plan::existing(&arguments.place)?;
    let config = config.filter(|config| !config.netlogon.is_empty());
    let config =
        config.ok_or_else(|| format!("{} names no domain: nothing to leave", path.display()))?;
    let mut netlogon = sections::only(&config, arguments.domain.as_deref())?;
    domain_directory::take_controller(arguments.login.controller.as_deref(), &mut netlogon)?;
    let (account, domain) = (
        netlogon.account.account().to_owned(),
        netlogon.domain.clone(),
    );
    let title = format!("Leaving {domain} as {account}");
    let mut steps = Steps::new(arguments.output.json, &title);
    // Until the end: the secret of a run under way would come back.
    let locked = lock(&netlogon.secret);
    let Ok(_lock) = locked.inspect_err(|problem| steps.failed("this host", problem)) else {
        return Ok(steps.finish(&[]));
    };
    if arguments.offline {
        steps.note("account", format!("{account}: as it is"));
    } else if give_up(arguments, &netlogon, &mut steps)?.is_none() {
        steps.note("secret", "as it is, since the account is");
        return Ok(steps.finish(&[]));
    }
    remove_secret(&netlogon, &mut steps);
    let state = netlogon.state_dir.display();
    steps.note(
        "left",
        format!(
            "{}, {state} and the line in /etc/gss/mech.d. Without the account or its secret, \
             logins of the domain's users are refused.",
            path.display()
        ),
    );
    Ok(steps.finish(&[]))
}

/// Takes the lock of a secret that `rotate` changes. A keytab has none.
fn lock(secret: &AccountSecret) -> Result<Option<Lock<File>>, Problem> {
    match secret {
        AccountSecret::File(path) => secret_directory::lock(path)
            .map(Some)
            .map_err(|problem| Problem::new(problem, "Then run this again.")),
        AccountSecret::Keytab(_) => Ok(None),
    }
}

/// `None`: a step failed, and `steps` has it.
fn give_up(
    arguments: &Leave,
    netlogon: &Netlogon,
    steps: &mut Steps,
) -> Result<Option<()>, String> {
    let chosen = domain_directory::choose(netlogon);
    let Some(chosen) = steps.take("controller", chosen, |chosen| chosen.name.clone()) else {
        return Ok(None);
    };
    let protection = domain_directory::protection(&arguments.login)?;
    let connected = domain_directory::connect(&chosen, &protection);
    let Ok(mut client) = connected.inspect_err(|problem| steps.failed("connection", problem))
    else {
        return Ok(None);
    };
    let (login, domain) = (&arguments.login, &netlogon.domain);
    let named = match login.user.is_some() {
        true => Some(Administrator::with_password(login, domain)?),
        false => None,
    };
    let ticket = Administrator::with_ticket(login, &chosen, domain, steps);
    let logged_in = ticket.and_then(|ticket| match ticket.or(named) {
        Some(administrator) => administrator.log_in(&mut client, &protection),
        None => log_in_as_machine(&mut client, netlogon)
            .map(|account| LoggedIn::with_password(account, &protection)),
    });
    let Some(login) = steps.take("login", logged_in, ToString::to_string) else {
        return Ok(None);
    };
    let left = end_account(arguments, netlogon, client, &login.user);
    Ok(steps.take("account", left, String::clone).map(drop))
}

fn log_in_as_machine(client: &mut Client, netlogon: &Netlogon) -> Result<String, Problem> {
    let account = netlogon.account.account();
    let secrets = dc::machine_nt_hashes(netlogon)
        .map_err(|fault| Problem::new(fault.for_the_log(), AS_ADMINISTRATOR))?;
    domain_directory::bind_as_machine(client, netlogon, &secrets).map_err(|error| {
        let problem = advice::no_login(account, &error);
        Problem::new(problem.what, AS_ADMINISTRATOR)
    })?;
    Ok(account.to_owned())
}

fn end_account(
    arguments: &Leave,
    netlogon: &Netlogon,
    client: Client,
    user: &str,
) -> Result<String, Problem> {
    let mut directory = Directory::open(client, user)?.of_domain(&netlogon.domain)?;
    let account = netlogon.account.account();
    let Some(entry) = directory.find(account)? else {
        return Ok(format!("{account}: there is none"));
    };
    let dn = entry.dn();
    match arguments.delete {
        true => directory.delete(dn).map(|()| format!("{dn}: deleted")),
        false => directory
            .disable(&entry)
            .map(|()| format!("{dn}: disabled")),
    }
}

fn remove_secret(netlogon: &Netlogon, steps: &mut Steps) {
    match &netlogon.secret {
        AccountSecret::File(path) => {
            steps.take("secret", removed(path), String::clone);
            let computer = netlogon.account.computer();
            for left in new_secret::leftovers(path, computer.as_str()) {
                if fs::symlink_metadata(&left).is_ok() {
                    steps.take("secret", removed(&left), String::clone);
                }
            }
        }
        AccountSecret::Keytab(path) => steps.note("secret", kept(path, netlogon)),
    }
}

/// A keytab may have keys of other accounts and services.
fn kept(keytab: &Path, netlogon: &Netlogon) -> String {
    let (keytab, account) = (keytab.display(), netlogon.account.account());
    format!(
        "{keytab}: stays, since it may have keys of others. Remove those of {account} by hand: \
         `klist -kt {keytab}` shows them, `ktutil` removes them (rkt, delent, wkt)."
    )
}

fn removed(path: &Path) -> Result<String, Problem> {
    let shown = path.display();
    match fs::remove_file(path) {
        Ok(()) => Ok(format!("{shown}: removed")),
        Err(error) => Err(Problem::new(
            format!("{shown}: {error}"),
            "Remove it by hand.",
        )),
    }
}
