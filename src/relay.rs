//! The client logs in to a domain controller through us: its messages go there as they are.
//!
//! A host without a machine account can verify logins in no other way. What it costs: the session
//! key stays unknown, so there is no check of the message integrity code and no protection of
//! messages; and each login under way has a connection, from the client's first message to its
//! last.
//!
//! ```text
//! begin(NEGOTIATE) ── a place is free, a controller answers ──► Handshake, CHALLENGE
//!   │ no place, or no controller: Error
//! Handshake ── finish(AUTHENTICATE) ──► Verdict: Accepted, Refused
//!   │ dropped, evicted, timed out: the connection is closed; `finish` says so
//! ```
//!
//! | module | what it does |
//! |---|---|
//! | `handshake` | asks one controller after the other, until one gives a challenge |
//! | `places` | how many handshakes there are; which of them gives way |
//! | `connection`, `terms` | one connection, over SMB2 or LDAP; what it is given |
//! | `smb2`, `ldap` | the two protocols |
//! | `known_trust` | which certificates controllers may have |
//! | `verdict`, `logon_error` | what became of a login; the error codes of LDAP |
//! | `policy` | which policy of the controller is in the way, and what to do |
//! | `error`, `failure` | why there is no verdict; the code of each outcome |

mod connection;
mod error;
mod failure;
mod handshake;
mod known_trust;
mod ldap;
mod logon_error;
mod places;
mod policy;
mod smb2;
mod terms;
mod verdict;

pub use error::{Cause, Error};
pub use handshake::{Handshake, Relay};
pub use policy::Policy;
pub use verdict::{Accepted, Reason, Refusal, Verdict};
