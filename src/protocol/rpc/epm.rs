//! The endpoint mapper: which port an interface listens on (C706 appendix O, MS-RPCE 2.2.1.2).

use crate::base::wire::{DecodeError, Reader, Writer};
use crate::protocol::rpc::Error;
use crate::protocol::rpc::ndr::{Decoder, Encoder};
use crate::protocol::rpc::pdu::Syntax;

/// The mapper's own port.
pub const PORT: u16 = 135;
/// The number of the call.
pub const EPT_MAP: u16 = 3;

/// How many answers are asked for; the first with a port is taken.
const MAX_TOWERS: u32 = 4;
/// The floors of a tower for ncacn_ip_tcp; a few more do no harm.
const MAX_FLOORS: u16 = 16;

/// Protocol identifiers of a tower's floors (C706 appendix I).
mod protocol {
    /// A UUID and its major version follow.
    pub const UUID: u8 = 0x0D;
    /// Connection-oriented RPC.
    pub const RPC: u8 = 0x0B;
    /// The right side is a port, big endian.
    pub const TCP: u8 = 0x07;
    /// The right side is an address, which is not trusted: it may be one behind a translator.
    pub const IP: u8 = 0x09;
}

/// The stub of `ept_map`: where does `interface` listen for connections over TCP?
pub fn request(interface: Syntax) -> Vec<u8> {
    let tower = tower(interface);
    let mut stub = Encoder::new();
    // A tower is 75 bytes long.
    let length = u32::try_from(tower.len()).unwrap_or(u32::MAX);
    stub.pointer(false); // object
    stub.pointer(true).u32(length).u32(length).bytes(&tower);
    stub.align(4).bytes(&[0; 20]); // entry_handle: from the beginning
    stub.u32(MAX_TOWERS);
    stub.into_bytes()
}

/// Reads the answer: the port.
///
/// # Errors
/// [`Error::NotRegistered`] if nothing listens; [`Error::Malformed`].
pub fn port(stub: &[u8]) -> Result<u16, Error> {
    let mut decoder = Decoder::new(stub);
    decoder.array::<20>("entry_handle")?;
    let count = decoder.u32("num_towers")?;
    let maximum = decoder.u32("ITowers")?;
    let offset = decoder.u32("ITowers")?;
    let actual = decoder.u32("ITowers")?;
    if count > MAX_TOWERS || actual != count || actual > maximum || offset != 0 {
        return Err(DecodeError::new("num_towers", "impossible count").into());
    }
    let mut present = 0;
    for _ in 0..actual {
        present += u32::from(decoder.pointer("ITowers")?);
    }
    let mut port = None;
    for _ in 0..present {
        let maximum = decoder.u32("tower_length")?;
        let length = decoder.u32("tower_length")?;
        if length != maximum {
            return Err(DecodeError::new("tower_length", "counts that contradict").into());
        }
        let tower = decoder.take(length, "tower_octet_string")?;
        port = port.or(tcp_port(tower)?);
    }
    let status = decoder.u32("status")?;
    decoder.finish("ept_map")?;
    port.filter(|_| status == 0)
        .ok_or(Error::NotRegistered(status))
}

fn tower(interface: Syntax) -> Vec<u8> {
    let mut tower = Writer::new();
    tower.u16(5);
    for Syntax(syntax) in [interface, Syntax::NDR] {
        // UUID and major version on the left side, the minor version on the right.
        let ([left @ .., _, _], [.., minor_low, minor_high]) = (&syntax, &syntax);
        tower.u16(19).u8(protocol::UUID).bytes(left);
        tower.u16(2).bytes(&[*minor_low, *minor_high]);
    }
    tower.u16(1).u8(protocol::RPC).u16(2).u16(0);
    tower.u16(1).u8(protocol::TCP);
    tower.u16(2).bytes(&PORT.to_be_bytes());
    tower.u16(1).u8(protocol::IP).u16(4).u32(0);
    tower.into_bytes()
}

/// The port of a tower, if one of its floors is TCP.
fn tcp_port(tower: &[u8]) -> Result<Option<u16>, DecodeError> {
    let mut reader = Reader::new(tower);
    let floors = reader.u16("floor_count")?;
    if floors > MAX_FLOORS {
        return Err(DecodeError::new("floor_count", "too many"));
    }
    let mut port = None;
    for _ in 0..floors {
        let left = reader.u16("floor")?;
        let left = reader.take(usize::from(left), "floor")?;
        let right = reader.u16("floor")?;
        let right = reader.take(usize::from(right), "floor")?;
        if let ([protocol::TCP], [high, low]) = (left, right) {
            port = Some(u16::from_be_bytes([*high, *low])).filter(|port| *port != 0);
        }
    }
    Ok(port)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::rpc::recorded;

    #[test]
    fn asks_as_recorded() {
        assert_eq!(request(Syntax::NETLOGON), recorded::EPT_MAP.request[24..]);
    }

    #[test]
    fn reads_the_recorded_answer() {
        assert_eq!(port(&recorded::EPT_MAP.response[24..]), Ok(49152));
    }

    #[test]
    fn truncated_answers_are_refused() {
        let stub = &recorded::EPT_MAP.response[24..];
        for end in 0..stub.len() {
            assert!(
                matches!(port(&stub[..end]), Err(Error::Malformed(_))),
                "{end}"
            );
        }
    }

    #[test]
    fn an_unknown_interface_has_no_port() {
        // ept_s_not_registered (C706 appendix E), and no tower.
        let mut stub = vec![0; 36];
        stub.extend(0x16C9_A0D6_u32.to_le_bytes());
        assert_eq!(port(&stub), Err(Error::NotRegistered(0x16C9_A0D6)));
    }

    #[test]
    fn lying_counts_are_refused() {
        let good = &recorded::EPT_MAP.response[24..];
        for (at, lie) in [
            (20, 5),
            (20, 0),
            (28, 1),
            (32, 2),
            (40, 76),
            (44, 74),
            (48, 17),
        ] {
            let mut stub = good.to_vec();
            stub[at] = lie;
            assert!(port(&stub).is_err(), "{at}");
        }
    }
}
