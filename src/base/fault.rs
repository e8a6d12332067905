//! The table of minor codes, and a code with its detail.
//!
//! Errors reach the caller and the log as these codes. A published code never changes: programs and
//! error pages test it. `include/gss_ntlmdc.h` and `docs/errors.md` are generated from the table.

mod major;
mod minor_codes;
mod told;

pub use major::Major;
use minor_codes::minor_codes;
pub use told::{Fault, is_joiner, is_unprintable};

minor_codes! {
    family Token = 0x01 "The token.":
    /// The client sent another kind of token; with Negotiate, possibly a Kerberos token.
    0x4E44_0101 NotNtlm DefectiveToken "the token is not an NTLM message";
    /// A length, an offset or a value in the message is invalid: a broken client, or an attack.
    0x4E44_0102 Malformed DefectiveToken "the NTLM message is malformed";
    /// A login begins with a NEGOTIATE message on the same connection. Causes: HTTP/2 (write
    /// `Protocols http/1.1`), a server that closes connections (write `KeepAlive On`), or a proxy
    /// that shares connections between clients.
    0x4E44_0103 NotNegotiated DefectiveToken
        "an AUTHENTICATE message came with no NEGOTIATE message before it on this connection";
    /// The peer acts as a server.
    0x4E44_0104 UnexpectedMessage DefectiveToken "a server does not accept a CHALLENGE message";
    /// No NTLM client sends tokens of this size.
    0x4E44_0105 TokenTooLong DefectiveToken "the NTLM message is longer than 128 KiB";
    /// The server's answer is not NTLM's second message, or it arrived before the first was sent.
    0x4E44_0106 NoChallenge DefectiveToken "the server's message is not a CHALLENGE message";

    family Proof = 0x02 "The proof that the message is the client's.":
    /// The client saw other messages than the server: one was changed on its way, or the login was
    /// relayed.
    0x4E44_0201 BadMic BadMic "the message integrity code does not match";
    /// The setting `mic = "require"` needs one. Older clients do not send it.
    0x4E44_0202 MissingMic Unauthorized "the client sent no message integrity code";
    /// The client's response was made for another server, or changed on its way: a relayed login.
    0x4E44_0203 TargetInfoChanged Unauthorized
        "the target information in the response is not what this server sent";
    /// The client announced a session key and sent no valid one.
    0x4E44_0204 BadSessionKey DefectiveToken "the encrypted session key is not 16 bytes long";
    /// The verifier gave no session key, and the message cannot be checked without one.
    0x4E44_0205 NoSessionKey Failure "there is no session key to check the message with";
    /// The client's TLS connection ends elsewhere: at a proxy with another certificate, or at an
    /// attacker. Name the proxy's certificate in `tls_certificates`.
    0x4E44_0206 OtherChannel BadBindings "the client's channel bindings are not this channel's";
    /// A login from here needs NTLMv2, Unicode, extended session security and 128-bit keys: the
    /// server is too old, or an attacker removed them from its message.
    0x4E44_0207 WeakChallenge Unauthorized "the server's challenge asks for less than NTLMv2";
    /// The setting `channel_binding = "require"` needs them. Curl, Firefox and Java send none;
    /// other clients send them over TLS only.
    0x4E44_0208 MissingBindings BadBindings
        "the client sent no channel bindings, which are required";
    /// With `channel_binding = "require"`, name the certificates that clients see in
    /// `tls_certificates`: the server's program does not pass its own channel bindings.
    0x4E44_0209 UnknownChannel BadBindings
        "channel bindings are required, and this server does not know its own";

    family Policy = 0x03 "What the policy refuses.":
    /// Never accepted: an anonymous login proves nothing.
    0x4E44_0301 AnonymousRefused Unauthorized "anonymous logins are refused";
    /// Never accepted: a guest login proves no identity.
    0x4E44_0302 GuestRefused Unauthorized "guest logins are refused";
    /// An eavesdropper can break NTLMv1. Make the client send NTLMv2.
    0x4E44_0303 NtlmV1Refused Unauthorized "the client answered with NTLMv1, which is refused";
    /// NTLMv1 with extended session security is still NTLMv1. Make the client send NTLMv2.
    0x4E44_0304 Ntlm2SessionRefused Unauthorized
        "the client answered with NTLM2 session security (NTLMv1), which is refused";
    /// The client sent a LAN Manager response only. Make it send NTLMv2.
    0x4E44_0305 LmOnlyRefused Unauthorized "the client answered with LM only, which is refused";
    /// The client names a service that `spn` does not list, or that is not the one of the server's
    /// program (`GssapiAcceptorName`): a name of this server is missing there, or the login was
    /// relayed.
    0x4E44_0306 OtherService Unauthorized "the client meant to log in to another service";
    /// `spn` lists the services that a client may name. Add "none" to it to accept clients that
    /// name none (curl, Firefox, Java).
    0x4E44_0307 UnnamedService Unauthorized
        "the client does not say which service it means to log in to";
    /// See the settings `domains` and `refused_domains`.
    0x4E44_0308 DomainRefused Unauthorized
        "users of this domain are refused by policy.domains or policy.refused_domains";
    /// The setting `policy.groups` lists the groups that are let in. A user is in no group in a
    /// users file, with `[directory]` without `groups`, and if the groups could not be looked up:
    /// the log then says why. `ntlmdc check` looks at the directory and at `[relay.groups]`.
    0x4E44_0309 NotInGroup Unauthorized "the user is in none of the groups that are let in";
    /// Too many wrong passwords in a row: no verifier was asked about this one. The limit ends
    /// `guess_window` after the last of them. The text is that of a wrong password.
    0x4E44_030A TooManyGuesses Unauthorized "the user is unknown or the password is wrong";

    family Account = 0x04 "The account, as the verifier reports.":
    /// A wrong password, or a name that does not exist. ntlmdc's own line says which, with the
    /// controller's status; with `relay` the controller may have one status for both. Both have one
    /// code, so that a client cannot find out which names exist.
    0x4E44_0401 BadUserOrPassword Unauthorized "the user is unknown or the password is wrong";
    /// The password was right; an administrator has disabled the account.
    0x4E44_0402 AccountDisabled Unauthorized "the account is disabled";
    /// Too many wrong passwords. The lockout ends by itself, or an administrator ends it.
    0x4E44_0403 AccountLockedOut Unauthorized "the account is locked out";
    /// The password was right; the account's end date has passed.
    0x4E44_0404 AccountExpired Unauthorized "the account has expired";
    /// The password was right, and too old. It cannot be changed over NTLM.
    0x4E44_0405 PasswordExpired Unauthorized "the password has expired";
    /// The password was right; the user must set a new one before logging in.
    0x4E44_0406 PasswordMustChange Unauthorized "the password must be changed before logging in";
    /// The password was right; the account may not log in at this hour.
    0x4E44_0407 InvalidLogonHours Unauthorized "the account may not log in at this time";
    /// The password was right; the account may log in only from certain workstations.
    0x4E44_0408 InvalidWorkstation Unauthorized "the account may not log in from this workstation";
    /// A rule of the domain: Protected Users, an authentication policy silo, an empty password.
    0x4E44_0409 AccountRestriction Unauthorized "a restriction on the account forbids NTLM logins";
    /// The account lacks the right to log in over the network here, or selective authentication of
    /// a trust does not include this server's machine account.
    0x4E44_040A LogonNotGranted Unauthorized "the account may not log in to this server";
    /// The domain's policy `Network security: Restrict NTLM: NTLM authentication in this domain`
    /// blocks it. Add the machine account to the policy's exception list by its name without the
    /// `$` (`WEB1-NTLM`). Event 8004 of the controller shows that name.
    0x4E44_040B NtlmBlocked Unauthorized "NTLM is blocked in this domain";
    /// The account may log in with a smart card only.
    0x4E44_040C SmartcardRequired Unauthorized "the account needs a smart card to log in";
    /// A computer or trust account logged in where only users may.
    0x4E44_040D TrustAccount Unauthorized "the account is a computer or a trust, not a user";
    /// The domain that the client named is neither the domain controller's own nor trusted by it.
    0x4E44_040E UnknownDomain Unauthorized "the client's domain is not known here";
    /// The client's clock and the domain's differ too much.
    0x4E44_040F TimeDifference Unauthorized "the client's clock is wrong";
    /// The domain controller refused with a status that has no code of its own; see the log.
    0x4E44_0410 LogonDenied Unauthorized "the domain controller refused the login";
    /// The answer is about a domain that is not in our controller's list, or not the typed one. The
    /// log has both names. See docs/trusts.md: `upn_suffixes`, `trusted_domains`; check `domain`
    /// and `netbios_domain`.
    0x4E44_0411 AnsweredForAnother Unauthorized
        "what the domain controller answered does not fit the name that was typed";
    /// Write one `\` or `/`, between domain and user: `EXAMPLE\alice`. A `\` in the user's own part
    /// or beside an `@` is refused: a controller could take it for another account.
    0x4E44_0412 ImpossibleName Unauthorized "no account can have the user's name";
    /// `BUILTIN`, `NT AUTHORITY`, `NT SERVICE` and the like contain groups and services of a
    /// Windows computer, which have no passwords. Type the domain of the user's account.
    0x4E44_0413 WellKnownDomain Unauthorized
        "accounts of this domain do not log in with a password";
    /// The password is right, and the user lacks the right to connect to the share that `share` of
    /// `[relay]` names.
    0x4E44_0414 ShareRefused Unauthorized "the user may not connect to the share";

    family Verifier = 0x05 "The verifier: nothing was found out about the user.":
    /// Check `controllers` (or, without it, the DNS or the servers of `wins`), the network and the
    /// firewall. With `netlogon`: port 135 and the port that netlogon uses. With `relay`: port 445;
    /// with `transport = "ldap"` port 389, with `tls = "ldaps"` port 636.
    0x4E44_0501 ControllerUnreachable Failure "no domain controller can be reached";
    /// The controller accepted the connection and did not answer, or it is overloaded.
    0x4E44_0502 ControllerTimeout Failure "the domain controller did not answer in time";
    /// The password of `account` is not the one in `secret` or `keytab`: it was changed in the
    /// domain, or mistyped. After it is corrected, the next try may take 45 seconds; no restart is
    /// needed.
    0x4E44_0503 MachineSecretRefused Failure
        "the domain controller refused the machine account's secret";
    /// `account` does not exist in the domain, is disabled, or is no computer account. A read-only
    /// domain controller answers the same if it may not cache the account's secret: add the account
    /// to the Allowed RODC Password Replication Group, or list writable controllers in
    /// `controllers`.
    0x4E44_0504 MachineAccountUnknown Failure
        "the domain controller does not know the machine account";
    /// Check `domain`, `netbios_domain` and `account`: the controller did not accept these names.
    /// The text has the NetBIOS name that the controllers report, if it differs.
    0x4E44_0505 ChannelRefused Failure "the domain controller refused the secure channel";
    /// The controller offered less than AES sealing, or does not confirm it, or does not sign
    /// headers where that is needed (the names of groups, very long messages). Possibly an attack.
    0x4E44_0506 ChannelDowngraded Failure
        "the domain controller offered a weaker secure channel than required";
    /// The answer was forged or changed on its way, or the domain controller is broken.
    0x4E44_0507 ControllerForged Failure
        "an answer of the domain controller is malformed or not authentic";
    /// The controller is starting, or it cannot reach a controller of the user's domain.
    0x4E44_0508 ControllerNotReady Failure "the domain controller cannot answer at present";
    /// The trust between the domains is broken. Ask the administrators of the two domains.
    0x4E44_0509 TrustBroken Failure "the trust to the user's domain does not work";
    /// The controller compares the NetBIOS names in the response with the machine account before it
    /// verifies the password: check `netbios_domain` and `account`. The text has the domain's
    /// NetBIOS name, if it differs. If `netbios_domain` is not configured, the next login uses that
    /// name.
    0x4E44_050A NetbiosNamesRefused Failure
        "the domain controller refused the response without looking at the password";
    /// The file is missing, unreadable for this process, readable for all users, or longer than
    /// 32 MiB. Invalid lines are skipped, and the log names them.
    0x4E44_050B UsersFileUnusable Failure "the users file cannot be used";
    /// The file is missing, unreadable for this process, readable for all users, or malformed.
    0x4E44_050C SecretFileUnusable Failure "the machine account's secret cannot be used";
    /// A file of `tls_certificates` or `authorities` is missing, unreadable for this process, or
    /// contains no certificate that can be used.
    0x4E44_050D CertificateUnusable Failure "a TLS certificate cannot be used";
    /// The controller rejects secure channels that are keyed with the machine account's secret;
    /// this mechanism has no other. Exempt this account from the policy; on Samba 4.22 and later
    /// with `server reject aes schannel:WEB1-NTLM$ = no` in smb.conf. Or list other controllers in
    /// `controllers`.
    0x4E44_050E KerberosChannelRequired Failure
        "the domain controller requires a secure channel that is authenticated with Kerberos";
    /// The policy `Restrict Unauthenticated RPC clients` is set on the controller. Write the port
    /// of its netlogon service into `controllers`, as `dc1.example.test:49152`; pin that port on
    /// the controller with the registry value `DCTcpipPort` of Netlogon.
    0x4E44_050F MapperRefused Failure
        "the controller's endpoint mapper needs authentication: write the port into `controllers`";
    /// The policy `Restrict Unauthenticated RPC clients` is set to
    /// `Authenticated without exceptions` on the controller. Windows members cannot use such a
    /// controller either. Set it to `Authenticated`.
    0x4E44_0510 UnauthenticatedRpcRefused Failure
        "the domain controller refuses to negotiate a secure channel without authentication";
    /// The controller rejected a parameter or the size of the request before it verified the
    /// password. The cause is a client's unusual response, or a bug of this mechanism: please
    /// report it, with the log's text and the version of the controller.
    0x4E44_0511 RequestNotUnderstood Failure
        "the domain controller did not understand the request";
    /// The controller accepts only its own name in a logon request, and refused the empty name.
    /// Write its full DNS host name into `controllers`, not an address or an alias.
    0x4E44_0512 LogonServerRefused Failure
        "the domain controller does not answer to the name it was addressed by";
    /// More logins wait than the domain controllers answer: see `connections` (of a process),
    /// `host_logons` and `host_connections` (of this host). Logins of other domains have a smaller
    /// share, so that an unresponsive trusted domain blocks its own users only.
    0x4E44_0513 TooManyLogons Failure "too many logins wait for the domain controllers";
    /// The user's domain is a trusted one, and our controller got no answer from it in time. Logins
    /// of that domain are refused for the next ten seconds, so that they do not delay others. Check
    /// the trust, and the network between the controllers of the two domains.
    0x4E44_0514 DomainSilent Failure "the user's domain does not answer at present";
    /// The controller works, and one of its policies refuses every login that passes through
    /// another host (`[relay]`). The text names the policy, and says what to do.
    0x4E44_051A RelayRefused Failure
        "a policy of the domain controller refuses relayed logins";
    /// The client took longer than `handshake_timeout` to answer the challenge, or more than
    /// `connections` handshakes were under way and this was the oldest, or the process forked or
    /// read another configuration meanwhile. The client may begin again.
    0x4E44_051B HandshakeClosed Failure
        "the connection for this login was closed before the client answered";
    /// Over TLS, the controller's certificate was not issued by a trusted authority, has another
    /// name, has expired or is not the pinned one. The text has its fingerprint. Check
    /// `authorities`, `certificate` and `controllers`. Possibly an attack.
    0x4E44_051C ControllerUntrusted Failure
        "the domain controller's certificate is not accepted";
    /// A controller accepts answers to a challenge with the names of its own domain only. With
    /// several `[[netlogon]]` the challenge names the section whose domain the client names in its
    /// first message, else the first one; browsers and curl name none. Give each forest a virtual
    /// host with a configuration of its own: docs/forests.md. The log has both domains.
    0x4E44_051D OtherForest Failure
        "the user is of another forest than the one that the challenge is for";

    /// Check `directory.servers`, the network and the firewall: port 636, with `tls = "starttls"`
    /// port 389. A server that failed is passed over for up to half a minute.
    0x4E44_0515 DirectoryUnreachable Failure "no server of the directory can be reached";
    /// The server is overloaded; or more logins wait than `directory.connections` can carry.
    0x4E44_0516 DirectoryTimeout Failure "the directory did not answer in time";
    /// `directory.authorities` lacks the authority that issued the server's certificate, or its
    /// name is not that in `servers`, or it has expired, or it is not the one in `certificate`.
    /// Possibly an attack.
    0x4E44_0517 DirectoryUntrusted Failure
        "TLS with the directory's server failed, or its certificate is not accepted";
    /// The text has the server's reason. For the login: check `bind_dn` and the password in
    /// `bind_secret`. For the search: check `base`, and that the account may read it. For StartTLS:
    /// give the server a certificate, or set `tls = "ldaps"`.
    0x4E44_0518 DirectoryRefused Failure
        "the directory refused the service's account or question";
    /// The file of `directory.bind_secret` or `directory.authorities` is missing, unreadable for
    /// this process or malformed; or all users may read the secret.
    0x4E44_0519 DirectoryFileUnusable Failure "a file for the directory cannot be used";

    family Setup = 0x06 "The set-up.":
    /// For a domain, `ntlmdc join` writes /etc/gss/ntlmdc.toml. Otherwise write it, or set
    /// NTLMDC_CONFIG or NTLM_USER_FILE for the process.
    0x4E44_0601 NotConfigured NoCred "NTLM is not configured";
    /// The text after it names the line and the key.
    0x4E44_0602 BadConfiguration NoCred "the configuration cannot be used";
    /// Give a password, or set NTLM_USER_FILE to a users file with a line for the user.
    0x4E44_0603 InitiateUnavailable NoCred "there are no credentials to initiate with";
    /// The setting `enabled = false` does this.
    0x4E44_0604 SwitchedOff NoCred "NTLM is switched off";

    family Call = 0x07 "The call.":
    /// A required pointer is NULL, or the call does not support a value.
    0x4E44_0701 BadArgument Failure "an argument of the call is missing or invalid";
    /// The name is not one of its type.
    0x4E44_0702 BadName BadName "the name is not valid";
    /// NTLM has no names of this type.
    0x4E44_0703 BadNameType BadNameType "the type of the name is not supported";
    /// The last message on the context was refused. A NEGOTIATE message begins a new login.
    0x4E44_0704 ContextFailed NoContext "the login on this context has failed";
    /// Two threads used one context at the same time.
    0x4E44_0705 ContextBusy Failure "the context is in use by another thread";
    /// The kernel returned an error; see getrandom(2).
    0x4E44_0706 NoRandomBytes Failure "the system gave no random bytes";
    /// malloc failed.
    0x4E44_0707 NoMemory Failure "out of memory";
    /// A bug of this mechanism: please report it. The log has the place in the source. The login
    /// was refused.
    0x4E44_0708 InternalError Failure "internal error";
    /// The login has no such attribute.
    0x4E44_0709 NoSuchAttribute Unavailable "the name has no such attribute";
    /// Users of other domains have local names only if `identity.local_domains` lists their domain.
    0x4E44_070A NoLocalName Unavailable "the name has no local name on this machine";
    /// The caller asked for another mechanism.
    0x4E44_070B BadMech BadMech "the mechanism is not NTLM";
    /// The code is not one of this mechanism.
    0x4E44_070C UnknownStatus BadStatus "unknown status code";
    /// The lifetime of the login has ended; see the setting `lifetime`. Log in again.
    0x4E44_070D ContextExpired ContextExpired "the login has expired";
    /// A credential to initiate with stays in its process: it holds a password's hash, which is as
    /// good as the password.
    0x4E44_070E CredentialNotExported Unavailable "the credential is not for accepting only";
    /// It is not from this mechanism's `gss_export_cred`, or from another version's.
    0x4E44_070F BadCredentialToken DefectiveToken "the token is not an exported credential";

    /// The program asked for another account than the one that `gss_localname` returns.
    0x4E44_0710 NotTheLocalName Unauthorized "the name does not belong to that local account";

    family Message = 0x08 "Messages after the login.":
    /// The client asked for neither signatures nor encryption, so there are no keys for them.
    0x4E44_0801 NoProtection Unavailable "no protection of messages was negotiated";
    /// The message was changed on its way, or an earlier message was lost.
    0x4E44_0802 BadSignature BadMic "the signature of the message is wrong";
    /// The message was delivered twice, or an attacker sent it again.
    0x4E44_0803 MessageRepeated BadMic "the message is a repetition";
    /// Messages can only be read completely and in the order in which they were sent.
    0x4E44_0804 MessageMissing BadMic "a message before this one is missing";
    /// The token is too short, or of another kind.
    0x4E44_0805 BadMessageToken DefectiveToken "the token is not a protected message";
    /// The sequence number has 32 bits. Log in again.
    0x4E44_0806 TooManyMessages ContextExpired "the context has no sequence numbers left";
    /// Only the default, 0, is supported.
    0x4E44_0807 BadQop BadQop "the quality of protection is not supported";
    /// The program asked for an option that this mechanism does not have.
    0x4E44_0808 NoSuchOption Unavailable "the context has no such option";

    family Transfer = 0x09 "Contexts in other processes.":
    /// A context can be exported when its login is complete; a server's also while it waits for the
    /// client's answer. A client's cannot before: it holds a password's hash.
    0x4E44_0901 ContextNotExported Unavailable "the context cannot be exported in this state";
    /// Make the directory that the text names, or name one in NTLMDC_EXPORT_DIR: mode 0700, owned
    /// by the program's user.
    0x4E44_0902 NoTransfer Unavailable "there is no directory to export contexts through";
    /// The token was changed, or is of another host, user or mechanism; or the key in the directory
    /// was removed.
    0x4E44_0903 BadContextToken DefectiveToken "the token is not an exported context";
    /// A token can be imported once: two contexts would use one key stream.
    0x4E44_0904 ContextTokenUsed NoContext "the exported context has been imported before";
    /// A login that is not complete must continue within five minutes; a complete one ends with its
    /// lifetime.
    0x4E44_0905 ContextTokenExpired ContextExpired "the exported context has expired";
    /// With the verifier `relay`, a half-open login needs the connection to its controller, which
    /// one process has. Let the process that sent the challenge receive the answer.
    0x4E44_0906 RelayedContextNotExported Unavailable
        "a relayed login cannot be continued in another process";
}

impl Minor {
    /// The number in the C ABI.
    pub const fn code(self) -> u32 {
        self as u32
    }

    /// The supplementary information of the major status (RFC 2744 3.9.1). The major status is
    /// always a routine error too, for callers that check errors only.
    pub const fn supplementary(self) -> u32 {
        match self {
            // `GSS_S_DUPLICATE_TOKEN`
            Self::MessageRepeated => 1 << 1,
            // `GSS_S_GAP_TOKEN`
            Self::MessageMissing => 1 << 4,
            _ => 0,
        }
    }

    /// The entry of a number from the C ABI.
    pub fn from_code(code: u32) -> Option<Self> {
        Self::ALL.iter().copied().find(|minor| minor.code() == code)
    }
}

#[cfg(test)]
mod tests;
