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

/// A domain, and the groups of its user alice: Staff alone, `S-1-5-21-1-2-3-9`.
pub(crate) fn staff_of_alice() -> (Imitation, DomainGroups) {
    let server = domain(vec![packed(3, 9)]);
    let groups = groups(&server, LONG);
    (server, groups)
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
    let asked = Instant::now();
    for number in 0..3 * MAX_USERS {
        groups.remember(number.to_string(), asked, &none);
    }
    let known = groups.known.of_this_process(Mutex::default).lock().unwrap();
    assert!(known.len() <= MAX_USERS);
}

#[test]
fn groups_are_not_remembered_at_the_end_of_their_lifetime() {
    let server = domain(Vec::new());
    let groups = groups(&server, LONG);
    let asked = Instant::now();
    groups.remember("ALICE".to_owned(), asked, &Arc::new(Vec::new()));
    let until = asked + LONG;
    let before = until.checked_sub(Duration::from_nanos(1)).unwrap();
    assert!(groups.remembered("ALICE", before).is_some());
    assert!(groups.remembered("ALICE", until).is_none());
}

#[test]
fn a_full_memory_forgets_first_those_whose_lifetime_is_over() {
    let server = domain(Vec::new());
    let groups = groups(&server, LONG);
    let none = Arc::new(Vec::new());
    let first = Instant::now();
    let second = first + Duration::from_secs(1);
    groups.remember("over".to_owned(), first, &none);
    for number in 1..MAX_USERS {
        groups.remember(number.to_string(), second, &none);
    }
    let is_known = |name: &str| groups.remembered(name, second).is_some();
    assert!(is_known("over"));
    groups.remember("new".to_owned(), first + LONG, &none);
    assert!(!is_known("over"));
    assert!(is_known("new"));
    assert!((1..MAX_USERS).all(|number| is_known(&number.to_string())));
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
    let as_many_as_permitted = domain(vec![packed(4, 9); MAX_GROUPS]);
    let found = groups(&as_many_as_permitted, LONG).of("alice").unwrap();
    assert_eq!(found.len(), MAX_GROUPS);
    let refusing = Imitation::answering(|id, _| done(id, ResultCode::NoSuchObject));
    assert!(groups(&refusing, LONG).of("alice").is_err());
}
