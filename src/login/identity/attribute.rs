//! The attributes of an identity, as `gss_get_name_attribute` returns them.

/// Every attribute that an identity may have, with its meaning.
///
/// The names keep to the alphabet of mod_auth_gssapi's expressions: `[A-Za-z0-9_-]`.
pub const ATTRIBUTES: &[(&str, &str)] = &[
    ("user", "The account's name (sAMAccountName)."),
    (
        "name-source",
        "`client`: the name is as typed, as with the verifier `relay`; absent: the verifier's.",
    ),
    ("domain", "The NetBIOS name of the account's domain."),
    ("dns-domain", "The DNS name of the account's domain."),
    (
        "upn",
        "The user principal name; for a user of another domain, only with that domain as suffix.",
    ),
    ("full-name", "The full name."),
    (
        "user-sid",
        "The account's security identifier, S-1-5-21-...",
    ),
    (
        "primary-group-sid",
        "The security identifier of the primary group.",
    ),
    (
        LOCAL_LOGIN_USER,
        "The name of the local account. MIT's gss_userok reads it for names from SPNEGO.",
    ),
    ("logon-server", "The server that verified the login."),
    (
        "user-flags",
        "UserFlags of the login (MS-PAC 2.5), in hexadecimal: 0x120.",
    ),
    (
        "log-off-time",
        "When the logon hours of the account end, in seconds since 1970; absent if they do not.",
    ),
    (
        "kick-off-time",
        "When the account expires, in seconds since 1970; absent if it does not.",
    ),
    (
        WORKSTATION,
        "The client's name for its computer; not verified.",
    ),
    (
        "group-sids",
        "The security identifiers of all groups, one per value.",
    ),
    (
        GROUPS,
        "The names of the groups, one per value: name, or DOMAIN\\name for another domain.",
    ),
    (
        GROUPS_LIST,
        "The names of the groups in one value: |name|DOMAIN\\name|.",
    ),
];

/// `GSS_C_ATTR_LOCAL_LOGIN_USER` of MIT krb5's gssapi_ext.h.
pub const LOCAL_LOGIN_USER: &str = "local-login-user";
/// The attribute that is not verified.
pub(super) const WORKSTATION: &str = "workstation";
pub(super) const GROUPS: &str = "groups";
pub(super) const GROUPS_LIST: &str = "groups-list";

/// One attribute of an identity.
#[derive(Debug)]
pub struct Attribute {
    /// One of [`ATTRIBUTES`].
    pub name: &'static str,
    /// One or more, none of them empty.
    pub values: Vec<String>,
    /// Whether no value is missing.
    pub complete: bool,
    /// True: the verifier confirms the values. False: the client claims them.
    pub authenticated: bool,
}
