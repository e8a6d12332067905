//! The account of a relayed login, as far as the typed name tells.

use crate::base::config::{NamesAlone, Relay};
use crate::base::fault::{Minor, is_joiner, is_unprintable};
use crate::base::log::Quoted;
use crate::base::name_case::{alike, smalls};
use crate::login::verify::{Account, Attempt, Refusal};

/// The account that a name means, in small letters: a directory ignores case, and programs compare
/// names byte by byte. A user principal name stays whole: its first part may be the name of another
/// account.
///
/// # Errors
/// [`Refusal::NotMine`]: the name is not of one of the configured domains, or a directory could
/// read it in more than one way. The controller is not asked.
pub(super) fn account(config: &Relay, attempt: &Attempt<'_>) -> Result<Account, Refusal> {
    let user = attempt.user.meant.as_str();
    // Not the default domain: the message that the controller reads does not name it.
    let domain = attempt.domain.meant.as_str();
    // The controller reads such bytes by a table of its own.
    let is_ambiguous = attempt.user.is_oem() && !user.is_ascii();
    if is_ambiguous || !is_plain(user) {
        return Err(Refusal::NotMine(
            Minor::ImpossibleName.because(Quoted(user)),
        ));
    }
    let row = match (domain, user.rsplit_once('@')) {
        ("", Some((_, suffix))) => config.domain_of_suffix(suffix),
        ("", None) if config.names_alone == NamesAlone::Refuse => None,
        ("", None) => Some(config.netbios_domain.as_str()),
        (domain, None) => config.domain_called(domain),
        // Which of the two parts counts is the controller's choice.
        (_, Some(_)) => None,
    };
    let Some(row) = row else {
        let typed = format!("{domain}\\{user}");
        return Err(Refusal::NotMine(
            Minor::UnknownDomain.because(Quoted(&typed)),
        ));
    };
    let is_ours = alike(row, config.netbios_domain.as_str());
    Ok(Account {
        user: smalls(user),
        is_name_typed: true,
        domain: row.to_owned(),
        dns_domain: is_ours.then(|| config.domain.clone()),
        ..Account::default()
    })
}

/// Whether a directory takes the name letter by letter: it ignores spaces at the ends, repeated
/// spaces, and letters that are not printed (RFC 4518 2.2, 2.6), and takes letters of full width
/// for those of half.
fn is_plain(user: &str) -> bool {
    let is_equalled = |letter: char| {
        let is_other_space = letter.is_whitespace() && letter != ' ';
        let is_wide = ('\u{FF00}'..='\u{FFEF}').contains(&letter);
        is_other_space || is_wide || is_unprintable(letter) || is_joiner(letter)
    };
    !user.is_empty()
        && user.trim() == user
        && !user.contains("  ")
        && !user.chars().any(is_equalled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::config::fixture;
    use crate::login::verify::netlogon::tests::with_attempt_of;
    use crate::protocol::ntlm::text::Charset;

    fn of(lines: &str, user: &str, domain: &str) -> Result<(String, String), Minor> {
        let config = fixture::relay(lines);
        with_attempt_of(user, domain, |attempt| match account(&config, attempt) {
            Ok(account) => {
                assert!(account.is_name_typed);
                Ok((account.domain, account.user))
            }
            Err(Refusal::NotMine(fault)) => Err(fault.minor()),
            Err(other) => panic!("{other:?}"),
        })
    }

    #[test]
    fn only_users_of_configured_domains_are_passed_on() {
        let lines = "trusted_domains = [\"OTHER\"]\nupn_suffixes = [\"brand.test\"]";
        for (user, domain, expected) in [
            ("Alice", "example", ("EXAMPLE", "alice")),
            ("alice", "EXAMPLE.test", ("EXAMPLE", "alice")),
            ("alice", "", ("EXAMPLE", "alice")),
            ("BOB", "other", ("OTHER", "bob")),
            ("Alice@Example.test", "", ("EXAMPLE", "alice@example.test")),
            ("alice@brand.test", "", ("EXAMPLE", "alice@brand.test")),
        ] {
            let (domain_of, user_of) = expected;
            let expected = Ok((domain_of.to_owned(), user_of.to_owned()));
            assert_eq!(of(lines, user, domain), expected, "{domain}\\{user}");
        }
        for (user, domain) in [
            ("alice", "ELSEWHERE"),
            ("alice", "."),
            ("alice@elsewhere.test", ""),
            ("alice@", ""),
            ("alice@example.test", "EXAMPLE"),
        ] {
            let refused = Err(Minor::UnknownDomain);
            assert_eq!(of(lines, user, domain), refused, "{domain}\\{user}");
        }
    }

    #[test]
    fn a_name_that_a_directory_reads_in_two_ways_is_refused() {
        for user in [
            "",
            " alice",
            "alice ",
            "al  ice",
            "al\u{ad}ice",
            "al\tice",
            "al\u{200d}ice",
            "al\u{a0}ice",
            "\u{ff41}lice",
            "alice\0",
        ] {
            assert_eq!(of("", user, ""), Err(Minor::ImpossibleName), "{user:?}");
        }
        assert_eq!(of("", "j\u{fc}rgen", "").unwrap().1, "j\u{fc}rgen");
    }

    #[test]
    fn a_default_domain_gives_no_other_name() {
        let config = fixture::relay("trusted_domains = [\"OTHER\"]");
        let account = with_attempt_of("alice", "", |attempt| {
            let attempt = Attempt {
                default_domain: Some("OTHER"),
                ..*attempt
            };
            account(&config, &attempt).unwrap()
        });
        assert_eq!(account.domain, "EXAMPLE");
    }

    #[test]
    fn the_dns_domain_is_that_of_our_own_domain() {
        let config = fixture::relay("trusted_domains = [\"OTHER\"]");
        for (domain, expected) in [("EXAMPLE", Some("example.test")), ("OTHER", None)] {
            let account = with_attempt_of("alice", domain, |attempt| {
                account(&config, attempt).unwrap()
            });
            assert_eq!(account.dns_domain.as_deref(), expected, "{domain}");
        }
    }

    #[test]
    fn names_alone_may_be_refused() {
        let lines = "names_alone = \"refuse\"";
        assert_eq!(of(lines, "alice", ""), Err(Minor::UnknownDomain));
        assert!(of(lines, "alice", "EXAMPLE").is_ok());
        // The server of a share looks for it among its own accounts.
        let share = "share = '\\\\files.example.test\\web'";
        assert_eq!(of(share, "alice", ""), Err(Minor::UnknownDomain));
    }

    #[test]
    fn bytes_of_an_unknown_table_are_refused() {
        let config = fixture::relay("");
        let user = Charset::Oem.decode(b"j\xFCrgen", "UserName").unwrap();
        let refused = with_attempt_of("", "EXAMPLE", |attempt| {
            let attempt = Attempt {
                user: &user,
                ..*attempt
            };
            account(&config, &attempt).is_err()
        });
        assert!(refused);
    }
}
