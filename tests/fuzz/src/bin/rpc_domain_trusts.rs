#![no_main]

use gss_ntlmdc::protocol::rpc::netlogon::domain_trusts;
use gss_ntlmdc_fuzz::has_utf16;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|stub: &[u8]| {
    if let Ok(domains) = domain_trusts::reply(stub) {
        // Names are in the input, and each row needs 44 bytes.
        assert!(domains.len() * 44 <= stub.len());
        for name in domains
            .into_iter()
            .flat_map(|row| [row.netbios_name, row.dns_name])
            .flatten()
        {
            assert!(!name.is_empty() && has_utf16(stub, &name));
        }
    }
});
