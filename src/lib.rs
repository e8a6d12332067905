//! NTLM for Linux servers, verified by the domain controller.
//!
//! `libgss_ntlmdc.so` is a GSSAPI mechanism that MIT krb5's mechglue loads into the host process (an
//! Apache child, any GSSAPI server). Arrows are calls; what a module may import is held by
//! `tests/layers.rs`:
//!
//! ```text
//! host ─► gss      the C ABI: pointers in, status out; the only `unsafe`
//!          ├─► initiate  one initiator context: nothing or a message in, message out
//!          │     └─► ntlm, and verify for the users file
//!          │
//!        accept    one acceptor context: message in, message or identity out
//!          ├─► setup     the configuration in force: verifiers, names, policy
//!          ├─► ntlm      MS-NLMP messages, keys and the acceptor's states; no I/O
//!          ├─► policy    what is acceptable
//!          ├─► brake     how many wrong passwords an account may have
//!          ├─► verify    who answers for a login: users | netlogon
//!          │     └─► dc        the controllers: found, asked, left for others; keys shared by processes;
//!          │          │          the names of groups, kept for a while
//!          │          ├─► rpc         the secure channel's bytes; no I/O
//!          │          └─► dns, cldap  the questions that find a controller; no I/O
//!          ├─► identity  a verified logon becomes names and attributes
//!          ├─► transfer  what a context says, sealed, on its way into another process
//!          └─► log       one line per decision
//!
//! leaves: wire (bytes), crypto (secrets), fault (what went wrong, told to people), sid, letters (which
//! names are alike), net (sockets with deadlines), file, config, process (state that a fork does not
//! inherit)
//! ```
#![deny(unsafe_code)]

#[forbid(unsafe_code)]
pub mod accept;
#[forbid(unsafe_code)]
pub mod brake;
#[forbid(unsafe_code)]
pub mod cldap;
#[forbid(unsafe_code)]
pub mod config;
#[forbid(unsafe_code)]
pub mod crypto;
#[forbid(unsafe_code)]
pub mod dc;
#[forbid(unsafe_code)]
pub mod dns;
#[forbid(unsafe_code)]
pub mod fault;
#[forbid(unsafe_code)]
pub mod file;
#[allow(unsafe_code)]
pub mod gss;
#[forbid(unsafe_code)]
pub mod identity;
#[forbid(unsafe_code)]
pub mod initiate;
#[forbid(unsafe_code)]
pub mod letters;
#[forbid(unsafe_code)]
pub mod log;
#[forbid(unsafe_code)]
pub mod net;
#[forbid(unsafe_code)]
pub mod ntlm;
#[forbid(unsafe_code)]
pub mod policy;
#[forbid(unsafe_code)]
pub mod process;
#[forbid(unsafe_code)]
pub mod rpc;
#[forbid(unsafe_code)]
pub mod setup;
#[forbid(unsafe_code)]
pub mod sid;
#[forbid(unsafe_code)]
pub mod transfer;
#[forbid(unsafe_code)]
pub mod verify;
#[forbid(unsafe_code)]
pub mod wire;
