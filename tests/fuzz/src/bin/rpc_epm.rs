#![no_main]

use gss_ntlmdc::protocol::rpc::epm;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|stub: &[u8]| {
    if let Ok(ports) = epm::ports(stub) {
        assert!(!ports.is_empty());
        for (at, port) in ports.iter().enumerate() {
            assert_ne!(*port, 0);
            assert!(!ports[..at].contains(port));
            // The port is in the input.
            assert!(stub.windows(2).any(|bytes| bytes == port.to_be_bytes()));
        }
    }
});
