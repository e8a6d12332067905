//! Sealed messages, with an attacker on the way. The first byte selects the seal; then come the
//! steps.
#![no_main]

use gss_ntlmdc::base::crypto::{self, Key, NONCE_SIZE, Secret};
use gss_ntlmdc::base::wire::Reader;
use gss_ntlmdc::directory;
use gss_ntlmdc::protocol::ntlm::flags::NegotiateFlags;
use gss_ntlmdc::protocol::ntlm::seal::{Role, SessionSecurity, Way};
use gss_ntlmdc::protocol::rpc::netlogon::Parties;
use gss_ntlmdc::protocol::rpc::schannel;
use gss_ntlmdc::protocol::rpc::schannel::agreement::Challenging;
use gss_ntlmdc::protocol::rpc::schannel::seal::Seal;
use gss_ntlmdc_fuzz::{REQUIRED_FLAGS, unwrap, wrap};
use libfuzzer_sys::fuzz_target;

const EXTENDED: NegotiateFlags = NegotiateFlags::NEGOTIATE_EXTENDED_SESSIONSECURITY;

fuzz_target!(|bytes: &[u8]| {
    let Some((which, steps)) = bytes.split_first() else {
        return;
    };
    // The inputs of the targets end early: then there is no further step.
    let _end = match which % 5 {
        0 => session(steps),
        1 => channel(steps),
        2 => stream(steps),
        3 => token(steps),
        _ => agreement(steps),
    };
});

/// A key of this test.
fn key() -> Key {
    Key::new([0x55; 16])
}

/// Changes one bit of some bytes, by a number. False if there is none.
fn change(bytes: &mut [u8], number: u16) -> bool {
    let number = usize::from(number);
    match bytes.len() {
        0 => false,
        length => {
            bytes[number / 8 % length] ^= 1 << (number % 8);
            true
        }
    }
}

/// Messages of a context (`gss_wrap`, `gss_unwrap`): the flags, then a step in each byte.
fn session(bytes: &[u8]) -> Option<()> {
    let mut reader = Reader::new(bytes);
    let flags = NegotiateFlags(reader.u32("flags").ok()?);
    let side = |role| SessionSecurity::new(flags, key(), role);
    let (mut client, mut server) = (side(Role::Initiator), side(Role::Acceptor));
    let mut before = Vec::new();
    loop {
        let step = reader.u8("step").ok()?;
        let number = reader.u16("number").ok()?;
        let length = usize::from(reader.u8("length").ok()?);
        let data = reader.take(length, "data").ok()?;
        match step % 5 {
            0 => {
                let token = wrap(&mut server, data);
                assert_eq!(unwrap(&mut client, &token).as_deref(), Some(data));
            }
            1 => {
                client.reset(Way::Out);
                server.reset(Way::In);
            }
            2 => assert_eq!(unwrap(&mut server, data), None, "a forged message"),
            3 => assert_eq!(unwrap(&mut server, &before), None, "a repeated message"),
            _ => {
                let token = wrap(&mut client, data);
                let mut changed = token.clone();
                change(&mut changed, number);
                // RandomPad of the older signatures is ignored.
                let is_pad = !flags.contains(EXTENDED) && changed[4..8] != token[4..8];
                if !is_pad {
                    assert_eq!(unwrap(&mut server, &changed), None, "a changed message");
                }
                // A refused message changes nothing.
                assert_eq!(unwrap(&mut server, &token).as_deref(), Some(data));
                before = token;
            }
        }
    }
}

/// Answers of a controller over a secure channel.
fn channel(bytes: &[u8]) -> Option<()> {
    let mut reader = Reader::new(bytes);
    let [mut ours, mut theirs] = [(); 2].map(|()| Seal::new(key()));
    loop {
        let step = reader.u8("step").ok()?;
        let number = reader.u16("number").ok()?;
        let head: [u8; 24] = reader.array("head").ok()?;
        let trailer: [u8; 8] = reader.array("trailer").ok()?;
        let length = usize::from(reader.u8("length").ok()?);
        let data = reader.take(length, "stub").ok()?;
        if step % 4 == 0 {
            let (signature, stub) = data.split_at(data.len().min(56));
            let opened = ours.unseal(&head, &mut stub.to_vec(), &trailer, signature);
            assert!(opened.is_err(), "a forged answer");
            return None;
        }
        let mut stub = data.to_vec();
        let sealed = theirs.seal_as_server([step; 8], &head, &mut stub, &trailer);
        let mut signature = sealed.expect("few answers");
        let (mut head, mut trailer) = (head, trailer);
        let is_changed = match step % 4 {
            1 => false,
            2 => change(&mut stub, number),
            _ if number & 0x8000 != 0 => change(&mut head, number),
            _ if number & 0x4000 != 0 => change(&mut trailer, number),
            // The end of a signature is reserved.
            _ => change(&mut signature[..32], number),
        };
        let opened = ours.unseal(&head, &mut stub, &trailer, &signature);
        assert_eq!(opened.is_ok(), !is_changed);
        // A failure ends the channel.
        opened.ok()?;
        assert_eq!(stub, data);
    }
}

