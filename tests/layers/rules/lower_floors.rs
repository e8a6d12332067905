//! The floors `relay` and `directory` and the modules of `protocol` and `base`, and what each may
//! import.

use super::Permission;

pub const PERMISSIONS: &[Permission] = &[
    (
        "relay",
        &[
            "directory",
            "dc",
            "dc::locate",
            "protocol::rpc",
            "protocol::smb2",
            "protocol::spnego",
            "base::config",
            "base::crypto",
            "base::fault",
            "base::file",
            "base::log",
            "base::name_case",
            "base::net",
            "base::process",
            "base::stopwatch",
        ],
    ),
    (
        "directory",
        &[
            "dc",
            "protocol::certificate",
            "protocol::ntlm",
            "base::config",
            "base::crypto",
            "base::distinguished_name",
            "base::file",
            "base::fingerprint",
            "base::name_case",
            "base::net",
            "base::process",
            "base::sid",
            "base::stopwatch",
        ],
    ),
    (
        "protocol::certificate",
        &["protocol::ntlm", "base::crypto", "base::wire"],
    ),
    ("protocol::cldap", &["base::wire"]),
    ("protocol::dns", &[]),
    ("protocol::nbns", &["base::wire"]),
    (
        "protocol::ntlm",
        &[
            "base::crypto",
            "base::name_case",
            "base::typed_name",
            "base::wire",
        ],
    ),
    (
        "protocol::rpc",
        &["base::crypto", "base::fault", "base::sid", "base::wire"],
    ),
    (
        "protocol::smb2",
        &["protocol::rpc", "protocol::spnego", "base::wire"],
    ),
    ("protocol::spnego", &["base::wire"]),
    ("base::backoff", &["base::crypto", "base::net"]),
    ("base::clock", &[]),
    (
        "base::config",
        &[
            "base::distinguished_name",
            "base::fingerprint",
            "base::name_case",
            "base::sid",
        ],
    ),
    (
        "base::counters",
        &["base::clock", "base::fault", "base::file", "base::process"],
    ),
    ("base::crypto", &[]),
    ("base::distinguished_name", &["base::name_case"]),
    ("base::fault", &[]),
    (
        "base::file",
        &["base::backoff", "base::clock", "base::crypto", "base::net"],
    ),
    ("base::fingerprint", &["base::crypto"]),
    (
        "base::log",
        &["base::config", "base::fault", "base::process"],
    ),
    ("base::name_case", &["base::fault"]),
    ("base::net", &[]),
    ("base::process", &[]),
    ("base::sid", &[]),
    ("base::single_flight", &["base::net"]),
    ("base::stopwatch", &[]),
    ("base::typed_name", &["base::name_case"]),
    ("base::wire", &[]),
];
