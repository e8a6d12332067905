use super::*;
use crate::base::crypto::Key;
use crate::protocol::rpc::netlogon;
use crate::protocol::rpc::schannel::seal::tests::Server;
use crate::protocol::rpc::schannel::seal::{self, SIGNATURE_LENGTH, Seal};
use crate::protocol::rpc::tests::recorded::{self, Exchange};

fn connect<P: PduProtection>(
    exchange: &Exchange,
    interface: Syntax,
    protection: P,
) -> Association<P> {
    let (pdu, binding) = Binding::begin(interface, protection);
    assert_eq!(pdu, exchange.request);
    binding.answered(exchange.response).unwrap()
}

/// The recorded numbers: the bind is call 1, in context 0.
const RECORDED: Nonce = Nonce {
    bind_call_id: 1,
    context_id: [0; 4],
};

fn protection(nonce: Nonce) -> Sealed {
    let seal = Seal::new(Key::new(recorded::SESSION_KEY));
    Sealed::new(seal, nonce, "EXAMPLE", "NLRES1")
}

fn sealed() -> Association<Sealed> {
    recorded::sealed_association()
}

/// Unseals the stub of a request.
fn open(server: &mut Server, pdu: &[u8]) -> Vec<u8> {
    let (before, signature) = pdu.split_at(pdu.len() - SIGNATURE_LENGTH);
    let (before, trailer) = before.split_last_chunk::<8>().unwrap();
    let mut stub = before[pdu::HEAD_LENGTH..].to_vec();
    server.open(&mut stub, signature);
    stub.truncate(stub.len() - usize::from(trailer[2]));
    stub
}

/// A sealed fragment of an answer.
fn fragment(server: &mut Server, call_id: u32, flags: u8, stub: &[u8], padding: u8) -> Vec<u8> {
    let trailer = seal::trailer(padding, RECORDED.context_id);
    let length = u16::try_from(stub.len() + 24 + 8 + 56).unwrap();
    let mut head = vec![5, 0, 2, flags, 0x10, 0, 0, 0];
    head.extend(length.to_le_bytes());
    head.extend([56, 0]);
    head.extend(call_id.to_le_bytes());
    head.extend([0; 8]);
    let mut sealed = stub.to_vec();
    let signature = server.seal(&head, &mut sealed, &trailer);
    [head, sealed, trailer.to_vec(), signature].concat()
}

fn done<P>(progress: Result<Progress<P>, Error>) -> (Vec<u8>, Association<P>) {
    match progress.unwrap() {
        Progress::Done(outcome, association) => {
            (outcome.response().unwrap().expose().to_vec(), association)
        }
        Progress::More(_) => panic!("not the last"),
    }
}

#[test]
fn the_plain_conversations_are_as_recorded() {
    let conversations: [(_, _, &[(u16, Exchange)]); 2] = [
        (
            recorded::EPM_BIND,
            Syntax::ENDPOINT_MAPPER,
            &[(3, recorded::EPT_MAP)],
        ),
        (
            recorded::BIND,
            Syntax::NETLOGON,
            &[(4, recorded::REQ_CHALLENGE), (26, recorded::AUTHENTICATE3)],
        ),
    ];
    for (bind, interface, calls) in conversations {
        let mut association = connect(&bind, interface, Plain);
        for (opnum, exchange) in calls {
            let (pdu, call) = association.call(*opnum, &exchange.request[24..]).unwrap();
            assert_eq!(pdu, exchange.request);
            let (stub, next) = done(call.receive(exchange.response));
            assert_eq!(stub, exchange.response[24..]);
            association = next;
        }
    }
}

#[test]
fn the_sealed_conversation_is_as_recorded() {
    let mut server = Server::new(recorded::SESSION_KEY);
    let stub = open(&mut server, recorded::CAPABILITIES.request);
    let mut association = sealed();
    let opnum = netlogon::LOGON_GET_CAPABILITIES;
    let (pdu, call) = association.call(opnum, &stub).unwrap();
    // Everything that does not depend on the random confounder.
    assert_eq!(pdu.len(), recorded::CAPABILITIES.request.len());
    assert_eq!(pdu[..24], recorded::CAPABILITIES.request[..24]);
    assert_eq!(pdu[120..136], recorded::CAPABILITIES.request[120..136]);
    (_, association) = done(call.receive(recorded::CAPABILITIES.response));

    let opnum = netlogon::LOGON_SAM_LOGON_EX;
    let (pdu, call) = association.call(opnum, recorded::LOGON_REQUEST).unwrap();
    assert_eq!(pdu.len(), recorded::SAM_LOGON_EX.request.len());
    assert_eq!(pdu[..24], recorded::SAM_LOGON_EX.request[..24]);
    let (stub, _) = done(call.receive(recorded::SAM_LOGON_EX.response));
    assert_eq!(stub, recorded::LOGON_RESPONSE);
}

