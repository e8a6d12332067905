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
fn oem_is_widened_and_meant_as_utf8_if_it_can_be() {
    let utf8 = Charset::Oem
        .decode("jürgen".as_bytes(), "UserName")
        .unwrap();
    assert_eq!(utf8.units, Text::from("jÃ¼rgen").units);
    assert_eq!(utf8.meant, "jürgen");
    let latin = Charset::Oem.decode(b"j\xfcrgen", "UserName").unwrap();
    assert_eq!(latin, Text::from("jürgen"));
}

#[test]
fn capitals_are_one_unit_for_one_and_lead_back() {
    let upper = |name: &str| -> Vec<u16> { name.encode_utf16().map(uppercase).collect() };
    let units = |name: &str| -> Vec<u16> { name.encode_utf16().collect() };
    assert_eq!(upper("Jürgen-ÿ.éλд1"), units("JÜRGEN-Ÿ.ÉΛД1"));
    assert_eq!(upper("ßµıſς"), units("ßµıſς"));
    // Outside the plane that 16 bits reach, halves stay as they are.
    assert_eq!(upper("𐐨"), units("𐐨"));
}
