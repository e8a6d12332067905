use super::*;
use crate::base::crypto;
use crate::protocol::ntlm::message::Authenticate;
use hex_literal::hex;

const SERVER_CHALLENGE: [u8; 8] = hex!("0123456789abcdef");

/// The response of MS-NLMP 4.2.4.2.2 with its AV pairs.
const SAMPLE: [u8; 84] = hex!(
    "68cd0ab851e51c96aabc927bebef6a1c01010000000000000000000000000000aaaaaaaaaaaaaaaa00000000"
    "02000c0044006f006d00610069006e0001000c005300650072007600650072000000000000000000"
);

fn ntowf_v2(password: &str) -> Key {
    let (user, domain) = (Text::from("User"), Text::from("Domain"));
    keys::ntowf_v2(&crypto::nt_hash(password), &user.units, &domain.units)
}

#[test]
fn only_the_password_of_the_sample_verifies_it() {
    let response = NtlmV2Response::decode(&SAMPLE).unwrap();
    assert_eq!(response.as_bytes(), SAMPLE);
    assert_eq!(response.nt_proof(), &SAMPLE[..16]);
    assert_eq!(response.flags(), AvFlags::default());
    let key = response.verify(&ntowf_v2("Password"), SERVER_CHALLENGE);
    assert_eq!(
        key,
        Some(Key::new(hex!("8de40ccadbc14a82f15cb0ad0de95ca3")))
    );
    assert_eq!(
        response.verify(&ntowf_v2("password"), SERVER_CHALLENGE),
        None
    );
    assert_eq!(response.verify(&ntowf_v2("Password"), [0; 8]), None);
}

#[test]
fn the_proof_covers_every_bit_of_the_response() {
    for position in 0..SAMPLE.len() {
        let mut changed = SAMPLE;
        changed[position] ^= 0x80;
        if let Ok(response) = NtlmV2Response::decode(&changed) {
            let key = response.verify(&ntowf_v2("Password"), SERVER_CHALLENGE);
            assert_eq!(key, None, "byte {position}");
        }
    }
}

#[test]
fn bytes_behind_the_av_pairs_are_ignored_and_covered() {
    // Memory that a Windows client did not clear.
    let memory = hex!("0000000032851d02");
    for after in [&[][..], &[0], &[0; 4], &[0; 8], &memory, &[0xFF; 300]] {
        let client = [&SAMPLE[16..80], after].concat();
        let proof = keys::v2_proof(&ntowf_v2("Password"), SERVER_CHALLENGE, &client);
        let mut bytes = [&proof[..], &client].concat();
        let response = NtlmV2Response::decode(&bytes).unwrap();
        assert_eq!(response.av_pairs().iter().count(), 2);
        let right = response.verify(&ntowf_v2("Password"), SERVER_CHALLENGE);
        assert!(right.is_some(), "{after:?}");
        let wrong = response.verify(&ntowf_v2("password"), SERVER_CHALLENGE);
        assert_eq!(wrong, None, "{after:?}");
        *bytes.last_mut().unwrap() ^= 1;
        if let Ok(changed) = NtlmV2Response::decode(&bytes) {
            let key = changed.verify(&ntowf_v2("Password"), SERVER_CHALLENGE);
            assert_eq!(key, None, "{after:?}");
        }
    }
}

#[test]
fn av_pairs_without_an_end_are_refused() {
    for length in (0..44).chain(45..80) {
        NtlmV2Response::decode(&SAMPLE[..length]).unwrap_err();
    }
    let bare = NtlmV2Response::decode(&SAMPLE[..44]).unwrap();
    assert_eq!(bare.av_pairs().iter().count(), 0);
}

fn with_pair(id: AvId, value: &[u8]) -> Result<NtlmV2Response, DecodeError> {
    let mut pairs = AvPairs::default();
    pairs.set(id, value).unwrap();
    NtlmV2Response::decode(&[&SAMPLE[..44], &pairs.encode()].concat())
}

#[test]
fn invalid_av_pairs_of_the_client_are_refused() {
    let flags = with_pair(AvId::FLAGS, &[2, 0, 0, 0]).unwrap().flags();
    assert!(flags.contains(AvFlags::MIC) && !flags.contains(AvFlags::UNTRUSTED_SPN));
    with_pair(AvId::FLAGS, &[2, 0]).unwrap_err();
    with_pair(AvId::FLAGS, &[]).unwrap_err();

    let name = with_pair(AvId::TARGET_NAME, b"H\0/\0x\0").unwrap();
    assert_eq!(name.target_name(), Some(&Text::from("H/x")));
    assert_eq!(
        with_pair(AvId::TARGET_NAME, b"").unwrap().target_name(),
        None
    );
    with_pair(AvId::TARGET_NAME, b"H\0/").unwrap_err();

    let bindings = |value: &[u8]| with_pair(AvId::CHANNEL_BINDINGS, value);
    assert_eq!(
        bindings(&[7; 16]).unwrap().channel_bindings(),
        Some([7; 16])
    );
    assert_eq!(bindings(&[0; 16]).unwrap().channel_bindings(), None);
    bindings(&[7; 15]).unwrap_err();
}

/// An attacker puts flags into the challenge, and the client returns them beside its own.
#[test]
fn repeated_av_pairs_of_the_client_are_refused() {
    let attackers = hex!("06000400 00000000");
    let own = hex!("06000400 02000000");
    let with = |pairs: &[[u8; 8]]| {
        NtlmV2Response::decode(&[&SAMPLE[..44], pairs.as_flattened(), &[0; 4]].concat())
    };
    assert!(with(&[own]).unwrap().flags().contains(AvFlags::MIC));
    for both in [[attackers, own], [own, attackers]] {
        let error = with(&both).unwrap_err();
        assert_eq!(error, DecodeError::new("MsvAvFlags", "duplicate"));
    }
}

