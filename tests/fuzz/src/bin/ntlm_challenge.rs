#![no_main]

use gss_ntlmdc::protocol::ntlm::message::Challenge;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|message: &[u8]| {
    if let Ok(decoded) = Challenge::decode(message) {
        let encoded = decoded.encode().expect("no item has become longer");
        assert_eq!(Challenge::decode(&encoded), Ok(decoded));
    }
});
