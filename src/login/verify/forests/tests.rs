use super::*;
use crate::base::config::Config;
use crate::login::verify::netlogon::tests::with_attempt_of;
use crate::protocol::ntlm::av_pair::{AvId, AvPairs};
use crate::protocol::ntlm::text::utf16le;

/// Two forests without a reachable controller; the second describes a trusted domain.
fn forests() -> Forests {
    let of = |domain: &str, last: u32| {
        format!(
            "[[netlogon]]\ndomain = \"{domain}.test\"\nnetbios_domain = \"{domain}\"\n\
             sid = \"S-1-5-21-1-2-{last}\"\n\
             account = \"WEB1-NTLM$\"\nsecret = \"/nonexistent/{domain}\"\n\
             controllers = [\"127.0.0.1:1\"]\n"
        )
    };
    let text = format!(
        "verify = [\"netlogon\"]\n{}{}upn_suffixes = [\"brand.test\"]\n\
         trusted_domains = [{{ netbios = \"THIRD\", dns = \"third.test\", \
         sid = \"S-1-5-21-1-2-3\" }}]\n",
        of("one", 1),
        of("two", 2)
    );
    let config = Config::parse(&text).unwrap();
    Forests::new(config.netlogon.into_iter().map(Netlogon::new).collect())
}

/// `TargetInfo` of a challenge for this domain.
fn challenge(domain: &str) -> Vec<u8> {
    let mut info = AvPairs::default();
    info.set(AvId::DNS_DOMAIN_NAME, utf16le(domain.encode_utf16()))
        .unwrap();
    info.encode()
}

/// The file of the secret that a login asks for, or the refusal without a question.
fn asked(named: &str, (user, domain): (&str, &str), default: Option<&str>) -> String {
    let target_info = challenge(named);
    let outcome = with_attempt_of(user, domain, |attempt| {
        forests().verify(&Attempt {
            target_info: &target_info,
            default_domain: default,
            ..*attempt
        })
    });
    match outcome {
        Err(Refusal::Unavailable(fault)) if fault.minor() == Minor::SecretFileUnusable => {
            let told = fault.to_string();
            let found = ["one", "two"].into_iter();
            let mut found = found.filter(|name| told.contains(&format!("/nonexistent/{name}")));
            found.next().unwrap().to_owned()
        }
        Err(Refusal::Unavailable(fault)) => format!("unavailable {:?}", fault.minor()),
        Err(Refusal::NotMine(fault)) => format!("not mine {:?}", fault.minor()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_user_is_asked_about_in_the_section_of_the_challenge_only() {
    const REFUSED: &str = "unavailable OtherForest";
    for (user, domain, by_one, by_two) in [
        ("bob", "ONE", "one", REFUSED),
        ("bob", "one.test", "one", REFUSED),
        ("ONE\\bob", "", "one", REFUSED),
        ("bob@one.test", "", "one", REFUSED),
        ("bob", "two", REFUSED, "two"),
        ("bob@Brand.test", "", REFUSED, "two"),
        ("bob", "THIRD", REFUSED, "two"),
        ("bob@third.test", "", REFUSED, "two"),
        // A domain takes precedence over a suffix.
        ("bob@one.test", "TWO", REFUSED, "two"),
        ("bob", "", "one", "two"),
        ("bob", "NOWHERE", "one", "two"),
        ("bob@nowhere.test", "", "one", "two"),
    ] {
        let typed = (user, domain);
        assert_eq!(asked("one.test", typed, None), by_one, "{typed:?}");
        assert_eq!(asked("TWO.test", typed, None), by_two, "{typed:?}");
        assert_eq!(asked("", typed, None), REFUSED, "{typed:?}");
        assert_eq!(asked("before.test", typed, None), REFUSED, "{typed:?}");
    }
}

#[test]
fn the_next_default_domain_may_be_the_one_of_the_challenge() {
    let of = |named, default| asked(named, ("bob", ""), Some(default));
    assert_eq!(of("one.test", "ONE"), "one");
    assert_eq!(of("one.test", "two.test"), "not mine OtherForest");
    assert_eq!(of("two.test", "ONE"), "not mine OtherForest");
}

#[test]
fn the_refusal_tells_the_log_what_to_do_and_the_client_nothing() {
    let target_info = challenge("one.test");
    let refused = with_attempt_of("bob", "TWO", |attempt| {
        forests().verify(&Attempt {
            target_info: &target_info,
            ..*attempt
        })
    });
    let fault = refused.unwrap_err().into_fault();
    assert_eq!(fault.to_string(), Minor::OtherForest.text());
    let told = fault.for_the_log();
    for part in ["\"two.test\"", "\"one.test\"", "docs/forests.md"] {
        assert!(told.contains(part), "{told}");
    }
}

#[test]
fn a_client_s_domain_leads_to_its_section() {
    let forests = forests();
    for (named, section) in [
        ("ONE", Some("one.test")),
        ("TWO", Some("two.test")),
        ("two.TEST", Some("two.test")),
        ("brand.test", Some("two.test")),
        ("third", Some("two.test")),
        ("WEB1-NTLM", None),
        ("NOWHERE", None),
        ("", None),
    ] {
        assert_eq!(forests.section_of(named), section, "{named}");
    }
}

#[test]
fn a_challenge_of_no_section_is_told_with_its_domain() {
    let told = |domain| Unnamed(domain).to_string();
    assert!(told(Some("three.test")).contains("\"three.test\", which no [[netlogon]] has"));
    assert_eq!(told(None), "our challenge names no domain");
}

#[test]
fn the_sections_have_one_source_of_group_names() {
    assert!(forests().group_names(&Account::default()).is_some());
}
