//! The attributes of an identity, as `gss_get_name_attribute` gives them.

/// Every attribute that an identity may have, and what it says.
///
/// The names are in the alphabet that mod_auth_gssapi's expressions take: `[A-Za-z0-9_-]`.
pub const ATTRIBUTES: &[(&str, &str)] = &[
    ("user", "The account's name (sAMAccountName)."),
    ("domain", "The NetBIOS name of the account's domain."),
    ("dns-domain", "The DNS name of the account's domain."),
    (
        "upn",
        "The user principal name; of another domain's user only if it ends with that domain's name.",
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
        "The name of the local account. MIT's gss_userok looks here where SPNEGO stands between.",
    ),
    ("logon-server", "The server that verified the login."),
    (
        "user-flags",
        "UserFlags of the login (MS-PAC 2.5), in hexadecimal: 0x120.",
    ),
    (
        "log-off-time",
        "When the account's hours end, in seconds since 1970; absent if they do not.",
    ),
    (
        "kick-off-time",
        "When the account ends, in seconds since 1970; absent if it does not.",
    ),
    (
        WORKSTATION,
        "What the client calls its computer; nobody has verified it.",
    ),
    (
        "group-sids",
        "The security identifiers of all groups, one a value.",
    ),
    (
        GROUPS,
        "The groups' names, one a value: name, or DOMAIN\\name where the group is not of our domain.",
    ),
    (GROUPS_LIST, "The same in one value: |name|DOMAIN\\name|."),
];

/// `GSS_C_ATTR_LOCAL_LOGIN_USER` of MIT krb5's gssapi_ext.h.
pub const LOCAL_LOGIN_USER: &str = "local-login-user";
/// The one attribute that the client says of itself.
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
    /// Whether that is all there is.
    pub complete: bool,
    /// True if the verifier says so, false if only the client does.
    pub authenticated: bool,
}
