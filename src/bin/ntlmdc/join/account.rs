//! The computer account in the directory.

mod decision;
#[cfg(test)]
mod tests;

use gss_ntlmdc::base::name_case::{alike, smalls};
use gss_ntlmdc::base::sid::Sid;
use gss_ntlmdc::directory::{Attribute, Change, Client, Entry, Filter, MAX_ENTRIES, Scope, Search};
use gss_ntlmdc::protocol::rpc::netlogon::password_set::MachinePassword;

use super::new_secret::Earlier;
use super::plan::Plan;
use crate::domain_directory::{advice, soon};
use crate::input;
use crate::steps::Problem;
pub use decision::{Decision, NotDone};

/// ADS_UF_ACCOUNTDISABLE, ADS_UF_WORKSTATION_TRUST_ACCOUNT, ADS_UF_SERVER_TRUST_ACCOUNT
/// (MS-ADTS 2.2.16).
const DISABLED: u32 = 0x2;
const WORKSTATION_TRUST: u32 = 0x1000;
const SERVER_TRUST: u32 = 0x2000;
/// ADS_UF_TRUSTED_FOR_DELEGATION, ADS_UF_TRUSTED_TO_AUTHENTICATE_FOR_DELEGATION: another owner of
/// the account could log in elsewhere as the users of this host.
const DELEGATION: u32 = 0x8_0000 | 0x100_0000;
/// Kerberos with AES of 128 and 256 bits (MS-KILE 2.2.7).
const AES_ONLY: &str = "24";
/// The container of computers (MS-ADTS 6.1.1.4).
const COMPUTERS: &str = "AA312825768811D1ADED00C04FD8D5CD";

/// The account that is wanted.
pub struct Wanted {
    computer: String,
    dns_name: String,
    unit: Option<String>,
}

impl Wanted {
    pub fn new(plan: &Plan, unit: Option<&str>) -> Self {
        Self {
            computer: plan.computer.clone(),
            dns_name: smalls(&format!("{}.{}", plan.computer, plan.domain)),
            unit: unit.map(str::to_owned),
        }
    }

    fn account(&self) -> String {
        format!("{}$", self.computer)
    }
}

/// Asks on a terminal whether the account may be reset. Without one, it may not.
pub fn confirm_reset(wanted: &Wanted) -> bool {
    let question = format!(
        "The account {} exists. A new password takes it from whatever uses it\n\
         now: Samba or sssd on this host, or another server.\n\
         Reset it? [y/N] ",
        wanted.account()
    );
    input::confirm(&question).unwrap_or(false)
}

/// The directory, logged in to.
pub struct Directory {
    client: Client,
    user: String,
    /// The distinguished name of the domain.
    base: String,
    configuration: String,
}

impl Directory {
    /// Reads the names of the root entry.
    ///
    /// # Errors
    /// The controller gives none.
    pub fn open(mut client: Client, user: &str) -> Result<Self, Problem> {
        let names = ["defaultNamingContext", "configurationNamingContext"];
        let root = client.root(&names, soon());
        let root = root.map_err(|error| advice::other("the root of the directory", &error))?;
        let [base, configuration] =
            names.map(|name| root.text(name).unwrap_or_default().to_owned());
        Ok(Self {
            client,
            user: user.to_owned(),
            base,
            configuration,
        })
    }

    /// The same, if it is the directory of this domain.
    ///
    /// # Errors
    /// It is of another one.
    pub fn of_domain(self, domain: &str) -> Result<Self, Problem> {
        let parts = self.base.split(',').filter_map(|part| part.split_once('='));
        let labels: Vec<&str> = parts.map(|(_, label)| label).collect();
        match alike(&labels.join("."), domain) {
            true => Ok(self),
            false => Err(Problem::new(
                format!("the controller serves {}, not {domain}", self.base),
                "Give the domain's full DNS name, or name one of its controllers: --controller \
                 HOST.",
            )),
        }
    }

    /// The domain's NetBIOS name.
    pub fn netbios_domain(&mut self) -> Option<String> {
        let base = format!("CN=Partitions,{}", self.configuration);
        let search = Search {
            base: &base,
            scope: Scope::OneLevel,
            filter: Filter::Equality("nCName".to_owned(), self.base.clone()),
            attributes: &["nETBIOSName"],
            limit: MAX_ENTRIES,
        };
        let found = self.client.search(search, soon()).ok()?;
        let name = found.iter().find_map(|entry| entry.text("nETBIOSName"));
        name.map(str::to_owned)
    }

