#![no_main]

use gss_ntlmdc::base::crypto::Key;
use gss_ntlmdc::protocol::rpc::client::{
    Binding, MAX_ANSWER, Nonce, Outcome, PduProtection, Plain, Progress, Sealed,
};
use gss_ntlmdc::protocol::rpc::pdu::{self, Syntax};
use gss_ntlmdc::protocol::rpc::schannel::seal::Seal;
use libfuzzer_sys::fuzz_target;

// The PDUs of a whole conversation: an answer to the bind, and answers to calls.
fuzz_target!(|bytes: &[u8]| {
    converse(bytes, Plain);
    let seal = Seal::new(Key::new([7; 16]));
    let sealed = Sealed::new(seal, Nonce::new([0; 8]), "EXAMPLE", "WEB1");
    let authentic = converse(bytes, sealed);
    assert_eq!(authentic, 0, "an answer without the key was accepted");
});

/// Gives the number of answers.
fn converse<P: PduProtection>(mut bytes: &[u8], protection: P) -> u32 {
    let (_, binding) = Binding::begin(Syntax::NETLOGON, protection);
    let Some(Ok(mut association)) = next(&mut bytes).map(|pdu| binding.answered(pdu)) else {
        return 0;
    };
    let mut answers = 0;
    loop {
        let Ok((_, mut call)) = association.call(39, &[]) else {
            return answers;
        };
        association = loop {
            match next(&mut bytes).map(|pdu| call.receive(pdu)) {
                Some(Ok(Progress::More(rest))) => call = rest,
                Some(Ok(Progress::Done(outcome, association))) => {
                    if let Outcome::Response(stub) = outcome {
                        assert!(stub.expose().len() <= MAX_ANSWER);
                        answers += 1;
                    }
                    break association;
                }
                Some(Err(_)) | None => return answers,
            }
        };
    }
}

/// The next PDU, as a stream is cut into them.
fn next<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = pdu::fragment_length(bytes.first_chunk()?).ok()?;
    let (pdu, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(pdu)
}
