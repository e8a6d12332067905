use super::*;
use gss_ntlmdc::base::config::Config;

use crate::check::finding::Level;

fn relay(lines: &str) -> Relay {
    let text = format!(
        "verify = [\"relay\"]\n[relay]\ntransport = \"smb2\"\n\
         accept_unauthenticated_controller = true\n{lines}"
    );
    Config::parse(&text).unwrap().relay.unwrap()
}

fn told(netbios: &str, dns: &str) -> DomainNames {
    let given = |name: &str| (!name.is_empty()).then(|| name.to_owned());
    DomainNames {
        netbios: given(netbios),
        dns: given(dns),
    }
}

#[test]
fn each_wrong_name_is_a_finding() {
    let right = "domain = \"example.test\"";
    let with_other_netbios = "domain = \"example.test\"\nnetbios_domain = \"EXMAPLE\"";
    let with_other_dns = "domain = \"exmaple.test\"\nnetbios_domain = \"EXAMPLE\"";
    let with_both = "domain = \"exmaple.test\"";
    let other = Cause::ControllerOfOtherDomain;
    let expected = [
        (
            with_other_netbios,
            Cause::NetbiosDomainWrong,
            Level::Failure,
        ),
        (with_other_dns, other, Level::Warning),
        (with_both, other, Level::Failure),
    ];
    let names = told("EXAMPLE", "Example.Test");
    assert_eq!(compare(&relay(right), "dc1", &names), None);
    for (lines, cause, level) in expected {
        let found = compare(&relay(lines), "dc1", &names).unwrap();
        assert_eq!((found.cause, found.level), (Some(cause), level), "{lines}");
        let word = if level == Level::Warning {
            "exmaple"
        } else {
            "EXMAPLE"
        };
        assert!(found.what.contains(word), "{}", found.what);
        assert!(
            found.what.to_lowercase().contains("example"),
            "{}",
            found.what
        );
    }
    // What is not told is not compared.
    assert_eq!(compare(&relay(with_both), "dc1", &told("", "")), None);
}

#[test]
fn names_are_read_from_a_challenge() {
    let wide = |name: &str| -> Vec<u8> { name.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let pair = |id: u16, value: &[u8]| {
        let length = u16::try_from(value.len()).unwrap();
        [&id.to_le_bytes()[..], &length.to_le_bytes(), value].concat()
    };
    let challenge = |pairs: &[u8]| {
        let length = u16::try_from(pairs.len()).unwrap().to_le_bytes();
        // MS-NLMP 2.2.1.2, with Unicode and target information.
        let mut message = b"NTLMSSP\0\x02\0\0\0".to_vec();
        message.extend([0, 0, 0, 0, 48, 0, 0, 0]);
        message.extend(0x0080_0001_u32.to_le_bytes());
        message.extend([7; 8]);
        message.extend([0; 8]);
        message.extend([length[0], length[1], length[0], length[1], 48, 0, 0, 0]);
        message.extend(pairs);
        message
    };
    let both = [
        pair(2, &wide("EXAMPLE")),
        pair(4, &wide("example.test")),
        pair(0, &[]),
    ];
    let read = |pairs: &[u8]| DomainNames::of_challenge(&challenge(pairs));
    assert_eq!(read(&both.concat()), told("EXAMPLE", "example.test"));
    assert_eq!(
        read(&[pair(2, b"odd"), pair(0, &[])].concat()),
        told("", "")
    );
    assert_eq!(DomainNames::of_challenge(b"none"), told("", ""));
}
