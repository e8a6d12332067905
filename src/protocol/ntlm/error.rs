//! Why a message is refused or cannot be made, in the terms of MS-NLMP.

use super::av_pair::AvId;
use super::message::TooLong;
use crate::base::wire::DecodeError;

/// Why a message is refused or cannot be made. `login` gives each case its minor code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NtlmError {
    /// The token does not begin with NTLM's signature.
    #[error("not an NTLM message")]
    NotNtlm,
    /// The token is longer than [`MAX_TOKEN`](super::message::MAX_TOKEN).
    #[error("token too long")]
    TokenTooLong,
    /// A field of the peer's message is invalid.
    #[error(transparent)]
    Malformed(#[from] DecodeError),
    /// A message of our own, kept since it was sent, cannot be decoded.
    #[error("invalid message of our own: {0}")]
    OwnMessage(DecodeError),

    /// The initiator expects a CHALLENGE message and got another one.
    #[error("not a CHALLENGE message")]
    NotChallenge,
    /// The challenge does not allow NTLMv2 with the protection of messages that is wanted; what it
    /// lacks.
    #[error("the challenge has no {0}")]
    WeakChallenge(&'static str),
    /// A field of our AUTHENTICATE message is too long.
    #[error(transparent)]
    AnswerTooLong(TooLong),

    /// A name of the [`Target`](super::acceptor::Target) is longer than
    /// [`MAX_NAME`](super::acceptor::MAX_NAME).
    #[error("the name for {0:?} is too long")]
    TargetNameTooLong(AvId),
    /// A field of our CHALLENGE message is too long.
    #[error(transparent)]
    ChallengeTooLong(TooLong),
    /// The AV pairs in the response are not those of our challenge; the first that differs.
    #[error("the target information was changed: {0}")]
    TargetInfoChanged(DecodeError),
    /// The login is anonymous: it has no session key, hence no MIC.
    #[error("anonymous login")]
    Anonymous,
    /// The only response is one of LM, whose session key is not supported.
    #[error("no response but LM")]
    LmOnly,
    /// `MsvAvFlags` announces a MIC that the message does not have.
    #[error("a MIC is announced and missing")]
    NoMic,
    /// The MIC is wrong.
    #[error("wrong MIC")]
    WrongMic,
    /// `EncryptedRandomSessionKey` is negotiated and is not 16 bytes.
    #[error("EncryptedRandomSessionKey is not 16 bytes")]
    BadSessionKey,
    /// The verifier gave no session key, and the MIC, the key exchange or the protection of
    /// messages needs one.
    #[error("no session key")]
    NoSessionKey,

    /// The token is not a signature; why.
    #[error("not a signature: {0}")]
    NotSignature(&'static str),
    /// The signature is wrong for this message.
    #[error("wrong signature")]
    WrongSignature,
    /// The sequence number is one of an earlier message.
    #[error("repeated message")]
    MessageRepeated,
    /// The sequence number is one of a later message.
    #[error("missing message")]
    MessageMissing,
    /// The sequence number has reached its maximum.
    #[error("too many messages")]
    TooManyMessages,
}
