//! The name of the controller in a logon request.
//!
//! `LogonServer` of NetrLogonSamLogonEx is the controller's own name. MS-NRPC 3.5.4.5.1 contradicts
//! itself on NULL. Clients of Windows controllers send an empty string or `\\host`. An alias or an
//! address is refused with STATUS_INVALID_COMPUTER_NAME, before the password is checked, so asking
//! again with another name cannot count against the user.

use crate::base::net::Deadline;
use crate::dc::locate::{Candidate, Locator};

/// The forms of `LogonServer`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum LogonServer {
    /// The empty string.
    #[default]
    Empty,
    /// `\\\\` and the DNS name of the host.
    Host,
    /// A null pointer.
    Null,
}

/// The forms to try, best first.
const ALL: [LogonServer; 3] = [LogonServer::Empty, LogonServer::Host, LogonServer::Null];

impl LogonServer {
    /// The order of tries when this form worked last: it, then the others.
    pub(super) fn and_others(self) -> impl Iterator<Item = Self> {
        let others = ALL.into_iter().filter(move |one| *one != self);
        [self].into_iter().chain(others)
    }

    /// The value of the parameter. `None`: the host's name is not known; inner `None`: the null
    /// pointer. May ask the controller for its name.
    pub(super) fn value(
        self,
        controller: &Candidate,
        locator: &Locator,
        deadline: Deadline,
    ) -> Option<Option<String>> {
        match self {
            Self::Empty => Some(Some(String::new())),
            Self::Host => {
                let identity = locator.identify(controller, deadline);
                let told = identity.as_ref().map(|identity| identity.dns_host.as_str());
                let told = told.filter(|name| !name.is_empty());
                let host = told.or(controller.dns_name.as_deref())?;
                Some(Some(format!(r"\\{host}")))
            }
            Self::Null => Some(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::base::config::fixture;
    use std::net::IpAddr;
    use std::sync::Arc;
    use std::time::Duration;

    use LogonServer::{Empty, Host, Null};

    /// Where CLDAP does not answer, the name in `controllers` serves; an address is no name.
    #[test]
    fn the_host_is_called_by_its_name_and_never_by_an_address() {
        let config = fixture::netlogon(r#"controllers = ["dc1.example.test"]"#);
        let locator = Locator::new(&config);
        let address = IpAddr::from([127, 0, 0, 99]);
        let soon = || Deadline::after(Duration::from_millis(50));
        let by_address = Candidate::new(address, None);
        assert_eq!(Host.value(&by_address, &locator, soon()), None);
        let by_name = Candidate {
            dns_name: Some(Arc::from("dc1.example.test")),
            ..by_address
        };
        let named = |name: &str| Some(Some(name.to_owned()));
        assert_eq!(
            Host.value(&by_name, &locator, soon()),
            named(r"\\dc1.example.test")
        );
        assert_eq!(Empty.value(&by_name, &locator, soon()), named(""));
        assert_eq!(Null.value(&by_name, &locator, soon()), Some(None));
    }

    #[test]
    fn what_worked_comes_first_and_nothing_is_left_out() {
        for (last, order) in [
            (Empty, [Empty, Host, Null]),
            (Host, [Host, Empty, Null]),
            (Null, [Null, Empty, Host]),
        ] {
            assert_eq!(last.and_others().collect::<Vec<_>>(), order);
        }
    }
}
