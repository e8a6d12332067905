//! The verifier against a real domain controller.
//!
//! `ci/test dc` raises one and runs this. By hand, it is `cargo test --test dc` and, in the
//! environment:
//!
//! | variable | what it holds |
//! |---|---|
//! | `NTLMDC_TEST_DC` | the controller's address |
//! | `NTLMDC_TEST_SAMBA` | its version of Samba, such as `4.17.12` |
//! | `NTLMDC_TEST_SECRET` | the password of its machine account `WEB1-NTLM$` |
//! | `NTLMDC_TEST_KEYTAB` | the path of that account's keytab |
//! | `NTLMDC_TEST_AUTHORITY` | the path of the PEM file of its certificate's authority |
//! | `NTLMDC_TEST_OTHER_AUTHORITY` | the path of the PEM file of another authority |
//! | `NTLMDC_TEST_CERTIFICATE` | the path of its certificate, in PEM |
//! | `NTLMDC_TEST_FINGERPRINT` | the SHA-256 fingerprint of that |
//! | `NTLMDC_TEST_PASSWORDS` | a line `user:password` for each user of the lab's domain EXAMPLE |
//!
//! Without them every test fails.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod channels;
mod discovery;
mod groups;
mod relay;
#[path = "../support/mod.rs"]
mod support;

use std::time::SystemTime;

use gss_ntlmdc::base::fault::Minor;
use gss_ntlmdc::login::verify::Verifier;
use support::client::{Client, DOMAIN};
use support::dc::{self, Setup};

#[test]
fn alice_is_accepted_with_the_names_of_the_domain() {
    let _turn = dc::turn();
    let client = Client::of("alice");
    let verified = dc::verifier().verify(&client.attempt()).unwrap();
    let account = verified.account();
    assert_eq!(account.user, "alice");
    assert_eq!(account.domain, DOMAIN);
    assert_eq!(account.dns_domain.as_deref(), Some("example.test"));
    assert_eq!(account.upn.as_deref(), Some("alice@example.test"));
    assert_eq!(account.logon_server.as_deref(), Some("DC1"));
    assert_eq!(account.ends(), None);
    let sid = account.sid.as_ref().unwrap().to_string();
    assert!(sid.starts_with("S-1-5-21-"), "{sid}");
    let primary = account.primary_group_sid.as_ref().unwrap();
    assert!(primary.to_string().ends_with("-513"), "{primary}");
    assert!(account.group_sids.contains(primary));
    assert_eq!(
        verified.session_base_key(),
        Some(&client.session_base_key())
    );
}

/// A login ends with the account, whatever lifetime is configured.
#[test]
fn a_login_ends_with_the_account() {
    let _turn = dc::turn();
    let verified = dc::verifier()
        .verify(&Client::of("konrad").attempt())
        .unwrap();
    let left = verified
        .account()
        .ends()
        .unwrap()
        .duration_since(SystemTime::now());
    // The lab made the account to end a day after its own start.
    let hours = left.unwrap().as_secs() / 3600;
    assert!((20..=24).contains(&hours), "{hours}");
}

#[test]
fn names_go_as_the_client_wrote_them() {
    let _turn = dc::turn();
    let verifier = dc::verifier();
    for (user, domain) in [
        ("alice", ""),
        ("ALICE", "example"),
        ("alice", "example.test"),
        ("alice@example.test", ""),
        ("alice@EXAMPLE.TEST", "EXAMPLE"),
    ] {
        let client = Client::of("alice").called(user, domain);
        let verified = verifier.verify(&client.attempt());
        let verified = verified.unwrap_or_else(|refusal| panic!("{user} {domain}: {refusal:?}"));
        assert_eq!(verified.account().user, "alice");
        assert_eq!(verified.account().domain, DOMAIN);
    }
    let client = Client::of("jürgen");
    let verified = verifier.verify(&client.attempt()).unwrap();
    assert_eq!(verified.account().user, "jürgen");
}

#[test]
fn a_refusal_tells_no_more_than_the_user_may_know() {
    let _turn = dc::turn();
    let verifier = dc::verifier();
    let refused = |client: &Client| dc::refused(&verifier, client);

    let wrong = refused(&Client::with_password("alice", "wrong password"));
    let unknown = refused(&Client::with_password("unknown", "whatever"));
    assert_eq!(wrong.minor(), Minor::BadUserOrPassword);
    assert_eq!(wrong.minor(), unknown.minor());
    assert_eq!(wrong.to_string(), unknown.to_string());
    assert!(wrong.for_the_log().contains("STATUS_WRONG_PASSWORD"));
    assert!(unknown.for_the_log().contains("STATUS_NO_SUCH_USER"));

    // The same without a domain, where the controller may not feel responsible.
    let unknown = Client::with_password("unknown", "whatever").called("unknown", "");
    assert_eq!(refused(&unknown).minor(), Minor::BadUserOrPassword);

    let elsewhere = Client::of("alice").called("alice", "ELSEWHERE");
    assert_eq!(refused(&elsewhere).minor(), Minor::UnknownDomain);
}

