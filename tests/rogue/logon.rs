//! What the controller answers to NetrLogonSamLogonEx (MS-NRPC 3.5.4.5.1).

use gss_ntlmdc::base::crypto::{self, Key};
use gss_ntlmdc::base::wire::Writer;

/// `UserSessionKey` of each accepted user.
pub const SESSION_KEY: [u8; 16] = *b"a session's key.";

/// Where something stands in the stub of [`SamInfo::validated`] for alice.
pub mod at {
    /// The union's tag: the validation level.
    pub const LEVEL: usize = 0;
    pub const POINTER: usize = 4;
    /// `EffectiveName`: its length, its maximum, its pointer.
    pub const NAME_LENGTH: usize = 56;
    pub const NAME_MAXIMUM: usize = 58;
    pub const GROUP_COUNT: usize = 116;
    pub const GROUP_POINTER: usize = 120;
    pub const SID_COUNT: usize = 204;
    /// The counts before the characters of `EffectiveName`.
    pub const NAME_COUNTS: usize = 308;
    /// The count before the groups.
    pub const GROUPS: usize = 332;
    /// The SID of the domain, after `EXAMPLE`: its count.
    pub const SID: usize = 372;
}

/// `NETLOGON_VALIDATION_SAM_INFO4` (MS-NRPC 2.2.1.4.13), as far as a rogue changes it.
pub struct SamInfo {
    pub user: &'static str,
    pub domain: &'static str,
    /// Left out if empty.
    pub dns_domain: &'static str,
    pub user_id: u32,
    pub user_flags: u32,
    /// Of the primary group's RID and those that follow it.
    pub groups: u32,
    pub sub_authorities: Vec<u32>,
    pub session_key: [u8; 16],
    /// Left out if empty.
    pub upn: &'static str,
    /// Groups of our domain, S-1-5-21-1-2-3, as `ExtraSids`.
    pub extra_rids: Vec<u32>,
}

impl SamInfo {
    pub fn alice() -> Self {
        Self {
            user: "alice",
            domain: "EXAMPLE",
            dns_domain: "",
            user_id: 1102,
            user_flags: 0,
            groups: 1,
            sub_authorities: vec![21, 1, 2, 3],
            session_key: SESSION_KEY,
            upn: "",
            extra_rids: Vec::new(),
        }
    }

    /// The answer that accepts the user.
    pub fn validated(&self) -> Vec<u8> {
        self.with_status(0)
    }

    /// The answer that describes the user, with this status.
    pub fn with_status(&self, status: u32) -> Vec<u8> {
        let mut stub = Writer::new();
        stub.u16(6).zeros(2).u32(0x2_0000);
        self.fixed(&mut stub);
        self.pointees(&mut stub);
        finished(stub, true, status)
    }

    fn fixed(&self, stub: &mut Writer) {
        stub.zeros(8)
            .u64(u64::MAX >> 1)
            .u64(u64::MAX >> 1)
            .zeros(24);
        counted(stub, self.user);
        stub.zeros(40); // five empty names
        stub.zeros(4).u32(self.user_id).u32(513);
        stub.u32(self.groups)
            .u32(0x2_0004)
            .u32(self.user_flags)
            .bytes(&self.session_key);
        stub.zeros(8); // LogonServer
        counted(stub, self.domain);
        stub.u32(0x2_0008).zeros(8).zeros(32);
        match u32::try_from(self.extra_rids.len()).unwrap() {
            0 => _ = stub.zeros(8),
            count => _ = stub.u32(count).u32(0x2_000C),
        }
        for name in [self.dns_domain, self.upn] {
            match name {
                "" => _ = stub.zeros(8),
                name => counted(stub, name),
            }
        }
        stub.zeros(80);
    }

