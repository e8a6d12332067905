//! The names and attributes of a verified logon.

mod attribute;
mod group_attributes;
mod saved_identity;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use crate::base::config::{self, LetterCase, NameFormat};
use crate::base::fault::{Fault, Minor, is_unprintable};
use crate::base::log::Quoted;
use crate::base::name_case::{alike, capitals, smalls};
pub use crate::login::identity::attribute::{ATTRIBUTES, Attribute, LOCAL_LOGIN_USER};
use crate::login::identity::attribute::{GROUPS, GROUPS_LIST, WORKSTATION};
use crate::login::identity::group_attributes::GroupAttributes;
use crate::login::verify::{Account, GroupNames};

/// A verified user, as the host application sees the user.
///
/// Made from the answer of the verifier, not from what the client typed. The exception is the
/// attribute `workstation`, which cannot be verified.
#[derive(Debug)]
pub struct Identity {
    account: Account,
    workstation: String,
    display: String,
    local: Option<String>,
    own_domain: String,
    group_names: Option<Arc<dyn GroupNames>>,
    /// Made on demand: most hosts never read them.
    attributes: OnceLock<Vec<Attribute>>,
    /// Made on demand: a controller may have to look up the names.
    groups: OnceLock<Vec<Attribute>>,
    /// How often a caller asked for the name or an attribute.
    asked: AtomicU32,
}

impl Identity {
    /// The identity of an account. Users of `own_domain` (a NetBIOS name), and of the domains in
    /// `settings.local_domains`, are users of this machine. The principal name of another domain's
    /// user is kept only if its suffix is the name of that domain.
    pub fn new(
        mut account: Account,
        settings: &config::Identity,
        own_domain: &str,
        workstation: String,
    ) -> Self {
        let locals = &settings.local_domains;
        let is_ours = alike(&account.domain, own_domain);
        let is_local = is_ours || locals.iter().any(|local| account.is_of(local));
        if !is_ours && !is_of_its_domain(&account) {
            account.upn = None;
        }
        let display = display_name(&account, settings.format, is_local);
        Self {
            display: in_letters(settings.case, display),
            local: is_local.then(|| in_letters(settings.case, account.user.clone())),
            account,
            workstation,
            own_domain: own_domain.to_owned(),
            group_names: None,
            attributes: OnceLock::new(),
            groups: OnceLock::new(),
            asked: AtomicU32::new(0),
        }
    }

    /// Adds a source of group names. It is asked once, when the names are needed.
    pub fn with_group_names(mut self, group_names: Option<Arc<dyn GroupNames>>) -> Self {
        self.group_names = group_names;
        self
    }

    /// Counts that a caller asked for the name or an attribute.
    pub fn note_asked(&self) {
        self.asked.fetch_add(1, Ordering::Relaxed);
    }

    /// How often a caller asked for the name or an attribute.
    pub fn times_asked(&self) -> u32 {
        self.asked.load(Ordering::Relaxed)
    }

    /// The account, as its verifier described it.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// The display name, which becomes REMOTE_USER.
    pub fn display(&self) -> &str {
        &self.display
    }

    /// The name of the local account. `None`: a user of another domain.
    pub fn local(&self) -> Option<&str> {
        self.local.as_deref()
    }

    /// The fault for a user without a local account.
    pub fn no_local_name(&self) -> Fault {
        Minor::NoLocalName.because(format_args!(
            "{} is a user of {}, not of {}; identity.local_domains names further domains whose \
             users are local",
            Quoted(&self.display),
            Quoted(&self.account.domain),
            Quoted(&self.own_domain)
        ))
    }

    /// Whether both are the same account, however their names are spelt and displayed.
    pub fn is_account_of(&self, other: &Self) -> bool {
        let (one, other) = (&self.account, &other.account);
        alike(&one.user, &other.user) && alike(&one.domain, &other.domain)
    }

    /// The name of the account, if it is of our own domain.
    pub fn own_user(&self) -> Option<&str> {
        let Account { user, domain, .. } = &self.account;
        alike(domain, &self.own_domain).then_some(user)
    }

    /// The attributes of this identity. The names of groups may take as long as a login; names that
    /// cannot be looked up are left out.
    pub fn attributes(&self) -> impl Iterator<Item = &Attribute> {
        self.account_attributes()
            .iter()
            .chain(self.group_attributes())
    }

