//! Why the default ticket cache has no ticket that can be used, and what to do.

use gss_ntlmdc::gss::host_ticket_cache::NoTicket;

use super::no_ticket;
use crate::steps::Problem;

/// No ticket is found.
pub fn not_found(none: &NoTicket) -> Problem {
    match none {
        NoTicket::Absent(error) | NoTicket::Failed(error) => no_ticket(error),
        NoTicket::NotOurs { .. } => Problem::new(
            none.to_string(),
            "Another user may have put it there: remove it, if so, and get a ticket with kinit, as \
             the user who runs this (`sudo kinit USER`). Or name a cache of this user: KRB5CCNAME. \
             Or log in with a password: --user.",
        ),
    }
}
