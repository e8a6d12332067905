//! The samples of MS-NLMP 4.2, and messages that must be refused.

use super::*;
use crate::base::wire::{Reader, Writer};
use hex_literal::hex;

/// "Plaintext" in UTF-16LE, of all samples.
const PLAIN: [u8; 18] = hex!("50006c00610069006e007400650078007400");

const SESSION_KEY: [u8; 16] = [0x55; 16];

/// The flags of MS-NLMP 4.2.2 (no extended session security) and 4.2.4.
const OLD: NegotiateFlags = NegotiateFlags(0xE202_8233);
const EXTENDED: NegotiateFlags = NegotiateFlags(0xE28A_8233);

const NO_KEY_EXCH: NegotiateFlags = NegotiateFlags(0xA28A_8233);
const SIGN_ONLY: NegotiateFlags = NegotiateFlags(0xE28A_8213);
const SIGN_ONLY_NO_KEY_EXCH: NegotiateFlags = NegotiateFlags(0xA28A_8213);

const ALL: [NegotiateFlags; 7] = [
    OLD,
    EXTENDED,
    NO_KEY_EXCH,
    SIGN_ONLY,
    SIGN_ONLY_NO_KEY_EXCH,
    // Keys of 56 and of 40 bits.
    NegotiateFlags(0xC28A_8233),
    NegotiateFlags(0x428A_8233),
];

fn pair(flags: NegotiateFlags) -> (SessionSecurity, SessionSecurity) {
    let side = |role| SessionSecurity::new(flags, Key::new(SESSION_KEY), role);
    (side(Role::Initiator), side(Role::Acceptor))
}

fn seal(security: &mut SessionSecurity, plain: &[u8]) -> (Vec<u8>, [u8; SIGNATURE_SIZE]) {
    let mut data = plain.to_vec();
    let mut message = security.send();
    message.cover(&data);
    message.seal(&mut data);
    (data, message.finish().unwrap())
}

fn unseal(
    security: &mut SessionSecurity,
    sealed: &[u8],
    signature: &[u8],
) -> Result<Vec<u8>, NtlmError> {
    let mut data = sealed.to_vec();
    let mut message = security.receive();
    message.unseal(&mut data);
    message.cover(&data);
    let checked = message.check(signature);
    checked.map(|()| data)
}

fn sign(security: &mut SessionSecurity, plain: &[u8]) -> [u8; SIGNATURE_SIZE] {
    let mut message = security.send();
    message.cover(plain);
    message.finish().unwrap()
}

fn verify(security: &mut SessionSecurity, plain: &[u8], signature: &[u8]) -> Result<(), NtlmError> {
    let mut message = security.receive();
    message.cover(plain);
    message.check(signature)
}

#[test]
fn the_samples_match() {
    // 4.2.2.4
    let (sealed, signature) = seal(&mut pair(OLD).0, &PLAIN);
    assert_eq!(sealed, hex!("56fe04d861f9319af0d7238a2e3b4d457fb8"));
    assert_eq!(signature, hex!("010000000000000009dcd1df2e459d36"));
    // 4.2.4.4
    let (sealed, signature) = seal(&mut pair(EXTENDED).0, &PLAIN);
    assert_eq!(sealed, hex!("54e50165bf1936dc996020c1811b0f06fb5f"));
    assert_eq!(signature, hex!("010000007fb38ec5c55d497600000000"));
    // 4.2.3.4: a key of 56 bits, without key exchange.
    let key = Key::new(hex!("eb93429a8bd952f8b89c55b87f475edc"));
    let flags = NegotiateFlags(0x820A_8233);
    let mut client = SessionSecurity::new(flags, key, Role::Initiator);
    let (sealed, signature) = seal(&mut client, &PLAIN);
    assert_eq!(sealed, hex!("a02372f6530273f3aa1eb90190ce5200c99d"));
    assert_eq!(signature, hex!("01000000ff2aeb52f681793a00000000"));
}

