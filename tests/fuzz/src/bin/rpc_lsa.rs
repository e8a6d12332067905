#![no_main]

use gss_ntlmdc::protocol::rpc::lsa::{self, Called};
use gss_ntlmdc_fuzz::has_utf16;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|stub: &[u8]| {
    for asked in [0, 1, 3, lsa::MAX_SIDS] {
        if let Ok(answers) = lsa::reply(stub, asked) {
            // One entry for each identifier, with names from the input.
            assert_eq!(answers.len(), asked);
            for called in answers.into_iter().flatten() {
                let (Called::Group { name, .. } | Called::Domain { name }) = called;
                assert!(has_utf16(stub, &name));
            }
        }
    }
});
