//! A server's challenge: the answer has the server's AV pairs and ours.
#![no_main]

use gss_ntlmdc::base::crypto::Key;
use gss_ntlmdc::base::wire::{FileTime, Reader};
use gss_ntlmdc::protocol::ntlm::av_pair::{AvFlags, AvId, AvPairs};
use gss_ntlmdc::protocol::ntlm::flags::NegotiateFlags;
use gss_ntlmdc::protocol::ntlm::initiator::{Destination, Fresh, Protection, User, negotiate};
use gss_ntlmdc::protocol::ntlm::message::{Authenticate, Challenge};
use gss_ntlmdc::protocol::ntlm::response::NtlmV2Response;
use libfuzzer_sys::fuzz_target;

const OURS: [AvId; 3] = [AvId::FLAGS, AvId::CHANNEL_BINDINGS, AvId::TARGET_NAME];

fuzz_target!(|token: &[u8]| {
    let protection = Protection {
        sign: true,
        seal: token.len().is_multiple_of(2),
    };
    let user = User {
        name: "alice",
        domain: "EXAMPLE",
        nt_hash: &Key::new([7; 16]),
        workstation: "PC1",
    };
    let service = Destination {
        name: "HTTP/www.example.test",
        channel_bindings: Some([9; 16]),
    };
    let fresh = Fresh {
        now: FileTime(133_444_736_000_000_000),
        challenge: [0xAA; 8],
        session_key: Key::new([0x55; 16]),
    };
    let (offered, _) = negotiate(protection);
    let Ok(answer) = offered.answer(token, &user, &service, &fresh) else {
        return;
    };
    let needed = NegotiateFlags::NEGOTIATE_UNICODE
        | NegotiateFlags::NEGOTIATE_EXTENDED_SESSIONSECURITY
        | NegotiateFlags::NEGOTIATE_TARGET_INFO;
    assert!(answer.flags.contains(needed));
    let message = Authenticate::decode(&answer.token).expect("ours");
    assert!(message.mic.is_some_and(|mic| mic != [0; 16]));
    let response = NtlmV2Response::decode(message.nt_response);
    let challenge = Challenge::decode(token).expect("answered");
    let sent = AvPairs::decode(&mut Reader::new(challenge.target_info)).expect("answered");
    let response = response.expect("ours");
    for (id, value) in sent.iter().filter(|(id, _)| !OURS.contains(id)) {
        assert_eq!(response.av_pairs().value(id), Some(value), "{id:?}");
    }
    assert!(response.flags().contains(AvFlags::MIC));
    assert_eq!(response.channel_bindings(), service.channel_bindings);
});