#[test]
fn messages_go_both_ways() {
    for flags in ALL {
        let (mut client, mut server) = pair(flags);
        for round in 0..100 {
            let plain = vec![round; usize::from(round)];
            let (sealed, signature) = seal(&mut client, &plain);
            assert_eq!(unseal(&mut server, &sealed, &signature), Ok(plain.clone()));
            let signature = sign(&mut server, &plain);
            assert_eq!(verify(&mut client, &plain, &signature), Ok(()), "{flags:?}");
            let signature = sign(&mut client, &plain);
            assert_eq!(verify(&mut server, &plain, &signature), Ok(()), "{flags:?}");
            let (sealed, signature) = seal(&mut server, &plain);
            assert_eq!(unseal(&mut client, &sealed, &signature), Ok(plain));
        }
    }
}

#[test]
fn keys_are_derived_with_the_first_message() {
    for flags in [OLD, EXTENDED] {
        let (_, mut acceptor) = pair(flags);
        let derived = |security: &SessionSecurity| {
            let incoming = security.incoming.as_ref();
            let incoming = incoming.is_some_and(|direction| direction.keys.is_some());
            (security.outgoing.keys.is_some(), incoming)
        };
        assert_eq!(derived(&acceptor), (false, false));
        assert_eq!(derived(&carried(&acceptor, Role::Acceptor)), (false, false));
        acceptor.send();
        assert_eq!(derived(&acceptor), (true, false));
    }
}

#[test]
fn a_message_in_pieces_is_one_message() {
    let (mut client, mut server) = pair(EXTENDED);
    let mut data = PLAIN;
    let (head, body) = data.split_at_mut(5);
    let mut message = client.send();
    message.cover(head);
    message.cover(body);
    message.seal(body);
    let signature = message.finish().unwrap();

    let mut message = server.receive();
    let (one, other) = body.split_at_mut(1);
    message.unseal(one);
    message.unseal(other);
    message.cover(&data);
    assert!(message.check(&signature).is_ok());
    assert_eq!(data, PLAIN);
}

#[test]
fn a_refused_message_changes_no_state() {
    for flags in ALL {
        let (mut client, mut server) = pair(flags);
        for _ in 0..2 {
            let (sealed, signature) = seal(&mut client, &PLAIN);
            for bit in 0..8 * SIGNATURE_SIZE {
                // Without extended session security RandomPad is ignored.
                if flags == OLD && (4 * 8..8 * 8).contains(&bit) {
                    continue;
                }
                let mut changed = signature;
                changed[bit / 8] ^= 1 << (bit % 8);
                assert!(unseal(&mut server, &sealed, &changed).is_err(), "bit {bit}");
            }
            for length in 0..SIGNATURE_SIZE {
                let refused = unseal(&mut server, &sealed, &signature[..length]);
                assert!(matches!(refused, Err(NtlmError::NotSignature(_))));
            }
            for bit in 0..8 * PLAIN.len() {
                let mut changed = sealed.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                let refused = unseal(&mut server, &changed, &signature);
                assert_eq!(refused, Err(NtlmError::WrongSignature));
            }
            for shorter in 0..sealed.len() {
                assert!(unseal(&mut server, &sealed[..shorter], &signature).is_err());
            }
            // A draft that is abandoned.
            server.receive().unseal(&mut [0; 7]);
            server.send().seal(&mut [0; 7]);

            assert_eq!(
                unseal(&mut server, &sealed, &signature).as_deref(),
                Ok(&PLAIN[..])
            );
            let signature = sign(&mut server, &PLAIN);
            assert_eq!(verify(&mut client, &PLAIN, &signature), Ok(()));
        }
    }
}

#[test]
fn messages_out_of_order_are_refused() {
    for flags in ALL {
        let (mut client, mut server) = pair(flags);
        let first = sign(&mut client, b"first");
        let second = sign(&mut client, b"second");
        let (missing, repeated) = match flags {
            OLD => (NtlmError::WrongSignature, NtlmError::WrongSignature),
            _ => (NtlmError::MessageMissing, NtlmError::MessageRepeated),
        };
        assert_eq!(verify(&mut server, b"second", &second), Err(missing));
        assert_eq!(verify(&mut server, b"first", &first), Ok(()));
        assert_eq!(verify(&mut server, b"first", &first), Err(repeated));
        assert_eq!(verify(&mut server, b"second", &second), Ok(()));
    }
}

