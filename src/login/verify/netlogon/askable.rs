//! Refuses names that no domain controller can verify.

use crate::base::fault::Minor;
use crate::base::log::Quoted;
use crate::base::typed_name::split_domain;
use crate::login::verify::{Attempt, Refusal};

/// # Errors
/// [`Refusal::NotMine`]: another verifier may know the name, and no controller was asked.
pub(super) fn check(attempt: &Attempt<'_>) -> Result<(), Refusal> {
    if attempt.meant_domain() == "." {
        return Err(Refusal::NotMine(Minor::UnknownDomain.because(
            "\".\" is this server, whose accounts are those of the domain: type the domain",
        )));
    }
    // NTOWFv2 is computed over the name as typed (MS-NLMP 3.3.2). The controller computes it over
    // the name of the question, for which it may have no account.
    let typed = String::from_utf16_lossy(&attempt.user.units);
    // The guess limit must count the name of the question.
    if !typed.ends_with(&attempt.user.meant) {
        return Err(Refusal::NotMine(Minor::BadUserOrPassword.confidentially(
            "the client sent UTF-8, and controllers read another character set",
        )));
    }
    if attempt.domain.units.is_empty() && !typed.contains('\\') && split_domain(&typed).is_some() {
        return Err(Refusal::NotMine(Minor::ImpossibleName.because(
            format_args!(
                "{}: the client did not split off the domain; type it with a \\",
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
    use crate::protocol::ntlm::text::Charset;

    /// Active Directory reads the widened bytes of `\u{d1}lice` and `\u{c1}lice` as alice with
    /// accents and control characters, which it ignores in comparisons.
    #[test]
    fn the_name_of_the_question_is_the_counted_name() {
        let is_asked = |bytes: &[u8], charset: Charset| {
            let user = charset.decode(bytes, "UserName").unwrap();
            with_attempt_of("", "EXAMPLE", |attempt| {
                let attempt = Attempt {
                    user: &user,
                    ..*attempt
                };
                match check(&attempt) {
                    Ok(()) => true,
                    Err(Refusal::NotMine(fault)) => {
                        assert_eq!(fault.minor(), Minor::BadUserOrPassword);
                        false
                    }
                    other => panic!("{other:?}"),
                }
            })
        };
        for name in [
            "\u{d1}lice",
            "\u{c1}lice",
            "\u{674e}\u{96f7}",
            "EXAMPLE\\j\u{fc}rgen",
        ] {
            assert!(!is_asked(name.as_bytes(), Charset::Oem), "{name}");
            let units: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
            assert!(is_asked(&units, Charset::Unicode), "{name}");
        }
        for bytes in [
            &b"alice"[..],
            b"j\xFCrgen",
            b"EXAMPLE\\j\xFCrgen",
            b"\xD1lice",
        ] {
            assert!(is_asked(bytes, Charset::Oem), "{bytes:?}");
        }
    }

    #[test]
    fn a_dot_or_a_slash_as_domain_is_not_asked() {
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
