//! The acceptor with an imitated client. `clients` has the shapes of real clients, `fields` the
//! specification field by field, `hostile` the messages that no honest client sends, `onward` what
//! another server gets.

mod clients;
mod fields;
mod hostile;
mod onward;

use super::*;
use crate::base::crypto::{self, Key};
use crate::base::wire::Reader;
use crate::protocol::ntlm::keys;
use crate::protocol::ntlm::message::{MAX_TOKEN, MessageType, token_type};
use crate::protocol::ntlm::response::Response;
use crate::protocol::ntlm::tests::imitation::{Answer, Answered, Initiator, RANDOM_SESSION_KEY};

const CHALLENGE: [u8; 8] = *b"\x01\x23\x45\x67\x89\xab\xcd\xef";
const NOW: FileTime = FileTime(133_444_736_000_000_000);

fn target() -> Target {
    Target {
        netbios_computer: "WEB1-NTLM".to_owned(),
        netbios_domain: "EXAMPLE".to_owned(),
        dns_computer: "web1.example.test".to_owned(),
        dns_domain: "example.test".to_owned(),
        kind: TargetKind::Domain,
    }
}

fn challenged(negotiate_message: &[u8]) -> (Challenged, Vec<u8>) {
    negotiate(negotiate_message, &target(), Weakest::Any, CHALLENGE, NOW).unwrap()
}

/// The state that waits for the AUTHENTICATE message, and that message.
fn answered(client: &Initiator) -> (Challenged, Answered) {
    let first = client.negotiate();
    let (state, challenge) = challenged(&first);
    let answered = client.authenticate(&first, &challenge);
    (state, answered)
}

fn claim(client: &Initiator) -> Result<Claim, NtlmError> {
    let (state, answered) = answered(client);
    state.parse_authenticate(&answered.token)
}

/// Whether a message was refused for an invalid field.
fn is_malformed<T>(outcome: &Result<T, NtlmError>) -> bool {
    matches!(outcome, Err(NtlmError::Malformed(_)))
}

/// Verifies the response with the password, as a verifier does.
fn prove(claim: &Claim, password: &str) -> Option<Key> {
    let Response::NtlmV2(response) = claim.response() else {
        return None;
    };
    let ntowf_v2 = keys::ntowf_v2(
        &crypto::nt_hash(password),
        &claim.user().units,
        &claim.domain().units,
    );
    response.verify(&ntowf_v2, claim.server_challenge())
}

#[test]
fn windows_logs_in() {
    let client = Initiator::default();
    let claim = claim(&client).unwrap();
    assert_eq!(claim.user().meant, "alice");
    assert_eq!(claim.domain().meant, "EXAMPLE");
    assert_eq!(claim.workstation().meant, "PC1");
    assert!(claim.mic_present());
    assert_eq!(prove(&claim, "password1"), None);
    let key = prove(&claim, client.password).unwrap();
    let checked = claim.check_mic(Some(&key)).unwrap();
    assert!(checked.verified());
    assert_eq!(
        checked.exported_session_key(),
        Some(&Key::new(RANDOM_SESSION_KEY))
    );
}

#[test]
fn the_challenge_message_has_the_names_of_the_target() {
    let (_, message) = challenged(&Initiator::default().negotiate());
    let challenge = Challenge::decode(&message).unwrap();
    assert_eq!(challenge.target_name, utf16le("EXAMPLE".encode_utf16()));
    assert_eq!(challenge.server_challenge, CHALLENGE);
    let mut reader = Reader::new(challenge.target_info);
    let pairs = AvPairs::decode(&mut reader).unwrap();
    let pairs: Vec<_> = pairs.iter().map(|(id, value)| (id.0, value)).collect();
    let name = |name: &str| utf16le(name.encode_utf16());
    assert_eq!(
        pairs,
        [
            (2, &*name("EXAMPLE")),
            (1, &*name("WEB1-NTLM")),
            (4, &*name("example.test")),
            (3, &*name("web1.example.test")),
            (7, &NOW.0.to_le_bytes()[..]),
        ]
    );
    assert_eq!(reader.finish("TargetInfo"), Ok(()));
}

