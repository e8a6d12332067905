//! A file of metrics for node_exporter, which only ever sees a whole one.

use std::env;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use crate::arguments::ServerOptions;
use crate::whole_file::{self, Access};

/// Writes the metrics into a file beside this one, and renames it.
///
/// The server's user reads the state directory, and may not be able to write here. So another
/// process takes that user's rights and reads.
///
/// # Errors
/// They cannot be read; its message was printed. Or the file cannot be written.
pub fn write(path: &Path, options: &ServerOptions) -> Result<ExitCode, String> {
    let told = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut reader = Command::new(env::current_exe().map_err(told)?);
    reader.args(["status", "--prometheus", "--as", &options.service_user]);
    if let Some(config) = &options.config {
        reader.arg("--config").arg(config);
    }
    let read = reader.stdin(Stdio::null()).stderr(Stdio::inherit());
    let read = read.output().map_err(told)?;
    let status = read.status.code().and_then(|code| u8::try_from(code).ok());
    let Some(status @ (0 | 1)) = status else {
        return Err(format!("{}: not written", path.display()));
    };
    let access = Access {
        mode: 0o644,
        ..Access::default()
    };
    // node_exporter reads names that end in .prom.
    whole_file::replace(path, ".new", &read.stdout, access).map_err(told)?;
    Ok(ExitCode::from(status))
}
