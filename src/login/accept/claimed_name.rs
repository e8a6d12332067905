//! The name that a client claims, checked before a verifier is asked about it.
//!
//! The guess limit must count one account under one name. A domain controller resolves more
//! spellings than this server does: Samba reads `al\ice@example.test` as a Kerberos principal,
//! where the backslash escapes a letter, and finds alice.

use crate::base::fault::{Fault, Minor};
use crate::base::log::Quoted;
use crate::base::typed_name::is_well_known_domain;
use crate::protocol::ntlm::acceptor::Claim;

/// A claimed user name that an account can have. Only [`ClaimedName::check`] makes one.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClaimedName<'a>(&'a str);

impl<'a> ClaimedName<'a> {
    /// # Errors
    /// [`Minor::ImpossibleName`] for a backslash that does not end the domain;
    /// [`Minor::WellKnownDomain`].
    pub(super) fn check(claim: &'a Claim) -> Result<Self, Fault> {
        Self::parse(&claim.user().meant, &claim.domain().meant)
    }

    /// `user` is the user name after its domain prefix was removed.
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

    /// The user name as typed, with the suffix of a user principal name.
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
    fn a_user_name_with_a_backslash_is_refused() {
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
            // U+FF3C is not a backslash: Samba and Windows read it as a letter of the name.
            ("al\u{ff3c}ice", "EXAMPLE"),
        ] {
            assert_eq!(parse(user, domain), Ok(()), "{domain} {user}");
        }
    }

    #[test]
    fn well_known_domains_are_refused() {
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
