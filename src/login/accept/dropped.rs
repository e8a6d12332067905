//! Detects a login that the caller drops although the mechanism accepted it.
//!
//! SPNEGO runs between the server and the mechanism. It may refuse a login that the mechanism
//! accepted, and then deletes the context at once. The mechglue displays every name that a
//! mechanism returns, so such a name was asked for once. A server that accepts the login asks for
//! the name again.

use std::time::{Duration, Instant};

use crate::base::config::LogTarget;
use crate::base::log::{self, Quoted, Severity};
use crate::login::identity::Identity;

/// SPNEGO deletes the context in the same call. A server takes longer to serve a request.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Made when the mechanism accepts a login.
#[derive(Debug)]
pub(super) struct DropDetector {
    log: LogTarget,
    accepted: Instant,
}

impl DropDetector {
    pub(super) fn start(log: LogTarget) -> Self {
        Self {
            log,
            accepted: Instant::now(),
        }
    }

    /// Call this when the caller deletes the context. Logs a login that was dropped.
    pub(super) fn deleted(&self, identity: &Identity) {
        if !is_dropped(identity.times_asked(), self.accepted.elapsed()) {
            return;
        }
        log::write(
            self.log,
            Severity::Warning,
            format_args!(
                "dropped {}: the caller deleted the context at once and did not ask who logged in; \
                 if it refused the login, the cause may be SPNEGO, which takes no mechListMIC in \
                 MIT krb5 1.21.0 to 1.22.1: see docs/negotiate.md",
                Quoted(identity.display())
            ),
        );
    }
}

fn is_dropped(times_asked: u32, age: Duration) -> bool {
    times_asked <= 1 && age < AT_ONCE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_dropped_if_only_the_mechglue_displayed_its_name() {
        let at_once = Duration::from_millis(1);
        assert!(is_dropped(0, at_once) && is_dropped(1, at_once));
        assert!(!is_dropped(2, at_once));
        assert!(!is_dropped(1, AT_ONCE));
    }
}
