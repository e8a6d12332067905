//! The samples of MS-NLMP 4.2.4, and values from other implementations.

use super::*;
use crate::base::crypto::nt_hash;
use hex_literal::hex;

const SERVER_CHALLENGE: [u8; 8] = hex!("0123456789abcdef");
const CLIENT_CHALLENGE: [u8; 8] = hex!("aaaaaaaaaaaaaaaa");

fn units(name: &str) -> Vec<u16> {
    name.encode_utf16().collect()
}

fn sample_ntowf_v2() -> Key {
    ntowf_v2(&nt_hash("Password"), &units("User"), &units("Domain"))
}

#[test]
fn ntowf_match_the_samples() {
    // 4.2.2.1.2, 4.2.4.1.1
    let expected = hex!("a4f49c406510bdcab6824ee7c30fd852");
    assert_eq!(nt_hash("Password").expose(), &expected);
    let expected = hex!("0c868a403bfd7a93a3001ef22ef02e3f");
    assert_eq!(sample_ntowf_v2().expose(), &expected);
}

#[test]
fn the_case_of_the_domain_matters_and_of_the_user_does_not() {
    let hash = nt_hash("Password");
    let of = |user, domain| ntowf_v2(&hash, &units(user), &units(domain));
    assert_eq!(of("uSER", "Domain"), sample_ntowf_v2());
    assert_ne!(of("User", "DOMAIN"), sample_ntowf_v2());
}

#[test]
fn responses_match_the_samples() {
    // 4.2.4.2.1
    assert_eq!(
        lm_v2_response(&sample_ntowf_v2(), SERVER_CHALLENGE, CLIENT_CHALLENGE),
        hex!("86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa")
    );
    // 4.2.4.1.3, 4.2.4.2.2, 4.2.4.1.2
    let temp = hex!(
        "01010000000000000000000000000000aaaaaaaaaaaaaaaa00000000"
        "02000c0044006f006d00610069006e0001000c005300650072007600650072000000000000000000"
    );
    let proof = v2_proof(&sample_ntowf_v2(), SERVER_CHALLENGE, &temp);
    assert_eq!(proof, hex!("68cd0ab851e51c96aabc927bebef6a1c"));
    assert_eq!(
        session_base_key(&sample_ntowf_v2(), &proof).expose(),
        &hex!("8de40ccadbc14a82f15cb0ad0de95ca3")
    );
}

#[test]
fn key_exchange_matches_the_samples() {
    // 4.2.4.2.3, and the reverse
    let key = Key::new(hex!("8de40ccadbc14a82f15cb0ad0de95ca3"));
    let encrypted = hex!("c5dad2544fc9799094ce1ce90bc9d03e");
    assert_eq!(exchange_session_key(&key, encrypted).expose(), &[0x55; 16]);
    assert_eq!(exchange_session_key(&key, [0x55; 16]).expose(), &encrypted);
}

#[test]
fn the_mic_covers_itself_as_zero() {
    let key = Key::new([7; 16]);
    let mut authenticate = vec![3; 100];
    let expected = mic(&key, b"one", b"two", &authenticate).unwrap();
    authenticate[72..88].copy_from_slice(&expected);
    assert_eq!(mic(&key, b"one", b"two", &authenticate), Some(expected));

    for changed in [0, 71, 88, 99] {
        authenticate[changed] ^= 1;
        assert_ne!(mic(&key, b"one", b"two", &authenticate), Some(expected));
        authenticate[changed] ^= 1;
    }
    assert_ne!(mic(&key, b"onE", b"two", &authenticate), Some(expected));
    assert_eq!(mic(&key, b"one", b"two", &authenticate[..87]), None);
    assert!(mic(&key, b"one", b"two", &authenticate[..88]).is_some());
}
