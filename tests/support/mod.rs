//! What the tests against a domain controller need.

pub mod client;
pub mod dc;
pub mod relay;
