use super::*;
use crate::protocol::rpc::ndr::Encoder;

/// The parts that vary in the structures of these tests.
#[derive(Clone)]
struct Built {
    effective_name: Vec<u16>,
    user_id: u32,
    user_flags: u32,
    groups: Vec<(u32, u32)>,
    extra_sids: Vec<(u32, u32)>,
    key: [u8; 16],
    expansion: &'static str,
}

fn alice() -> Built {
    Built {
        effective_name: "alice".encode_utf16().collect(),
        user_id: 1102,
        user_flags: 0,
        groups: vec![(513, 7), (1200, 7)],
        extra_sids: vec![(2, 7)],
        key: [9; 16],
        expansion: "",
    }
}

impl Built {
    fn decode(&self) -> Result<SamInfo4, DecodeError> {
        let stub = self.encode();
        let mut decoder = Decoder::new(&stub);
        let info = SamInfo4::decode(&mut decoder)?;
        decoder.finish("all")?;
        Ok(info)
    }

    fn encode(&self) -> Vec<u8> {
        let expansion: Vec<u16> = self.expansion.encode_utf16().collect();
        let domain: Vec<u16> = "EXAMPLE".encode_utf16().collect();
        let mut stub = Encoder::new();
        stub.bytes(&[0; 48]);
        stub.counted(self.effective_name.len() * 2, "").unwrap();
        stub.bytes(&[0; 40]); // five empty names
        stub.u32(0).u32(self.user_id).u32(513);
        stub.u32(self.groups.len() as u32).pointer(true);
        stub.u32(self.user_flags).bytes(&self.key);
        stub.counted(0, "").unwrap();
        stub.counted(domain.len() * 2, "").unwrap();
        stub.pointer(true).bytes(&[0; 8]).bytes(&[0; 32]);
        stub.u32(self.extra_sids.len() as u32).pointer(true);
        stub.bytes(&[0; 16]); // DnsLogonDomainName, Upn
        stub.counted(expansion.len() * 2, "").unwrap();
        stub.bytes(&[0; 72]);

        stub.counted_units(&self.effective_name, "").unwrap();
        stub.u32(self.groups.len() as u32);
        for (rid, attributes) in &self.groups {
            stub.u32(*rid).u32(*attributes);
        }
        stub.counted_units(&domain, "").unwrap();
        stub.u32(4).bytes(&[1, 4, 0, 0, 0, 0, 0, 5]);
        stub.u32(21).u32(1).u32(2).u32(3);
        stub.u32(self.extra_sids.len() as u32);
        for (_, attributes) in &self.extra_sids {
            stub.pointer(true).u32(*attributes);
        }
        for (rid, _) in &self.extra_sids {
            stub.u32(1).bytes(&[1, 1, 0, 0, 0, 0, 0, 18]).u32(*rid);
        }
        stub.counted_units(&expansion, "").unwrap();
        stub.into_bytes()
    }
}

fn texts(sids: &[Sid]) -> Vec<String> {
    sids.iter().map(ToString::to_string).collect()
}

#[test]
fn groups_are_the_enabled_memberships() {
    let mut built = alice();
    built.groups.push((1300, 0)); // not enabled
    built.groups.push((1400, 0x17)); // for denials only
    built.extra_sids.push((3, 0x10));
    let info = built.decode().unwrap();
    assert_eq!(
        texts(&info.group_sids),
        ["S-1-5-21-1-2-3-513", "S-1-5-21-1-2-3-1200", "S-1-18-2"]
    );
}

#[test]
fn guests_are_recognised() {
    assert!(!alice().decode().unwrap().is_guest);
    for (user_id, user_flags) in [(501, 0), (1102, 1), (1102, 0x121)] {
        let built = Built {
            user_id,
            user_flags,
            ..alice()
        };
        assert!(built.decode().unwrap().is_guest, "{user_id} {user_flags}");
    }
}

#[test]
fn a_key_of_zeros_is_none() {
    let built = Built {
        key: [0; 16],
        ..alice()
    };
    assert_eq!(built.decode().unwrap().user_session_key, None);
}

#[test]
fn invalid_names_are_refused() {
    for name in [
        vec![],
        vec![0x61, 0],          // C would stop at the NUL
        vec![0x61, 0x0A],       // two lines in a log
        vec![0xD800, 0x61],     // a lone surrogate
        vec![0x202E, 0x61],     // right-to-left override
        vec![0x61, 0x5C, 0x62], // another domain
    ] {
        let built = Built {
            effective_name: name.clone(),
            ..alice()
        };
        assert!(built.decode().is_err(), "{name:?}");
    }
}

#[test]
fn reserved_strings_are_skipped() {
    let built = Built {
        expansion: "whatever",
        ..alice()
    };
    assert!(built.decode().is_ok());
}

#[test]
fn a_large_count_allocates_nothing() {
    let mut stub = alice().encode();
    // GroupCount, and the count before the groups.
    let count_at = 48 + 48 + 12;
    let array_at = stub
        .windows(8)
        .position(|bytes| bytes == [2, 0, 0, 0, 1, 2, 0, 0])
        .unwrap();
    for at in [count_at, array_at] {
        stub[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    }
    let mut decoder = Decoder::new(&stub);
    assert!(SamInfo4::decode(&mut decoder).is_err());
}
