//! What the tests against a domain controller need.

#![allow(dead_code, reason = "no test program needs all of it")]

pub mod client;
pub mod dc;
pub mod relay;
