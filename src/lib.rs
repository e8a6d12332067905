//! NTLM for Linux servers, verified by the domain controller.
//!
//! `libgss_ntlmdc.so` is a GSSAPI mechanism. MIT krb5's mechglue loads it into the host process (an
//! Apache child, any GSSAPI server). The crate has seven floors. A module imports from its own
//! floor and from the floors below, never upwards; `tests/layers/rules.rs` has the exact rules.
//!
//! ```text
//! host ─► gss       the C ABI: pointers in, status out; the only `unsafe`
//!           │
//!         login     a login
//!           │         credential   what a server accepts with and a client initiates with
//!           │         context      one side of a login, and the protection of its messages
//!           │         name         names of verified users, and as applications write them
//!           │         accept       one acceptor context: message in, message or identity out
//!           │         initiate     one initiator context: message in, message out
//!           │         setup        the configuration in force: verifiers, names, policy
//!           │         policy       which logins are accepted
//!           │         guess_limit  how many wrong passwords an account may have
//!           │         verify       the verifiers: users | netlogon | directory | relay
//!           │         identity     the names and attributes of a verified user
//!           │         loopback     a login of this process to itself, as for Basic
//!           │         handover     a context, sealed, on its way to another process
//!           │         ntlm_fault   the minor code of each error of `ntlm`
//!           │
//!         relay     logins that clients make at a domain controller, through this host
//!           │
//!         directory LDAP directories: the domain's, or one with NT hashes
//!           │
//!         dc        the domain controllers: located, asked, failed over; channel keys that
//!           │       processes share; the list of domains; group names; the account's password
//!           │
//!         protocol  bytes in, bytes and decisions out; no I/O
//!           │         ntlm         MS-NLMP messages, keys, the two state machines
//!           │         rpc          DCE/RPC, NDR, the secure channel, NETLOGON, LSA
//!           │         smb2, spnego a login over SMB2; SPNEGO around a challenge
//!           │         dns, nbns, cldap  the questions that locate a controller
//!           │         certificate  the channel binding of a certificate
//!           │
//!         base      wire (bytes), crypto (secrets), fault (errors for callers), config, file, net
//!                   (sockets with deadlines), log, process (state that a fork does not inherit),
//!                   counters (what all processes count together),
//!                   sid, distinguished_name, fingerprint (of a certificate),
//!                   name_case (case-insensitive names), typed_name (domain and user of a
//!                   typed name), clock, stopwatch (for the tool), backoff, single_flight (one
//!                   thread works, the others wait)
//! ```
#![deny(unsafe_code)]
// The unit tests do not use the dependencies of tests/.
#![cfg_attr(not(any(test, feature = "cli")), warn(unused_crate_dependencies))]

#[forbid(unsafe_code)]
pub mod base;
#[forbid(unsafe_code)]
pub mod dc;
#[forbid(unsafe_code)]
pub mod directory;
#[allow(unsafe_code)]
pub mod gss;
#[forbid(unsafe_code)]
pub mod login;
#[forbid(unsafe_code)]
pub mod protocol;
#[forbid(unsafe_code)]
pub mod relay;