#[test]
fn the_server_unseals_the_request() {
    let mut server = Server::new(recorded::SESSION_KEY);
    let (pdu, _) = sealed().call(39, recorded::LOGON_REQUEST).unwrap();
    assert_eq!(open(&mut server, &pdu), recorded::LOGON_REQUEST);
}

#[test]
fn a_long_request_goes_in_fragments() {
    let stub: Vec<u8> = (0..20_000_u32).map(|number| number as u8).collect();
    let (pdus, _) = sealed().call(39, &stub).unwrap();
    let mut server = Server::new(recorded::SESSION_KEY);
    let mut rest = pdus.as_slice();
    let mut whole = Vec::new();
    let mut flags = Vec::new();
    while !rest.is_empty() {
        let length = usize::from(u16::from_le_bytes([rest[8], rest[9]]));
        assert!(length <= 5840);
        let (pdu, after) = rest.split_at(length);
        let hint = u32::from_le_bytes(pdu[16..20].try_into().unwrap());
        assert_eq!(hint as usize, stub.len() - whole.len());
        whole.extend(open(&mut server, pdu));
        flags.push(pdu[3]);
        rest = after;
    }
    assert_eq!(whole, stub);
    assert_eq!(flags, [1, 0, 0, 2]);
}

#[test]
fn a_long_answer_comes_in_fragments() {
    let (_, call) = sealed().call(39, &[]).unwrap();
    let mut server = Server::new(recorded::SESSION_KEY);
    server.skip(1);
    let pdu = fragment(&mut server, 2, 1, &[1; 32], 0);
    let Ok(Progress::More(call)) = call.receive(&pdu) else {
        panic!("the first of two fragments is not the last")
    };
    let pdu = fragment(&mut server, 2, 2, &[2; 16], 15);
    let (stub, _) = done(call.receive(&pdu));
    assert_eq!(stub, [[1; 32].as_slice(), &[2]].concat());
}

#[test]
fn fragments_in_the_wrong_place_are_refused() {
    // An answer without a first fragment; one with two.
    for all_flags in [[0].as_slice(), &[2], &[1, 1], &[1, 3]] {
        let (_, call) = sealed().call(39, &[]).unwrap();
        let mut server = Server::new(recorded::SESSION_KEY);
        server.skip(1);
        let mut progress = Ok(Progress::More(call));
        for flags in all_flags {
            let Ok(Progress::More(call)) = progress else {
                panic!("only the last is wrong")
            };
            progress = call.receive(&fragment(&mut server, 2, *flags, &[0; 16], 0));
        }
        let error = progress.err();
        assert!(matches!(error, Some(Error::Sequence(_))), "{all_flags:?}");
    }
}

#[test]
fn an_answer_without_end_is_refused() {
    for (size, problem) in [(5744, "longer than 1 MiB"), (0, "too many fragments")] {
        let mut server = Server::new(recorded::SESSION_KEY);
        server.skip(1);
        let (_, mut call) = sealed().call(39, &[]).unwrap();
        let mut flags = 1;
        let error = loop {
            let pdu = fragment(&mut server, 2, flags, &vec![0; size], 0);
            flags = 0;
            match call.receive(&pdu) {
                Ok(Progress::More(next)) => call = next,
                Ok(Progress::Done(..)) => panic!("it has no end"),
                Err(error) => break error,
            }
        };
        assert_eq!(error, DecodeError::new("response", problem).into());
    }
}

#[test]
fn a_forged_replayed_or_unsealed_answer_is_refused() {
    let forged = |pdu: &[u8]| {
        let (_, call) = sealed().call(21, &[]).unwrap();
        matches!(call.receive(pdu), Err(Error::Forged(_)))
    };
    let good = recorded::CAPABILITIES.response;
    assert!(!forged(good));
    for at in 24..good.len() - 24 {
        let mut changed = good.to_vec();
        changed[at] ^= 1;
        assert!(forged(&changed), "{at}");
    }

    // In clear, as if the connection were not sealed.
    let mut plain = good[..48].to_vec();
    plain[8..12].copy_from_slice(&[48, 0, 0, 0]);
    assert!(forged(&plain));

    // The same answer again, with the number of the next call.
    let (_, call) = sealed().call(21, &[]).unwrap();
    let (_, association) = done(call.receive(good));
    let (_, call) = association.call(21, &[]).unwrap();
    let mut replayed = good.to_vec();
    replayed[12] = 3;
    assert!(matches!(call.receive(&replayed), Err(Error::Forged(_))));
}

#[test]
fn padding_beyond_the_stub_is_refused() {
    let (_, call) = sealed().call(39, &[]).unwrap();
    let mut server = Server::new(recorded::SESSION_KEY);
    server.skip(1);
    let pdu = fragment(&mut server, 2, 3, &[0; 16], 17);
    assert!(matches!(call.receive(&pdu), Err(Error::Malformed(_))));
}

