//! The shapes of messages that real clients send.

use super::*;
use crate::protocol::ntlm::av_pair::AvFlags;
use crate::protocol::ntlm::tests::imitation::{Answer, Header};

/// NEGOTIATE messages by their length and flags.
const FIRST: &[(&str, usize, u32)] = &[
    ("the least", 16, 0x0000_0202),
    ("wget", 32, 0x0000_0202),
    ("curl", 32, 0x0008_8206),
    ("Chromium, Firefox, Java", 32, 0x0008_8207),
    ("Qt", 32, 0x0008_8205),
    ("Mono", 36, 0x0008_9207),
    ("Ruby httpclient", 38, 0x0008_8207),
    ("axios-ntlm", 38, 0x0008_8206),
    ("Windows", 40, 0xE208_8297),
    ("Internet Explorer", 40, 0xA208_8207),
    ("pyspnego", 40, 0xE208_8237),
    ("gss-ntlmssp", 40, 0xE208_8217),
    ("Samba", 40, 0x6208_8205),
    ("Heimdal", 40, 0x4008_9201),
    ("Apache HttpClient", 40, 0xA208_8201),
    ("go-ntlmssp", 40, 0xA088_1001),
    ("Perl LWP", 41, 0x0000_B207),
    ("python-ntlm3", 44, 0xE288_9031),
    ("httpntlm", 44, 0xA208_B207),
    ("libsoup", 48, 0x0008_8205),
];

#[test]
fn every_negotiate_message_is_answered_and_the_login_succeeds() {
    for (name, length, flags) in FIRST {
        let client = Initiator {
            flags: NegotiateFlags(*flags),
            ..Initiator::default()
        };
        let mut first = client.negotiate();
        first.truncate(16);
        first.resize(*length, 0x5A); // invalid offsets of domain and workstation
        let (state, challenge) = challenged(&first);
        let answered = client.authenticate(&first, &challenge);
        let claim = state.parse_authenticate(&answered.token).unwrap();
        let key = prove(&claim, client.password).expect(name);
        let checked = claim.check_mic(Some(&key)).expect(name);
        assert!(checked.verified(), "{name}");
        assert_eq!(
            checked.exported_session_key(),
            Some(&answered.exported_session_key),
            "{name}"
        );
    }
}

#[test]
fn clients_without_a_mic_log_in() {
    let pyspnego_without_timestamp = Initiator {
        announces_mic: false,
        answer: Answer::NtlmV2LmV2,
        ..Initiator::default()
    };
    let gssapi_raw = Initiator {
        flags: NegotiateFlags(0xE208_8217),
        header: Header::Version,
        announces_mic: false,
        ..Initiator::default()
    };
    for client in [Initiator::curl(), pyspnego_without_timestamp, gssapi_raw] {
        let (state, answered) = answered(&client);
        let claim = state.parse_authenticate(&answered.token).unwrap();
        assert!(!claim.mic_present());
        let key = prove(&claim, client.password).unwrap();
        let checked = claim.check_mic(Some(&key)).unwrap();
        assert!(!checked.verified());
        assert_eq!(
            checked.exported_session_key(),
            Some(&answered.exported_session_key)
        );
    }
}

#[test]
fn chromium_has_a_mic_and_no_key_exchange() {
    let client = Initiator::chromium();
    let (state, answered) = answered(&client);
    assert_eq!(answered.token[64..72], [0; 8]);
    let claim = state.parse_authenticate(&answered.token).unwrap();
    let checked = claim.check_mic(Some(&answered.session_base_key)).unwrap();
    assert!(checked.verified());
    assert_eq!(
        checked.exported_session_key(),
        Some(&answered.session_base_key)
    );
}

#[test]
fn names_are_kept_as_typed() {
    let names = |user, domain, flags| {
        let client = Initiator {
            user,
            domain,
            flags: NegotiateFlags(flags),
            ..Initiator::curl()
        };
        let claim = claim(&client).unwrap();
        assert!(prove(&claim, client.password).is_some(), "{user}");
        (claim.user().meant.clone(), claim.domain().meant.clone())
    };
    let owned = |user: &str, domain: &str| (user.to_owned(), domain.to_owned());
    for charset in [0x0008_8206, 0x0008_8207] {
        let names = |user, domain| names(user, domain, charset);
        let upn = "alice@example.test";
        assert_eq!(names("alice", "EXAMPLE"), owned("alice", "EXAMPLE"));
        assert_eq!(names("alice", ""), owned("alice", ""));
        assert_eq!(names(upn, ""), owned(upn, ""));
        assert_eq!(names("EXAMPLE\\alice", ""), owned("alice", "EXAMPLE"));
        assert_eq!(names("EXAMPLE/alice", ""), owned("alice", "EXAMPLE"));
        assert_eq!(names("A/b", "C"), owned("A/b", "C"));
        assert_eq!(names("HTTP/www@X", ""), owned("HTTP/www@X", ""));
        assert_eq!(names("al\\ice@x", ""), owned("al\\ice@x", ""));
        assert_eq!(names("A\\B\\c", ""), owned("A\\B\\c", ""));
        assert_eq!(names("A\\b", "C"), owned("A\\b", "C"));
        assert_eq!(names("\\alice", ""), owned("\\alice", ""));
        assert_eq!(names("EXAMPLE\\", ""), owned("EXAMPLE\\", ""));
        assert_eq!(names("jürgen", "EXAMPLE"), owned("jürgen", "EXAMPLE"));
    }
}

