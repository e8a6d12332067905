//! A whole login: the length of the NEGOTIATE message in two bytes (little endian), that message,
//! the AUTHENTICATE message.
#![no_main]

use gss_ntlmdc::base::crypto::Key;
use gss_ntlmdc::base::wire::{FileTime, Reader};
use gss_ntlmdc::protocol::ntlm::acceptor::{Target, TargetKind, negotiate};
use gss_ntlmdc::protocol::ntlm::av_pair::AvPairs;
use gss_ntlmdc::protocol::ntlm::message::Challenge;
use gss_ntlmdc::protocol::ntlm::response::Response;
use gss_ntlmdc::protocol::ntlm::seal::Weakest;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut reader = Reader::new(bytes);
    let Ok(length) = reader.u16("length") else {
        return;
    };
    let Ok(first) = reader.take(length.into(), "first") else {
        return;
    };
    let target = Target {
        netbios_computer: "WEB1-NTLM".to_owned(),
        netbios_domain: "EXAMPLE".to_owned(),
        dns_computer: "web1.example.test".to_owned(),
        dns_domain: "example.test".to_owned(),
        kind: TargetKind::Domain,
    };
    let now = FileTime(133_444_736_000_000_000);
    let Ok((challenged, challenge)) = negotiate(first, &target, Weakest::Any, [0x0C; 8], now)
    else {
        return;
    };
    let Ok(claim) = challenged.parse_authenticate(reader.rest()) else {
        return;
    };
    if let Response::NtlmV2(response) = claim.response() {
        let challenge = Challenge::decode(&challenge).expect("ours");
        let sent = AvPairs::decode(&mut Reader::new(challenge.target_info)).expect("ours");
        for (id, value) in sent.iter() {
            assert_eq!(response.av_pairs().value(id), Some(value), "{id:?}");
        }
        assert_eq!(response.verify(&Key::new([7; 16]), [0x0C; 8]), None);
    }
    let without_key = claim.check_mic(None);
    assert!(without_key.is_err() || !claim.mic_present());
    if let Ok(checked) = claim.check_mic(Some(&Key::new([7; 16]))) {
        assert_eq!(checked.verified(), claim.mic_present());
        assert!(!matches!(claim.response(), Response::Anonymous));
    }
});
