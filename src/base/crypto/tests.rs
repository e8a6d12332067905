//! The algorithms' published vectors.

use super::*;
use hex_literal::hex;

const ASCENDING: [u8; 16] = hex!("000102030405060708090a0b0c0d0e0f");

#[test]
fn hashes_match_their_published_vectors() {
    // RFC 1320 A.5, RFC 1321 A.5, FIPS 180-4 (the message "abc").
    assert_eq!(md4(b"abc"), hex!("a448017aaf21d8525fc10ae87aa6729d"));
    assert_eq!(
        md5(&[b"a", b"", b"bc"]),
        hex!("900150983cd24fb0d6963f7d28e17f72")
    );
    assert_eq!(
        sha256(b"abc"),
        hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    );
}

#[test]
fn longer_hashes_match_their_published_vectors() {
    // FIPS 180-4, the message "abc": the first 16 bytes.
    assert_eq!(
        sha384(b"abc")[..16],
        hex!("cb00753f45a35e8bb5a03d699ac65007")
    );
    assert_eq!(
        sha512(b"abc")[..16],
        hex!("ddaf35a193617abacc417349ae204131")
    );
}

#[test]
fn desl_is_three_times_des() {
    // MS-NLMP 4.2.2.2.1: the NTLMv1 response to the challenge 0123456789abcdef.
    let key = Key::new(hex!("a4f49c406510bdcab6824ee7c30fd852"));
    assert_eq!(
        desl(&key, hex!("0123456789abcdef")),
        hex!("67c43011f30298a2ad35ece64f16331c44bdbed927841f94")
    );
}

#[test]
fn nt_hashes_come_from_passwords_and_from_digits() {
    // MS-NLMP 4.2.2.1.2.
    let expected = Key::new(hex!("a4f49c406510bdcab6824ee7c30fd852"));
    assert_eq!(nt_hash("Password"), expected);
    for digits in [
        "a4f49c406510bdcab6824ee7c30fd852",
        "A4F49C406510BDCAB6824EE7C30FD852",
    ] {
        assert_eq!(
            Key::from_hexadecimal(digits.as_bytes()),
            Some(expected.clone())
        );
    }
    for wrong in [
        "",
        "a4f49c406510bdcab6824ee7c30fd85",
        "a4f49c406510bdcab6824ee7c30fd8520",
        "a4f49c406510bdcab6824ee7c30fd85200",
        "a4f49c406510bdcab6824ee7c30fd85g",
    ] {
        assert_eq!(Key::from_hexadecimal(wrong.as_bytes()), None, "{wrong}");
    }
}

#[test]
fn macs_match_their_published_vectors() {
    // RFC 2202 2, test case 1, in pieces.
    let key = Key::new([0x0b; 16]);
    assert_eq!(
        hmac_md5(&key, &[b"Hi ", b"There"]),
        hex!("9294727a3638bb1c13f48ef8158bfc9d")
    );
    // The key of RFC 4231 4.2 is 20 bytes; this value is of Python's hmac for the 16-byte key.
    assert_eq!(
        hmac_sha256(&key, &[b"Hi ", b"There"]),
        hex!("492ce020fe2534a5789dc3848806c78f4f6711397f08e7e7a12ca5a4483c8aa6")
    );
}

#[test]
fn rc4_is_one_stream_over_pieces() {
    // RFC 6229 2, 128-bit key: the first 16 bytes of the key stream, and those at 4096.
    let key = Key::new(hex!("0102030405060708090a0b0c0d0e0f10"));
    let mut data = [0; 16];
    rc4(&key, &mut data);
    assert_eq!(data, hex!("9ac7cc9a609d1ef7b2932899cde41b97"));

    let mut stream = Rc4::new(&key);
    for length in [1, 0, 4000, 95] {
        stream.apply(&mut vec![0; length]);
    }
    let (mut data, mut again) = ([0; 16], [0; 16]);
    stream.clone().apply(&mut again);
    stream.apply(&mut data);
    assert_eq!(data, hex!("a36a4c301ae8ac13610ccbc12256cacc"));
    assert_eq!(data, again);
}