    /// The entry of an account.
    ///
    /// # Errors
    /// The controller refuses the search.
    pub fn find(&mut self, account: &str) -> Result<Option<Entry>, Problem> {
        let search = Search {
            base: &self.base,
            scope: Scope::Subtree,
            filter: Filter::Equality("sAMAccountName".to_owned(), account.to_owned()),
            attributes: &["userAccountControl", "objectClass", "mS-DS-CreatorSID"],
            limit: MAX_ENTRIES,
        };
        let found = self.client.search(search, soon());
        let mut found = found.map_err(|error| advice::other(account, &error))?;
        Ok(found.pop())
    }

    /// Decides whether the account is made, reset or kept. `own`: looks for a password that the
    /// account has, among those of this host.
    ///
    /// # Errors
    /// It exists and may not be reset, or is not a computer's.
    pub fn decide(
        &mut self,
        wanted: &Wanted,
        is_reset_given: bool,
        own: impl FnOnce() -> Option<Earlier>,
    ) -> Result<Decision, Problem> {
        let account = wanted.account();
        let Some(entry) = self.find(&account)? else {
            let place = match &wanted.unit {
                Some(unit) => unit.clone(),
                None => self.container()?,
            };
            let dn = format!("CN={},{place}", wanted.computer);
            return Ok(Decision::Make { dn, place });
        };
        let (dn, control) = (entry.dn().to_owned(), control_of(&entry));
        let is_computer = entry.texts("objectClass").contains(&"computer");
        if !is_computer || control & SERVER_TRUST != 0 {
            return Err(Problem::new(
                format!("{account} is {dn}, which is not a member computer's account"),
                "Choose another name: --computer NAME.",
            ));
        }
        if !is_reset_given && let Some(password) = own() {
            return Ok(Decision::Keep { dn, password });
        }
        self.decide_to_reset(wanted, &entry, is_reset_given)
    }

    /// For an account that exists, and may be another host's.
    fn decide_to_reset(
        &mut self,
        wanted: &Wanted,
        entry: &Entry,
        is_reset_given: bool,
    ) -> Result<Decision, Problem> {
        let (account, dn) = (wanted.account(), entry.dn().to_owned());
        let control = control_of(entry);
        let creator = self.other_creator(entry);
        if let Some(sid) = creator.as_ref().filter(|_| !is_reset_given) {
            return Err(Problem::new(
                format!("{account} exists already: {dn}, which the user {sid} has made"),
                "That user may still change it (KB5020276). Choose another name (--computer NAME), \
                 or have an administrator delete it. --reset takes it all the same.",
            ));
        }
        match is_reset_given || confirm_reset(wanted) {
            true => Ok(Decision::Reset {
                dn,
                control,
                creator,
            }),
            false => Err(Problem::new(
                format!("{account} exists already: {dn}"),
                "Choose another name (--computer NAME). If the account is this host's, and nothing \
                 else uses it, --reset gives it a new password.",
            )),
        }
    }

    /// The domain's container of computers.
    fn container(&mut self) -> Result<String, Problem> {
        let search = Search::of_entry(&self.base, &["wellKnownObjects"]);
        let found = self.client.search(search, soon());
        let found = found.map_err(|error| advice::other(&self.base, &error))?;
        let known = found
            .iter()
            .flat_map(|entry| entry.texts("wellKnownObjects"));
        let mut computers = known.filter_map(|text| container_of(text, COMPUTERS));
        computers.next().map(str::to_owned).ok_or_else(|| {
            Problem::new(
                "the domain names no container for computers",
                "Name an organizational unit: --ou DN.",
            )
        })
    }

