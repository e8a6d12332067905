//! The users file itself: its encoding, changes and permissions.

use super::*;

/// Notepad writes one; two joined files have one in the middle.
#[test]
fn a_byte_order_mark_is_not_part_of_a_name() {
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
fn a_users_file_in_utf_16_is_refused_with_the_remedy() {
    let file = users_file("");
    for mark in ["", "\u{FEFF}"] {
        let text = format!("{mark}EXAMPLE:alice:pw\r\n");
        let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        fs::write(file.path(), &bytes).unwrap();
        let opened = Users::open(file.path(), own(true), LogTarget::Off).map(drop);
        let fault = opened.unwrap_err();
        assert_eq!(fault.minor(), Minor::UsersFileUnusable);
        let message = fault.for_the_log();
        assert!(message.contains(file.path().to_str().unwrap()), "{message}");
        assert!(message.contains("iconv -f UTF-16"), "{message}");
        let error = first(file.path(), |_, _| true).unwrap_err();
        assert!(error.to_string().contains("iconv -f UTF-16"), "{error}");
    }
}

#[test]
fn a_changed_file_takes_effect() {
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
fn a_world_readable_file_is_refused() {
    let file = users_file(FILE);
    let users = open(&file);
    fs::set_permissions(file.path(), Permissions::from_mode(0o644)).unwrap();
    let refused = Err(Minor::UsersFileUnusable);
    assert_eq!(log_in(&users, "alice", "", "Pa55:word"), refused);
    let Err(fault) = Users::open(file.path(), own(true), LogTarget::Off) else {
        panic!("opened");
    };
    let message = fault.to_string();
    assert!(message.contains(file.path().to_str().unwrap()), "{message}");
    assert!(message.contains("chmod 0640"), "{message}");

    fs::remove_file(file.path()).unwrap();
    assert_eq!(log_in(&users, "alice", "", "Pa55:word"), refused);
}