#[test]
fn empty_names_are_left_out_and_long_ones_refused() {
    let mut target = target();
    target.kind = TargetKind::Server;
    target.netbios_domain.clear();
    target.dns_domain.clear();
    target.dns_computer = "x".repeat(255);
    let first = Initiator::curl().negotiate();
    let (_, message) = negotiate(&first, &target, Weakest::Any, CHALLENGE, NOW).unwrap();
    let challenge = Challenge::decode(&message).unwrap();
    assert_eq!(challenge.target_name, b"WEB1-NTLM", "in OEM");
    assert!(challenge.flags.contains(NegotiateFlags::TARGET_TYPE_SERVER));
    let mut reader = Reader::new(challenge.target_info);
    let pairs = AvPairs::decode(&mut reader).unwrap();
    let ids: Vec<_> = pairs.iter().map(|(id, _)| id.0).collect();
    assert_eq!(ids, [1, 3, 7]);

    target.dns_computer = "x".repeat(256);
    let error = negotiate(&first, &target, Weakest::Any, CHALLENGE, NOW).unwrap_err();
    assert_eq!(error, NtlmError::TargetNameTooLong(AvId::DNS_COMPUTER_NAME));
}

#[test]
fn flags_are_those_of_both_sides() {
    let chosen = |offer| {
        let (_, message) = challenged(
            &Initiator {
                flags: NegotiateFlags(offer),
                ..Initiator::default()
            }
            .negotiate(),
        );
        Challenge::decode(&message).unwrap().flags.0
    };
    // REQUEST_TARGET, NTLM, TARGET_TYPE_DOMAIN and TARGET_INFO always.
    assert_eq!(chosen(0x0000_0001), 0x0081_0205);
    assert_eq!(chosen(0x0000_0002), 0x0081_0206);
    assert_eq!(chosen(0x0000_0003), 0x0081_0205, "UNICODE wins");
    // No DATAGRAM, LM_KEY, ANONYMOUS, 0x4000 (a local call), IDENTIFY, NON_NT_SESSION_KEY.
    assert_eq!(chosen(0xFFFF_FFFF), 0xE289_8235);
    assert_eq!(chosen(0xE208_8297), 0xE289_8215, "Windows");
    assert_eq!(chosen(0x0008_8206), 0x0089_8206, "curl");
    let error = negotiate(
        &negotiate_with(0xE208_8294),
        &target(),
        Weakest::Any,
        CHALLENGE,
        NOW,
    )
    .unwrap_err();
    assert_eq!(error.to_string(), "NegotiateFlags: neither UNICODE nor OEM");
}

#[test]
fn weak_protection_is_not_negotiated() {
    const SEAL: u32 = 0x30;
    let granted = |weakest, offer, final_flags| {
        let client = Initiator {
            flags: NegotiateFlags(offer),
            announces_mic: false,
            final_flags,
            ..Initiator::default()
        };
        let first = client.negotiate();
        let (state, second) = negotiate(&first, &target(), weakest, CHALLENGE, NOW).unwrap();
        let offered = Challenge::decode(&second).unwrap().flags.0 & SEAL;
        let answered = client.authenticate(&first, &second);
        let claim = state.parse_authenticate(&answered.token).unwrap();
        let key = prove(&claim, client.password).unwrap();
        let checked = claim.check_mic(Some(&key)).unwrap();
        let security = checked.into_security().unwrap();
        (offered, security.seals(), security.signs())
    };
    let all = |flags| flags;
    let (yes, no) = ((SEAL, true, true), (0, false, false));
    for (what, offer, strong) in [
        ("Windows", 0xE208_82B7, yes),
        ("without key exchange", 0xA208_82B7, yes),
        ("56 bits", 0xC208_82B7, no),
        ("40 bits", 0x4208_82B7, no),
        ("a CRC", 0xE200_82B7, no),
    ] {
        assert_eq!(granted(Weakest::Strong, offer, all), strong, "{what}");
        assert_eq!(granted(Weakest::Any, offer, all), yes, "{what}");
    }
    // Dropped in the AUTHENTICATE message.
    let taken_back = (SEAL, false, false);
    for less in [
        (|flags| NegotiateFlags(flags.0 & !0x2000_0000)) as fn(NegotiateFlags) -> NegotiateFlags,
        |flags| NegotiateFlags(flags.0 & !0x0008_0000),
    ] {
        assert_eq!(granted(Weakest::Strong, 0xE208_82B7, less), taken_back);
        assert_eq!(granted(Weakest::Any, 0xE208_82B7, less), yes);
    }
}

