#![no_main]

use gss_ntlmdc::protocol::ntlm::message::Authenticate;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|message: &[u8]| {
    if let Ok(decoded) = Authenticate::decode(message) {
        let encoded = decoded.encode().expect("no item has become longer");
        assert_eq!(Authenticate::decode(&encoded), Ok(decoded));
    }
});
