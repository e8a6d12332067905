use super::*;
use crate::protocol::rpc::netlogon::sam_logon::{NetworkLogon, Verdict};
use crate::protocol::rpc::schannel::agreement::Proof;
use crate::protocol::rpc::schannel::seal::tests::Server;
use crate::protocol::rpc::tests::recorded;

/// The parties of the recorded session.
pub(in crate::protocol::rpc) const PARTIES: Parties<'_> = Parties {
    server: Some(r"\\VM"),
    account: "NLRES1$",
    computer: "NLRES1",
};

/// The recorded GetCapabilities in clear: request and response.
pub(in crate::protocol::rpc) fn unsealed_capabilities() -> (Vec<u8>, Vec<u8>) {
    let mut server = Server::new(recorded::SESSION_KEY);
    let request = recorded::CAPABILITIES.request;
    let mut stub = request[24..120].to_vec();
    server.open(&mut stub, &request[128..]);
    stub.truncate(0x54);

    let mut seal = crate::protocol::rpc::schannel::seal::Seal::new(crate::base::crypto::Key::new(
        recorded::SESSION_KEY,
    ));
    seal.seal(&[], &mut [], &[]).unwrap(); // the request used a sequence number
    let response = recorded::CAPABILITIES.response;
    let mut reply = response[24..56].to_vec();
    seal.unseal(
        &response[..24],
        &mut reply,
        &response[56..64],
        &response[64..],
    )
    .unwrap();
    reply.truncate(0x18);
    (stub, reply)
}

fn utf16(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

#[test]
fn the_logon_is_encoded_as_recorded() {
    let stub = sam_logon::request_with(
        2,
        0x820,
        PARTIES,
        &NetworkLogon {
            domain: &utf16("EXAMPLE"),
            user: &utf16("alice"),
            workstation: &utf16("WKS"),
            challenge: recorded::SERVER_CHALLENGE_OF_LOGON,
            nt_response: recorded::NT_RESPONSE,
        },
        // The recorded client sent one; we never do.
        &[0; 24],
    );
    assert_eq!(stub.unwrap(), recorded::LOGON_REQUEST);
}

#[test]
fn the_logon_has_the_negotiated_level() {
    let logon = NetworkLogon {
        domain: &[],
        user: &utf16("alice"),
        workstation: &[],
        challenge: [0; 8],
        nt_response: &[0; 100],
    };
    // LogonServer is null; ComputerName is 6 letters and NUL: 4 + 4 + 12 + 14 bytes.
    let level = |negotiated| {
        let parties = Parties {
            server: None,
            ..PARTIES
        };
        let proof = Proof::pretended(negotiated, 0);
        let stub = sam_logon::request(proof, parties, &logon).unwrap();
        (stub[34], stub[36])
    };
    assert_eq!(level(0x612F_FFFF), (6, 6));
    assert_eq!(level(0x612F_7FFF), (2, 2));
}

#[test]
fn values_that_are_too_long_are_refused() {
    let logon = NetworkLogon {
        domain: &[],
        user: &[],
        workstation: &[],
        challenge: [0; 8],
        nt_response: &[0; 0x1_0000],
    };
    assert_eq!(
        sam_logon::request(Proof::pretended(0, 0), PARTIES, &logon),
        Err(Error::TooLong("NtChallengeResponse"))
    );
}

#[test]
fn the_verdict_is_read_as_recorded() {
    let Ok(Verdict::Validated(info)) = sam_logon::reply(recorded::LOGON_RESPONSE) else {
        panic!("alice was accepted")
    };
    assert_eq!(info.effective_name, "alice");
    assert_eq!(info.logon_domain_name, "EXAMPLE");
    assert_eq!(info.dns_logon_domain_name, "example.test");
    assert_eq!(info.upn, "alice@example.test");
    assert_eq!(info.logon_server, "VM");
    assert_eq!(info.full_name, "");
    let domain = "S-1-5-21-2965090645-1499601966-2407700963";
    let text = |sid: &Option<crate::base::sid::Sid>| sid.as_ref().unwrap().to_string();
    assert_eq!(text(&info.sid), format!("{domain}-1102"));
    assert_eq!(text(&info.primary_group_sid), format!("{domain}-513"));
    assert_eq!(info.group_sids, [info.primary_group_sid.clone().unwrap()]);
    assert!(!info.is_guest);
    assert_eq!(info.logoff_time.to_system_time(), None);
    let key = info.user_session_key.unwrap();
    assert_eq!(key.expose(), &recorded::SESSION_BASE_KEY);
}

#[test]
fn every_truncation_of_the_verdict_is_refused() {
    let good = recorded::LOGON_RESPONSE;
    for end in 0..good.len() {
        assert!(sam_logon::reply(&good[..end]).is_err(), "{end}");
    }
    assert!(sam_logon::reply(&[good, &[0]].concat()).is_err());
}

#[test]
fn no_single_changed_byte_makes_another_user() {
    // A broken controller causes no panic. Only a change of the name's own bytes changes the name.
    let letters_of = |name: &str| {
        let letters: Vec<u8> = utf16(name).into_iter().flat_map(u16::to_le_bytes).collect();
        let mut windows = recorded::LOGON_RESPONSE.windows(letters.len());
        let at = windows.position(|window| window == letters).unwrap();
        at..at + letters.len()
    };
    let (user, domain) = (letters_of("alice"), letters_of("EXAMPLE"));
    let mut read = 0;
    for at in 0..recorded::LOGON_RESPONSE.len() {
        for value in [0x00, 0x01, 0x7F, 0xFF] {
            let mut stub = recorded::LOGON_RESPONSE.to_vec();
            stub[at] = value;
            if let Ok(Verdict::Validated(info)) = sam_logon::reply(&stub) {
                read += 1;
                assert!(info.effective_name == "alice" || user.contains(&at), "{at}");
                assert!(
                    info.logon_domain_name == "EXAMPLE" || domain.contains(&at),
                    "{at}"
                );
            }
        }
    }
    assert!(read > 0, "ignored bytes may have any value");
}

#[test]
fn a_refusal_is_read() {
    let mut stub = vec![6, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
    stub.extend(0xC000_006A_u32.to_le_bytes());
    assert_eq!(
        sam_logon::reply(&stub),
        Ok(Verdict::Refused {
            status: NtStatus::WRONG_PASSWORD,
            authoritative: true,
        })
    );
    stub[16..20].copy_from_slice(&[0; 4]);
    assert!(sam_logon::reply(&stub).is_err(), "a success without a name");
    stub[0] = 3;
    assert!(sam_logon::reply(&stub).is_err(), "another level");
}

#[test]
fn an_error_status_with_an_account_is_a_refusal() {
    let mut stub = recorded::LOGON_RESPONSE.to_vec();
    let at = stub.len() - 4;
    stub[at..].copy_from_slice(&0xC000_0234_u32.to_le_bytes());
    assert_eq!(
        sam_logon::reply(&stub),
        Ok(Verdict::Refused {
            status: NtStatus::ACCOUNT_LOCKED_OUT,
            authoritative: true,
        })
    );
}

#[test]
fn short_answers_are_refused() {
    let (request, response) = unsealed_capabilities();
    assert_eq!(request.len(), 0x54);
    for end in 0..response.len() {
        assert!(capabilities_reply(&response[..end], 1).is_err(), "{end}");
    }
    assert!(capabilities_reply(&response, 2).is_err(), "another level");
    let challenge = &recorded::REQ_CHALLENGE.response[24..];
    for end in 0..challenge.len() {
        assert!(req_challenge_reply(&challenge[..end]).is_err(), "{end}");
    }
}
