//! The files of a host that another process, or an administrator's tool, has written; and tokens
//! that a process of the host gets. The first byte selects the reader.
#![no_main]

use gss_ntlmdc::base::crypto::{Key, SecretBytes, md4};
use gss_ntlmdc::dc;
use gss_ntlmdc::dc::secret_file::SecretFile;
use gss_ntlmdc::login::credential::reencoded_credential;
use gss_ntlmdc::login::guess_limit::guesses_permitted;
use gss_ntlmdc::login::name::Name;
use gss_ntlmdc_fuzz::REQUIRED_FLAGS;
use libfuzzer_sys::fuzz_target;

/// In seconds since 1970.
const NOW: u32 = 1_700_000_000;

fuzz_target!(|bytes: &[u8]| {
    let Some((which, content)) = bytes.split_first() else {
        return;
    };
    let text = str::from_utf8(content).unwrap_or_default();
    match which % 9 {
        0 => shared_key(content),
        1 => keytab(content),
        2 => secret_file(content),
        3 => guesses(content),
        4 => {
            if let Some(written) = dc::domains::reencoded_domains(content) {
                // Without its checksum.
                let body = &written[..written.len() - 32];
                assert_eq!(
                    dc::domains::reencoded_domains(body).as_ref(),
                    Some(&written)
                );
            }
        }
        5 => {
            let now = u64::from(NOW) * 1000;
            let again = |text: &str| dc::reencoded_health(text, now);
            let written = again(text);
            assert!(written.is_none_or(|it| again(&it).as_ref() == Some(&it)));
        }
        6 => {
            let again = dc::reencoded_controller;
            let written = again(text);
            assert!(written.is_none_or(|it| again(&it).as_ref() == Some(&it)));
        }
        7 => {
            if let Some(written) = reencoded_credential(content) {
                assert_eq!(written, content, "the encoding is not unique");
            }
        }
        _ => {
            if let Ok(name) = Name::decode(content) {
                assert!(name.identity().is_none(), "a token proves no name");
                assert_eq!(name.encode().expect("short"), content);
            }
        }
    }
});

/// The key of a channel: it has to be sealed by the account's secret.
fn shared_key(bytes: &[u8]) {
    const NAME: &str = "EXAMPLE.WEB1.192.0.2.1";
    let secret = Key::new([0x55; 16]);
    let read = |bytes: &[u8]| dc::reencoded_shared_key(bytes, NAME, &secret);
    assert_eq!(read(bytes), None, "a forged key");
    let Some((chosen, rest)) = bytes.split_first_chunk() else {
        return;
    };
    let [place, bit, flags @ ..]: [u8; 6] = *chosen;
    let flags = u32::from_le_bytes(flags);
    let key = Key::new(md4(rest));
    let Some(mut written) = dc::shared_key(NAME, &secret, key, flags, NOW) else {
        assert_ne!(
            flags & REQUIRED_FLAGS,
            REQUIRED_FLAGS,
            "what is needed was negotiated"
        );
        return;
    };
    assert_eq!(read(&written).as_ref(), Some(&written));
    let other = Key::new([0x56; 16]);
    assert_eq!(dc::reencoded_shared_key(&written, NAME, &other), None);
    let place = usize::from(place) % written.len();
    written[place] ^= 1 << (bit % 8);
    assert_eq!(read(&written), None, "a changed key");
}

fn keytab(bytes: &[u8]) {
    if let Some(keys) = dc::keytab_keys(bytes, "WEB1$", "example.test", NOW) {
        assert!((1..=2).contains(&keys.len()));
        for key in keys {
            assert!(bytes.windows(16).any(|window| window == key.expose()));
        }
        // The keys of no other principal.
        let name = b"WEB1$";
        assert!(
            bytes
                .windows(5)
                .any(|window| window.eq_ignore_ascii_case(name))
        );
    }
}

fn secret_file(bytes: &[u8]) {
    // The mark of an editor is not written again; no password has a NUL.
    if bytes.starts_with("\u{FEFF}".as_bytes()) || bytes.contains(&0) {
        let _any = SecretFile::reencoded(&SecretBytes::new(bytes.to_vec()));
        return;
    }
    let again = |content: &SecretBytes| SecretFile::reencoded(content);
    if let Some(written) = again(&SecretBytes::new(bytes.to_vec())) {
        let more = again(&written).expect("it was written");
        assert_eq!(more.expose(), written.expose());
    }
}

/// A page of counts, whatever they are: no more guesses than the limit go to the verifier.
fn guesses(bytes: &[u8]) {
    const PAGE: usize = 4092;
    let mut page = bytes.to_vec();
    page.resize(PAGE, 0);
    // The number of the page.
    page[..4].fill(0);
    let limit = u16::from(bytes.first().copied().unwrap_or_default() % 20) + 1;
    let now = u64::from(NOW) * 1000;
    let (given, written) = guesses_permitted(&page, limit, now).expect("a page");
    assert!(given <= u32::from(limit), "{given} of {limit}");
    let (again, same) = guesses_permitted(&written, limit, now).expect("it was written");
    assert_eq!((again, same), (given, written));
}
