//! The machine account's secret as NETLOGON uses it: the NT hash of its password.

use crate::base::crypto::Key;

/// How long the hash before the newest is used, in seconds: by then the change has come to every
/// controller. An old secret must not be used longer than that.
pub(super) const OVERLAP: u32 = 24 * 60 * 60;

/// The NT hashes that the account's password may have.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NtHashes {
    pub(super) newest: Key,
    /// The hash before it, if the change may not have come to every controller yet.
    pub(super) before: Option<Key>,
}

impl NtHashes {
    /// Newest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Key> {
        [Some(&self.newest), self.before.as_ref()]
            .into_iter()
            .flatten()
    }
}
