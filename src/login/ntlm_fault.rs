//! The minor code of each error that [`ntlm`](crate::protocol::ntlm) reports. Decided here only.

use crate::base::fault::{Fault, Minor};
use crate::protocol::ntlm::Error;
use crate::protocol::ntlm::acceptor::MAX_NAME;

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::NotNtlm => Minor::NotNtlm.into(),
            Error::TokenTooLong => Minor::TokenTooLong.into(),
            Error::Malformed(problem) => Minor::Malformed.because(problem),
            Error::OwnMessage(problem) => Minor::InternalError.because(problem),

            Error::NotChallenge => Minor::NoChallenge.into(),
            Error::WeakChallenge(lacks) => Minor::WeakChallenge.because(format_args!("no {lacks}")),
            // Our own part is bounded: the server's target information leaves no room for it.
            Error::AnswerTooLong(problem) => Minor::Malformed.because(problem),

            Error::TargetNameTooLong(id) => Minor::BadConfiguration.because(format_args!(
                "the name for {id:?} is longer than {MAX_NAME} characters"
            )),
            Error::ChallengeTooLong(problem) => Minor::BadConfiguration.because(problem),
            Error::TargetInfoChanged(problem) => Minor::TargetInfoChanged.because(problem),
            Error::Anonymous => Minor::AnonymousRefused.into(),
            Error::LmOnly => Minor::LmOnlyRefused.into(),
            Error::NoMic => Minor::BadMic.because("announced by MsvAvFlags, and missing"),
            Error::WrongMic => Minor::BadMic.into(),
            Error::BadSessionKey => Minor::BadSessionKey.into(),
            Error::NoSessionKey => Minor::NoSessionKey.into(),

            Error::NotSignature(problem) => Minor::BadMessageToken.because(problem),
            Error::WrongSignature => Minor::BadSignature.into(),
            Error::MessageRepeated => Minor::MessageRepeated.into(),
            Error::MessageMissing => Minor::MessageMissing.into(),
            Error::TooManyMessages => Minor::TooManyMessages.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::wire::DecodeError;
    use crate::protocol::ntlm::av_pair::AvId;
    use crate::protocol::ntlm::message::TooLong;

    const FIELD: DecodeError = DecodeError::new("UserName", "truncated");
    const LONG: TooLong = TooLong { field: "UserName" };

    #[test]
    fn each_error_has_its_code_and_what_it_knows() {
        let name = Error::TargetNameTooLong(AvId::DNS_DOMAIN_NAME);
        for (error, minor, detail) in [
            (Error::NotNtlm, Minor::NotNtlm, ""),
            (Error::TokenTooLong, Minor::TokenTooLong, ""),
            (FIELD.into(), Minor::Malformed, "UserName: truncated"),
            (Error::OwnMessage(FIELD), Minor::InternalError, "truncated"),
            (Error::NotChallenge, Minor::NoChallenge, ""),
            (
                Error::WeakChallenge("NTLM"),
                Minor::WeakChallenge,
                "no NTLM",
            ),
            (Error::AnswerTooLong(LONG), Minor::Malformed, "65535 bytes"),
            (name, Minor::BadConfiguration, "longer than 255 characters"),
            (
                Error::ChallengeTooLong(LONG),
                Minor::BadConfiguration,
                "65535",
            ),
            (
                Error::TargetInfoChanged(FIELD),
                Minor::TargetInfoChanged,
                "truncated",
            ),
            (Error::Anonymous, Minor::AnonymousRefused, ""),
            (Error::LmOnly, Minor::LmOnlyRefused, ""),
            (Error::NoMic, Minor::BadMic, "announced by MsvAvFlags"),
            (Error::WrongMic, Minor::BadMic, ""),
            (Error::BadSessionKey, Minor::BadSessionKey, ""),
            (Error::NoSessionKey, Minor::NoSessionKey, ""),
            (
                Error::NotSignature("short"),
                Minor::BadMessageToken,
                "short",
            ),
            (Error::WrongSignature, Minor::BadSignature, ""),
            (Error::MessageRepeated, Minor::MessageRepeated, ""),
            (Error::MessageMissing, Minor::MessageMissing, ""),
            (Error::TooManyMessages, Minor::TooManyMessages, ""),
        ] {
            let fault = Fault::from(error);
            assert_eq!(fault.minor(), minor, "{error:?}");
            let text = fault.to_string();
            assert!(text.contains(detail), "{error:?}: {text}");
            assert_eq!(detail.is_empty(), text == minor.text(), "{error:?}: {text}");
        }
    }
}
