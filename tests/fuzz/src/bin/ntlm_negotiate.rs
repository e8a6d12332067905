#![no_main]

use gss_ntlmdc::protocol::ntlm::message::Negotiate;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|message: &[u8]| {
    if let Ok(decoded) = Negotiate::decode(message) {
        assert_eq!(Negotiate::decode(&decoded.encode()), Ok(decoded));
    }
});
