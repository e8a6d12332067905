use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::thread;
use std::time::Duration;

use super::*;
use crate::base::crypto;
use crate::protocol::ntlm::response::NtlmV2Response;
use crate::protocol::ntlm::text::Text;

const FILE: &str = "\
# Local accounts
EXAMPLE:alice:Pa55:word

OTHER:carol:one
THIRD:carol:two
:local:pw
EXAMPLE\\hash:1001:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:8846F7EAEE8FB117AD06BDD830B7586C:[U          ]:LCT-0:
plain:1002:AAD3B435B51404EEAAD3B435B51404EE:8846f7eaee8fb117ad06bdd830b7586c:[U          ]
dora:1003:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:8846F7EAEE8FB117AD06BDD830B7586C:[DU         ]:
web2$:1004:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:8846F7EAEE8FB117AD06BDD830B7586C:[W          ]:
nobody:1005:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:[U          ]:
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

const CHALLENGE: [u8; 8] = *b"challeng";

/// The NTLMv2 response of a client where somebody typed these (MS-NLMP 3.3.2).
fn response(user: &Text, domain: &Text, password: &str) -> NtlmV2Response {
    let key = keys::ntowf_v2(&crypto::nt_hash(password), &user.units, &domain.units);
    let proven = [&[1, 1][..], &[0; 26]].concat();
    let proof = keys::v2_proof(&key, CHALLENGE, &proven);
    NtlmV2Response::decode(&[&proof[..], &proven].concat()).unwrap()
}

/// The account as `DOMAIN\user`, or the code of the refusal.
fn log_in(users: &Users, user: &str, domain: &str, password: &str) -> Result<String, Minor> {
    let (user, domain) = (Text::from(user), Text::from(domain));
    let response = response(&user, &domain, password);
    let attempt = Attempt {
        user: &user,
        domain: &domain,
        default_domain: None,
        workstation: &Text::default(),
        server_challenge: CHALLENGE,
        response: (&response).into(),
    };
    // Every login here comes when the file is looked at again.
    users.loaded.lock().unwrap().looked -= LOOK_AGAIN;
    users
        .verify(&attempt)
        .map(|logon| format!("{}\\{}", logon.account().domain, logon.account().user))
        .map_err(|refusal| refusal.into_fault().minor())
}

/// As Notepad writes it, and as two such files become one.
#[test]
fn a_byte_order_mark_is_no_part_of_a_name() {
    let file = users_file(
        "\u{FEFF}EXAMPLE:alice:pw\r\nEXAMPLE:bob:pw\r\n\u{FEFF}EXAMPLE:carol:pw\r\n\u{FEFF}# x\r\n",
    );
    let users = open(&file);
    for user in ["alice", "bob", "carol"] {
        let logon = log_in(&users, user, "EXAMPLE", "pw");
        assert_eq!(logon, Ok(format!("EXAMPLE\\{user}")));
        assert!(log_in(&users, user, "\u{FEFF}EXAMPLE", "pw").is_err());
    }
    let first = first(file.path(), |_, _| true).unwrap().unwrap();
    assert_eq!((&*first.domain, &*first.user), ("EXAMPLE", "alice"));
}

#[test]
fn a_users_file_in_utf_16_is_refused_with_the_cure() {
    let file = users_file("");
    for mark in ["", "\u{FEFF}"] {
        let text = format!("{mark}EXAMPLE:alice:pw\r\n");
        let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        fs::write(file.path(), &bytes).unwrap();
        let opened = Users::open(file.path(), own(true), LogTarget::Off).map(drop);
        let fault = opened.unwrap_err();
        assert_eq!(fault.minor(), Minor::UsersFileUnusable);
        let told = fault.for_the_log();
        assert!(told.contains(file.path().to_str().unwrap()), "{told}");
        assert!(told.contains("iconv -f UTF-16"), "{told}");
        let error = first(file.path(), |_, _| true).unwrap_err();
        assert!(error.to_string().contains("iconv -f UTF-16"), "{error}");
    }
}

#[test]
fn one_account_has_one_name_however_it_is_typed() {
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
}

