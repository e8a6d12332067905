#![no_main]

use gss_ntlmdc::protocol::cldap;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|datagram: &[u8]| {
    if let Some(Ok(length)) = datagram.first_chunk().map(cldap::message_length) {
        assert!((2..=cldap::MAX_ANSWER).contains(&length));
    }
    if let Ok(Some(identity)) = cldap::answer(5, datagram) {
        for name in [
            &identity.dns_domain,
            &identity.dns_host,
            &identity.netbios_domain,
            &identity.netbios_host,
            &identity.controller_site,
            &identity.client_site,
        ] {
            // 255 bytes on the wire; each may be written as \\ and three digits.
            assert!(name.len() <= 4 * 255);
        }
    }
});
