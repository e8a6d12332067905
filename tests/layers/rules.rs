//! Which module may import which. A permission that is not used is refused, as an import without
//! one is: a change of imports changes this table.

mod lower_floors;

/// A module, and what it may import.
pub type Permission = (&'static str, &'static [&'static str]);

/// The rules for the imports of a library.
pub struct Rules {
    /// The floors, from the top.
    pub floors: &'static [&'static str],
    /// The floors whose modules may import each other as they like, but for circles.
    pub whole: &'static [&'static str],
    /// Each module, and what it may import: of its own floor, and of those below. What stands for a
    /// floor holds for each of its modules.
    pub permissions: &'static [Permission],
    /// The same, of modules of the lower floors.
    pub of_lower_floors: &'static [Permission],
    /// Circles of two files that are left, to be removed.
    pub circles: &'static [(&'static str, &'static str)],
}

impl Rules {
    /// The permissions of all floors.
    pub fn all(&self) -> impl Iterator<Item = &'static Permission> {
        self.permissions.iter().chain(self.of_lower_floors)
    }
}

pub const RULES: Rules = Rules {
    floors: &[
        "gss",
        "login",
        "relay",
        "directory",
        "dc",
        "protocol",
        "base",
    ],
    whole: &["gss", "relay", "directory"],
    permissions: &[
        (
            "gss",
            &[
                "login::context",
                "login::credential",
                "login::handover",
                "login::identity",
                "login::initiate",
                "login::name",
                "login::setup",
                "protocol::ntlm",
                "base::counters",
                "base::fault",
                "base::log",
            ],
        ),
        (
            "login::accept",
            &[
                "login::guess_limit",
                "login::handover",
                "login::identity",
                "login::loopback",
                "login::name",
                "login::policy",
                "login::setup",
                "login::verify",
                "protocol::ntlm",
                "base::config",
                "base::crypto",
                "base::fault",
                "base::log",
                "base::process",
                "base::typed_name",
                "base::wire",
            ],
        ),
        (
            "login::context",
            &[
                "login::accept",
                "login::handover",
                "login::initiate",
                "login::name",
                "login::setup",
                "protocol::ntlm",
                "base::crypto",
                "base::fault",
            ],
        ),
        (
            "login::credential",
            &[
                "login::accept",
                "login::initiate",
                "login::loopback",
                "login::name",
                "login::setup",
                "protocol::ntlm",
                "base::fault",
                "base::wire",
            ],
        ),
        (
            "login::guess_limit",
            &[
                "base::backoff",
                "base::config",
                "base::crypto",
                "base::fault",
                "base::file",
                "base::log",
                "base::name_case",
                "base::net",
                "base::process",
                "base::wire",
            ],
        ),
        (
            "login::handover",
            &[
                "base::crypto",
                "base::fault",
                "base::file",
                "base::process",
                "base::wire",
            ],
        ),
        (
            "login::identity",
            &[
                "login::verify",
                "base::config",
                "base::fault",
                "base::log",
                "base::name_case",
                "base::sid",
                "base::wire",
            ],
        ),
        (
            "login::initiate",
            &[
                "login::handover",
                "login::name",
                "login::verify",
                "protocol::ntlm",
                "base::crypto",
                "base::fault",
                "base::name_case",
                "base::typed_name",
                "base::wire",
            ],
        ),
        ("login::loopback", &["base::crypto", "base::process"]),
        (
            "login::name",
            &[
                "login::identity",
                "login::loopback",
                "login::setup",
                "protocol::ntlm",
                "base::config",
                "base::fault",
                "base::name_case",
                "base::wire",
            ],
        ),
        ("login::ntlm_fault", &["protocol::ntlm", "base::fault"]),
        (
            "login::policy",
            &[
                "login::loopback",
                "login::verify",
                "protocol::certificate",
                "protocol::ntlm",
                "base::config",
                "base::crypto",
                "base::fault",
                "base::file",
                "base::log",
            ],
        ),
        (
            "login::setup",
            &[
                "login::guess_limit",
                "login::policy",
                "login::verify",
                "protocol::ntlm",
                "base::config",
                "base::counters",
                "base::fault",
                "base::file",
                "base::log",
                "base::process",
            ],
        ),
        (
            "login::verify",
            &[
                "directory",
                "dc",
                "dc::domains",
                "dc::failover",
                "dc::group_names",
                "dc::own_name",
                "protocol::ntlm",
                "protocol::rpc",
                "base::config",
                "base::crypto",
                "base::fault",
                "base::file",
                "base::log",
                "base::name_case",
                "base::net",
                "base::sid",
                "base::typed_name",
            ],
        ),
        (
            "dc",
            &[
                "protocol::cldap",
                "protocol::dns",
                "protocol::rpc",
                "base::backoff",
                "base::clock",
                "base::config",
                "base::counters",
                "base::crypto",
                "base::fault",
                "base::file",
                "base::log",
                "base::name_case",
                "base::net",
                "base::process",
                "base::sid",
                "base::single_flight",
                "base::typed_name",
                "base::wire",
            ],
        ),
        (
            "dc::channel",
            &[
                "dc::error",
                "dc::connection",
                "dc::failure",
                "dc::nt_hashes",
                "dc::opening",
                "dc::port",
                "dc::secret",
                "dc::shared_key",
            ],
        ),
        ("dc::claim", &[]),
        ("dc::connection", &["dc::error"]),
        (
            "dc::domains",
            &[
                "dc::error",
                "dc::channel",
                "dc::claim",
                "dc::connection",
                "dc::failover",
                "dc::failure",
                "dc::pool",
            ],
        ),
        (
            "dc::failover",
            &[
                "dc::error",
                "dc::channel",
                "dc::claim",
                "dc::connection",
                "dc::failure",
                "dc::health",
                "dc::host_limit",
                "dc::learnt",
                "dc::locate",
                "dc::opening",
                "dc::pool",
                "dc::secret",
                "dc::shared_key",
            ],
        ),
        ("dc::error", &[]),
        ("dc::failure", &["dc::claim", "dc::error"]),
        (
            "dc::group_names",
            &[
                "dc::error",
                "dc::channel",
                "dc::claim",
                "dc::connection",
                "dc::failover",
                "dc::failure",
                "dc::opening",
                "dc::pool",
                "dc::port",
            ],
        ),
        ("dc::health", &["dc::locate"]),
        (
            "dc::host_limit",
            &["dc::error", "dc::claim", "dc::shared_key"],
        ),
        ("dc::keytab", &["dc::nt_hashes"]),
        (
            "dc::learnt",
            &["dc::health", "dc::locate", "dc::logon_server"],
        ),
        ("dc::locate", &["dc::error"]),
        ("dc::logon_server", &["dc::locate"]),
        ("dc::nt_hashes", &[]),
        (
            "dc::opening",
            &[
                "dc::connection",
                "dc::learnt",
                "dc::locate",
                "dc::shared_key",
            ],
        ),
        ("dc::own_name", &["dc::failover"]),
        (
            "dc::pool",
            &[
                "dc::error",
                "dc::channel",
                "dc::claim",
                "dc::failure",
                "dc::locate",
            ],
        ),
        ("dc::port", &["dc::error", "dc::connection", "dc::opening"]),
        (
            "dc::probe",
            &[
                "dc::error",
                "dc::channel",
                "dc::domains",
                "dc::failover",
                "dc::group_names",
                "dc::locate",
                "dc::opening",
                "dc::port",
            ],
        ),
        (
            "dc::rotation",
            &[
                "dc::error",
                "dc::channel",
                "dc::failover",
                "dc::locate",
                "dc::secret_file",
            ],
        ),
        (
            "dc::secret",
            &["dc::keytab", "dc::nt_hashes", "dc::secret_file"],
        ),
        ("dc::secret_file", &["dc::keytab", "dc::nt_hashes"]),
        ("dc::shared_key", &["dc::locate", "dc::nt_hashes"]),
        ("dc::shared_state", &["dc::health", "dc::shared_key"]),
    ],
    of_lower_floors: lower_floors::PERMISSIONS,
    circles: &[],
};
