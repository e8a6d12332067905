//! What is to be done: names, files and the service, from the command line and the host.

use std::fs;
use std::path::{Path, PathBuf};

use gss_ntlmdc::base::config::{AccountSecret, Config, DEFAULT_STATE_DIR, Netlogon, first_label};
use gss_ntlmdc::base::name_case::{alike, capitals};
use gss_ntlmdc::login::setup::{self, Source};
use nix::unistd::{Uid, User};

use super::searched_domain;
use crate::arguments::{Join, Place};
use crate::steps::Problem;

/// The longest name of a computer account, without its `$`.
const MAX_NAME: usize = 15;
/// What the account's name has after the host's.
const SUFFIX: &str = "-NTLM";

/// The user that the server runs as.
#[derive(Clone, Debug)]
pub struct Service {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
}

impl Service {
    /// # Errors
    /// There is no such user.
    pub fn named(name: &str) -> Result<Self, String> {
        let user = User::from_name(name).map_err(|error| format!("the user {name}: {error}"))?;
        let user = user
            .ok_or_else(|| format!("no user {name}: name the server's user with --service-user"))?;
        Ok(Self {
            name: user.name,
            uid: user.uid.as_raw(),
            gid: user.gid.as_raw(),
        })
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
    /// The configuration that is there.
    existing: Option<Config>,
    /// The controller of the command line.
    controller: Option<String>,
}

/// A configuration for one domain.
pub struct DomainConfig {
    pub netlogon: Netlogon,
}

impl Plan {
    /// # Errors
    /// The command line cannot be used: a name is invalid, or the user is not root.
    pub fn new(arguments: &Join) -> Result<Self, String> {
        need_root("join")?;
        let place = &arguments.place;
        let existing = existing(place)?;
        let netlogon = existing
            .as_ref()
            .and_then(|config| config.netlogon.as_ref());
        let computer = match (&arguments.computer, netlogon) {
            (Some(name), _) => checked_name(name)?,
            (None, Some(netlogon)) => netlogon.account.computer().as_str().to_owned(),
            (None, None) => default_name(&setup::host_name())?,
        };
        let domain = match (&arguments.domain, netlogon) {
            (Some(domain), _) => domain.trim_end_matches('.').to_owned(),
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
            service: Service::named(&place.service_user)?,
            existing,
            controller: arguments.login.controller.clone(),
        };
        plan.config().map_err(|problem| problem.what)?;
        Ok(plan)
    }

    /// Whether the command line names a controller, or the configuration does.
    pub fn names_controllers(&self) -> bool {
        self.controllers().is_some()
    }

