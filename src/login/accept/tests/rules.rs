//! Logins and the rules of the policy: accepted, refused, and audited only.

use super::*;
use crate::base::config::ResponseLevel;
use crate::login::loopback::Loopback;
use crate::login::policy::Admitted;

#[test]
fn only_ntlm_v2_is_verified() {
    let (setup, _folder) = setup("");
    for (answer, minor) in [
        (Answer::LmV2Only, Minor::LmOnlyRefused),
        (Answer::NtlmV1, Minor::NtlmV1Refused),
        (Answer::Ntlm2Session, Minor::Ntlm2SessionRefused),
        (Answer::Nothing, Minor::AnonymousRefused),
        (Answer::OneZero, Minor::AnonymousRefused),
    ] {
        let initiator = Initiator {
            answer,
            header: Header::Flags,
            announces_mic: false,
            ..Initiator::default()
        };
        let outcome = log_in(&mut Acceptor::new(), &setup, &initiator);
        assert_eq!(outcome, Err(minor), "{answer:?}");
    }
    let no_user = Initiator {
        user: "",
        ..Initiator::default()
    };
    let outcome = log_in(&mut Acceptor::new(), &setup, &no_user);
    assert_eq!(outcome, Err(Minor::AnonymousRefused));
}

#[test]
fn older_responses_are_verified_if_the_policy_permits_them() {
    let older = |answer, password| Initiator {
        answer,
        password,
        flags: NegotiateFlags(match answer {
            Answer::NtlmV1 => 0x0000_B207,
            _ => 0x0008_9207,
        }),
        header: Header::Flags,
        announces_mic: false,
        ..Initiator::default()
    };
    for (level, answer, expected) in [
        ("ntlm2-session", Answer::Ntlm2Session, Ok(Step::Established)),
        ("ntlm2-session", Answer::NtlmV1, Err(Minor::NtlmV1Refused)),
        ("ntlmv1", Answer::Ntlm2Session, Ok(Step::Established)),
        ("ntlmv1", Answer::NtlmV1, Ok(Step::Established)),
        ("ntlmv1", Answer::NtlmV2, Ok(Step::Established)),
        ("ntlmv1", Answer::LmV2Only, Err(Minor::LmOnlyRefused)),
        ("ntlmv1", Answer::Nothing, Err(Minor::AnonymousRefused)),
    ] {
        let (setup, _folder) = setup(&format!("response = \"{level}\""));
        let mut acceptor = Acceptor::new();
        let outcome = log_in(&mut acceptor, &setup, &older(answer, "Password1"));
        assert_eq!(outcome, expected, "{level} {answer:?}");
        if outcome.is_ok() {
            let wrong = log_in(&mut acceptor, &setup, &older(answer, "Password2"));
            assert_eq!(wrong, Err(Minor::BadUserOrPassword), "{level} {answer:?}");
        }
    }
    // They cannot carry a message integrity code.
    let (setup, _folder) = setup("response = \"ntlmv1\"\nmic = \"require\"");
    let outcome = log_in(
        &mut Acceptor::new(),
        &setup,
        &older(Answer::NtlmV1, "Password1"),
    );
    assert_eq!(outcome, Err(Minor::MissingMic));
}

#[test]
fn the_named_service_and_channel_must_match_the_policy() {
    let naming = |alter| Initiator {
        alter,
        ..Initiator::default()
    };
    let www: fn(AvPairs) -> AvPairs = |mut pairs| {
        let name = utf16le("HTTP/www.example.test:443".encode_utf16());
        pairs.set(AvId::TARGET_NAME, name).unwrap();
        pairs
    };
    let bound: fn(AvPairs) -> AvPairs = |mut pairs| {
        pairs.set(AvId::CHANNEL_BINDINGS, [7; 16]).unwrap();
        pairs
    };
    let outcome = |policy: &str, initiator: &Initiator| {
        let (setup, _folder) = setup(policy);
        log_in(&mut Acceptor::new(), &setup, initiator)
    };
    let listed = "spn = [\"http/www.example.test\"]";
    assert_eq!(outcome(listed, &naming(www)), Ok(Step::Established));
    let unnamed = Err(Minor::UnnamedService);
    assert_eq!(outcome(listed, &Initiator::default()), unnamed);
    let other = "spn = [\"HTTP/other.example.test\"]";
    assert_eq!(outcome(other, &naming(www)), Err(Minor::OtherService));

    let pem = certificate();
    let known = format!("tls_certificates = [{:?}]", pem.path());
    assert_eq!(outcome(&known, &naming(bound)), Err(Minor::OtherChannel));
    assert_eq!(
        outcome(&known, &Initiator::default()),
        Ok(Step::Established)
    );
    let required = format!("{known}\nchannel_binding = \"require\"");
    let missing = Err(Minor::MissingBindings);
    assert_eq!(outcome(&required, &Initiator::default()), missing);
}

