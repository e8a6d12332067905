//! Verification of a login.
//!
//! A [`Verifier`] is asked about an [`Attempt`] and answers with a [`Logon`], which only verifiers
//! can make, or with a [`Refusal`]. The verifiers of a configuration are asked in its order.

mod account_flags;
pub mod directory;
pub mod forests;
pub mod netlogon;
mod passage;
mod proof;
pub mod relay;
pub mod users;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use crate::base::config::DomainName;
use crate::base::crypto::Key;
use crate::base::fault::{Fault, Minor};
use crate::base::sid::Sid;
use crate::protocol::ntlm::acceptor::PassedOn;
use crate::protocol::ntlm::response::Provable;
use crate::protocol::ntlm::text::Text;

pub use crate::dc::group_names::GroupName;
pub use passage::{Begun, Passage, Passing};

/// The input of a verification: what a client claims, and its proof.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// The user. The response was computed over its `units`. Accounts are looked up by `meant`,
    /// which differs if a client sends another character set, or a domain in the same field.
    pub user: &'a Text,
    /// The domain, often empty; with both forms, as the user.
    pub domain: &'a Text,
    /// A domain of the configuration to ask about, for a name that was typed alone. The response
    /// was not computed over it.
    pub default_domain: Option<&'a str>,
    /// The client's name for its computer, unproven.
    pub workstation: &'a Text,
    /// Our challenge.
    pub server_challenge: [u8; 8],
    /// The names in our challenge, `TargetInfo`.
    pub target_info: &'a [u8],
    /// The only response that verifiers see.
    pub response: Provable<'a>,
    /// The handshake with the server that made the challenge. `None`: this server made it.
    pub passing: Option<Passing<'a>>,
}

impl Attempt<'_> {
    /// The domain; empty if none was typed and the configuration has no default.
    pub fn meant_domain(&self) -> &str {
        self.default_domain.unwrap_or(&self.domain.meant)
    }

    /// The domain for a question to a controller. A response that was computed over an empty domain
    /// is valid for every domain (MS-NLMP 3.2.5.1.2: the server tries again with NIL for the
    /// domain).
    pub fn asked_domain(&self) -> Cow<'_, [u16]> {
        match self.default_domain {
            Some(domain) => domain.encode_utf16().collect(),
            None => Cow::from(&self.domain.units),
        }
    }

    fn is_name_alone(&self) -> bool {
        self.domain.meant.is_empty() && !self.user.meant.contains(['@', '\\', '/'])
    }
}

/// An account, as its verifier describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// The account's name (`sAMAccountName`).
    pub user: String,
    /// Whether the name is the one that the client typed: the verifier knows that it logs in, and
    /// not what the account is called.
    pub is_name_typed: bool,
    /// The NetBIOS name of its domain.
    pub domain: String,
    /// The DNS name of its domain.
    pub dns_domain: Option<String>,
    /// Its user principal name.
    pub upn: Option<String>,
    /// Its full name.
    pub full_name: Option<String>,
    /// Its security identifier.
    pub sid: Option<Sid>,
    /// The security identifier of its primary group.
    pub primary_group_sid: Option<Sid>,
    /// The security identifiers of its groups, nested groups and the primary group included.
    pub group_sids: Vec<Sid>,
    /// The names of groups that have no security identifiers, as those of a directory.
    pub group_names: Vec<GroupName>,
    /// The server that verified.
    pub logon_server: Option<String>,
    /// `UserFlags` of the login (MS-PAC 2.5), if a domain verified it.
    pub user_flags: Option<u32>,
    /// When the logon hours end (`LogoffTime`), if they do.
    pub log_off: Option<SystemTime>,
    /// When the session must end (`KickOffTime`), if ever.
    pub kick_off: Option<SystemTime>,
}

impl Account {
    /// The latest end of a login, if the verifier gave one.
    pub fn ends(&self) -> Option<SystemTime> {
        [self.log_off, self.kick_off].into_iter().flatten().min()
    }

    /// The names of its groups: those that it has, and those that `source` finds for the security
    /// identifiers. `None`: the group has no name, or it cannot be looked up.
    pub fn names_of_groups(&self, source: Option<&dyn GroupNames>) -> Vec<Option<GroupName>> {
        let mut names: Vec<_> = self.group_names.iter().cloned().map(Some).collect();
        if let Some(source) = source.filter(|_| !self.group_sids.is_empty()) {
            names.extend(source.names_of(&self.group_sids));
        }
        names
    }

    /// Whether the account is of this domain, by its NetBIOS or its DNS name.
    pub fn is_of(&self, domain: &DomainName) -> bool {
        let dns_domain = self.dns_domain.as_deref();
        domain.is(&self.domain) || dns_domain.is_some_and(|name| domain.is(name))
    }
}

/// Looks up the names of groups.
pub trait GroupNames: fmt::Debug + Send + Sync {
    /// The names in the order of the groups. `None`: the group has no name, or it cannot be looked
    /// up. May ask a controller, and respects the deadlines of the configuration.
    fn names_of(&self, groups: &[Sid]) -> Vec<Option<GroupName>>;
}

/// Proof that a response is right. Only a verifier makes one, after its check.
#[derive(Debug)]
pub struct Logon {
    account: Account,
    session_base_key: Option<Key>,
    has_checked_messages: bool,
    verifier: &'static str,
    group_names: Option<Arc<dyn GroupNames>>,
}

impl Logon {
    /// For the verifiers in this module, after their check.
    fn proven(verifier: &'static str, account: Account, session_base_key: Option<Key>) -> Self {
        Self {
            account,
            session_base_key,
            has_checked_messages: false,
            verifier,
            group_names: None,
        }
    }

