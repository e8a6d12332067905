use super::*;
use crate::arguments::Output;

fn titles(line: &str) -> Vec<String> {
    explained(line)
        .into_iter()
        .map(|section| section.title)
        .collect()
}

#[test]
fn a_minor_code_is_found_however_it_is_written() {
    let expected = ["4e440401 BadUserOrPassword"];
    for written in [
        "0x4E440401",
        "0x4e440401",
        "4e440401",
        "1313080321",
        "BadUserOrPassword",
        "NTLMDC_E_BAD_USER_OR_PASSWORD",
        "[4e440401]",
        "GSS ERROR gss_accept_sec_context(): (minor 1313080321)",
        "refused EXAMPLE\\alice: the user is unknown or the password is wrong",
    ] {
        assert_eq!(titles(written), expected, "{written}");
    }
}

#[test]
fn a_status_is_found_by_number_and_name() {
    for written in [
        "0xC0000072",
        "C0000072",
        "3221225586",
        "STATUS_ACCOUNT_DISABLED",
    ] {
        assert_eq!(
            titles(written),
            ["STATUS_ACCOUNT_DISABLED (0xC0000072)"],
            "{written}"
        );
    }
}

#[test]
fn every_code_of_a_line_is_explained_once() {
    let line =
        "[12345678] port 0 took=0.51ms 4e440405 STATUS_PASSWORD_EXPIRED (0xC0000071) 4e440405";
    assert_eq!(
        titles(line),
        [
            "4e440405 PasswordExpired",
            "STATUS_PASSWORD_EXPIRED (0xC0000071)"
        ]
    );
}

#[test]
fn every_minor_code_is_explained() {
    for minor in Minor::ALL {
        assert_eq!(titles(&minor.code().to_string()), [code_and_name(*minor)]);
    }
}

#[test]
fn what_holds_no_code_is_an_error() {
    for words in ["", "hello", "4e44ffff", "12"] {
        let arguments = Explain {
            words: vec![words.to_owned()],
            output: Output { json: false },
        };
        assert!(run(&arguments).is_err(), "{words}");
    }
}
