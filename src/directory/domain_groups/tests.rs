use std::time::Duration;

use super::*;
use crate::base::config::fixture;
use crate::directory::ResultCode;
use crate::directory::imitation::{Imitation, done, entry, made, reference};

const DN: &str = "CN=Alice,CN=Users,DC=example,DC=test";

/// A SID of `S-1-5-21-1-2-DOMAIN` in the packet form.
fn packed(domain: u8, rid: u8) -> Vec<u8> {
    let numbers = [21, 1, 2, domain, rid].map(|number| [number, 0, 0, 0]);
    [&[1, 5, 0, 0, 0, 0, 0, 5][..], &numbers.concat()].concat()
}

/// `S-1-5-32-RID`.
fn builtin(rid: u8) -> Vec<u8> {
    [&[1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0][..], &[rid, 2, 0, 0]].concat()
}

fn groups(server: &Imitation, lifetime: Duration) -> DomainGroups {
    let directory = fixture::directory("");
    let config = GroupDirectory {
        service: directory.service.clone(),
        base: directory.base,
        lifetime,
    };
    let servers = Servers::imitated(directory.service, vec![server.peer]);
    DomainGroups::asking(servers, config)
}

const LONG: Duration = Duration::from_secs(600);

/// A domain with alice, who has these groups.
fn domain(tokens: Vec<Vec<u8>>) -> Imitation {
    Imitation::answering(move |id, request| {
        // The codec leaves the attributes of a question out.
        let is_token = request.base == DN;
        let found = match (&request.filter, is_token) {
            (_, true) => {
                let values: Vec<(&str, &[u8])> = tokens
                    .iter()
                    .map(|sid| (TOKEN_GROUPS, sid.as_slice()))
                    .collect();
                vec![made(DN, &values)]
            }
            (Filter::Or(_), _) => vec![made("CN=Staff", &[(SID, &packed(3, 9)), (NAME, b"Staff")])],
            (Filter::And(parts), _) => match &parts[..] {
                [_, Filter::Equality(_, name)] if name == "alice" => {
                    vec![made(DN, &[(SID, &packed(3, 7))])]
                }
                _ => Vec::new(),
            },
            _ => Vec::new(),
        };
        let mut bytes: Vec<u8> = found.iter().flat_map(|one| entry(id, one)).collect();
        bytes.extend(reference(id));
        bytes.extend(done(id, ResultCode::Success));
        bytes
    })
}

#[test]
fn groups_have_identifiers_and_those_of_the_domain_names() {
    let server = domain(vec![packed(3, 9), packed(4, 9), builtin(32), packed(3, 8)]);
    let groups = groups(&server, LONG);
    let found = groups.of("alice").unwrap();
    let named: Vec<_> = found
        .iter()
        .map(|one| (one.sid.to_string(), one.name.as_deref()))
        .collect();
    let expected = [
        ("S-1-5-21-1-2-3-9".to_owned(), Some("Staff")),
        ("S-1-5-21-1-2-4-9".to_owned(), None),
        ("S-1-5-21-1-2-3-8".to_owned(), None),
    ];
    assert_eq!(named, expected);
    // Remembered, in any case.
    assert_eq!(groups.of("ALICE").unwrap(), found);
    assert_eq!(server.searches(), 3);
}

#[test]
fn what_is_remembered_ends() {
    let server = domain(vec![packed(3, 9)]);
    let groups = groups(&server, Duration::ZERO);
    for times in 1..=2 {
        assert!(groups.of("alice").is_ok());
        assert_eq!(server.searches(), 3 * times);
    }
}

#[test]
fn how_many_are_remembered_is_bounded() {
    let server = domain(Vec::new());
    let groups = groups(&server, LONG);
    let none = Arc::new(Vec::new());
    let until = Instant::now() + LONG;
    for number in 0..3 * MAX_USERS {
        groups.remember(number.to_string(), until, &none);
    }
    let known = groups.known.of_this_process(Mutex::default).lock().unwrap();
    assert!(known.len() <= MAX_USERS);
}

#[test]
fn failures_give_no_groups_and_are_not_remembered() {
    let unknown = domain(Vec::new());
    let groups_ = groups(&unknown, LONG);
    for name in ["bob", "*", "alice)(cn=*", "a\0b", "bob@example.test"] {
        assert!(groups_.of(name).is_err(), "{name}");
    }
    assert_eq!(unknown.searches(), 5);
    let damaged = domain(vec![packed(3, 9), b"no SID".to_vec()]);
    assert!(groups(&damaged, LONG).of("alice").is_err());
    let many = domain(vec![packed(3, 9); MAX_GROUPS + 1]);
    assert!(groups(&many, LONG).of("alice").is_err());
    let refusing = Imitation::answering(|id, _| done(id, ResultCode::NoSuchObject));
    assert!(groups(&refusing, LONG).of("alice").is_err());
}