    fn pointees(&self, stub: &mut Writer) {
        characters(stub, self.user);
        stub.align(4).u32(self.groups);
        for number in 0..self.groups {
            stub.u32(513 + number).u32(7);
        }
        characters(stub, self.domain);
        let count = u8::try_from(self.sub_authorities.len()).unwrap();
        stub.align(4).u32(count.into());
        stub.u8(1).u8(count).bytes(&[0, 0, 0, 0, 0, 5]);
        for sub_authority in &self.sub_authorities {
            stub.u32(*sub_authority);
        }
        if let count @ 1.. = u32::try_from(self.extra_rids.len()).unwrap() {
            stub.u32(count);
            for _ in &self.extra_rids {
                stub.u32(0x2_0014).u32(7);
            }
            for rid in &self.extra_rids {
                stub.u32(5).bytes(b"\x01\x05\0\0\0\0\0\x05");
                stub.u32(21).u32(1).u32(2).u32(3).u32(*rid);
            }
        }
        for name in [self.dns_domain, self.upn] {
            if !name.is_empty() {
                characters(stub, name);
            }
        }
    }
}

/// Accepts alice only. The challenge is that of the tests, or alice's response is made with one of
/// the account's passwords.
pub fn answered(stub: &[u8]) -> Vec<u8> {
    let contains = |bytes: &[u8]| stub.windows(bytes.len()).any(|window| window == bytes);
    let is_ours = contains(b"\x01\x23\x45\x67\x89\xAB\xCD\xEF");
    let is_right = session_key(stub, "whatever").is_some();
    let is_wrong = session_key(stub, "wrong").is_some();
    assert!(is_ours || is_right || is_wrong, "the challenge");
    match contains(b"a\0l\0i\0c\0e\0") && !is_wrong {
        true => SamInfo::alice().validated(),
        false => refused(0xC000_006A, true),
    }
}

/// The session key of `EXAMPLE\alice`, if the NTLMv2 response is made with this password and
/// answers the challenge in the question (MS-NLMP 3.3.2).
pub fn session_key(stub: &[u8], password: &str) -> Option<[u8; 16]> {
    let utf16 = |text: &str| {
        let bytes = text.encode_utf16().flat_map(u16::to_le_bytes);
        bytes.collect::<Vec<u8>>()
    };
    // RespType, HiRespType and what is reserved after them.
    let start = b"\x01\x01\0\0\0\0\0\0";
    let at = stub.windows(8).position(|window| window == start)?;
    let length = u32::from_le_bytes(stub[at - 20..at - 16].try_into().unwrap());
    let temp = &stub[at..at - 16 + usize::try_from(length).unwrap()];
    let nt_hash = Key::new(crypto::md4(&utf16(password)));
    let ntowf = Key::new(crypto::hmac_md5(&nt_hash, &[&utf16("ALICEEXAMPLE")]));
    let proof = &stub[at - 16..at];
    let mut challenges = stub.windows(8);
    let proven = challenges.any(|one| crypto::hmac_md5(&ntowf, &[one, temp]) == proof);
    proven.then(|| crypto::hmac_md5(&ntowf, &[proof]))
}

/// The answer that refuses the login.
pub fn refused(status: u32, authoritative: bool) -> Vec<u8> {
    let mut stub = Writer::new();
    stub.u16(6).zeros(2).u32(0);
    finished(stub, authoritative, status)
}

fn finished(mut stub: Writer, authoritative: bool, status: u32) -> Vec<u8> {
    stub.u8(authoritative.into()).align(4).u32(0).u32(status);
    stub.into_bytes()
}

/// The fixed part of an RPC_UNICODE_STRING.
fn counted(stub: &mut Writer, text: &str) {
    let length = u16::try_from(text.encode_utf16().count() * 2).unwrap();
    stub.u16(length).u16(length).u32(0x2_0010);
}

pub fn characters(stub: &mut Writer, text: &str) {
    let count = u32::try_from(text.encode_utf16().count()).unwrap();
    stub.align(4).u32(count).u32(0).u32(count);
    for unit in text.encode_utf16() {
        stub.u16(unit);
    }
}
