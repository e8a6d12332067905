//! What the controller answers to DsrEnumerateDomainTrusts (MS-NRPC 3.5.4.7.1), and what a trusted
//! domain's controller can make of its users: the answers of a login pass through ours unchanged.

use gss_ntlmdc::base::fault::Minor;
use gss_ntlmdc::base::wire::Writer;
use gss_ntlmdc::login::verify::{Account, Refusal};

use crate::controller::Controller;
use crate::delivery::Delivery;
use crate::draft::{Draft, Step, names};
use crate::logon::{self, SamInfo, characters};
use crate::support::client::Client;
use crate::trial::{Kind, Ready, at, verifier, verifier_of};

/// A row of the list: NetBIOS name, DNS name, the last number of the SID, flags.
type Row = (&'static str, &'static str, u32, u32);

/// Our domain, and what it trusts.
pub const DOMAINS: [Row; 3] = [
    ("EXAMPLE", "example.test", 3, 0x1D),
    ("OTHER", "other.test", 4, 0x22),
    ("PARTNER", "partner.test", 5, 0x22),
];

/// The stub of the answer.
pub fn listed(rows: &[Row]) -> Vec<u8> {
    let count = u32::try_from(rows.len()).unwrap();
    let mut stub = Writer::new();
    stub.u32(count).u32(0x2_0000).u32(count);
    for (number, (_, _, _, flags)) in (0_u32..).zip(rows) {
        let referent = 0x3_0000 + 16 * number;
        stub.u32(referent).u32(referent + 4).u32(*flags);
        stub.zeros(12).u32(referent + 8).zeros(16);
    }
    for (netbios, dns, last, _) in rows {
        characters(&mut stub, &format!("{netbios}\0"));
        characters(&mut stub, &format!("{dns}\0"));
        stub.align(4).u32(4).bytes(b"\x01\x04\0\0\0\0\0\x05");
        stub.u32(21).u32(1).u32(2).u32(*last);
    }
    stub.u32(0);
    stub.into_bytes()
}

/// A user of a domain, as its controller describes them.
fn of(domain: &'static str, dns_domain: &'static str, last: u32) -> SamInfo {
    SamInfo {
        domain,
        dns_domain,
        sub_authorities: vec![21, 1, 2, last],
        ..SamInfo::alice()
    }
}

/// What comes of this answer to who typed these names.
fn answered(
    (user, typed): (&str, &str),
    info: SamInfo,
    list: fn(&mut Draft),
) -> Result<Account, Refusal> {
    let body = info.validated();
    let lying = move || {
        let body = body.clone();
        Controller::that(Box::new(move |draft| match draft.step {
            Step::Logon => draft.body.clone_from(&body),
            Step::Domains => list(draft),
            _ => {}
        }))
    };
    let [first, second] = [lying(), lying()];
    let client = Client::with_password("alice", "whatever").called(user, typed);
    let outcome = verifier_of(&[first.address, second.address]).login_as(&client);
    // It was an answer: no other controller is asked.
    let asked = [&first, &second].map(|controller| controller.turns(Step::Logon));
    assert_eq!(asked, [1, 0]);
    outcome.map(|logon| logon.into_parts().0)
}

fn refused(outcome: Result<Account, Refusal>) {
    match outcome {
        Err(Refusal::Denied(fault)) => assert_eq!(fault.minor(), Minor::AnsweredForAnother),
        other => panic!("{other:?}"),
    }
}

fn honest(_: &mut Draft) {}

