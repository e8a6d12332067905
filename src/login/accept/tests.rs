mod changed;
mod guesses;
mod names;
mod saved;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use super::*;
use crate::login::setup::{self, Source};
use crate::protocol::ntlm::av_pair::{AvId, AvPairs};
use crate::protocol::ntlm::bindings::{Address, ChannelBindings};
use crate::protocol::ntlm::flags::NegotiateFlags;
use crate::protocol::ntlm::imitation::{Answer, Header, Initiator};
use crate::protocol::ntlm::text::utf16le;

/// `EXAMPLE\alice` has the password that [`Initiator`] types; `[policy]` is `policy`.
fn setup(policy: &str) -> (Arc<Setup>, tempfile::TempDir) {
    with_users("EXAMPLE:alice:Password1\n", policy)
}

/// The same with these lines in the users file.
fn with_users(lines: &str, policy: &str) -> (Arc<Setup>, tempfile::TempDir) {
    let sections = format!("[identity]\nlifetime = \"1h\"\n[policy]\n{policy}\n");
    with_identity(lines, &sections)
}

/// The same with these sections.
fn with_identity(lines: &str, sections: &str) -> (Arc<Setup>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let users = folder.path().join("users");
    fs::write(&users, lines).unwrap();
    fs::set_permissions(&users, Permissions::from_mode(0o640)).unwrap();
    let config = folder.path().join("config");
    let text = format!(
        "verify = [\"users\"]\n[users]\nfile = {users:?}\nnetbios_domain = \"EXAMPLE\"\n\
         [log]\nto = \"off\"\n{sections}\n"
    );
    fs::write(&config, text).unwrap();
    let source = Source {
        config: Some(config),
        ..Source::default()
    };
    (setup::load(&source).unwrap(), folder)
}

/// The first message of `initiator`, and the challenge that answers it.
fn challenge(acceptor: &mut Acceptor, setup: &Setup, initiator: &Initiator) -> (Vec<u8>, Vec<u8>) {
    let negotiate = initiator.negotiate();
    match acceptor.step(&Terms::of(setup), &negotiate) {
        Ok(Step::Continue(challenge)) => (negotiate, challenge),
        other => panic!("no challenge: {other:?}"),
    }
}

/// One handshake on `acceptor`.
fn log_in(acceptor: &mut Acceptor, setup: &Setup, initiator: &Initiator) -> Result<Step, Minor> {
    let (negotiate, challenge) = challenge(acceptor, setup, initiator);
    assert!(acceptor.established().is_none());
    let answered = initiator.authenticate(&negotiate, &challenge);
    step(acceptor, setup, &answered.token)
}

fn step(acceptor: &mut Acceptor, setup: &Setup, token: &[u8]) -> Result<Step, Minor> {
    let outcome = acceptor
        .step(&Terms::of(setup), token)
        .map_err(|fault| fault.minor());
    assert_eq!(
        acceptor.established().is_some(),
        outcome == Ok(Step::Established)
    );
    outcome
}

fn wrong_password() -> Initiator {
    Initiator {
        password: "Password2",
        ..Initiator::default()
    }
}

#[test]
fn a_right_login_is_named_as_the_verifier_names_it() {
    let (setup, _folder) = setup("");
    for initiator in [
        Initiator::default(),
        Initiator::curl(),
        Initiator::chromium(),
        Initiator {
            user: "ALICE",
            domain: "",
            ..Initiator::default()
        },
    ] {
        let mut acceptor = Acceptor::new();
        let outcome = log_in(&mut acceptor, &setup, &initiator);
        assert_eq!(outcome, Ok(Step::Established));
        let established = acceptor.established().unwrap();
        assert_eq!(established.identity().display(), "EXAMPLE\\alice");
        let lasts = established
            .expires()
            .duration_since(SystemTime::now())
            .unwrap();
        assert!(lasts <= Duration::from_secs(3600) && lasts > Duration::from_secs(3590));
    }
}

#[test]
fn a_negotiate_message_starts_afresh_in_every_state() {
    let (setup, _folder) = setup("");
    let right = Initiator::default();
    let mut acceptor = Acceptor::new();
    let refused = Err(Minor::BadUserOrPassword);
    assert_eq!(log_in(&mut acceptor, &setup, &wrong_password()), refused);
    // After a failure.
    let established = Ok(Step::Established);
    assert_eq!(log_in(&mut acceptor, &setup, &right), established);
    // After a success.
    assert_eq!(log_in(&mut acceptor, &setup, &right), established);
    // With a challenge out: the first one counts no more.
    let (negotiate, first) = challenge(&mut acceptor, &setup, &right);
    let (_, second) = challenge(&mut acceptor, &setup, &right);
    assert_ne!(first, second);
    let stale = right.authenticate(&negotiate, &first);
    // Which check sees it is a matter of the clock: the two may have the same timestamp.
    let outcome = step(&mut acceptor, &setup, &stale.token);
    assert!(matches!(
        outcome,
        Err(Minor::TargetInfoChanged | Minor::BadUserOrPassword)
    ));
}

