mod hashes;
mod question;
mod restrictions;

use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use super::*;
use crate::base::config::fixture;
use crate::base::crypto::{self, Key};
use crate::directory::imitation::{Imitation, done, entry, made, reference};
use crate::protocol::ntlm::keys;
use crate::protocol::ntlm::response::NtlmV2Response;
use crate::protocol::ntlm::text::Text;

const CHALLENGE: [u8; 8] = *b"challeng";
const DN: &str = "uid=alice,ou=people,dc=example,dc=test";
/// Of `password`.
const HASH: &[u8] = b"8846F7EAEE8FB117AD06BDD830B7586C";

fn directory(lines: &str, server: &Imitation) -> Directory {
    let config = fixture::directory(lines);
    let servers = Servers::imitated(config.service.clone(), vec![server.peer]);
    Directory::asking(servers, config, LogTarget::Off)
}

fn attempt(
    directory: &Directory,
    user: &str,
    domain: &str,
    password: &str,
) -> Result<Logon, Refusal> {
    attempt_by_hash(directory, user, domain, &crypto::nt_hash(password))
}

fn attempt_by_hash(
    directory: &Directory,
    user: &str,
    domain: &str,
    nt_hash: &Key,
) -> Result<Logon, Refusal> {
    let (user, domain) = (Text::from(user), Text::from(domain));
    let key = keys::ntowf_v2(nt_hash, &user.units, &domain.units);
    let proven = [&[1, 1][..], &[0; 26]].concat();
    let proof = keys::v2_proof(&key, CHALLENGE, &proven);
    let response = NtlmV2Response::decode(&[&proof[..], &proven].concat()).unwrap();
    directory.verify(&Attempt {
        user: &user,
        domain: &domain,
        default_domain: None,
        workstation: &Text::from("WS1"),
        server_challenge: CHALLENGE,
        target_info: &[],
        response: (&response).into(),
        passing: None,
    })
}

/// An entry of alice with these attributes too.
fn alice(more: &[(&str, &[u8])]) -> Imitation {
    let own: &[(&str, &[u8])] = &[("uid", b"Alice"), ("sambaNTPassword", HASH)];
    Imitation::having(vec![made(DN, &[own, more].concat())])
}

/// The code of a refusal of a right password with these attributes.
fn refusal(lines: &str, server: &Imitation) -> Option<Minor> {
    let directory = directory(lines, server);
    let with_wrong = attempt(&directory, "alice", "", "wrong").unwrap_err();
    // Who does not know the password learns nothing of the account.
    assert_eq!(with_wrong.into_fault().minor(), Minor::BadUserOrPassword);
    let outcome = attempt(&directory, "alice", "", "password");
    outcome.err().map(|refusal| refusal.into_fault().minor())
}

fn refusal_with(more: &[(&str, &[u8])]) -> Option<Minor> {
    refusal("", &alice(more))
}

#[test]
fn a_login_is_one_search() {
    let server = alice(&[
        ("displayName", b"Alice A."),
        ("sambaSID", b"S-1-5-21-1-2-3-1105"),
        ("sambaAcctFlags", b"[UX         ]"),
    ]);
    let directory = directory("dns_domain = \"example.test\"", &server);
    for (user, domain) in [
        ("alice", "EXAMPLE"),
        ("ALICE", "example"),
        ("alice", ""),
        ("alice", "."),
        ("alice", "Example.Test"),
        ("alice@example.test", ""),
        ("alice@EXAMPLE", ""),
    ] {
        let logon = attempt(&directory, user, domain, "password").unwrap();
        let account = logon.account();
        assert_eq!(
            (account.user.as_str(), account.domain.as_str()),
            ("Alice", "EXAMPLE")
        );
        assert_eq!(account.full_name.as_deref(), Some("Alice A."));
        assert_eq!(account.dns_domain.as_deref(), Some("example.test"));
        assert_eq!(account.logon_server.as_deref(), Some("127.0.0.1"));
        assert!(account.sid.is_some() && logon.session_base_key().is_some());
        assert!(account.group_names.is_empty());
    }
    assert_eq!((server.connections(), server.searches()), (1, 7));
}

#[test]
fn another_domain_is_not_asked_about() {
    let server = alice(&[]);
    let directory = directory("", &server);
    for (user, domain) in [
        ("alice", "OTHER"),
        ("alice", "example.test"),
        ("alice", "EXAMPLE."),
    ] {
        let refused = attempt(&directory, user, domain, "password").unwrap_err();
        assert!(matches!(&refused, Refusal::NotMine(_)), "{refused:?}");
        assert_eq!(refused.into_fault().minor(), Minor::UnknownDomain);
    }
    assert_eq!(server.searches(), 0);
}

#[test]
fn wrong_passwords_and_unknown_users_have_one_code() {
    let wrong = attempt(&directory("", &alice(&[])), "alice", "", "wrong").unwrap_err();
    let empty = Imitation::having(Vec::new());
    let unknown = attempt(&directory("", &empty), "alice", "", "password").unwrap_err();
    assert!(matches!(wrong, Refusal::Denied(_)));
    assert!(matches!(unknown, Refusal::NotMine(_)));
    for refused in [wrong, unknown] {
        assert_eq!(refused.into_fault().minor(), Minor::BadUserOrPassword);
    }
}

