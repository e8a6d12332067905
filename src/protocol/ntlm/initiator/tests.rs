use super::*;
use crate::base::crypto;
use crate::protocol::ntlm::acceptor::{self, Claim, Target, TargetKind};
use crate::protocol::ntlm::message::MAX_TOKEN;
use crate::protocol::ntlm::message::tests::SAMPLE_CHALLENGE;
use crate::protocol::ntlm::response::Response;
use crate::protocol::ntlm::seal::Weakest;

const NOW: FileTime = FileTime(133_444_736_000_000_000);
const SIGN: Protection = Protection {
    sign: true,
    seal: false,
};
const SEAL: Protection = Protection {
    sign: false,
    seal: true,
};

fn fresh() -> Fresh {
    Fresh {
        now: FileTime(NOW.0 + 77),
        challenge: [0xAA; 8],
        session_key: Key::new([0x55; 16]),
    }
}

fn answer(
    offered: Offered,
    challenge: &[u8],
    service: &Destination<'_>,
) -> Result<Completed, NtlmError> {
    let nt_hash = crypto::nt_hash("Password");
    let user = User {
        name: "User",
        domain: "Domain",
        nt_hash: &nt_hash,
        workstation: "PC1",
    };
    offered.answer(challenge, &user, service, &fresh())
}

fn accepted(first: &[u8]) -> (acceptor::Challenged, Vec<u8>) {
    let target = Target {
        netbios_computer: "WEB1".to_owned(),
        netbios_domain: "EXAMPLE".to_owned(),
        dns_computer: "web1.example.test".to_owned(),
        dns_domain: "example.test".to_owned(),
        kind: TargetKind::Domain,
    };
    acceptor::negotiate(first, &target, Weakest::Strong, *b"challeng", NOW).unwrap()
}

/// A whole login: the acceptor's claim and the initiator's result.
fn log_in(wanted: Protection, service: &Destination<'_>) -> (Claim, Completed) {
    let (offered, first) = negotiate(wanted);
    let (challenged, second) = accepted(&first);
    let answer = answer(offered, &second, service).unwrap();
    (
        challenged.parse_authenticate(&answer.token).unwrap(),
        answer,
    )
}

/// Verifies the response with the password, as a verifier does.
fn prove(claim: &Claim) -> Key {
    let Response::NtlmV2(response) = claim.response() else {
        panic!("{claim:?}");
    };
    let ntowf_v2 = keys::ntowf_v2(
        &crypto::nt_hash("Password"),
        &claim.user().units,
        &claim.domain().units,
    );
    response
        .verify(&ntowf_v2, claim.server_challenge())
        .unwrap()
}

#[test]
fn the_acceptor_accepts_the_login() {
    let (claim, answer) = log_in(SEAL, &Destination::default());
    assert_eq!(claim.user().meant, "User");
    assert_eq!(claim.domain().meant, "Domain");
    assert_eq!(claim.workstation().meant, "PC1");
    let checked = claim.check_mic(Some(&prove(&claim))).unwrap();
    assert!(checked.verified());
    assert_eq!(
        checked.exported_session_key(),
        Some(&answer.exported_session_key)
    );
    assert_eq!(claim.flags(), answer.flags);
    assert_eq!(answer.exported_session_key, fresh().session_key);
}

#[test]
fn without_protection_no_session_key_is_exchanged() {
    let (claim, answer) = log_in(Protection::default(), &Destination::default());
    let key = prove(&claim);
    assert_eq!(answer.exported_session_key, key);
    let checked = claim.check_mic(Some(&key)).unwrap();
    assert!(checked.verified());
    let message = Authenticate::decode(&answer.token).unwrap();
    assert!(message.encrypted_session_key.is_empty());
    // Nor if the server refuses protection.
    let flags = with_flags(0xE289_8205)(SEAL).unwrap().flags;
    assert_eq!(flags.0, 0xA288_8205);
}