/// LDAP messages sealed by NTLM: a bit that is changed, or none; the messages; what follows them.
fn stream(bytes: &[u8]) -> Option<()> {
    let mut reader = Reader::new(bytes);
    let flags = EXTENDED
        | NegotiateFlags::NEGOTIATE_SEAL
        | NegotiateFlags::NEGOTIATE_KEY_EXCH
        | NegotiateFlags::NEGOTIATE_128;
    let side = |role| SessionSecurity::new(flags, key(), role);
    let mut theirs = side(Role::Acceptor);
    let is_changed = reader.flag("is changed").ok()?;
    let number = reader.u16("number").ok()?;
    let mut sent = Vec::new();
    let mut stream = Vec::new();
    for _ in 0..reader.u8("messages").ok()? % 8 {
        let length = usize::from(reader.u8("length").ok()?);
        let data = reader.take(length, "data").ok()?;
        let token = wrap(&mut theirs, data);
        stream.extend(u32::try_from(token.len()).ok()?.to_be_bytes());
        stream.extend(token);
        sent.push(data.to_vec());
    }
    let is_changed = is_changed && change(&mut stream, number);
    stream.extend(reader.rest());
    let came = directory::pieces_of(side(Role::Initiator), &stream).expect("it is sealed");
    assert!(sent.starts_with(&came), "a forged message");
    assert_eq!(sent.len() == came.len(), !is_changed);
    None
}

/// Exported contexts: what is sealed, and what is sent beside it.
fn token(bytes: &[u8]) -> Option<()> {
    let mut reader = Reader::new(bytes);
    let number = reader.u16("number").ok()?;
    let mut beside: [u8; 17] = reader.array("beside").ok()?;
    let (key, nonce) = (Secret::new([7; 32]), [9; NONCE_SIZE]);
    let plain = reader.rest();
    assert!(crypto::open(&key, &nonce, &beside, plain).is_none());
    let mut sealed = crypto::seal(&key, &nonce, &beside, plain)?;
    let opened = crypto::open(&key, &nonce, &beside, &sealed)?;
    assert_eq!(opened.expose(), plain);
    match number & 0x8000 {
        0 => change(&mut sealed, number),
        _ => change(&mut beside, number),
    };
    assert!(crypto::open(&key, &nonce, &beside, &sealed).is_none());
    None
}

/// The agreement on a session key: a challenge and an answer that proves nothing; then the right
/// answer, with flags of the input.
fn agreement(bytes: &[u8]) -> Option<()> {
    let parties = Parties {
        server: None,
        account: "WEB1$",
        computer: "WEB1",
    };
    let mut reader = Reader::new(bytes);
    let challenge: [u8; 8] = reader.array("challenge").ok()?;
    let flags = reader.u32("flags").ok()?;
    let secret = key();
    let reply = [&challenge[..], &[0; 4]].concat();
    for is_right in [false, true] {
        let (asked, state) = Challenging::begin(parties, &secret).expect("random bytes");
        let Ok((_, state)) = state.challenged(&reply) else {
            return None;
        };
        let ours: [u8; 8] = *asked.last_chunk()?;
        let agreed = match is_right {
            false => state.authenticated(reader.rest()),
            true => {
                let session_key = schannel::session_key(&secret, &ours, &challenge);
                let credential = schannel::credential(&session_key, &challenge);
                let flags = flags.to_le_bytes();
                state.authenticated(&[&credential[..], &flags, &[0; 8]].concat())
            }
        };
        let is_enough = flags & REQUIRED_FLAGS == REQUIRED_FLAGS;
        assert_eq!(agreed.is_ok(), is_right && is_enough);
    }
    None
}
