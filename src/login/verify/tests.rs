use std::sync::Mutex;

use super::*;
use crate::protocol::ntlm::response::NtlmV2Response;

/// Always gives the same answer; a `Logon` for `None`.
struct Always(Option<Refusal>);

impl Verifier for Always {
    fn verify(&self, _: &Attempt<'_>) -> Result<Logon, Refusal> {
        match &self.0 {
            Some(refusal) => Err(refusal.clone()),
            None => {
                let account = Account {
                    user: "alice".to_owned(),
                    domain: "EXAMPLE".to_owned(),
                    ..Account::default()
                };
                Ok(Logon::proven("test", account, None))
            }
        }
    }
}

fn ask_all(answers: Vec<Option<Refusal>>) -> Result<(), Minor> {
    let verifiers: Vec<Box<dyn Verifier>> = answers
        .into_iter()
        .map(|answer| Box::new(Always(answer)) as _)
        .collect();
    let response = NtlmV2Response::decode(&[&[0; 16][..], &[1, 1], &[0; 26]].concat()).unwrap();
    let empty = Text::default();
    let attempt = Attempt {
        user: &empty,
        domain: &empty,
        default_domain: None,
        workstation: &empty,
        server_challenge: [0; 8],
        target_info: &[],
        response: (&response).into(),
        passing: None,
    };
    ask(&verifiers, &attempt)
        .map(drop)
        .map_err(|refusal| refusal.into_fault().minor())
}

#[test]
fn a_verifier_knows_neither_a_domain_nor_accounts_unless_it_says_so() {
    let verifier = Always(None);
    assert_eq!(verifier.only_domain(), None);
    assert_eq!(verifier.account_named("alice", "EXAMPLE"), None);
}

#[test]
fn only_what_was_passed_on_has_had_its_messages_checked_elsewhere() {
    let proven = Logon::proven("test", Account::default(), Some(Key::new([1; 16])));
    assert!(!proven.has_checked_messages() && proven.session_base_key().is_some());
    let passed_on = Logon::passed_on("test", Account::default());
    assert!(passed_on.has_checked_messages() && passed_on.session_base_key().is_none());
}

