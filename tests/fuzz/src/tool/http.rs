//! The readers of `ntlmdc http`.

#[path = "../../../../src/bin/ntlmdc/http/client.rs"]
mod client;
#[path = "../../../../src/bin/ntlmdc/http/headers.rs"]
pub mod headers;
#[path = "../../../../src/bin/ntlmdc/http/response.rs"]
pub mod response;
#[path = "../../../../src/bin/ntlmdc/http/verdict.rs"]
pub mod verdict;
