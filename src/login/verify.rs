//! Who answers for a login.
//!
//! A [`Verifier`] is asked about an [`Attempt`] and answers with a [`Logon`], which nobody else can
//! make, or with a [`Refusal`]. The verifiers of a configuration are asked in its order.

pub mod netlogon;
pub mod users;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use crate::base::config::DomainName;
use crate::base::crypto::Key;
use crate::base::fault::{Fault, Minor};
use crate::base::sid::Sid;
use crate::protocol::ntlm::response::Provable;
use crate::protocol::ntlm::text::Text;

pub use crate::dc::group_names::GroupName;

/// What a client claims and how it proves it: the input of a verification.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// The user. The response was computed over its `units`; `meant` is for looking him up, and
    /// differs where a client sends bytes of another character set, or a domain in the same field.
    pub user: &'a Text,
    /// The domain, often empty; as with the user.
    pub domain: &'a Text,
    /// The domain that is asked about, where the name was typed alone and the configuration says
    /// which. The response was not computed over it.
    pub default_domain: Option<&'a str>,
    /// What the client calls its computer; unproven.
    pub workstation: &'a Text,
    /// Our challenge.
    pub server_challenge: [u8; 8],
    /// The response. No verifier is given another one to judge by.
    pub response: Provable<'a>,
}

impl Attempt<'_> {
    /// The domain that is meant; empty if none was typed and the configuration says none.
    pub fn meant_domain(&self) -> &str {
        self.default_domain.unwrap_or(&self.domain.meant)
    }

    /// The domain that a controller is asked about. A response that was computed over no domain is
    /// right for any (MS-NLMP 3.2.5.1.2: the server tries again with NIL for the domain).
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

/// An account, in the words of whoever verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// The account's name (`sAMAccountName`).
    pub user: String,
    /// Its domain's NetBIOS name.
    pub domain: String,
    /// Its domain's DNS name.
    pub dns_domain: Option<String>,
    /// Its user principal name.
    pub upn: Option<String>,
    /// Its full name.
    pub full_name: Option<String>,
    /// Its security identifier.
    pub sid: Option<Sid>,
    /// That of its primary group.
    pub primary_group_sid: Option<Sid>,
    /// Those of its groups, as the verifier expanded them, the primary group included.
    pub group_sids: Vec<Sid>,
    /// The server that verified.
    pub logon_server: Option<String>,
    /// `UserFlags` of the login (MS-PAC 2.5), if a domain verified it.
    pub user_flags: Option<u32>,
    /// When the account's hours end (`LogoffTime`), if they do.
    pub log_off: Option<SystemTime>,
    /// When the account ends, or must be thrown out (`KickOffTime`), if ever.
    pub kick_off: Option<SystemTime>,
}

impl Account {
    /// When a login of the account ends at the latest, if its verifier knows a time.
    pub fn ends(&self) -> Option<SystemTime> {
        [self.log_off, self.kick_off].into_iter().flatten().min()
    }

    /// True if it is of this domain, which may be given by either of its names.
    pub fn is_of(&self, domain: &DomainName) -> bool {
        let dns_domain = self.dns_domain.as_deref();
        domain.is(&self.domain) || dns_domain.is_some_and(|name| domain.is(name))
    }
}

/// Somebody who knows what groups are called.
pub trait GroupNames: fmt::Debug + Send + Sync {
    /// A name for each that has one, in their order; none for those whose name cannot be had. May
    /// ask others, and takes no longer than the configuration allows.
    fn names_of(&self, groups: &[Sid]) -> Vec<Option<GroupName>>;
}

/// Proof that somebody is who he says: only a verifier that has checked his response makes one.
#[derive(Debug)]
pub struct Logon {
    account: Account,
    session_base_key: Option<Key>,
    verifier: &'static str,
    group_names: Option<Arc<dyn GroupNames>>,
}

impl Logon {
    /// For the verifiers below this module, after their check.
    fn proven(verifier: &'static str, account: Account, session_base_key: Option<Key>) -> Self {
        Self {
            account,
            session_base_key,
            verifier,
            group_names: None,
        }
    }

    /// With somebody who knows what the account's groups are called.
    fn with_group_names(mut self, group_names: Arc<dyn GroupNames>) -> Self {
        self.group_names = Some(group_names);
        self
    }

