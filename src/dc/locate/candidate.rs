//! A controller that may be asked.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::protocol::cldap::Identity;

/// A controller that may be asked. Two are equal if address and port are.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    /// Where it is.
    pub(crate) address: IpAddr,
    /// The port of its netlogon service; if absent, its endpoint mapper is asked.
    pub(crate) port: Option<u16>,
    /// What it said of itself in the search, if it answered. Not proven. See
    /// [`Locator::identify`](super::Locator::identify).
    pub(crate) identity: Option<Arc<Identity>>,
    /// Its DNS name in `controllers` or in DNS; none if it is written as an address.
    pub(crate) dns_name: Option<Arc<str>>,
}

impl Candidate {
    /// A candidate of which nothing else is known.
    pub(crate) fn new(address: IpAddr, port: Option<u16>) -> Self {
        Self {
            address,
            port,
            identity: None,
            dns_name: None,
        }
    }

    fn key(&self) -> (IpAddr, Option<u16>) {
        (self.address, self.port)
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Candidate {}

impl Hash for Candidate {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            None => self.address.fmt(formatter),
            Some(port) => SocketAddr::new(self.address, port).fmt(formatter),
        }
    }
}
