use super::*;
use crate::base::wire::Writer;

fn decode(bytes: &[u8]) -> Result<AvPairs, DecodeError> {
    AvPairs::decode(&mut Reader::new(bytes))
}

#[test]
fn reads_what_was_written_up_to_the_end() {
    let mut pairs = AvPairs::default();
    pairs.set(AvId::NB_DOMAIN_NAME, b"D\0").unwrap();
    pairs.set(AvId(0x1234), Vec::new()).unwrap();
    let mut bytes = pairs.encode();
    bytes.extend(b"rest");
    let mut reader = Reader::new(&bytes);
    assert_eq!(AvPairs::decode(&mut reader).as_ref(), Ok(&pairs));
    assert_eq!(reader.rest(), b"rest");
    assert_eq!(pairs.value(AvId(0x1234)), Some(&[][..]));
    assert_eq!(pairs.value(AvId::FLAGS), None);
}

#[test]
fn the_end_must_be_present() {
    let mut pairs = AvPairs::default();
    pairs.set(AvId::FLAGS, vec![2, 0, 0, 0]).unwrap();
    let bytes = pairs.encode();
    for length in 0..bytes.len() {
        decode(&bytes[..length]).unwrap_err();
    }
    assert_eq!(decode(&bytes), Ok(pairs));
    assert_eq!(
        decode(&[0, 0, 1, 0, 9]),
        Err(DecodeError::new("MsvAvEOL", "not empty"))
    );
    assert_eq!(
        decode(&[2, 0, 0xFF, 0xFF, 9]),
        Err(DecodeError::truncated("MsvAvNbDomainName"))
    );
}

#[test]
fn duplicates_and_long_lists_are_refused() {
    assert_eq!(
        decode(&[6, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0]),
        Err(DecodeError::new("MsvAvFlags", "duplicate"))
    );
    let list = |count: u16| {
        let mut writer = Writer::new();
        for id in 1..=count {
            writer.u16(id).u16(0);
        }
        writer.zeros(4);
        writer.into_bytes()
    };
    assert!(decode(&list(32)).is_ok());
    assert_eq!(
        decode(&list(33)),
        Err(DecodeError::new("AvPairs", "more than 32"))
    );
}

#[test]
fn setting_replaces() {
    let mut pairs = AvPairs::default();
    pairs.set(AvId::FLAGS, vec![0; 4]).unwrap();
    pairs.set(AvId::FLAGS, vec![2, 0, 0, 0]).unwrap();
    assert_eq!(pairs.iter().count(), 1);
    assert_eq!(pairs.value(AvId::FLAGS), Some(&[2, 0, 0, 0][..]));
    assert_eq!(
        pairs.set(AvId::TARGET_NAME, vec![0; 65_536]),
        Err(TooLong {
            field: "MsvAvTargetName"
        })
    );
}
