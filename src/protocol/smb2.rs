//! SMB2, as far as it takes to log in (MS-SMB2). No sockets here.
//!
//! ```text
//! NEGOTIATE is sent       Negotiating ── reply ──► Negotiated
//! SESSION_SETUP, Type 1   FirstSetup ─── reply ──► HalfSetUp
//! SESSION_SETUP, Type 3   LastSetup ──── reply ──► SetupOutcome: a Session, or why there is none
//! TREE_CONNECT            ConnectingTree ─ reply ─► TreeOutcome
//! LOGOFF                  whose reply is not waited for
//! ```
//!
//! Messages are framed for TCP. A reply that breaks the protocol ends the conversation. Nothing is
//! signed: the session key is the client's and the controller's, and unknown here. So signatures of
//! replies are not checked, and nothing in a reply is authentic.

mod error;
mod frame;
mod header;
mod replies;
mod requests;
mod session;
#[cfg(test)]
mod tests;

pub use error::Smb2Error;
pub use frame::{MAX_MESSAGE, length};
pub use requests::{Dialect, Smb2Random};
pub use session::{
    ConnectingTree, FirstSetup, HalfSetUp, LastSetup, Negotiated, Negotiating, Session,
    SetupOutcome, TreeOutcome,
};

/// The port of SMB2 over TCP (MS-SMB2 2.1).
pub const PORT: u16 = 445;
