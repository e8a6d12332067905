//! What `check` found: one finding for one cause.

use super::cause::Cause;

/// What a finding is about. Findings are printed by subject, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// The configuration.
    Configuration,
    /// Files and directories, as the service sees them.
    Files,
    /// mech.d, the library, krb5.
    Mechanism,
    /// Apache's configuration.
    Apache,
    /// How controllers are found: by DNS.
    Dns,
    /// The same, by WINS.
    Wins,
    /// Each controller: ports, clock, secure channel.
    Controllers,
    /// What the controllers say of the domain and of the machine account.
    Domain,
    /// Each server of an LDAP directory.
    Directory,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// It is as it should be.
    Good,
    /// Logins work; some of them or some day they will not.
    Warning,
    /// Logins will not work.
    Failure,
    /// It could not be looked at.
    Unknown,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub subject: Subject,
    pub level: Level,
    /// What it is a case of; its identifier is a row of docs/check.md. `None`: a good finding.
    pub cause: Option<Cause>,
    /// What was found, on what.
    pub what: String,
    /// Why it matters. Empty: a good finding.
    pub why: String,
    /// What to do. A line that begins with a space is a command, and is not broken. Empty: a good
    /// finding.
    pub cure: String,
    /// An option names its cause: it is shown, and does not count.
    pub is_ignored: bool,
}

impl Finding {
    /// It is as it should be.
    pub fn good(subject: Subject, what: impl Into<String>) -> Self {
        Self {
            subject,
            level: Level::Good,
            cause: None,
            what: what.into(),
            why: String::new(),
            cure: String::new(),
            is_ignored: false,
        }
    }

    /// Logins will not work.
    pub fn is_failure(&self) -> bool {
        self.level == Level::Failure
    }

    /// Ignores the finding if its cause is one of these. A failure is never ignored.
    pub fn ignore(&mut self, causes: &[Cause]) {
        let is_named = self.cause.is_some_and(|cause| causes.contains(&cause));
        self.is_ignored = is_named && self.level != Level::Failure;
    }

    /// Makes a failure a warning, for this reason: logins go on by other means.
    pub fn lessen(&mut self, why: &str) {
        if self.is_failure() {
            self.level = Level::Warning;
            why.clone_into(&mut self.why);
        }
    }

    /// Says why it matters here, in place of what the table of causes says.
    pub fn because(mut self, why: impl Into<String>) -> Self {
        self.why = why.into();
        self
    }
}

/// The findings about several servers that do the same. One that works makes what is wrong with
/// others a warning, for this reason. What is said of all of them is said once.
pub fn of_servers(each: Vec<Vec<Finding>>, why: &str) -> Vec<Finding> {
    let works = |findings: &Vec<Finding>| !findings.iter().any(Finding::is_failure);
    let is_one_at_work = each.iter().any(works);
    let mut all: Vec<Finding> = Vec::new();
    for mut finding in each.into_iter().flatten() {
        if is_one_at_work {
            finding.lessen(why);
        }
        if !all.contains(&finding) {
            all.push(finding);
        }
    }
    all
}

impl Cause {
    /// Logins work; some of them or some day they will not.
    pub fn warning(self, what: impl Into<String>, cure: impl Into<String>) -> Finding {
        self.finding(Level::Warning, what.into(), cure.into())
    }

    /// Logins will not work.
    pub fn failure(self, what: impl Into<String>, cure: impl Into<String>) -> Finding {
        self.finding(Level::Failure, what.into(), cure.into())
    }

    /// It could not be looked at.
    pub fn unknown(self, what: impl Into<String>, cure: impl Into<String>) -> Finding {
        self.finding(Level::Unknown, what.into(), cure.into())
    }

    fn finding(self, level: Level, what: String, cure: String) -> Finding {
        Finding {
            subject: self.subject(),
            level,
            cause: Some(self),
            what,
            why: self.why().to_owned(),
            cure,
            is_ignored: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_server_that_works_is_enough() {
        let works = || vec![Finding::good(Subject::Directory, "works")];
        let dead = || vec![Cause::DirectorySilent.failure("silent", "start it")];
        let levels = |each| -> Vec<Level> {
            let found = of_servers(each, "others work");
            found.iter().map(|finding| finding.level).collect()
        };
        assert_eq!(levels(vec![dead(), works()]), [Level::Warning, Level::Good]);
        // What is said of all is said once.
        assert_eq!(levels(vec![dead(), dead()]), [Level::Failure]);
        let found = of_servers(vec![works(), dead()], "others work");
        assert_eq!(found.last().unwrap().why, "others work");
    }
}
