//! What is to be done: names, files and the service, from the command line and the host.

use std::fs;
use std::path::{Path, PathBuf};

use gss_ntlmdc::base::config::{AccountSecret, Config, DEFAULT_STATE_DIR, Netlogon, first_label};
use gss_ntlmdc::base::name_case::alike;
use gss_ntlmdc::login::setup::{self, Source};
use nix::unistd::{Gid, Group, Uid, User};

use super::names::{checked_domain, checked_name, default_name};
use super::searched_domain;
use crate::arguments::{Join, Place};
use crate::domain_directory;
use crate::sections;
use crate::steps::Problem;

/// The user that the server runs as.
#[derive(Clone, Debug)]
pub struct Service {
    pub name: String,
    /// The name of its primary group.
    pub group: String,
    pub uid: u32,
    pub gid: u32,
}

impl Service {
    /// # Errors
    /// There is no such user.
    pub fn named(name: &str) -> Result<Self, String> {
        let user = User::from_name(name).map_err(|error| format!("the user {name}: {error}"))?;
        let user =
            user.ok_or_else(|| format!("no user {name}: name the server's user with --as"))?;
        Ok(Self {
            name: user.name,
            group: group_name(user.gid),
            uid: user.uid.as_raw(),
            gid: user.gid.as_raw(),
        })
    }
}

fn group_name(gid: Gid) -> String {
    match Group::from_gid(gid) {
        Ok(Some(group)) => group.name,
        _ => gid.to_string(),
    }
}

/// The plan of a join. Nothing is changed by making it.
pub struct Plan {
    pub domain: String,
    /// The computer's name: that of the account without the `$`.
    pub computer: String,
    pub config_path: PathBuf,
    pub secret_path: PathBuf,
    pub state_dir: PathBuf,
    pub service: Service,
    /// The configuration that is there, and its section for this join.
    existing: Option<Config>,
    section: Option<Netlogon>,
    /// The controller of the command line.
    controller: Option<String>,
}

impl Plan {
    /// # Errors
    /// The command line cannot be used: a name is invalid, or the user is not root.
    pub fn new(arguments: &Join) -> Result<Self, String> {
        need_root("join")?;
        let place = &arguments.place;
        let existing = existing(place)?;
        let section = match &existing {
            Some(config) => section(config, arguments.domain.as_deref())?,
            None => None,
        };
        let netlogon = section.as_ref();
        let computer = match (&arguments.computer, netlogon) {
            (Some(name), _) => checked_name(name)?,
            (None, Some(netlogon)) => netlogon.account.computer().as_str().to_owned(),
            (None, None) => default_name(&setup::host_name())?,
        };
        let domain = match (&arguments.domain, netlogon) {
            (Some(domain), _) => checked_domain(domain)?,
            (None, Some(netlogon)) => netlogon.domain.clone(),
            (None, None) => searched_domain::confirmed()?,
        };
        let plan = Self {
            domain: domain.to_lowercase(),
            computer,
            config_path: place.config.clone(),
            secret_path: secret_path(netlogon, &place.config),
            state_dir: netlogon.map_or_else(
                || DEFAULT_STATE_DIR.into(),
                |netlogon| netlogon.state_dir.clone(),
            ),
            service: Service::named(&arguments.service_user)?,
            section,
            existing,
            controller: arguments.login.controller.clone(),
        };
        plan.netlogon().map_err(|problem| problem.what)?;
        Ok(plan)
    }

    /// The domain's table for this join: that of the configuration that is there, or of the one to
    /// be written. The controller of the command line comes in the place of a list.
    ///
    /// # Errors
    /// A name is invalid.
    pub fn netlogon(&self) -> Result<Netlogon, Problem> {
        let mut netlogon = match self.section.clone() {
            Some(netlogon) => netlogon,
            None => parsed(&self.configuration(None))?,
        };
        let cure = "Correct the command line.";
        domain_directory::take_controller(self.controller.as_deref(), &mut netlogon)
            .map_err(|problem| Problem::new(problem, cure))?;
        Ok(netlogon)
    }

    /// What is kept of the configuration that is there, in words.
    pub fn kept(&self) -> String {
        let path = self.config_path.display();
        match &self.controller {
            Some(controller) => format!(
                "{path}: as it is; the servers do not keep to --controller {controller}: that is \
                 `controllers` in the file"
            ),
            None => format!("{path}: as it is"),
        }
    }

    /// Whether a configuration is there.
    pub fn has_configuration(&self) -> bool {
        self.existing.is_some()
    }

