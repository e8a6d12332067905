//! What the groups of a user are called, in the words of a real controller.

use std::collections::HashSet;

use gss_ntlmdc::base::sid::Sid;
use gss_ntlmdc::login::verify::netlogon::Netlogon;
use gss_ntlmdc::login::verify::{GroupName, Verifier};

use crate::support::client::Client;
use crate::support::dc::{self, Setup};
use crate::support::relay;

/// The groups of a user: their identifiers, and what they are called.
fn groups_of(verifier: &Netlogon, user: &str) -> (Vec<Sid>, HashSet<String>) {
    let logon = verifier.verify(&Client::of(user).attempt()).unwrap();
    let (account, names) = logon.into_parts();
    let named = names.unwrap().names_of(&account.group_sids);
    assert_eq!(named.len(), account.group_sids.len());
    let full_name = |group: GroupName| format!("{}\\{}", group.domain(), group.name());
    let names = named.into_iter().flatten().map(full_name).collect();
    (account.group_sids, names)
}

fn expected(names: &[&str]) -> HashSet<String> {
    names
        .iter()
        .map(|name| format!("EXAMPLE\\{name}"))
        .collect()
}

#[test]
fn groups_of_all_kinds_have_names() {
    let _turn = dc::turn();
    let verifier = dc::verifier();
    let (sids, names) = groups_of(&verifier, "alice");
    assert_eq!(sids.len(), 6, "{sids:?}");
    let all = [
        "Domain Users",
        "Staff",
        "Outer",
        "Whole Company",
        "Printers 2nd floor",
        "Künstler",
    ];
    assert_eq!(names, expected(&all));
    // The primary group is another one.
    let (_, names) = groups_of(&verifier, "bob");
    assert_eq!(names, expected(&["Gold", "Domain Users", "Staff-Admins"]));
}

#[test]
fn hundreds_of_groups_have_names() {
    let _turn = dc::turn();
    let (sids, names) = groups_of(&dc::verifier(), "gina");
    assert!(sids.len() > 500, "{}", sids.len());
    assert_eq!(names.len(), sids.len());
    for number in 0..500 {
        assert!(names.contains(&format!("EXAMPLE\\Team {number:03}")));
    }
}

#[test]
fn names_are_had_although_another_process_has_agreed_on_a_key() {
    let _turn = dc::turn();
    let verifier = dc::verifier();
    let logon = verifier.verify(&Client::of("alice").attempt()).unwrap();
    // The connection that is open goes on; a new one with its key is refused.
    assert!(dc::verifier().verify(&Client::of("bob").attempt()).is_ok());
    let (account, names) = logon.into_parts();
    let named = names.unwrap().names_of(&account.group_sids);
    assert!(named.iter().all(Option::is_some), "{named:?}");
}

#[test]
fn the_port_of_netlogon_says_where_lsa_is_or_the_mapper_does() {
    let _turn = dc::turn();
    let setup = Setup {
        controller: relay::netlogon().to_string(),
        ..Setup::right()
    };
    let (_, names) = groups_of(&setup.verifier(), "alice");
    assert!(names.contains("EXAMPLE\\Staff"), "{names:?}");
}
