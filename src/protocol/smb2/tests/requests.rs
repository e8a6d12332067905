//! The requests, byte by byte.

use super::*;

#[test]
fn negotiate_offers_all_dialects() {
    let (request, _) = Negotiating::begin(Dialect::ALL, &FRESH).unwrap();
    let expected = hex!(
        "000000AE"
        // The header.
        "FE534D42 4000 0000 00000000 0000 0100 00000000 00000000"
        "0000000000000000 00000000 00000000 0000000000000000"
        "00000000000000000000000000000000"
        // StructureSize, DialectCount, SecurityMode, Reserved, Capabilities, ClientGuid.
        "2400 0500 0100 0000 40000000 C1C1C1C1C1C1C1C1C1C1C1C1C1C1C1C1"
        // NegotiateContextOffset, NegotiateContextCount, Reserved2, Dialects, padding.
        "70000000 0200 0000 0202 1002 0003 0203 1103 0000"
        // SMB2_PREAUTH_INTEGRITY_CAPABILITIES
        "0100 2600 00000000 0100 2000 0100"
        "5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A 0000"
        // SMB2_ENCRYPTION_CAPABILITIES
        "0200 0600 00000000 0200 0200 0100"
    );
    assert_eq!(request, expected);
}

#[test]
fn negotiate_without_contexts() {
    let (request, _) = Negotiating::begin(Dialect::UNSIGNED, &FRESH).unwrap();
    let expected = hex!(
        "2400 0400 0100 0000 40000000 C1C1C1C1C1C1C1C1C1C1C1C1C1C1C1C1"
        "0000000000000000 0202 1002 0003 0203"
    );
    assert_eq!(request[68..], expected);
}

#[test]
fn the_requests_of_a_login() {
    let negotiated = negotiating().answered(&negotiated(0x0210, 3).frame());
    let negotiated = negotiated.unwrap().unwrap();
    assert_eq!(negotiated.dialect, Dialect::Smb210);
    assert!(negotiated.is_signing_required);
    let (request, challenging) = negotiated.log_in(b"NTLMSSP\0\x01").unwrap();
    let expected = hex!(
        "00000061"
        "FE534D42 4000 0000 00000000 0100 0100 00000000 00000000"
        "0100000000000000 00000000 00000000 0000000000000000"
        "00000000000000000000000000000000"
        "1900 00 01 00000000 00000000 5800 0900 0000000000000000 4E544C4D53535000 01"
    );
    assert_eq!(request, expected);
    let challenged = challenging.answered(&challenge().frame()).unwrap().unwrap();
    assert_eq!(challenged.challenge(), CHALLENGE);
    let (request, _) = challenged.authenticate(b"NTLMSSP\0\x03").unwrap();
    let ids = hex!("0200000000000000 00000000 00000000 1100000000400000");
    assert_eq!(request[4 + 24..4 + 48], ids);
    assert!(request.ends_with(b"\x58\0\x09\0\0\0\0\0\0\0\0\0NTLMSSP\0\x03"));
}

#[test]
fn a_share_is_connected_to_and_the_session_ended() {
    let mut session = session();
    let (request, connecting) = session.connect_tree(r"\\a\b").unwrap();
    let expected = hex!("0900 0000 4800 0A00 5C00 5C00 6100 5C00 6200");
    assert_eq!(request[68..], expected);
    assert_eq!(request[4 + 12..4 + 14], hex!("0300"));
    let outcome = connecting.answered(&connected().frame());
    assert_eq!(outcome, Ok(Some(TreeOutcome::Connected)));
    let refused = connecting.answered(&refusal(3, 3, 0xC000_0022).frame());
    let denied = TreeOutcome::Refused(NtStatus::ACCESS_DENIED);
    assert_eq!(refused, Ok(Some(denied)));
    let other = Reply {
        session_id: SESSION + 1,
        ..connected()
    };
    assert!(connecting.answered(&other.frame()).is_err());
    let request = session.log_off().unwrap();
    assert_eq!(request[4 + 12..4 + 14], hex!("0200"));
    assert_eq!(request[4 + 24..4 + 32], hex!("0400000000000000"));
    assert_eq!(request[68..], hex!("0400 0000"));
}
