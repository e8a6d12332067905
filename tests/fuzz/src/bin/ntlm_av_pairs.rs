#![no_main]

use gss_ntlmdc::base::wire::Reader;
use gss_ntlmdc::protocol::ntlm::av_pair::AvPairs;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut reader = Reader::new(bytes);
    if let Ok(pairs) = AvPairs::decode(&mut reader) {
        assert_eq!(pairs.encode(), bytes[..reader.position()]);
    }
});
