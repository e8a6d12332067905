//! What is an NT hash.

use super::*;
use crate::directory::imitation::found;

#[test]
fn an_unusable_hash_lets_no_one_in() {
    for hash in [
        &b"NO PASSWORDXXXXXXXXXXXXXXXXXXXXX"[..],
        b"31D6CFE0D16AE931B73C59D7E0C089C0",
        b"8846F7EAEE8FB117AD06BDD830B7586",
        b"",
        &[b'8'; 1 << 16],
    ] {
        let user = made(DN, &[("uid", b"alice"), ("sambaNTPassword", hash)]);
        let server = Imitation::having(vec![user]);
        for password in ["password", ""] {
            let refused = attempt(&directory("", &server), "alice", "", password).unwrap_err();
            assert!(matches!(&refused, Refusal::Denied(_)), "{refused:?}");
            assert_eq!(refused.into_fault().minor(), Minor::BadUserOrPassword);
        }
    }
    let twice: &[(&str, &[u8])] = &[("sambaNTPassword", HASH)];
    let server = alice(twice);
    assert!(attempt(&directory("", &server), "alice", "", "password").is_err());
}

#[test]
fn a_placeholder_is_no_hash() {
    let outcome = |attribute: &str, value: &[u8], hash: [u8; 16]| {
        let schema = match attribute {
            "ipaNTHash" => "schema = \"freeipa\"",
            _ => "schema = \"samba\"",
        };
        let user = made(DN, &[("uid", b"alice"), (attribute, value)]);
        let server = Imitation::having(vec![user]);
        attempt_by_hash(&directory(schema, &server), "alice", "", &Key::new(hash)).is_ok()
    };
    assert!(!outcome("sambaNTPassword", &[b'0'; 32], [0; 16]));
    assert!(outcome("sambaNTPassword", &[b'1'; 32], [0x11; 16]));
    assert!(!outcome("ipaNTHash", &[0; 16], [0; 16]));
    assert!(outcome("ipaNTHash", &[1; 16], [1; 16]));
    // Samba's attribute is text.
    assert!(!outcome("sambaNTPassword", &[b'*'; 16], [b'*'; 16]));
}

#[test]
fn the_log_is_told_what_is_wrong_with_a_hash() {
    let config = fixture::directory("");
    let told = |hashes: &[&[u8]]| {
        let mut attributes: Vec<(&str, &[u8])> = vec![("uid", b"alice")];
        attributes.extend(hashes.iter().map(|hash| ("sambaNTPassword", *hash)));
        let user = UserEntry::read(&config, "alice", &found(DN, &attributes));
        user.unwrap().why_not()
    };
    assert_eq!(told(&[HASH]), None);
    for (hashes, why) in [
        (&[&b"NO PASSWORD"[..]][..], "the entry's NT hash is not one"),
        (&[], "the entry has no NT hash that the service may read"),
        (&[HASH, HASH], "the entry has several NT hashes"),
    ] {
        assert_eq!(told(hashes), Some(why));
    }
}
