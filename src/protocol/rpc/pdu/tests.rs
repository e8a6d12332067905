use super::*;
use crate::protocol::rpc::tests::recorded;

fn response(pdu: &[u8], call_id: u32) -> Result<Pdu<'_>, Error> {
    Pdu::decode(pdu, call_id)
}

#[test]
fn binds_are_written_as_recorded() {
    assert_eq!(
        bind(1, Syntax::ENDPOINT_MAPPER, None),
        recorded::EPM_BIND.request
    );
    assert_eq!(bind(1, Syntax::NETLOGON, None), recorded::BIND.request);
}

#[test]
fn the_recorded_acknowledgements_are_read() {
    let plain = response(recorded::BIND.response, 1).unwrap();
    assert_eq!(
        plain,
        Pdu::BindAck(BindAck {
            max_fragment: 5840,
            header_signing: false,
            auth: None,
        })
    );
    let sealed = response(recorded::SEALED_BIND.response, 1).unwrap();
    let Pdu::BindAck(ack) = sealed else {
        panic!("{sealed:?}")
    };
    assert!(ack.header_signing);
    assert_eq!(ack.auth.map(|auth| auth.value.len()), Some(12));
}

#[test]
fn every_truncation_is_refused() {
    let exchanges = [
        (recorded::EPM_BIND, 1),
        (recorded::EPT_MAP, 2),
        (recorded::SEALED_BIND, 1),
        (recorded::REQ_CHALLENGE, 2),
        (recorded::AUTHENTICATE3, 3),
        (recorded::SAM_LOGON_EX, 3),
    ];
    for (exchange, call_id) in exchanges {
        let pdu = exchange.response;
        assert!(response(pdu, call_id).is_ok());
        for end in 0..pdu.len() {
            // Unchanged, and with the truncated length in the header.
            assert!(response(&pdu[..end], call_id).is_err(), "{end}");
            let mut shorter = pdu[..end].to_vec();
            if let Some(length) = shorter.get_mut(8..10) {
                length.copy_from_slice(&u16::try_from(end).unwrap().to_le_bytes());
                let _must_not_panic = response(&shorter, call_id);
            }
        }
    }
}

#[test]
fn every_changed_header_byte_but_the_flags_is_refused() {
    let good = recorded::AUTHENTICATE3.response;
    // Version, type, integers and characters, frag_len, auth_len, call_id, p_cont_id.
    for at in [0, 1, 2, 4, 8, 9, 10, 11, 12, 13, 14, 15, 20, 21] {
        let mut pdu = good.to_vec();
        pdu[at] ^= 0x41;
        assert!(response(&pdu, 3).is_err(), "{at}");
    }
}

#[test]
fn reserved_fields_may_have_any_value() {
    let mut fault = recorded::REQ_CHALLENGE.response[..32].to_vec();
    fault[2] = ptype::FAULT;
    fault[8] = 32;
    let cases: [(&[u8], u32, &[usize]); 4] = [
        // The data representation's last three; alloc_hint, cancel_count, a reserved byte.
        (
            recorded::REQ_CHALLENGE.response,
            2,
            &[5, 6, 7, 16, 17, 18, 19, 22, 23],
        ),
        // The same, and the bytes behind the status.
        (
            &fault,
            2,
            &[5, 6, 7, 16, 17, 18, 19, 22, 23, 28, 29, 30, 31],
        ),
        // max_xmit_frag, assoc_group_id, the padding after the endpoint mapper's sec_addr, and the
        // reserved bytes of the list of results.
        (
            recorded::EPM_BIND.response,
            1,
            &[5, 6, 7, 16, 17, 20, 21, 22, 23, 30, 31, 33, 34, 35],
        ),
        (recorded::SEALED_BIND.response, 1, &[33, 34, 35]),
    ];
    for (pdu, call_id, ignored) in cases {
        let mut changed = pdu.to_vec();
        ignored.iter().for_each(|at| changed[*at] ^= 0xA5);
        let (read, expected) = (response(&changed, call_id), response(pdu, call_id));
        match (read.unwrap(), expected.unwrap()) {
            // The head is kept as received: it is signed.
            (Pdu::Response(read), Pdu::Response(expected)) => assert_eq!(read.stub, expected.stub),
            (read, expected) => assert_eq!(read, expected),
        }
        // Flags without a meaning here; 0x04 of a bind_ack has one.
        changed[3] ^= 0xF8;
        assert!(response(&changed, call_id).is_ok());
    }
}

#[test]
fn the_answer_to_another_call_is_out_of_sequence() {
    assert_eq!(
        response(recorded::AUTHENTICATE3.response, 4),
        Err(Error::Sequence("an answer to another call"))
    );
}

#[test]
fn lengths_of_pdus_are_bounded() {
    let header = |length: u16| {
        let mut header = [0; HEADER_LENGTH];
        header[8..10].copy_from_slice(&length.to_le_bytes());
        fragment_length(&header)
    };
    assert!(header(0).is_err());
    assert!(header(15).is_err());
    assert_eq!(header(16), Ok(16));
    assert_eq!(header(5840), Ok(5840));
    assert!(header(5841).is_err());
    assert!(header(u16::MAX).is_err());
}

#[test]
fn refused_binds_and_faults_are_read() {
    let mut nak = recorded::BIND.response[..16].to_vec();
    nak[2] = ptype::BIND_NAK;
    nak[8] = 18;
    nak.extend([8, 0]);
    assert_eq!(response(&nak, 1), Ok(Pdu::BindNak(8)));

    let mut rejected = recorded::BIND.response.to_vec();
    rejected[36] = 2; // provider_rejection
    assert_eq!(response(&rejected, 1), Err(Error::BindRefused(0)));
    rejected[38] = 1; // abstract_syntax_not_supported
    assert_eq!(response(&rejected, 1), Err(Error::InterfaceNotServed));

    let mut fault = recorded::REQ_CHALLENGE.response[..24].to_vec();
    fault[2] = ptype::FAULT;
    fault[8] = 28;
    fault.extend(0x721_u32.to_le_bytes());
    assert_eq!(
        response(&fault, 2),
        Ok(Pdu::Fault(FaultStatus::SEC_PKG_ERROR))
    );
}

#[test]
fn a_bind_ack_of_something_else_is_refused() {
    // max_recv_frag, the number of results, the transfer syntax.
    for (at, byte) in [(19, 0), (32, 2), (40, 0x05)] {
        let mut ack = recorded::BIND.response.to_vec();
        ack[at] = byte;
        assert!(
            matches!(response(&ack, 1), Err(Error::Malformed(_))),
            "{at}"
        );
    }
}