#[test]
fn a_user_without_a_domain_is_of_every_domain() {
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
fn beside_another_verifier_the_users_of_a_domain_are_not_taken_for_ours() {
    let file = users_file(
        "alice:1001:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:8846F7EAEE8FB117AD06BDD830B7586C:[U]\nA:bob:pw\n",
    );
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
    assert_eq!(log_in(&users, "carol", "", "one"), refused, "which carol?");
    let carol = Ok("OTHER\\carol".to_owned());
    assert_eq!(log_in(&users, "carol", "OTHER", "one"), carol);
}

#[test]
fn what_an_account_may_not_is_told_to_those_who_know_its_password() {
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
        assert_eq!(log_in(&users, "nobody", "", password), wrong);
        assert_eq!(log_in(&users, "open", "", password), wrong);
        assert_eq!(log_in(&users, "empty", "", password), wrong);
    }
}

/// An smbpasswd line with these flags; the password is `password`.
fn flagged(name: &str, flags: &str) -> String {
    let none = "X".repeat(32);
    format!("{name}:1:{none}:8846F7EAEE8FB117AD06BDD830B7586C:[{flags}]:LCT-0:\n")
}

#[test]
fn each_flag_of_smbpasswd_has_its_meaning() {
    let wrong = Err(Minor::BadUserOrPassword);
    let ok = Ok("EXAMPLE\\eve".to_owned());
    for (flags, expected) in [
        ("U          ", ok.clone()),
        ("UX         ", ok.clone()),
        ("UHTM       ", ok),
        ("UD         ", Err(Minor::AccountDisabled)),
        ("UL         ", Err(Minor::AccountLockedOut)),
        ("LX", Err(Minor::AccountLockedOut)),
        ("DL", Err(Minor::AccountDisabled)),
        ("W", Err(Minor::TrustAccount)),
        ("S", Err(Minor::TrustAccount)),
        ("I", Err(Minor::TrustAccount)),
        ("N", wrong.clone()),
        ("UZ         ", wrong.clone()),
        ("u", wrong.clone()),
        ("U-", wrong.clone()),
        ("Ü", wrong.clone()),
    ] {
        let file = users_file(&flagged("EXAMPLE\\eve", flags));
        let users = open(&file);
        assert_eq!(log_in(&users, "eve", "", "password"), expected, "{flags}");
        assert_eq!(log_in(&users, "eve", "", "wrong"), wrong, "{flags}");
    }
}

#[test]
fn a_flag_of_no_known_meaning_closes_the_account_and_is_told() {
    // Another line for the name does not open it either.
    let text = format!(
        "{}{}EXAMPLE:eve:two\n",
        flagged("EXAMPLE\\eve", "UZ"),
        flagged("EXAMPLE\\bob", "U")
    );
    let (_, problems) = Index::parse(text.as_bytes(), "EXAMPLE").unwrap();
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "line 1 is not used: its flags have a letter of no known meaning; the account is closed",
            "line 3 is not used: an earlier line has the same user",
        ]
    );
    let users_file = users_file(&text);
    let users = open(&users_file);
    let wrong = Err(Minor::BadUserOrPassword);
    assert_eq!(log_in(&users, "eve", "", "two"), wrong);
    assert_eq!(log_in(&users, "eve", "", "password"), wrong);
    assert!(log_in(&users, "bob", "", "password").is_ok());
    assert_eq!(
        index::usable(text.as_bytes()).unwrap().count(),
        2,
        "bob, and eve's other line"
    );
}

#[test]
fn a_name_with_an_invisible_character_is_told() {
    let text =
        "EXAMPLE:alice\u{200e}:pw\nEX\u{200b}AMPLE:bob:pw\nEXAMPLE:\u{645}\u{200c}\u{646}:pw\n";
    let (index, problems) = Index::parse(text.as_bytes(), "EXAMPLE").unwrap();
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let expected = [1, 2]
        .map(|line| format!("line {line} is not used: the name has a character that is not seen"));
    assert_eq!(told, expected);
    let persian = index.look_up("\u{645}\u{200c}\u{646}", "EXAMPLE", &own(true));
    assert!(matches!(persian, Lookup::Found(_)));
}

#[test]
fn the_only_domain_is_the_one_that_every_line_names() {
    let eve = flagged("EXAMPLE\\eve", "UD");
    for (lines, expected) in [
        ("EXAMPLE:alice:pw\n# a remark\n\n", Some("EXAMPLE")),
        ("Example:alice:pw\nEXAMPLE:bob:pw\n", Some("Example")),
        ("corp.example.test:a:pw\n", Some("corp.example.test")),
        (&eve, Some("EXAMPLE")),
        ("EXAMPLE:alice:pw\nnonsense\n", Some("EXAMPLE")),
        ("EXAMPLE:alice:pw\nOTHER:bob:pw\n", None),
        ("EXAMPLE:alice:pw\n:bob:pw\n", None),
        (":bob:pw\nEXAMPLE:alice:pw\n", None),
        (":bob:pw\n", None),
        ("", None),
    ] {
        let (index, _) = Index::parse(lines.as_bytes(), "EXAMPLE").unwrap();
        assert_eq!(index.only_domain(), expected, "{lines}");
    }
}

