//! The domain controllers: find one, open a secure channel to it, keep it, and ask over it.
//!
//! | module | what it does |
//! |---|---|
//! | [`failover`] | asks controllers about a login, one after the other, until one has answered |
//! | `pool`, `claim` | the channels of this process; the share of them that a login may use |
//! | `host_limit` | how many logons the processes of this host have under way |
//! | `channel`, `opening` | opens a secure channel; the arguments for that |
//! | `connection`, `port` | one RPC connection; the port that serves an interface |
//! | `locate` | finds and ranks the controllers |
//! | `learnt`, `logon_server` | ports and server names that each controller accepted |
//! | `shared_key` | the session key that the processes of this host share |
//! | [`shared_state`] | what an administrator may know of it |
//! | `secret`, [`secret_file`], `keytab`, `nt_hashes` | the machine account's secret |
//! | [`rotation`] | gives the account a new password |
//! | `error`, `failure` | why there is no verdict; the one table of what an outcome leads to |
//! | `health` | which controllers failed, as the processes of this host tell each other |
//! | [`group_names`] | looks up and caches the names of groups |
//! | [`probe`] | looks at DNS and at each controller, for an administrator |
//! | [`domains`], [`own_name`] | the list of trusted domains; the NetBIOS name of our own domain |

mod channel;
mod claim;
mod connection;
pub mod domains;
mod error;
pub mod failover;
mod failure;
pub mod group_names;
mod health;
mod host_limit;
mod keytab;
mod learnt;
pub(crate) mod locate;
mod logon_server;
mod nt_hashes;
mod opening;
pub mod own_name;
mod pool;
mod port;
pub mod probe;
pub mod rotation;
mod secret;
pub mod secret_file;
mod shared_key;
pub mod shared_state;

pub(crate) use error::Error;
pub use failure::minor_of_logon_status;
pub(crate) use failure::{About, meaning};
#[cfg(feature = "fuzzing")]
pub use health::reencoded_health;
#[cfg(feature = "fuzzing")]
pub use keytab::keytab_keys;
pub use locate::addresses_of_host;
#[cfg(feature = "fuzzing")]
pub use locate::reencoded_controller;
pub use secret::{check as check_secret, machine_nt_hashes};
#[cfg(feature = "fuzzing")]
pub use shared_key::{reencoded_shared_key, shared_key};
