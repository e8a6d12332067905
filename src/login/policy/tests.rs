use super::*;

const OURS: [u8; 16] = [1; 16];
const THEIRS: [u8; 16] = [2; 16];

fn code(fault: Option<Fault>) -> Option<Minor> {
    fault.map(|fault| fault.minor())
}

#[test]
fn each_response_level_permits_the_stronger_ones() {
    use ResponseLevel::*;
    let session = Some(Minor::Ntlm2SessionRefused);
    let v1 = Some(Minor::NtlmV1Refused);
    for (weakest, expected) in [
        (NtlmV2, [None, session, v1]),
        (Ntlm2Session, [None, None, v1]),
        (NtlmV1, [None, None, None]),
    ] {
        let faults =
            [NtlmV2, Ntlm2Session, NtlmV1].map(|level| code(response_fault(weakest, level)));
        assert_eq!(faults, expected, "{weakest}");
    }
}

#[test]
fn each_channel_rule_decides_about_each_claim() {
    use ChannelBinding::*;
    let known = Channel::any_of(vec![[3; 16], OURS]);
    let unknown = Channel::default();
    let other = Some(Minor::OtherChannel);
    let missing = Some(Minor::MissingBindings);
    let blind = Some(Minor::UnknownChannel);
    for (rule, channel, expected) in [
        // The client names: no channel, ours, another.
        (Off, &known, [None, None, None]),
        (Off, &unknown, [None, None, None]),
        (Allow, &known, [None, None, other]),
        (Allow, &unknown, [None, None, None]),
        (Require, &known, [missing, None, other]),
        (Require, &unknown, [blind, blind, blind]),
    ] {
        let faults =
            [None, Some(OURS), Some(THEIRS)].map(|named| code(channel_fault(rule, channel, named)));
        assert_eq!(faults, expected, "{rule:?} {channel:?}");
    }
}

#[test]
fn a_service_must_be_listed_if_there_is_a_list() {
    let www: Service = "HTTP/www.example.test".parse().unwrap();
    let fault = |accepted: &[Service], named| code(service_fault(accepted, named));
    assert_eq!(fault(&[], None), None);
    assert_eq!(fault(&[], Some("cifs/evil")), None);
    let listed = [www.clone()];
    assert_eq!(fault(&listed, Some("http/WWW.example.test:443")), None);
    assert_eq!(fault(&listed, Some("cifs/evil")), Some(Minor::OtherService));
    assert_eq!(fault(&listed, None), Some(Minor::UnnamedService));
    let lenient = [www, Service::Unnamed];
    assert_eq!(fault(&lenient, None), None);
    assert_eq!(
        fault(&lenient, Some("cifs/evil")),
        Some(Minor::OtherService)
    );
    let message = service_fault(&lenient, Some("cifs/\"evil\n"))
        .unwrap()
        .to_string();
    assert!(
        message.ends_with(": \"cifs/\\u{22}evil\\u{a}\""),
        "{message}"
    );
}

fn account(domain: &str, dns_domain: Option<&str>) -> Account {
    Account {
        user: "alice".to_owned(),
        domain: domain.to_owned(),
        dns_domain: dns_domain.map(str::to_owned),
        group_sids: vec!["S-1-5-21-1-2-3-513".parse().unwrap()],
        ..Account::default()
    }
}

fn not_looked_up() -> Vec<Option<GroupName>> {
    panic!("group names were looked up")
}

