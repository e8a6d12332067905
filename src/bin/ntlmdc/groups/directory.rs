//! The user's entry in the domain's directory, read as the machine account.

use std::net::IpAddr;
use std::time::Duration;

use gss_ntlmdc::base::config::Netlogon;
use gss_ntlmdc::base::net::Deadline;
use gss_ntlmdc::base::sid::Sid;
use gss_ntlmdc::dc::probe::{NamedHost, Probe};
use gss_ntlmdc::directory::{Client, Entry, Filter, MAX_ENTRIES, Scope, Search, Server};
use gss_ntlmdc::login::verify::Account;

use super::FoundUser;
use super::typed_user::{Home, TypedUser};
use crate::domain_directory::{connect_as_machine, soon};
use crate::progress::Progress;

/// How many controllers are asked, and the longest time for one of them.
const CONTROLLERS: usize = 6;
const PATIENCE: Duration = Duration::from_secs(5);
/// SAM_USER_OBJECT (MS-ADTS 2.2.13): the account of a user, not of a computer or a trust.
const USER: &str = "805306368";
/// ADS_UF_ACCOUNTDISABLE (MS-ADTS 2.2.16).
const DISABLED: u32 = 0x2;
const ATTRIBUTES: [&str; 6] = [
    "sAMAccountName",
    "userPrincipalName",
    "displayName",
    "objectSid",
    "primaryGroupID",
    "userAccountControl",
];
const TOKEN_GROUPS: &str = "tokenGroups";
const NAMING_CONTEXT: &str = "defaultNamingContext";

/// The directory of the domain, at a controller that has accepted the machine account.
pub struct UserDirectory {
    client: Client,
    config: Netlogon,
    controller: String,
    /// The distinguished name of the domain.
    base: String,
}

impl UserDirectory {
    /// Asks the controllers one after the other, until one accepts the machine account.
    ///
    /// # Errors
    /// None does.
    pub fn open(config: Netlogon, progress: &Progress) -> Result<Self, String> {
        progress.show("looking for controllers …");
        let until = Deadline::after(config.budget);
        let hosts = Probe::new(&config).hosts(None)?;
        let mut said = Vec::new();
        for (host, address) in addresses(&hosts, &mut said) {
            let controller = match host.name == address.to_string() {
                true => host.name.clone(),
                false => format!("{} ({address})", host.name),
            };
            progress.show(&format!("asking {controller} …"));
            let name = host.name.as_str();
            let server = Server {
                address,
                port: None,
                source: config.source,
                name,
            };
            match connect(server, &config, until.or_after(PATIENCE)) {
                Ok((client, base)) => {
                    return Ok(Self {
                        client,
                        config,
                        controller,
                        base,
                    });
                }
                Err(problem) => said.push(format!("{controller}: {problem}")),
            }
        }
        if said.is_empty() {
            said.push(format!("DNS has no controllers of {}", config.domain));
        }
        Err(format!(
            "the directory cannot be asked: {}; `sudo ntlmdc check` says what is in the way",
            said.join("; ")
        ))
    }

    /// The user, if there is one.
    ///
    /// # Errors
    /// The name fits several users, or is one of another domain; the controller does not answer.
    pub fn find(&mut self, user: &TypedUser) -> Result<Option<FoundUser>, String> {
        let equal =
            |attribute: &str, value: &str| Filter::Equality(attribute.to_owned(), value.to_owned());
        let named = match user.home(&self.config) {
            Home::Ours(name) => equal("sAMAccountName", name),
            Home::Principal(None) => equal("userPrincipalName", user.name()),
            Home::Principal(Some(name)) => Filter::Or(vec![
                equal("userPrincipalName", user.name()),
                equal("sAMAccountName", name),
            ]),
            Home::Other(domain) => return Err(self.of_other_domain(domain, user.name())),
        };
        let filter = Filter::And(vec![equal("sAMAccountType", USER), named]);
        let mut found = self.search(filter, &ATTRIBUTES)?;
        match (found.pop(), found.as_slice()) {
            (Some(entry), []) => self.described(&entry).map(Some),
            (Some(last), others) => {
                let names = others.iter().chain([&last]).map(Entry::dn);
                Err(format!(
                    "{:?} fits several users: {}; give DOMAIN\\user, with the sAMAccountName",
                    user.name(),
                    names.collect::<Vec<_>>().join("; ")
                ))
            }
            (None, _) => match user.name().rsplit_once('@') {
                Some((_, suffix)) if self.trusted(suffix).is_some() => {
                    Err(self.of_other_domain(suffix, user.name()))
                }
                _ => Ok(None),
            },
        }
    }

    fn search(&mut self, filter: Filter, attributes: &[&str]) -> Result<Vec<Entry>, String> {
        let search = Search {
            base: &self.base,
            scope: Scope::Subtree,
            filter,
            attributes,
            limit: MAX_ENTRIES,
        };
        let found = self.client.search(search, soon());
        found.map_err(|error| format!("{}: {error}", self.controller))
    }

