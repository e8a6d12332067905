//! DNS messages: the encoded question, and the decoded reply (RFC 1035, RFC 2782, RFC 6891).
//!
//! No sockets here. A reply is accepted only if it repeats the random id and the question.

use std::net::IpAddr;

use domain::base::iana::{Class, Opcode, Rcode};
use domain::base::name::ToName;
use domain::base::{Message, MessageBuilder, Name, ParsedName, ParsedRecord, Rtype};
use domain::rdata::{A, Aaaa, Cname, Srv};

/// The longest reply over UDP that is asked for, in bytes: it is not fragmented on the way.
pub const UDP_SIZE: u16 = 1232;
/// The most records of a reply that are read.
const MAX_RECORDS: usize = 1024;
/// The longest chain of aliases.
const MAX_ALIASES: usize = 8;

/// The kind of a question about a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The hosts of a service: SRV.
    Service,
    /// The IPv4 addresses of a host: A.
    V4,
    /// The IPv6 addresses of a host: AAAA.
    V6,
}

/// One host of a service (RFC 2782).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Lower comes first.
    pub priority: u16,
    /// The share among those of the same priority.
    pub weight: u16,
    /// The port of the service.
    pub port: u16,
    /// The host's name, lower case, without the last dot.
    pub target: String,
}

/// The answer in a reply. Empty if the name does not exist or has no records of that kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// For [`Kind::Service`].
    pub services: Vec<Service>,
    /// For [`Kind::V4`] and [`Kind::V6`]: addresses of the name.
    pub addresses: Vec<IpAddr>,
    /// Addresses of a service's hosts, if the server sends them with the answer.
    pub hosts: Vec<(String, IpAddr)>,
}

/// A message that is a reply to our question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The question is answered.
    Answer(Answer),
    /// The answer is too long for UDP: ask over TCP.
    Truncated,
    /// FORMERR or NOTIMP: the server may not support OPT records. Ask without (RFC 6891 6.2.2, 7).
    NotUnderstood(String),
    /// The server cannot or will not answer; another may. The reason.
    Refused(String),
}

/// A text is not a DNS name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a DNS name")]
pub struct NotAName(String);

/// The message is not a valid reply to the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoReply {
    /// Not a reply to this question, possibly forged: the reply may still come.
    #[error("not a reply to the question")]
    Foreign,
    /// The message repeats the question and is malformed.
    #[error("malformed reply")]
    Malformed,
}

impl From<domain::base::wire::ParseError> for NoReply {
    fn from(_: domain::base::wire::ParseError) -> Self {
        Self::Malformed
    }
}

/// A question that was asked.
#[derive(Clone, Debug)]
pub struct Question {
    id: u16,
    name: Name<Vec<u8>>,
    kind: Rtype,
}

impl Question {
    /// Asks for `kind` of the fully qualified `name`. `id` is random.
    ///
    /// # Errors
    /// [`NotAName`].
    pub fn new(id: u16, name: &str, kind: Kind) -> Result<Self, NotAName> {
        Ok(Self {
            id,
            name: name.parse().map_err(|_| NotAName(name.to_owned()))?,
            kind: match kind {
                Kind::Service => Rtype::SRV,
                Kind::V4 => Rtype::A,
                Kind::V6 => Rtype::AAAA,
            },
        })
    }

    /// The message to send, with an OPT record (RFC 6891 6.1). Over TCP it is preceded by its
    /// length, 16 bits, big endian (RFC 1035 4.2.2).
    ///
    /// # Errors
    /// None: a valid name fits.
    pub fn message(&self) -> Result<Vec<u8>, NotAName> {
        self.encode(true)
    }

    /// The message without the OPT record: answers longer than 512 bytes then need TCP.
    ///
    /// # Errors
    /// As [`Question::message`].
    pub fn message_without_opt(&self) -> Result<Vec<u8>, NotAName> {
        self.encode(false)
    }

    fn encode(&self, with_opt: bool) -> Result<Vec<u8>, NotAName> {
        let too_long = || NotAName(self.name.to_string());
        let mut message = MessageBuilder::new_vec();
        message.header_mut().set_id(self.id);
        message.header_mut().set_rd(true);
        let mut message = message.question();
        message
            .push((&self.name, self.kind))
            .map_err(|_| too_long())?;
        if !with_opt {
            return Ok(message.finish());
        }
        let mut message = message.additional();
        message
            .opt(|opt| {
                opt.set_udp_payload_size(UDP_SIZE);
                Ok(())
            })
            .map_err(|_| too_long())?;
        Ok(message.finish())
    }

