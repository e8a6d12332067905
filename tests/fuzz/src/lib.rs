//! What several targets share.

use gss_ntlmdc::base::wire::{FileTime, Reader};
use gss_ntlmdc::protocol::ntlm::acceptor::{Claim, Target, TargetKind, negotiate};
use gss_ntlmdc::protocol::ntlm::seal::{SIGNATURE_SIZE, SessionSecurity, Weakest};

/// The acceptor's challenge in each login.
pub const SERVER_CHALLENGE: [u8; 8] = [0x0C; 8];

/// The flags that a controller's answer must have (MS-NRPC 3.1.4.2): W, AES; Y, authenticated RPC;
/// T, with Y: validation level 6.
pub const REQUIRED_FLAGS: u32 = 0x0100_0000 | 0x4000_0000 | 0x0008_0000;

/// The claim of a login, and the CHALLENGE message. The bytes are the length of the NEGOTIATE
/// message (2 bytes, little-endian), that message, the AUTHENTICATE message.
pub fn login(bytes: &[u8]) -> Option<(Claim, Vec<u8>)> {
    let mut reader = Reader::new(bytes);
    let length = reader.u16("length").ok()?;
    let first = reader.take(length.into(), "first").ok()?;
    let target = Target {
        netbios_computer: "WEB1-NTLM".to_owned(),
        netbios_domain: "EXAMPLE".to_owned(),
        dns_computer: "web1.example.test".to_owned(),
        dns_domain: "example.test".to_owned(),
        kind: TargetKind::Domain,
    };
    let now = FileTime(133_444_736_000_000_000);
    let (challenged, challenge) =
        negotiate(first, &target, Weakest::Any, SERVER_CHALLENGE, now).ok()?;
    let claim = challenged.parse_authenticate(reader.rest()).ok()?;
    Some((claim, challenge))
}

/// Whether the bytes contain the text in UTF-16LE.
pub fn has_utf16(bytes: &[u8], text: &str) -> bool {
    let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    units.is_empty() || bytes.windows(units.len()).any(|at| at == units)
}

/// A sealed message: the signature, then the sealed bytes.
pub fn wrap(security: &mut SessionSecurity, plain: &[u8]) -> Vec<u8> {
    let mut sealed = plain.to_vec();
    let mut sending = security.send();
    sending.cover(plain);
    sending.seal(&mut sealed);
    [&sending.finish().expect("few messages")[..], &sealed].concat()
}

/// Opens a sealed message.
pub fn unwrap(security: &mut SessionSecurity, token: &[u8]) -> Option<Vec<u8>> {
    let (signature, sealed) = token.split_at_checked(SIGNATURE_SIZE)?;
    let mut plain = sealed.to_vec();
    let mut receiving = security.receive();
    receiving.unseal(&mut plain);
    receiving.cover(&plain);
    receiving.check(signature).ok().map(|()| plain)
}
