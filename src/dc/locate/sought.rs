//! What is looked for.

use std::net::IpAddr;
use std::path::PathBuf;

use rustix::system::uname;

use crate::base::config::{self, Controller, ControllerOrder, SiteName, Wins, first_label};
use crate::base::name_case::capitals;
use crate::dc::locate::wins::Client;

/// The controllers of a domain, as a configuration describes them.
#[derive(Clone, Debug)]
pub(crate) struct Sought {
    /// The domain's DNS name.
    pub(crate) domain: String,
    /// The controllers. If empty, they are looked up in WINS or DNS.
    pub(crate) controllers: Vec<Controller>,
    /// The order in which `controllers` are asked.
    pub(crate) order: ControllerOrder,
    /// The servers that name the controllers, in place of DNS.
    pub(crate) wins: Option<Wins>,
    /// The site whose controllers come first.
    pub(crate) site: Option<SiteName>,
    /// The local address of connections to controllers.
    pub(crate) source: Option<IpAddr>,
    /// Our name in pings.
    pub(crate) computer: String,
    /// The directory, and the file there, in which processes of this host share what they found.
    pub(crate) state_dir: PathBuf,
    pub(crate) shared_file: String,
}

impl Sought {
    /// Whether the controllers are those of DNS.
    pub(super) fn is_of_dns(&self) -> bool {
        self.controllers.is_empty() && self.wins.is_none()
    }

    /// The client of WINS, if the controllers are looked up there.
    pub(in crate::dc) fn wins(&self) -> Option<Client<'_>> {
        self.wins.as_ref().map(|wins| Client { wins })
    }
}

impl From<&config::Netlogon> for Sought {
    fn from(config: &config::Netlogon) -> Self {
        let computer = config.account.computer().as_str();
        Self {
            domain: config.domain.clone(),
            controllers: config.controllers.clone(),
            order: config.order,
            wins: config.wins.clone(),
            site: config.site.clone(),
            source: config.source,
            computer: computer.to_owned(),
            state_dir: config.state_dir.clone(),
            // Several sections may have one computer's name.
            shared_file: format!("{}.{computer}.controllers", config.domain),
        }
    }
}

impl From<&config::Relay> for Sought {
    fn from(config: &config::Relay) -> Self {
        let system = uname();
        let host = system.nodename().to_string_lossy();
        Self {
            domain: config.domain.clone(),
            controllers: config.controllers.clone(),
            order: config.order,
            wins: config.wins.clone(),
            site: None,
            source: config.source,
            computer: capitals(first_label(&host)),
            state_dir: config.state_dir.clone(),
            shared_file: format!("{}.relay.controllers", config.domain),
        }
    }
}

#[cfg(test)]
pub(super) mod fixture {
    use super::Sought;
    use crate::base::config::fixture;

    /// The controllers of `[netlogon]` with these lines.
    pub(in crate::dc::locate) fn netlogon(lines: &str) -> Sought {
        (&fixture::netlogon(lines)).into()
    }
}

#[cfg(test)]
mod tests {
    use super::fixture::netlogon;

    /// Accounts of two domains may have one name.
    #[test]
    fn what_was_found_is_kept_by_domain() {
        let file = |domain| netlogon(&format!("domain = \"{domain}.test\"")).shared_file;
        assert_eq!(file("one"), "one.test.WEB1-NTLM.controllers");
        assert_eq!(file("two"), "two.test.WEB1-NTLM.controllers");
    }
}
