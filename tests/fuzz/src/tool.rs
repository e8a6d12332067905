//! The parts of the tool `ntlmdc` that the target `decode` calls, compiled from the tool's files.

pub mod arguments;
pub mod decode;
pub mod http;
#[path = "../../../src/bin/ntlmdc/helper/line.rs"]
pub mod line;
#[path = "../../../src/bin/ntlmdc/report.rs"]
pub mod report;
#[path = "../../../src/bin/ntlmdc/spnego.rs"]
pub mod spnego;