#[test]
fn the_proof_covers_the_service_and_its_channel() {
    let service = Destination {
        name: "HTTP/www.example.test",
        channel_bindings: Some([7; 16]),
    };
    let (claim, _) = log_in(SIGN, &service);
    assert_eq!(claim.target_name().unwrap().meant, service.name);
    assert_eq!(claim.channel_bindings(), service.channel_bindings);

    let (claim, _) = log_in(SIGN, &Destination::default());
    let Response::NtlmV2(response) = claim.response() else {
        panic!("{claim:?}");
    };
    // Both are present if unknown, so that an attacker cannot remove them.
    assert_eq!(
        response.av_pairs().value(AvId::CHANNEL_BINDINGS),
        Some(&[0; 16][..])
    );
    assert_eq!(response.av_pairs().value(AvId::TARGET_NAME), Some(&[][..]));
}

#[test]
fn wanted_protection_is_offered_and_granted_protection_is_told() {
    for (wanted, offer, agreed) in [
        (Protection::default(), 0xA208_8205, 0xA288_8205),
        (SIGN, 0xE208_8215, 0xE288_8215),
        (SEAL, 0xE208_8235, 0xE288_8235),
    ] {
        let (offered, first) = negotiate(wanted);
        assert_eq!(first.len(), 40);
        assert_eq!(Negotiate::decode(&first).unwrap().flags.0, offer);
        let (_, second) = accepted(&first);
        let flags = answer(offered, &second, &Destination::default())
            .unwrap()
            .flags;
        assert_eq!(flags.0, agreed);
    }
    // A server that grants less, and sets flags that were not offered.
    let changed = with_flags(0x4089_0231 | 0x2000_0000);
    let flags = changed(SIGN).unwrap().flags;
    assert_eq!(flags.0, 0x6088_0211);
}

/// The answer to a valid challenge with these flags.
fn with_flags(flags: u32) -> impl Fn(Protection) -> Result<Completed, NtlmError> {
    move |wanted| {
        let (offered, first) = negotiate(wanted);
        let (_, mut second) = accepted(&first);
        second[20..24].copy_from_slice(&flags.to_le_bytes());
        answer(offered, &second, &Destination::default())
    }
}

#[test]
fn a_weak_challenge_is_refused() {
    let refused = |flags, wanted| with_flags(flags)(wanted).map(drop);
    let weak = |lacks| Err(NtlmError::WeakChallenge(lacks));
    assert_eq!(refused(0xE289_8235, SEAL), Ok(()));
    assert_eq!(
        refused(0xE281_8235, SEAL),
        weak("extended session security")
    );
    assert_eq!(refused(0xE289_8236, SEAL), weak("Unicode"));
    assert_eq!(
        refused(0xE209_8235, SEAL),
        weak("target information, which NTLMv2 needs")
    );
    assert_eq!(refused(0xC289_8235, SEAL), weak("128-bit keys"));
    assert_eq!(refused(0xC289_8235, Protection::default()), Ok(()));
}

/// The answer to the sample challenge with other AV pairs.
fn with_pairs(wanted: Protection, pairs: &AvPairs) -> Result<Completed, NtlmError> {
    let sample = Challenge::decode(&SAMPLE_CHALLENGE).unwrap();
    let target_info = pairs.encode();
    let challenge = Challenge {
        target_info: &target_info,
        ..sample
    };
    let (offered, _) = negotiate(wanted);
    answer(
        offered,
        &challenge.encode().unwrap(),
        &Destination::default(),
    )
}

#[test]
fn protection_needs_the_names_of_the_server() {
    let mut pairs = AvPairs::default();
    assert!(with_pairs(Protection::default(), &pairs).is_ok());
    let refused = |pairs: &AvPairs| with_pairs(SIGN, pairs).unwrap_err();
    assert_eq!(
        refused(&pairs),
        NtlmError::WeakChallenge("MsvAvNbComputerName")
    );
    pairs.set(AvId::NB_COMPUTER_NAME, "S\0").unwrap();
    assert_eq!(
        refused(&pairs),
        NtlmError::WeakChallenge("MsvAvNbDomainName")
    );
    pairs.set(AvId::NB_DOMAIN_NAME, "D\0").unwrap();
    assert!(with_pairs(SIGN, &pairs).is_ok());
}

