//! The samples are made with OpenSSL, the expected values with Python's hashlib.

use super::*;
use hex_literal::hex;

macro_rules! sample {
    ($name:literal) => {
        include_bytes!(concat!("samples/", $name, ".pem"))
    };
}

const ECDSA_SHA256: &[u8] = sample!("ecdsa-sha256");
const ECDSA_SHA256_BINDING: [u8; 16] = hex!("4cee07d2453e00b3d0ddb59235633d1e");

#[test]
fn the_hash_follows_from_the_signature_algorithm() {
    for (pem, expected) in [
        (ECDSA_SHA256, ECDSA_SHA256_BINDING),
        (
            sample!("ecdsa-sha384"),
            hex!("970954ff85cc46d88df31b8470f78ae3"),
        ),
        (
            sample!("ecdsa-sha512"),
            hex!("39276ccda5032040ff751505e8d64a55"),
        ),
        (
            sample!("rsa-sha384"),
            hex!("e476106763c42894e7f6dd3cf70cf2ec"),
        ),
        (
            sample!("rsa-pss-sha384"),
            hex!("13ec5c1e5f339e6283eb896834a161dd"),
        ),
        // SHA-1 is replaced by SHA-256.
        (
            sample!("rsa-sha1"),
            hex!("3b8b5a217f872766a1d3c622b88740b1"),
        ),
        (
            sample!("rsa-pss-sha1"),
            hex!("d2e7b0454c2909848d2a147cd10a74a4"),
        ),
    ] {
        assert_eq!(channel_binding(pem), Ok(expected));
    }
}

#[test]
fn an_algorithm_without_a_channel_binding_is_refused() {
    let error = channel_binding(sample!("ed25519")).unwrap_err();
    assert!(error.to_string().contains("RFC 5929"), "{error}");
}

#[test]
fn the_first_certificate_of_a_file_is_used() {
    let other = sample!("ecdsa-sha384");
    let key = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let file = [&key[..], b"subject=CN = w\r\n", ECDSA_SHA256, other].concat();
    assert_eq!(channel_binding(&file), Ok(ECDSA_SHA256_BINDING));
    let with_crlf = str::from_utf8(ECDSA_SHA256).unwrap().replace('\n', "\r\n");
    assert_eq!(
        channel_binding(with_crlf.as_bytes()),
        Ok(ECDSA_SHA256_BINDING)
    );
}

#[test]
fn invalid_certificates_are_refused() {
    let text = str::from_utf8(ECDSA_SHA256).unwrap();
    for wrong in [
        "",
        "hunter2",
        BEGIN,
        &text[..text.len() / 2],
        &text.replace("MII", "M*I"),
        &format!("{BEGIN}\n{END}\n"),
        &format!("{BEGIN}\nMIID\n{END}\n"),
    ] {
        channel_binding(wrong.as_bytes()).unwrap_err();
    }
    channel_binding(b"\xFF").unwrap_err();
    let der = first_certificate(ECDSA_SHA256).unwrap();
    for length in 0..der.len() {
        signature_hash(&der[..length]).unwrap_err();
    }
    assert_eq!(signature_hash(&der), Ok(Hash::Sha256));
    let longer = [der.as_slice(), &[0]].concat();
    signature_hash(&longer).unwrap_err();
}

#[test]
fn no_changed_byte_makes_the_decoder_panic() {
    for pem in [ECDSA_SHA256, sample!("rsa-pss-sha384")] {
        let der = first_certificate(pem).unwrap();
        for place in 0..der.len() {
            for value in [0, 0x7F, 0x80, 0x81, 0x82, 0x84, 0xFF] {
                let mut changed = der.clone();
                changed[place] = value;
                let _ = signature_hash(&changed);
            }
        }
    }
}

#[test]
fn base64_is_decoded_as_in_rfc_4648() {
    // RFC 4648 10.
    for (text, bytes) in [
        ("", ""),
        ("Zg==", "f"),
        ("Zm8=", "fo"),
        ("Zm9v", "foo"),
        ("Zm9v\nYmFy", "foobar"),
    ] {
        assert_eq!(decode_base64(text).unwrap(), bytes.as_bytes());
    }
    assert_eq!(decode_base64("Zm9v-"), None);
}
