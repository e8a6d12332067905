//! Policies of a controller that refuse a relayed login, whatever the password is.

/// A policy, and what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Policy {
    /// LDAP without TLS needs signing (RFC 4511: strongerAuthRequired).
    #[error(
        "the controller's policy \"LDAP server signing requirements\" (Samba: `ldap server require \
         strong auth`) refuses logins that sign nothing, and clients of a web server do not sign: \
         set tls, or transport = \"smb2\""
    )]
    LdapSigning,
    /// The same, although the connection has TLS: Samba's default.
    #[error(
        "the controller refuses NTLM within TLS (Samba: `ldap server require strong auth = yes`): \
         set transport = \"smb2\", or set that option of the controller to allow_sasl_over_tls"
    )]
    LdapNtlmInTls,
    /// LDAP within TLS needs the channel binding of that TLS.
    #[error(
        "the controller's policy \"LDAP server channel binding token requirements\" (Samba 4.21 \
         and newer: `ldap server require strong auth`) is in the way: the client binds its login \
         to its own connection, and not to ours; set transport = \"smb2\", or use a machine \
         account ([netlogon])"
    )]
    LdapChannelBinding,
    /// The client asked for signing, which LDAP within TLS cannot have.
    #[error(
        "the client asked for signed or sealed messages, which the controller refuses within TLS: \
         set transport = \"smb2\", or leave tls out"
    )]
    LdapSignedInTls,
    /// LDAP without TLS is refused (RFC 4511: confidentialityRequired).
    #[error("the controller requires TLS: set tls")]
    LdapConfidentiality,
    /// The server offers no NTLM (RFC 4511: authMethodNotSupported).
    #[error("the server does not offer NTLM over LDAP: set transport = \"smb2\"")]
    LdapWithoutNtlm,
    /// NTLM is blocked.
    #[error(
        "the policy \"Network security: Restrict NTLM\" (Samba: `ntlm auth = disabled`) blocks \
         NTLM; there is no exception for a host without a machine account"
    )]
    NtlmBlocked,
    /// SMB2 refuses the session.
    #[error(
        "the controller denies access to the session: the policies \"Server SPN target name \
         validation level\" and \"Restrict NTLM: Incoming NTLM traffic\" do that; list a \
         controller without them in controllers, or set transport = \"ldap\""
    )]
    SmbAccess,
    /// A share needs signing.
    #[error(
        "share: the server requires signing (\"Digitally sign communications (always)\", Samba: \
         `server signing`), and a relayed session cannot sign: list a server that does not \
         require it in controllers, or leave share out"
    )]
    ShareSigning,
    /// A share needs encryption.
    #[error(
        "share: the server encrypts all sessions, and a relayed session cannot: list a server \
         that does not in controllers, or leave share out"
    )]
    ShareEncryption,
}
