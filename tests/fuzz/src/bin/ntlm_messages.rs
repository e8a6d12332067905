//! Messages on an established context: the flags (little endian), then a token.
#![no_main]

use gss_ntlmdc::base::crypto::Key;
use gss_ntlmdc::base::wire::Reader;
use gss_ntlmdc::protocol::ntlm::flags::NegotiateFlags;
use gss_ntlmdc::protocol::ntlm::seal::{Role, SIGNATURE_SIZE, SessionSecurity};
use gss_ntlmdc_fuzz::{unwrap, wrap};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut reader = Reader::new(bytes);
    let Ok(flags) = reader.u32("flags") else {
        return;
    };
    let flags = NegotiateFlags(flags);
    let side = |role| SessionSecurity::new(flags, Key::new([0x55; 16]), role);
    let mut server = side(Role::Acceptor);
    let token = reader.rest();
    if let Some(plain) = unwrap(&mut server, token) {
        // An accepted token is the client's own.
        let mut own = wrap(&mut side(Role::Initiator), &plain);
        if !flags.contains(NegotiateFlags::NEGOTIATE_EXTENDED_SESSIONSECURITY) {
            // RandomPad of the older signatures is ignored.
            own[4..8].copy_from_slice(&token[4..8]);
        }
        assert_eq!(own, token);
        return;
    }
    // The state is unchanged.
    let data = token.get(SIGNATURE_SIZE..).unwrap_or_default();
    let right = wrap(&mut side(Role::Initiator), data);
    assert_eq!(unwrap(&mut server, &right).as_deref(), Some(data));
});
