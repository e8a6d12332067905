//! What another server gets that made the challenge.

use super::*;
use crate::protocol::ntlm::message::Authenticate;

/// Puts an LM response behind the message.
fn with_lm_response(token: &mut Vec<u8>) {
    let offset = u32::try_from(token.len()).unwrap().to_le_bytes();
    token[12..20].copy_from_slice(&[24, 0, 24, 0, offset[0], offset[1], offset[2], offset[3]]);
    token.extend([7; 24]);
}

#[test]
fn a_message_without_an_lm_response_is_unchanged() {
    let client = Initiator::default();
    let (state, answered) = answered(&client);
    let claim = state.parse_authenticate(&answered.token).unwrap();
    assert_eq!(claim.onward().as_deref(), Some(&answered.token[..]));
}

#[test]
fn an_lm_response_beside_ntlmv2_is_overwritten() {
    let client = Initiator {
        reshape: with_lm_response,
        ..Initiator::curl()
    };
    let (state, answered) = answered(&client);
    let sent = Authenticate::decode(&answered.token).unwrap();
    assert_eq!(sent.lm_response, [7; 24]);
    let claim = state.parse_authenticate(&answered.token).unwrap();
    let onward = claim.onward().unwrap();
    let expected = Authenticate {
        lm_response: &[0; 24],
        ..sent
    };
    assert_eq!(Authenticate::decode(&onward).unwrap(), expected);
    assert_eq!(onward.len(), answered.token.len());
}

#[test]
fn an_lm_response_under_a_mic_goes_nowhere() {
    let client = Initiator {
        reshape: with_lm_response,
        ..Initiator::default()
    };
    let claim = claim(&client).unwrap();
    assert!(claim.mic_present());
    assert!(claim.onward().is_none());
}
