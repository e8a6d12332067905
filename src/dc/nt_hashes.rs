//! What a machine account's secret is to NETLOGON: the NT hash of its password.

use crate::base::crypto::Key;

/// The NT hashes that the account's password may have.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NtHashes {
    pub(super) newest: Key,
    /// The one before it, if a controller may not have heard of the change yet.
    pub(super) before: Option<Key>,
}

impl NtHashes {
    /// The likeliest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Key> {
        [Some(&self.newest), self.before.as_ref()]
            .into_iter()
            .flatten()
    }
}