#[test]
fn a_reflected_message_is_refused() {
    for flags in ALL {
        let (mut client, _) = pair(flags);
        let (sealed, signature) = seal(&mut client, &PLAIN);
        assert!(unseal(&mut client, &sealed, &signature).is_err());
    }
}

#[test]
fn a_reset_restarts_the_key_stream_only() {
    let (mut client, mut server) = pair(EXTENDED);
    let first = sign(&mut client, b"mechTypes");
    assert_eq!(verify(&mut server, b"mechTypes", &first), Ok(()));
    client.reset(Way::Out);
    let second = sign(&mut client, b"mechTypes");
    assert_eq!(second[12..], hex!("01000000"));
    assert_eq!(
        verify(&mut server, b"mechTypes", &second),
        Err(NtlmError::WrongSignature)
    );
    server.reset(Way::Out);
    assert_eq!(
        verify(&mut server, b"mechTypes", &second),
        Err(NtlmError::WrongSignature)
    );
    server.reset(Way::In);
    assert_eq!(verify(&mut server, b"mechTypes", &second), Ok(()));
}

#[test]
fn the_last_sequence_number_is_not_used() {
    let (mut client, _) = pair(EXTENDED);
    client.outgoing.sequence = u32::MAX;
    let refused = client.send().finish();
    assert_eq!(refused, Err(NtlmError::TooManyMessages));
}

#[test]
fn strength_is_that_of_the_key() {
    let strength = |flags| pair(NegotiateFlags(flags)).0.strength();
    assert_eq!(strength(EXTENDED.0), 128);
    assert_eq!(strength(OLD.0), 0, "a CRC is no proof");
    assert_eq!(strength(0xC28A_8233), 56);
    assert_eq!(strength(0x428A_8233), 40);
    assert_eq!(strength(SIGN_ONLY.0), 1);
    assert_eq!(strength(0x8008_8207), 0);
}

/// The state, saved and restored as for another process.
fn carried(security: &SessionSecurity, role: Role) -> SessionSecurity {
    let mut writer = Writer::new();
    security.save(&mut writer);
    let saved = writer.into_bytes();
    assert!(saved.len() <= SessionSecurity::SAVED_AT_MOST);
    for length in 0..saved.len() {
        assert!(SessionSecurity::restore(&mut Reader::new(&saved[..length]), role).is_err());
    }
    let mut reader = Reader::new(&saved);
    let restored = SessionSecurity::restore(&mut reader, role).unwrap();
    assert_eq!(reader.finish("rest"), Ok(()));
    let mut writer = Writer::new();
    restored.save(&mut writer);
    assert_eq!(writer.into_bytes(), saved);
    restored
}

#[test]
fn messages_continue_in_another_process() {
    for flags in ALL {
        let (mut client, mut server) = pair(flags);
        for round in 0..6 {
            client = carried(&client, Role::Initiator);
            server = carried(&server, Role::Acceptor);
            assert_eq!(client.strength(), pair(flags).0.strength());
            let (sealed, signature) = seal(&mut client, &PLAIN);
            // A message sent before the other side was moved to another process.
            server = carried(&server, Role::Acceptor);
            assert_eq!(
                unseal(&mut server, &sealed, &signature).as_deref(),
                Ok(&PLAIN[..])
            );
            assert!(unseal(&mut server, &sealed, &signature).is_err());
            if round > 2 {
                let signature = sign(&mut server, &PLAIN);
                assert_eq!(verify(&mut client, &PLAIN, &signature), Ok(()));
            }
        }
    }
}

#[test]
fn the_longest_saved_state_fills_the_room_that_is_reserved() {
    let (mut client, mut server) = pair(EXTENDED);
    // A key stream is saved once it has begun.
    seal(&mut client, &PLAIN);
    let (sealed, signature) = seal(&mut server, &PLAIN);
    unseal(&mut client, &sealed, &signature).unwrap();
    let mut writer = Writer::new();
    client.save(&mut writer);
    assert_eq!(writer.len(), SessionSecurity::SAVED_AT_MOST);
}
