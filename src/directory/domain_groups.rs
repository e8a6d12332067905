//! The groups of a user of Active Directory, for verifiers that learn a name only.
//!
//! ```text
//! name ─► cached? ─► the user's entry ─► tokenGroups (MS-ADTS 3.1.1.4.5.19) ─► names of the groups
//! ```
//!
//! `tokenGroups` has nested groups and the primary group, as a login on Windows does.

#[cfg(test)]
pub(crate) mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::base::config::GroupDirectory;
use crate::base::name_case::capitals;
use crate::base::net::Deadline;
use crate::base::process::PerProcess;
use crate::base::sid::Sid;
use crate::directory::client::Found;
use crate::directory::entry::{Entry, Filter, MAX_ENTRIES, Scope, Search};
use crate::directory::servers::Servers;

/// How many groups a user may have. Windows lets no user with more log in.
const MAX_GROUPS: usize = 1024;
/// How many groups are named in one question.
const AT_ONCE: usize = 50;
/// How many users are remembered.
const MAX_USERS: usize = 1024;
const TOKEN_GROUPS: &str = "tokenGroups";
const SID: &str = "objectSid";
const NAME: &str = "sAMAccountName";

/// A group of the user's domain, or of another domain of its forest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its security identifier.
    pub sid: Sid,
    /// Its name, if it is of the user's own domain.
    pub name: Option<String>,
}

/// Looks up and remembers the groups of users.
pub struct DomainGroups {
    config: GroupDirectory,
    servers: Servers,
    known: PerProcess<Mutex<HashMap<String, Remembered>>>,
}

#[derive(Clone)]
struct Remembered {
    groups: Arc<Vec<Group>>,
    until: Instant,
}

impl DomainGroups {
    /// Does no I/O.
    pub fn new(config: GroupDirectory) -> Self {
        let servers = Servers::new(config.service.clone());
        Self::asking(servers, config)
    }

    fn asking(servers: Servers, config: GroupDirectory) -> Self {
        Self {
            config,
            servers,
            known: PerProcess::new(),
        }
    }

    /// The groups of a user, by the name of the account. What is remembered is no older than the
    /// lifetime of the configuration.
    ///
    /// # Errors
    /// Why they are not known. The user then counts as a member of no group: a part of the groups
    /// could be taken for all.
    pub fn of(&self, user: &str) -> Result<Arc<Vec<Group>>, String> {
        let key = capitals(user);
        if let Some(groups) = self.remembered(&key, Instant::now()) {
            return Ok(groups);
        }
        let began = Instant::now();
        let groups = Arc::new(self.look_up(user)?);
        self.remember(key, began, &groups);
        Ok(groups)
    }

    fn remembered(&self, key: &str, now: Instant) -> Option<Arc<Vec<Group>>> {
        let known = self.known.of_this_process(Mutex::default);
        let known = known.lock().unwrap_or_else(PoisonError::into_inner);
        let one = known.get(key).filter(|one| now < one.until)?;
        Some(Arc::clone(&one.groups))
    }

    /// The lifetime begins with the question.
    fn remember(&self, key: String, asked: Instant, groups: &Arc<Vec<Group>>) {
        let groups = Arc::clone(groups);
        let until = asked + self.config.lifetime;
        let known = self.known.of_this_process(Mutex::default);
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_USERS {
            known.retain(|_, one| asked < one.until);
        }
        if known.len() >= MAX_USERS {
            known.clear();
        }
        known.insert(key, Remembered { groups, until });
    }

    fn look_up(&self, user: &str) -> Result<Vec<Group>, String> {
        let deadline = Deadline::after(self.config.service.budget);
        let entry = self.user(user, deadline)?;
        let own = entry
            .values(SID)
            .first()
            .and_then(|sid| Sid::from_bytes(sid));
        let domain = own
            .and_then(|sid| sid.domain())
            .ok_or("the user has no SID")?;
        let token = Search::of_entry(entry.dn(), &[TOKEN_GROUPS]);
        let found = self.find(&token, deadline)?;
        let [token] = found.entries.as_slice() else {
            return Err("the user's entry is gone".to_owned());
        };
        let sids = security_groups(token)?;
        let mut names = HashMap::new();
        let own: Vec<&Sid> = sids
            .iter()
            .filter(|sid| sid.domain().as_ref() == Some(&domain))
            .collect();
        for some in own.chunks(AT_ONCE) {
            names.extend(self.names(some, deadline)?);
        }
        let named = |sid: Sid| Group {
            name: names.remove(&sid),
            sid,
        };
        Ok(sids.into_iter().map(named).collect())
    }

    /// The one entry of the user. The name is a value of the filter, not a part of its text.
    fn user(&self, user: &str, deadline: Deadline) -> Result<Entry, String> {
        let equal = |name: &str, value: &str| Filter::Equality(name.to_owned(), value.to_owned());
        let search = Search {
            base: self.config.base.as_str(),
            scope: Scope::Subtree,
            filter: Filter::And(vec![equal("objectClass", "user"), equal(NAME, user)]),
            attributes: &[SID],
            limit: 2,
        };
        let mut entries = self.find(&search, deadline)?.entries.into_iter();
        match (entries.next(), entries.next()) {
            (Some(entry), None) => Ok(entry),
            (None, _) => Err("the directory has no such user".to_owned()),
            (Some(_), Some(_)) => Err("several entries of the directory have this name".to_owned()),
        }
    }

    fn names(&self, sids: &[&Sid], deadline: Deadline) -> Result<Vec<(Sid, String)>, String> {
        let equal = sids
            .iter()
            .map(|sid| Filter::Equality(SID.to_owned(), sid.to_string()));
        let search = Search {
            base: self.config.base.as_str(),
            scope: Scope::Subtree,
            filter: Filter::Or(equal.collect()),
            attributes: &[SID, NAME],
            limit: MAX_ENTRIES,
        };
        let entries = self.find(&search, deadline)?.entries;
        let named = entries.iter().filter_map(|entry| {
            let sid = Sid::from_bytes(entry.values(SID).first()?)?;
            Some((sid, entry.text(NAME)?.to_owned()))
        });
        Ok(named.collect())
    }

    /// A domain refers to its other naming contexts, which have no users and no groups.
    fn find(&self, search: &Search<'_>, deadline: Deadline) -> Result<Found, String> {
        let answered = self
            .servers
            .ask(deadline, |client, until| client.find(search.clone(), until));
        answered
            .map(|one| one.answer)
            .map_err(|problem| problem.to_string())
    }
}

/// The groups of domains. Those of `BUILTIN` are the controller's own.
fn security_groups(entry: &Entry) -> Result<Vec<Sid>, String> {
    let values = entry.values(TOKEN_GROUPS);
    if values.len() > MAX_GROUPS {
        return Err(format!("the user is in more than {MAX_GROUPS} groups"));
    }
    let sids: Option<Vec<Sid>> = values.into_iter().map(Sid::from_bytes).collect();
    let sids = sids.ok_or("a security identifier cannot be read")?;
    Ok(sids
        .into_iter()
        .filter(|sid| sid.domain().is_some())
        .collect())
}
