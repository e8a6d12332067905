//! What can be seen on this host.

pub mod configuration;
pub mod files;
