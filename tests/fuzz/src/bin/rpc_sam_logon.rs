#![no_main]

use gss_ntlmdc::protocol::rpc::netlogon::sam_logon::{self, Verdict};
use gss_ntlmdc_fuzz::has_utf16;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|stub: &[u8]| {
    if let Ok(verdict) = sam_logon::reply(stub) {
        // A success has a status of success, and a name that fits on one line.
        let succeeded = stub.ends_with(&[0; 4]);
        match verdict {
            Verdict::Refused { status, .. } => {
                assert!(!succeeded);
                assert!(stub.ends_with(&status.0.to_le_bytes()));
            }
            Verdict::Validated(info) => {
                assert!(succeeded);
                for name in [info.effective_name, info.logon_domain_name] {
                    assert!(!name.is_empty() && !name.contains(char::is_control));
                    assert!(has_utf16(stub, &name));
                }
            }
        }
    }
});
