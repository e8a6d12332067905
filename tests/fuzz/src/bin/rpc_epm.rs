#![no_main]

use gss_ntlmdc::protocol::rpc::epm;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|stub: &[u8]| {
    if let Ok(port) = epm::port(stub) {
        assert_ne!(port, 0);
        // It was said, and not made up.
        assert!(stub.windows(2).any(|bytes| bytes == port.to_be_bytes()));
    }
});