    /// Whether the configuration that is there is one for this account. If there is none, one is
    /// written.
    ///
    /// # Errors
    /// What to change. A configuration is never changed here.
    pub fn configuration_fits(&self) -> Result<(), Problem> {
        if self.existing.is_none() {
            return Ok(());
        }
        let path = self.config_path.display();
        let Some(netlogon) = &self.section else {
            return Err(Problem::new(
                format!("{path} is there, and has no [netlogon]"),
                format!(
                    "It is not changed here. Add \"netlogon\" to `verify`, and these lines; then \
                     run this again:\n{}",
                    self.netlogon_section(None, &self.secret_path)
                ),
            ));
        };
        let account = format!("{}$", self.computer);
        if !alike(&netlogon.domain, &self.domain) || !alike(netlogon.account.account(), &account) {
            return Err(Problem::new(
                format!(
                    "{path} is for {} in {}, not for {account} in {}",
                    netlogon.account.account(),
                    netlogon.domain,
                    self.domain
                ),
                "It is not changed here. Correct it, move it away, or name another file: \
                 --config FILE. For a further forest add its [[netlogon]]: docs/forests.md.",
            ));
        }
        match &netlogon.secret {
            AccountSecret::File(_) => Ok(()),
            AccountSecret::Keytab(keytab) => Err(Problem::new(
                format!("{path} has the secret in a keytab, {}", keytab.display()),
                format!(
                    "join writes the password itself: put `secret = \"{}\"` in the place of \
                     `keytab`, then run this again.",
                    self.secret_path.display()
                ),
            )),
        }
    }

    /// The text of the configuration to write.
    pub fn configuration(&self, netbios: Option<&str>) -> String {
        let section = self.netlogon_section(netbios, &self.secret_path);
        let controllers = self.controller.as_ref().map_or_else(String::new, |name| {
            format!("controllers = {}\n", serde_json::json!([name]))
        });
        format!(
            "# Written by `ntlmdc join`. ntlmdc.toml(5) has all keys.\nverify = [\"netlogon\"]\n\n\
             {section}{controllers}"
        )
    }

    fn netlogon_section(&self, netbios: Option<&str>, secret: &Path) -> String {
        // A string of JSON is one of TOML.
        let quoted = |text: &str| serde_json::json!(text).to_string();
        let netbios = netbios.filter(|name| !alike(name, first_label(&self.domain)));
        let mut lines = vec![
            "[netlogon]".to_owned(),
            format!("domain = {}", quoted(&self.domain)),
        ];
        lines.extend(netbios.map(|name| format!("netbios_domain = {}", quoted(name))));
        lines.push(format!(
            "account = {}",
            quoted(&format!("{}$", self.computer))
        ));
        lines.push(format!("secret = {}", quoted(&secret.to_string_lossy())));
        if self.state_dir != Path::new(DEFAULT_STATE_DIR) {
            lines.push(format!(
                "state_dir = {}",
                quoted(&self.state_dir.to_string_lossy())
            ));
        }
        lines.join("\n") + "\n"
    }
}

fn parsed(text: &str) -> Result<Netlogon, Problem> {
    let cure = "Correct the command line.";
    let mut config = Config::parse(text).map_err(|problem| Problem::new(problem, cure))?;
    let section = config.netlogon.pop();
    section.ok_or_else(|| Problem::new("no [netlogon]", cure))
}

/// The section for this domain; another one if there is none, which then does not fit.
fn section(config: &Config, domain: Option<&str>) -> Result<Option<Netlogon>, String> {
    let sections = &config.netlogon;
    let meant = |name: &str| sections.iter().find(|one| one.is_called(name));
    match (domain, sections.as_slice()) {
        (None, [_, _, ..]) => Err(format!(
            "the configuration has several domains: name one, as in `ntlmdc join DOMAIN`: {}",
            sections::names(sections)
        )),
        (domain, _) => Ok(domain.and_then(meant).or(sections.first()).cloned()),
    }
}

/// # Errors
/// The process is not root's.
pub fn need_root(command: &str) -> Result<(), String> {
    match Uid::effective().is_root() {
        true => Ok(()),
        false => Err(format!(
            "{command} writes files of the system: run it as root"
        )),
    }
}

/// The configuration that is there.
///
/// # Errors
/// It cannot be read.
pub fn existing(place: &Place) -> Result<Option<Config>, String> {
    if !place.config.is_absolute() {
        return Err("--config: a path that begins with / is needed".to_owned());
    }
    if !fs::exists(&place.config).is_ok_and(|there| there) {
        return Ok(None);
    }
    let source = Source {
        config: Some(place.config.clone()),
        ..Source::default()
    };
    let config = setup::read(&source).map_err(|fault| fault.for_the_log());
    config.map(Some)
}

