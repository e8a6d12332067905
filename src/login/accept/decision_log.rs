//! The log lines of accepted and refused logins.

use std::fmt;
use std::time::Instant;

use crate::base::config::LogTarget;
use crate::base::fault::{Fault, Minor};
use crate::base::log::{self, Quoted, Severity};
use crate::login::accept::established::Established;
use crate::login::policy::Admitted;
use crate::protocol::ntlm::acceptor::Claim;

/// An accepted login, as its log line has it.
pub(super) struct Accepted<'a> {
    pub(super) claim: &'a Claim,
    pub(super) admitted: &'a Admitted<'a>,
    pub(super) established: &'a Established,
    /// The name of the verifier.
    pub(super) verifier: &'static str,
    pub(super) start: Instant,
}

impl Accepted<'_> {
    pub(super) fn log(&self, to: LogTarget) {
        log::write(to, Severity::Info, format_args!("{self}"));
    }
}

impl fmt::Display for Accepted<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mic = match (self.established.mic_verified(), self.claim.mic_present()) {
            (true, _) => "verified",
            (false, true) => "left-to-controller",
            (false, false) => "none",
        };
        write!(
            formatter,
            "accepted {} as {} verifier={} response={} mic={mic} took={}{}",
            Quoted(self.established.identity().display()),
            ClaimFields(self.claim),
            self.verifier,
            self.admitted.level(),
            Took(self.start),
            AuditFindings(self.admitted.would_refuse()),
        )
    }
}

/// A refused message, with what its sender claims, if that is known.
pub(super) struct Refused {
    fault: Fault,
    claim_fields: Option<String>,
    /// User and domain, as typed.
    account_fields: Option<String>,
}

impl<F: Into<Fault>> From<F> for Refused {
    fn from(fault: F) -> Self {
        Self {
            fault: fault.into(),
            claim_fields: None,
            account_fields: None,
        }
    }
}

impl Refused {
    /// A refused claim.
    pub(super) fn of(claim: &Claim, fault: Fault) -> Self {
        Self {
            fault,
            claim_fields: Some(ClaimFields(claim).to_string()),
            account_fields: Some(AccountFields(claim).to_string()),
        }
    }

    /// The fault for the server, whose log has the client's address.
    pub(super) fn into_fault(self) -> Fault {
        match self.account_fields {
            Some(fields) => self.fault.of_login(fields),
            None => self.fault,
        }
    }

    pub(super) fn minor(&self) -> Minor {
        self.fault.minor()
    }

    pub(super) fn log(&self, to: LogTarget, start: Instant) {
        let code = self.fault.minor().code();
        let reason = self.fault.for_the_log();
        let took = Took(start);
        let severity = Severity::Warning;
        match &self.claim_fields {
            None => log::write(to, severity, format_args!("refused: {reason} [{code:x}]")),
            Some(fields) => log::write(
                to,
                severity,
                format_args!("refused {fields} took={took}: {reason} [{code:x}]"),
            ),
        }
    }
}

/// What a client claims, unproven.
struct ClaimFields<'a>(&'a Claim);

impl fmt::Display for ClaimFields<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(claim) = self;
        let workstation = Quoted(&claim.workstation().meant);
        write!(
            formatter,
            "{} workstation={workstation}",
            AccountFields(claim)
        )
    }
}

/// The names of the claimed account.
struct AccountFields<'a>(&'a Claim);

impl fmt::Display for AccountFields<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(claim) = self;
        let (user, domain) = (&claim.user().meant, &claim.domain().meant);
        write!(formatter, "user={} domain={}", Quoted(user), Quoted(domain))
    }
}

/// The faults that the rules of `[policy.audit]` would have refused a login for.
struct AuditFindings<'a>(&'a [Fault]);

impl fmt::Display for AuditFindings<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut before = "; policy.audit would refuse: ";
        for fault in self.0 {
            let code = fault.minor().code();
            write!(formatter, "{before}{} [{code:x}]", fault.for_the_log())?;
            before = ", ";
        }
        Ok(())
    }
}

/// The time since the start, in milliseconds.
struct Took(Instant);

impl fmt::Display for Took {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hundredths = self.0.elapsed().as_micros() / 10;
        write!(formatter, "{}.{:02}ms", hundredths / 100, hundredths % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audit_findings_are_listed_with_their_codes() {
        let listed = |faults: &[Minor]| {
            let faults: Vec<Fault> = faults.iter().map(|minor| (*minor).into()).collect();
            AuditFindings(&faults).to_string()
        };
        assert_eq!(listed(&[]), "");
        assert_eq!(
            listed(&[Minor::MissingMic, Minor::UnnamedService]),
            "; policy.audit would refuse: the client sent no message integrity code [4e440202], \
             the client does not say which service it means to log in to [4e440307]"
        );
    }
}
