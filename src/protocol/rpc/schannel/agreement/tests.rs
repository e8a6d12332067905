use super::*;
use crate::base::crypto::SecretBytes;
use crate::protocol::rpc::netlogon::tests::{PARTIES, unsealed_capabilities};
use crate::protocol::rpc::tests::recorded;

impl Proof {
    /// A proof without a controller.
    pub(crate) fn pretended(negotiated: u32, agreed: u32) -> Self {
        Self { negotiated, agreed }
    }
}

impl Capable {
    /// A session key without a controller.
    pub(crate) fn pretended(negotiated: u32, agreed: u32) -> Self {
        Self {
            session_key: Key::new([7; 16]),
            proof: Proof { negotiated, agreed },
        }
    }
}

fn key() -> Key {
    Key::new(recorded::NT_HASH)
}

fn authenticating() -> Authenticating {
    let key = key();
    let challenge = recorded::CLIENT_CHALLENGE;
    let (stub, state) = Challenging::begin_with(PARTIES, &key, challenge).unwrap();
    assert_eq!(stub, recorded::REQ_CHALLENGE.request[24..]);
    let (stub, state) = state
        .challenged(&recorded::REQ_CHALLENGE.response[24..])
        .unwrap();
    let (recorded, flags) = recorded::AUTHENTICATE3.request[24..].split_at(stub.len() - 4);
    assert_eq!(stub[..stub.len() - 4], *recorded);
    assert_eq!(flags, recorded::NEGOTIATED.to_le_bytes());
    assert_eq!(stub[stub.len() - 4..], OFFERED.to_le_bytes());
    state
}

fn agreed() -> Agreed {
    let reply = &recorded::AUTHENTICATE3.response[24..];
    authenticating().authenticated(reply).unwrap()
}

/// On a connection with signed headers.
fn checking(agreed: Agreed, now: u32) -> (Vec<u8>, Check) {
    let (_, unchecked) = agreed.seal();
    let sealed = recorded::sealed_association();
    unchecked.check(&sealed, PARTIES, now).unwrap()
}

/// An answer to GetCapabilities with the expected authenticator.
fn capabilities(check: &Check, level: u32, flags: u32, status: u32) -> Outcome {
    let chain = &check.chain;
    let next = schannel::advanced(&chain.seed, chain.last_timestamp + 1);
    let mut stub = schannel::credential(&chain.session_key, &next).to_vec();
    for word in [0, level, flags, status] {
        stub.extend(u32::to_le_bytes(word));
    }
    Outcome::Response(SecretBytes::new(stub))
}

fn fault(status: u32) -> Outcome {
    Outcome::Fault(FaultStatus(status))
}

fn ask(checking: Result<Checking, Error>) -> (Vec<u8>, Check) {
    match checking.unwrap() {
        Checking::Ask(stub, check) => (stub, check),
        Checking::Checked(..) => panic!("another question is missing"),
    }
}

#[test]
fn agrees_as_recorded() {
    let agreed = agreed();
    let Agreed(unchecked) = &agreed;
    let chain = &unchecked.chain;
    assert_eq!(chain.session_key.expose(), &recorded::SESSION_KEY);
    assert_eq!(unchecked.negotiated, recorded::NEGOTIATED);
    assert_eq!(chain.seed, recorded::CLIENT_CREDENTIAL);

    let (request, response) = unsealed_capabilities();
    // The timestamp of the recorded authenticator.
    let at = request.len() - 4 - 12 - 4;
    let now = u32::from_le_bytes(request[at..at + 4].try_into().unwrap());
    let (stub, check) = checking(agreed, now);
    assert_eq!(stub, request);
    let outcome = Outcome::Response(SecretBytes::new(response));
    let (_, check) = ask(check.answered(&outcome, PARTIES, now));
    assert!(matches!(check.asked, Asked::Requested));
}

#[test]
fn fresh_challenges_differ_and_are_acceptable() {
    let key = key();
    let (first, state) = Challenging::begin(PARTIES, &key).unwrap();
    let (second, _) = Challenging::begin(PARTIES, &key).unwrap();
    assert_ne!(first, second);
    assert!(schannel::is_acceptable_challenge(&state.client_challenge));
}

#[test]
fn a_challenge_of_one_byte_repeated_is_refused() {
    let key = key();
    let (_, state) = Challenging::begin(PARTIES, &key).unwrap();
    assert!(matches!(state.challenged(&[0; 12]), Err(Error::Forged(_))));
}

#[test]
fn our_own_challenge_is_refused() {
    let key = key();
    let (_, state) = Challenging::begin(PARTIES, &key).unwrap();
    let reply = [&state.client_challenge[..], &[0; 4]].concat();
    assert!(matches!(state.challenged(&reply), Err(Error::Forged(_))));
}

