//! Verifies logins with the NT hashes of an LDAP directory: for sites without a domain.
//!
//! ```text
//! is the typed domain ours? ─► one search ─► response and hash ─► restrictions ─► groups
//! ```

mod hours;
#[cfg(test)]
mod tests;
mod time;
mod user_entry;

use std::time::SystemTime;

use crate::base::config::{self, LogTarget, Membership};
use crate::base::fault::{Fault, Minor};
use crate::base::log::{self, Quoted, Severity};
use crate::base::name_case::alike;
use crate::base::net::Deadline;
use crate::directory::groups::{self, MEMBER_OF, Member};
use crate::directory::servers::{NoAnswer, NoAnswerKind, Servers};
use crate::directory::{Client, Error, Filter, Found, ResultCode, Scope, Search};
use crate::login::verify::{Account, Attempt, GroupName, Logon, Refusal, Verifier, proof};
use user_entry::UserEntry;

/// Verifies logins with one directory.
pub struct Directory {
    config: config::Directory,
    servers: Servers,
    log: LogTarget,
    /// The attributes that are read of a user's entry.
    attributes: Vec<String>,
}

/// What a search for a user found.
enum LookedUp {
    One(Box<UserEntry>),
    Unknown,
    Ambiguous,
    /// The directory knows more than this server, which refers to others.
    Elsewhere,
}

impl Directory {
    /// Does no I/O before the first login.
    pub fn new(config: config::Directory, log: LogTarget) -> Self {
        let servers = Servers::new(config.service.clone());
        Self::asking(servers, config, log)
    }

    fn asking(servers: Servers, config: config::Directory, log: LogTarget) -> Self {
        let mut attributes = user_entry::attributes(&config);
        if config.groups.as_ref().map(|groups| &groups.membership) == Some(&Membership::MemberOf) {
            attributes.push(MEMBER_OF.to_owned());
        }
        Self {
            config,
            servers,
            log,
            attributes,
        }
    }

    /// The name of the user, if the typed domain is the directory's.
    fn own_user<'a>(&self, attempt: &'a Attempt<'_>) -> Option<&'a str> {
        let (user, domain) = (attempt.user.meant.as_str(), attempt.meant_domain());
        match (domain, user.rsplit_once('@')) {
            ("", Some((name, suffix))) if self.is_called(suffix) => Some(name),
            ("" | ".", _) => Some(user),
            _ => self.is_called(domain).then_some(user),
        }
    }

    fn is_called(&self, domain: &str) -> bool {
        let dns_domain = self.config.dns_domain.as_deref();
        alike(domain, self.config.netbios_domain.as_str())
            || dns_domain.is_some_and(|name| alike(domain, name))
    }

    /// One search. Returns the server too.
    fn look_up(&self, user: &str, deadline: Deadline) -> Result<(LookedUp, String), NoAnswer> {
        let answered = self.servers.ask(deadline, |client, until| {
            match client.find(self.search(user, &self.borrowed()), until) {
                Ok(found) => Ok(self.looked_up(user, &found)),
                Err(error) if is_size_limit(&error) => Ok(LookedUp::Ambiguous),
                Err(error) => Err(error),
            }
        })?;
        Ok((answered.answer, answered.server))
    }

    fn borrowed(&self) -> Vec<&str> {
        self.attributes.iter().map(String::as_str).collect()
    }

