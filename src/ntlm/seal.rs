//! Session security: what protects the messages of a context once its login is complete (MS-NLMP 3.4).

use super::flags::NegotiateFlags;
use crate::crypto::Key;

/// Which side of the context is ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The client.
    Initiator,
    /// The server.
    Acceptor,
}

/// The protection that both sides agreed on, with its keys.
#[derive(Debug)]
pub struct SessionSecurity {
    flags: NegotiateFlags,
    exported_session_key: Key,
    role: Role,
}

impl SessionSecurity {
    /// For a context that both sides hold to be complete. `flags` are those of the AUTHENTICATE
    /// message which the challenge offered; the key is `ExportedSessionKey` (MS-NLMP 3.1.5.1.2).
    pub fn new(flags: NegotiateFlags, exported_session_key: Key, role: Role) -> Self {
        Self {
            flags,
            exported_session_key,
            role,
        }
    }

    /// Whose keys send.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Whether messages can be signed. Sealed ones are signed too.
    pub fn signs(&self) -> bool {
        self.flags
            .intersects(NegotiateFlags::NEGOTIATE_SIGN.union(NegotiateFlags::NEGOTIATE_SEAL))
    }

    /// Whether messages can be sealed.
    pub fn seals(&self) -> bool {
        self.flags.contains(NegotiateFlags::NEGOTIATE_SEAL)
    }

    /// `ExportedSessionKey`.
    pub fn session_key(&self) -> &Key {
        &self.exported_session_key
    }
}
