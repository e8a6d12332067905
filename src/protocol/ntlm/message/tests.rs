use super::*;
use crate::protocol::ntlm::av_pair::{AvId, AvPairs};
use crate::protocol::ntlm::flags::NegotiateFlags;
use hex_literal::hex;

/// MS-NLMP 4.2.4.3.
pub(crate) const SAMPLE_CHALLENGE: [u8; 104] = hex!(
    "4e544c4d53535000020000000c000c003800000033828ae20123456789abcdef0000000000000000"
    "2400240044000000060070170000000f53006500720076006500720002000c0044006f006d006100"
    "69006e0001000c0053006500720076006500720000000000"
);

/// MS-NLMP 4.2.4.3.
pub(crate) const SAMPLE_AUTHENTICATE: [u8; 232] = hex!(
    "4e544c4d5353500003000000180018006c00000054005400840000000c000c004800000008000800"
    "54000000100010005c00000010001000d8000000358288e20501280a0000000f44006f006d006100"
    "69006e00550073006500720043004f004d005000550054004500520086c35097ac9cec102554764a"
    "57cccc19aaaaaaaaaaaaaaaa68cd0ab851e51c96aabc927bebef6a1c010100000000000000000000"
    "00000000aaaaaaaaaaaaaaaa0000000002000c0044006f006d00610069006e0001000c0053006500"
    "72007600650072000000000000000000c5dad2544fc9799094ce1ce90bc9d03e"
);

#[test]
fn the_sample_challenge_is_read_as_printed() {
    let challenge = Challenge::decode(&SAMPLE_CHALLENGE).unwrap();
    assert_eq!(challenge.target_name, b"S\0e\0r\0v\0e\0r\0");
    assert_eq!(challenge.flags, NegotiateFlags(0xE28A_8233));
    assert_eq!(challenge.server_challenge, hex!("0123456789abcdef"));
    let mut reader = Reader::new(challenge.target_info);
    let pairs: Vec<_> = AvPairs::decode(&mut reader)
        .unwrap()
        .iter()
        .map(|(id, value)| (id, value.to_vec()))
        .collect();
    assert_eq!(
        pairs,
        [
            (AvId::NB_DOMAIN_NAME, b"D\0o\0m\0a\0i\0n\0".to_vec()),
            (AvId::NB_COMPUTER_NAME, b"S\0e\0r\0v\0e\0r\0".to_vec()),
        ]
    );
    assert_eq!(reader.finish("TargetInfo"), Ok(()));

    // Our encoding differs in the version only.
    let mut expected = SAMPLE_CHALLENGE;
    expected[48..56].copy_from_slice(&VERSION);
    assert_eq!(challenge.encode().unwrap(), expected);
}

#[test]
fn the_sample_authenticate_is_read_as_printed() {
    let message = Authenticate::decode(&SAMPLE_AUTHENTICATE).unwrap();
    assert_eq!(message.lm_response.len(), 24);
    assert_eq!(message.nt_response.len(), 84);
    assert_eq!(message.domain, b"D\0o\0m\0a\0i\0n\0");
    assert_eq!(message.user, b"U\0s\0e\0r\0");
    assert_eq!(message.workstation, b"C\0O\0M\0P\0U\0T\0E\0R\0");
    assert_eq!(
        message.encrypted_session_key,
        hex!("c5dad2544fc9799094ce1ce90bc9d03e")
    );
    assert_eq!(message.flags, NegotiateFlags(0xE288_8235));
    assert_eq!(message.version, Some(hex!("0501280a0000000f")));
    assert_eq!(message.mic, None);
    let encoded = message.encode().unwrap();
    assert_eq!(Authenticate::decode(&encoded), Ok(message));
}

const EMPTY: Authenticate<'_> = Authenticate {
    lm_response: &[],
    nt_response: &[],
    domain: &[],
    user: b"u",
    workstation: &[],
    encrypted_session_key: &[],
    flags: NegotiateFlags(0),
    version: None,
    mic: None,
};

