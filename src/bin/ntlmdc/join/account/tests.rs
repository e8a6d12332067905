use super::*;

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
