#![no_main]

use gss_ntlmdc::base::crypto::Key;
use gss_ntlmdc::protocol::ntlm::response::NtlmV2Response;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(response) = NtlmV2Response::decode(bytes) {
        assert_eq!(response.as_bytes(), bytes);
        let pairs = &bytes[44..];
        assert!(pairs.is_empty() || pairs.starts_with(&response.av_pairs().encode()));
        assert_eq!(response.verify(&Key::new([7; 16]), [9; 8]), None);
    }
});
