//! The files that the configuration names, as the service sees them.

use gss_ntlmdc::base::config::{AccountSecret, Config, Netlogon};
use gss_ntlmdc::dc;

use crate::check::cause::Cause;
use crate::check::finding::{Finding, Subject};

/// Looks at the files. Returns whether the machine account's secret can be used.
pub fn look(config: &Config, findings: &mut Vec<Finding>) -> bool {
    let Some(netlogon) = &config.netlogon else {
        return false;
    };
    secret(netlogon, findings)
}

fn secret(netlogon: &Netlogon, findings: &mut Vec<Finding>) -> bool {
    let (AccountSecret::File(path) | AccountSecret::Keytab(path)) = &netlogon.secret;
    match dc::check_secret(netlogon) {
        Ok(()) => {
            let what = format!("{}: the service alone can read it", path.display());
            findings.push(Finding::good(Subject::Files, what));
            true
        }
        Err(fault) => {
            let cure = "See what is said of the file.";
            findings.push(Cause::SecretUnusable.failure(fault.for_the_log(), cure));
            false
        }
    }
}