    /// Who it is.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Who it is, and who knows what his groups are called, if anybody does; taken over.
    pub fn into_parts(self) -> (Account, Option<Arc<dyn GroupNames>>) {
        (self.account, self.group_names)
    }

    /// What the account's groups are called, in their order. May ask others, as
    /// [`GroupNames::names_of`] does.
    pub fn names_of_groups(&self) -> Vec<Option<GroupName>> {
        let groups = &self.account.group_sids;
        match self.group_names.as_ref().filter(|_| !groups.is_empty()) {
            Some(names) => names.names_of(groups),
            None => Vec::new(),
        }
    }

    /// `SessionBaseKey` (MS-NLMP 3.3.2); none if the verifier has none to give.
    pub fn session_base_key(&self) -> Option<&Key> {
        self.session_base_key.as_ref()
    }

    /// The name of the verifier, for the log.
    pub fn verifier(&self) -> &'static str {
        self.verifier
    }
}

/// Why there is no [`Logon`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The verifier holds no such account: another one may.
    NotMine(Fault),
    /// The verifier has decided.
    Denied(Fault),
    /// The verifier could not decide.
    Unavailable(Fault),
    /// The verifier was asked, and no answer came that counts: it may have found the password wrong.
    Unanswered(Fault),
}

impl Refusal {
    /// The fault, whoever is to blame.
    pub fn into_fault(self) -> Fault {
        match self {
            Self::NotMine(fault)
            | Self::Denied(fault)
            | Self::Unavailable(fault)
            | Self::Unanswered(fault) => fault,
        }
    }
}

/// Somebody who can check a response.
pub trait Verifier: Send + Sync {
    /// Checks the response. Takes no longer than the configuration allows.
    ///
    /// # Errors
    /// [`Refusal`]; whoever is refused is refused, whatever the reason.
    fn verify(&self, attempt: &Attempt<'_>) -> Result<Logon, Refusal>;

    /// The one domain whose users it holds, as far as it knows now. May take a look at a file.
    fn only_domain(&self) -> Option<String> {
        None
    }

    /// Whether it has learnt something that the configuration must be loaded anew for: what clients
    /// are told, say.
    fn is_outdated(&self) -> bool {
        false
    }

    /// Who knows what the groups of those are called that it has verified, if anybody does.
    fn group_names(&self) -> Option<Arc<dyn GroupNames>> {
        None
    }
}

/// Asks the verifiers one after the other until one has decided.
///
/// # Errors
/// That of the first that denies or cannot decide. If none holds the account, that of the last; but
/// `BadUserOrPassword` if one of them said so, since a user that it has would be refused with that.
pub fn ask(verifiers: &[Box<dyn Verifier>], attempt: &Attempt<'_>) -> Result<Logon, Refusal> {
    let mut last: Option<Fault> = None;
    for verifier in verifiers {
        match verifier.verify(attempt) {
            Err(Refusal::NotMine(fault)) => {
                last = Some(match last {
                    Some(before) if before.minor() == Minor::BadUserOrPassword => {
                        before.minor().confidentially(fault.for_the_log())
                    }
                    _ => fault,
                });
            }
            decided => return decided,
        }
    }
    let unknown = last.unwrap_or_else(|| Minor::BadUserOrPassword.into());
    Err(Refusal::NotMine(unknown))
}

/// As [`ask`]. A name that was typed alone is looked for in each of the default domains, if there are
/// any, until a verifier has decided: a wrong password is one guess about one account.
///
/// # Errors
/// As [`ask`]; if no domain holds the account, that of the last.
pub fn ask_by_default(
    verifiers: &[Box<dyn Verifier>],
    attempt: &Attempt<'_>,
    default_domains: &[DomainName],
) -> Result<Logon, Refusal> {
    let mut outcome = None;
    for domain in default_domains.iter().filter(|_| attempt.is_name_alone()) {
        let attempt = Attempt {
            default_domain: Some(domain.as_str()),
            ..*attempt
        };
        match ask(verifiers, &attempt) {
            Err(refusal @ Refusal::NotMine(_)) => outcome = Some(refusal),
            decided => return decided,
        }
    }
    match outcome {
        Some(refusal) => Err(refusal),
        None => ask(verifiers, attempt),
    }
}

#[cfg(test)]
mod tests;
