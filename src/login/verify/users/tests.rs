mod file;
mod lines;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::thread;
use std::time::Duration;

use super::*;
use crate::base::crypto;
use crate::protocol::ntlm::keys;
use crate::protocol::ntlm::response::NtlmV2Response;
use crate::protocol::ntlm::text::Text;

const FILE: &str = "\
# Local accounts
EXAMPLE:alice:Pa55:word

OTHER:carol:one
THIRD:carol:two
:local:pw
EXAMPLE\\hash:1001:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:8846F7EAEE8FB117AD06BDD830B7586C:[U]:LCT-0:
plain:1002:AAD3B435B51404EEAAD3B435B51404EE:8846f7eaee8fb117ad06bdd830b7586c:[U          ]
dora:1003:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:8846F7EAEE8FB117AD06BDD830B7586C:[DU         ]:
web2$:1004:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:8846F7EAEE8FB117AD06BDD830B7586C:[W          ]:
nopass:1005:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:[U          ]:
open:1006:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:8846F7EAEE8FB117AD06BDD830B7586C:[NU         ]:
empty:1007:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:31D6CFE0D16AE931B73C59D7E0C089C0:[U          ]:
EXAMPLE:jürgen:ümläut
corp.test:frank:pw
";

/// A users file with mode 0640.
fn users_file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), text).unwrap();
    fs::set_permissions(file.path(), Permissions::from_mode(0o640)).unwrap();
    file
}

fn open(file: &tempfile::NamedTempFile) -> Users {
    Users::open(file.path(), own(true), LogTarget::Off).unwrap()
}

fn own(alone: bool) -> Own {
    Own {
        domain: "EXAMPLE".to_owned(),
        configured: true,
        alone,
    }
}

/// An smbpasswd line with these flags; the password is `password`.
fn flagged(name: &str, flags: &str) -> String {
    let none = "X".repeat(32);
    format!("{name}:1:{none}:8846F7EAEE8FB117AD06BDD830B7586C:[{flags}]:LCT-0:\n")
}

const CHALLENGE: [u8; 8] = *b"challeng";

/// The NTLMv2 response for these names and this password (MS-NLMP 3.3.2).
fn response(user: &Text, domain: &Text, password: &str) -> NtlmV2Response {
    let key = keys::ntowf_v2(&crypto::nt_hash(password), &user.units, &domain.units);
    let proven = [&[1, 1][..], &[0; 26]].concat();
    let proof = keys::v2_proof(&key, CHALLENGE, &proven);
    NtlmV2Response::decode(&[&proof[..], &proven].concat()).unwrap()
}

/// The account as `DOMAIN\user`, or the code of the refusal.
fn log_in(users: &Users, user: &str, domain: &str, password: &str) -> Result<String, Minor> {
    verify(users, user, domain, password).map_err(|fault| fault.minor())
}

fn verify(users: &Users, user: &str, domain: &str, password: &str) -> Result<String, Fault> {
    let (user, domain) = (Text::from(user), Text::from(domain));
    let response = response(&user, &domain, password);
    let attempt = Attempt {
        user: &user,
        domain: &domain,
        default_domain: None,
        workstation: &Text::default(),
        server_challenge: CHALLENGE,
        target_info: &[],
        response: (&response).into(),
        passing: None,
    };
    // Every login checks the file again.
    users.loaded.lock().unwrap().checked -= LOOK_AGAIN;
    users
        .verify(&attempt)
        .map(|logon| format!("{}\\{}", logon.account().domain, logon.account().user))
        .map_err(Refusal::into_fault)
}

#[test]
fn all_spellings_name_one_account() {
    let file = users_file(FILE);
    let users = open(&file);
    for (user, domain) in [
        ("alice", "EXAMPLE"),
        ("Alice", "example"),
        ("ALICE", ""),
        ("alice@example", ""),
        ("alice@example.test", ""),
    ] {
        assert_eq!(
            log_in(&users, user, domain, "Pa55:word"),
            Ok("EXAMPLE\\alice".to_owned()),
            "{domain}\\{user}"
        );
    }
    let jurgen = Ok("EXAMPLE\\jürgen".to_owned());
    assert_eq!(log_in(&users, "JÜRGEN", "", "ümläut"), jurgen);
    let frank = Ok("corp.test\\frank".to_owned());
    assert_eq!(log_in(&users, "frank@corp.test", "", "pw"), frank);
    // With a domain beside it, the whole is a user name.
    let unknown = Err(Minor::BadUserOrPassword);
    let beside = log_in(&users, "frank@corp.test", "EXAMPLE", "pw");
    assert_eq!(beside, unknown);
}