#[test]
fn wget_claims_unicode_and_sends_oem() {
    let wget = Initiator {
        flags: NegotiateFlags(0x0000_0202),
        header: Header::Flags,
        answer: Answer::NtlmV1,
        final_flags: |_| NegotiateFlags(0x0000_0201),
        ..Initiator::default()
    };
    let claim = claim(&wget).unwrap();
    assert_eq!(claim.user().meant, "alice");
    assert!(matches!(claim.response(), Response::NtlmV1(_)));
}

#[test]
fn weak_kinds_are_distinguished() {
    let kind = |answer, flags| {
        let client = Initiator {
            answer,
            flags: NegotiateFlags(flags),
            ..Initiator::curl()
        };
        let response = format!("{:?}", claim(&client).unwrap().response());
        response.split('(').next().unwrap().to_owned()
    };
    assert_eq!(kind(Answer::NtlmV1, 0x0000_B207), "NtlmV1");
    assert_eq!(kind(Answer::Ntlm2Session, 0x0008_9207), "Ntlm2Session");
    assert_eq!(kind(Answer::Ntlm2Session, 0x0000_B207), "NtlmV1");
    assert_eq!(kind(Answer::LmV2Only, 0x0008_8207), "LmOnly");
}

#[test]
fn a_session_key_that_is_not_negotiated_is_ignored() {
    // .NET sends one without KEY_EXCH. The session key is then SessionBaseKey.
    let client = Initiator {
        final_flags: |flags| NegotiateFlags(flags.0 & !NegotiateFlags::NEGOTIATE_KEY_EXCH.0),
        announces_mic: false,
        ..Initiator::default()
    };
    let (state, answered) = answered(&client);
    let mut token = answered.token;
    token[52..60].copy_from_slice(&[16, 0, 16, 0, 88, 0, 0, 0]);
    let claim = state.parse_authenticate(&token).unwrap();
    let checked = claim.check_mic(Some(&answered.session_base_key)).unwrap();
    assert_eq!(
        checked.exported_session_key(),
        Some(&answered.session_base_key)
    );
}

#[test]
fn a_mic_that_is_not_announced_is_ignored() {
    // Samba's client sends a right one, pyspnego zeros.
    let client = Initiator {
        announces_mic: false,
        ..Initiator::default()
    };
    let (state, mut answered) = answered(&client);
    answered.token[72..88].fill(0);
    let claim = state.parse_authenticate(&answered.token).unwrap();
    let checked = claim.check_mic(Some(&answered.session_base_key)).unwrap();
    assert!(!checked.verified());
}

#[test]
fn av_pairs_that_the_client_adds_are_kept() {
    let client = Initiator {
        alter: |mut pairs| {
            for (id, value) in [
                (AvId::FLAGS, AvFlags::MIC.0.to_le_bytes().to_vec()),
                (AvId::SINGLE_HOST, vec![9; 48]),
                (AvId::CHANNEL_BINDINGS, vec![0; 16]),
                (AvId::TARGET_NAME, utf16le("HTTP/web1".encode_utf16())),
            ] {
                pairs.set(id, value).unwrap();
            }
            pairs
        },
        ..Initiator::default()
    };
    let claim = claim(&client).unwrap();
    assert_eq!(claim.channel_bindings(), None, "zero is none");
    assert_eq!(claim.target_name().unwrap().meant, "HTTP/web1");
    let key = prove(&claim, client.password).unwrap();
    assert!(claim.check_mic(Some(&key)).unwrap().verified());
}

#[test]
fn a_service_name_from_an_untrusted_source_is_ignored() {
    let client = Initiator {
        alter: |mut pairs| {
            let flags = AvFlags(AvFlags::MIC.0 | AvFlags::UNTRUSTED_SPN.0);
            for (id, value) in [
                (AvId::FLAGS, flags.0.to_le_bytes().to_vec()),
                (AvId::TARGET_NAME, utf16le("HTTP/web1".encode_utf16())),
            ] {
                pairs.set(id, value).unwrap();
            }
            pairs
        },
        ..Initiator::default()
    };
    let claim = claim(&client).unwrap();
    assert!(claim.target_name().is_none());
    assert!(claim.mic_present());
}

#[test]
fn letters_of_an_old_character_set_are_no_control_characters() {
    // 0x81 is a letter in code page 850, and a control character in Latin-1.
    let client = Initiator {
        workstation: "PC1",
        ..Initiator::curl()
    };
    let (state, answered) = answered(&client);
    let mut token = answered.token;
    let at = token.windows(3).position(|part| part == b"PC1").unwrap();
    token[at] = 0x81;
    assert!(state.parse_authenticate(&token).is_ok());
}
