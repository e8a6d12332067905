//! The C ABI: the functions that MIT krb5's mechglue looks up in the plugin, and nothing else.
//!
//! The only module with `unsafe`. Each parameter of an export has one of the pointer types of
//! [`abi`], whose values only a C caller can make. They encapsulate reads and writes through the
//! caller's pointers, so that the other modules are safe code. One macro, [`entry`]'s `export!`,
//! defines each export: it sets the minor status, converts a
//! [`Fault`](crate::base::fault::Fault) to a status, and catches panics.
//!
//! Two rules:
//!
//! - Rust code never calls an export or takes its address: the host has loaded a libgssapi with
//!   functions of the same names, and the dynamic linker could bind to those.
//! - libgssapi is neither linked nor called, but by the tool. The host may unload and reload it
//!   while this library stays mapped.
//!
//! A function that is not implemented is not exported: the mechglue then returns
//! `GSS_S_UNAVAILABLE`.
//!
//! - [`abi`] — the types of gssapi.h, and pointers to them
//! - [`entry`] — the panic boundary
//! - [`memory`] — buffers and sets that the caller frees
//! - [`oid`] — object identifiers, and the statics that are handed out
//! - [`last_fault`], [`status`] — the text of a minor status, `gss_display_status`
//! - [`name`], [`attribute`] — names and their attributes
//! - [`cred`] — credentials, the source of the configuration, the initiating user
//! - [`context`] — `gss_accept_sec_context` and the calls on a context
//! - [`flags`] — the flags that a context is asked for and grants
//! - `host_library`, `host_acceptor`, `host_ticket_cache`, `host_ticket`, `host_initiator` —
//!   libgssapi itself, in the tool
//! - [`initiate`] — `gss_init_sec_context`
//! - [`mapping`] — the file of counters, mapped
//! - [`message`], [`message_iov`] — messages after the login, in one buffer and in pieces
//! - [`option`] — options of a context, by object identifier
//! - [`transfer`] — contexts exported to other processes
//! - [`mech`] — the properties of the mechanism

pub mod abi;
pub mod attribute;
pub mod context;
pub mod cred;
pub mod entry;
pub mod flags;
#[cfg(feature = "cli")]
pub mod host_acceptor;
#[cfg(feature = "cli")]
pub mod host_initiator;
#[cfg(feature = "cli")]
mod host_library;
#[cfg(feature = "cli")]
pub mod host_ticket;
#[cfg(feature = "cli")]
pub mod host_ticket_cache;
pub mod initiate;
pub mod last_fault;
pub mod mapping;
pub mod mech;
pub mod memory;
pub mod message;
pub mod message_iov;
pub mod name;
pub mod oid;
pub mod option;
pub mod status;
pub mod transfer;
