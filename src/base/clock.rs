//! The system's clock, as numbers that are sent and stored.

use std::time::{SystemTime, UNIX_EPOCH};

/// The time in seconds since 1970; 0 before it. Wraps in 2106, as the authenticators of NETLOGON do
/// (MS-NRPC 2.2.1.1.5).
pub fn seconds_since_1970() -> u32 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    (since.unwrap_or_default().as_secs() & u64::from(u32::MAX)) as u32
}
