//! What can be seen on this host.

pub mod apache;
pub mod configuration;
pub mod files;
pub mod mechanism;
mod permissions;
pub mod spnego;
mod state_directory;
pub mod trial;
