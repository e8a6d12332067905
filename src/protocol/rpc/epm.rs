//! The endpoint mapper: the ports of an interface (C706 appendix O, MS-RPCE 2.2.1.2).

use crate::base::wire::{DecodeError, Reader, Writer};
use crate::protocol::rpc::Error;
use crate::protocol::rpc::ndr::{Decoder, Encoder};
use crate::protocol::rpc::pdu::Syntax;

/// The mapper's own port.
pub const PORT: u16 = 135;
/// The number of the call.
pub const EPT_MAP: u16 = 3;

/// The number of towers that are asked for. Windows lists a pinned port besides the dynamic one,
/// and each of them once for each of its addresses.
const MAX_TOWERS: u32 = 16;
/// The most different ports that are returned.
const MAX_PORTS: usize = 8;
/// The most floors of a tower. One of ncacn_ip_tcp has five.
const MAX_FLOORS: u16 = 16;

/// Protocol identifiers of a tower's floors (C706 appendix I).
mod protocol {
    /// A UUID and its major version follow.
    pub const UUID: u8 = 0x0D;
    /// Connection-oriented RPC.
    pub const RPC: u8 = 0x0B;
    /// The right side is a port, big endian.
    pub const TCP: u8 = 0x07;
    /// The right side is an address. It is ignored: it may be one behind a NAT.
    pub const IP: u8 = 0x09;
}

/// The stub of `ept_map`: asks for the TCP ports of `interface`.
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

/// Reads the answer: the different ports, in the mapper's order. Never empty.
///
/// # Errors
/// [`Error::NotRegistered`] if there is none; [`Error::Malformed`].
pub fn ports(stub: &[u8]) -> Result<Vec<u16>, Error> {
    let mut decoder = Decoder::new(stub);
    decoder.array::<20>("entry_handle")?;
    let count = decoder.u32("num_towers")?;
    let maximum = decoder.u32("ITowers")?;
    let offset = decoder.u32("ITowers")?;
    let actual = decoder.u32("ITowers")?;
    if actual != count || actual > maximum || offset != 0 {
        return Err(DecodeError::new("num_towers", "inconsistent counts").into());
    }
    let mut present = 0_u32;
    // The length of the answer bounds the count.
    for _ in 0..actual {
        present += u32::from(decoder.pointer("ITowers")?);
    }
    let mut ports = Vec::new();
    for _ in 0..present {
        let maximum = decoder.u32("tower_length")?;
        let length = decoder.u32("tower_length")?;
        if length != maximum {
            return Err(DecodeError::new("tower_length", "inconsistent lengths").into());
        }
        let tower = decoder.take(length, "tower_octet_string")?;
        let port = tcp_port(tower)?.filter(|port| !ports.contains(port));
        ports.extend(port.filter(|_| ports.len() < MAX_PORTS));
    }
    let status = decoder.u32("status")?;
    decoder.finish("ept_map")?;
    match status == 0 && !ports.is_empty() {
        true => Ok(ports),
        false => Err(Error::NotRegistered(status)),
    }
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
    use crate::protocol::rpc::tests::recorded;

    #[test]
    fn asks_as_recorded() {
        let (recorded, max_towers) = recorded::EPT_MAP.request[24..].split_last_chunk().unwrap();
        assert_eq!(max_towers, &4_u32.to_le_bytes());
        let asked = [recorded, &MAX_TOWERS.to_le_bytes()].concat();
        assert_eq!(request(Syntax::NETLOGON), asked);
    }

    /// An answer with a tower for each of these ports.
    fn answer(ports: &[u16]) -> Vec<u8> {
        let mut stub = Encoder::new();
        let count = u32::try_from(ports.len()).unwrap();
        stub.bytes(&[0; 20]).u32(count).u32(count).u32(0).u32(count);
        for _ in ports {
            stub.pointer(true);
        }
        for port in ports {
            let mut tower = tower(Syntax::NETLOGON);
            let at = tower.len() - 11;
            tower[at..at + 2].copy_from_slice(&port.to_be_bytes());
            let length = u32::try_from(tower.len()).unwrap();
            stub.u32(length).u32(length).bytes(&tower);
        }
        stub.u32(0);
        stub.into_bytes()
    }

    #[test]
    fn reads_the_recorded_answer() {
        assert_eq!(ports(&recorded::EPT_MAP.response[24..]), Ok(vec![49152]));
    }

    #[test]
    fn each_port_is_told_once_and_in_order() {
        let towers = [49676, 49667, 49676, 0, 49152];
        assert_eq!(ports(&answer(&towers)), Ok(vec![49676, 49667, 49152]));
        let many: Vec<u16> = (1..=40).collect();
        assert_eq!(ports(&answer(&many)).unwrap(), many[..MAX_PORTS]);
        assert_eq!(ports(&answer(&[0])), Err(Error::NotRegistered(0)));
    }

    #[test]
    fn what_is_reserved_may_be_anything() {
        let mut stub = answer(&[49676, 49667]);
        stub[..20].fill(0xA5); // entry_handle
        stub[36..44].fill(0xA5); // the referents
        let after_first_tower = 44 + 8 + 75;
        stub[after_first_tower] = 0xA5;
        let address = after_first_tower - 4;
        stub[address..after_first_tower].fill(0xA5);
        assert_eq!(ports(&stub), Ok(vec![49676, 49667]));
    }

    #[test]
    fn truncated_answers_are_refused() {
        let stub = &recorded::EPT_MAP.response[24..];
        for end in 0..stub.len() {
            assert!(
                matches!(ports(&stub[..end]), Err(Error::Malformed(_))),
                "{end}"
            );
        }
    }

    #[test]
    fn an_unknown_interface_has_no_port() {
        // ept_s_not_registered (C706 appendix E), and no tower.
        let mut stub = vec![0; 36];
        stub.extend(0x16C9_A0D6_u32.to_le_bytes());
        assert_eq!(ports(&stub), Err(Error::NotRegistered(0x16C9_A0D6)));
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
            assert!(ports(&stub).is_err(), "{at}");
        }
        let mut stub = good.to_vec();
        for at in [20, 24, 32] {
            stub[at..at + 4].fill(0xFF);
        }
        assert!(ports(&stub).is_err(), "more towers than bytes");
    }
}
