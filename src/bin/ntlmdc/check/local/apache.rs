//! Apache's configuration, read as root and looked at with the rights of the service.

mod lines;
mod rules;
mod sites;
mod tree;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use gss_ntlmdc::base::config::Config;
use gss_ntlmdc::base::file;

use super::trial;
use crate::check::cause::Cause;
use crate::check::finding::{Finding, Subject};

use tree::{ConfigTree, Directive};

/// The main files of Debian's and Red Hat's Apache.
const MAIN_FILES: [&str; 2] = ["/etc/apache2/apache2.conf", "/etc/httpd/conf/httpd.conf"];
/// The programs that check a configuration.
const CONTROLS: [&str; 3] = [
    "/usr/sbin/apache2ctl",
    "/usr/sbin/apachectl",
    "/usr/sbin/httpd",
];
/// What Apache says of a mechanism that mod_auth_gssapi does not know.
const UNKNOWN_MECH: &str = "Failed to apply GssapiAllowedMech directive";
/// The names that mod_auth_gssapi knows, if it was built with NTLM.
const MECHS: [&str; 3] = ["krb5", "iakerb", "ntlmssp"];
/// What the start script says besides.
const BESIDES: [&str; 3] = ["AH00558", "Action '", "The Apache error log"];
/// Additions to Apache's unit.
const UNITS: [&str; 2] = [
    "/etc/systemd/system/apache2.service.d",
    "/etc/systemd/system/httpd.service.d",
];
/// The longest file of variables.
const LIMIT: u64 = 1 << 20;

/// Apache as its files have it.
pub struct Apache {
    main: PathBuf,
    /// What its start script sets.
    variables: BTreeMap<String, String>,
    tree: ConfigTree,
    tried: ConfigTest,
}

/// What Apache says of its configuration.
enum ConfigTest {
    Taken,
    Refused(String),
    /// It could not be asked, for this reason.
    NotTried(String),
    /// Only root can ask.
    NotRoot,
}

impl Apache {
    /// Reads the configuration: `given`, or the system's. `None`: there is none.
    pub fn read(given: Option<&Path>) -> Option<Self> {
        let system = || MAIN_FILES.iter().map(Path::new).find(|file| file.exists());
        let main = std::path::absolute(given.or_else(system)?).ok()?;
        let mut variables = match given {
            Some(_) => BTreeMap::new(),
            None => of_units(),
        };
        variables.extend(lines::variables(&text(&main.with_file_name("envvars"))));
        let tried = config_test(&main, given.is_some());
        let tree = tree::read(&main, variables.clone());
        Some(Self {
            main,
            variables,
            tree,
            tried,
        })
    }

    /// A variable of Apache's processes.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// Whether Kerberos is taken, with a keytab, wherever NTLM is.
    pub fn has_kerberos(&self) -> bool {
        rules::has_kerberos(&self.tree)
    }

    /// What is wrong with the configuration.
    pub fn look(&self, config: Option<&Config>) -> Vec<Finding> {
        let mut findings: Vec<Finding> = self.unread().into_iter().collect();
        match &self.tried {
            ConfigTest::Refused(refusal) => return vec![self.refused(refusal)],
            ConfigTest::NotTried(problem) => findings.push(self.not_tried(problem)),
            ConfigTest::Taken | ConfigTest::NotRoot => {}
        }
        findings.extend(rules::apply(&self.tree, config));
        findings
    }

    fn refused(&self, refusal: &str) -> Finding {
        let what = format!("Apache refuses {}: {refusal}", self.main.display());
        match refusal.contains(UNKNOWN_MECH) && has_known_mechs(&self.tree.top) {
            true => Cause::ApacheModuleWithoutNtlm.failure(
                what,
                "Install a mod_auth_gssapi that was built with gssapi_ntlmssp.h, as Debian's is.",
            ),
            false => Cause::ApacheInvalid.failure(what, "Correct the line."),
        }
    }

    fn not_tried(&self, problem: &str) -> Finding {
        let main = self.main.display();
        Cause::ApacheNotTried.unknown(
            format!("whether Apache takes {main} could not be tried: {problem}"),
            "Try it by hand:\n  apache2ctl configtest",
        )
    }

    fn unread(&self) -> Option<Finding> {
        let problems = &self.tree.problems;
        let first = problems.first()?;
        let more = match problems.len() {
            1 => String::new(),
            count => format!("; and {} more", count - 1),
        };
        let cure = "Run it as root. What is in macros is not looked at.";
        Some(Cause::ApacheUnread.unknown(format!("{first}{more}"), cure))
    }
}

/// There is no Apache whose files could be looked at.
pub fn absent() -> Finding {
    let what = format!(
        "no Apache on this host: neither {}",
        MAIN_FILES.join(" nor ")
    );
    Finding::good(Subject::Apache, what)
}

/// The text of a file, if it can be read.
fn text(path: &Path) -> String {
    let bytes = file::read_system(path, LIMIT).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The variables that an administrator's additions to Apache's unit set.
fn of_units() -> BTreeMap<String, String> {
    let entries = UNITS.iter().flat_map(fs::read_dir).flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.sort();
    files
        .iter()
        .flat_map(|file| lines::unit_variables(&text(file)))
        .collect()
}

/// Whether each `GssapiAllowedMech` has a name that mod_auth_gssapi knows.
fn has_known_mechs(lines: &[Directive]) -> bool {
    lines.iter().all(|line| match &line.children {
        Some(children) => has_known_mechs(children),
        None => line.name != "gssapiallowedmech" || MECHS.contains(&line.word()),
    })
}

/// Asks Apache about its configuration.
fn config_test(main: &Path, is_given: bool) -> ConfigTest {
    const PATIENCE: Duration = Duration::from_secs(30);
    if !nix::unistd::Uid::effective().is_root() {
        return ConfigTest::NotRoot;
    }
    let Some(control) = CONTROLS
        .iter()
        .find(|program| fs::metadata(program).is_ok())
    else {
        return ConfigTest::NotTried(format!("there is no {}", CONTROLS.join(" nor ")));
    };
    let mut command = Command::new(control);
    command.arg("-t");
    if is_given {
        command.arg("-f").arg(main);
    }
    match trial::run(command, PATIENCE) {
        None => {
            let seconds = PATIENCE.as_secs();
            ConfigTest::NotTried(format!(
                "{control} -t does not run, or does not end within {seconds} s"
            ))
        }
        Some(outcome) if outcome.is_success => ConfigTest::Taken,
        Some(outcome) => {
            let said = without_besides(&outcome.errors);
            match outcome.errors.lines().any(is_of_apache) {
                true => ConfigTest::Refused(said),
                false => {
                    ConfigTest::NotTried(format!("{control} -t fails before it reads it: {said}"))
                }
            }
        }
    }
}

/// Whether Apache says this of its configuration. Its start script fails, too, where it cannot make
/// the directory of its locks.
fn is_of_apache(line: &str) -> bool {
    let programs = ["AH", "apache2: ", "httpd: "];
    programs.iter().any(|start| line.starts_with(start))
        && !BESIDES.iter().any(|start| line.starts_with(start))
}

/// The lines of Apache itself, not too long.
fn without_besides(errors: &str) -> String {
    let is_besides = |line: &&str| BESIDES.iter().any(|start| line.starts_with(start));
    let said: Vec<&str> = errors.lines().filter(|line| !is_besides(line)).collect();
    said.join(" ").chars().take(600).collect()
}
