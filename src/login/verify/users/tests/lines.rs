//! The lines of a users file.

use super::*;

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
fn a_hash_of_zeros_is_none() {
    // Samba's tools write it where there is no password.
    let unused = "X".repeat(32);
    for (hash, is_one) in [("0".repeat(32), false), ("1".repeat(32), true)] {
        let line = format!("EXAMPLE\\eve:1000:{unused}:{hash}:[U          ]:\n");
        let mut entries = index::usable(line.as_bytes()).unwrap();
        let hash = entries.next().and_then(|entry| entry.nt_hash);
        assert_eq!(hash.is_some(), is_one, "{line}");
    }
}

#[test]
fn an_unknown_flag_closes_the_account_and_is_reported() {
    // Another line with the name does not open it.
    let text = format!(
        "{}{}EXAMPLE:eve:two\n",
        flagged("EXAMPLE\\eve", "UZ"),
        flagged("EXAMPLE\\bob", "U")
    );
    let (_, problems) = Index::parse(text.as_bytes(), "EXAMPLE").unwrap();
    let messages: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        messages,
        [
            "line 1 is not used: unknown flag; the account is closed",
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
        "bob, and the other line of eve"
    );
}

#[test]
fn a_name_with_an_invisible_character_is_reported() {
    let text =
        "EXAMPLE:alice\u{200e}:pw\nEX\u{200b}AMPLE:bob:pw\nEXAMPLE:\u{645}\u{200c}\u{646}:pw\n";
    let (index, problems) = Index::parse(text.as_bytes(), "EXAMPLE").unwrap();
    let messages: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let expected =
        [1, 2].map(|line| format!("line {line} is not used: the name has an invisible character"));
    assert_eq!(messages, expected);
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

/// Both lines are `EXAMPLE\alice`: the second would be a second password of one user.
#[test]
fn an_account_has_one_line_with_or_without_its_domain() {
    for lines in [
        "example:Alice:one\n:alice:two\n",
        ":alice:one\nEXAMPLE:alice:two\n",
    ] {
        let (_, problems) = Index::parse(lines.as_bytes(), "EXAMPLE").unwrap();
        let messages: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            messages,
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
fn invalid_lines_are_reported_and_the_others_used() {
    let text =
        b"EXAMPLE:alice:one\nnonsense\nEXAMPLE:ALICE:two\nA:\xff:x\nA::x\nEXAMPLE:bob:three\r\n\
        x:1:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:GG46F7EAEE8FB117AD06BDD830B7586C:[U]\n\
        y:1:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:8846F7EAEE8FB117AD06BDD830B7586C:[U]\nA:z:\n\
        bob:1002:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX";
    let (index, problems) = Index::parse(text, "EXAMPLE").unwrap();
    let messages: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        messages,
        [
            "line 2 is not used: neither DOMAIN:user:password nor a line of smbpasswd",
            "line 3 is not used: an earlier line has the same user",
            "line 4 is not used: not UTF-8",
            "line 5 is not used: empty user name",
            "line 7 is not used: the NT hash is not hexadecimal",
            "line 8 is not used: a line of smbpasswd whose LM or NT hash has not 32 characters",
            "line 9 is not used: empty password",
            "line 10 is not used: a line of smbpasswd without hashes or flags; \
             write name:uid:LM:NT:[flags]: as pdbedit -Lw does",
        ]
    );
    let Lookup::Found(bob) = index.look_up("bob", "EXAMPLE", &own(true)) else {
        panic!("bob is lost");
    };
    assert_eq!(bob.nt_hash, Some(crypto::nt_hash("three")));
}

#[test]
fn a_slip_of_the_keyboard_is_reported_with_its_cure() {
    let spaces = "the domain or the user's name begins or ends with a space; \
                  write DOMAIN:user:password without spaces around the colons";
    let length = "a line of smbpasswd whose LM or NT hash has not 32 characters";
    let (lm, nt) = ("X".repeat(32), "8846F7EAEE8FB117AD06BDD830B7586C");
    for (line, told) in [
        ("EXAMPLE: alice : secret".to_owned(), spaces),
        (" EXAMPLE:alice:secret".to_owned(), spaces),
        ("EXAMPLE :alice:secret".to_owned(), spaces),
        ("EXAMPLE:alice\t:secret".to_owned(), spaces),
        (format!("alice:1:{lm}:{}:[U]:", &nt[1..]), length),
        (format!("alice:1:{lm}:{nt}0:[U]:"), length),
        (format!("alice:1:{}:{}:[U]:", &lm[1..], &nt[1..]), length),
        (format!("alice:1:{}:{nt}:[U]:", &lm[1..]), length),
        (format!("alice:1:{}:{}:[U]:", &lm[1..], &lm[1..]), length),
    ] {
        let (index, problems) = Index::parse(line.as_bytes(), "EXAMPLE").unwrap();
        let [problem] = &problems[..] else {
            panic!("{line}: {problems:?}");
        };
        assert_eq!(problem.to_string(), format!("line 1 is not used: {told}"));
        assert!(index.only_domain().is_none(), "{line}");
    }
    // Spaces that belong to the name or the password.
    let (index, problems) = Index::parse(b"EXAMPLE:al ice: secret ", "EXAMPLE").unwrap();
    assert_eq!(problems, []);
    let Lookup::Found(user) = index.look_up("al ice", "EXAMPLE", &own(true)) else {
        panic!("lost");
    };
    assert_eq!(user.nt_hash, Some(crypto::nt_hash(" secret ")));
}

#[test]
fn remarks_and_empty_lines_are_no_problem() {
    let text = b"# EXAMPLE:alice:pw\n\n  \t\n  # a remark\n#\n";
    let (index, problems) = Index::parse(text, "EXAMPLE").unwrap();
    assert_eq!(problems, []);
    assert!(matches!(
        index.look_up("alice", "", &own(true)),
        Lookup::Unknown
    ));
}

/// Lines of which a part could be of smbpasswd.
#[test]
fn a_password_may_have_colons_and_a_user_a_number() {
    let long = "a-password-of-32-characters,-yes";
    for (user, password) in [
        ("1234", "pw".to_owned()),
        ("1234", "a:b:c:d".to_owned()),
        ("1234", "ab:cd:ef".to_owned()),
        ("1234", "pw:a-long-part-that-is-not-a-hash:c".to_owned()),
        ("alice", long.to_owned()),
        ("alice", format!("{long}:b:c")),
        ("alice", format!("a:{long}:c")),
    ] {
        let line = format!("EXAMPLE:{user}:{password}");
        let (index, problems) = Index::parse(line.as_bytes(), "EXAMPLE").unwrap();
        assert_eq!(problems, [], "{line}");
        let Lookup::Found(entry) = index.look_up(user, "EXAMPLE", &own(true)) else {
            panic!("{line} is lost");
        };
        assert_eq!(entry.nt_hash, Some(crypto::nt_hash(&password)), "{line}");
    }
}

#[test]
fn only_an_open_account_with_a_password_is_usable() {
    let none = "X".repeat(32);
    let without = format!("nobody:1:{none}:{none}:[U          ]:\n");
    let lines = [
        flagged("disabled", "UD"),
        flagged("locked", "UL"),
        flagged("web1$", "W"),
        without,
        flagged("alice", "U"),
    ];
    let text = lines.concat();
    let usable = index::usable(text.as_bytes()).unwrap();
    let names: Vec<_> = usable.map(|entry| entry.user).collect();
    assert_eq!(names, ["alice"]);
}
