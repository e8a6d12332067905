//! Which controllers are asked, and in which order.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use crate::config;
use crate::dc::Error;
use crate::net::Deadline;

/// A controller that may be asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Candidate {
    /// Where it is.
    pub(crate) address: IpAddr,
    /// The port of its netlogon service; if absent, its endpoint mapper is asked.
    pub(crate) port: Option<u16>,
}

impl fmt::Display for Candidate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            None => self.address.fmt(formatter),
            Some(port) => SocketAddr::new(self.address, port).fmt(formatter),
        }
    }
}

/// Knows the controllers of a domain.
pub(crate) struct Locator {
    fixed: Vec<Candidate>,
}

impl Locator {
    /// Looks nothing up yet.
    pub(crate) fn new(config: &config::Netlogon) -> Self {
        let fixed = config.controllers.iter().map(|controller| Candidate {
            address: controller.address,
            port: controller.port,
        });
        Self {
            fixed: fixed.collect(),
        }
    }

    /// The controllers to try for one login, best first; never empty.
    pub(crate) fn candidates(&self, _deadline: Deadline) -> Result<Vec<Candidate>, Error> {
        Ok(self.fixed.clone())
    }

    /// The controller did not answer, or is not fit to be asked.
    pub(crate) fn failed(&self, _: &Candidate) {}

    /// The controller answered for a login.
    pub(crate) fn succeeded(&self, _: &Candidate) {}
}
