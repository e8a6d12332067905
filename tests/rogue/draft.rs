//! One answer of the controller before it is sent, for a lie to change.

use gss_ntlmdc::base::wire::Writer;

use crate::delivery::Delivery;
use crate::seal::{Credential, Seal, Slip};

pub const FIRST: u8 = 0x01;
pub const LAST: u8 = 0x02;
pub const HEADER_SIGN: u8 = 0x04;

pub const RESPONSE: u8 = 0x02;
pub const FAULT: u8 = 0x03;
pub const BIND_ACK: u8 = 0x0C;
pub const BIND_NAK: u8 = 0x0D;

/// The call that is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Bind,
    Challenge,
    Authenticate,
    SealedBind,
    Capabilities,
    /// Level 2.
    RequestedFlags,
    Logon,
    /// A call with a wrong seal.
    Unreadable,
    /// To LSA: no part of a login.
    NamesBind,
    Names,
    /// After the first login.
    Domains,
    /// The machine's new password.
    Password,
}

/// Those of a login.
pub const STEPS: [Step; 7] = [
    Step::Bind,
    Step::Challenge,
    Step::Authenticate,
    Step::SealedBind,
    Step::Capabilities,
    Step::RequestedFlags,
    Step::Logon,
];

/// An answer: honest at first, then changed by a lie.
pub struct Draft {
    pub step: Step,
    /// How often this step has been answered, this time included.
    pub turn: usize,
    pub ptype: u8,
    pub flags: u8,
    pub drep: [u8; 4],
    pub call_id: u32,
    pub context: u16,
    /// What follows the header of a bind_ack, and the rest of its head in a response: in clear.
    pub body: Vec<u8>,
    /// `sec_trailer` and value of a bind_ack.
    pub bind_auth: Vec<u8>,
    /// Whether it is sealed, and how.
    pub sealed: Option<Slip>,
    /// The number of answers that are lost before this one: they use sequence numbers.
    pub swallowed: u32,
    /// The value of reserved bytes and padding, if not zero.
    pub garbage: Option<u8>,
    /// The last change: of the bytes.
    pub change: fn(&mut Vec<u8>),
    pub delivery: Delivery,
    /// The machine's last challenge.
    pub client_challenge: Credential,
    /// The stub of the request, in clear.
    pub asked: Vec<u8>,
    /// What was sent before on this connection.
    pub earlier: Vec<Vec<u8>>,
    /// What was answered about logins, on all connections.
    pub earlier_logons: Vec<Vec<u8>>,
    /// The `auth_context_id` of the connection.
    pub auth_context: u32,
}

/// Whether the logon that is asked about has this text in it.
pub fn names(draft: &Draft, text: &str) -> bool {
    let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    draft.asked.windows(units.len()).any(|part| part == units)
}

impl Draft {
    /// Writes something into the body.
    pub fn put(&mut self, at: usize, bytes: &[u8]) {
        self.body[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// The answer becomes a fault, which carries no protection.
    pub fn fault(&mut self, status: u32) {
        self.ptype = FAULT;
        self.body = [status.to_le_bytes(), [self.garbage.unwrap_or_default(); 4]].concat();
        self.sealed = None;
        self.bind_auth.clear();
    }

    /// The bytes; takes the numbers that it needs.
    pub fn encode(&self, seal: Option<&mut Seal>) -> Vec<u8> {
        let mut pdu = match (self.ptype, &self.sealed, seal) {
            (BIND_ACK | BIND_NAK, _, _) => {
                let auth = self.bind_auth.len().saturating_sub(8);
                let length = 16 + self.body.len() + self.bind_auth.len();
                [&self.header(length, auth)[..], &self.body, &self.bind_auth].concat()
            }
            (_, Some(slip), Some(seal)) => {
                (0..self.swallowed).for_each(|_| seal.skip());
                let length = 24 + self.body.len().next_multiple_of(16) + 8 + slip.length;
                let head = self.head(length, slip.length);
                let sealed = seal.close(&head, &self.body, slip, self.garbage.unwrap_or_default());
                [head, sealed].concat()
            }
            (_, _, seal) => {
                if let Some(seal) = seal {
                    (0..self.swallowed).for_each(|_| seal.skip());
                }
                [self.head(24 + self.body.len(), 0), self.body.clone()].concat()
            }
        };
        (self.change)(&mut pdu);
        pdu
    }

    fn head(&self, length: usize, auth: usize) -> Vec<u8> {
        let mut head = Writer::new();
        head.bytes(&self.header(length, auth));
        // alloc_hint; the context; cancel_count and a reserved byte.
        let garbage = self.garbage.unwrap_or_default();
        head.bytes(&[garbage; 4])
            .u16(self.context)
            .bytes(&[garbage; 2]);
        head.into_bytes()
    }

    fn header(&self, length: usize, auth: usize) -> Vec<u8> {
        let mut header = Writer::new();
        header
            .u8(5)
            .u8(0)
            .u8(self.ptype)
            .u8(self.flags)
            .bytes(&self.drep);
        header.u16(length.try_into().unwrap());
        header.u16(auth.try_into().unwrap()).u32(self.call_id);
        header.into_bytes()
    }
}