    /// Reads a message that arrived.
    ///
    /// # Errors
    /// [`NoReply`].
    pub fn reply(&self, bytes: &[u8]) -> Result<Reply, NoReply> {
        let message = Message::from_slice(bytes).map_err(|_| NoReply::Foreign)?;
        if !self.is_repeated_by(message) {
            return Err(NoReply::Foreign);
        }
        if message.header().tc() {
            return Ok(Reply::Truncated);
        }
        match message.header().rcode() {
            Rcode::NOERROR => self.answer(message).map(Reply::Answer),
            Rcode::NXDOMAIN => Ok(Reply::Answer(Answer::default())),
            rcode @ (Rcode::FORMERR | Rcode::NOTIMP) => Ok(Reply::NotUnderstood(rcode.to_string())),
            rcode => Ok(Reply::Refused(rcode.to_string())),
        }
    }

    fn is_repeated_by(&self, message: &Message<[u8]>) -> bool {
        let header = message.header();
        let is_reply = header.id() == self.id && header.qr() && header.opcode() == Opcode::QUERY;
        // A server does not always repeat a question that it cannot parse.
        let is_bare = message.header_counts().qdcount() == 0
            && matches!(header.rcode(), Rcode::FORMERR | Rcode::NOTIMP);
        is_reply && (is_bare || self.is_question_of(message))
    }

    fn is_question_of(&self, message: &Message<[u8]>) -> bool {
        message.sole_question().is_ok_and(|question| {
            question.qtype() == self.kind
                && question.qclass() == Class::IN
                && question.qname().name_eq(&self.name)
        })
    }

    fn answer(&self, message: &Message<[u8]>) -> Result<Answer, NoReply> {
        let mut answer = Answer::default();
        let owner = self.owner(message)?;
        for record in message.answer()?.take(MAX_RECORDS) {
            let record = record?;
            if !record.owner().name_eq(&owner) || record.rtype() != self.kind {
                continue;
            }
            match record.rtype() {
                Rtype::SRV => answer.services.extend(service(&record)?),
                _ => answer.addresses.extend(address(&record)?),
            }
        }
        if self.kind == Rtype::SRV {
            for record in message.additional()?.take(MAX_RECORDS) {
                let record = record?;
                let address = address(&record)?;
                let host = address.map(|address| (text(&record.owner()), address));
                answer.hosts.extend(host);
            }
        }
        Ok(answer)
    }

    /// The name whose records are the answer: the asked one, or the end of its chain of aliases.
    fn owner(&self, message: &Message<[u8]>) -> Result<Name<Vec<u8>>, NoReply> {
        let mut owner = self.name.clone();
        for _ in 0..MAX_ALIASES {
            let aliases = message.answer()?.limit_to_in::<Cname<ParsedName<_>>>();
            let mut next = None;
            for alias in aliases.take(MAX_RECORDS) {
                let alias = alias?;
                if alias.owner().name_eq(&owner) {
                    next = Some(alias.data().cname().to_name::<Vec<u8>>());
                    break;
                }
            }
            match next {
                Some(name) => owner = name,
                None => return Ok(owner),
            }
        }
        Err(NoReply::Malformed)
    }
}

/// `None` if the target is the root: "decidedly not available" (RFC 2782).
fn service(record: &ParsedRecord<'_, [u8]>) -> Result<Option<Service>, NoReply> {
    let Some(record) = record.to_record::<Srv<_>>()? else {
        return Ok(None);
    };
    let data = record.data();
    let target = text(data.target());
    Ok(
        (record.class() == Class::IN && !target.is_empty()).then(|| Service {
            priority: data.priority(),
            weight: data.weight(),
            port: data.port(),
            target,
        }),
    )
}

fn address(record: &ParsedRecord<'_, [u8]>) -> Result<Option<IpAddr>, NoReply> {
    if record.class() != Class::IN {
        return Ok(None);
    }
    Ok(match record.rtype() {
        Rtype::A => record.to_record::<A>()?.map(|a| a.data().addr().into()),
        Rtype::AAAA => record.to_record::<Aaaa>()?.map(|a| a.data().addr().into()),
        _ => None,
    })
}

/// The name for comparison: lower case, without the last dot.
fn text(name: &impl ToName) -> String {
    let name = name.to_cow().to_string().to_ascii_lowercase();
    name.strip_suffix('.').unwrap_or(&name).to_owned()
}

#[cfg(test)]
mod tests;
