//! The minor code of each error that [`ntlm`](crate::protocol::ntlm) reports. Decided here only.

use crate::base::fault::{Fault, Minor};
use crate::protocol::ntlm::NtlmError;
use crate::protocol::ntlm::acceptor::MAX_NAME;

impl From<NtlmError> for Fault {
    fn from(error: NtlmError) -> Self {
        match error {
            NtlmError::NotNtlm => Minor::NotNtlm.into(),
            NtlmError::TokenTooLong => Minor::TokenTooLong.into(),
            NtlmError::Malformed(problem) => Minor::Malformed.because(problem),
            NtlmError::OwnMessage(problem) => Minor::InternalError.because(problem),

            NtlmError::NotChallenge => Minor::NoChallenge.into(),
            NtlmError::WeakChallenge(lacks) => {
                Minor::WeakChallenge.because(format_args!("no {lacks}"))
            }
            // Our own part is bounded: the server's target information leaves no room for it.
            NtlmError::AnswerTooLong(problem) => Minor::Malformed.because(problem),

            NtlmError::TargetNameTooLong(id) => Minor::BadConfiguration.because(format_args!(
                "the name for {id:?} is longer than {MAX_NAME} characters"
            )),
            NtlmError::ChallengeTooLong(problem) => Minor::BadConfiguration.because(problem),
            NtlmError::TargetInfoChanged(problem) => Minor::TargetInfoChanged.because(problem),
            NtlmError::Anonymous => Minor::AnonymousRefused.into(),
            NtlmError::LmOnly => Minor::LmOnlyRefused.into(),
            NtlmError::NoMic => Minor::BadMic.because("announced by MsvAvFlags, and missing"),
            NtlmError::WrongMic => Minor::BadMic.into(),
            NtlmError::BadSessionKey => Minor::BadSessionKey.into(),
            NtlmError::NoSessionKey => Minor::NoSessionKey.into(),

            NtlmError::NotSignature(problem) => Minor::BadMessageToken.because(problem),
            NtlmError::WrongSignature => Minor::BadSignature.into(),
            NtlmError::MessageRepeated => Minor::MessageRepeated.into(),
            NtlmError::MessageMissing => Minor::MessageMissing.into(),
            NtlmError::TooManyMessages => Minor::TooManyMessages.into(),
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
        use NtlmError::*;
        let name = TargetNameTooLong(AvId::DNS_DOMAIN_NAME);
        for (error, minor, detail) in [
            (NotNtlm, Minor::NotNtlm, ""),
            (TokenTooLong, Minor::TokenTooLong, ""),
            (FIELD.into(), Minor::Malformed, "UserName: truncated"),
            (OwnMessage(FIELD), Minor::InternalError, "truncated"),
            (NotChallenge, Minor::NoChallenge, ""),
            (WeakChallenge("NTLM"), Minor::WeakChallenge, "no NTLM"),
            (AnswerTooLong(LONG), Minor::Malformed, "65535 bytes"),
            (name, Minor::BadConfiguration, "longer than 255 characters"),
            (ChallengeTooLong(LONG), Minor::BadConfiguration, "65535"),
            (
                TargetInfoChanged(FIELD),
                Minor::TargetInfoChanged,
                "truncated",
            ),
            (Anonymous, Minor::AnonymousRefused, ""),
            (LmOnly, Minor::LmOnlyRefused, ""),
            (NoMic, Minor::BadMic, "announced by MsvAvFlags"),
            (WrongMic, Minor::BadMic, ""),
            (BadSessionKey, Minor::BadSessionKey, ""),
            (NoSessionKey, Minor::NoSessionKey, ""),
            (NotSignature("short"), Minor::BadMessageToken, "short"),
            (WrongSignature, Minor::BadSignature, ""),
            (MessageRepeated, Minor::MessageRepeated, ""),
            (MessageMissing, Minor::MessageMissing, ""),
            (TooManyMessages, Minor::TooManyMessages, ""),
        ] {
            let fault = Fault::from(error);
            assert_eq!(fault.minor(), minor, "{error:?}");
            let text = fault.to_string();
            assert!(text.contains(detail), "{error:?}: {text}");
            assert_eq!(detail.is_empty(), text == minor.text(), "{error:?}: {text}");
        }
    }
}