#[test]
fn a_controller_that_does_not_know_the_secret_is_refused() {
    let mut reply = recorded::AUTHENTICATE3.response[24..].to_vec();
    reply[3] ^= 1;
    assert!(matches!(
        authenticating().authenticated(&reply),
        Err(Error::Forged(_))
    ));
}

#[test]
fn required_flags_must_be_negotiated() {
    for missing in [0x0100_0000, 0x4000_0000, 0x0008_0000_u32] {
        let mut reply = recorded::AUTHENTICATE3.response[24..].to_vec();
        let flags = recorded::NEGOTIATED & !missing;
        reply[8..12].copy_from_slice(&flags.to_le_bytes());
        assert!(
            matches!(
                authenticating().authenticated(&reply),
                Err(Error::Downgraded(_))
            ),
            "{missing:#x}"
        );
    }
}

#[test]
fn refusals_and_truncations_give_no_key() {
    let good = &recorded::AUTHENTICATE3.response[24..];
    for end in 0..good.len() {
        assert!(authenticating().authenticated(&good[..end]).is_err());
    }
    let mut denied = good.to_vec();
    denied[16..20].copy_from_slice(&0xC000_0022_u32.to_le_bytes());
    assert_eq!(
        authenticating().authenticated(&denied).err(),
        Some(Error::Status(
            "NetrServerAuthenticate3",
            NtStatus::ACCESS_DENIED
        ))
    );
}

#[test]
fn both_levels_are_checked() {
    let (_, check) = checking(agreed(), 1);
    let first = capabilities(&check, 1, recorded::NEGOTIATED, 0);
    let (_, check) = ask(check.answered(&first, PARTIES, 1));
    let second = capabilities(&check, 2, OFFERED, 0);
    let checked = check.answered(&second, PARTIES, 1).unwrap();
    let Checking::Checked(Checked::Shared(capable), _) = checked else {
        panic!("headers are signed")
    };
    assert!(capable.proof().transitive());
    assert_eq!(capable.session_key().expose(), &recorded::SESSION_KEY);
}

/// Samba 4.17 lacks one of the offered flags: level 1 tells the common flags, level 2 the offered
/// ones.
#[test]
fn each_level_has_its_own_value() {
    assert_eq!(OFFERED & !recorded::NEGOTIATED, 0x0010_0000);
    let refused = |level_1, level_2| {
        let (_, check) = checking(agreed(), 1);
        let first = capabilities(&check, 1, level_1, 0);
        let (_, check) = ask(Ok(check.answered(&first, PARTIES, 1)?));
        let second = capabilities(&check, 2, level_2, 0);
        check.answered(&second, PARTIES, 1).map(drop)
    };
    assert_eq!(refused(recorded::NEGOTIATED, OFFERED), Ok(()));
    for (level_1, level_2) in [
        (OFFERED, OFFERED),
        (recorded::NEGOTIATED, recorded::NEGOTIATED),
    ] {
        let refused = refused(level_1, level_2);
        assert!(matches!(refused, Err(Error::Downgraded(_))), "{refused:?}");
    }
}

/// An attacker without the secret: it derives the server challenge from ours, reads our credential,
/// and computes its own for each cipher register that occurred in ours.
struct Listener {
    ours: Credential,
    heard: Credential,
}

impl Listener {
    fn credential_of(&self, challenge: &Credential) -> Credential {
        let register = |credential: &Credential, length: usize| {
            let mut register = [0; 16];
            register[16 - length..].copy_from_slice(&credential[..length]);
            register
        };
        let mut guess = Credential::default();
        for at in 0..guess.len() {
            let wanted = register(&guess, at);
            let known = (0..8).find(|length| register(&self.heard, *length) == wanted);
            // Unknown register: a guess.
            guess[at] = known.map_or(0, |length| {
                challenge[at] ^ self.ours[length] ^ self.heard[length]
            });
        }
        guess
    }
}

