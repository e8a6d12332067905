#![no_main]

use gss_ntlmdc::protocol::rpc::netlogon::{self, CredentialAndFlags};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|stub: &[u8]| {
    // What was read is what was written, and nothing else was there.
    if let Ok(challenge) = netlogon::req_challenge_reply(stub) {
        assert_eq!(stub, [challenge.as_slice(), &[0; 4]].concat());
    }
    if let Ok(CredentialAndFlags { credential, flags }) = netlogon::authenticate3_reply(stub) {
        let rid = &stub[12..16];
        assert_eq!(
            stub,
            [credential.as_slice(), &flags.to_le_bytes(), rid, &[0; 4]].concat()
        );
    }
    for level in [1, 2_u32] {
        if let Ok(reply) = netlogon::capabilities_reply(stub, level) {
            let CredentialAndFlags { credential, flags } = reply;
            let (timestamp, level) = (&stub[8..12], level.to_le_bytes());
            let flags = flags.to_le_bytes();
            let written = [credential.as_slice(), timestamp, &level, &flags, &[0; 4]].concat();
            assert_eq!(stub, written);
        }
    }
});
