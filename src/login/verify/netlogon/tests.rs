use super::*;
use crate::base::wire::FileTime;
use crate::login::fixture::netlogon;
use crate::protocol::ntlm::response::NtlmV2Response;
use crate::protocol::ntlm::text::Text;
use crate::protocol::rpc::NtStatus;
use crate::protocol::rpc::netlogon::sam_info::SamInfo4;
use std::time::{Duration, UNIX_EPOCH};

/// Calls `check` with an attempt of `bob` in a domain.
fn with_attempt<T>(domain: &str, check: impl FnOnce(&Attempt<'_>) -> T) -> T {
    with_attempt_of("bob", domain, check)
}

/// Calls `check` with an attempt of a user and a domain.
pub(in crate::login::verify) fn with_attempt_of<T>(
    user: &str,
    domain: &str,
    check: impl FnOnce(&Attempt<'_>) -> T,
) -> T {
    check(&Attempt {
        user: &Text::from(user),
        domain: &Text::from(domain),
        default_domain: None,
        workstation: &Text::default(),
        server_challenge: [0; 8],
        target_info: &[],
        response: (&NtlmV2Response::decode(&[&[0; 16][..], &[1, 1], &[0; 26]].concat()).unwrap())
            .into(),
        passing: None,
    })
}

/// The refusal for a status of an attempt of `EXAMPLE\bob`.
fn refusal(status: NtStatus, authoritative: bool) -> Refusal {
    with_attempt("EXAMPLE", |attempt| {
        status::refusal(status, authoritative, attempt)
    })
}

pub(super) fn bob() -> SamInfo4 {
    let domain = Sid::new([0, 0, 0, 0, 0, 5], vec![21, 1, 2, 3]).unwrap();
    SamInfo4 {
        effective_name: "bob".to_owned(),
        full_name: String::new(),
        logon_domain_name: "EXAMPLE".to_owned(),
        dns_logon_domain_name: "example.test".to_owned(),
        upn: String::new(),
        logon_server: "DC1".to_owned(),
        logoff_time: FileTime(0x7FFF_FFFF_FFFF_FFFF),
        kick_off_time: FileTime(0x7FFF_FFFF_FFFF_FFFF),
        sid: domain.with_rid(1103),
        primary_group_sid: domain.with_rid(513),
        group_sids: vec![domain.with_rid(1200).unwrap()],
        user_flags: 0x120,
        is_guest: false,
        user_session_key: None,
    }
}

/// The configuration of our domain.
pub(super) fn config() -> config::Netlogon {
    netlogon("upn_suffixes = [\"brand.test\"]")
}

/// A verifier without a reachable controller.
fn unreachable() -> Netlogon {
    Netlogon::new(config())
}

/// The logon that an answer about `EXAMPLE\bob` proves.
fn proven_of(info: SamInfo4) -> Result<Logon, Refusal> {
    refuse_without_identity(&info)?;
    let rules = Rules {
        config: &config(),
        domains: None,
        described: &[],
        users_domains: &[],
        strangers: &[],
    };
    let routed = with_attempt("EXAMPLE", |attempt| Routed::check(&rules, attempt, info));
    Ok(logon(routed.map_err(Refusal::Denied)?))
}

#[test]
fn the_account_is_taken_from_the_answer() {
    let logon = proven_of(bob()).unwrap();
    assert_eq!(logon.verifier(), "netlogon");
    assert!(logon.session_base_key().is_none());
    let account = logon.account();
    assert_eq!(account.user, "bob");
    assert_eq!(account.domain, "EXAMPLE");
    assert_eq!(account.dns_domain.as_deref(), Some("example.test"));
    assert_eq!((&account.upn, &account.full_name), (&None, &None));
    assert_eq!((account.user_flags, account.ends()), (Some(0x120), None));
    let groups: Vec<String> = account.group_sids.iter().map(Sid::to_string).collect();
    assert_eq!(groups, ["S-1-5-21-1-2-3-1200", "S-1-5-21-1-2-3-513"]);
}

#[test]
fn a_login_ends_at_the_earlier_time() {
    let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
    let info = SamInfo4 {
        logoff_time: at(2_000_000_000).into(),
        kick_off_time: at(1_900_000_000).into(),
        ..bob()
    };
    let logon = proven_of(info).unwrap();
    let account = logon.account();
    assert_eq!(account.log_off, Some(at(2_000_000_000)));
    assert_eq!(account.ends(), Some(at(1_900_000_000)));
}

#[test]
fn guest_and_anonymous_logons_are_refused() {
    let refused = |info| match proven_of(info) {
        Err(Refusal::Denied(fault)) => fault.minor(),
        other => panic!("{other:?}"),
    };
    let guest = SamInfo4 {
        is_guest: true,
        ..bob()
    };
    assert_eq!(refused(guest), Minor::GuestRefused);
    let anonymous = SamInfo4 {
        sid: Sid::new([0, 0, 0, 0, 0, 5], vec![7]),
        ..bob()
    };
    assert_eq!(refused(anonymous), Minor::AnonymousRefused);
}

#[test]
fn the_error_names_the_path_of_a_missing_secret() {
    let Err(Refusal::Unavailable(fault)) =
        with_attempt("EXAMPLE", |attempt| unreachable().verify(attempt))
    else {
        panic!("there is no secret")
    };
    assert_eq!(fault.minor(), Minor::SecretFileUnusable);
    assert!(fault.to_string().contains("/nonexistent/secret"));
}

#[test]
fn unknown_user_and_wrong_password_look_alike() {
    let fault = |status| match refusal(status, true) {
        Refusal::NotMine(fault) | Refusal::Denied(fault) => fault,
        Refusal::Unavailable(fault) | Refusal::Unanswered(fault) => panic!("{fault}"),
    };
    let unknown = fault(NtStatus::NO_SUCH_USER);
    let wrong = fault(NtStatus::WRONG_PASSWORD);
    assert_eq!(unknown.minor(), wrong.minor());
    assert_eq!(unknown.to_string(), wrong.to_string());
    assert!(unknown.for_the_log().contains("STATUS_NO_SUCH_USER"));
    assert!(wrong.for_the_log().contains("STATUS_WRONG_PASSWORD"));
}

#[test]
fn statuses_become_refusals() {
    use Minor::*;
    let denied = |minor| (minor, "denied");
    let not_mine = |minor| (minor, "not mine");
    let unavailable = |minor| (minor, "unavailable");
    for (status, authoritative, expected) in [
        (0xC000_0064, true, not_mine(BadUserOrPassword)),
        (0xC000_0064, false, not_mine(UnknownDomain)),
        (0xC000_00DF, false, not_mine(UnknownDomain)),
        (0xC000_006A, true, denied(BadUserOrPassword)),
        (0xC000_006A, false, denied(BadUserOrPassword)),
        (0xC000_0072, true, denied(AccountDisabled)),
        (0xC000_0234, true, denied(AccountLockedOut)),
        (0xC000_0071, true, denied(PasswordExpired)),
        (0xC000_0224, true, denied(PasswordMustChange)),
        (0xC000_0193, true, denied(AccountExpired)),
        (0xC000_006E, true, denied(AccountRestriction)),
        (0xC000_0413, true, denied(LogonNotGranted)),
        (0xC000_0199, true, denied(TrustAccount)),
        (0xC000_FFFF, true, denied(LogonDenied)),
        (0x0000_0103, true, denied(LogonDenied)),
        (0xC000_006D, true, unavailable(NetbiosNamesRefused)),
        (0xC000_0022, false, unavailable(ControllerNotReady)),
        (0xC000_0022, true, unavailable(ChannelRefused)),
        (0xC000_005E, true, unavailable(ControllerNotReady)),
        (0xC000_018D, true, unavailable(TrustBroken)),
        (0xC000_018B, true, unavailable(MachineAccountUnknown)),
    ] {
        let (fault, kind) = match refusal(NtStatus(status), authoritative) {
            Refusal::NotMine(fault) => (fault, "not mine"),
            Refusal::Denied(fault) => (fault, "denied"),
            Refusal::Unavailable(fault) => (fault, "unavailable"),
            Refusal::Unanswered(fault) => (fault, "unanswered"),
        };
        assert_eq!((fault.minor(), kind), expected, "{status:#x}");
    }
}

#[test]
fn the_code_does_not_reveal_whether_a_name_without_a_domain_exists() {
    let refusal = with_attempt("", |attempt| {
        status::refusal(NtStatus::NO_SUCH_USER, false, attempt)
    });
    let Refusal::NotMine(fault) = refusal else {
        panic!("{refusal:?}")
    };
    assert_eq!(fault.minor(), Minor::BadUserOrPassword);
}
