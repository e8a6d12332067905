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

/// What an administrator must do is in the text of the log line, or in the header's comment.
#[test]
fn rules_of_a_domain_are_told_with_what_to_do_about_them() {
    for (minor, advice) in [
        (
            Minor::NtlmBlocked,
            &[
                "Restrict NTLM: NTLM authentication in this domain",
                "exception list",
                "without the `$`",
                "Event 8004",
            ][..],
        ),
        (
            Minor::MachineAccountUnknown,
            &["read-only", "Allowed RODC Password Replication Group"],
        ),
        (
            Minor::KerberosChannelRequired,
            &["server reject aes schannel:", "= no", "`controllers`"],
        ),
        (
            Minor::MapperRefused,
            &[
                "Restrict Unauthenticated RPC clients",
                "`controllers`",
                "DCTcpipPort",
            ],
        ),
        (
            Minor::UnauthenticatedRpcRefused,
            &["Authenticated without exceptions", "Set it to"],
        ),
        (
            Minor::LogonServerRefused,
            &["full DNS host name", "`controllers`"],
        ),
        (
            Minor::NetbiosNamesRefused,
            &["check `netbios_domain` and `account`"],
        ),
        (Minor::ChannelRefused, &["`netbios_domain`", "`account`"]),
        (
            Minor::RequestNotUnderstood,
            &["report it", "version of the controller"],
        ),
        (Minor::TooManyLogons, &["`connections`", "`host_logons`"]),
        (Minor::DomainSilent, &["Check the trust", "ten seconds"]),
        (
            Minor::AnsweredForAnother,
            &["docs/trusts.md", "`trusted_domains`", "`upn_suffixes`"],
        ),
        (Minor::WellKnownDomain, &["BUILTIN", "Type the domain"]),
        (Minor::ImpossibleName, &["between domain and user"]),
    ] {
        let told = [minor.text(), minor.cause()].join(" ");
        for words in advice {
            assert!(
                told.contains(words),
                "{}: {words:?} in {told}",
                minor.name()
            );
        }
    }
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

#[test]
fn invisible_characters_are_told_by_their_number() {
    let fault = Minor::UnknownDomain.because("A\u{200e}\u{200f}\u{61c}\u{200d}B");
    let expected = ": A\\u{200e}\\u{200f}\\u{61c}\\u{200d}B";
    assert!(fault.to_string().ends_with(expected), "{fault}");
}

#[test]
fn only_names_of_visible_characters_are_printable() {
    // Unicode's Bidi_Control.
    let bidi = "\u{61c}\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\
        \u{2066}\u{2067}\u{2068}\u{2069}";
    let invisible = "\0\n\u{7f}\u{85}\u{ad}\u{115f}\u{17b4}\u{200b}\u{2028}\u{2029}\u{2060}\u{2064}\
        \u{206a}\u{3164}\u{feff}\u{ffa0}\u{fff9}\u{1bca0}\u{1d173}\u{e0001}\u{e007f}";
    for letter in bidi.chars().chain(invisible.chars()) {
        assert!(is_unprintable(letter), "{}", letter.escape_unicode());
    }
    // Persian, Mongolian, and an emoji with its variation: names, in which a log shows all.
    for joiner in "\u{200c}\u{200d}\u{180e}\u{fe0f}\u{e0100}\u{34f}".chars() {
        assert!(is_joiner(joiner) && !is_unprintable(joiner));
    }
    for letter in "aÜ李雷ﾊ한म😀 \u{a0}'$-\u{300}\u{600}".chars() {
        let plain = !is_unprintable(letter) && !is_joiner(letter);
        assert!(plain, "{}", letter.escape_unicode());
    }
}