    fn controllers(&self) -> Option<Vec<String>> {
        self.controller.clone().map(|one| vec![one])
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
        let Some(config) = &self.existing else {
            return Ok(());
        };
        let path = self.config_path.display();
        let Some(netlogon) = &config.netlogon else {
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
                 --config FILE.",
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

    /// A configuration with what is known, for questions before there is a secret.
    ///
    /// # Errors
    /// A name is invalid.
    pub fn config(&self) -> Result<DomainConfig, Problem> {
        let text = self.text(None, &self.secret_path, self.controllers(), "");
        parsed(&text)
    }

    /// The text of the configuration to write.
    pub fn configuration(&self, netbios: Option<&str>) -> String {
        let head = "# Written by `ntlmdc join`. ntlmdc.toml(5) has all keys.\n";
        let text = self.text(netbios, &self.secret_path, self.controllers(), "");
        format!("{head}{text}")
    }

    /// The text of a configuration with another secret, for one controller.
    pub fn trial(&self, netbios: Option<&str>, secret: &Path, controller: &str) -> String {
        let controllers = Some(vec![controller.to_owned()]);
        self.text(netbios, secret, controllers, "[log]\nto = \"off\"\n")
    }

    fn text(
        &self,
        netbios: Option<&str>,
        secret: &Path,
        controllers: Option<Vec<String>>,
        more: &str,
    ) -> String {
        let section = self.netlogon_section(netbios, secret);
        let controllers = controllers.map_or_else(String::new, |names| {
            format!("controllers = {}\n", serde_json::json!(names))
        });
        format!("verify = [\"netlogon\"]\n\n{section}{controllers}{more}")
    }

    fn netlogon_section(&self, netbios: Option<&str>, secret: &Path) -> String {
        // A string of JSON is one of TOML.
        let quoted = |text: &str| serde_json::json!(text).to_string();
        let of_existing = self
            .existing
            .as_ref()
            .and_then(|config| config.netlogon.as_ref());
        let given = of_existing.filter(|netlogon| netlogon.is_netbios_domain_given);
        let netbios = given
            .map(|netlogon| netlogon.netbios_domain.as_str())
            .or(netbios);
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

fn parsed(text: &str) -> Result<DomainConfig, Problem> {
    let cure = "Correct the command line.";
    let config = Config::parse(text).map_err(|problem| Problem::new(problem, cure))?;
    let netlogon = config
        .netlogon
        .ok_or_else(|| Problem::new("no [netlogon]", cure))?;
    Ok(DomainConfig { netlogon })
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

/// The name of a computer: letters, digits and hyphens, which DNS and NetBIOS both accept.
fn checked_name(name: &str) -> Result<String, String> {
    let name = name.strip_suffix('$').unwrap_or(name);
    let is_label = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let problem = if name.is_empty() || name.len() > MAX_NAME {
        "a computer's name has 1 to 15 characters"
    } else if !name.chars().all(is_label) || name.starts_with('-') || name.ends_with('-') {
        "a computer's name has letters, digits and, in its middle, hyphens"
    } else if name.chars().all(|letter| letter.is_ascii_digit()) {
        "a computer's name has a letter"
    } else {
        return Ok(capitals(name));
    };
    Err(format!("--computer {}: {problem}", name.escape_debug()))
}

/// The host's name and `-NTLM`: Samba or sssd may have an account with the host's name.
fn default_name(host: &str) -> Result<String, String> {
    let is_label = |letter: &char| letter.is_ascii_alphanumeric() || *letter == '-';
    let label: String = first_label(host).chars().filter(is_label).collect();
    let label: String = label.chars().take(MAX_NAME - SUFFIX.len()).collect();
    let label = label.trim_matches('-');
    match label.is_empty() {
        true => Err("name the computer account: --computer NAME".to_owned()),
        false => checked_name(&format!("{label}{SUFFIX}")),
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
                uid: 33,
                gid: 33,
            },
            existing: None,
            controller: None,
        }
    }

    #[test]
    fn names_fit_dns_and_netbios() {
        assert_eq!(checked_name("web1$").unwrap(), "WEB1");
        assert_eq!(checked_name("a23456789012345").unwrap().len(), 15);
        for wrong in [
            "",
            "$",
            "a234567890123456",
            "a b",
            "a_b",
            "é",
            "-a",
            "a-",
            "123",
            "a.b",
        ] {
            assert!(checked_name(wrong).is_err(), "{wrong}");
        }
        assert_eq!(default_name("web1.example.test").unwrap(), "WEB1-NTLM");
        assert_eq!(
            default_name("a-very-long-host-name").unwrap(),
            "A-VERY-LON-NTLM"
        );
        assert_eq!(default_name("a-long-hos-x").unwrap(), "A-LONG-HOS-NTLM");
        assert!(default_name("...").is_err());
    }

    #[test]
    fn the_configuration_parses_and_has_what_is_needed() {
        let mut plan = plan();
        let text = plan.configuration(Some("CORP"));
        assert!(!text.contains("netbios_domain"), "{text}");
        plan.controller = Some("dc1.example.test".to_owned());
        let text = plan.configuration(Some("OTHER"));
        let config = Config::parse(&text).unwrap().netlogon.unwrap();
        assert_eq!(config.netbios_domain.as_str(), "OTHER");
        assert_eq!(config.controllers.len(), 1);
        let text = plan.trial(Some("OTHER"), Path::new("/a \"b\""), "10.0.0.2");
        let config = Config::parse(&text).unwrap().netlogon.unwrap();
        assert_eq!(config.secret, AccountSecret::File("/a \"b\"".into()));
    }

    #[test]
    fn a_configuration_of_another_account_is_refused() {
        let mut plan = plan();
        plan.configuration_fits().unwrap();
        let mut with = |text: &str| {
            plan.existing = Some(Config::parse(text).unwrap());
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