#[test]
fn the_lengths_tell_the_kind() {
    let kind = |user: &[u16], nt: &[u8], lm: &[u8], extended| {
        let response = Response::decode(user, nt, lm, extended);
        response.map(|response| match response {
            Response::Anonymous => "anonymous",
            Response::LmOnly => "lm",
            Response::NtlmV1(_) => "v1",
            Response::Ntlm2Session(_) => "session",
            Response::NtlmV2(_) => "v2",
        })
    };
    let user = &[0x61][..];
    let session = [&[7; 8][..], &[0; 16]].concat();
    assert_eq!(kind(&[], &SAMPLE, &[0; 24], true), Ok("anonymous"));
    assert_eq!(kind(user, &[], &[], true), Ok("anonymous"));
    assert_eq!(kind(user, &[], &[0], true), Ok("anonymous"));
    assert_eq!(kind(user, &[], &[1; 24], true), Ok("lm"));
    assert_eq!(kind(user, &[1; 24], &[1; 24], true), Ok("v1"));
    assert_eq!(kind(user, &[1; 24], &session, true), Ok("session"));
    assert_eq!(kind(user, &[1; 24], &session, false), Ok("v1"));
    assert_eq!(kind(user, &[1; 24], &[], true), Ok("v1"));
    for lm in [&[][..], &[0], &[0; 24], &[1; 24], &[1; 100]] {
        assert_eq!(kind(user, &SAMPLE, lm, true), Ok("v2"));
    }
    for (nt, lm) in [
        (0, 2),
        (0, 23),
        (0, 25),
        (1, 24),
        (23, 24),
        (25, 24),
        (43, 0),
    ] {
        kind(user, &vec![1; nt], &vec![1; lm], true).unwrap_err();
    }
    kind(user, &[], &[1], true).unwrap_err();
}

#[test]
fn the_older_responses_match_the_samples() {
    const SERVER_CHALLENGE: [u8; 8] = hex!("0123456789abcdef");
    let nt_hash = crate::base::crypto::nt_hash("Password");
    let proven = |nt: [u8; 24], lm: &[u8], extended| {
        let response = Response::decode(&[0x61], &nt, lm, extended).unwrap();
        let (Response::NtlmV1(response) | Response::Ntlm2Session(response)) = &response else {
            panic!("{response:?}")
        };
        let wrong = crate::base::crypto::nt_hash("password");
        assert_eq!(response.verify(&wrong, SERVER_CHALLENGE), None);
        assert_eq!(response.verify(&nt_hash, [0; 8]), None);
        let key = response.verify(&nt_hash, SERVER_CHALLENGE).unwrap();
        let exchange = response.key_exchange_key(&key, SERVER_CHALLENGE);
        (key, exchange)
    };
    // MS-NLMP 4.2.2.1.3, 4.2.2.2.1
    let base = Key::new(hex!("d87262b0cde4b1cb7499becccdf10784"));
    let v1 = hex!("67c43011f30298a2ad35ece64f16331c44bdbed927841f94");
    assert_eq!(proven(v1, &[1; 24], true), (base.clone(), base.clone()));
    // 4.2.3.1.3, 4.2.3.2.1, 4.2.3.2.2
    let session = hex!("7537f803ae367128ca458204bde7caf81e97ed2683267232");
    let lm = [&[0xAA; 8][..], &[0; 16]].concat();
    let exchange = Key::new(hex!("eb93429a8bd952f8b89c55b87f475edc"));
    assert_eq!(proven(session, &lm, true), (base, exchange));
}

/// What a controller is sent.
#[test]
fn a_provable_response_is_as_sent_with_the_challenge_that_it_answers() {
    let v2 = NtlmV2Response::decode(&SAMPLE).unwrap();
    let v1 = NtlmV1Response::new([0x31; 24], None);
    let session = NtlmV1Response::new([0x32; 24], Some([0xAA; 8]));
    let mixed = crypto::md5(&[&SERVER_CHALLENGE, &[0xAA; 8]]);
    for (provable, bytes, answered) in [
        (Provable::NtlmV2(&v2), &SAMPLE[..], &SERVER_CHALLENGE[..]),
        (Provable::NtlmV1(&v1), &[0x31; 24], &SERVER_CHALLENGE),
        (Provable::NtlmV1(&session), &[0x32; 24], &mixed[..8]),
    ] {
        assert_eq!(provable.as_bytes(), bytes);
        assert_eq!(provable.answered_challenge(SERVER_CHALLENGE), answered);
    }
}

#[test]
fn responses_are_not_printed() {
    let older = NtlmV1Response::new([0x31; 24], None);
    assert_eq!(format!("{older:?}"), "NtlmV1Response { .. }");
    let printed = format!("{:?}", NtlmV2Response::decode(&SAMPLE).unwrap());
    assert_eq!(
        printed,
        "NtlmV2Response { flags: AvFlags(0), target_name: None, .. }"
    );
}

#[test]
fn the_sample_message_holds_the_sample_response() {
    let message = crate::protocol::ntlm::message::tests::SAMPLE_AUTHENTICATE;
    let message = Authenticate::decode(&message).unwrap();
    assert_eq!(message.nt_response, SAMPLE);
}
