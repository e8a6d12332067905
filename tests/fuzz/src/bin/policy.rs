//! A login under two policies, of which one is stricter in one rule: whatever the stricter one
//! admits, the other admits too. Eight bytes of rules, then a login as in [`login`].
#![no_main]

use std::sync::Arc;

use gss_ntlmdc::base::config::{
    Audit, ChannelBinding, DomainName, Group, Mic, Policy, ResponseLevel, Rules, Service,
};
use gss_ntlmdc::login::policy::tls_channel::Channel;
use gss_ntlmdc::login::policy::{Arrival, Channels, admit, deciding_group};
use gss_ntlmdc::login::verify::{Account, GroupName};
use gss_ntlmdc::protocol::ntlm::acceptor::Claim;
use gss_ntlmdc::protocol::ntlm::response::Response;
use gss_ntlmdc_fuzz::login;
use libfuzzer_sys::fuzz_target;

const SIDS: [&str; 2] = ["S-1-5-21-1-2-3-513", "S-1-5-21-1-2-3-1105"];

fuzz_target!(|bytes: &[u8]| {
    let Some((rules, bytes)) = bytes.split_first_chunk() else {
        return;
    };
    if let Some((claim, _)) = login(bytes) {
        admission(rules, &claim);
        permission(rules, &claim);
    }
});

/// The items whose bits are set.
fn chosen<T: Clone>(items: &[T], bits: u8) -> Vec<T> {
    let is_chosen = |number: usize| bits >> number & 1 != 0;
    let numbered = items.iter().enumerate();
    let chosen = numbered.filter(|(number, _)| is_chosen(*number));
    chosen.map(|(_, item)| item.clone()).collect()
}

/// A shorter list of what is accepted; never empty, which would accept all.
fn shorter<T: Clone>(list: &[T], items: &[T]) -> Vec<T> {
    match list {
        [] => items[..1].to_vec(),
        [only] => vec![only.clone()],
        [_, rest @ ..] => rest.to_vec(),
    }
}

fn admission(rules: &[u8; 8], claim: &Claim) {
    let [response, mic, binding, spn, which, known, ..] = *rules;
    let mut services: Vec<Service> = ["none", "HTTP/www.example.test"]
        .map(|name| name.parse().expect("a service"))
        .to_vec();
    let named = claim.target_name();
    services.extend(named.and_then(|name| name.meant.parse::<Service>().ok()));
    // The second is of no client.
    let mut channels = vec![[9; 16], [8; 16]];
    channels.extend(claim.channel_bindings());
    let lax = Rules {
        response: [
            ResponseLevel::NtlmV1,
            ResponseLevel::Ntlm2Session,
            ResponseLevel::NtlmV2,
        ][usize::from(response % 3)],
        mic: [Mic::Allow, Mic::Require][usize::from(mic % 2)],
        channel_binding: [
            ChannelBinding::Off,
            ChannelBinding::Allow,
            ChannelBinding::Require,
        ][usize::from(binding % 3)],
        spn: chosen(&services, spn),
    };
    let strict = stricter(&lax, which, &services);
    let channel = Arc::new(Channel::any_of(chosen(&channels, known)));
    let arrival = Arrival::Network(Channels {
        enforced: Arc::clone(&channel),
        audited: channel,
    });
    let policy = |rules: &Rules| Policy {
        rules: rules.clone(),
        ..Policy::default()
    };
    let is_let_in = admit(&policy(&strict), &arrival, claim).is_ok();
    let mut audited = policy(&lax);
    audited.audit = Some(Audit {
        rules: strict.clone(),
        tls_certificates: Vec::new(),
    });
    match admit(&audited, &arrival, claim) {
        Err(_) => assert!(!is_let_in, "{strict:?} is not stricter than {lax:?}"),
        Ok(admitted) => {
            // The rules that are tried say what they would do.
            assert_eq!(admitted.would_refuse().is_empty(), is_let_in);
            assert!(admitted.level() <= lax.response);
            assert!(claim.mic_present() || lax.mic == Mic::Allow);
            let is_none = matches!(claim.response(), Response::Anonymous | Response::LmOnly);
            assert!(!is_none, "nothing was proven");
        }
    }
}

/// The rules, one of them stricter, or as strict if there is no stricter.
fn stricter(lax: &Rules, which: u8, services: &[Service]) -> Rules {
    let mut rules = lax.clone();
    match which % 4 {
        0 => {
            rules.response = match lax.response {
                ResponseLevel::NtlmV1 => ResponseLevel::Ntlm2Session,
                _ => ResponseLevel::NtlmV2,
            }
        }
        1 => rules.mic = Mic::Require,
        2 => {
            rules.channel_binding = match lax.channel_binding {
                ChannelBinding::Off => ChannelBinding::Allow,
                _ => ChannelBinding::Require,
            }
        }
        _ => rules.spn = shorter(&lax.spn, services),
    }
    rules
}

fn permission(rules: &[u8; 8], claim: &Claim) {
    let [account, accepted, refused, required, which, .., groups, dns] = *rules;
    let typed = [claim.domain().meant.as_str(), claim.user().meant.as_str()];
    let mut domains: Vec<DomainName> = ["EXAMPLE", "example.test", "Straße"]
        .map(|name| name.parse().expect("a domain"))
        .to_vec();
    domains.extend(typed[0].parse::<DomainName>());
    let mut required_groups: Vec<Group> = [SIDS[0], "Staff", "OTHER\\Staff"]
        .map(|name| name.parse().expect("a group"))
        .to_vec();
    required_groups.extend(typed[1].parse::<Group>());
    let names = [
        ("EXAMPLE", "staff"),
        ("OTHER", "STAFF"),
        (typed[0], typed[1]),
    ];
    let account = Account {
        user: typed[1].to_owned(),
        domain: ["EXAMPLE", "other", typed[0]][usize::from(account % 3)].to_owned(),
        dns_domain: chosen(&["Example.Test".to_owned()], dns).pop(),
        group_sids: chosen(&SIDS.map(|sid| sid.parse().expect("a SID")), groups),
        ..Account::default()
    };
    let names_of = || {
        let names = chosen(&names, groups >> 2).into_iter();
        names
            .map(|(domain, name)| GroupName::new(domain, name))
            .collect()
    };
    let lax = Policy {
        domains: chosen(&domains, accepted),
        refused_domains: chosen(&domains, refused),
        groups: chosen(&required_groups, required),
        ..Policy::default()
    };
    let mut strict = lax.clone();
    match which % 3 {
        0 => strict.domains = shorter(&lax.domains, &domains),
        1 => strict.refused_domains.push(domains[0].clone()),
        _ => strict.groups = shorter(&lax.groups, &required_groups),
    }
    let decide = |policy: &Policy| {
        let group = deciding_group(policy, "EXAMPLE", &account, names_of);
        group.map(|group| {
            // A group that is required was found, and no domain is refused.
            assert_eq!(group.is_none(), policy.groups.is_empty());
            assert!(
                !policy
                    .refused_domains
                    .iter()
                    .any(|name| account.is_of(name))
            );
        })
    };
    let is_let_in = decide(&strict).is_ok();
    assert!(
        !is_let_in || decide(&lax).is_ok(),
        "{strict:?} is not stricter than {lax:?}"
    );
}