#[test]
fn an_answer_is_one_row_of_the_list_and_the_typed_name_is_in_it() {
    for (user, typed, domain, dns_domain, last) in [
        ("alice", "EXAMPLE", "EXAMPLE", "example.test", 3),
        ("alice", "", "EXAMPLE", "example.test", 3),
        ("alice", "EXAMPLE", "EXAMPLE", "", 3),
        ("alice", "OTHER", "OTHER", "other.test", 4),
        ("alice", "other.test", "OTHER", "other.test", 4),
        ("alice@other.test", "", "OTHER", "other.test", 4),
    ] {
        let account = answered((user, typed), of(domain, dns_domain, last), honest).unwrap();
        assert_eq!(account.domain, domain);
        let sid = format!("S-1-5-21-1-2-{last}-1102");
        assert_eq!(account.sid.unwrap().to_string(), sid);
    }
    for (user, typed, domain, dns_domain, last) in [
        // The DNS name is not its own.
        ("alice", "OTHER", "OTHER", "brand.test", 4),
        ("alice", "OTHER", "OTHER", "example.test", 4),
        // Neither is the NetBIOS name.
        ("alice", "other.test", "PARTNER", "other.test", 4),
        ("alice", "other.test", "EXAMPLE", "other.test", 4),
        // Nor the SID, which is ours.
        ("alice", "OTHER", "OTHER", "other.test", 3),
        ("alice", "EXAMPLE", "EXAMPLE", "example.test", 4),
        // Another row than typed.
        ("alice", "OTHER", "EXAMPLE", "example.test", 3),
        ("alice", "OTHER", "EXAMPLE", "", 3),
        ("alice", "other.test", "EXAMPLE", "example.test", 3),
        ("alice@other.test", "", "EXAMPLE", "example.test", 3),
        ("alice@their-brand.test", "", "PARTNER", "partner.test", 5),
        ("alice", "EXAMPLE", "OTHER", "other.test", 4),
        ("alice", "", "OTHER", "other.test", 4),
        ("bob", "", "EXAMPLE", "example.test", 3),
        // No row.
        ("alice", "OTHER", "THIRD", "third.test", 6),
        ("alice", "THIRD", "THIRD", "third.test", 6),
    ] {
        refused(answered(
            (user, typed),
            of(domain, dns_domain, last),
            honest,
        ));
    }
}

#[test]
fn a_foreign_principal_name_is_dropped() {
    let with = |upn, domain, dns_domain, last| SamInfo {
        upn,
        ..of(domain, dns_domain, last)
    };
    for (upn, expected) in [
        ("ceo@brand.test", None),
        ("ceo@example.test", None),
        ("ceo@other.test", Some("ceo@other.test")),
    ] {
        let info = with(upn, "OTHER", "other.test", 4);
        let account = answered(("alice", "OTHER"), info, honest).unwrap();
        assert_eq!(account.upn.as_deref(), expected, "{upn}");
    }
    let info = with("ceo@brand.test", "EXAMPLE", "example.test", 3);
    let account = answered(("alice", "EXAMPLE"), info, honest).unwrap();
    assert_eq!(account.upn.as_deref(), Some("ceo@brand.test"));
}

/// A list that cannot be had refuses no user of ours, and makes no other user one.
#[test]
fn without_a_list_only_the_typed_name_counts() {
    let lists: [fn(&mut Draft); 7] = [
        |draft| draft.fault(5),
        |draft| draft.fault(0x1C01_0002),
        |draft| draft.body = [[0; 8], [5, 0, 0, 0, 0, 0, 0, 0]].concat()[..12].to_vec(),
        |draft| draft.body.truncate(40),
        |draft| draft.body = listed(&DOMAINS[1..]),
        |draft| draft.delivery = Delivery::CutThenClose(0),
        |draft| draft.delivery = Delivery::CutThenSilence(0),
    ];
    for list in lists {
        let ours = of("EXAMPLE", "example.test", 3);
        let account = answered(("alice", "EXAMPLE"), ours, list).unwrap();
        assert_eq!(account.domain, "EXAMPLE");
        let info = SamInfo {
            upn: "ceo@brand.test",
            ..of("OTHER", "brand.test", 3)
        };
        let account = answered(("alice", "OTHER"), info, list).unwrap();
        let names = (account.domain.as_str(), account.dns_domain, account.upn);
        assert_eq!(names, ("OTHER", None, None));
        assert_eq!((account.sid, account.group_sids), (None, Vec::new()));
        for (user, typed, domain, dns_domain) in [
            ("alice", "OTHER", "EXAMPLE", "example.test"),
            ("alice", "OTHER", "OTHER", "sub.example.test"),
            ("alice", "OTHER", "PARTNER", "partner.test"),
            ("bob", "", "EXAMPLE", "example.test"),
            ("alice", "", "OTHER", "other.test"),
        ] {
            refused(answered((user, typed), of(domain, dns_domain, 3), list));
        }
    }
}

