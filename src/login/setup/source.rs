//! Where a configuration comes from.

use std::path::{Path, PathBuf};

/// The configuration file if the environment and the credential store name none.
const DEFAULT_FILE: &str = "/etc/gss/ntlmdc.toml";

/// Where a configuration comes from. The first that is present counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// A configuration file: `ntlmdc_config` of the credential store, or `$NTLMDC_CONFIG`.
    pub config: Option<PathBuf>,
    /// A users file without a configuration file: `$NTLM_USER_FILE`.
    pub users_file: Option<PathBuf>,
    /// `$NETBIOS_COMPUTER_NAME`, for servers without a domain.
    pub netbios_computer: Option<String>,
    /// `$NETBIOS_DOMAIN_NAME`, for servers without a domain.
    pub netbios_domain: Option<String>,
}

impl Source {
    /// The configuration file. `None`: there is only a users file.
    pub fn file(&self) -> Option<&Path> {
        match (&self.config, &self.users_file) {
            (Some(file), _) => Some(file),
            (None, Some(_)) => None,
            (None, None) => Some(Path::new(DEFAULT_FILE)),
        }
    }
}
