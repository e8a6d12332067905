//! Reads a configuration from its source.

use std::path::Path;
use std::time::SystemTime;

use crate::base::config::{Config, Users};
use crate::base::fault::{Fault, Minor};
use crate::base::file::{self, Stamp, text};
use crate::login::setup::source::Source;

/// The longest configuration file.
const LIMIT: u64 = 1 << 20;

/// The configuration, not loaded yet.
///
/// # Errors
/// [`Minor::NotConfigured`]: the file is missing, or cannot be read. [`Minor::BadConfiguration`].
pub fn read(source: &Source) -> Result<Config, Fault> {
    read_stamped(source).map(|(config, _)| config)
}

/// The configuration, and the state of its file. `None`: there is no file, or its state is not
/// certain.
pub(super) fn read_stamped(source: &Source) -> Result<(Config, Option<Stamp>), Fault> {
    let Some(path) = source.file() else {
        return Ok((of_users_file(source), None));
    };
    let shown = path.display();
    if !path.is_absolute() {
        return Err(
            Minor::NotConfigured.because(format_args!("{shown}: the path must begin with /"))
        );
    }
    let (text, stamp) = file::read(path, LIMIT).map_err(|error| match source.config {
        Some(_) => Minor::NotConfigured.because(format_args!("{shown}: {error}")),
        None => Minor::NotConfigured.because(format_args!(
            "{shown}: {error}; neither NTLMDC_CONFIG nor NTLM_USER_FILE is set"
        )),
    })?;
    Ok((parse(path, &text)?, stamp.settled(SystemTime::now())))
}

fn of_users_file(source: &Source) -> Config {
    Config::of_users_file(Users {
        file: source.users_file.clone().unwrap_or_default(),
        netbios_computer: None,
        netbios_domain: None,
    })
}

fn parse(path: &Path, text: &[u8]) -> Result<Config, Fault> {
    text::parse(text)
        .map_err(|error| error.to_string())
        .and_then(Config::parse)
        .map_err(|error| {
            Minor::BadConfiguration.because(format_args!("{}: {error}", path.display()))
        })
}