    /// For a verifier that passed all messages on to a server, which accepted them.
    fn passed_on(verifier: &'static str, account: Account) -> Self {
        Self {
            has_checked_messages: true,
            ..Self::proven(verifier, account, None)
        }
    }

    /// Adds a source of group names.
    fn with_group_names(mut self, group_names: Arc<dyn GroupNames>) -> Self {
        self.group_names = Some(group_names);
        self
    }

    /// The account.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// The account, and the source of group names, if any.
    pub fn into_parts(self) -> (Account, Option<Arc<dyn GroupNames>>) {
        (self.account, self.group_names)
    }

    /// The names of the account's groups; see [`Account::names_of_groups`].
    pub fn names_of_groups(&self) -> Vec<Option<GroupName>> {
        self.account.names_of_groups(self.group_names.as_deref())
    }

    /// `SessionBaseKey` (MS-NLMP 3.3.2). `None`: the verifier has none.
    pub fn session_base_key(&self) -> Option<&Key> {
        self.session_base_key.as_ref()
    }

    /// Whether the verifier has checked the integrity of the messages too. It has no session key.
    pub fn has_checked_messages(&self) -> bool {
        self.has_checked_messages
    }

    /// The name of the verifier, for the log.
    pub fn verifier(&self) -> &'static str {
        self.verifier
    }
}

/// Why a verifier made no [`Logon`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The verifier has no such account. Another one may.
    NotMine(Fault),
    /// The verifier refused the login.
    Denied(Fault),
    /// The verifier could not decide.
    Unavailable(Fault),
    /// No valid answer came. The verifier may have found the password wrong.
    Unanswered(Fault),
}

impl Refusal {
    /// The fault of any refusal.
    pub fn into_fault(self) -> Fault {
        match self {
            Self::NotMine(fault)
            | Self::Denied(fault)
            | Self::Unavailable(fault)
            | Self::Unanswered(fault) => fault,
        }
    }
}

/// Checks responses.
pub trait Verifier: Send + Sync {
    /// Checks the response. Respects the deadlines of the configuration.
    ///
    /// # Errors
    /// [`Refusal`]. Every variant refuses the login.
    fn verify(&self, attempt: &Attempt<'_>) -> Result<Logon, Refusal>;

    /// Has another server make the challenge, for a verifier that passes the messages on. `None`:
    /// this server makes the challenge. Respects the deadlines of the configuration.
    fn begin(&self, _negotiate: PassedOn<'_>) -> Option<Begun> {
        None
    }

    /// The domain of all its users, if it is one. May read a file.
    fn only_domain(&self) -> Option<String> {
        None
    }

    /// Whether it has learnt something that needs a new setup, such as another name for challenges.
    fn is_outdated(&self) -> bool {
        false
    }

    /// The account that a login by this name would be checked against, if the verifier knows it
    /// without the password. `domain` is empty for a name alone. May read a file.
    fn account_named(&self, _user: &str, _domain: &str) -> Option<Account> {
        None
    }

    /// The source of group names for an account that it verified, if there is one.
    fn group_names(&self, _account: &Account) -> Option<Arc<dyn GroupNames>> {
        None
    }

    /// Of several forests, the DNS name of the one that has a domain of this name.
    fn section_of(&self, _domain: &str) -> Option<&str> {
        None
    }
}

/// Asks the verifiers in turn until one decides.
///
/// # Errors
/// The refusal of the first verifier that denies or cannot decide. If no verifier has the account,
/// the refusal of the last, with `BadUserOrPassword` if one of them gave that: it refuses its own
/// users with it too.
pub fn ask(verifiers: &[Box<dyn Verifier>], attempt: &Attempt<'_>) -> Result<Logon, Refusal> {
    let mut last: Option<Fault> = None;
    for verifier in verifiers {
        match verifier.verify(attempt) {
            Err(Refusal::NotMine(fault)) => last = Some(merged(last, fault)),
            decided => return decided,
        }
    }
    let unknown = last.unwrap_or_else(|| Minor::BadUserOrPassword.into());
    Err(Refusal::NotMine(unknown))
}

/// The fault for an account that was not found twice. `BadUserOrPassword` stays: it counts as a
/// guess, and the next code would tell that the account does not exist.
fn merged(before: Option<Fault>, fault: Fault) -> Fault {
    match before {
        Some(before) if before.minor() == Minor::BadUserOrPassword => {
            before.minor().confidentially(fault.for_the_log())
        }
        _ => fault,
    }
}

/// As [`ask`], for a name that was typed alone in each of the default domains until a verifier
/// decides. So a wrong password is one guess about one account.
///
/// # Errors
/// As [`ask`]. If no domain has the account, the refusal of the last, with `BadUserOrPassword` if
/// one of them gave that.
pub fn ask_by_default(
    verifiers: &[Box<dyn Verifier>],
    attempt: &Attempt<'_>,
    default_domains: &[DomainName],
) -> Result<Logon, Refusal> {
    let mut last: Option<Fault> = None;
    for domain in default_domains.iter().filter(|_| attempt.is_name_alone()) {
        let attempt = Attempt {
            default_domain: Some(domain.as_str()),
            ..*attempt
        };
        match ask(verifiers, &attempt) {
            Err(Refusal::NotMine(fault)) => last = Some(merged(last, fault)),
            decided => return decided,
        }
    }
    match last {
        Some(unknown) => Err(Refusal::NotMine(unknown)),
        None => ask(verifiers, attempt),
    }
}

#[cfg(test)]
mod tests;
