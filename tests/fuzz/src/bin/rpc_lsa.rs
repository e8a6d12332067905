#![no_main]

use gss_ntlmdc::protocol::rpc::lsa::{self, Called};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|stub: &[u8]| {
    for asked in [0, 1, 3, lsa::MAX_SIDS] {
        if let Ok(answers) = lsa::reply(stub, asked) {
            // One entry for each identifier, with names from the input.
            assert_eq!(answers.len(), asked);
            for called in answers.into_iter().flatten() {
                let (Called::Group { name, .. } | Called::Domain { name }) = called;
                let units: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
                assert!(units.is_empty() || stub.windows(units.len()).any(|at| at == units));
            }
        }
    }
});