#[test]
fn a_failed_context_verifies_nothing() {
    let (setup, _folder) = setup("");
    let right = Initiator::default();
    let mut acceptor = Acceptor::new();
    let (negotiate, challenge) = challenge(&mut acceptor, &setup, &right);
    let good = right.authenticate(&negotiate, &challenge).token;
    let (last, rest) = good.split_last().unwrap();
    let bad = [rest, &[last ^ 1]].concat();
    assert!(step(&mut acceptor, &setup, &bad).is_err());
    assert_eq!(
        step(&mut acceptor, &setup, &good),
        Err(Minor::ContextFailed)
    );
}

#[test]
fn messages_are_protected_as_long_as_the_login_stands() {
    let (setup, _folder) = setup("");
    for (initiator, signs) in [(Initiator::default(), true), (Initiator::curl(), false)] {
        let mut acceptor = Acceptor::new();
        assert!(acceptor.security().is_none());
        let outcome = log_in(&mut acceptor, &setup, &initiator);
        assert_eq!(outcome, Ok(Step::Established));
        assert_eq!(acceptor.security().unwrap().signs(), signs);
        challenge(&mut acceptor, &setup, &initiator);
        assert!(acceptor.security().is_none());
    }
    let mut acceptor = Acceptor::new();
    let refused = Err(Minor::BadUserOrPassword);
    assert_eq!(log_in(&mut acceptor, &setup, &wrong_password()), refused);
    assert!(acceptor.security().is_none());
}

#[test]
fn an_answer_is_taken_once() {
    let (setup, _folder) = setup("");
    let right = Initiator::default();
    let mut acceptor = Acceptor::new();
    let (negotiate, challenge) = challenge(&mut acceptor, &setup, &right);
    let good = right.authenticate(&negotiate, &challenge).token;
    assert_eq!(step(&mut acceptor, &setup, &good), Ok(Step::Established));
    assert_eq!(
        step(&mut acceptor, &setup, &good),
        Err(Minor::NotNegotiated)
    );
    let mut other = Acceptor::new();
    assert_eq!(step(&mut other, &setup, &good), Err(Minor::NotNegotiated));
    assert_eq!(
        step(&mut other, &setup, &challenge),
        Err(Minor::UnexpectedMessage)
    );
    assert_eq!(step(&mut other, &setup, b"Negotiate"), Err(Minor::NotNtlm));
}

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
    let nobody = Initiator {
        user: "",
        ..Initiator::default()
    };
    let outcome = log_in(&mut Acceptor::new(), &setup, &nobody);
    assert_eq!(outcome, Err(Minor::AnonymousRefused));
}

#[test]
fn older_responses_are_verified_where_they_are_let_in() {
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
    // What they cannot carry is missing.
    let (setup, _folder) = setup("response = \"ntlmv1\"\nmic = \"require\"");
    let outcome = log_in(
        &mut Acceptor::new(),
        &setup,
        &older(Answer::NtlmV1, "Password1"),
    );
    assert_eq!(outcome, Err(Minor::MissingMic));
}