#[test]
fn ntlmv1_without_key_exchange_protects_no_messages() {
    for (flags, protects) in [
        (0xE200_82B7, true),
        (0xA200_82B7, false),
        (0xA208_82B7, false),
    ] {
        let client = Initiator {
            flags: NegotiateFlags(flags),
            answer: Answer::NtlmV1,
            ..Initiator::default()
        };
        let claim = claim(&client).unwrap();
        assert!(matches!(claim.response(), Response::NtlmV1(_)));
        let checked = claim.check_mic(Some(&Key::new([7; 16]))).unwrap();
        assert_eq!(
            checked.into_security().unwrap().signs(),
            protects,
            "{flags:#x}"
        );
    }
}

fn negotiate_with(flags: u32) -> Vec<u8> {
    let flags = NegotiateFlags(flags);
    Negotiate { flags, domain: &[] }.encode()
}

#[test]
fn a_challenged_state_is_small() {
    let mut first = Initiator::default().negotiate();
    first.resize(MAX_NEGOTIATE, b'x');
    let (state, _) = challenged(&first);
    let held = size_of::<Challenged>() + state.negotiate.len() + state.challenge.len();
    assert!(held <= 2048, "{held} bytes");

    first.push(b'x');
    assert!(is_malformed(&negotiate(
        &first,
        &target(),
        Weakest::Any,
        CHALLENGE,
        NOW
    )));
}

#[test]
fn the_type_of_a_message_is_told_or_an_error() {
    let client = Initiator::default();
    let first = client.negotiate();
    let (state, second) = challenged(&first);
    let third = client.authenticate(&first, &second).token;
    assert_eq!(token_type(&first), Ok(MessageType::Negotiate));
    assert_eq!(token_type(&second), Ok(MessageType::Challenge));
    assert_eq!(token_type(&third), Ok(MessageType::Authenticate));

    let refused = |token: &[u8]| token_type(token).unwrap_err();
    assert_eq!(refused(b""), NtlmError::NotNtlm);
    assert_eq!(refused(b"\x60\x82\x01\x00"), NtlmError::NotNtlm);
    assert!(is_malformed(&token_type(b"NTLMSSP\0\x01\0\0")));
    assert!(is_malformed(&token_type(b"NTLMSSP\0\x04\0\0\0")));
    let long = [&first[..], &[0; MAX_TOKEN]].concat();
    assert_eq!(refused(&long), NtlmError::TokenTooLong);

    // A caller that does not ask for the type first gets an error all the same.
    let outcome = negotiate(&second, &target(), Weakest::Any, CHALLENGE, NOW);
    assert!(is_malformed(&outcome));
    assert!(is_malformed(&state.parse_authenticate(&first)));
}

#[test]
fn an_answer_fits_its_own_challenge_only() {
    let client = Initiator::default();
    let (_, answered) = answered(&client);
    let first = client.negotiate();

    let later = FileTime(NOW.0 + 1);
    let (state, _) = negotiate(&first, &target(), Weakest::Any, CHALLENGE, later).unwrap();
    let error = state.parse_authenticate(&answered.token).unwrap_err();
    assert!(matches!(error, NtlmError::TargetInfoChanged(_)), "{error}");

    let (state, _) = negotiate(&first, &target(), Weakest::Any, [0; 8], NOW).unwrap();
    let claim = state.parse_authenticate(&answered.token).unwrap();
    assert_eq!(prove(&claim, client.password), None);
    // Even with the right key, the MIC is one over other messages.
    let error = claim
        .check_mic(Some(&answered.session_base_key))
        .unwrap_err();
    assert_eq!(error, NtlmError::WrongMic);
}