#[test]
fn the_verified_domain_decides() {
    let policy = |domains: &[&str], refused: &[&str]| Policy {
        domains: domains.iter().map(|name| name.parse().unwrap()).collect(),
        refused_domains: refused.iter().map(|name| name.parse().unwrap()).collect(),
        ..Policy::default()
    };
    let example = account("EXAMPLE", Some("example.test"));
    let bare = account("EXAMPLE", None);
    let unlisted = Err("\"EXAMPLE\\alice\": not in policy.domains");
    let refused = Err("\"EXAMPLE\\alice\": in policy.refused_domains");
    for (policy, account, expected) in [
        (policy(&[], &[]), &example, Ok(())),
        (policy(&["example"], &[]), &example, Ok(())),
        (policy(&["A", "Example.Test"], &[]), &example, Ok(())),
        (policy(&["example.test"], &[]), &bare, unlisted),
        (policy(&["A"], &[]), &example, unlisted),
        (policy(&[], &["A"]), &example, Ok(())),
        (policy(&[], &["EXAMPLE"]), &example, refused),
        (policy(&["EXAMPLE"], &["example.test"]), &example, refused),
    ] {
        let outcome = permit(&policy, "EXAMPLE", account, not_looked_up).map(drop);
        let told = outcome.map_err(|fault| {
            assert_eq!(fault.minor(), Minor::DomainRefused);
            fault.to_string()
        });
        match (told, expected) {
            (Err(told), Err(expected)) => assert!(told.ends_with(expected), "{told}"),
            (told, expected) => assert_eq!(told.is_ok(), expected.is_ok(), "{policy:?}"),
        }
    }
}

#[test]
fn the_user_must_be_in_one_of_the_groups() {
    let policy = |groups: &[&str]| Policy {
        groups: groups.iter().map(|sid| sid.parse().unwrap()).collect(),
        ..Policy::default()
    };
    let users = "S-1-5-21-1-2-3-513";
    let other = "S-1-5-21-1-2-3-5130";
    let example = account("EXAMPLE", None);
    assert!(permit(&policy(&[other, users]), "EXAMPLE", &example, not_looked_up).is_ok());
    let fault = permit(&policy(&[other]), "EXAMPLE", &example, not_looked_up).unwrap_err();
    assert_eq!(fault.minor(), Minor::NotInGroup);
    let told = fault.to_string();
    assert!(
        told.ends_with(": \"EXAMPLE\\alice\": in none of policy.groups"),
        "{told}"
    );
    let in_none = Account {
        group_sids: Vec::new(),
        ..example
    };
    assert!(permit(&policy(&[users]), "EXAMPLE", &in_none, not_looked_up).is_err());
}

#[test]
fn group_names_are_looked_up_only_if_they_decide() {
    let policy = |groups: &[&str]| Policy {
        groups: groups.iter().map(|group| group.parse().unwrap()).collect(),
        ..Policy::default()
    };
    let example = account("EXAMPLE", None);
    let called = |domain, name| move || vec![None, GroupName::new(domain, name)];
    let is_in = |groups: &[&str], domain, name| {
        permit(&policy(groups), "EXAMPLE", &example, called(domain, name)).is_ok()
    };
    assert!(is_in(&["Staff"], "EXAMPLE", "staff"));
    assert!(is_in(&["Others", "OTHER\\Staff"], "OTHER", "Staff"));
    assert!(!is_in(&["Staff"], "OTHER", "Staff"));
    assert!(!is_in(&["Staff"], "EXAMPLE", "Staff of others"));
    // A name that cannot be looked up permits nothing.
    let unnamed = || vec![None];
    assert!(permit(&policy(&["Staff"]), "EXAMPLE", &example, unnamed).is_err());
    let by_sid = policy(&["Staff", "S-1-5-21-1-2-3-513"]);
    assert!(permit(&by_sid, "EXAMPLE", &example, not_looked_up).is_ok());
}

#[test]
fn the_group_that_lets_a_user_in_is_told() {
    let policy = |groups: &[&str]| Policy {
        groups: groups.iter().map(|group| group.parse().unwrap()).collect(),
        ..Policy::default()
    };
    let example = account("EXAMPLE", None);
    let staff = || vec![GroupName::new("EXAMPLE", "Staff")];
    let told = |groups: &[&str]| {
        let policy = policy(groups);
        let group = deciding_group(&policy, "EXAMPLE", &example, staff);
        group.map(|group| group.map(ToString::to_string))
    };
    assert_eq!(told(&[]), Ok(None));
    assert_eq!(told(&["A", "staff"]), Ok(Some("staff".to_owned())));
    let users = "S-1-5-21-1-2-3-513";
    assert_eq!(told(&["staff", users]), Ok(Some(users.to_owned())));
    assert!(told(&["A", "OTHER\\Staff"]).is_err());
}
