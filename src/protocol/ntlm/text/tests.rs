use super::*;

#[test]
fn unicode_is_utf16() {
    let text = Charset::Unicode.decode(b"\xfc\0\x3d\xd8\x00\xde", "UserName");
    let text = text.unwrap();
    assert_eq!(text.units, [0x00FC, 0xD83D, 0xDE00]);
    assert_eq!(text.meant, "ü😀");
    assert_eq!(
        Charset::Unicode.decode(b"a\0\x00\xd8", "UserName"),
        Err(DecodeError::new("UserName", "not UTF-16: a lone surrogate"))
    );
    assert_eq!(
        Charset::Unicode.decode(b"a\0b", "UserName"),
        Err(DecodeError::new(
            "UserName",
            "odd number of bytes in UTF-16"
        ))
    );
    assert_eq!(Charset::Unicode.encode("jü"), b"j\0\xfc\0");
}

#[test]
fn oem_is_widened_and_read_as_utf8_if_valid() {
    let utf8 = Charset::Oem
        .decode("jürgen".as_bytes(), "UserName")
        .unwrap();
    assert_eq!(utf8.units, Text::from("jÃ¼rgen").units);
    assert_eq!(utf8.meant, "jürgen");
    let latin = Charset::Oem.decode(b"j\xfcrgen", "UserName").unwrap();
    assert_eq!(latin.units, Text::from("jürgen").units);
    assert_eq!(latin.meant, "jürgen");
}

#[test]
fn oem_names_have_the_readings_of_real_clients() {
    let readings = |user: &[u8], domain: &[u8]| {
        let oem = |bytes| Charset::Oem.decode(bytes, "name").unwrap();
        Text::readings(&oem(user), &oem(domain))
    };
    let units = |latin: &str| {
        latin
            .chars()
            .map(|letter| letter as u16)
            .collect::<Vec<_>>()
    };
    let utf16 = |text: &str| text.encode_utf16().collect::<Vec<_>>();
    // One reading if all are equal, and always for UTF-16.
    assert_eq!(readings(b"alice", b"Dom"), [(units("ALICE"), units("Dom"))]);
    let unicode = Text::readings(&"jürgen".into(), &"Büro".into());
    assert_eq!(unicode, [(utf16("JÜRGEN"), utf16("Büro"))]);
    // E9 9B B7: the first is a letter of Latin-1.
    assert_eq!(
        readings("x雷".as_bytes(), b"D"),
        [
            (units("X\u{c9}\u{9b}\u{b7}"), units("D")),
            (units("X\u{e9}\u{9b}\u{b7}"), units("D")),
            (utf16("X雷"), units("D")),
        ]
    );
    // C3 BC has no small letter of Latin-1.
    assert_eq!(
        readings("ü".as_bytes(), "Bü".as_bytes()),
        [
            (units("\u{c3}\u{bc}"), units("B\u{c3}\u{bc}")),
            (utf16("Ü"), utf16("Bü")),
        ]
    );
    // Invalid UTF-8: code page 1252, for example.
    assert_eq!(
        readings(b"j\xfcr", b"D"),
        [(units("JÜR"), units("D")), (units("JüR"), units("D"))]
    );
}

#[test]
fn capitals_are_one_unit_for_one_and_lead_back() {
    let upper = |name: &str| -> Vec<u16> { name.encode_utf16().map(uppercase).collect() };
    let units = |name: &str| -> Vec<u16> { name.encode_utf16().collect() };
    assert_eq!(upper("Jürgen-ÿ.éλд1"), units("JÜRGEN-Ÿ.ÉΛД1"));
    assert_eq!(upper("ßµıſς"), units("ßµıſς"));
    // Surrogates are unchanged.
    assert_eq!(upper("𐐨"), units("𐐨"));
}
