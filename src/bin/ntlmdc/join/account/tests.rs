use super::*;
use std::collections::BTreeSet;

#[test]
fn passwords_are_random_and_of_three_kinds_of_letters() {
    let password = new_password().unwrap();
    assert_eq!(password.expose().len(), 120);
    assert_ne!(password.expose(), new_password().unwrap().expose());
    let kinds: [fn(&u8) -> bool; 3] = [
        u8::is_ascii_uppercase,
        u8::is_ascii_lowercase,
        u8::is_ascii_digit,
    ];
    for kind in kinds {
        assert!(password.expose().iter().any(kind));
    }
    let distinct: BTreeSet<_> = CHARACTERS.iter().collect();
    assert_eq!(distinct.len(), 64);
}

#[test]
fn the_creator_is_named() {
    let bytes = b"\x01\x02\0\0\0\0\0\x05\x15\0\0\0\x51\x04\0\0";
    assert_eq!(sid_text(bytes), "S-1-5-21-1105");
    assert_eq!(sid_text(&bytes[..13]), "with an invalid SID");
    let decided = Decision::Reset {
        dn: "CN=X".to_owned(),
        control: WORKSTATION_TRUST,
        creator: Some("S-1-5-21-1105".to_owned()),
    };
    assert!(decided.to_string().contains("S-1-5-21-1105 has made"));
}

#[test]
fn the_container_is_that_of_the_identifier() {
    let text = "B:32:aa312825768811d1aded00c04fd8d5cd:CN=Computers,DC=a,DC=b";
    assert_eq!(
        container_of(text, COMPUTERS),
        Some("CN=Computers,DC=a,DC=b")
    );
    for other in ["", "B:32:", "B:32:00:CN=x", "CN=Computers"] {
        assert_eq!(container_of(other, COMPUTERS), None);
    }
}
