//! NEGOTIATE flags (MS-NLMP 2.2.2.5).

use std::fmt;
use std::ops::BitOr;

/// The flags that both sides offer and negotiate: 32 bits, little endian.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct NegotiateFlags(pub u32);

macro_rules! negotiate_flags {
    ($($(#[doc = $doc:literal])+ $name:ident = $bit:literal;)+) => {
        impl NegotiateFlags {
            $($(#[doc = $doc])+ pub const $name: Self = Self($bit);)+

            /// Each flag and its name in the specification, without its prefix `NTLMSSP_`.
            pub const NAMED: &[(&str, Self)] = &[$((stringify!($name), Self::$name)),+];
        }
    };
}

negotiate_flags! {
    /// Strings are UTF-16.
    NEGOTIATE_UNICODE = 0x0000_0001;
    /// Strings are in the client's OEM character set, unless `NEGOTIATE_UNICODE` is set.
    NEGOTIATE_OEM = 0x0000_0002;
    /// The client wants a `TargetName`.
    REQUEST_TARGET = 0x0000_0004;
    /// Signatures of messages.
    NEGOTIATE_SIGN = 0x0000_0010;
    /// Encryption of messages.
    NEGOTIATE_SEAL = 0x0000_0020;
    /// Authentication without a connection.
    NEGOTIATE_DATAGRAM = 0x0000_0040;
    /// Session keys from the LAN Manager hash.
    NEGOTIATE_LM_KEY = 0x0000_0080;
    /// NTLM at all.
    NEGOTIATE_NTLM = 0x0000_0200;
    /// In an AUTHENTICATE message: an anonymous login.
    ANONYMOUS = 0x0000_0800;
    /// In a NEGOTIATE message: its domain name is there.
    NEGOTIATE_OEM_DOMAIN_SUPPLIED = 0x0000_1000;
    /// In a NEGOTIATE message: its workstation's name is there.
    NEGOTIATE_OEM_WORKSTATION_SUPPLIED = 0x0000_2000;
    /// A signature block on every message, a dummy one without a session key.
    NEGOTIATE_ALWAYS_SIGN = 0x0000_8000;
    /// `TargetName` is a domain.
    TARGET_TYPE_DOMAIN = 0x0001_0000;
    /// `TargetName` is a server.
    TARGET_TYPE_SERVER = 0x0002_0000;
    /// NTLM version 2 session security.
    NEGOTIATE_EXTENDED_SESSIONSECURITY = 0x0008_0000;
    /// `TargetInfo` is present.
    NEGOTIATE_TARGET_INFO = 0x0080_0000;
    /// `Version` is present.
    NEGOTIATE_VERSION = 0x0200_0000;
    /// Session keys of 128 bits.
    NEGOTIATE_128 = 0x2000_0000;
    /// The client chooses the session key and sends it.
    NEGOTIATE_KEY_EXCH = 0x4000_0000;
    /// Session keys of 56 bits.
    NEGOTIATE_56 = 0x8000_0000;
}

impl NegotiateFlags {
    /// True if every flag of `other` is set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// True if at least one flag of `other` is set.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The flags that are in one of the two.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The flags that are not in `other`.
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The flags that are in both.
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl BitOr for NegotiateFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.union(other)
    }
}

impl fmt::Debug for NegotiateFlags {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "NegotiateFlags({:#010x})", self.0)
    }
}