    /// Makes the account, or resets it.
    ///
    /// # Errors
    /// The controller refuses, or does not answer.
    pub fn carry_out(
        &mut self,
        wanted: &Wanted,
        decision: &Decision,
        password: &MachinePassword,
    ) -> Result<(), NotDone> {
        let password = str::from_utf8(password.expose()).unwrap_or_default();
        match decision {
            Decision::Keep { .. } => Ok(()),
            Decision::Make { dn, place } => {
                let made = self.client.add(dn, attributes(wanted, password), soon());
                made.map_err(|error| NotDone {
                    is_refused: error.is_refused(),
                    problem: advice::not_made(&wanted.account(), place, &self.user, &error),
                })
            }
            Decision::Reset { dn, control, .. } => {
                let mut changes = vec![Change::Replace(Attribute::password(password))];
                let enabled = control & !(DISABLED | DELEGATION);
                if enabled != *control {
                    let value = enabled.to_string();
                    changes.push(Change::Replace(control_attribute(&value)));
                }
                let changed = self.client.modify(dn, changes, soon());
                changed.map_err(|error| NotDone {
                    is_refused: error.is_refused(),
                    problem: advice::not_changed(dn, &self.user, &error),
                })
            }
        }
    }

    /// The user who made the account by the right that every user has, if that is not the one who
    /// joins: such a user may still change the account.
    fn other_creator(&mut self, entry: &Entry) -> Option<String> {
        let creator = entry.values("mS-DS-CreatorSID").into_iter().next()?;
        let root = self.client.root(&["tokenGroups"], soon()).ok();
        let is_own = root.is_some_and(|root| root.values("tokenGroups").contains(&creator));
        (!is_own).then(|| sid_text(creator))
    }

    /// Allows AES only, for Kerberos. Who may make an account may not always do this. Returns why
    /// it could not be done.
    pub fn set_encryption_types(&mut self, decision: &Decision) -> Option<String> {
        // An earlier run may have been killed before it could do this.
        let (Decision::Make { dn, .. }
        | Decision::Keep {
            dn,
            password: Earlier::Draft,
        }) = decision
        else {
            return None;
        };
        let types = Attribute::new("msDS-SupportedEncryptionTypes", &[AES_ONLY]);
        let changed = self.client.modify(dn, vec![Change::Replace(types)], soon());
        changed.err().map(|error| error.to_string())
    }

    /// Deletes an entry, with all below it refused.
    ///
    /// # Errors
    /// The controller refuses.
    pub fn delete(&mut self, dn: &str) -> Result<(), Problem> {
        let deleted = self.client.delete(dn, soon());
        deleted.map_err(|error| advice::not_changed(dn, &self.user, &error))
    }

    /// Disables an account.
    ///
    /// # Errors
    /// The controller refuses.
    pub fn disable(&mut self, entry: &Entry) -> Result<(), Problem> {
        let value = (control_of(entry) | DISABLED).to_string();
        let changes = vec![Change::Replace(control_attribute(&value))];
        let changed = self.client.modify(entry.dn(), changes, soon());
        changed.map_err(|error| advice::not_changed(entry.dn(), &self.user, &error))
    }
}

fn control_of(entry: &Entry) -> u32 {
    let value = entry.text("userAccountControl");
    value
        .and_then(|value| value.parse().ok())
        .unwrap_or(WORKSTATION_TRUST)
}

fn control_attribute(value: &str) -> Attribute {
    Attribute::new("userAccountControl", &[value])
}

/// What a user without further rights may write (MS-ADTS 3.1.1.5.2.2): no other attribute. The DNS
/// name and the service names agree with the account's name (KB5008383).
fn attributes(wanted: &Wanted, password: &str) -> Vec<Attribute> {
    let [short, long] = [&wanted.computer, &wanted.dns_name].map(|name| format!("HOST/{name}"));
    let control = WORKSTATION_TRUST.to_string();
    vec![
        Attribute::new("objectClass", &["computer"]),
        Attribute::new("sAMAccountName", &[&wanted.account()]),
        control_attribute(&control),
        Attribute::new("dNSHostName", &[&wanted.dns_name]),
        Attribute::new("servicePrincipalName", &[&short, &long]),
        Attribute::password(password),
    ]
}

/// The text of a SID in bytes.
fn sid_text(bytes: &[u8]) -> String {
    let sid = Sid::from_bytes(bytes);
    sid.map_or_else(|| "with an invalid SID".to_owned(), |sid| sid.to_string())
}

/// The name in `B:32:GUID:NAME` (MS-ADTS 3.1.1.2.2.2.1, Object(DN-Binary)).
fn container_of<'a>(text: &'a str, guid: &str) -> Option<&'a str> {
    let rest = text.strip_prefix("B:32:")?;
    let (of, name) = rest.split_once(':')?;
    of.eq_ignore_ascii_case(guid).then_some(name)
}