    /// The names of a domain that ours trusts, or that trusts ours.
    fn trusted(&mut self, domain: &str) -> Option<String> {
        let equal = |attribute: &str| Filter::Equality(attribute.to_owned(), domain.to_owned());
        let filter = Filter::And(vec![
            Filter::Equality("objectClass".to_owned(), "trustedDomain".to_owned()),
            Filter::Or(vec![equal("flatName"), equal("trustPartner")]),
        ]);
        let found = self.search(filter, &["flatName", "trustPartner"]).ok()?;
        let entry = found.first()?;
        let [netbios, dns] =
            ["flatName", "trustPartner"].map(|name| entry.text(name).unwrap_or_default());
        Some(format!("{netbios} ({dns})"))
    }

    /// What can be had of a user of another domain.
    fn of_other_domain(&mut self, domain: &str, user: &str) -> String {
        match self.trusted(domain) {
            Some(names) => format!(
                "{user:?} is of the trusted domain {names}: only its controllers know the user's \
                 groups, and ours add those of {} at a login; `sudo ntlmdc login` shows both, with \
                 the password",
                self.config.domain
            ),
            None => format!(
                "{domain:?} is neither {} nor a domain that it trusts, as its directory says; \
                 `sudo ntlmdc check` lists the trusted domains",
                self.config.domain
            ),
        }
    }

    fn described(&mut self, entry: &Entry) -> Result<FoundUser, String> {
        let dn = entry.dn();
        let sid = entry.values("objectSid").first().copied();
        let sid = sid.and_then(Sid::from_bytes);
        let (Some(user), Some(sid)) = (entry.text("sAMAccountName"), sid) else {
            let controller = &self.controller;
            return Err(format!("{controller}: {dn} has no usable name or SID"));
        };
        // Only a search of the entry itself computes it (MS-ADTS 3.1.1.4.5.19).
        let search = Search::of_entry(dn, &[TOKEN_GROUPS]);
        let token = self.client.search(search, soon());
        let token = token.map_err(|error| format!("{}: {error}", self.controller))?;
        let groups = token.iter().flat_map(|entry| entry.values(TOKEN_GROUPS));
        let groups: Vec<Sid> = groups.filter_map(Sid::from_bytes).collect();
        let missing = groups.is_empty().then(|| self.no_token_groups());
        let text = |name| entry.text(name).map(str::to_owned);
        let number = |name| entry.text(name).and_then(|text| text.parse::<u32>().ok());
        let primary = number("primaryGroupID").and_then(|rid| sid.domain()?.with_rid(rid));
        let control = number("userAccountControl").unwrap_or_default();
        let account = Account {
            user: user.to_owned(),
            domain: self.config.netbios_domain.as_str().to_owned(),
            dns_domain: Some(self.config.domain.clone()),
            // An account without one has the implicit one (MS-ADTS 5.1.1.1.1).
            upn: text("userPrincipalName")
                .or_else(|| Some(format!("{user}@{}", self.config.domain))),
            full_name: text("displayName"),
            group_sids: of_a_login(groups, primary.as_ref()),
            sid: Some(sid),
            primary_group_sid: primary,
            ..Account::default()
        };
        Ok(FoundUser {
            account,
            place: format!("{dn}, at {}", self.controller),
            obstacle: (control & DISABLED != 0).then_some("the account is disabled"),
            missing,
        })
    }

    fn no_token_groups(&self) -> String {
        format!(
            "{} may not read {TOKEN_GROUPS} of this user: only the primary group is known. Make it \
             a member of Windows Authorization Access Group",
            self.config.account.account()
        )
    }
}

fn addresses<'a>(hosts: &'a [NamedHost], said: &mut Vec<String>) -> Vec<(&'a NamedHost, IpAddr)> {
    let mut all = Vec::new();
    for host in hosts {
        match &host.addresses {
            Ok(addresses) => all.extend(addresses.iter().map(|address| (host, *address))),
            Err(problem) => said.push(format!("{}: {problem}", host.name)),
        }
    }
    all.truncate(CONTROLLERS);
    all
}

/// A connection, and the distinguished name of the domain.
fn connect(
    server: Server<'_>,
    config: &Netlogon,
    until: Deadline,
) -> Result<(Client, String), String> {
    let mut client = connect_as_machine(server, config, until)?;
    let root = client.root(&[NAMING_CONTEXT], until);
    let root = root.map_err(|error| error.to_string())?;
    let base = root.text(NAMING_CONTEXT).map(str::to_owned);
    Ok((client, base.ok_or_else(|| format!("no {NAMING_CONTEXT}"))?))
}

/// The groups that a login has: those of domains. The controller leaves its own built-in groups
/// out, such as BUILTIN\Users.
fn of_a_login(token: Vec<Sid>, primary: Option<&Sid>) -> Vec<Sid> {
    let mut groups: Vec<Sid> = token
        .into_iter()
        .filter(|sid| sid.domain().is_some())
        .collect();
    if let Some(primary) = primary
        && !groups.contains(primary)
    {
        groups.push(primary.clone());
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_groups_are_not_those_of_a_login() {
        let sid = |text: &str| text.parse::<Sid>().unwrap();
        let [staff, users] = ["S-1-5-21-1-2-3-1105", "S-1-5-21-1-2-3-513"].map(sid);
        let token = vec![staff.clone(), sid("S-1-5-32-545"), sid("S-1-1-0")];
        assert_eq!(
            of_a_login(token.clone(), Some(&users)),
            [staff.clone(), users]
        );
        assert_eq!(
            of_a_login(token.clone(), Some(&staff)),
            std::slice::from_ref(&staff)
        );
        assert_eq!(of_a_login(token, None), [staff]);
    }
}