    /// The name is a value of the filter, not a part of its text.
    fn search<'a>(&'a self, user: &str, attributes: &'a [&'a str]) -> Search<'a> {
        let attribute = self.config.user_attribute.as_str().to_owned();
        let named = Filter::Equality(attribute, user.to_owned());
        let filter = match &self.config.user_filter {
            Some(more) => Filter::And(vec![named, more.as_filter().clone()]),
            None => named,
        };
        Search {
            base: self.config.base.as_str(),
            scope: Scope::Subtree,
            filter,
            attributes,
            // The second tells that there are several.
            limit: 2,
        }
    }

    fn looked_up(&self, user: &str, found: &Found) -> LookedUp {
        match found.entries.as_slice() {
            [] if found.is_partial => LookedUp::Elsewhere,
            [] => LookedUp::Unknown,
            [entry] => match UserEntry::read(&self.config, user, entry) {
                Some(record) => LookedUp::One(Box::new(record)),
                None => LookedUp::Unknown,
            },
            _ => LookedUp::Ambiguous,
        }
    }

    /// No group if they cannot be looked up: a part could be taken for all.
    fn groups_of(&self, record: &UserEntry, deadline: Deadline) -> Vec<GroupName> {
        let Some(rule) = &self.config.groups else {
            return Vec::new();
        };
        let member = Member {
            user: &record.user,
            dn: &record.dn,
            member_of: &record.member_of,
        };
        let names = groups::of_member(rule, member, &mut |search: Search<'_>| {
            let found = self.find(&search, deadline);
            found.map_err(|problem| problem.to_string())
        });
        let domain = self.config.netbios_domain.as_str();
        match names {
            Ok(names) => names
                .iter()
                .filter_map(|name| GroupName::new(domain, name))
                .collect(),
            Err(problem) => {
                let user = Quoted(&record.user);
                let line = format_args!("groups of {user}: {problem}; the user is in no group");
                log::write(self.log, Severity::Error, line);
                Vec::new()
            }
        }
    }

    fn find(&self, search: &Search<'_>, deadline: Deadline) -> Result<Found, NoAnswer> {
        let ask = |client: &mut Client, until| client.find(search.clone(), until);
        Ok(self.servers.ask(deadline, ask)?.answer)
    }

    fn account(&self, record: &UserEntry, server: String, groups: Vec<GroupName>) -> Account {
        Account {
            user: record.user.clone(),
            domain: self.config.netbios_domain.as_str().to_owned(),
            dns_domain: self.config.dns_domain.clone(),
            full_name: record.full_name.clone(),
            sid: record.sid.clone(),
            group_names: groups,
            logon_server: Some(server),
            log_off: record.log_off(SystemTime::now()),
            kick_off: record.kick_off(),
            ..Account::default()
        }
    }
}

impl Verifier for Directory {
    fn verify(&self, attempt: &Attempt<'_>) -> Result<Logon, Refusal> {
        let user = self.own_user(attempt).ok_or_else(|| {
            let domain = Quoted(attempt.meant_domain());
            Refusal::NotMine(
                Minor::UnknownDomain
                    .confidentially(format_args!("{domain} is not the directory's domain")),
            )
        })?;
        let deadline = Deadline::after(self.config.service.budget);
        let (found, server) = self
            .look_up(user, deadline)
            .map_err(|problem| Refusal::Unavailable(fault(&problem)))?;
        // The same work for a user that does not exist.
        let nt_hash = match &found {
            LookedUp::One(record) => record.nt_hash(),
            _ => None,
        };
        let key = proof::session_base_key([nt_hash], attempt);
        let record = found.record(&server)?;
        let key = key.ok_or_else(|| wrong(record.why_not().unwrap_or("wrong password")))?;
        // Only a client that knows the password learns these.
        record
            .permits(SystemTime::now(), &attempt.workstation.meant)
            .map_err(Refusal::Denied)?;
        let groups = self.groups_of(&record, deadline);
        let account = self.account(&record, server, groups);
        Ok(Logon::proven("directory", account, Some(key)))
    }
}

impl LookedUp {
    fn record(self, server: &str) -> Result<Box<UserEntry>, Refusal> {
        match self {
            Self::One(record) => Ok(record),
            Self::Unknown => Err(Refusal::NotMine(
                Minor::BadUserOrPassword.confidentially("the directory has no such user"),
            )),
            Self::Ambiguous => Err(wrong("several entries of the directory have this name")),
            Self::Elsewhere => Err(Refusal::Unavailable(Minor::DirectoryRefused.because(
                format_args!("{server}: it refers to another server, which is not asked"),
            ))),
        }
    }
}

/// Reads an entry as a login does.
#[cfg(feature = "fuzzing")]
pub fn read_entry(config: &config::Directory, user: &str, entry: &crate::directory::Entry) {
    if let Some(record) = UserEntry::read(config, user, entry) {
        let now = SystemTime::now();
        assert!(
            record.permits(now, "WS1").is_err() || record.kick_off().is_none_or(|end| end > now)
        );
        let _end = record.log_off(now);
    }
}

fn wrong(why: &str) -> Refusal {
    Refusal::Denied(Minor::BadUserOrPassword.confidentially(why))
}

fn is_size_limit(error: &Error) -> bool {
    let code = error.refusal().map(|refusal| &refusal.code);
    code == Some(&ResultCode::SizeLimitExceeded)
}

fn fault(problem: &NoAnswer) -> Fault {
    let minor = match problem.kind {
        NoAnswerKind::File => Minor::DirectoryFileUnusable,
        NoAnswerKind::Unreachable => Minor::DirectoryUnreachable,
        NoAnswerKind::Timeout => Minor::DirectoryTimeout,
        NoAnswerKind::Untrusted | NoAnswerKind::OtherName | NoAnswerKind::Expired => {
            Minor::DirectoryUntrusted
        }
        NoAnswerKind::NoStartTls | NoAnswerKind::Refused => Minor::DirectoryRefused,
    };
    minor.because(problem)
}
