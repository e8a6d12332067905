//! What a Windows controller does that Samba does not, all at once.

use crate::controller::Lie;
use crate::delivery::Delivery;
use crate::draft::{Draft, FAULT, Step};
use crate::logon::{self, SamInfo};

/// What `LogonServer` may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    Empty,
    Host,
    Null,
}

/// The DNS name of the controller's host.
pub const HOST: &str = "dc1.example.test";

/// More than fit into one fragment.
pub const GROUPS: u32 = 1500;
/// The longest stub of a sealed fragment of 5840 bytes: a multiple of 16.
const FRAGMENT: usize = (5840 - 24 - 8 - 56) / 16 * 16;

const INVALID_COMPUTER_NAME: u32 = 0xC000_0122;
const LOGON_FAILURE: u32 = 0xC000_006D;

/// One kind of controller.
#[derive(Clone, Copy)]
pub struct Profile {
    pub takes: &'static [Name],
    /// A name that it does not take is refused with a fault, not with an answer.
    pub faults: bool,
    /// GetCapabilities has level 2.
    pub knows_level_2: bool,
}

impl Profile {
    pub const WINDOWS: Self = Self {
        takes: &[Name::Empty, Name::Host],
        faults: false,
        knows_level_2: true,
    };

    pub fn honest(self) -> Lie {
        self.lying(|_| {})
    }

    /// The same, which departs from it here.
    pub fn lying(self, lie: impl Fn(&mut Draft) + Send + Sync + 'static) -> Lie {
        Box::new(move |draft| {
            draft.garbage = Some(0xA5 ^ u8::try_from(draft.turn % 64).unwrap());
            match draft.step {
                Step::RequestedFlags if !self.knows_level_2 => draft.fault(0x1C00_0006),
                Step::Logon => self.logon(draft),
                _ => {}
            }
            lie(draft);
            fill(draft);
        })
    }

    fn logon(self, draft: &mut Draft) {
        let is_alice = draft.body.len() > 100;
        if !self.takes.contains(&asked_name(&draft.asked)) {
            match self.faults {
                true => draft.fault(INVALID_COMPUTER_NAME),
                false => draft.body = logon::refused(INVALID_COMPUTER_NAME, true),
            }
        } else if !names_are_ours(&draft.asked) {
            draft.body = logon::refused(LOGON_FAILURE, true);
        } else if is_alice {
            let info = SamInfo {
                dns_domain: "example.test",
                groups: GROUPS,
                session_key: logon::session_key(&draft.asked, "whatever").unwrap(),
                ..SamInfo::alice()
            };
            draft.body = info.validated();
            draft.delivery = Delivery::Pieces(FRAGMENT);
        }
    }
}

/// What the machine called the controller; a name that is not the controller's own ends the test.
fn asked_name(stub: &[u8]) -> Name {
    let word = |at: usize| u32::from_le_bytes(stub[at..at + 4].try_into().unwrap());
    if word(0) == 0 {
        return Name::Null;
    }
    let length = usize::try_from(word(12)).unwrap();
    let units: Vec<u16> = stub[16..16 + 2 * length]
        .chunks(2)
        .map(|unit| u16::from_le_bytes([unit[0], unit[1]]))
        .collect();
    match String::from_utf16(&units).unwrap().as_str() {
        "\0" => Name::Empty,
        name => {
            assert_eq!(name, format!("\\\\{HOST}\0"));
            Name::Host
        }
    }
}

/// Whether the NTLMv2 response carries the names of the secure channel (MS-NRPC 3.5.4.5.1).
fn names_are_ours(stub: &[u8]) -> bool {
    let pair = |id: u8, value: &str| {
        let value: Vec<u8> = value.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let length = u8::try_from(value.len()).unwrap();
        [&[id, 0, length, 0], &value[..]].concat()
    };
    [pair(2, "EXAMPLE"), pair(1, "WEB1-NTLM")]
        .iter()
        .all(|pair| stub.windows(pair.len()).any(|bytes| bytes == pair))
}

/// Puts garbage into what is reserved or padding in the body.
fn fill(draft: &mut Draft) {
    let garbage = draft.garbage.unwrap();
    let length = draft.body.len();
    if draft.ptype == FAULT {
        return;
    }
    match draft.step {
        // assoc_group_id, the padding after sec_addr, the reserved bytes before the result.
        Step::Bind | Step::SealedBind | Step::NamesBind if length == 44 => {
            for at in [4, 5, 14, 15, 17, 18, 19] {
                draft.body[at] = garbage;
            }
        }
        Step::Logon if length >= 20 => {
            // After the level; after Authoritative, and ExtraFlags.
            draft.body[2..4].fill(garbage);
            draft.body[length - 11..length - 4].fill(garbage);
            if length > 400 {
                // The referent; after the five letters of alice.
                draft.body[4..8].fill(garbage);
                let after = logon::at::NAME_COUNTS + 12 + 10;
                draft.body[after..after + 2].fill(garbage);
            }
        }
        _ => {}
    }
}
