//! `rotate`: changes the machine account's password, or looks how old it is.
//!
//! The channel is opened with the rights of the server's user, who owns the state directory. Root's
//! rights are taken back for each write of the secret's file.

mod secret_on_disk;

use std::path::Path;
use std::time::{Duration, SystemTime};

use gss_ntlmdc::base::config::{AccountSecret, LogTarget, Netlogon};
use gss_ntlmdc::dc::rotation::{self, Rotated, RotationError};
use gss_ntlmdc::dc::secret_file::SecretFile;
use gss_ntlmdc::login::setup;

use crate::arguments::Rotate;
use crate::privileges::BorrowedRights;
use crate::report::{Field, Report, Section};
use crate::sections;
use crate::server;
use secret_on_disk::SecretOnDisk;

/// Changes the password, or looks how old it is.
///
/// # Errors
/// No configuration with a domain is in force, or the secret's file cannot be used.
pub fn run(arguments: &Rotate) -> Result<Report, String> {
    let rights = BorrowedRights::take(&arguments.server.service_user)?;
    let source = server::source(&arguments.server);
    let setup = setup::load(&source).map_err(|fault| fault.for_the_log())?;
    let log = setup.config().log.to;
    let configs = sections::some(setup.config(), arguments.domain.as_deref())?;
    let is_one = configs.len() == 1;
    let mut sections = Vec::new();
    for config in configs {
        let config = sections::as_in_force(&config);
        sections.push(match of_account(arguments, &config, log, &rights) {
            Err(problem) if is_one => return Err(problem),
            Err(problem) => impossible(arguments, &config, &problem),
            Ok(section) => section,
        });
    }
    Ok(Report { sections })
}

fn of_account(
    arguments: &Rotate,
    config: &Netlogon,
    log: LogTarget,
    rights: &BorrowedRights,
) -> Result<Section, String> {
    match (&config.secret, arguments.check_age) {
        (secret, true) => age(config, secret, arguments.max_age),
        (AccountSecret::File(path), false) => change(arguments, config, log, rights, path),
        (AccountSecret::Keytab(path), false) => Err(by_another_tool(path)),
    }
}

/// One of several accounts could not be looked at; the others are.
fn impossible(arguments: &Rotate, config: &Netlogon, problem: &str) -> Section {
    let mut section = Section::new(match arguments.check_age {
        true => "machine password",
        false => "password not changed",
    });
    section.push(account(config));
    section.push(Field::new("reason", problem).wrong());
    section
}

fn by_another_tool(keytab: &Path) -> String {
    format!(
        "{}: the secret is in a keytab, which only the tool that made it can keep in step: \
         `adcli update`, `msktutil --auto-update` or `net ads changetrustpw`; or write the \
         password to a file, and set `secret` in the place of `keytab`",
        keytab.display()
    )
}

fn change(
    arguments: &Rotate,
    config: &Netlogon,
    log: LogTarget,
    rights: &BorrowedRights,
    path: &Path,
) -> Result<Section, String> {
    let mut secret = SecretOnDisk::lock(path, rights)?;
    let outcome = rotation::rotate(config, log, &mut secret, arguments.force);
    let mut section = match outcome {
        Ok(rotated) => changed(&rotated),
        Err(RotationError::File(problem)) => return Err(problem),
        Err(error @ RotationError::TooSoon) => not_needed(&error),
        Err(error) => not_changed(&error),
    };
    section.fields.insert(0, account(config));
    section.push(Field::new("secret", path.display()));
    Ok(section)
}

fn account(config: &Netlogon) -> Field {
    let domain = format!("of {}", config.domain);
    Field::new("account", config.account.account()).note(domain)
}

fn changed(rotated: &Rotated) -> Section {
    let mut section = Section::new("password changed");
    let controller = Field::new("controller", &rotated.controller).right(true);
    section.push(match rotated.was_begun {
        true => controller.note("an earlier run had begun the change"),
        false => controller,
    });
    section.push(
        Field::new("previous password", "is tried for a day more")
            .note("controllers that have not heard of the change refuse the new one"),
    );
    section
}

fn not_needed(error: &RotationError) -> Section {
    let mut section = Section::new("password not changed");
    let note = "run it again tomorrow; --force changes it now, and logins fail where the last \
                change is not known";
    section.push(Field::new("reason", error).note(note));
    section
}

fn not_changed(error: &RotationError) -> Section {
    let mut section = Section::new(match error {
        RotationError::Unfinished(_) => "password changed, but not confirmed",
        _ => "password not changed",
    });
    section.push(Field::new("reason", error).wrong());
    section.push(Field::new("what to do", advice(error)));
    section
}

fn advice(error: &RotationError) -> &'static str {
    match error {
        RotationError::NotProven { minor, .. } => minor.cause(),
        RotationError::Refused(_) => {
            "the file is as before, and logins go on. A read-only controller refuses, and so does \
             one with the policy `Domain controller: Refuse machine account password changes`: \
             name a writable one in `controllers`"
        }
        RotationError::Unknown(_) | RotationError::Unfinished(_) => {
            "the file has both passwords, and logins go on: run `ntlmdc rotate` again"
        }
        RotationError::File(_) | RotationError::TooSoon | RotationError::NoRandomBytes(_) => {
            "run `ntlmdc rotate` again"
        }
    }
}

/// How old the password is. A monitor asks for it, so it needs no rights but those of the server.
fn age(config: &Netlogon, secret: &AccountSecret, most: Duration) -> Result<Section, String> {
    let now = SystemTime::now();
    let (path, changed, is_begun) = match secret {
        AccountSecret::File(path) => {
            let (file, modified) = SecretFile::read(path)
                .map_err(|problem| format!("{}: {problem}", path.display()))?;
            let changed = file.changed().unwrap_or(modified);
            let since = Duration::from_secs(changed.into());
            (path, SystemTime::UNIX_EPOCH + since, file.next().is_some())
        }
        AccountSecret::Keytab(path) => {
            let modified = std::fs::metadata(path).and_then(|metadata| metadata.modified());
            let modified = modified.map_err(|error| format!("{}: {error}", path.display()))?;
            (path, modified, false)
        }
    };
    let age = now.duration_since(changed).unwrap_or_default();
    let mut section = Section::new("machine password");
    section.push(account(config));
    section.push(Field::new(
        "changed",
        humantime::format_rfc3339_seconds(changed),
    ));
    let field = Field::new("age", rounded(age)).right(age <= most);
    section.push(match age <= most {
        true => field,
        false => field.note(format!(
            "older than {}: run `ntlmdc rotate`",
            humantime::format_duration(most)
        )),
    });
    if is_begun {
        let field = Field::new("change under way", "yes").wrong();
        section.push(field.note("a run was interrupted: run `ntlmdc rotate` again"));
    }
    section.push(Field::new("secret", path.display()));
    Ok(section)
}

/// In days, or in hours and minutes before the first day is over.
fn rounded(age: Duration) -> String {
    const MINUTE: u64 = 60;
    const DAY: u64 = 24 * 60 * MINUTE;
    let unit = if age.as_secs() < DAY { MINUTE } else { DAY };
    let whole = Duration::from_secs(age.as_secs() / unit * unit);
    match whole.as_secs() {
        0 => "less than a minute".to_owned(),
        DAY => "1 day".to_owned(),
        days if unit == DAY => format!("{} days", days / DAY),
        _ => humantime::format_duration(whole).to_string(),
    }
}

#[cfg(test)]
mod tests;
