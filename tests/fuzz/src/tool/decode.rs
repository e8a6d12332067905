//! The readers of `ntlmdc decode`.

#[path = "../../../../src/bin/ntlmdc/decode/message.rs"]
mod message;
#[path = "../../../../src/bin/ntlmdc/decode/payload.rs"]
mod payload;
#[path = "../../../../src/bin/ntlmdc/decode/response.rs"]
mod response;
#[path = "../../../../src/bin/ntlmdc/decode/spnego.rs"]
mod spnego;
#[path = "../../../../src/bin/ntlmdc/decode/token.rs"]
pub mod token;
#[path = "../../../../src/bin/ntlmdc/decode/transcript.rs"]
pub mod transcript;
