use std::fs;
use std::time::Duration;

use super::*;

const ONE: &[u8] = include_bytes!("../../../protocol/certificate/samples/ecdsa-sha256.pem");
const OTHER: &[u8] = include_bytes!("../../../protocol/certificate/samples/rsa-sha384.pem");

fn hash(pem: &[u8]) -> [u8; 16] {
    certificate::channel_binding(pem).unwrap()
}

/// The channel at a time when the files are checked again.
fn check(certificates: &Certificates) -> Channel {
    let checked = certificates.loaded.lock().unwrap().checked;
    Channel::clone(&certificates.channel_at(checked + LOOK_AGAIN))
}

#[test]
fn a_renewed_certificate_replaces_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("www.pem");
    fs::write(&path, ONE).unwrap();
    let certificates = Certificates::open(std::slice::from_ref(&path), LogTarget::Off).unwrap();
    assert!(certificates.channel().is_named(&hash(ONE)));

    fs::write(&path, OTHER).unwrap();
    let checked = certificates.loaded.lock().unwrap().checked;
    let soon = checked + LOOK_AGAIN - Duration::from_millis(1);
    assert!(
        certificates.channel_at(soon).is_named(&hash(ONE)),
        "once a second"
    );
    let channel = check(&certificates);
    assert!(channel.is_named(&hash(OTHER)) && !channel.is_named(&hash(ONE)));
}

/// Notepad writes a byte order mark; its encoding "Unicode" is UTF-16.
#[test]
fn a_byte_order_mark_is_ignored_and_utf_16_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("www.pem");
    let text = str::from_utf8(ONE).unwrap().replace('\n', "\r\n");
    fs::write(&path, format!("\u{FEFF}{text}")).unwrap();
    let certificates = Certificates::open(std::slice::from_ref(&path), LogTarget::Off).unwrap();
    assert!(certificates.channel().is_named(&hash(ONE)));

    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    fs::write(&path, wide).unwrap();
    let message = read(&path).unwrap_err().for_the_log();
    assert!(message.contains("iconv -f UTF-16LE"), "{message}");
}

#[test]
fn an_unusable_certificate_leaves_the_previous_one_in_force() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("www.pem");
    fs::write(&path, ONE).unwrap();
    let certificates = Certificates::open(std::slice::from_ref(&path), LogTarget::Off).unwrap();
    fs::remove_file(&path).unwrap();
    assert!(check(&certificates).is_named(&hash(ONE)));
    fs::write(&path, &OTHER[..100]).unwrap();
    assert!(check(&certificates).is_named(&hash(ONE)));
    fs::write(&path, OTHER).unwrap();
    assert!(!check(&certificates).is_named(&hash(ONE)));
}

#[test]
fn any_of_several_certificates_names_the_channel() {
    let folder = tempfile::tempdir().unwrap();
    let paths = [("a", ONE), ("b", OTHER)].map(|(name, pem)| {
        let path = folder.path().join(name);
        fs::write(&path, pem).unwrap();
        path
    });
    let certificates = Certificates::open(&paths, LogTarget::Off).unwrap();
    let channel = certificates.channel();
    assert!(channel.is_named(&hash(ONE)) && channel.is_named(&hash(OTHER)));
    assert!(!channel.is_named(&[7; 16]));
}

#[test]
fn the_error_names_an_unusable_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("www.pem");
    let fault =
        |path: &PathBuf| match Certificates::open(std::slice::from_ref(path), LogTarget::Off) {
            Ok(_) => panic!("opened"),
            Err(fault) => fault,
        };
    assert_eq!(fault(&path).minor(), Minor::CertificateUnusable);
    assert!(fault(&path).to_string().contains("/www.pem: No such file"));
    fs::write(&path, "hunter2").unwrap();
    let message = fault(&path).to_string();
    assert!(
        message.contains("in PEM form") && !message.contains("hunter2"),
        "{message}"
    );
}

#[test]
fn without_certificates_the_channel_is_unknown() {
    let certificates = Certificates::open(&[], LogTarget::Off).unwrap();
    assert!(check(&certificates).is_unknown());
}

#[test]
fn the_last_fault_is_remembered_until_the_file_is_usable() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("www.pem");
    fs::write(&path, ONE).unwrap();
    let certificates = Certificates::open(std::slice::from_ref(&path), LogTarget::Off).unwrap();
    let logged = || {
        check(&certificates);
        let loaded = certificates.loaded.lock().unwrap();
        loaded.logged.as_ref().map(Fault::for_the_log)
    };
    assert_eq!(logged(), None);
    fs::remove_file(&path).unwrap();
    assert!(logged().is_some_and(|fault| fault.contains("No such file")));
    fs::write(&path, "hunter2").unwrap();
    assert!(logged().is_some_and(|fault| fault.contains("in PEM form")));
    // Usable again: the next fault is a new one.
    fs::write(&path, OTHER).unwrap();
    assert_eq!(logged(), None);
}
