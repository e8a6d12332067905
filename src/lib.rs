//! NTLM for Linux servers, verified by the domain controller.
//!
//! `libgss_ntlmdc.so` is a GSSAPI mechanism that MIT krb5's mechglue loads into the host process (an
//! Apache child, any GSSAPI server). The crate has five floors. A module imports from its own floor and
//! from the floors below, never upwards; `tests/layers/rules.rs` holds the exact rules:
//!
//! ```text
//! host ─► gss       the C ABI: pointers in, status out; the only `unsafe`, and no protocol
//!           │
//!         login     what a login is
//!           │         credential   what a server accepts with and a client initiates with
//!           │         context      one side of a login, and then what protects its messages
//!           │         name         who logged in, and what an application calls a user or a service
//!           │         accept       one acceptor context: message in, message or identity out
//!           │         initiate     one initiator context
//!           │         setup        the configuration in force: verifiers, names, policy
//!           │         policy       which logins are acceptable
//!           │         guess_limit  how many wrong passwords an account may have
//!           │         verify       the verifiers: users | netlogon
//!           │         identity     a verified logon becomes names and attributes
//!           │         loopback     a login of this process to itself, as for Basic
//!           │         ntlm_fault   the minor code of each error of NTLM
//!           │         handover     a context, sealed, on its way into another process
//!           │
//!         dc        the domain controllers: located, asked, failed over; channel keys shared by
//!           │       processes; the list of domains; group names
//!           │
//!         protocol  bytes in, bytes and decisions out; no I/O
//!           │         ntlm         MS-NLMP messages, keys, the two state machines
//!           │         rpc          DCE/RPC, NDR, the secure channel, NETLOGON, LSA
//!           │         dns, cldap   the questions that find a controller
//!           │
//!         base      wire (bytes), crypto (secrets), fault (errors told to people), config, file, net
//!                   (sockets with deadlines), log, process (state that a fork does not inherit), sid,
//!                   name_case (which names are equal), typed_name (where a user says to be from)
//! ```
#![deny(unsafe_code)]

#[forbid(unsafe_code)]
pub mod base;
#[forbid(unsafe_code)]
pub mod dc;
#[allow(unsafe_code)]
pub mod gss;
#[forbid(unsafe_code)]
pub mod login;
#[forbid(unsafe_code)]
pub mod protocol;