#[test]
fn the_header_ends_where_the_payload_begins() {
    for (version, mic, length) in [
        (None, None, 64),
        (Some([1; 8]), None, 72),
        (Some([1; 8]), Some([2; 16]), 88),
    ] {
        let message = Authenticate {
            version,
            mic,
            ..EMPTY
        };
        let encoded = message.encode().unwrap();
        assert_eq!(encoded.len(), length + 1);
        assert_eq!(Authenticate::decode(&encoded), Ok(message));
    }
    // A MIC without a version has eight zero bytes before it.
    let message = Authenticate {
        mic: Some([2; 16]),
        ..EMPTY
    };
    let encoded = message.encode().unwrap();
    let decoded = Authenticate::decode(&encoded).unwrap();
    assert_eq!((decoded.version, decoded.mic), (Some([0; 8]), message.mic));
}

#[test]
fn offsets_of_empty_items_are_ignored() {
    let mut encoded = EMPTY.encode().unwrap();
    for offset in [0, 1, 0x7FFF_FFFF, u32::MAX] {
        encoded[16..20].copy_from_slice(&u32::to_le_bytes(offset));
        assert!(Authenticate::decode(&encoded).is_ok(), "{offset:#x}");
    }
}

#[test]
fn a_field_of_65535_bytes_fits_and_a_longer_one_does_not() {
    let longest = [b'u'; 65_536];
    let fits = Authenticate {
        user: &longest[1..],
        ..EMPTY
    };
    let encoded = fits.encode().unwrap();
    assert_eq!(Authenticate::decode(&encoded), Ok(fits));
    let too_long = Authenticate {
        user: &longest,
        ..EMPTY
    };
    assert_eq!(too_long.encode(), Err(TooLong { field: "UserName" }));
}

#[test]
fn a_negotiate_message_needs_its_flags_only() {
    let message = Negotiate {
        flags: NegotiateFlags(0x0008_8207),
        domain: &[],
    };
    let mut encoded = message.encode();
    assert_eq!(encoded.len(), 32);
    assert_eq!(Negotiate::decode(&encoded), Ok(message));
    assert_eq!(Negotiate::decode(&encoded[..16]), Ok(message));
    assert_eq!(
        Negotiate::decode(&encoded[..15]),
        Err(DecodeError::truncated("NegotiateFlags"))
    );
    // Domain and workstation may point anywhere.
    encoded[16..].fill(0xFF);
    assert_eq!(Negotiate::decode(&encoded), Ok(message));
    encoded[13] |= 0x30;
    assert_eq!(Negotiate::decode(&encoded).unwrap().domain, b"");
}

#[test]
fn a_negotiate_message_names_a_domain_if_its_flags_say_so() {
    for (flags, offset) in [(0x0000_9207, 32), (0x0200_9207, 40)] {
        let message = Negotiate {
            flags: NegotiateFlags(flags),
            domain: b"EXAMPLE",
        };
        let mut encoded = message.encode();
        assert_eq!((encoded.len(), encoded[20]), (offset + 7, offset as u8));
        assert_eq!(Negotiate::decode(&encoded), Ok(message));
        let shorter = &encoded[..encoded.len() - 1];
        assert_eq!(Negotiate::decode(shorter).unwrap().domain, b"");
        encoded[20] = 31;
        assert_eq!(Negotiate::decode(&encoded).unwrap().domain, b"");
        encoded[20] = offset as u8;
        encoded[13] &= !0x10;
        assert_eq!(Negotiate::decode(&encoded).unwrap().domain, b"");
    }
    let too_long = Negotiate {
        flags: NegotiateFlags(0x0000_9207),
        domain: &[b'A'; 0x1_0000],
    };
    let decoded = too_long.encode();
    assert_eq!(Negotiate::decode(&decoded).unwrap().domain, b"");
}

#[test]
fn the_type_is_told_from_twelve_bytes() {
    assert_eq!(
        message_type(&SAMPLE_AUTHENTICATE[..12]),
        Some(MessageType::Authenticate)
    );
    assert_eq!(message_type(&SAMPLE_AUTHENTICATE[..11]), None);
    assert_eq!(message_type(b"NTLMSSP\0\x04\0\0\0"), None);
    assert!(is_ntlmssp(b"NTLMSSP\0"));
    assert!(!is_ntlmssp(b"NTLMSSP"));
    assert!(!is_ntlmssp(b"\x60\x48\x06\x06\x2b\x06\x01\x05\x05\x02"));
    assert_eq!(
        Challenge::decode(&SAMPLE_AUTHENTICATE),
        Err(DecodeError::new("MessageType", "unexpected message"))
    );
}
