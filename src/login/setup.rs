//! The configuration in force: found, loaded, and loaded again after a change.
//!
//! ```text
//! Source   the files and names of the environment and of the credential store
//!   read     the configuration in them
//!     Setup    verifiers, challenge names, certificates and guess limit made from it
//!       load     cached for each source, and checked again once a second
//! ```

mod cache;
mod factory;
mod host;
mod read;
mod source;
mod target;

pub use cache::{load, state_dir};
pub use factory::Setup;
pub use host::{computer_name, host_name};
pub use read::read;
pub use source::Source;

#[cfg(test)]
mod tests;