#[test]
fn rc4_goes_on_where_it_was_saved() {
    let mut stream = Rc4::new(&Key::new(ASCENDING));
    stream.apply(&mut [0; 1000]);
    let saved = stream.save();
    let mut restored = Rc4::restore(saved.expose()).unwrap();
    let (mut one, mut other) = ([0; 300], [0; 300]);
    stream.apply(&mut one);
    restored.apply(&mut other);
    assert_eq!(one, other);

    // What is no permutation is no state.
    let mut wrong = *saved.expose();
    wrong[0] = wrong[255];
    assert!(Rc4::restore(&wrong).is_none());
}

#[test]
fn xchacha20_poly1305_matches_its_published_vector() {
    // draft-irtf-cfrg-xchacha-03 A.3.1
    let key = Secret::new(hex!(
        "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"
    ));
    let nonce = hex!("404142434445464748494a4b4c4d4e4f5051525354555657");
    let beside = hex!("50515253c0c1c2c3c4c5c6c7");
    let plain = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for \
        the future, sunscreen would be it.";
    let sealed = seal(&key, &nonce, &beside, plain).unwrap();
    assert_eq!(sealed[..16], hex!("bd6d179d3e83d43b9576579493c0e939"));
    assert_eq!(
        sealed[plain.len()..],
        hex!("c0875924c1c7987947deafd8780acf49")
    );
    assert_eq!(
        open(&key, &nonce, &beside, &sealed).unwrap().expose(),
        plain
    );
    assert!(open(&key, &nonce, b"", &sealed).is_none());
    assert!(open(&key, &nonce, &beside, &sealed[1..]).is_none());
    assert!(open(&Secret::new([0; 32]), &nonce, &beside, &sealed).is_none());
}

#[test]
fn crc32_matches_its_published_vector() {
    // The check value of CRC-32/ISO-HDLC.
    let mut crc = Crc32::new();
    crc.update(b"12345");
    crc.update(b"6789");
    assert_eq!(crc.finish(), 0xCBF4_3926);
}

#[test]
fn cfb8_is_one_stream_over_pieces() {
    // NIST SP 800-38A F.3.7, the first 4 bytes.
    let key = Key::new(hex!("2b7e151628aed2a6abf7158809cf4f3c"));
    let mut data = hex!("6bc1bee2");
    let (first, second) = data.split_at_mut(1);
    let mut encryptor = Aes128Cfb8Encryptor::new(&key, &ASCENDING);
    encryptor.apply(first);
    encryptor.apply(second);
    assert_eq!(data, hex!("3b79424c"));

    let mut decryptor = Aes128Cfb8Decryptor::new(&key, &ASCENDING);
    decryptor.apply(&mut data);
    assert_eq!(data, hex!("6bc1bee2"));
}

#[test]
fn cfb8_goes_back_and_forth_at_every_length() {
    let key = Key::new(ASCENDING);
    let plain: Vec<u8> = (0..=255).collect();
    for length in 0..plain.len() {
        let mut data = plain[..length].to_vec();
        Aes128Cfb8Encryptor::new(&key, &ASCENDING).apply(&mut data);
        let mut decryptor = Aes128Cfb8Decryptor::new(&key, &ASCENDING);
        let (first, second) = data.split_at_mut(length / 3);
        decryptor.apply(first);
        decryptor.apply(second);
        assert_eq!(data, plain[..length]);
    }
}

#[test]
fn secrets_print_nothing_and_compare() {
    let secret = Secret::new(*b"hunter2!");
    assert_eq!(format!("{secret:?}"), "Secret<8>");
    let bytes = SecretBytes::new(b"hunter2".to_vec());
    assert_eq!(format!("{bytes:?}"), "SecretBytes");
    assert_eq!(secret, secret.clone());
    assert_ne!(secret, Secret::new(*b"hunter3!"));
    assert!(Secret::new([0; 4]).is_zero());
    assert!(!secret.is_zero());
    assert!(!constant_time_eq(b"ab", b"abc"));
}

#[test]
fn wiped_bytes_are_zero() {
    let mut bytes = *b"hunter2";
    wipe(&mut bytes);
    assert_eq!(bytes, [0; 7]);
}

#[test]
fn random_bytes_differ() {
    assert_ne!(random::<16>().unwrap(), random::<16>().unwrap());
}
