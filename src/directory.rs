//! The directory of a domain, asked by LDAP: what the tool needs to join a host.
//!
//! Blocking calls, each with a deadline. A connection is protected in one of three ways: sealed by
//! NTLM on port 389, by TLS from its first byte (LDAPS), or by TLS after StartTLS.
//!
//! ```text
//! connect ─► Client ─[StartTLS]─► bind ─► search, add, modify, delete
//!   client     one connection, one question at a time
//!     ├─► transport   bytes over TCP or TLS
//!     ├─► tls         which certificate is accepted; fingerprint: how one is named
//!     ├─► sasl        messages sealed by NTLM (no I/O)
//!     └─► message     LDAP messages, with limits (no I/O)
//!   entry     entries and changes
//!   error     why a question has no answer
//! ```
//!
//! Referrals are refused: no other host is asked than the one that was connected to.

mod client;
mod entry;
mod error;
mod fingerprint;
mod message;
mod sasl;
mod tls;
mod transport;

pub use client::{Account, Client, Protection, Server};
pub use entry::{Attribute, Change, Entry, Filter, Scope, Search};
pub use error::{Error, Operation, Refusal};
pub use fingerprint::Fingerprint;
pub use ldap3_proto::proto::LdapResultCode as ResultCode;
pub use rustls::pki_types::CertificateDer;
pub use tls::Trust;
pub use transport::Transport;