#[test]
fn a_fault_leaves_the_connection_usable() {
    let (_, call) = sealed().call(21, &[]).unwrap();
    let mut fault = vec![5, 0, 3, 0x23, 0x10, 0, 0, 0, 32, 0, 0, 0, 2, 0, 0, 0];
    fault.extend([0; 8]);
    fault.extend(0x1C00_0006_u32.to_le_bytes());
    fault.extend([0; 4]);
    let Ok(Progress::Done(Outcome::Fault(status), association)) = call.receive(&fault) else {
        panic!("a fault")
    };
    assert_eq!(status, FaultStatus::INVALID_TAG);
    // The request used a sequence number, the fault none.
    let (_, call) = association.call(21, &[]).unwrap();
    let mut server = Server::new(recorded::SESSION_KEY);
    server.skip(2);
    let (stub, _) = done(call.receive(&fragment(&mut server, 3, 3, b"0123456789abcdef", 0)));
    assert_eq!(stub, b"0123456789abcdef");
}

#[test]
fn a_bind_ack_without_protection_is_refused() {
    let (_, binding) = Binding::begin(Syntax::NETLOGON, protection(RECORDED));
    assert!(matches!(
        binding.answered(recorded::BIND.response),
        Err(Error::Downgraded(_))
    ));
    let (_, binding) = Binding::begin(Syntax::NETLOGON, Plain);
    assert!(binding.answered(recorded::SEALED_BIND.response).is_err());

    // With a key that other connections may have.
    let mut headers_unsigned = recorded::SEALED_BIND.response.to_vec();
    headers_unsigned[3] &= !0x04;
    let (_, binding) = Binding::begin(Syntax::NETLOGON, protection(RECORDED));
    assert!(matches!(
        binding.answered(&headers_unsigned),
        Err(Error::HeadersUnsigned(_))
    ));
}

/// An attacker can change the flags of fragments and the length of padding there.
#[test]
fn without_signed_headers_fragments_are_of_one_answer() {
    let unsigned = || {
        let seal = seal::tests::with_fresh_key(recorded::SESSION_KEY);
        recorded::unsigned_association(seal)
    };
    let (pdu, _) = unsigned().call(39, &[0; 5744]).unwrap();
    assert_eq!(pdu.len(), 5840 - 8);
    assert!(matches!(
        unsigned().call(39, &[0; 5745]),
        Err(Error::HeadersUnsigned(_))
    ));
    for (padding, is_taken) in [(0, true), (1, false)] {
        let mut server = Server::without_headers(recorded::SESSION_KEY);
        server.skip(1);
        let (_, call) = unsigned().call(39, &[]).unwrap();
        let pdu = fragment(&mut server, 2, 1, &[1; 16], padding);
        assert_eq!(call.receive(&pdu).is_ok(), is_taken, "{padding}");
    }
    let mut server = Server::without_headers(recorded::SESSION_KEY);
    server.skip(1);
    let (_, call) = unsigned().call(39, &[]).unwrap();
    let (stub, _) = done(call.receive(&fragment(&mut server, 2, 3, &[1; 16], 7)));
    assert_eq!(stub, [1; 9]);
}

/// The key is the same, and so are the numbers of the PDUs.
#[test]
fn an_answer_belongs_to_one_connection() {
    let taken = |nonce: Nonce| {
        let (bind, binding) = Binding::begin(Syntax::NETLOGON, protection(nonce));
        assert_eq!(bind[12..16], nonce.bind_call_id.to_le_bytes());
        assert_eq!(bind[76..80], nonce.context_id);
        let mut ack = recorded::SEALED_BIND.response.to_vec();
        ack[12..16].copy_from_slice(&bind[12..16]);
        let (request, call) = binding.answered(&ack).unwrap().call(21, &[]).unwrap();
        let answer = recorded::CAPABILITIES.response.to_vec();
        // Unchanged, and with each unsigned number changed to fit.
        let mut renumbered = answer.clone();
        renumbered[12..16].copy_from_slice(&request[12..16]);
        let context_at = answer.len() - SIGNATURE_LENGTH - 4;
        let mut all_changed = renumbered.clone();
        all_changed[context_at..context_at + 4].copy_from_slice(&nonce.context_id);
        let mut calls = vec![call];
        for _ in 1..3 {
            let (_, binding) = Binding::begin(Syntax::NETLOGON, protection(nonce));
            calls.push(binding.answered(&ack).unwrap().call(21, &[]).unwrap().1);
        }
        let answers = [answer, renumbered, all_changed];
        let received = calls.into_iter().zip(answers);
        received
            .filter_map(|(call, answer)| call.receive(&answer).ok())
            .count()
    };
    assert_eq!(taken(RECORDED), 3);
    for bytes in [[4, 0, 0, 0, 0, 0, 0, 0], [2, 0, 0, 0, 0, 0, 0, 1]] {
        assert_eq!(taken(Nonce::new(bytes)), 0, "{bytes:?}");
    }
}