fn secret_path(netlogon: Option<&Netlogon>, config: &Path) -> PathBuf {
    match netlogon.map(|netlogon| &netlogon.secret) {
        Some(AccountSecret::File(path)) => path.clone(),
        _ => config.with_extension("secret"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        Plan {
            domain: "corp.example.test".to_owned(),
            computer: "WEB1-NTLM".to_owned(),
            config_path: "/etc/gss/ntlmdc.toml".into(),
            secret_path: "/etc/gss/ntlmdc.secret".into(),
            state_dir: DEFAULT_STATE_DIR.into(),
            service: Service {
                name: "www-data".to_owned(),
                group: "www-data".to_owned(),
                uid: 33,
                gid: 33,
            },
            existing: None,
            section: None,
            controller: None,
        }
    }

    fn give(plan: &mut Plan, text: &str) {
        let config = Config::parse(text).unwrap();
        plan.section = section(&config, Some(&plan.domain)).unwrap();
        plan.existing = Some(config);
    }

    #[test]
    fn of_several_sections_the_one_of_the_domain_is_used() {
        let mut plan = plan();
        let of = |domain: &str, last: u32| {
            format!(
                "[[netlogon]]\ndomain = \"{domain}.test\"\nnetbios_domain = \"{domain}\"\n\
                 sid = \"S-1-5-21-1-2-{last}\"\n\
             account = \"WEB1-NTLM$\"\nsecret = \"/s/{domain}\"\n"
            )
        };
        let text = format!("verify = [\"netlogon\"]\n{}{}", of("one", 1), of("two", 2));
        plan.domain = "two.test".to_owned();
        give(&mut plan, &text);
        plan.configuration_fits().unwrap();
        let secret = AccountSecret::File("/s/two".into());
        assert_eq!(plan.netlogon().unwrap().secret, secret);
        plan.domain = "three.test".to_owned();
        give(&mut plan, &text);
        assert!(plan.configuration_fits().is_err());
        let said = section(plan.existing.as_ref().unwrap(), None).unwrap_err();
        assert!(said.ends_with("one.test, two.test"), "{said}");
    }

    #[test]
    fn the_configuration_parses_and_has_what_is_needed() {
        let mut plan = plan();
        let text = plan.configuration(Some("CORP"));
        assert!(!text.contains("netbios_domain"), "{text}");
        plan.controller = Some("dc1.example.test".to_owned());
        let text = plan.configuration(Some("OTHER"));
        let config = Config::parse(&text).unwrap().netlogon.pop().unwrap();
        assert_eq!(config.netbios_domain.as_str(), "OTHER");
        assert_eq!(config.controllers.len(), 1);
        plan.secret_path = "/a \"b\"".into();
        let text = plan.configuration(None);
        let config = Config::parse(&text).unwrap().netlogon.pop().unwrap();
        assert_eq!(config.secret, AccountSecret::File("/a \"b\"".into()));
    }

    #[test]
    fn the_keys_of_a_configuration_that_is_there_are_used() {
        let mut plan = plan();
        let text = "verify = [\"netlogon\"]\n[netlogon]\ndomain = \"corp.example.test\"\n\
                    account = \"WEB1-NTLM$\"\nsecret = \"/s\"\nsource = \"10.0.0.1\"\n\
                    site = \"Here\"\ncontrollers = [\"10.0.0.2:4000\", \"10.0.0.3\"]\n";
        give(&mut plan, text);
        let netlogon = plan.netlogon().unwrap();
        assert_eq!(plan.existing.as_ref().unwrap().netlogon, [netlogon]);
        plan.controller = Some("10.0.0.4".to_owned());
        let netlogon = plan.netlogon().unwrap();
        assert_eq!(netlogon.controllers.len(), 1);
        assert_eq!(netlogon.source, Some("10.0.0.1".parse().unwrap()));
        assert!(plan.kept().contains("--controller 10.0.0.4"));
    }

    #[test]
    fn a_configuration_of_another_account_is_refused() {
        let mut plan = plan();
        plan.configuration_fits().unwrap();
        let mut with = |text: &str| {
            give(&mut plan, text);
            plan.configuration_fits().map_err(|problem| problem.what)
        };
        let head = "verify = [\"netlogon\"]\n[netlogon]\n";
        let ours = "domain = \"CORP.example.test\"\naccount = \"web1-ntlm$\"\n";
        assert_eq!(with(&format!("{head}{ours}secret = \"/s\"")), Ok(()));
        assert!(with(&format!("{head}{ours}keytab = \"/k\"")).is_err());
        let other = "domain = \"corp.example.test\"\naccount = \"OTHER$\"\nsecret = \"/s\"";
        assert!(with(&format!("{head}{other}")).is_err());
        assert!(with("verify = [\"users\"]\n[users]\nfile = \"/u\"").is_err());
    }
}
