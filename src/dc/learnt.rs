//! What this process has learnt of each controller by trying: which port serves an interface, and
//! which server name it accepts. Nothing of this is proven. What turns out wrong is tried again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::base::process::PerProcess;
use crate::dc::health::Ports;
use crate::dc::locate::Candidate;
use crate::dc::logon_server::LogonServer;
use crate::protocol::rpc::pdu::Syntax;

/// More controllers than any site has. Beyond that, everything is learnt anew.
const MAX_CONTROLLERS: usize = 256;

/// The facts about all controllers.
#[derive(Default)]
pub(super) struct Learnt(PerProcess<Mutex<HashMap<Candidate, Facts>>>);

/// The facts about one controller.
#[derive(Clone, Copy, Default)]
struct Facts {
    /// Where the last NETLOGON connection was accepted.
    netlogon: Option<u16>,
    /// Where the last LSA connection was accepted.
    lsa: Option<u16>,
    /// What a logon request was last accepted with.
    logon_server: LogonServer,
}

impl Facts {
    fn port(&mut self, interface: Syntax) -> &mut Option<u16> {
        match interface {
            Syntax::LSA => &mut self.lsa,
            _ => &mut self.netlogon,
        }
    }
}

impl Learnt {
    /// The port that last served this interface, if it is known.
    pub(super) fn port(&self, controller: &Candidate, interface: Syntax) -> Option<u16> {
        *self.facts(controller).port(interface)
    }

    /// Remembers where an interface is served; `None` forgets it.
    pub(super) fn keep_port(&self, controller: &Candidate, interface: Syntax, port: Option<u16>) {
        self.note(controller, |facts| *facts.port(interface) = port);
    }

    /// The known ports.
    pub(super) fn ports(&self, controller: &Candidate) -> Ports {
        let Facts { netlogon, lsa, .. } = self.facts(controller);
        Ports { netlogon, lsa }
    }

    /// Takes over ports that another process has learnt, where none is known.
    pub(super) fn hear_ports(&self, controller: &Candidate, ports: Ports) {
        if ports != Ports::default() {
            self.note(controller, |facts| {
                facts.netlogon = facts.netlogon.or(ports.netlogon);
                facts.lsa = facts.lsa.or(ports.lsa);
            });
        }
    }

    /// The server name that the controller last accepted.
    pub(super) fn logon_server(&self, controller: &Candidate) -> LogonServer {
        self.facts(controller).logon_server
    }

    /// Remembers the server name that the controller accepts.
    pub(super) fn keep_logon_server(&self, controller: &Candidate, logon_server: LogonServer) {
        self.note(controller, |facts| facts.logon_server = logon_server);
    }

    fn facts(&self, controller: &Candidate) -> Facts {
        self.with(|facts| facts.get(controller).copied().unwrap_or_default())
    }

    fn note(&self, controller: &Candidate, change: impl FnOnce(&mut Facts)) {
        self.with(|facts| {
            if facts.len() >= MAX_CONTROLLERS && !facts.contains_key(controller) {
                facts.clear();
            }
            change(facts.entry(controller.clone()).or_default());
        });
    }

    /// No change under this lock is left half done, so a poisoned lock can be used.
    fn with<T>(&self, read: impl FnOnce(&mut HashMap<Candidate, Facts>) -> T) -> T {
        let facts = self.0.of_this_process(Mutex::default);
        read(&mut facts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{IpAddr, Ipv4Addr};

    fn controller(number: u32) -> Candidate {
        Candidate::new(IpAddr::V4(Ipv4Addr::from(number)), None)
    }

    #[test]
    fn each_fact_is_kept_for_its_controller() {
        let learnt = Learnt::default();
        learnt.keep_port(&controller(1), Syntax::NETLOGON, Some(49676));
        learnt.keep_port(&controller(1), Syntax::LSA, Some(49667));
        learnt.keep_logon_server(&controller(1), LogonServer::Null);
        assert_eq!(learnt.port(&controller(1), Syntax::NETLOGON), Some(49676));
        assert_eq!(learnt.port(&controller(1), Syntax::LSA), Some(49667));
        assert_eq!(learnt.logon_server(&controller(1)), LogonServer::Null);
        learnt.keep_port(&controller(1), Syntax::NETLOGON, None);
        assert_eq!(learnt.port(&controller(1), Syntax::NETLOGON), None);
        assert_eq!(learnt.port(&controller(1), Syntax::LSA), Some(49667));
        assert_eq!(learnt.port(&controller(2), Syntax::LSA), None);
        assert_eq!(learnt.logon_server(&controller(2)), LogonServer::Empty);
    }

    #[test]
    fn the_number_of_controllers_is_bounded() {
        let learnt = Learnt::default();
        for number in 0..1000 {
            learnt.keep_port(&controller(number), Syntax::NETLOGON, Some(1));
            assert!(learnt.with(|facts| facts.len()) <= MAX_CONTROLLERS);
        }
        assert_eq!(learnt.port(&controller(999), Syntax::NETLOGON), Some(1));
    }
}
