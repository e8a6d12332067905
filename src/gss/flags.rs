//! What a caller asks of a context and is granted: `req_flags`, `ret_flags` (RFC 2744 5.19).

use crate::protocol::ntlm::initiator::Protection;
use crate::protocol::ntlm::seal::SessionSecurity;

/// `GSS_C_REPLAY_FLAG`
pub const REPLAY: u32 = 4;
/// `GSS_C_SEQUENCE_FLAG`
pub const SEQUENCE: u32 = 8;
/// `GSS_C_CONF_FLAG`
pub const CONF: u32 = 16;
/// `GSS_C_INTEG_FLAG`
pub const INTEG: u32 = 32;
/// `GSS_C_PROT_READY_FLAG`
pub const PROT_READY: u32 = 128;
/// `GSS_C_TRANS_FLAG`
pub const TRANS: u32 = 256;

/// What the flags that are asked for need. Delegation, anonymity and the rest NTLM does not have:
/// they are not granted.
pub fn wanted(req_flags: u32) -> Protection {
    Protection {
        sign: req_flags & (INTEG | REPLAY | SEQUENCE) != 0,
        seal: req_flags & CONF != 0,
    }
}

/// The flags of a context that is complete: each signature has a number, so order and repetition
/// are seen wherever signatures are checked.
pub fn granted(security: Option<&SessionSecurity>) -> u32 {
    match security {
        Some(security) if security.seals() => PROT_READY | INTEG | REPLAY | SEQUENCE | CONF,
        Some(security) if security.signs() => PROT_READY | INTEG | REPLAY | SEQUENCE,
        _ => PROT_READY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::crypto::Key;
    use crate::protocol::ntlm::flags::NegotiateFlags;
    use crate::protocol::ntlm::seal::Role;

    #[test]
    fn what_is_asked_for_is_what_protects() {
        let protection = |sign, seal| Protection { sign, seal };
        assert_eq!(wanted(0), protection(false, false));
        // GSS_C_DELEG_FLAG, GSS_C_MUTUAL_FLAG, GSS_C_ANON_FLAG
        assert_eq!(wanted(1 | 2 | 64), protection(false, false));
        for flag in [INTEG, REPLAY, SEQUENCE] {
            assert_eq!(wanted(flag), protection(true, false));
        }
        assert_eq!(wanted(CONF), protection(false, true));
    }

    #[test]
    fn what_is_granted_is_what_was_agreed_on() {
        let security = |flags| {
            let key = Key::new([1; 16]);
            SessionSecurity::new(NegotiateFlags(flags), key, Role::Initiator)
        };
        assert_eq!(granted(None), 128);
        assert_eq!(granted(Some(&security(0x6088_0201))), 128);
        assert_eq!(granted(Some(&security(0x6088_0211))), 4 | 8 | 32 | 128);
        assert_eq!(granted(Some(&security(0x6088_0231))), 4 | 8 | 16 | 32 | 128);
    }
}
