//! The C ABI: what MIT krb5's mechglue looks up in the plugin, and nothing else.
//!
//! The only module with `unsafe`. A parameter of an export is one of the pointer types of [`abi`],
//! whose values only a C caller can make; they read and write what he points to, so that all the
//! rest here is safe code. Each export is made by one macro, [`entry`]'s `export!`: it sets the
//! minor status, turns a [`Fault`](crate::base::fault::Fault) into a status, and lets no panic out.
//!
//! Two rules of the house:
//!
//! - An export is never called, nor its address taken, from Rust: the host holds a libgssapi with
//!   functions of the same names, and the dynamic linker might bind to those.
//! - libgssapi is neither linked nor called. The host may unload it and load it again while we stay.
//!
//! What is not built is not exported: the mechglue then answers `GSS_S_UNAVAILABLE` itself.
//!
//! - [`abi`] — the types of gssapi.h, and pointers to them
//! - [`entry`] — the panic boundary
//! - [`memory`] — buffers and sets that the caller frees
//! - [`oid`] — object identifiers, and which of them are ours
//! - [`last_fault`], [`status`] — what a minor status means, `gss_display_status`
//! - [`name`], [`attribute`] — names, and what is known of them
//! - [`cred`] — credentials: where the configuration comes from, who initiates
//! - [`context`] — `gss_accept_sec_context` and what it makes
//! - [`flags`] — what a context is asked for, and grants
//! - [`initiate`] — `gss_init_sec_context`
//! - [`message`], [`message_iov`] — messages after the login, in one buffer and in pieces
//! - [`option`] — what is asked of a context by object identifier
//! - [`transfer`] — contexts in other processes
//! - [`mech`] — what the mechanism says of itself

pub mod abi;
pub mod attribute;
pub mod context;
pub mod cred;
pub mod entry;
pub mod flags;
pub mod initiate;
pub mod last_fault;
pub mod mech;
pub mod memory;
pub mod message;
pub mod message_iov;
pub mod name;
pub mod oid;
pub mod option;
pub mod status;
pub mod transfer;
