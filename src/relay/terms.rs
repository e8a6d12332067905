//! What a login is given: the controller, the configuration, and the time.

use std::net::{IpAddr, SocketAddr};

use crate::base::config::{self, RelayTransport, Share};
use crate::base::name_case::alike;
use crate::base::net::Deadline;
use crate::dc::locate::Candidate;
use crate::relay::known_trust::KnownTrust;

/// A controller that is asked.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pub(super) address: IpAddr,
    pub(super) port: Option<u16>,
    /// Its name in `controllers` or in DNS, else its address.
    pub(super) name: String,
}

impl Server {
    pub(super) fn new(candidate: &Candidate) -> Self {
        let named = candidate.dns_name.as_deref();
        Self {
            address: candidate.address,
            port: candidate.port,
            name: named.map_or_else(|| candidate.address.to_string(), str::to_owned),
        }
    }

    /// Whether its name is below the domain's.
    pub(super) fn is_in(&self, domain: &str) -> bool {
        let before = self.name.len().checked_sub(domain.len());
        let (host, end) = match before.and_then(|at| self.name.split_at_checked(at)) {
            Some(parts) => parts,
            None => return false,
        };
        host.len() > 1 && host.ends_with('.') && alike(end, domain)
    }

    pub(super) fn socket(&self, port: u16) -> SocketAddr {
        SocketAddr::new(self.address, self.port.unwrap_or(port))
    }
}

/// The configuration, and how long a step may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms<'a> {
    pub(super) config: &'a config::Relay,
    pub(super) trust: &'a KnownTrust,
    /// For all steps.
    pub(super) deadline: Deadline,
}

impl Terms<'_> {
    pub(super) fn for_connection(self) -> Deadline {
        self.deadline.or_after(self.config.connect_timeout)
    }

    pub(super) fn for_call(self) -> Deadline {
        self.deadline.or_after(self.config.call_timeout)
    }

    pub(super) fn share(&self) -> Option<&Share> {
        match &self.config.transport {
            RelayTransport::Smb2 { share } => share.as_ref(),
            RelayTransport::Ldap(_) => None,
        }
    }
}
