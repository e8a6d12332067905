//! Several sections `[[netlogon]]`: whose names a challenge has, and who is asked.

use super::*;
use crate::protocol::ntlm::acceptor::dns_domain;
use crate::protocol::ntlm::message::Challenge;
use crate::protocol::ntlm::text::Charset;

/// A server of two forests whose secrets are missing, and a user in its users file.
fn two_forests() -> (Arc<Setup>, Site) {
    let site = Site::new("LOCAL:alice:Password1\n", "");
    let of = |domain: &str, last: u32| {
        format!(
            "[[netlogon]]\ndomain = \"{domain}.test\"\nnetbios_domain = \"{domain}\"\n\
             sid = \"S-1-5-21-1-2-{last}\"\n\
             account = \"WEB-{domain}$\"\nsecret = \"/nonexistent/{domain}\"\n\
             controllers = [\"127.0.0.1:1\"]\n"
        )
    };
    let users = site.path("users");
    let text = format!(
        "verify = [\"users\", \"netlogon\"]\n[users]\nfile = {users:?}\n\
         netbios_domain = \"LOCAL\"\n[log]\nto = \"off\"\n{}{}",
        of("ONE", 1),
        of("TWO", 2)
    );
    fs::write(site.path("config"), text).unwrap();
    (site.setup(), site)
}

/// A client with this domain; its first message names `named`.
fn client(domain: &'static str, named: &'static str) -> Initiator {
    let chromium = Initiator::chromium();
    let flags = match named {
        "" => chromium.flags,
        _ => chromium.flags | NegotiateFlags::NEGOTIATE_OEM_DOMAIN_SUPPLIED,
    };
    Initiator {
        user: "bob",
        domain,
        named_domain: named,
        flags,
        ..chromium
    }
}

#[test]
fn the_challenge_has_the_names_of_the_forest_that_the_client_names() {
    let (setup, _site) = two_forests();
    for (named, netbios) in [
        ("", "ONE"),
        ("NOWHERE", "ONE"),
        ("LOCAL", "ONE"),
        ("one.test", "ONE"),
        ("two", "TWO"),
        ("Two.Test", "TWO"),
    ] {
        let (_, reply) = challenge(&mut Acceptor::new(), &setup, &client("", named));
        let sent = Challenge::decode(&reply).unwrap();
        let domain = format!("{netbios}.test");
        assert_eq!(dns_domain(sent.target_info), Some(domain), "{named}");
        let pairs = AvPairs::decode(&mut crate::base::wire::Reader::new(sent.target_info)).unwrap();
        let text = |id| {
            let value = pairs.value(id).unwrap();
            Charset::Unicode.decode(value, "AvPair").unwrap().meant
        };
        assert_eq!(text(AvId::NB_DOMAIN_NAME), netbios);
        assert_eq!(text(AvId::NB_COMPUTER_NAME), format!("WEB-{netbios}"));
        assert_eq!(sent.target_name, utf16le(netbios.encode_utf16()));
    }
    // The names of the first are the server's own: its users have local names.
    assert_eq!(setup.target().netbios_domain, "ONE");
}

#[test]
fn a_user_of_another_forest_than_the_challenge_s_is_not_asked_about() {
    let (setup, _site) = two_forests();
    // The secret is missing: its section was chosen, and a controller would be asked.
    for (domain, named, expected) in [
        ("ONE", "", Minor::SecretFileUnusable),
        ("TWO", "", Minor::OtherForest),
        ("TWO", "TWO", Minor::SecretFileUnusable),
        ("ONE", "TWO", Minor::OtherForest),
        ("", "TWO", Minor::SecretFileUnusable),
    ] {
        let mut here = Acceptor::new();
        let client = client(domain, named);
        let (negotiate, reply) = challenge(&mut here, &setup, &client);
        let token = client.authenticate(&negotiate, &reply).token;
        // So it is if another process continues.
        let mut there = handed_over::carried(&here, &setup);
        for acceptor in [&mut here, &mut there] {
            assert_eq!(
                step(acceptor, &setup, &token),
                Err(expected),
                "{domain} {named}"
            );
        }
    }
    let alice = Initiator {
        user: "alice",
        ..client("LOCAL", "TWO")
    };
    let outcome = log_in(&mut Acceptor::new(), &setup, &alice);
    assert_eq!(outcome, Ok(Step::Established));
}