#[test]
fn a_name_of_several_entries_is_refused() {
    let own: &[(&str, &[u8])] = &[("uid", b"alice"), ("sambaNTPassword", HASH)];
    let twice = Imitation::having(vec![made(DN, own), made("uid=alice,dc=other", own)]);
    let limited = Imitation::answering(|id, _| done(id, ResultCode::SizeLimitExceeded));
    for server in [twice, limited] {
        let refused = attempt(&directory("", &server), "alice", "", "password").unwrap_err();
        assert!(matches!(&refused, Refusal::Denied(_)), "{refused:?}");
    }
}

#[test]
fn the_entry_must_have_the_typed_name_and_no_other() {
    let named = |names: &[&str]| {
        let mut all: Vec<(&str, &[u8])> = vec![("sambaNTPassword", HASH)];
        all.extend(names.iter().map(|name| ("uid", name.as_bytes())));
        let server = Imitation::having(vec![made(DN, &all)]);
        attempt(&directory("", &server), "alice", "", "password").is_ok()
    };
    assert!(named(&["alice"]));
    // As a directory that ignores spaces finds it; and one whose name typing would choose.
    assert!(!named(&["alice "]) && !named(&["bob"]) && !named(&[]));
    assert!(!named(&["alice", "bob"]));
}

#[test]
fn hostile_names_are_values() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let server = Imitation::answering(move |id, request| {
        seen.lock().unwrap().push(request.filter.clone());
        done(id, ResultCode::Success)
    });
    let lines = "user_filter = \"(objectClass=person)\"";
    let directory = directory(lines, &server);
    for name in [
        "*",
        "*)(uid=*",
        "(|(uid=a)(uid=b))",
        "a\\2a",
        "a\0b",
        "é",
        "",
    ] {
        let refused = attempt(&directory, name, "EXAMPLE", "password").unwrap_err();
        assert!(matches!(refused, Refusal::NotMine(_)), "{name}");
        let filter = asked.lock().unwrap().pop().unwrap();
        let Filter::And(parts) = filter else {
            panic!("{filter:?}")
        };
        assert_eq!(
            parts[0],
            Filter::Equality("uid".to_owned(), name.to_owned())
        );
        assert_eq!(parts.len(), 2);
    }
}

#[test]
fn a_directory_that_does_not_answer_is_never_one_without_the_user() {
    let busy = Imitation::answering(|id, _| done(id, ResultCode::Busy));
    let no_base = Imitation::answering(|id, _| done(id, ResultCode::NoSuchObject));
    let referral = Imitation::answering(|id, _| done(id, ResultCode::Referral));
    let references =
        Imitation::answering(|id, _| [reference(id), done(id, ResultCode::Success)].concat());
    let closing = Imitation::answering(|_, _| Vec::new());
    let half = Imitation::answering(|id, _| {
        let user = made(DN, &[("uid", b"alice"), ("sambaNTPassword", HASH)]);
        [entry(id, &user), done(id, ResultCode::Unavailable)].concat()
    });
    for (server, minor) in [
        (busy, Minor::DirectoryRefused),
        (no_base, Minor::DirectoryRefused),
        (referral, Minor::DirectoryRefused),
        (references, Minor::DirectoryRefused),
        (closing, Minor::DirectoryUnreachable),
        (half, Minor::DirectoryRefused),
    ] {
        let refused = attempt(&directory("", &server), "alice", "", "password").unwrap_err();
        assert!(matches!(&refused, Refusal::Unavailable(_)), "{refused:?}");
        assert_eq!(refused.into_fault().minor(), minor);
    }
}

#[test]
fn account_flags_are_obeyed_after_a_right_password() {
    for (flags, expected) in [
        ("[U          ]", None),
        ("[UX]", None),
        ("[DU         ]", Some(Minor::AccountDisabled)),
        ("[UL         ]", Some(Minor::AccountLockedOut)),
        ("[W          ]", Some(Minor::TrustAccount)),
        ("[S          ]", Some(Minor::TrustAccount)),
        ("[I          ]", Some(Minor::TrustAccount)),
        ("[NU         ]", Some(Minor::AccountRestriction)),
        ("[U?         ]", Some(Minor::AccountRestriction)),
        ("U", Some(Minor::AccountRestriction)),
    ] {
        assert_eq!(
            refusal_with(&[("sambaAcctFlags", flags.as_bytes())]),
            expected,
            "{flags}"
        );
    }
    let dollar = made(DN, &[("uid", b"web2$"), ("sambaNTPassword", HASH)]);
    let server = Imitation::having(vec![dollar]);
    let refused = attempt(&directory("", &server), "web2$", "", "password").unwrap_err();
    assert_eq!(refused.into_fault().minor(), Minor::TrustAccount);
}

