//! The bounds of what restricts an account.

use super::*;
use crate::directory::imitation::found;

/// 14 November 2023, 22:13:20, a Tuesday.
const END: u64 = 1_700_000_000;
const HOUR: u64 = 60 * 60;

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn alice_with(lines: &str, name: &str, value: &str) -> UserEntry {
    let entry = found(DN, &[("uid", b"alice"), (name, value.as_bytes())]);
    let config = fixture::directory(lines);
    UserEntry::read(&config, "alice", &entry).unwrap()
}

#[test]
fn an_account_or_a_password_is_expired_at_its_end() {
    let free_ipa = "schema = \"freeipa\"";
    let seconds = END.to_string();
    let generalized = "20231114221320Z";
    for (lines, name, value, minor) in [
        (
            "",
            "sambaKickoffTime",
            seconds.as_str(),
            Minor::AccountExpired,
        ),
        (
            "",
            "sambaPwdMustChange",
            &seconds,
            Minor::PasswordMustChange,
        ),
        (
            free_ipa,
            "krbPrincipalExpiration",
            generalized,
            Minor::AccountExpired,
        ),
        (
            free_ipa,
            "krbPasswordExpiration",
            generalized,
            Minor::PasswordExpired,
        ),
    ] {
        let user = alice_with(lines, name, value);
        let refused = |now| user.permits(now, "WS1").err().map(|fault| fault.minor());
        assert_eq!(refused(at(END - 1)), None, "{name}");
        assert_eq!(refused(at(END)), Some(minor), "{name}");
    }
}

#[test]
fn a_workstation_is_one_of_the_list() {
    let user = alice_with("", "sambaUserWorkstations", "ws1, other");
    for (workstation, is_permitted) in [
        ("WS1", true),
        ("OTHER", true),
        ("WS", false),
        ("WS1,", false),
        ("", false),
    ] {
        let permitted = user.permits(at(END), workstation);
        assert_eq!(permitted.is_ok(), is_permitted, "{workstation}");
    }
}

#[test]
fn a_login_ends_with_its_hours() {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let end = since_1970.as_secs() / HOUR + 100;
    // 1 January 1970 was a Thursday.
    let forbidden = (end + 4 * 24) % (7 * 24);
    let hours: String = (0..21)
        .map(|byte| match byte == forbidden / 8 {
            true => format!("{:02X}", !(1_u8 << (forbidden % 8))),
            false => "FF".to_owned(),
        })
        .collect();
    let server = alice(&[("sambaLogonHours", hours.as_bytes())]);
    let logon = attempt(&directory("", &server), "alice", "", "password").unwrap();
    assert_eq!(logon.account().log_off, Some(at(end * HOUR)));
    assert_eq!(logon.account().ends(), Some(at(end * HOUR)));
}
