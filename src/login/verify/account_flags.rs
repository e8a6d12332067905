//! The flags of accounts, as smbpasswd(5), `sambaAcctFlags` and Samba's tools write them.

/// The state of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Normal,
    Disabled,
    /// Locked by an administrator, or after wrong passwords.
    Locked,
    /// An account of a computer or a trust.
    Trust,
    /// There is an unknown flag.
    Unclear,
}

/// What the flags say, without the brackets around them. These do not matter for logins: `U`, a
/// user; `X`, a password that does not expire; `H`, `T` and `M`.
pub(super) fn standing(flags: &str) -> Standing {
    const KNOWN: &str = "UXHTMNDLWSI ";
    if !flags.chars().all(|flag| KNOWN.contains(flag)) {
        Standing::Unclear
    } else if flags.contains('D') {
        Standing::Disabled
    } else if flags.contains('L') {
        Standing::Locked
    } else if flags.contains(['W', 'S', 'I']) {
        Standing::Trust
    } else {
        Standing::Normal
    }
}

/// Whether no password is right. `N` (no password required) closes the account: without a password
/// nothing is proven.
pub(super) fn closes(flags: &str) -> bool {
    standing(flags) == Standing::Unclear || flags.contains('N')
}
