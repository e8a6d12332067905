//! The name that a client claims, checked before a verifier is asked about it.
//!
//! One account must have one name, or the guess limit counts it twice. A domain controller resolves
//! some spellings further than this server does: Samba reads `al\ice@example.test` as a Kerberos
//! principal, where the backslash escapes a letter, and finds alice.

use crate::base::fault::{Fault, Minor};
use crate::base::log::Quoted;
use crate::base::typed_name::is_well_known_domain;
use crate::protocol::ntlm::acceptor::Claim;

/// The user of a claim, under a name that an account can have: only [`ClaimedName::check`] makes one.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClaimedName<'a>(&'a str);

impl<'a> ClaimedName<'a> {
    /// # Errors
    /// [`Minor::ImpossibleName`] for a backslash that does not end the domain,
    /// [`Minor::WellKnownDomain`].
    pub(super) fn check(claim: &'a Claim) -> Result<Self, Fault> {
        Self::parse(&claim.user().meant, &claim.domain().meant)
    }

    /// `user` is without the domain that may have stood before it.
    fn parse(user: &'a str, domain: &str) -> Result<Self, Fault> {
        if user.contains('\\') {
            return Err(Minor::ImpossibleName.because(Quoted(user)));
        }
        let suffix = user.rsplit_once('@').map(|(_, suffix)| suffix);
        for domain in [Some(domain), suffix].into_iter().flatten() {
            if is_well_known_domain(domain) {
                return Err(Minor::WellKnownDomain.because(Quoted(domain)));
            }
        }
        Ok(Self(user))
    }

    /// The user, as typed; with the suffix of a user principal name.
    pub(super) fn user(self) -> &'a str {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(user: &str, domain: &str) -> Result<(), Minor> {
        let outcome = ClaimedName::parse(user, domain);
        outcome.map(drop).map_err(|fault| fault.minor())
    }

    #[test]
    fn a_backslash_is_in_no_user_s_name() {
        for (user, domain) in [
            ("al\\ice@example.test", ""),
            ("al\\ice@example.test", "EXAMPLE"),
            ("EXAMPLE\\alice@example.test", ""),
            ("al\\ice", "EXAMPLE"),
            ("B\\alice", "A"),
            ("\\alice", ""),
            ("alice\\", "EXAMPLE"),
            ("alice@example.test\\", ""),
        ] {
            let refused = Err(Minor::ImpossibleName);
            assert_eq!(parse(user, domain), refused, "{domain} {user}");
        }
        for (user, domain) in [
            ("alice", ""),
            ("alice", "EXAMPLE"),
            ("alice@example.test", ""),
            ("alice@example.test", "EXAMPLE"),
            ("HTTP/www@EXAMPLE.TEST", ""),
            // Another letter, and for Samba and Windows a part of the name.
            ("al\u{ff3c}ice", "EXAMPLE"),
        ] {
            assert_eq!(parse(user, domain), Ok(()), "{domain} {user}");
        }
    }

    #[test]
    fn well_known_domains_have_no_accounts_that_log_in() {
        let refused = Err(Minor::WellKnownDomain);
        for domain in [
            "BUILTIN",
            "builtin",
            " Builtin ",
            "NT AUTHORITY",
            "NT SERVICE",
            "IIS AppPool",
            "Window Manager",
            "Font Driver Host",
            "NT VIRTUAL MACHINE",
            "Unix User",
        ] {
            assert_eq!(parse("alice", domain), refused, "{domain}");
            assert_eq!(parse(&format!("alice@{domain}"), ""), refused, "{domain}");
        }
        for domain in ["", "EXAMPLE", "BUILTIN2", "NT", "."] {
            assert_eq!(parse("alice", domain), Ok(()), "{domain}");
        }
        assert_eq!(parse("BUILTIN", "EXAMPLE"), Ok(()));
        let fault = ClaimedName::parse("alice", "NT Authority").unwrap_err();
        assert_eq!(
            fault.to_string(),
            "accounts of this domain do not log in with a password: \"NT Authority\""
        );
    }
}
