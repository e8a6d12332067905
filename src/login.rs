//! A login: the two sides of the handshake, the verifiers, and the policy.

pub mod accept;
pub mod context;
pub mod credential;
#[cfg(test)]
mod fixture;
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
