mod listed;
mod trusted_groups;
mod unlisted;

use super::*;
use crate::base::config::{Config, GroupsAcrossTrusts};
use crate::login::verify::netlogon::tests::{bob, config, with_attempt_of};
use crate::protocol::rpc::netlogon::domain_trusts::{
    DIRECT_OUTBOUND, DomainTrust, FOREST_TRANSITIVE, IN_FOREST, PRIMARY,
};

fn sid(last: u32) -> Sid {
    Sid::new([0, 0, 0, 0, 0, 5], vec![21, 1, 2, last]).unwrap()
}

fn row(netbios: &str, dns: &str, last: u32, flags: u32, attributes: u32) -> DomainTrust {
    DomainTrust {
        netbios_name: Some(netbios.to_owned()),
        dns_name: Some(dns.to_owned()),
        flags,
        attributes,
        sid: Some(sid(last)),
    }
}

/// EXAMPLE, and what it trusts.
fn domains(config: &Netlogon) -> Domains {
    let rows = vec![
        row("EXAMPLE", "example.test", 3, PRIMARY | IN_FOREST, 0),
        row("SISTER", "sister.example.test", 4, IN_FOREST, 0),
        row("OTHER", "other.test", 5, DIRECT_OUTBOUND, 0),
        row("PARTNER", "partner.test", 6, DIRECT_OUTBOUND, 0),
        row(
            "FOREST",
            "forest.test",
            7,
            DIRECT_OUTBOUND,
            FOREST_TRANSITIVE,
        ),
        row("EAST", "east.forest.test", 8, DIRECT_OUTBOUND, 0),
        row("USERS", "users.test", 9, DIRECT_OUTBOUND, 0),
        row("WEB1-NTLM", "web1.test", 10, DIRECT_OUTBOUND, 0),
        row("BUILTIN", "builtin.test", 11, DIRECT_OUTBOUND, 0),
    ];
    Domains::new(rows, config).unwrap()
}

/// An answer about bob of a domain, by NetBIOS name, DNS name and the last number of its SID.
fn said((netbios, dns, last): (&str, &str, u32)) -> SamInfo4 {
    let domain = sid(last);
    SamInfo4 {
        logon_domain_name: netbios.to_owned(),
        dns_logon_domain_name: dns.to_owned(),
        sid: domain.with_rid(1103),
        primary_group_sid: domain.with_rid(513),
        group_sids: Vec::new(),
        ..bob()
    }
}

const OURS: (&str, &str, u32) = ("EXAMPLE", "example.test", 3);
const SISTER: (&str, &str, u32) = ("SISTER", "sister.example.test", 4);
const OTHER: (&str, &str, u32) = ("OTHER", "other.test", 5);
const PARTNER: (&str, &str, u32) = ("PARTNER", "partner.test", 6);
const FOREST: (&str, &str, u32) = ("FOREST", "forest.test", 7);
const DEEP: (&str, &str, u32) = ("DEEP", "deep.forest.test", 70);

fn check_with(
    config: &Netlogon,
    domains: Option<&Domains>,
    (user, domain): (&str, &str),
    info: SamInfo4,
) -> Result<Account, Fault> {
    let described: Vec<Domain> = config.trusted_domains.iter().map(Domain::from).collect();
    let rules = Rules {
        config,
        domains,
        described: &described,
        users_domain: Some("USERS"),
    };
    with_attempt_of(user, domain, |attempt| {
        Routed::check(&rules, attempt, info).map(|routed| routed.into_parts().0)
    })
}

/// What is proven with a list.
fn check(typed: (&str, &str), info: SamInfo4) -> Result<Account, Fault> {
    let config = config();
    check_with(&config, Some(&domains(&config)), typed, info)
}

/// What is proven without one.
fn check_alone(typed: (&str, &str), info: SamInfo4) -> Result<Account, Fault> {
    check_with(&config(), None, typed, info)
}

fn refused(result: Result<Account, Fault>) -> String {
    let fault = result.unwrap_err();
    assert_eq!(fault.minor(), Minor::AnsweredForAnother);
    assert_eq!(fault.to_string(), Minor::AnsweredForAnother.text());
    fault.for_the_log()
}
