//! The names of the computer account and of the domain.

use gss_ntlmdc::base::config::first_label;
use gss_ntlmdc::base::crypto;
use gss_ntlmdc::base::name_case::capitals;

/// The longest name of a computer account, without its `$`.
const MAX_NAME: usize = 15;
/// What the account's name has after the host's.
const SUFFIX: &str = "-NTLM";
/// How many letters of a hash a host's name gets that does not fit.
const HASH_LENGTH: usize = 4;

/// The DNS name of a domain.
///
/// # Errors
/// It has no dot.
pub fn checked_domain(domain: &str) -> Result<String, String> {
    let domain = domain.trim_end_matches('.');
    match domain.contains('.') {
        true => Ok(domain.to_owned()),
        false => Err(format!(
            "{} is not the DNS name of a domain; it may be its NetBIOS name: give the DNS name of \
             the domain, e.g. example.test",
            domain.escape_debug()
        )),
    }
}

/// The name of a computer: letters, digits and hyphens, which DNS and NetBIOS both accept.
///
/// # Errors
/// What is wrong with it.
pub fn checked_name(name: &str) -> Result<String, String> {
    let name = name.strip_suffix('$').unwrap_or(name);
    let is_label = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let problem = if name.is_empty() || name.len() > MAX_NAME {
        "a computer's name has 1 to 15 characters"
    } else if !name.chars().all(is_label) || name.starts_with('-') || name.ends_with('-') {
        "a computer's name has letters, digits and, in its middle, hyphens"
    } else if name.chars().all(|letter| letter.is_ascii_digit()) {
        "a computer's name has a letter"
    } else {
        return Ok(capitals(name));
    };
    Err(format!("--computer {}: {problem}", name.escape_debug()))
}

/// The host's name and `-NTLM`: Samba or sssd may have an account with the host's name. A name that
/// does not fit is cut, and has letters of a hash: other hosts may begin with the same letters.
///
/// # Errors
/// Nothing of the host's name fits.
pub fn default_name(host: &str) -> Result<String, String> {
    let is_label = |letter: &char| letter.is_ascii_alphanumeric() || *letter == '-';
    let whole = first_label(host);
    let label: String = whole.chars().filter(is_label).collect();
    let label = label.trim_matches('-');
    if label.is_empty() {
        return Err("name the computer account: --computer NAME".to_owned());
    }
    let room = MAX_NAME - SUFFIX.len();
    if label == whole && label.len() <= room {
        return checked_name(&format!("{label}{SUFFIX}"));
    }
    let short: String = label.chars().take(room - HASH_LENGTH - 1).collect();
    let short = short.trim_end_matches('-');
    checked_name(&format!("{short}-{}{SUFFIX}", hash_letters(host)))
}

/// Four letters, each of five bits, of a hash of the host's name.
fn hash_letters(host: &str) -> String {
    const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let hash = crypto::sha256(host.to_lowercase().as_bytes());
    let letter = |byte: &u8| LETTERS.get(usize::from(byte & 0x1F)).copied();
    let letters = hash.iter().take(HASH_LENGTH).filter_map(letter);
    letters.map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_dns_and_netbios() {
        assert_eq!(checked_name("web1$").unwrap(), "WEB1");
        assert_eq!(checked_name("a23456789012345").unwrap().len(), 15);
        for wrong in [
            "",
            "$",
            "a234567890123456",
            "a b",
            "a_b",
            "é",
            "-a",
            "a-",
            "123",
            "a.b",
        ] {
            assert!(checked_name(wrong).is_err(), "{wrong}");
        }
        assert_eq!(default_name("web1.example.test").unwrap(), "WEB1-NTLM");
        assert_eq!(default_name("a-ten-long").unwrap(), "A-TEN-LONG-NTLM");
        assert!(default_name("...").is_err());
    }

    #[test]
    fn long_names_of_hosts_that_begin_alike_differ() {
        let hosts = ["prod-web-frontend-1", "prod-web-frontend-2", "prod_w"];
        let names = hosts.map(|host| default_name(host).unwrap());
        for (name, start) in names.iter().zip(["PROD-", "PROD-", "PRODW-"]) {
            let hash = name.strip_suffix("-NTLM").unwrap().strip_prefix(start);
            assert_eq!(hash.unwrap().len(), 4, "{name}");
        }
        assert_ne!(names[0], names[1]);
        // However the host writes its name.
        let name = default_name("PROD-WEB-frontend-1").unwrap();
        assert_eq!(name, names[0]);
    }

    #[test]
    fn the_netbios_name_of_a_domain_is_none_of_dns() {
        assert_eq!(checked_domain("example.test.").unwrap(), "example.test");
        let refused = checked_domain("EXAMPLE").unwrap_err();
        assert!(refused.contains("e.g. example.test"), "{refused}");
    }
}
