//! The flags that a caller asks for and is granted: `req_flags`, `ret_flags` (RFC 2744 5.19).

use crate::gss::cred;
use crate::login::context::Login;
use crate::login::handover;
use crate::protocol::ntlm::initiator::Protection;

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

/// The protection for the requested flags. NTLM has no delegation, anonymity and the rest: these
/// are not granted.
pub fn wanted(req_flags: u32) -> Protection {
    Protection {
        sign: req_flags & (INTEG | REPLAY | SEQUENCE) != 0,
        seal: req_flags & CONF != 0,
    }
}

/// The flags of a login that is complete.
pub fn of(login: &Login) -> u32 {
    granted(login.protection) | transferable()
}

/// Each signature has a sequence number, so checked signatures also detect replay and reordering.
fn granted(protection: Protection) -> u32 {
    let mut flags = PROT_READY;
    if protection.sign {
        flags |= INTEG | REPLAY | SEQUENCE;
    }
    if protection.seal {
        flags |= CONF;
    }
    flags
}

/// `GSS_C_TRANS_FLAG` if contexts of this process can be exported.
fn transferable() -> u32 {
    match handover::is_possible(cred::handover) {
        true => TRANS,
        false => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requested_flags_select_the_protection() {
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
    fn granted_flags_are_those_of_the_protection() {
        let granted = |sign, seal| granted(Protection { sign, seal });
        assert_eq!(granted(false, false), 128);
        assert_eq!(granted(true, false), 4 | 8 | 32 | 128);
        assert_eq!(granted(true, true), 4 | 8 | 16 | 32 | 128);
    }
}
