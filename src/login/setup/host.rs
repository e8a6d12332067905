//! The names of this computer.

use crate::base::config::{NetbiosName, first_label};
use crate::base::fault::{Fault, Minor};
use crate::login::setup::source::Source;

/// The NetBIOS name of this computer, where the configuration has none: the one of the environment,
/// or one made from the host name.
///
/// # Errors
/// `BadConfiguration`: the name of the environment is invalid.
pub fn computer_name(source: &Source) -> Result<String, Fault> {
    let name =
        from_environment(&source.netbios_computer)?.or_else(|| netbios_name_of(&host_name()));
    Ok(name.map_or("SERVER".to_owned(), |name| name.as_str().to_owned()))
}

pub(super) fn from_environment(value: &Option<String>) -> Result<Option<NetbiosName>, Fault> {
    value
        .as_ref()
        .map(|name| {
            name.parse().map_err(|problem| {
                Minor::BadConfiguration.because(format_args!(
                    "NetBIOS name {name} of the environment: {problem}"
                ))
            })
        })
        .transpose()
}

/// The host name that the system has (`uname`).
pub fn host_name() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}

/// The first label of a host name, cut to the length of a NetBIOS name.
pub(super) fn netbios_name_of(host: &str) -> Option<NetbiosName> {
    let label: String = first_label(host).chars().take(15).collect();
    label.parse().ok()
}
