//! LDAP directories: one connection, and what it is asked.
//!
//! Blocking calls, each with a deadline. A connection is protected in one of three ways, or not at
//! all: sealed by NTLM or Kerberos on port 389, by TLS from its first byte (LDAPS), or by TLS after
//! StartTLS.
//!
//! ```text
//! connect ─► Client ─[StartTLS]─► bind ─► search, add, modify, delete
//!   client     one connection, one question at a time
//!     ├─► transport   bytes over TCP or TLS
//!     ├─► tls         which certificate is accepted
//!     ├─► sasl        messages sealed by NTLM or Kerberos (no I/O)
//!     ├─► security_context   Kerberos, which another module has
//!     └─► message     LDAP messages, with limits (no I/O)
//!   entry     entries and changes
//!   servers   bound connections to servers of one content, for verifiers
//!   groups    the groups of a user (no I/O of its own)
//!   domain_groups   the groups of a user of Active Directory
//!   error     why a question has no answer; `distrust`: why a certificate is not accepted
//! ```
//!
//! Referrals are refused: no other host is asked than the one that was connected to.

mod client;
mod distrust;
pub mod domain_groups;
mod entry;
mod error;
pub mod groups;
#[cfg(test)]
pub(crate) mod imitation;
mod message;
mod sasl;
mod security_context;
pub mod servers;
mod tls;
mod transport;

pub use crate::base::fingerprint::Fingerprint;
#[cfg(feature = "fuzzing")]
pub use message::entries_of;
#[cfg(feature = "fuzzing")]
pub use sasl::pieces_of;

pub use client::{Account, Client, Found, Protection, Server};
pub use distrust::Distrust;
pub use entry::{Attribute, Change, Entry, Filter, MAX_ENTRIES, Scope, Search};
pub use error::{Error, Operation, Refusal};
pub use ldap3_proto::proto::LdapResultCode as ResultCode;
pub use rustls::pki_types::CertificateDer;
pub use security_context::{ContextError, ContextStep, SecurityContext};
pub use tls::{Authorities, Trust};
pub use transport::Transport;
