//! The protocols: bytes and the time in, bytes and decisions out. No sockets, no clock, no files.

pub mod certificate;
pub mod cldap;
pub mod dns;
pub mod nbns;
pub mod ntlm;
pub mod rpc;
pub mod smb2;
pub mod spnego;
