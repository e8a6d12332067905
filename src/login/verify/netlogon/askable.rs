//! Names that a domain controller cannot answer for, whatever the password.

use crate::base::fault::Minor;
use crate::base::log::Quoted;
use crate::base::typed_name::split_domain;
use crate::login::verify::{Attempt, Refusal};

/// # Errors
/// [`Refusal::NotMine`]: another verifier may know the name, and no controller was asked.
pub(super) fn check(attempt: &Attempt<'_>) -> Result<(), Refusal> {
    if attempt.domain.meant == "." {
        return Err(Refusal::NotMine(Minor::UnknownDomain.because(
            "\".\" is this server, and its accounts are the domain's: type the domain",
        )));
    }
    // NTOWFv2 runs over the name as it was typed (MS-NLMP 3.3.2). The controller computes it over the
    // name that it is asked about, and has no account of this one.
    let typed = String::from_utf16_lossy(&attempt.user.units);
    if attempt.domain.units.is_empty() && !typed.contains('\\') && split_domain(&typed).is_some() {
        return Err(Refusal::NotMine(Minor::ImpossibleName.because(
            format_args!(
                "{}: the client did not take the domain off; type it with a \\",
                Quoted(&typed)
            ),
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::login::verify::netlogon::tests::with_attempt_of;

    #[test]
    fn a_dot_and_a_slash_are_no_controller_s_business() {
        let refused = |user, meant: &str, domain| {
            with_attempt_of(user, domain, |attempt| {
                let mut domain = attempt.domain.clone();
                domain.meant = meant.to_owned();
                let attempt = Attempt {
                    domain: &domain,
                    ..*attempt
                };
                match check(&attempt) {
                    Err(Refusal::NotMine(fault)) => Some(fault.minor()),
                    Ok(()) => None,
                    other => panic!("{other:?}"),
                }
            })
        };
        let (unknown, impossible) = (Some(Minor::UnknownDomain), Some(Minor::ImpossibleName));
        assert_eq!(refused("bob", ".", "."), unknown);
        assert_eq!(refused(".\\bob", ".", ""), unknown);
        assert_eq!(refused("EXAMPLE/bob", "EXAMPLE", ""), impossible);
        for (user, domain) in [
            ("bob", "EXAMPLE"),
            ("bob", ""),
            ("EXAMPLE\\bob", ""),
            ("EX/AMPLE\\bob", ""),
            ("b/ob", "EXAMPLE"),
            ("HTTP/www@EXAMPLE.TEST", ""),
        ] {
            assert_eq!(refused(user, domain, domain), None, "{domain} {user}");
        }
    }
}