#[test]
fn the_log_tells_an_ambiguous_name_from_an_unknown_one() {
    let (unknown, ambiguous) = ("has no such user", "several domains of the users file");
    let file = users_file("A:carol:pw\nB:carol:pw\nA:bob:pw\n");
    for (alone, user, domain, told) in [
        (true, "carol", "", ambiguous),
        (true, "carol", "C", unknown),
        (true, "bob", "C", unknown),
        (true, "dora", "", unknown),
        (false, "carol", "", unknown),
    ] {
        let users = Users::open(file.path(), own(alone), LogTarget::Off).unwrap();
        let fault = verify(&users, user, domain, "pw").unwrap_err();
        assert!(fault.for_the_log().contains(told), "{fault:?}");
        assert_eq!(fault.to_string(), Minor::BadUserOrPassword.text());
    }
}

#[test]
fn a_user_without_a_domain_matches_every_domain() {
    let file = users_file(FILE);
    let users = open(&file);
    for domain in ["", "EXAMPLE", "LAPTOP"] {
        let local = Ok("EXAMPLE\\local".to_owned());
        assert_eq!(log_in(&users, "local", domain, "pw"), local);
        let plain = Ok("EXAMPLE\\plain".to_owned());
        assert_eq!(log_in(&users, "plain", domain, "password"), plain);
    }
    let hash = Ok("EXAMPLE\\hash".to_owned());
    assert_eq!(log_in(&users, "hash", "EXAMPLE", "password"), hash);
}

#[test]
fn beside_another_verifier_users_without_a_domain_match_ours_only() {
    let file = users_file(&format!("{}A:bob:pw\n", flagged("alice", "U")));
    let users = Users::open(file.path(), own(false), LogTarget::Off).unwrap();
    let unknown = Err(Minor::BadUserOrPassword);
    for domain in ["", "EXAMPLE"] {
        let alice = Ok("EXAMPLE\\alice".to_owned());
        assert_eq!(log_in(&users, "alice", domain, "password"), alice);
    }
    for (user, domain) in [("alice", "CORP"), ("alice@corp.test", ""), ("bob", "")] {
        assert_eq!(log_in(&users, user, domain, "password"), unknown, "{user}");
    }
    assert_eq!(log_in(&users, "bob", "A", "pw"), Ok("A\\bob".to_owned()));
}

#[test]
fn a_wrong_password_looks_like_an_unknown_user() {
    let file = users_file(FILE);
    let users = open(&file);
    let refused = Err(Minor::BadUserOrPassword);
    assert_eq!(log_in(&users, "alice", "EXAMPLE", "wrong"), refused);
    assert_eq!(log_in(&users, "alice", "EXAMPLE", ""), refused);
    assert_eq!(log_in(&users, "alice", "OTHER", "Pa55:word"), refused);
    assert_eq!(log_in(&users, "mallory", "EXAMPLE", "x"), refused);
    assert_eq!(
        log_in(&users, "carol", "", "one"),
        refused,
        "two domains have a carol"
    );
    let carol = Ok("OTHER\\carol".to_owned());
    assert_eq!(log_in(&users, "carol", "OTHER", "one"), carol);
}

#[test]
fn the_state_of_an_account_is_revealed_to_its_password_only() {
    let file = users_file(FILE);
    let users = open(&file);
    let wrong = Err(Minor::BadUserOrPassword);
    assert_eq!(
        log_in(&users, "dora", "", "password"),
        Err(Minor::AccountDisabled)
    );
    assert_eq!(log_in(&users, "dora", "", "wrong"), wrong);
    assert_eq!(
        log_in(&users, "web2$", "", "password"),
        Err(Minor::TrustAccount)
    );
    for password in ["", "password"] {
        assert_eq!(log_in(&users, "nopass", "", password), wrong);
        assert_eq!(log_in(&users, "open", "", password), wrong);
        assert_eq!(log_in(&users, "empty", "", password), wrong);
    }
}

#[test]
fn a_dot_is_the_domain_of_this_server() {
    let own = |domain: &str, configured, alone| Own {
        domain: domain.to_owned(),
        configured,
        alone,
    };
    let refused = || Err(Minor::BadUserOrPassword);
    let alice = || Ok("EXAMPLE\\alice".to_owned());
    let one = "EXAMPLE:alice:pw\n";
    let two = "EXAMPLE:alice:pw\nOTHER:bob:pw\n";
    let none = "EXAMPLE:alice:pw\n:alice:other\n";
    for (lines, own, expected) in [
        (one, own("EXAMPLE", true, true), alice()),
        (one, own("WEB1", false, true), alice()),
        (one, own("CORP", true, true), refused()),
        (two, own("EXAMPLE", true, true), alice()),
        (two, own("WEB1", false, true), refused()),
        (none, own("WEB1", false, true), refused()),
        // Beside a controller, `.` is the computer.
        (one, own("WEB1", false, false), refused()),
        (one, own("EXAMPLE", true, false), alice()),
    ] {
        let file = users_file(lines);
        let case = format!("{lines} {own:?}");
        let users = Users::open(file.path(), own, LogTarget::Off).unwrap();
        assert_eq!(log_in(&users, "alice", ".", "pw"), expected, "{case}");
        assert_eq!(log_in(&users, "alice", ".", "wrong"), refused(), "{case}");
        assert_eq!(log_in(&users, "bob", ".", "pw"), refused(), "{case}");
    }
}