#[test]
fn audited_rules_refuse_no_login() {
    let (setup, _folder) = setup("[policy.audit]\nmic = \"require\"\nspn = [\"HTTP/www\"]");
    let outcome = log_in(&mut Acceptor::new(), &setup, &Initiator::curl());
    assert_eq!(outcome, Ok(Step::Established));
}

/// A file with a certificate.
fn certificate() -> tempfile::NamedTempFile {
    let pem = tempfile::NamedTempFile::new().unwrap();
    let sample = include_bytes!("../../../protocol/certificate/samples/ecdsa-sha256.pem");
    fs::write(pem.path(), sample).unwrap();
    pem
}

/// What the policy says of the login, before it is verified. With a `loopback` it counts as one of
/// this process.
fn admitted<T>(
    policy: &str,
    initiator: &Initiator,
    loopback: Option<&Loopback>,
    then: impl FnOnce(Result<Admitted<'_>, Fault>) -> T,
) -> T {
    let (setup, _folder) = setup(policy);
    let acceptor = &mut Acceptor::new();
    let (negotiate, challenge) = challenge(acceptor, &setup, initiator);
    let AcceptorState::Challenged(challenged, _) = mem::take(&mut acceptor.0) else {
        panic!("no challenge");
    };
    let token = initiator.authenticate(&negotiate, &challenge).token;
    let claim = challenged.parse_authenticate(&token).unwrap();
    let terms = Terms {
        loopback,
        ..Terms::of(&setup)
    };
    loopback.inspect(|loopback| loopback.send(&token, None));
    let arrival = terms.arrival(&token);
    then(policy::admit(&setup.config().policy, &arrival, &claim))
}

/// What the audit of this policy would refuse a login for, or why the policy refuses it.
fn would_refuse(policy: &str, initiator: &Initiator) -> Result<Vec<Minor>, Minor> {
    admitted(policy, initiator, None, |outcome| {
        outcome
            .map(|admitted| admitted.would_refuse().iter().map(Fault::minor).collect())
            .map_err(|fault| fault.minor())
    })
}

/// What only the log and the attributes show of a login.
#[test]
fn an_admitted_login_has_its_response_and_workstation() {
    for (answer, level) in [
        (Answer::NtlmV2, ResponseLevel::NtlmV2),
        (Answer::Ntlm2Session, ResponseLevel::Ntlm2Session),
        (Answer::NtlmV1, ResponseLevel::NtlmV1),
    ] {
        let initiator = Initiator {
            answer,
            workstation: "PC7",
            header: Header::Flags,
            announces_mic: false,
            ..Initiator::default()
        };
        admitted("response = \"ntlmv1\"", &initiator, None, |outcome| {
            let admitted = outcome.unwrap();
            assert_eq!(admitted.level(), level);
            assert_eq!(admitted.workstation(), "PC7");
        });
    }
}

#[test]
fn an_audit_does_not_ask_a_login_of_this_process_for_channel_and_service() {
    let rules = "channel_binding = \"require\"\nspn = [\"HTTP/www\"]";
    let policy = format!("{rules}\n[policy.audit]\n{rules}\nmic = \"require\"");
    let loopback = Loopback::default();
    admitted(&policy, &Initiator::curl(), Some(&loopback), |outcome| {
        let admitted = outcome.unwrap();
        let faults: Vec<Minor> = admitted.would_refuse().iter().map(Fault::minor).collect();
        assert_eq!(faults, [Minor::MissingMic]);
    });
    admitted(&policy, &Initiator::curl(), None, |outcome| {
        let minor = outcome.unwrap_err().minor();
        assert_eq!(minor, Minor::UnknownChannel);
    });
}

#[test]
fn an_audit_may_have_its_own_certificates() {
    let bound = Initiator {
        alter: |mut pairs| {
            pairs.set(AvId::CHANNEL_BINDINGS, [7; 16]).unwrap();
            pairs
        },
        ..Initiator::default()
    };
    let pem = certificate();
    let audit = format!(
        "[policy.audit]\nchannel_binding = \"require\"\ntls_certificates = [{:?}]",
        pem.path()
    );
    // Certificates that only the audit names refuse no login.
    assert_eq!(would_refuse(&audit, &bound), Ok(vec![Minor::OtherChannel]));
    let unbound = Initiator::default();
    assert_eq!(
        would_refuse(&audit, &unbound),
        Ok(vec![Minor::MissingBindings])
    );
    // Enforced certificates stay enforced, whatever is audited.
    let both = format!("tls_certificates = [{:?}]\n{audit}", pem.path());
    assert_eq!(would_refuse(&both, &bound), Err(Minor::OtherChannel));
    // An audit without certificates uses the enforced ones.
    let shared = format!(
        "tls_certificates = [{:?}]\nchannel_binding = \"off\"\n[policy.audit]\nchannel_binding = \
         \"require\"",
        pem.path()
    );
    assert_eq!(would_refuse(&shared, &bound), Ok(vec![Minor::OtherChannel]));
}

#[test]
fn a_refused_domain_is_told_only_after_a_right_password() {
    let (setup, _folder) = setup("refused_domains = [\"example\"]");
    let mut acceptor = Acceptor::new();
    let outcome = log_in(&mut acceptor, &setup, &Initiator::default());
    assert_eq!(outcome, Err(Minor::DomainRefused));
    let outcome = log_in(&mut acceptor, &setup, &wrong_password());
    assert_eq!(
        outcome,
        Err(Minor::BadUserOrPassword),
        "a wrong password learns nothing"
    );
}

#[test]
fn a_mic_may_be_required() {
    let (setup, _folder) = setup("mic = \"require\"");
    let outcome = log_in(&mut Acceptor::new(), &setup, &Initiator::curl());
    assert_eq!(outcome, Err(Minor::MissingMic));
    let outcome = log_in(&mut Acceptor::new(), &setup, &Initiator::chromium());
    assert_eq!(outcome, Ok(Step::Established));
}

/// An attacker puts flags into the challenge that announce no code, and the client returns them
/// in place of its own.
#[test]
fn a_hidden_mic_is_a_missing_one() {
    let hidden = Initiator {
        announces_mic: false,
        alter: |mut pairs| {
            pairs.set(AvId::FLAGS, [0; 4]).unwrap();
            pairs
        },
        ..Initiator::default()
    };
    let missing = Err(Minor::MissingMic);
    for (policy, expected) in [("mic = \"require\"", missing), ("", Ok(Step::Established))] {
        let (setup, _folder) = setup(policy);
        let outcome = log_in(&mut Acceptor::new(), &setup, &hidden);
        assert_eq!(outcome, expected, "{policy}");
    }
}

/// The channel bindings of an application with this data.
fn with_data(application_data: &[u8]) -> ChannelBindings<'_> {
    ChannelBindings {
        application_data,
        ..ChannelBindings::default()
    }
}