#[test]
fn the_service_and_the_channel_are_those_that_the_client_names() {
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

    let pem = tempfile::NamedTempFile::new().unwrap();
    let sample = include_bytes!("../policy/certificate/samples/ecdsa-sha256.pem");
    fs::write(pem.path(), sample).unwrap();
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
fn stricter_rules_that_are_only_audited_refuse_nobody() {
    let (setup, _folder) = setup("[policy.audit]\nmic = \"require\"\nspn = [\"HTTP/www\"]");
    let outcome = log_in(&mut Acceptor::new(), &setup, &Initiator::curl());
    assert_eq!(outcome, Ok(Step::Established));
    let told = |faults: &[Minor]| {
        let faults: Vec<Fault> = faults.iter().map(|minor| (*minor).into()).collect();
        Audited(&faults).to_string()
    };
    assert_eq!(told(&[]), "");
    assert_eq!(
        told(&[Minor::MissingMic, Minor::UnnamedService]),
        "; policy.audit would refuse: the client sent no message integrity code [4e440202], \
         the client does not say which service it means to log in to [4e440307]"
    );
}

#[test]
fn an_audit_has_certificates_of_its_own() {
    let bound = Initiator {
        alter: |mut pairs| {
            pairs.set(AvId::CHANNEL_BINDINGS, [7; 16]).unwrap();
            pairs
        },
        ..Initiator::default()
    };
    let pem = tempfile::NamedTempFile::new().unwrap();
    let sample = include_bytes!("../policy/certificate/samples/ecdsa-sha256.pem");
    fs::write(pem.path(), sample).unwrap();
    let audit = format!(
        "[policy.audit]\nchannel_binding = \"require\"\ntls_certificates = [{:?}]",
        pem.path()
    );
    let would_refuse = |policy: &str, initiator: &Initiator| {
        let (setup, _folder) = setup(policy);
        let acceptor = &mut Acceptor::new();
        let (negotiate, challenge) = challenge(acceptor, &setup, initiator);
        let State::Challenged(challenged) = mem::take(&mut acceptor.0) else {
            panic!("no challenge");
        };
        let token = initiator.authenticate(&negotiate, &challenge).token;
        let claim = challenged.parse_authenticate(&token).unwrap();
        let arrival = Terms::of(&setup).arrival(&token);
        let admitted = policy::admit(&setup.config().policy, &arrival, &claim);
        let minors = |faults: &[Fault]| faults.iter().map(Fault::minor).collect::<Vec<_>>();
        admitted
            .map(|admitted| minors(admitted.would_refuse()))
            .map_err(|fault| fault.minor())
    };
    // Certificates that only the audit names refuse no login.
    assert_eq!(would_refuse(&audit, &bound), Ok(vec![Minor::OtherChannel]));
    let unbound = Initiator::default();
    assert_eq!(
        would_refuse(&audit, &unbound),
        Ok(vec![Minor::MissingBindings])
    );
    // Those that are enforced stay enforced, whatever is audited.
    let both = format!("tls_certificates = [{:?}]\n{audit}", pem.path());
    assert_eq!(would_refuse(&both, &bound), Err(Minor::OtherChannel));
    // An audit without its own has those.
    let shared = format!(
        "tls_certificates = [{:?}]\nchannel_binding = \"off\"\n[policy.audit]\nchannel_binding = \
         \"require\"",
        pem.path()
    );
    assert_eq!(would_refuse(&shared, &bound), Ok(vec![Minor::OtherChannel]));
}

#[test]
fn whoever_is_not_permitted_is_refused_though_he_is_right() {
    let (setup, _folder) = setup("refused_domains = [\"example\"]");
    let mut acceptor = Acceptor::new();
    let outcome = log_in(&mut acceptor, &setup, &Initiator::default());
    assert_eq!(outcome, Err(Minor::DomainRefused));
    let outcome = log_in(&mut acceptor, &setup, &wrong_password());
    assert_eq!(outcome, Err(Minor::BadUserOrPassword), "learns nothing");
}

#[test]
fn a_mic_may_be_required() {
    let (setup, _folder) = setup("mic = \"require\"");
    let outcome = log_in(&mut Acceptor::new(), &setup, &Initiator::curl());
    assert_eq!(outcome, Err(Minor::MissingMic));
    let outcome = log_in(&mut Acceptor::new(), &setup, &Initiator::chromium());
    assert_eq!(outcome, Ok(Step::Established));
}

#[test]
fn a_login_that_is_meant_for_another_channel_is_refused() {
    let (setup, _folder) = setup("");
    let here = ChannelBindings {
        application_data: b"here",
        ..ChannelBindings::default()
    };
    let elsewhere = ChannelBindings {
        application_data: b"elsewhere",
        ..ChannelBindings::default()
    };
    let bound = Initiator {
        alter: |mut pairs| {
            let here = ChannelBindings {
                application_data: b"here",
                ..ChannelBindings::default()
            };
            pairs.set(AvId::CHANNEL_BINDINGS, here.hash()).unwrap();
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
    assert_eq!(log_in(&bound, Some(&here)), Ok(Step::Established));
    assert_eq!(log_in(&bound, None), Ok(Step::Established));
    let refused = Err(Minor::OtherChannel);
    assert_eq!(log_in(&bound, Some(&elsewhere)), refused);
    // Bindings without data are none.
    let addresses = ChannelBindings {
        initiator: Address {
            family: 2,
            bytes: &[127, 0, 0, 1],
        },
        ..ChannelBindings::default()
    };
    assert_eq!(log_in(&bound, Some(&addresses)), Ok(Step::Established));
    // Who says nothing is let in: nothing requires it.
    let unbound = Initiator::default();
    assert_eq!(log_in(&unbound, Some(&here)), Ok(Step::Established));
}
