mod listed;
mod names_alone;
mod strangers;
mod trusted_groups;
mod unlisted;

use super::*;
use crate::base::config::{GroupsAcrossTrusts, Netlogon};
use crate::base::sid::Sid;
use crate::dc::domains::Domain;
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

/// The list of EXAMPLE and the domains that it trusts.
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

/// The NetBIOS name of a domain, its DNS name, and the last number of its SID.
type Triple = (&'static str, &'static str, u32);

/// An answer about bob of this domain.
fn answer((netbios, dns, last): Triple) -> SamInfo4 {
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

const OURS: Triple = ("EXAMPLE", "example.test", 3);
const SISTER: Triple = ("SISTER", "sister.example.test", 4);
const OTHER: Triple = ("OTHER", "other.test", 5);
const PARTNER: Triple = ("PARTNER", "partner.test", 6);
const FOREST: Triple = ("FOREST", "forest.test", 7);
const DEEP: Triple = ("DEEP", "deep.forest.test", 70);

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
        users_domains: &["LDAP", "USERS"].map(|name| name.parse().unwrap()),
        strangers: &[],
    };
    with_attempt_of(user, domain, |attempt| {
        Routed::check(&rules, attempt, info).map(|routed| routed.into_parts().0)
    })
}

/// The account that is proven with a list.
fn check(typed: (&str, &str), info: SamInfo4) -> Result<Account, Fault> {
    let config = config();
    check_with(&config, Some(&domains(&config)), typed, info)
}

/// The account that is proven without a list.
fn check_without_list(typed: (&str, &str), info: SamInfo4) -> Result<Account, Fault> {
    check_with(&config(), None, typed, info)
}

fn refused(result: Result<Account, Fault>) -> String {
    let fault = result.unwrap_err();
    assert_eq!(fault.minor(), Minor::AnsweredForAnother);
    assert_eq!(fault.to_string(), Minor::AnsweredForAnother.text());
    fault.for_the_log()
}