#[test]
fn accounts_that_may_not_log_in_are_told_apart() {
    let _turn = dc::turn();
    let verifier = dc::verifier();
    for (user, minor) in [
        ("dora", Minor::AccountDisabled),
        ("edward", Minor::PasswordExpired),
        ("mia", Minor::PasswordMustChange),
        ("xaver", Minor::AccountExpired),
        ("lukas", Minor::AccountLockedOut),
        ("Guest", Minor::GuestRefused),
    ] {
        let fault = dc::refused(&verifier, &Client::of(user));
        assert_eq!(fault.minor(), minor, "{user}: {}", fault.for_the_log());
    }
    // With a wrong password a disabled account is not told.
    let fault = dc::refused(&verifier, &Client::with_password("dora", "wrong"));
    assert_eq!(fault.minor(), Minor::BadUserOrPassword);
}

#[test]
fn a_changed_response_is_refused() {
    let _turn = dc::turn();
    let verifier = dc::verifier();
    // Proof, timestamp, client's challenge, target information.
    for at in [0, 15, 24, 32, 60] {
        let client = Client::of("alice").changed(at);
        dc::refused(&verifier, &client);
    }
    let client = Client::of("alice");
    let mut attempt = client.attempt();
    attempt.server_challenge[0] ^= 1;
    assert!(verifier.verify(&attempt).is_err(), "another challenge");
    assert!(verifier.verify(&client.attempt()).is_ok());
}

#[test]
fn the_names_in_the_response_must_be_ours() {
    let _turn = dc::turn();
    let verifier = dc::verifier();
    for (domain, computer) in [
        (DOMAIN, "OTHER"),
        ("OTHER", dc::COMPUTER),
        ("", "OTHER"),
        ("OTHER", ""),
    ] {
        let client = Client::of("alice").challenged_by(domain, computer);
        let fault = dc::refused(&verifier, &client);
        assert_eq!(fault.minor(), Minor::NetbiosNamesRefused);
    }
    // Samba compares those that are there.
    for (domain, computer) in [("", dc::COMPUTER), (DOMAIN, ""), ("", "")] {
        let client = Client::of("alice").challenged_by(domain, computer);
        assert!(verifier.verify(&client.attempt()).is_ok());
    }
}

#[test]
fn a_wrong_set_up_is_told_as_what_it_is() {
    let _turn = dc::turn();
    let client = Client::of("alice");
    for (setup, minor) in [
        (
            Setup {
                secret: "not the secret".to_owned(),
                ..Setup::right()
            },
            Minor::MachineSecretRefused,
        ),
        (
            Setup {
                account: "MISSING$",
                ..Setup::right()
            },
            Minor::MachineAccountUnknown,
        ),
        (
            Setup {
                netbios_domain: "WRONG",
                ..Setup::right()
            },
            Minor::ChannelRefused,
        ),
        (
            // Something else than netlogon: LDAP.
            Setup {
                controller: format!("{}:389", dc::address()),
                ..Setup::right()
            },
            Minor::ControllerUnreachable,
        ),
    ] {
        let fault = dc::refused(&setup.verifier(), &client);
        assert_eq!(fault.minor(), minor, "{}", fault.for_the_log());
    }
}

#[test]
fn a_keytab_does_as_well_as_a_password() {
    let _turn = dc::turn();
    let client = Client::of("alice");
    let with = |keytab| {
        Setup {
            keytab: Some(keytab),
            ..Setup::right()
        }
        .verifier()
    };
    let keytab = dc::keytab();
    assert!(with(keytab.clone()).verify(&client.attempt()).is_ok());

    // A newer key that the controller has not heard of: the one before it does.
    let (version, entries) = keytab.split_at(2);
    let mut newer = version.to_vec();
    let mut rest = entries;
    while let Some((size, after)) = rest.split_first_chunk() {
        let size = usize::try_from(i32::from_be_bytes(*size)).unwrap();
        let (entry, after) = after.split_at(size);
        newer.extend(&rest[..4 + size]);
        let mut entry = entry.to_vec();
        // At the end: 2 bytes of length, 16 of the key, 4 of the version, 4 of flags.
        let at = size - 8;
        if entry[at - 18..at - 16] == [0, 16] {
            let kvno = u32::from_be_bytes(entry[at..at + 4].try_into().unwrap()) + 1;
            entry[at..at + 4].copy_from_slice(&kvno.to_be_bytes());
            entry[at - 16] ^= 1;
            newer.extend(i32::try_from(size).unwrap().to_be_bytes());
            newer.extend(entry);
        }
        rest = after;
    }
    assert!(newer.len() > keytab.len());
    assert!(with(newer).verify(&client.attempt()).is_ok());
}

#[test]
fn long_responses_go_in_many_fragments() {
    let _turn = dc::turn();
    let verifier = dc::verifier();
    for padding in [5_000, 20_000, 64_000] {
        let client = Client::of("alice").padded(padding);
        let verified = verifier.verify(&client.attempt());
        verified.unwrap_or_else(|refusal| panic!("{padding}: {refusal:?}"));
    }
}