    /// One attribute. Only the names of groups may ask a controller.
    pub fn attribute(&self, name: &[u8]) -> Option<&Attribute> {
        let attributes = match [GROUPS, GROUPS_LIST].map(str::as_bytes).contains(&name) {
            true => self.group_attributes(),
            false => self.account_attributes(),
        };
        attributes
            .iter()
            .find(|attribute| attribute.name.as_bytes() == name)
    }

    fn account_attributes(&self) -> &[Attribute] {
        self.attributes
            .get_or_init(|| attributes(&self.account, self.local(), &self.workstation))
    }

    fn group_attributes(&self) -> &[Attribute] {
        if let Some(groups) = self.groups.get() {
            return groups;
        }
        // Not inside `get_or_init`, which locks the cell: in a child that is forked during the
        // lookup the lock would never be released.
        let made = self.named_groups();
        self.groups.get_or_init(|| made)
    }

    fn named_groups(&self) -> Vec<Attribute> {
        let names = self.account.names_of_groups(self.group_names.as_deref());
        GroupAttributes::called(names, &self.own_domain).into_attributes()
    }
}

/// The administrators of a domain choose the suffix of its principal names: it could be ours.
fn is_of_its_domain(account: &Account) -> bool {
    let suffix = account.upn.as_ref().and_then(|upn| upn.rsplit_once('@'));
    match (suffix, &account.dns_domain) {
        (Some((_, suffix)), Some(dns_domain)) => alike(suffix, dns_domain),
        _ => false,
    }
}

/// Only users of our domain are displayed without a domain: the administrator of another domain
/// must not look like ours.
fn display_name(account: &Account, format: NameFormat, is_local: bool) -> String {
    let Account { user, domain, .. } = account;
    match (format, &account.upn, &account.dns_domain) {
        (NameFormat::Sam, ..) if is_local => user.clone(),
        (NameFormat::Upn, Some(upn), _) => upn.clone(),
        // The implicit principal name, which every account of a domain has.
        (NameFormat::Upn, None, Some(dns_domain)) => format!("{user}@{dns_domain}"),
        (NameFormat::Upn, None, None) | (NameFormat::UserAtDomain, ..) => {
            format!("{user}@{domain}")
        }
        (NameFormat::Logon | NameFormat::Sam, ..) => format!("{domain}\\{user}"),
    }
}

fn in_letters(case: LetterCase, name: String) -> String {
    match case {
        LetterCase::Keep => name,
        LetterCase::Lower => smalls(&name),
        LetterCase::Upper => capitals(&name),
    }
}

fn attributes(account: &Account, local: Option<&str>, workstation: &str) -> Vec<Attribute> {
    let sid = |sid: &Option<_>| sid.as_ref().map(ToString::to_string);
    let single = [
        ("user", Some(account.user.clone())),
        (
            "name-source",
            account.is_name_typed.then(|| "client".to_owned()),
        ),
        ("domain", Some(account.domain.clone())),
        ("dns-domain", account.dns_domain.clone()),
        ("upn", account.upn.clone()),
        ("full-name", account.full_name.clone()),
        ("user-sid", sid(&account.sid)),
        ("primary-group-sid", sid(&account.primary_group_sid)),
        (LOCAL_LOGIN_USER, local.map(str::to_owned)),
        ("logon-server", account.logon_server.clone()),
        (
            "user-flags",
            account.user_flags.map(|flags| format!("{flags:#x}")),
        ),
        ("log-off-time", account.log_off.and_then(seconds)),
        ("kick-off-time", account.kick_off.and_then(seconds)),
        (WORKSTATION, Some(printable(workstation))),
    ];
    let group_sids = account.group_sids.iter().map(ToString::to_string).collect();
    single
        .into_iter()
        .map(|(name, value)| (name, value.into_iter().collect()))
        .chain([("group-sids", group_sids)])
        .filter(|(_, values): &(_, Vec<String>)| values.iter().any(|value| !value.is_empty()))
        .map(|(name, values)| Attribute {
            name,
            authenticated: name != WORKSTATION,
            values,
            complete: true,
        })
        .collect()
}

fn seconds(time: SystemTime) -> Option<String> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(since.as_secs().to_string())
}

/// A text of the client, safe for an environment variable.
fn printable(text: &str) -> String {
    text.chars()
        .map(|letter| match is_unprintable(letter) {
            true => char::REPLACEMENT_CHARACTER,
            false => letter,
        })
        .collect()
}

#[cfg(test)]
mod tests;
