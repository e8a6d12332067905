use super::*;

#[test]
fn a_context_begins_with_nothing() {
    assert!(Acceptor::new().established().is_none());
}
