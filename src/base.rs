//! What every floor stands on: bytes, secrets, faults, files, sockets, the log. No protocol.

pub mod backoff;
pub mod clock;
pub mod config;
pub mod counters;
pub mod crypto;
pub mod distinguished_name;
pub mod fault;
pub mod file;
pub mod fingerprint;
pub mod log;
pub mod name_case;
pub mod net;
pub mod process;
pub mod sid;
pub mod single_flight;
pub mod stopwatch;
pub mod typed_name;
pub mod wire;
