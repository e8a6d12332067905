//! A login that the caller drops although the mechanism accepted it.
//!
//! SPNEGO stands between the server and the mechanism, and may refuse what the mechanism accepted.
//! It then deletes the context at once. The user's name was displayed once: by the mechglue, which
//! does so for every name that a mechanism gives. A server that lets a user in asks for it again.

use std::time::{Duration, Instant};

use crate::base::config::LogTarget;
use crate::base::log::{self, Quoted, Severity};
use crate::login::identity::Identity;

/// SPNEGO deletes the context in the same call; a server takes longer to serve a request.
const AT_ONCE: Duration = Duration::from_secs(1);

/// When the mechanism accepted a login, and where the log is.
#[derive(Debug)]
pub(super) struct Acceptance {
    log: LogTarget,
    at: Instant,
}

impl Acceptance {
    pub(super) fn now(log: LogTarget) -> Self {
        Self {
            log,
            at: Instant::now(),
        }
    }

    /// The caller deletes the context of this login. Says so in the log if it was dropped.
    pub(super) fn deleted(&self, identity: &Identity) {
        if !is_dropped(identity.times_asked(), self.at.elapsed()) {
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

fn is_dropped(times_asked: u32, lasted: Duration) -> bool {
    times_asked <= 1 && lasted < AT_ONCE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_dropped_if_its_name_was_displayed_by_the_mechglue_only() {
        let at_once = Duration::from_millis(1);
        assert!(is_dropped(0, at_once) && is_dropped(1, at_once));
        assert!(!is_dropped(2, at_once));
        assert!(!is_dropped(1, AT_ONCE));
    }
}
