//! What the processes of the host tell each other about the controllers.

use std::time::Instant;

use crate::dc::error::Error;
use crate::dc::failover::Controllers;
use crate::dc::locate::Candidate;
use crate::protocol::rpc::netlogon::sam_logon::Verdict;

impl Controllers {
    /// Takes over what other processes have learnt, once a second at most. A channel to a
    /// controller that failed for another process is not used again, unless there is no other
    /// controller.
    pub(super) fn hear_siblings(&self) {
        let Some(reports) = self.health.news() else {
            return;
        };
        for report in &reports {
            self.learnt.hear_ports(&report.controller, report.ports);
        }
        let failed = reports.iter().filter_map(|report| {
            let age = report.failed()?;
            Some((report.controller.clone(), age))
        });
        let new = self.locator.hear_failed(&failed.collect::<Vec<_>>());
        if self.locator.has_untried() {
            new.iter().for_each(|one| self.pool().forget(one));
        }
    }

    /// Records that the controller answered a login that was sent at `sent`.
    pub(super) fn has_answered(&self, controller: &Candidate, sent: Instant) {
        self.locator.succeeded(controller);
        let ports = self.learnt.ports(controller);
        self.health.served(controller, ports, sent);
    }

    /// Records that the controller could not be reached, or could not answer.
    pub(super) fn has_failed(&self, controller: &Candidate, outcome: &Result<Verdict, Error>) {
        self.locator.failed(controller);
        match outcome {
            // The controller may answer others: the login may have been at fault, or this host.
            Err(error) if error.is_logon_timeout() || error.is_local() => {}
            Err(error) => self.health.failed(controller, error),
            Ok(Verdict::Refused { status, .. }) => self.health.failed(controller, status),
            Ok(Verdict::Validated(_)) => {}
        }
    }
}
