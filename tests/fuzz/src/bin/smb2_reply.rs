#![no_main]

use gss_ntlmdc::protocol::smb2::{
    ConnectingTree, Dialect, FirstSetup, LastSetup, MAX_MESSAGE, Negotiating, SetupOutcome,
    Smb2Random, length,
};
use libfuzzer_sys::fuzz_target;

/// The steps up to the one that is fuzzed, with right replies.
struct Steps {
    negotiating: Negotiating,
    challenging: FirstSetup,
    authenticating: LastSetup,
    connecting: ConnectingTree,
}

const CHALLENGE: &[u8] = b"NTLMSSP\0\x02\0\0\0";

/// A reply with this body.
fn reply(status: u32, command: u16, message_id: u64, body: &[u8]) -> Vec<u8> {
    let mut message = b"\xFESMB\x40\0\0\0".to_vec();
    message.extend(status.to_le_bytes());
    message.extend(command.to_le_bytes());
    message.extend([1, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    message.extend(message_id.to_le_bytes());
    message.extend([0; 8]);
    message.extend(7_u64.to_le_bytes());
    message.extend([0; 16]);
    message.extend(body);
    let length = u32::try_from(message.len()).expect("short");
    [&length.to_be_bytes()[..], &message].concat()
}

fn steps() -> Steps {
    let fresh = Smb2Random {
        client: [1; 16],
        salt: [2; 32],
    };
    let begin = || Negotiating::begin(Dialect::ALL, &fresh).expect("short").1;
    let negotiated = [&[65, 0, 1, 0, 0x11, 3][..], &[0; 58]].concat();
    let set_up = [&[9, 0, 0, 0, 72, 0, 12, 0][..], CHALLENGE].concat();
    let challenging = || {
        let answer = begin().answered(&reply(0, 0, 0, &negotiated));
        let negotiated = answer.expect("valid").expect("final");
        negotiated.log_in(b"1").expect("short").1
    };
    let authenticating = || {
        let answer = challenging().answered(&reply(0xC000_0016, 1, 1, &set_up));
        let challenged = answer.expect("valid").expect("final");
        challenged.authenticate(b"3").expect("short").1
    };
    let answer = authenticating().answered(&reply(0, 1, 2, &[9, 0, 0, 0, 0, 0, 0, 0]));
    let Ok(Some(SetupOutcome::LoggedIn(mut session))) = answer else {
        panic!("no session");
    };
    Steps {
        negotiating: begin(),
        challenging: challenging(),
        authenticating: authenticating(),
        connecting: session.connect_tree(r"\\a\b").expect("short").1,
    }
}

fuzz_target!(|frame: &[u8]| {
    if let Some(Ok(length)) = frame.first_chunk().map(length) {
        assert!((4..=MAX_MESSAGE).contains(&length));
    }
    let steps = steps();
    let _any = steps.negotiating.answered(frame);
    if let Ok(Some(challenged)) = steps.challenging.answered(frame) {
        assert!(challenged.challenge().starts_with(CHALLENGE));
    }
    if let Ok(Some(SetupOutcome::LoggedIn(_))) = steps.authenticating.answered(frame) {
        // STATUS_SUCCESS, and neither a guest nor a null session (MS-SMB2 2.2.6).
        assert_eq!(frame[12..16], [0; 4]);
        assert_eq!(frame[70] & 3, 0);
    }
    let _any = steps.connecting.answered(frame);
});