#[test]
fn the_time_is_the_servers_if_sent() {
    let time = |pairs: &AvPairs| {
        let answer = with_pairs(Protection::default(), pairs).unwrap();
        let message = Authenticate::decode(&answer.token).unwrap();
        assert_eq!(message.lm_response, [0; 24]);
        let time = message.nt_response.get(24..32).unwrap().try_into().unwrap();
        FileTime(u64::from_le_bytes(time))
    };
    let mut pairs = AvPairs::default();
    assert_eq!(time(&pairs), fresh().now);
    pairs.set(AvId::TIMESTAMP, NOW.0.to_le_bytes()).unwrap();
    assert_eq!(time(&pairs), NOW);
    pairs.set(AvId::TIMESTAMP, [0; 7]).unwrap();
    assert_eq!(
        with_pairs(SIGN, &pairs).unwrap_err(),
        NtlmError::WeakChallenge("MsvAvNbComputerName"),
        "names first"
    );
    let outcome = with_pairs(Protection::default(), &pairs);
    let problem = DecodeError::new("MsvAvTimestamp", "not 8 bytes");
    assert_eq!(outcome.unwrap_err(), NtlmError::Malformed(problem));
}

#[test]
fn the_servers_flags_are_kept_and_its_bindings_are_not() {
    let mut pairs = AvPairs::default();
    pairs.set(AvId::FLAGS, 1_u32.to_le_bytes()).unwrap();
    pairs.set(AvId::CHANNEL_BINDINGS, [9; 16]).unwrap();
    pairs.set(AvId::TARGET_NAME, "x\0").unwrap();
    let answer = with_pairs(Protection::default(), &pairs).unwrap();
    let message = Authenticate::decode(&answer.token).unwrap();
    let sent = AvPairs::decode(&mut Reader::new(&message.nt_response[44..])).unwrap();
    assert_eq!(sent.value(AvId::FLAGS), Some(&[3, 0, 0, 0][..]));
    assert_eq!(sent.value(AvId::CHANNEL_BINDINGS), Some(&[0; 16][..]));
    assert_eq!(sent.value(AvId::TARGET_NAME), Some(&[][..]));
}

#[test]
fn other_messages_and_prefixes_of_a_challenge_are_refused() {
    let refused = |token: &[u8]| {
        let (offered, _) = negotiate(SEAL);
        let outcome = answer(offered, token, &Destination::default());
        outcome.unwrap_err()
    };
    let (_, first) = negotiate(SEAL);
    let (_, second) = accepted(&first);
    assert_eq!(refused(&first), NtlmError::NotChallenge);
    assert_eq!(refused(b""), NtlmError::NotNtlm);
    let malformed = |token| matches!(refused(token), NtlmError::Malformed(_));
    assert!(malformed(b"NTLMSSP\0\x09\0\0\0"));
    let long = [&second[..], &vec![0; MAX_TOKEN]].concat();
    assert_eq!(refused(&long), NtlmError::TokenTooLong);
    for length in 8..second.len() {
        assert!(malformed(&second[..length]), "{length}");
    }
}

#[test]
fn a_name_that_is_too_long_is_refused() {
    let (offered, first) = negotiate(SEAL);
    let (_, second) = accepted(&first);
    let name = "x".repeat(40_000);
    let service = Destination {
        name: &name,
        ..Destination::default()
    };
    let error = answer(offered, &second, &service).unwrap_err();
    let field = "MsvAvTargetName";
    assert_eq!(error, NtlmError::AnswerTooLong(TooLong { field }));
}

#[test]
fn the_user_s_domain_is_named_in_the_first_message() {
    let named = |name, domain| {
        let (_, first) = negotiate_for(name, domain, Protection::default());
        String::from_utf8(Negotiate::decode(&first).unwrap().domain.to_vec()).unwrap()
    };
    assert_eq!(named("alice", "EXAMPLE"), "EXAMPLE");
    assert_eq!(named("alice@example.test", ""), "example.test");
    assert_eq!(named("alice@example.test", "EXAMPLE"), "EXAMPLE");
    assert_eq!(named("alice", ""), "");
    assert_eq!(named("alice", "B\u{dc}RO"), "");
    assert_eq!(named("alice", &"A".repeat(256)), "");
    let (_, unnamed) = negotiate_for("alice", "", Protection::default());
    assert_eq!(unnamed, negotiate(Protection::default()).1);
}
