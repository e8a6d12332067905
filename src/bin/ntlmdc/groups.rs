//! `groups`: what a login of a user would say of groups, as far as it can be had without the
//! password.
//!
//! NETLOGON tells the groups of a user with a login only, and Kerberos' way to ask for another
//! user (S4U2self) is not one of NETLOGON's. So the directory is asked, as the machine account.
//!
//! ```text
//! typed_user   the account that is meant
//!   users        the users file: its users are in no groups
//!   directory    the entry of the user: names, SIDs, `tokenGroups`
//! answer       names of the SIDs, by LSA as for a login; what the policy decides
//! ```

mod answer;
mod directory;
mod typed_user;

use gss_ntlmdc::base::config::{Netlogon, VerifierKind};
use gss_ntlmdc::login::setup::Setup;
use gss_ntlmdc::login::verify::Account;

use crate::arguments::Groups;
use crate::progress::Progress;
use crate::report::Report;
use crate::sections;
use crate::server::Server;

use directory::UserDirectory;
use typed_user::TypedUser;

/// A user who was found.
struct FoundUser {
    account: Account,
    /// Where: the users file, or a controller.
    place: String,
    /// Why no login of this user would succeed, if that is known.
    obstacle: Option<&'static str>,
    /// Why groups may be missing, if they are.
    missing: Option<String>,
}

/// Looks the user up, and says what the policy decides.
///
/// # Errors
/// There is no such user, there are several, or no controller can be asked.
pub fn run(arguments: &Groups) -> Result<Report, String> {
    let server = Server::take(&arguments.server)?;
    let setup = server.setup().map_err(|fault| fault.for_the_log())?;
    let progress = Progress::new();
    let found = find(&arguments.user, &setup, &progress)?;
    progress.show("asking for names …");
    Ok(answer::report(&setup, found))
}

/// Asks the verifiers in their order, as a login does.
fn find(typed: &str, setup: &Setup, progress: &Progress) -> Result<FoundUser, String> {
    let config = setup.config();
    let mut directories = Directories::new(setup, progress);
    for user in TypedUser::candidates(typed, &config.identity.default_domain)? {
        for (kind, verifier) in config.verify.iter().zip(setup.verifiers()) {
            let found = match kind {
                VerifierKind::Netlogon => directories.of(&user)?.find(&user)?,
                _ => verifier
                    .account_named(user.name(), user.domain())
                    .map(|account| of_users_file(account, setup)),
            };
            if let Some(found) = found {
                return Ok(found);
            }
        }
    }
    Err(unknown(typed, setup))
}

/// The directories of the domains that are asked, each opened once.
struct Directories<'a> {
    setup: &'a Setup,
    progress: &'a Progress,
    opened: Vec<(&'a Netlogon, UserDirectory)>,
}

impl<'a> Directories<'a> {
    fn new(setup: &'a Setup, progress: &'a Progress) -> Self {
        Self {
            setup,
            progress,
            opened: Vec::new(),
        }
    }

    /// The directory of the user's domain; of a name alone, and of an unknown domain, the first.
    fn of(&mut self, user: &TypedUser) -> Result<&mut UserDirectory, String> {
        let sections = &self.setup.config().netlogon;
        let has_it = |one: &&Netlogon| one.has_name(user.domain_or_suffix());
        let meant = sections.iter().find(has_it).or(sections.first());
        let section = meant.ok_or("the configuration has no [netlogon]")?;
        let is_it = |(of, _): &(&Netlogon, UserDirectory)| std::ptr::eq(*of, section);
        let at = match self.opened.iter().position(is_it) {
            Some(at) => at,
            None => {
                let directory = UserDirectory::open(sections::as_in_force(section), self.progress)?;
                self.opened.push((section, directory));
                self.opened.len() - 1
            }
        };
        let opened = self.opened.get_mut(at);
        opened
            .map(|(_, directory)| directory)
            .ok_or_else(|| "no directory".to_owned())
    }
}

fn of_users_file(account: Account, setup: &Setup) -> FoundUser {
    let users = setup.config().users.as_ref();
    let file = users.map_or_else(String::new, |users| users.file.display().to_string());
    FoundUser {
        account,
        place: format!("the users file {file}: its users are in no groups"),
        obstacle: None,
        missing: None,
    }
}

fn unknown(typed: &str, setup: &Setup) -> String {
    let config = setup.config();
    let looked_in = config.verify.iter().filter_map(|kind| match kind {
        VerifierKind::Users => Some("the users file".to_owned()),
        VerifierKind::Netlogon => {
            let names = sections::names(&config.netlogon);
            Some(format!("the directory of {names}"))
        }
        VerifierKind::Directory | VerifierKind::Relay => None,
    });
    let looked_in = looked_in.collect::<Vec<String>>().join(" or ");
    let not_asked = config.verify.iter().find_map(|kind| match kind {
        VerifierKind::Directory => Some("[directory] tells groups with a login only"),
        VerifierKind::Relay => Some(match &config.relay {
            Some(relay) if relay.groups.is_some() => {
                "[relay.groups] tells groups with a login only"
            }
            _ => "[relay] knows no groups without [relay.groups]",
        }),
        VerifierKind::Users | VerifierKind::Netlogon => None,
    });
    let typed = typed.escape_debug().to_string().replace(r"\\", r"\");
    match (looked_in.as_str(), not_asked) {
        ("", Some(why)) => format!("{why}; log the user in: ntlmdc login '{typed}'"),
        (places, Some(why)) => format!(
            "no user \"{typed}\" in {places}, and {why}; log the user in: ntlmdc login '{typed}'"
        ),
        (places, None) => format!(
            "no user \"{typed}\" in {places}; look at the spelling: the name is the user's \
             sAMAccountName, or with an @ its userPrincipalName"
        ),
    }
}