#[test]
fn the_list_is_asked_for_once() {
    let controller = Controller::that(Box::new(|_| {}));
    let first = verifier(controller.address);
    for _ in 0..3 {
        first.login("alice").unwrap();
        assert_eq!(controller.turns(Step::Domains), 1);
    }
    assert_eq!(controller.turns(Step::SealedBind), 1, "the same channel");
    // What another process of the host learnt.
    let second = first.sibling();
    second.login("alice").unwrap();
    assert_eq!(controller.turns(Step::Domains), 1);
    assert_eq!(controller.complaints(), [""; 0]);
}

#[test]
fn a_list_that_does_not_come_is_asked_for_once() {
    let controller = Controller::that(at(Step::Domains, |draft| {
        draft.delivery = Delivery::CutThenSilence(0);
    }));
    let verifier = verifier(controller.address);
    for _ in 0..3 {
        verifier.login("alice").unwrap();
    }
    assert_eq!(controller.turns(Step::Domains), 1);
    assert_eq!(controller.turns(Step::SealedBind), 2, "the channel is lost");
}

/// A refused login needs no list.
#[test]
fn a_refusal_asks_for_no_list() {
    let controller = Controller::that(Box::new(|_| {}));
    let verifier = verifier(controller.address);
    assert!(verifier.login("mallory").is_err());
    assert_eq!(controller.turns(Step::Domains), 0);
}

#[test]
fn the_configuration_may_drop_groups_of_ours() {
    for (setting, expected) in [("accept", true), ("drop", false)] {
        let controller = Controller::that(at(Step::Logon, |draft| {
            draft.body = logon::SamInfo {
                extra_rids: vec![512, 1200],
                ..of("OTHER", "other.test", 4)
            }
            .validated();
        }));
        let more = format!("groups_across_trusts = \"{setting}\"");
        let verifier = verifier(controller.address).with(&more);
        let client = Client::with_password("alice", "whatever").called("alice", "OTHER");
        let account = verifier.login_as(&client).unwrap().into_parts().0;
        let groups: Vec<_> = account.group_sids.iter().map(ToString::to_string).collect();
        let ours = groups.iter().any(|sid| sid == "S-1-5-21-1-2-3-1200");
        assert_eq!(ours, expected, "{setting}");
        assert!(
            !groups.iter().any(|sid| sid.ends_with("-512")),
            "{groups:?}"
        );
        assert!(groups.contains(&"S-1-5-21-1-2-4-513".to_owned()));
    }
}

/// A controller that refuses the name in the challenge before it looks at the password.
#[test]
fn a_refused_netbios_name_is_told_with_the_right_one() {
    let renamed = |draft: &mut Draft| match draft.step {
        Step::Logon => draft.body = logon::refused(0xC000_006D, true),
        Step::Domains => draft.body = listed(&[("FIRM", "example.test", 3, 0x1D)]),
        _ => {}
    };
    let controller = Controller::that(Box::new(renamed));
    let guessing = verifier(controller.address);
    let refused = |verifier: &Ready| {
        let minor = Minor::NetbiosNamesRefused;
        verifier
            .refuses("alice", Kind::Unavailable, minor)
            .to_string()
    };
    let text = refused(&guessing);
    assert!(
        text.contains("is \"FIRM\", and \"EXAMPLE\" was assumed"),
        "{text}"
    );
    let given = guessing.with("netbios_domain = \"EXAMPLE\"");
    let text = refused(&given);
    assert!(text.contains("is \"FIRM\" by its controller"), "{text}");
    assert!(text.contains("check netbios_domain"), "{text}");
}

