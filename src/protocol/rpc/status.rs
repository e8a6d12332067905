//! The names of status codes.

use std::fmt;

/// The result of a NETLOGON call (MS-ERREF 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NtStatus(pub u32);

/// The reason of a fault PDU (C706 appendix E, MS-RPCE 2.2.2.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultStatus(pub u32);

macro_rules! named {
    ($type:ident $($prefix:literal { $($code:literal $name:ident)+ })+) => {
        impl $type {
            $($(
                #[doc = concat!("`", $prefix, stringify!($name), "`")]
                pub const $name: Self = Self($code);
            )+)+

            /// The code of this name, if known here.
            pub fn of_name(name: &str) -> Option<Self> {
                match name {
                    $($(concat!($prefix, stringify!($name)) => Some(Self::$name),)+)+
                    _ => None,
                }
            }

            /// The name in the specification, if known here.
            pub const fn name(self) -> Option<&'static str> {
                match self {
                    $($(Self::$name => Some(concat!($prefix, stringify!($name))),)+)+
                    _ => None,
                }
            }
        }

        impl fmt::Display for $type {
            /// Name and number.
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.name() {
                    Some(name) => write!(formatter, "{name} ({:#010X})", self.0),
                    None => write!(formatter, "{:#010X}", self.0),
                }
            }
        }
    };
}

named! { NtStatus "STATUS_" {
    0x0000_0000 SUCCESS
    0x0000_0103 PENDING
    0x0000_0107 SOME_NOT_MAPPED
    0xC000_0001 UNSUCCESSFUL
    0xC000_0002 NOT_IMPLEMENTED
    0xC000_0003 INVALID_INFO_CLASS
    0xC000_000D INVALID_PARAMETER
    0xC000_0016 MORE_PROCESSING_REQUIRED
    0xC000_0017 NO_MEMORY
    0xC000_0022 ACCESS_DENIED
    0xC000_0023 BUFFER_TOO_SMALL
    0xC000_005E NO_LOGON_SERVERS
    0xC000_0064 NO_SUCH_USER
    0xC000_006A WRONG_PASSWORD
    0xC000_006D LOGON_FAILURE
    0xC000_006E ACCOUNT_RESTRICTION
    0xC000_006F INVALID_LOGON_HOURS
    0xC000_0070 INVALID_WORKSTATION
    0xC000_0071 PASSWORD_EXPIRED
    0xC000_0072 ACCOUNT_DISABLED
    0xC000_0073 NONE_MAPPED
    0xC000_009A INSUFFICIENT_RESOURCES
    0xC000_00B0 PIPE_DISCONNECTED
    0xC000_00B5 IO_TIMEOUT
    0xC000_00BC REMOTE_NOT_LISTENING
    0xC000_00BE BAD_NETWORK_PATH
    0xC000_00C4 UNEXPECTED_NETWORK_ERROR
    0xC000_00C9 NETWORK_NAME_DELETED
    0xC000_00CC BAD_NETWORK_NAME
    0xC000_00DA CANT_ACCESS_DOMAIN_INFO
    0xC000_00DC INVALID_SERVER_STATE
    0xC000_00DD INVALID_DOMAIN_STATE
    0xC000_00DE INVALID_DOMAIN_ROLE
    0xC000_00DF NO_SUCH_DOMAIN
    0xC000_00E4 INTERNAL_DB_CORRUPTION
    0xC000_00E5 INTERNAL_ERROR
    0xC000_0122 INVALID_COMPUTER_NAME
    0xC000_0133 TIME_DIFFERENCE_AT_DC
    0xC000_014B PIPE_BROKEN
    0xC000_0158 INTERNAL_DB_ERROR
    0xC000_015B LOGON_TYPE_NOT_GRANTED
    0xC000_018A NO_TRUST_LSA_SECRET
    0xC000_018B NO_TRUST_SAM_ACCOUNT
    0xC000_018C TRUSTED_DOMAIN_FAILURE
    0xC000_018D TRUSTED_RELATIONSHIP_FAILURE
    0xC000_0190 TRUST_FAILURE
    0xC000_0192 NETLOGON_NOT_STARTED
    0xC000_0193 ACCOUNT_EXPIRED
    0xC000_0198 NOLOGON_INTERDOMAIN_TRUST_ACCOUNT
    0xC000_0199 NOLOGON_WORKSTATION_TRUST_ACCOUNT
    0xC000_019A NOLOGON_SERVER_TRUST_ACCOUNT
    0xC000_019B DOMAIN_TRUST_INCONSISTENT
    0xC000_0205 INSUFF_SERVER_RESOURCES
    0xC000_020C CONNECTION_DISCONNECTED
    0xC000_020D CONNECTION_RESET
    0xC000_0224 PASSWORD_MUST_CHANGE
    0xC000_0225 NOT_FOUND
    0xC000_0233 DOMAIN_CONTROLLER_NOT_FOUND
    0xC000_0234 ACCOUNT_LOCKED_OUT
    0xC000_0236 CONNECTION_REFUSED
    0xC000_023C NETWORK_UNREACHABLE
    0xC000_023D HOST_UNREACHABLE
    0xC000_0241 CONNECTION_ABORTED
    0xC000_02A5 DS_BUSY
    0xC000_02A6 DS_UNAVAILABLE
    0xC000_02FA SMARTCARD_LOGON_REQUIRED
    0xC000_0371 NO_SECRETS
    0xC000_0388 DOWNGRADE_DETECTED
    0xC000_0413 AUTHENTICATION_FIREWALL_FAILED
    0xC000_0418 NTLM_BLOCKED
} "RPC_NT_" {
    0xC002_0017 SERVER_UNAVAILABLE
    0xC002_001B CALL_FAILED
    0xC002_0050 CALL_CANCELLED
} }

named! { FaultStatus "" {
    0x0000_0005 ACCESS_DENIED
    0x0000_0721 SEC_PKG_ERROR
    0x0000_06F7 BAD_STUB_DATA
    0x1C00_0006 INVALID_TAG
    0x1C01_0002 OP_RNG_ERROR
    0x1C01_0003 UNK_IF
} }

impl NtStatus {
    /// True for a failed RPC call of the controller itself: `FACILITY_RPC_RUNTIME` and
    /// `FACILITY_RPC_STUBS` (MS-ERREF 2.3).
    pub const fn is_rpc(self) -> bool {
        matches!(self.0 >> 16, 0xC002 | 0xC003)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_with_name_and_number() {
        assert_eq!(
            NtStatus::WRONG_PASSWORD.to_string(),
            "STATUS_WRONG_PASSWORD (0xC000006A)"
        );
        assert_eq!(
            NtStatus::CALL_FAILED.to_string(),
            "RPC_NT_CALL_FAILED (0xC002001B)"
        );
        assert_eq!(NtStatus(0xC000_FFFF).to_string(), "0xC000FFFF");
        assert_eq!(FaultStatus(0x721).to_string(), "SEC_PKG_ERROR (0x00000721)");
    }
}
