//! What a login is: the two sides of the handshake, who verifies it, and what may be let in.

pub mod accept;
pub mod context;
pub mod credential;
pub mod guess_limit;
pub mod handover;
pub mod identity;
pub mod initiate;
pub mod loopback;
pub mod name;
mod ntlm_fault;
pub mod policy;
pub mod setup;
pub mod verify;
