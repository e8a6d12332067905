//! The Kerberos ticket of the user who runs the tool.

use gss_ntlmdc::base::name_case::{alike, capitals};
use gss_ntlmdc::directory::SecurityContext;
use gss_ntlmdc::gss::host_initiator::HostInitiator;
use gss_ntlmdc::gss::host_ticket::HostTicket;
use gss_ntlmdc::gss::host_ticket_cache::NoTicket;

use super::advice;
use super::controller::Chosen;
use crate::steps::Problem;

/// A ticket that has not expired.
pub struct Ticket {
    ticket: HostTicket,
    /// As `alice@EXAMPLE.TEST`.
    pub principal: String,
}

impl Ticket {
    /// The ticket in the default cache; `None` if there is no cache, or no library of Kerberos.
    ///
    /// # Errors
    /// It has expired; the cache, the configuration of Kerberos or its library cannot be used; or
    /// another user may have made the cache.
    pub fn find() -> Result<Option<Self>, Problem> {
        match HostTicket::find() {
            Ok(ticket) => Self::of(ticket).map(Some),
            Err(NoTicket::Absent(_)) => Ok(None),
            Err(none) => Err(advice::not_found(&none)),
        }
    }

    /// The same; it is an error if there is none.
    ///
    /// # Errors
    /// As [`Ticket::find`]; or there is none.
    pub fn demand() -> Result<Self, Problem> {
        Self::of(HostTicket::find().map_err(|none| advice::not_found(&none))?)
    }

    fn of(ticket: HostTicket) -> Result<Self, Problem> {
        match ticket.owner() {
            Ok(Some(principal)) => Ok(Self { ticket, principal }),
            Ok(None) => Err(advice::ticket_expired()),
            Err(error) => Err(advice::no_ticket(&error)),
        }
    }

    /// Whether it is the ticket of a user of this domain. The host itself may have one.
    ///
    /// # Errors
    /// It is not.
    pub fn of_user(self, domain: &str) -> Result<Self, Problem> {
        match is_user_of(&self.principal, domain) {
            true => Ok(self),
            false => Err(advice::no_user_of(domain, &self.principal)),
        }
    }

    /// A login to the directory of this controller. The service has the domain in its name: the
    /// domain lets only controllers have it.
    ///
    /// # Errors
    /// The controller's name is not known.
    pub fn login(self, chosen: &Chosen, domain: &str) -> Result<Box<dyn SecurityContext>, Problem> {
        if chosen.name == chosen.address.to_string() {
            return Err(advice::no_name_of_controller(&self.principal));
        }
        let service = format!("ldap/{}/{domain}@{}", chosen.name, capitals(domain));
        match HostInitiator::new(self.ticket, &service) {
            Ok(context) => Ok(Box::new(context)),
            Err(error) => Err(advice::no_ticket(&error)),
        }
    }
}

fn is_user_of(principal: &str, domain: &str) -> bool {
    let parts = principal.rsplit_once('@');
    parts.is_some_and(|(name, realm)| {
        alike(realm, domain) && !name.contains('/') && !name.ends_with('$')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ticket_of_a_user_of_the_domain_is_taken() {
        assert!(is_user_of("Administrator@EXAMPLE.TEST", "example.test"));
        for other in [
            "",
            "alice",
            "alice@OTHER.TEST",
            "alice@SUB.EXAMPLE.TEST",
            "WEB1$@EXAMPLE.TEST",
            "host/web1.example.test@EXAMPLE.TEST",
        ] {
            assert!(!is_user_of(other, "example.test"), "{other}");
        }
    }
}
