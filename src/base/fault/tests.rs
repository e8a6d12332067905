use super::*;
use std::collections::HashSet;

#[test]
fn codes_are_unique_and_ours() {
    let codes: HashSet<u32> = Minor::ALL.iter().map(|minor| minor.code()).collect();
    assert_eq!(codes.len(), Minor::ALL.len());
    for minor in Minor::ALL {
        assert_eq!(minor.code() >> 16, 0x4E44);
        assert_eq!(Minor::from_code(minor.code()), Some(*minor));
        assert!(!minor.text().is_empty() && !minor.cause().is_empty());
    }
    assert_eq!(Minor::from_code(0), None);
}

#[test]
fn confidential_details_reach_the_log_only() {
    let fault = Minor::BadUserOrPassword.confidentially("no such user");
    assert_eq!(fault.to_string(), Minor::BadUserOrPassword.text());
    assert!(fault.for_the_log().ends_with(": no such user"));

    let fault = Minor::NotConfigured.because("/etc/gss/ntlmdc.toml is missing");
    assert_eq!(
        fault.to_string(),
        "NTLM is not configured: /etc/gss/ntlmdc.toml is missing"
    );
}

#[test]
fn what_a_client_typed_stays_on_its_line() {
    let fault = Minor::UnknownDomain.because("A\nB\u{202e}C\u{1b}ü");
    assert!(fault.to_string().ends_with(": A\\u{a}B\\u{202e}C\\u{1b}ü"));
}
