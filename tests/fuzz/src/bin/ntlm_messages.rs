//! Messages on an established context: the flags (little endian), then a token.
#![no_main]

use gss_ntlmdc::base::crypto::Key;
use gss_ntlmdc::base::wire::Reader;
use gss_ntlmdc::protocol::ntlm::flags::NegotiateFlags;
use gss_ntlmdc::protocol::ntlm::seal::{Role, SIGNATURE_SIZE, SessionSecurity};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut reader = Reader::new(bytes);
    let Ok(flags) = reader.u32("flags") else {
        return;
    };
    let side = |role| SessionSecurity::new(NegotiateFlags(flags), Key::new([0x55; 16]), role);
    let (mut client, mut server) = (side(Role::Initiator), side(Role::Acceptor));
    let token = reader.rest();
    let (signature, data) = token.split_at(token.len().min(SIGNATURE_SIZE));

    // The client's own message.
    let mut plain = data.to_vec();
    let mut sent = client.send();
    sent.cover(&plain);
    sent.seal(&mut plain);
    let sealed = plain;
    let right = sent.finish().expect("the first message");

    if let Some(plain) = receive(&mut server, data, signature) {
        // An accepted token is the client's own.
        let mut again = plain.clone();
        let mut client = side(Role::Initiator);
        let mut sent = client.send();
        sent.cover(&plain);
        sent.seal(&mut again);
        let expected = sent.finish().expect("the first message");
        assert_eq!(again, data);
        // RandomPad of the older signatures is ignored.
        assert_eq!(expected[8..], signature[8..]);
        return;
    }
    // The state is unchanged.
    assert_eq!(receive(&mut server, &sealed, &right).as_deref(), Some(data));
});

fn receive(security: &mut SessionSecurity, data: &[u8], signature: &[u8]) -> Option<Vec<u8>> {
    let mut data = data.to_vec();
    let mut message = security.receive();
    message.unseal(&mut data);
    message.cover(&data);
    message.check(signature).ok().map(|()| data)
}