/// The list says that the name in use is another domain's: its users would be users of ours.
#[test]
fn under_a_name_of_another_domain_no_user_is_let_in() {
    let renamed = [
        ("FIRM", "example.test", 3, 0x1D),
        ("EXAMPLE", "other.test", 4, 0x22),
    ];
    for (last, dns_domain) in [(3, "example.test"), (4, "other.test")] {
        let controller = Controller::that(Box::new(move |draft| match draft.step {
            Step::Logon => draft.body = of("EXAMPLE", dns_domain, last).validated(),
            Step::Domains => draft.body = listed(&renamed),
            _ => {}
        }));
        let guessing = verifier(controller.address);
        for more in ["", "netbios_domain = \"EXAMPLE\""] {
            let minor = Minor::NetbiosNamesRefused;
            let verifier = guessing.with(more);
            let fault = verifier.refuses("alice", Kind::Unavailable, minor);
            assert!(fault.to_string().contains("is \"FIRM\""), "{fault}");
        }
    }
}

/// An attacker on the way can drop the question about the list, or answer it with a fault.
#[test]
fn where_trusted_domains_are_described_the_others_wait_for_the_list() {
    let controller = Controller::that(Box::new(|draft| match draft.step {
        Step::Logon if names(draft, "OTHER") => {
            draft.body = of("OTHER", "other.test", 4).validated();
        }
        Step::Logon if names(draft, "DEEP") => {
            draft.body = of("DEEP", "deep.test", 7).validated();
        }
        Step::Domains => draft.fault(0x1C01_0002),
        _ => {}
    }));
    let described =
        r#"trusted_domains = [{ netbios = "DEEP", dns = "deep.test", sid = "S-1-5-21-1-2-7" }]"#;
    let verifier = verifier(controller.address).with(described);
    for (typed, is_let_in) in [("EXAMPLE", true), ("DEEP", true), ("OTHER", false)] {
        let client = Client::with_password("alice", "whatever").called("alice", typed);
        match verifier.login_as(&client) {
            Ok(_) => assert!(is_let_in, "{typed}"),
            Err(Refusal::Unavailable(fault)) => {
                assert!(!is_let_in, "{typed}");
                assert_eq!(fault.minor(), Minor::ControllerNotReady);
            }
            other => panic!("{other:?}"),
        }
    }
}

/// A name that was typed alone may have been forwarded to a trusted domain, which answers as ours.
#[test]
fn a_name_alone_brings_what_the_configuration_says() {
    let forged = || {
        Controller::that(at(Step::Logon, |draft| {
            draft.body = SamInfo {
                user_id: 500,
                extra_rids: vec![512, 1200],
                ..of("EXAMPLE", "example.test", 3)
            }
            .validated();
        }))
    };
    let ours = |rid: u32| format!("S-1-5-21-1-2-3-{rid}");
    for (setting, typed, expected) in [
        ("accept", "", Some(vec![ours(513), ours(512), ours(1200)])),
        ("filter", "", Some(vec![ours(1200)])),
        ("refuse", "", None),
        (
            "filter",
            "EXAMPLE",
            Some(vec![ours(513), ours(512), ours(1200)]),
        ),
        (
            "refuse",
            "EXAMPLE",
            Some(vec![ours(513), ours(512), ours(1200)]),
        ),
    ] {
        let controller = forged();
        let more = format!("names_alone = \"{setting}\"");
        let verifier = verifier(controller.address).with(&more);
        let client = Client::with_password("alice", "whatever").called("alice", typed);
        match (verifier.login_as(&client), expected) {
            (Ok(logon), Some(mut expected)) => {
                let account = logon.into_parts().0;
                let groups = account.group_sids.iter();
                let mut groups: Vec<_> = groups.map(ToString::to_string).collect();
                groups.sort();
                expected.sort();
                assert_eq!(groups, expected, "{setting}");
                let sid = account.sid.map(|sid| sid.to_string());
                assert_eq!(sid, (expected.len() > 1).then(|| ours(500)), "{setting}");
            }
            (outcome, None) => refused(outcome.map(|logon| logon.into_parts().0)),
            (Err(refusal), Some(_)) => panic!("{setting}: {refusal:?}"),
        }
    }
}