#[test]
fn times_of_the_schema_of_samba_are_obeyed() {
    let change = Some(Minor::PasswordMustChange);
    let restricted = Some(Minor::AccountRestriction);
    for (name, value, expected) in [
        ("sambaKickoffTime", "1000", Some(Minor::AccountExpired)),
        ("sambaKickoffTime", "4000000000", None),
        ("sambaKickoffTime", "0", None),
        ("sambaKickoffTime", "soon", restricted),
        ("sambaPwdLastSet", "0", change),
        ("sambaPwdLastSet", "1700000000", None),
        ("sambaPwdMustChange", "1000", change),
        ("sambaPwdMustChange", "0", change),
        ("sambaPwdMustChange", "2147483647", None),
        ("sambaPwdMustChange", "", restricted),
        (
            "sambaLogonHours",
            &"0".repeat(42),
            Some(Minor::InvalidLogonHours),
        ),
        ("sambaLogonHours", &"F".repeat(42), None),
        ("sambaLogonHours", "FF", restricted),
        ("sambaUserWorkstations", "ws1,other", None),
        (
            "sambaUserWorkstations",
            "other",
            Some(Minor::InvalidWorkstation),
        ),
    ] {
        assert_eq!(
            refusal_with(&[(name, value.as_bytes())]),
            expected,
            "{name}: {value}"
        );
    }
    // A password that does not expire.
    let fixed: &[(&str, &[u8])] = &[("sambaPwdLastSet", b"0"), ("sambaAcctFlags", b"[UX]")];
    assert_eq!(refusal_with(fixed), None);
    let twice: &[(&str, &[u8])] = &[("sambaKickoffTime", b"0"), ("sambaKickoffTime", b"0")];
    assert_eq!(refusal_with(twice), restricted);
}

#[test]
fn a_login_ends_with_the_account() {
    let server = alice(&[("sambaKickoffTime", b"4000000000")]);
    let logon = attempt(&directory("", &server), "alice", "", "password").unwrap();
    let kick_off = UNIX_EPOCH + Duration::from_secs(4_000_000_000);
    assert_eq!(logon.account().ends(), Some(kick_off));
}

#[test]
fn the_schema_of_free_ipa_is_read() {
    let raw = crypto::nt_hash("password");
    let user = |more: &[(&str, &[u8])]| {
        let own: &[(&str, &[u8])] = &[("uid", b"alice"), ("ipaNTHash", raw.expose())];
        let all = [own, more].concat();
        refusal(
            "schema = \"freeipa\"",
            &Imitation::having(vec![made(DN, &all)]),
        )
    };
    let restricted = Some(Minor::AccountRestriction);
    assert_eq!(user(&[]), None);
    for (name, value, expected) in [
        ("nsAccountLock", "FALSE", None),
        ("nsAccountLock", "TRUE", Some(Minor::AccountDisabled)),
        ("nsAccountLock", "maybe", restricted),
        (
            "krbPrincipalExpiration",
            "20200101000000Z",
            Some(Minor::AccountExpired),
        ),
        ("krbPrincipalExpiration", "22000101000000Z", None),
        ("krbPrincipalExpiration", "never", restricted),
        (
            "krbPasswordExpiration",
            "20200101000000Z",
            Some(Minor::PasswordExpired),
        ),
        ("krbPasswordExpiration", "22000101000000Z", None),
    ] {
        assert_eq!(
            user(&[(name, value.as_bytes())]),
            expected,
            "{name}: {value}"
        );
    }
}

#[test]
fn groups_come_with_the_login() {
    let base = "group_base = \"ou=groups,dc=example,dc=test\"";
    let server = alice(&[
        ("memberOf", b"cn=Staff,ou=groups,dc=example,dc=test"),
        ("memberOf", b"cn=a|b,ou=groups,dc=example,dc=test"),
    ]);
    let lines = format!("groups = \"member-of\"\n{base}");
    let logon = attempt(&directory(&lines, &server), "alice", "", "password").unwrap();
    // A name with a separator could be read as two.
    let staff = GroupName::new("EXAMPLE", "Staff").unwrap();
    assert_eq!(logon.account().group_names, std::slice::from_ref(&staff));
    assert_eq!(logon.names_of_groups(), [Some(staff)]);
    assert_eq!(server.searches(), 1);
}

#[test]
fn groups_that_cannot_be_looked_up_are_none() {
    let user = made(DN, &[("uid", b"alice"), ("sambaNTPassword", HASH)]);
    let group = made("cn=Staff,ou=groups,dc=example,dc=test", &[("cn", b"Staff")]);
    let server = |code: ResultCode| {
        let (user, group) = (user.clone(), group.clone());
        Imitation::answering(
            move |id, request| match request.base.starts_with("ou=groups") {
                true => [entry(id, &group), done(id, code.clone())].concat(),
                false => [entry(id, &user), done(id, ResultCode::Success)].concat(),
            },
        )
    };
    let base = "group_base = \"ou=groups,dc=example,dc=test\"";
    let lines = format!("groups = \"search\"\n{base}");
    for (code, count) in [(ResultCode::Success, 1), (ResultCode::NoSuchObject, 0)] {
        let server = server(code);
        let logon = attempt(&directory(&lines, &server), "alice", "", "password").unwrap();
        assert_eq!(logon.account().group_names.len(), count);
        assert_eq!(server.searches(), 2);
    }
}
