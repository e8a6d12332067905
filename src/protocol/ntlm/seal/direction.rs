//! The state of one direction: its keys, key stream and sequence number.

use crate::base::crypto::{Key, Rc4, md5};
use crate::protocol::ntlm::flags::NegotiateFlags;

/// The constants of the key derivation, each with a final NUL.
#[derive(Debug)]
pub(super) struct Magic {
    signing: &'static [u8],
    sealing: &'static [u8],
}

/// MS-NLMP 3.4.5.2 and 3.4.5.3.
pub(super) const CLIENT_TO_SERVER: Magic = Magic {
    signing: b"session key to client-to-server signing key magic constant\0",
    sealing: b"session key to client-to-server sealing key magic constant\0",
};

/// As above.
pub(super) const SERVER_TO_CLIENT: Magic = Magic {
    signing: b"session key to server-to-client signing key magic constant\0",
    sealing: b"session key to server-to-client sealing key magic constant\0",
};

/// The number of bytes of the session key that the sealing key is derived from, with extended
/// session security (MS-NLMP 3.4.5.3).
pub(super) fn sealing_key_size(flags: NegotiateFlags) -> u8 {
    let extended = flags.contains(NegotiateFlags::NEGOTIATE_EXTENDED_SESSIONSECURITY);
    if !extended || flags.contains(NegotiateFlags::NEGOTIATE_128) {
        16
    } else if flags.contains(NegotiateFlags::NEGOTIATE_56) {
        7
    } else {
        5
    }
}

/// The kind of signature.
#[derive(Clone, Debug)]
pub(super) enum Signing {
    /// Without extended session security: a CRC, encrypted (MS-NLMP 3.4.4.1).
    Crc32,
    /// With it (MS-NLMP 3.4.4.2). The checksum is encrypted if KEY_EXCH was negotiated.
    Extended { key: Key, encrypts: bool },
}

/// The keys of one direction.
#[derive(Debug)]
pub(super) struct Keys {
    pub(super) signing: Signing,
    pub(super) sealing: Key,
}

impl Keys {
    /// MS-NLMP 3.4.5.2 and 3.4.5.3; without `magic`, what holds without extended session security.
    fn derive(flags: NegotiateFlags, session_key: &Key, magic: Option<&Magic>) -> Self {
        let Some(magic) = magic else {
            // Without LM_KEY and DATAGRAM, which are never negotiated.
            return Self {
                signing: Signing::Crc32,
                sealing: session_key.clone(),
            };
        };
        let session_key = session_key.expose().as_slice();
        let size = usize::from(sealing_key_size(flags));
        let part = session_key.get(..size).unwrap_or(session_key);
        Self {
            signing: Signing::Extended {
                key: Key::new(md5(&[session_key, magic.signing])),
                encrypts: flags.contains(NegotiateFlags::NEGOTIATE_KEY_EXCH),
            },
            sealing: Key::new(md5(&[part, magic.sealing])),
        }
    }
}

/// The state of one direction.
#[derive(Debug)]
pub(super) struct Direction {
    /// `None` without extended session security.
    magic: Option<&'static Magic>,
    /// `None` until the first message: most logins send none.
    pub(super) keys: Option<Keys>,
    /// `None` until the first encryption.
    pub(super) stream: Option<Rc4>,
    /// The number of the next message.
    pub(super) sequence: u32,
}

impl Direction {
    pub(super) fn new(magic: Option<&'static Magic>) -> Self {
        Self {
            magic,
            keys: None,
            stream: None,
            sequence: 0,
        }
    }

    /// The keys, derived now if they are not there yet; the key stream; the sequence number.
    pub(super) fn begin(
        &mut self,
        flags: NegotiateFlags,
        session_key: &Key,
    ) -> (&Keys, &mut Option<Rc4>, &mut u32) {
        let magic = self.magic;
        let derive = || Keys::derive(flags, session_key, magic);
        let keys = self.keys.get_or_insert_with(derive);
        (keys, &mut self.stream, &mut self.sequence)
    }
}
