//! The answers of a Windows domain controller, from a public capture without secrets. Call ids,
//! `assoc_group_id` and `sec_addr` differ from Samba's.

use hex_literal::hex;

use crate::protocol::rpc::client::{Binding, Plain, Progress};
use crate::protocol::rpc::epm;
use crate::protocol::rpc::netlogon::{self, CredentialAndFlags};
use crate::protocol::rpc::pdu::{BindAck, Fragment, Pdu, Syntax};

/// The answer to the bind to the endpoint mapper.
const MAPPER_BIND_ACK: &[u8] = &hex!(
    "05000c03100000003c00000001000000d016d0167820000004003133350000000100000000000000045d888a"
    "eb1cc9119fe808002b10486002000000"
);
/// The answer to `ept_map`: two towers, and one byte of padding between them.
const EPT_MAP: &[u8] = &hex!(
    "0500020310000000f000000001000000d8000000000000000000000000000000000000000000000000000000"
    "0200000004000000000000000200000003000000040000004b0000004b000000050013000d785634123412cd"
    "abef0001234567cffb01000200000013000d045d888aeb1cc9119fe808002b10486002000200000001000b02"
    "0000000100070200c20c0100090400c0a87a11004b0000004b000000050013000d785634123412cdabef0001"
    "234567cffb01000200000013000d045d888aeb1cc9119fe808002b10486002000200000001000b0200000001"
    "00070200c2030100090400c0a87a110000000000"
);
/// The answer to the bind to NETLOGON.
const BIND_ACK: &[u8] = &hex!(
    "05000c03100000003c00000001000000d016d016841a000006003439363736000100000000000000045d888a"
    "eb1cc9119fe808002b10486002000000"
);
/// The answer to NetrServerReqChallenge.
const REQ_CHALLENGE: &[u8] =
    &hex!("050002031000000024000000010000000c000000000000005a712fc444fe524900000000");
/// The answer to NetrServerAuthenticate3.
const AUTHENTICATE3: &[u8] = &hex!(
    "05000203100000002c00000002000000140000000000000031688db8f47a48afffff0f605104000000000000"
);

fn stub(pdu: &[u8], call_id: u32) -> &[u8] {
    match Pdu::decode(pdu, call_id).unwrap() {
        Pdu::Response(Fragment {
            first: true,
            last: true,
            stub,
            auth: None,
            ..
        }) => stub,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_bind_acks_are_read() {
    let expected = BindAck {
        max_fragment: 5840,
        header_signing: false,
        auth: None,
    };
    for ack in [MAPPER_BIND_ACK, BIND_ACK] {
        assert_eq!(Pdu::decode(ack, 1), Ok(Pdu::BindAck(expected.clone())));
    }
}

#[test]
fn both_ports_are_found() {
    assert_eq!(epm::ports(stub(EPT_MAP, 1)), Ok(vec![49676, 49667]));
}

#[test]
fn the_challenge_and_the_credential_are_read() {
    assert_eq!(
        netlogon::req_challenge_reply(stub(REQ_CHALLENGE, 1)),
        Ok(hex!("5a712fc444fe5249"))
    );
    assert_eq!(
        netlogon::authenticate3_reply(stub(AUTHENTICATE3, 2)),
        Ok(CredentialAndFlags {
            credential: hex!("31688db8f47a48af"),
            flags: 0x600F_FFFF,
        })
    );
}

/// The whole conversation, with the numbers of our calls.
#[test]
fn a_connection_accepts_the_answers() {
    let (_, binding) = Binding::begin(Syntax::NETLOGON, Plain);
    let association = binding.answered(BIND_ACK).unwrap();
    let (_, call) = association
        .call(netlogon::SERVER_REQ_CHALLENGE, &[])
        .unwrap();
    let mut challenge = REQ_CHALLENGE.to_vec();
    challenge[12] = 2;
    let Progress::Done(outcome, _) = call.receive(&challenge).unwrap() else {
        panic!("not the last");
    };
    assert_eq!(outcome.response().unwrap().expose(), stub(REQ_CHALLENGE, 1));
}
