//! Certificates, SPNEGO, the configuration, and names. The first byte selects the reader.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gss_ntlmdc::base::config::Config;
use gss_ntlmdc::base::distinguished_name::DistinguishedName;
use gss_ntlmdc::base::sid::Sid;
use gss_ntlmdc::base::typed_name::split_domain;
use gss_ntlmdc::protocol::certificate;
use gss_ntlmdc::protocol::ntlm::acceptor::PassedOn;
use gss_ntlmdc::protocol::ntlm::message::Negotiate;
use gss_ntlmdc::protocol::ntlm::seal::Weakest;
use gss_ntlmdc::protocol::rpc::netlogon::password_set;
use gss_ntlmdc::protocol::spnego;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((which, content)) = bytes.split_first() else {
        return;
    };
    let text = str::from_utf8(content).unwrap_or_default();
    match which % 6 {
        0 => certificate(content),
        1 => challenge(content),
        2 => configuration(text),
        3 => distinguished_name(text),
        4 => names(content, text),
        _ => passed_on(content),
    }
});

fn certificate(bytes: &[u8]) {
    let _any = certificate::channel_binding(bytes);
    let binding = certificate::channel_binding_of_der(bytes).ok();
    let base64 = STANDARD.encode(bytes);
    let pem = format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n");
    // In PEM, at the beginning of a chain, it is the same.
    let chain = format!("{pem}{pem}x");
    assert_eq!(certificate::channel_binding(chain.as_bytes()).ok(), binding);
    if binding.is_some() {
        let mut other = bytes.to_vec();
        *other.last_mut().expect("a certificate") ^= 1;
        assert_ne!(certificate::channel_binding_of_der(&other).ok(), binding);
    }
}

fn challenge(bytes: &[u8]) {
    const BEGIN: &[u8] = b"NTLMSSP\0\x02\0\0\0";
    if let Ok(message) = spnego::ntlm_challenge(bytes) {
        assert!(message.starts_with(BEGIN));
        assert!(bytes.ends_with(message) || bytes.first() == Some(&0xA1));
        assert_eq!(spnego::ntlm_challenge(message), Ok(message));
    }
    // Whatever is wrapped comes out again.
    let message = [BEGIN, bytes].concat();
    let element = |tag: u8, content: &[u8]| {
        let length = u16::try_from(content.len())
            .unwrap_or(u16::MAX)
            .to_be_bytes();
        [&[tag, 0x82][..], &length, content].concat()
    };
    let token = element(0xA2, &element(0x04, &message));
    let wrapped = element(0xA1, &element(0x30, &token));
    if wrapped.len() < 0xFFFF {
        assert_eq!(spnego::ntlm_challenge(&wrapped), Ok(&message[..]));
    }
}

fn configuration(text: &str) {
    match Config::parse(text) {
        Err(problem) => assert!(!problem.is_empty()),
        Ok(config) => {
            assert!(!config.verify.is_empty());
            let in_use = config.netlogon_in_use();
            assert!(in_use.is_empty() || in_use == config.netlogon);
            assert!(in_use.len() < 2 || in_use.iter().all(|section| section.sid.is_some()));
            let again = Config::parse(&format!("{text}\n# a remark\n"));
            assert_eq!(again.as_ref(), Ok(&config));
            let unknown = format!("unknown_key = 1\n{text}");
            assert!(Config::parse(&unknown).is_err());
        }
    }
}

fn distinguished_name(text: &str) {
    if let Some(name) = DistinguishedName::parse(text) {
        assert_eq!(name.as_str(), text);
        assert!(name.is_within(&name));
        let below = DistinguishedName::parse(&format!("cn=x,{text}")).expect("a name below");
        assert!(below.is_within(&name) && !name.is_within(&below));
        assert_eq!(below.own_value("CN"), Some("x"));
    }
}

fn names(bytes: &[u8], text: &str) {
    for sid in [Sid::from_bytes(bytes), text.parse().ok()]
        .into_iter()
        .flatten()
    {
        // A greater authority is written in hexadecimal, which no configuration has.
        if sid.authority().starts_with(&[0, 0]) {
            assert_eq!(sid.to_string().parse(), Ok(sid.clone()));
        }
        if let (Some(domain), Some(rid)) = (sid.domain(), sid.rid()) {
            assert_eq!(domain.with_rid(rid), Some(sid));
        }
    }
    if let Some((domain, user)) = split_domain(text) {
        assert_eq!(domain.len() + 1 + user.len(), text.len());
    }
    if let Ok(credential) = password_set::reply(bytes) {
        assert!(bytes.len() == 16 && bytes.starts_with(&credential) && bytes.ends_with(&[0; 4]));
    }
}

/// A NEGOTIATE message for another server, and that server's challenge.
fn passed_on(bytes: &[u8]) {
    let (length, rest) = bytes.split_at(bytes.len().min(1));
    let length = length.first().map_or(0, |length| usize::from(*length));
    let (negotiate, challenge) = rest.split_at(rest.len().min(length));
    if let Ok(passed) = PassedOn::parse(negotiate, Weakest::Strong) {
        assert_eq!(passed.token(), negotiate);
        assert!(Negotiate::decode(negotiate).is_ok());
        if let Ok(challenged) = passed.challenged(challenge) {
            let claim = challenged.parse_authenticate(challenge);
            assert!(claim.is_err(), "a challenge is no answer");
        }
    }
}
