//! Looks at DNS, WINS and each controller, for an administrator.
//!
//! A login takes the first controller that answers, and remembers what works. A probe looks at
//! every one, by itself, and says what it found. It counts no login and makes none.
//!
//! ```text
//! dns_servers   each server of the system, asked the same
//! wins_server   a server of WINS in the configuration, likewise
//! hosts         the controllers by name, and their addresses
//! reach         one controller: ping, ports, clock; nothing of it is proven
//! open_channel  one controller: a secure channel under a new key, the list of domains, names of
//!               groups
//! ```

mod ports;
mod secure_channel;

use std::net::IpAddr;
use std::time::Duration;

use crate::base::config::{self, LogTarget, NameServer, SiteName, Wins};
use crate::base::net::Deadline;
use crate::dc::failover::Controllers;
use crate::dc::locate::{Candidate, Sought, survey};
use crate::dc::opening::Opening;

pub use crate::dc::locate::survey::{
    DnsServer, DnsServers, NamedHost, NoControllers, Pong, WinsServer,
};
pub use ports::{PortState, Reach, RpcPorts};
pub use secure_channel::{OpenedChannel, Unopened};

/// The longest time for one controller and one of the questions to it.
const PATIENCE: Duration = Duration::from_secs(15);

/// Looks at the controllers of a domain. Several threads may use it at once.
pub struct Probe {
    controllers: Controllers,
}

impl Probe {
    /// Asks nothing yet, and logs nothing.
    pub fn new(config: &config::Netlogon) -> Self {
        Self {
            controllers: Controllers::new(config.clone(), LogTarget::Off),
        }
    }

    /// Asks each DNS server of the system about the first name that is needed. `None`: the
    /// configuration has all addresses, or WINS is asked.
    pub fn dns_servers(&self) -> Option<DnsServers> {
        survey::dns_servers(self.sought())
    }

    /// The name that DNS is asked about for the controllers of the domain, or of one of its sites.
    pub fn question(&self, site: Option<&SiteName>) -> String {
        survey::question(self.sought(), site)
    }

    /// The controllers of the configuration. Without a list, those that DNS has for the domain, or
    /// for one of its sites; empty if DNS has none. Or those of WINS.
    ///
    /// # Errors
    /// DNS does not answer, or WINS names none.
    pub fn hosts(&self, site: Option<&SiteName>) -> Result<Vec<NamedHost>, String> {
        survey::hosts(self.sought(), site)
    }

    /// Pings a controller, and tries the ports that a login needs. `port`: that of its netlogon
    /// service, if it is known.
    pub fn reach(&self, address: IpAddr, port: Option<u16>) -> Reach {
        let controller = Candidate::new(address, port);
        ports::reach(self.opening(&controller))
    }

    /// Opens a secure channel under a new key, and asks over it for the list of domains and for a
    /// name. A key that other processes use is replaced only after a success.
    ///
    /// # Errors
    /// No channel can be opened.
    pub fn open_channel(
        &self,
        address: IpAddr,
        port: Option<u16>,
    ) -> Result<OpenedChannel, Unopened> {
        let controller = Candidate::new(address, port);
        secure_channel::open(self.opening(&controller))
    }

    fn sought(&self) -> &Sought {
        self.controllers.locator.sought()
    }

    fn opening<'a>(&'a self, controller: &'a Candidate) -> Opening<'a> {
        let terms = self.controllers.terms(Deadline::after(PATIENCE), 0);
        self.controllers.opening(terms, controller)
    }
}

/// Asks one of these servers of WINS, twice if it is silent.
pub fn wins_server(wins: &Wins, server: NameServer) -> WinsServer {
    survey::wins_server(wins, server)
}

#[cfg(test)]
mod tests;