#[test]
fn the_sample_messages_give_the_sample_keys() {
    // MS-NLMP 4.2.4.3 has the challenge of another server and no NEGOTIATE message.
    use crate::protocol::ntlm::message::tests::{SAMPLE_AUTHENTICATE, SAMPLE_CHALLENGE};
    let state = Challenged {
        weakest: Weakest::Any,
        negotiate: Box::default(),
        challenge: SAMPLE_CHALLENGE.into(),
    };
    let claim = state.parse_authenticate(&SAMPLE_AUTHENTICATE).unwrap();
    assert_eq!(claim.user().meant, "User");
    let key = prove(&claim, "Password").unwrap();
    let checked = claim.check_mic(Some(&key)).unwrap();
    assert!(!checked.verified());
    assert_eq!(checked.exported_session_key(), Some(&Key::new([0x55; 16])));
}

#[test]
fn a_mic_of_chromium_is_right() {
    // Chromium's answer to the sample challenge, from its own tests: user, password and challenges
    // of MS-NLMP 4.2.1, another time. The MIC is Chromium's.
    use crate::protocol::ntlm::message::Authenticate;
    use crate::protocol::ntlm::message::tests::SAMPLE_CHALLENGE;
    let mut pairs = AvPairs::default();
    let name = |name: &str| utf16le(name.encode_utf16());
    let bindings = 0x6586_e99d_81c2_fc98_4e47_172f_d4dd_0310_u128.to_be_bytes();
    for (id, value) in [
        (AvId::NB_DOMAIN_NAME, name("Domain")),
        (AvId::NB_COMPUTER_NAME, name("Server")),
        (AvId::FLAGS, vec![2, 0, 0, 0]),
        (AvId::CHANNEL_BINDINGS, bindings.to_vec()),
        (AvId::TARGET_NAME, name("HTTP/Server")),
    ] {
        pairs.set(id, value).unwrap();
    }
    let proof = 0x8c02_60db_ef69_0662_af9c_42d5_0782_d2ed_u128.to_be_bytes();
    let time = 0x0000_800b_c8fd_00d4_u64.to_be_bytes();
    let nt_response = [
        &proof[..],
        &[1, 1, 0, 0, 0, 0],
        &time,
        &[0xd2, 0x01],
        &[0xAA; 8],
        &[0; 4],
        &pairs.encode(),
        &[0; 4],
    ]
    .concat();
    let mic = 0xf736_1633_f0ad_9bdf_4a7c_421b_c6b8_24a3_u128.to_be_bytes();
    let message = Authenticate {
        lm_response: &[0; 24],
        nt_response: &nt_response,
        domain: &name("Domain"),
        user: &name("User"),
        workstation: &name("COMPUTER"),
        encrypted_session_key: &[],
        flags: NegotiateFlags(0x0008_8203),
        version: None,
        mic: Some(mic),
    };
    // Empty items have the offset of the payload.
    let mut first = negotiate_with(0x0008_8207);
    (first[20], first[28]) = (32, 32);
    let mut third = message.encode().unwrap();
    third[56..60].copy_from_slice(&88_u32.to_le_bytes());
    let state = Challenged {
        weakest: Weakest::Any,
        negotiate: first.into(),
        challenge: SAMPLE_CHALLENGE.into(),
    };
    let claim = state.parse_authenticate(&third).unwrap();
    assert_eq!(claim.channel_bindings(), Some(bindings));
    assert_eq!(claim.target_name().unwrap().meant, "HTTP/Server");
    let key = prove(&claim, "Password").unwrap();
    assert!(claim.check_mic(Some(&key)).unwrap().verified());
}