/// Has the users of one domain, and records the domains that it is asked about.
struct Only(&'static str, Option<Minor>, Arc<Mutex<Vec<String>>>);

impl Verifier for Only {
    fn verify(&self, attempt: &Attempt<'_>) -> Result<Logon, Refusal> {
        let Self(domain, refusal, asked) = self;
        let meant = attempt.meant_domain();
        asked.lock().unwrap().push(meant.to_owned());
        assert_eq!(String::from_utf16_lossy(&attempt.asked_domain()), meant);
        assert_eq!(
            attempt.domain.units.is_empty(),
            attempt.domain.meant.is_empty()
        );
        match (meant == *domain, refusal) {
            (true, None) => Always(None).verify(attempt),
            (true, Some(minor)) => Err(Refusal::Denied((*minor).into())),
            (false, _) => Err(Refusal::NotMine(Minor::UnknownDomain.into())),
        }
    }
}

fn asked_about(
    (user, domain): (&str, &str),
    defaults: &[&str],
    refusal: Option<Minor>,
) -> (Vec<String>, Result<(), Minor>) {
    let asked = Arc::default();
    let verifier = Only("OTHER", refusal, Arc::clone(&asked));
    let response = NtlmV2Response::decode(&[&[0; 16][..], &[1, 1], &[0; 26]].concat()).unwrap();
    let attempt = Attempt {
        user: &Text::from(user),
        domain: &Text::from(domain),
        default_domain: None,
        workstation: &Text::default(),
        server_challenge: [0; 8],
        target_info: &[],
        response: (&response).into(),
        passing: None,
    };
    let defaults: Vec<DomainName> = defaults.iter().map(|name| name.parse().unwrap()).collect();
    let outcome = ask_by_default(&[Box::new(verifier) as _], &attempt, &defaults)
        .map(drop)
        .map_err(|refusal| refusal.into_fault().minor());
    let asked = asked.lock().unwrap().clone();
    (asked, outcome)
}

#[test]
fn a_name_typed_alone_is_asked_in_the_default_domains() {
    let alone = ("alice", "");
    let unknown = Err(Minor::UnknownDomain);
    let names = |domains: &[&str]| domains.iter().map(ToString::to_string).collect::<Vec<_>>();
    let order = &["FIRST", "OTHER", "LAST"];
    assert_eq!(
        asked_about(alone, order, None),
        (names(&["FIRST", "OTHER"]), Ok(()))
    );
    assert_eq!(
        asked_about(alone, &["FIRST"], None),
        (names(&["FIRST"]), unknown)
    );
    assert_eq!(asked_about(alone, &[], None), (names(&[""]), unknown));
    // A wrong password is not tried in the next domain.
    let wrong = Minor::BadUserOrPassword;
    let decided = (names(&["FIRST", "OTHER"]), Err(wrong));
    assert_eq!(asked_about(alone, order, Some(wrong)), decided);
    // A typed domain is the only one asked.
    for (typed, asked) in [
        (("alice", "FIRST"), "FIRST"),
        (("alice", "OTHER"), "OTHER"),
        (("alice@first.test", ""), ""),
    ] {
        assert_eq!(
            asked_about(typed, order, None).0,
            names(&[asked]),
            "{typed:?}"
        );
    }
}

#[test]
fn no_verifier_is_asked_after_a_decision() {
    let not_mine = || Some(Refusal::NotMine(Minor::UnknownDomain.into()));
    let denied = || Some(Refusal::Denied(Minor::AccountDisabled.into()));
    let away = || Some(Refusal::Unavailable(Minor::ControllerTimeout.into()));

    assert_eq!(ask_all(vec![]), Err(Minor::BadUserOrPassword));
    assert_eq!(ask_all(vec![not_mine()]), Err(Minor::UnknownDomain));
    assert_eq!(ask_all(vec![not_mine(), None]), Ok(()));
    assert_eq!(ask_all(vec![denied(), None]), Err(Minor::AccountDisabled));
    assert_eq!(ask_all(vec![away(), None]), Err(Minor::ControllerTimeout));
    assert_eq!(ask_all(vec![None, denied()]), Ok(()));
}

#[test]
fn unknown_users_are_refused_like_known_ones() {
    let wrong = Minor::BadUserOrPassword;
    let unknown = || Some(Refusal::NotMine(wrong.into()));
    let known = || Some(Refusal::Denied(wrong.into()));
    for minor in [Minor::UnknownDomain, Minor::ImpossibleName, wrong] {
        let controller = || Some(Refusal::NotMine(minor.into()));
        assert_eq!(ask_all(vec![unknown(), controller()]), Err(wrong));
        assert_eq!(ask_all(vec![known(), controller()]), Err(wrong));
        assert_eq!(ask_all(vec![controller(), unknown()]), Err(wrong));
        assert_eq!(ask_all(vec![controller(), known()]), Err(wrong));
    }
}

/// Refuses each default domain with a code of its own.
struct ByDomain([(&'static str, Minor); 2]);

impl Verifier for ByDomain {
    fn verify(&self, attempt: &Attempt<'_>) -> Result<Logon, Refusal> {
        let meant = attempt.default_domain.unwrap();
        let (_, minor) = self.0.iter().find(|(domain, _)| *domain == meant).unwrap();
        Err(Refusal::NotMine((*minor).into()))
    }
}

/// An unknown user of one default domain counts as a guess, whatever the next domain answers.
#[test]
fn the_next_default_domain_does_not_reveal_whether_an_account_exists() {
    let wrong = Minor::BadUserOrPassword;
    let elsewhere = Minor::OtherForest;
    for (answers, expected) in [
        ([("ONE", wrong), ("TWO", elsewhere)], wrong),
        ([("ONE", elsewhere), ("TWO", wrong)], wrong),
        ([("ONE", wrong), ("TWO", Minor::UnknownDomain)], wrong),
        (
            [("ONE", Minor::UnknownDomain), ("TWO", elsewhere)],
            elsewhere,
        ),
    ] {
        let response = NtlmV2Response::decode(&[&[0; 16][..], &[1, 1], &[0; 26]].concat()).unwrap();
        let attempt = Attempt {
            user: &Text::from("bob"),
            domain: &Text::default(),
            default_domain: None,
            workstation: &Text::default(),
            server_challenge: [0; 8],
            target_info: &[],
            response: (&response).into(),
            passing: None,
        };
        let defaults = ["ONE", "TWO"].map(|name| name.parse().unwrap());
        let verifier: Box<dyn Verifier> = Box::new(ByDomain(answers));
        match ask_by_default(&[verifier], &attempt, &defaults) {
            Err(Refusal::NotMine(fault)) => assert_eq!(fault.minor(), expected, "{answers:?}"),
            other => panic!("{other:?}"),
        }
    }
}