#[test]
fn a_login_that_is_meant_for_another_channel_is_refused() {
    let (setup, _folder) = setup("");
    let bound = Initiator {
        alter: |mut pairs| {
            let here = with_data(b"here").hash();
            pairs.set(AvId::CHANNEL_BINDINGS, here).unwrap();
            pairs
        },
        ..Initiator::default()
    };
    let log_in = |initiator: &Initiator, channel| {
        let mut acceptor = Acceptor::new();
        let (negotiate, challenge) = challenge(&mut acceptor, &setup, initiator);
        let token = initiator.authenticate(&negotiate, &challenge).token;
        let terms = Terms {
            channel,
            ..Terms::of(&setup)
        };
        let outcome = acceptor.step(&terms, &token);
        outcome.map_err(|fault| fault.minor())
    };
    let (here, elsewhere) = (with_data(b"here"), with_data(b"elsewhere"));
    assert_eq!(log_in(&bound, Some(&here)), Ok(Step::Established));
    assert_eq!(log_in(&bound, None), Ok(Step::Established));
    let refused = Err(Minor::OtherChannel);
    assert_eq!(log_in(&bound, Some(&elsewhere)), refused);
    // Bindings without application data are ignored.
    let addresses = ChannelBindings {
        initiator: Address {
            family: 2,
            bytes: &[127, 0, 0, 1],
        },
        ..ChannelBindings::default()
    };
    assert_eq!(log_in(&bound, Some(&addresses)), Ok(Step::Established));
    // A client without bindings is accepted: no rule requires them.
    let unbound = Initiator::default();
    assert_eq!(log_in(&unbound, Some(&here)), Ok(Step::Established));
}
