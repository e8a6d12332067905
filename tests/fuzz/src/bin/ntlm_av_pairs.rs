#![no_main]

use gss_ntlmdc::ntlm::av_pair::AvPairs;
use gss_ntlmdc::wire::Reader;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut reader = Reader::new(bytes);
    if let Ok(pairs) = AvPairs::decode(&mut reader) {
        assert_eq!(pairs.encode(), bytes[..reader.position()]);
    }
});