#[test]
fn no_challenge_derived_from_ours_passes_without_the_secret() {
    const TRIES: u32 = 3000;
    type Choice = fn(Credential) -> Credential;
    let strategies: [(&str, Choice); 8] = [
        ("ours", |ours| ours),
        ("shifted by 1", |[a, b, c, d, e, f, g, _]| {
            [0, a, b, c, d, e, f, g]
        }),
        ("by 1, another byte", |[a, b, c, d, e, f, g, _]| {
            [0x5A, a, b, c, d, e, f, g]
        }),
        ("by 2", |[a, b, c, d, e, f, ..]| [7, 7, a, b, c, d, e, f]),
        ("by 3", |[a, b, c, d, e, ..]| [7, 7, 7, a, b, c, d, e]),
        ("by 4", |[a, b, c, d, ..]| [7, 7, 7, 7, a, b, c, d]),
        ("by 5", |[a, b, c, ..]| [7, 7, 7, 7, 7, a, b, c]),
        ("one byte repeated", |_| [7; 8]),
    ];
    for (what, choose) in strategies {
        let mut would_have_passed = 0;
        for number in 0..TRIES {
            let [ours @ .., _, _, _, _, _, _, _, _] =
                crypto::hmac_md5(&key(), &[&number.to_le_bytes()]);
            let theirs = choose(ours);
            let session_key = schannel::session_key(&key(), &ours, &theirs);
            let heard = schannel::credential(&session_key, &ours);
            let forged = Listener { ours, heard }.credential_of(&theirs);
            let passes = forged == schannel::credential(&session_key, &theirs);
            would_have_passed += u32::from(passes);

            let key = key();
            let (_, state) = Challenging::begin_with(PARTIES, &key, ours).unwrap();
            let reply = [&theirs[..], &[0; 4]].concat();
            let refused = state.challenged(&reply).err();
            assert!(matches!(refused, Some(Error::Forged(_))), "{what} {ours:?}");
        }
        assert!(would_have_passed > 0, "{what} is no attack");
    }
}

#[test]
fn a_key_without_signed_headers_is_exclusive() {
    let (seal, unchecked) = agreed().seal();
    let sealed = recorded::unsigned_association(seal);
    let (_, check) = unchecked.check(&sealed, PARTIES, 1).unwrap();
    let first = capabilities(&check, 1, recorded::NEGOTIATED, 0);
    let (_, check) = ask(check.answered(&first, PARTIES, 1));
    let second = capabilities(&check, 2, OFFERED, 0);
    let Checking::Checked(checked, _) = check.answered(&second, PARTIES, 1).unwrap() else {
        panic!("no question is left")
    };
    assert_eq!(checked.key(), None);
    assert!(checked.proof().transitive());
}

#[test]
fn a_controller_without_level_2_is_asked_level_1_again() {
    for status in [0x1C00_0006, 0x6F7] {
        let (_, check) = checking(agreed(), 1);
        let first = capabilities(&check, 1, recorded::NEGOTIATED, 0);
        let (_, check) = ask(check.answered(&first, PARTIES, 1));
        let (_, check) = ask(check.answered(&fault(status), PARTIES, 1));
        let again = capabilities(&check, 1, recorded::NEGOTIATED, 0);
        let checked = check.answered(&again, PARTIES, 1).unwrap();
        assert!(matches!(checked, Checking::Checked(..)));
    }
}

#[test]
fn every_other_answer_is_an_error() {
    let first = |make: &dyn Fn(&mut Check) -> Outcome| {
        let (_, mut check) = checking(agreed(), 1);
        let outcome = make(&mut check);
        check.answered(&outcome, PARTIES, 1).err().unwrap()
    };
    let downgraded = |error| matches!(error, Error::Downgraded(_));
    assert!(downgraded(first(&|check| capabilities(
        check,
        1,
        recorded::NEGOTIATED ^ 1,
        0
    ))));
    assert!(downgraded(first(&|_| fault(0x1C01_0002))));
    assert!(downgraded(first(&|check| capabilities(
        check,
        1,
        recorded::NEGOTIATED,
        0xC000_0002
    ))));
    assert_eq!(
        first(&|_| fault(0x1C00_0006)),
        Error::Fault(FaultStatus::INVALID_TAG),
        "level 1 is known to all"
    );
    assert!(matches!(
        first(&|check| capabilities(check, 2, recorded::NEGOTIATED, 0)),
        Error::Malformed(_)
    ));
    assert!(matches!(
        first(&|check| {
            let outcome = capabilities(check, 1, recorded::NEGOTIATED, 0);
            check.chain.last_timestamp += 1;
            outcome
        }),
        Error::Forged(_)
    ));
    assert_eq!(
        first(&|check| capabilities(check, 1, 0, 0xC000_0022)),
        Error::Status("NetrLogonGetCapabilities", NtStatus::ACCESS_DENIED)
    );
}

#[test]
fn a_key_is_young_for_an_hour_and_not_before_it_was_agreed_on() {
    const AGREED: u32 = 1_700_000_000;
    let proof = Proof::pretended(0, AGREED);
    for (now, expected) in [
        (AGREED - 1, false),
        (AGREED, true),
        (AGREED + 3599, true),
        (AGREED + 3600, false),
    ] {
        assert_eq!(proof.is_young(now), expected, "{now}");
    }
}

#[test]
fn logons_are_network_transitive_if_bit_p_is_negotiated() {
    assert!(Proof::pretended(0x0000_8000, 0).transitive());
    assert!(!Proof::pretended(!0x0000_8000, 0).transitive());
}