#[test]
fn a_dot_is_this_server_s_own_domain() {
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
        // Beside a controller it is the computer.
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

/// Both would be let in as `EXAMPLE\alice`: the second line is a second password of the first user.
#[test]
fn an_account_has_one_line_with_or_without_its_domain() {
    for lines in [
        "example:Alice:one\n:alice:two\n",
        ":alice:one\nEXAMPLE:alice:two\n",
    ] {
        let (_, problems) = Index::parse(lines.as_bytes(), "EXAMPLE").unwrap();
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            ["line 2 is not used: an earlier line has the same user"]
        );
        let file = users_file(lines);
        let users = open(&file);
        for domain in ["", "EXAMPLE", "OTHER"] {
            let second = log_in(&users, "alice", domain, "two");
            assert_eq!(second, Err(Minor::BadUserOrPassword), "{domain}");
        }
        assert!(log_in(&users, "alice", "EXAMPLE", "one").is_ok());
    }
}

#[test]
fn lines_that_cannot_be_read_are_told_and_the_others_used() {
    let text =
        b"EXAMPLE:alice:one\nnonsense\nEXAMPLE:ALICE:two\nA:\xff:x\nA::x\nEXAMPLE:bob:three\r\n\
        x:1:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:GG46F7EAEE8FB117AD06BDD830B7586C:[U]\n\
        y:1:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:8846F7EAEE8FB117AD06BDD830B7586C:[U]\nA:z:\n\
        bob:1002:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX";
    let (index, problems) = Index::parse(text, "EXAMPLE").unwrap();
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "line 2 is not used: it is neither DOMAIN:user:password nor a line of smbpasswd",
            "line 3 is not used: an earlier line has the same user",
            "line 4 is not used: it is not UTF-8",
            "line 5 is not used: the user's name is empty",
            "line 7 is not used: the NT hash is not hexadecimal",
            "line 8 is not used: it is a line of smbpasswd with hashes or flags missing",
            "line 9 is not used: the password is empty",
            "line 10 is not used: it is a line of smbpasswd with hashes or flags missing",
        ]
    );
    let Lookup::Found(bob) = index.look_up("bob", "EXAMPLE", &own(true)) else {
        panic!("bob is lost");
    };
    assert_eq!(bob.nt_hash, Some(crypto::nt_hash("three")));
}

#[test]
fn a_changed_file_counts_at_once() {
    let file = users_file("EXAMPLE:alice:one\n");
    let users = open(&file);
    let alice = Ok("EXAMPLE\\alice".to_owned());
    assert_eq!(log_in(&users, "alice", "", "one"), alice);
    for password in ["two", "six", "ten"] {
        fs::write(file.path(), format!("EXAMPLE:alice:{password}\n")).unwrap();
        assert_eq!(log_in(&users, "alice", "", password), alice, "{password}");
    }
    thread::sleep(Duration::from_millis(60));
    assert_eq!(log_in(&users, "alice", "", "ten"), alice);
    fs::write(file.path(), "").unwrap();
    assert_eq!(
        log_in(&users, "alice", "", "ten"),
        Err(Minor::BadUserOrPassword)
    );
}

#[test]
fn a_file_that_everybody_can_read_is_refused() {
    let file = users_file(FILE);
    let users = open(&file);
    fs::set_permissions(file.path(), Permissions::from_mode(0o644)).unwrap();
    let refused = Err(Minor::UsersFileUnusable);
    assert_eq!(log_in(&users, "alice", "", "Pa55:word"), refused);
    let Err(fault) = Users::open(file.path(), own(true), LogTarget::Off) else {
        panic!("opened");
    };
    let told = fault.to_string();
    assert!(told.contains(file.path().to_str().unwrap()), "{told}");
    assert!(told.contains("chmod 0640"), "{told}");

    fs::remove_file(file.path()).unwrap();
    assert_eq!(log_in(&users, "alice", "", "Pa55:word"), refused);
}
