//! A login, as in [`login`].
#![no_main]

use gss_ntlmdc::base::crypto::Key;
use gss_ntlmdc::base::wire::Reader;
use gss_ntlmdc::protocol::ntlm::av_pair::AvPairs;
use gss_ntlmdc::protocol::ntlm::message::Challenge;
use gss_ntlmdc::protocol::ntlm::response::Response;
use gss_ntlmdc_fuzz::{SERVER_CHALLENGE, login};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((claim, challenge)) = login(bytes) else {
        return;
    };
    // A key that no client has: it proves neither a response nor a MIC.
    let key = Key::new([7; 16]);
    if let Response::NtlmV2(response) = claim.response() {
        let challenge = Challenge::decode(&challenge).expect("ours");
        let sent = AvPairs::decode(&mut Reader::new(challenge.target_info)).expect("ours");
        for (id, value) in sent.iter() {
            assert_eq!(response.av_pairs().value(id), Some(value), "{id:?}");
        }
        assert_eq!(response.verify(&key, SERVER_CHALLENGE), None);
    }
    for key in [None, Some(&key)] {
        if let Ok(checked) = claim.check_mic(key) {
            assert!(!checked.verified() && !claim.mic_present());
            assert!(!matches!(claim.response(), Response::Anonymous));
        }
    }
});
