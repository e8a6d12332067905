/*
 * What a program may know of this mechanism beyond GSSAPI itself.
 * Made from the library's own tables by tests/header; do not edit.
 */
#ifndef GSS_NTLMDC_H
#define GSS_NTLMDC_H

/* The mechanism, NTLMSSP: { 1 3 6 1 4 1 311 2 2 10 }. */
#define NTLMDC_OID_STRING "1.3.6.1.4.1.311.2.2.10"
#define NTLMDC_OID_LENGTH 10
#define NTLMDC_OID_BYTES "\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a"

/* Credential store key: the path of a configuration file, in place of the default one. */
#define NTLMDC_CS_CONFIG "ntlmdc_config"

/* Credential store keys of an initiator: its password, or the NT hash in 32 hexadecimal digits. */
#define NTLMDC_CS_PASSWORD "password"
#define NTLMDC_CS_NT_HASH "nt_hash"

/* Name attributes, for gss_get_name_attribute. */
/* The account's name (sAMAccountName). */
#define NTLMDC_ATTR_USER "user"
/* `client`: the name is as typed, as with the verifier `relay`; absent: the verifier's. */
#define NTLMDC_ATTR_NAME_SOURCE "name-source"
/* The NetBIOS name of the account's domain. */
#define NTLMDC_ATTR_DOMAIN "domain"
/* The DNS name of the account's domain. */
#define NTLMDC_ATTR_DNS_DOMAIN "dns-domain"
/* The user principal name; for a user of another domain, only with that domain as suffix. */
#define NTLMDC_ATTR_UPN "upn"
/* The full name. */
#define NTLMDC_ATTR_FULL_NAME "full-name"
/* The account's security identifier, S-1-5-21-... */
#define NTLMDC_ATTR_USER_SID "user-sid"
/* The security identifier of the primary group. */
#define NTLMDC_ATTR_PRIMARY_GROUP_SID "primary-group-sid"
/* The name of the local account. MIT's gss_userok reads it for names from SPNEGO. */
#define NTLMDC_ATTR_LOCAL_LOGIN_USER "local-login-user"
/* The server that verified the login. */
#define NTLMDC_ATTR_LOGON_SERVER "logon-server"
/* UserFlags of the login (MS-PAC 2.5), in hexadecimal: 0x120. */
#define NTLMDC_ATTR_USER_FLAGS "user-flags"
/* When the logon hours of the account end, in seconds since 1970; absent if they do not. */
#define NTLMDC_ATTR_LOG_OFF_TIME "log-off-time"
/* When the account expires, in seconds since 1970; absent if it does not. */
#define NTLMDC_ATTR_KICK_OFF_TIME "kick-off-time"
/* The client's name for its computer; not verified. */
#define NTLMDC_ATTR_WORKSTATION "workstation"
/* The security identifiers of all groups, one per value. */
#define NTLMDC_ATTR_GROUP_SIDS "group-sids"
/* The names of the groups, one per value: name, or DOMAIN\name for another domain. */
#define NTLMDC_ATTR_GROUPS "groups"
/* The names of the groups in one value: |name|DOMAIN\name|. */
#define NTLMDC_ATTR_GROUPS_LIST "groups-list"

/*
 * Minor status codes. gss_display_status gives the text, with what is known of the occurrence.
 */

/* The token is not an NTLM message. The client sent another kind of token; with Negotiate,
 * possibly a Kerberos token. */
#define NTLMDC_E_NOT_NTLM 0x4E440101u

/* The NTLM message is malformed. A length, an offset or a value in the message is invalid: a
 * broken client, or an attack. */
#define NTLMDC_E_MALFORMED 0x4E440102u

/* An AUTHENTICATE message came with no NEGOTIATE message before it on this connection. A login
 * begins with a NEGOTIATE message on the same connection. Causes: HTTP/2 (write `Protocols
 * http/1.1`), a server that closes connections (write `KeepAlive On`), or a proxy that shares
 * connections between clients. */
#define NTLMDC_E_NOT_NEGOTIATED 0x4E440103u

/* A server does not accept a CHALLENGE message. The peer acts as a server. */
#define NTLMDC_E_UNEXPECTED_MESSAGE 0x4E440104u

/* The NTLM message is longer than 128 KiB. No NTLM client sends tokens of this size. */
#define NTLMDC_E_TOKEN_TOO_LONG 0x4E440105u

/* The server's message is not a CHALLENGE message. The server's answer is not NTLM's second
 * message, or it arrived before the first was sent. */
#define NTLMDC_E_NO_CHALLENGE 0x4E440106u

/* The message integrity code does not match. The client saw other messages than the server: one
 * was changed on its way, or the login was relayed. */
#define NTLMDC_E_BAD_MIC 0x4E440201u

/* The client sent no message integrity code. The setting `mic = "require"` needs one. Older
 * clients do not send it. */
#define NTLMDC_E_MISSING_MIC 0x4E440202u

/* The target information in the response is not what this server sent. The client's response
 * was made for another server, or changed on its way: a relayed login. */
#define NTLMDC_E_TARGET_INFO_CHANGED 0x4E440203u

/* The encrypted session key is not 16 bytes long. The client announced a session key and sent
 * no valid one. */
#define NTLMDC_E_BAD_SESSION_KEY 0x4E440204u

/* There is no session key to check the message with. The verifier gave no session key, and the
 * message cannot be checked without one. */
#define NTLMDC_E_NO_SESSION_KEY 0x4E440205u

/* The client's channel bindings are not this channel's. The client's TLS connection ends
 * elsewhere: at a proxy with another certificate, or at an attacker. Name the proxy's
 * certificate in `tls_certificates`. */
#define NTLMDC_E_OTHER_CHANNEL 0x4E440206u

/* The server's challenge asks for less than NTLMv2. A login from here needs NTLMv2, Unicode,
 * extended session security and 128-bit keys: the server is too old, or an attacker removed
 * them from its message. */
#define NTLMDC_E_WEAK_CHALLENGE 0x4E440207u

/* The client sent no channel bindings, which are required. The setting `channel_binding =
 * "require"` needs them. Curl, Firefox and Java send none; other clients send them over TLS
 * only. */
#define NTLMDC_E_MISSING_BINDINGS 0x4E440208u

/* Channel bindings are required, and this server does not know its own. With `channel_binding =
 * "require"`, name the certificates that clients see in `tls_certificates`: the server's
 * program does not pass its own channel bindings. */
#define NTLMDC_E_UNKNOWN_CHANNEL 0x4E440209u

/* Anonymous logins are refused. Never accepted: an anonymous login proves nothing. */
#define NTLMDC_E_ANONYMOUS_REFUSED 0x4E440301u

/* Guest logins are refused. Never accepted: a guest login proves no identity. */
#define NTLMDC_E_GUEST_REFUSED 0x4E440302u

/* The client answered with NTLMv1, which is refused. An eavesdropper can break NTLMv1. Make the
 * client send NTLMv2. */
#define NTLMDC_E_NTLM_V1_REFUSED 0x4E440303u

/* The client answered with NTLM2 session security (NTLMv1), which is refused. NTLMv1 with
 * extended session security is still NTLMv1. Make the client send NTLMv2. */
#define NTLMDC_E_NTLM2_SESSION_REFUSED 0x4E440304u

/* The client answered with LM only, which is refused. The client sent a LAN Manager response
 * only. Make it send NTLMv2. */
#define NTLMDC_E_LM_ONLY_REFUSED 0x4E440305u

/* The client meant to log in to another service. The client names a service that `spn` does not
 * list, or that is not the one of the server's program (`GssapiAcceptorName`): a name of this
 * server is missing there, or the login was relayed. */
#define NTLMDC_E_OTHER_SERVICE 0x4E440306u

/* The client does not say which service it means to log in to. `spn` lists the services that a
 * client may name. Add "none" to it to accept clients that name none (curl, Firefox, Java). */
#define NTLMDC_E_UNNAMED_SERVICE 0x4E440307u

/* Users of this domain are refused by policy.domains or policy.refused_domains. See the
 * settings `domains` and `refused_domains`. */
#define NTLMDC_E_DOMAIN_REFUSED 0x4E440308u

/* The user is in none of the groups that are let in. The setting `policy.groups` lists the
 * groups that are let in. A user is in no group in a users file, with `[directory]` without
 * `groups`, and if the groups could not be looked up: the log then says why. `ntlmdc check`
 * looks at the directory and at `[relay.groups]`. */
#define NTLMDC_E_NOT_IN_GROUP 0x4E440309u

/* The user is unknown or the password is wrong. Too many wrong passwords in a row: no verifier
 * was asked about this one. The limit ends `guess_window` after the last of them. The text is
 * that of a wrong password. */
#define NTLMDC_E_TOO_MANY_GUESSES 0x4E44030Au

/* The user is unknown or the password is wrong. A wrong password, or a name that does not
 * exist. ntlmdc's own line says which, with the controller's status; with `relay` the
 * controller may have one status for both. Both have one code, so that a client cannot find out
 * which names exist. */
#define NTLMDC_E_BAD_USER_OR_PASSWORD 0x4E440401u

/* The account is disabled. The password was right; an administrator has disabled the account. */
#define NTLMDC_E_ACCOUNT_DISABLED 0x4E440402u

/* The account is locked out. Too many wrong passwords. The lockout ends by itself, or an
 * administrator ends it. */
#define NTLMDC_E_ACCOUNT_LOCKED_OUT 0x4E440403u

/* The account has expired. The password was right; the account's end date has passed. */
#define NTLMDC_E_ACCOUNT_EXPIRED 0x4E440404u

/* The password has expired. The password was right, and too old. It cannot be changed over
 * NTLM. */
#define NTLMDC_E_PASSWORD_EXPIRED 0x4E440405u

/* The password must be changed before logging in. The password was right; the user must set a
 * new one before logging in. */
#define NTLMDC_E_PASSWORD_MUST_CHANGE 0x4E440406u

/* The account may not log in at this time. The password was right; the account may not log in
 * at this hour. */
#define NTLMDC_E_INVALID_LOGON_HOURS 0x4E440407u

/* The account may not log in from this workstation. The password was right; the account may log
 * in only from certain workstations. */
#define NTLMDC_E_INVALID_WORKSTATION 0x4E440408u

/* A restriction on the account forbids NTLM logins. A rule of the domain: Protected Users, an
 * authentication policy silo, an empty password. */
#define NTLMDC_E_ACCOUNT_RESTRICTION 0x4E440409u

/* The account may not log in to this server. The account lacks the right to log in over the
 * network here, or selective authentication of a trust does not include this server's machine
 * account. */
#define NTLMDC_E_LOGON_NOT_GRANTED 0x4E44040Au

/* NTLM is blocked in this domain. The domain's policy `Network security: Restrict NTLM: NTLM
 * authentication in this domain` blocks it. Add the machine account to the policy's exception
 * list by its name without the `$` (`WEB1-NTLM`). Event 8004 of the controller shows that name. */
#define NTLMDC_E_NTLM_BLOCKED 0x4E44040Bu

/* The account needs a smart card to log in. The account may log in with a smart card only. */
#define NTLMDC_E_SMARTCARD_REQUIRED 0x4E44040Cu

/* The account is a computer or a trust, not a user. A computer or trust account logged in where
 * only users may. */
#define NTLMDC_E_TRUST_ACCOUNT 0x4E44040Du

/* The client's domain is not known here. The domain that the client named is neither the domain
 * controller's own nor trusted by it. */
#define NTLMDC_E_UNKNOWN_DOMAIN 0x4E44040Eu

/* The client's clock is wrong. The client's clock and the domain's differ too much. */
#define NTLMDC_E_TIME_DIFFERENCE 0x4E44040Fu

/* The domain controller refused the login. The domain controller refused with a status that has
 * no code of its own; see the log. */
#define NTLMDC_E_LOGON_DENIED 0x4E440410u

/* What the domain controller answered does not fit the name that was typed. The answer is about
 * a domain that is not in our controller's list, or not the typed one. The log has both names.
 * See docs/trusts.md: `upn_suffixes`, `trusted_domains`; check `domain` and `netbios_domain`. */
#define NTLMDC_E_ANSWERED_FOR_ANOTHER 0x4E440411u

/* No account can have the user's name. Write one `\` or `/`, between domain and user:
 * `EXAMPLE\alice`. A `\` in the user's own part or beside an `@` is refused: a controller could
 * take it for another account. */
#define NTLMDC_E_IMPOSSIBLE_NAME 0x4E440412u

/* Accounts of this domain do not log in with a password. `BUILTIN`, `NT AUTHORITY`, `NT
 * SERVICE` and the like contain groups and services of a Windows computer, which have no
 * passwords. Type the domain of the user's account. */
#define NTLMDC_E_WELL_KNOWN_DOMAIN 0x4E440413u

/* The user may not connect to the share. The password is right, and the user lacks the right to
 * connect to the share that `share` of `[relay]` names. */
#define NTLMDC_E_SHARE_REFUSED 0x4E440414u

/* No domain controller can be reached. Check `controllers` (or, without it, the DNS or the
 * servers of `wins`), the network and the firewall. With `netlogon`: port 135 and the port that
 * netlogon uses. With `relay`: port 445; with `transport = "ldap"` port 389, with `tls =
 * "ldaps"` port 636. */
#define NTLMDC_E_CONTROLLER_UNREACHABLE 0x4E440501u

/* The domain controller did not answer in time. The controller accepted the connection and did
 * not answer, or it is overloaded. */
#define NTLMDC_E_CONTROLLER_TIMEOUT 0x4E440502u

/* The domain controller refused the machine account's secret. The password of `account` is not
 * the one in `secret` or `keytab`: it was changed in the domain, or mistyped. After it is
 * corrected, the next try may take 45 seconds; no restart is needed. */
#define NTLMDC_E_MACHINE_SECRET_REFUSED 0x4E440503u

/* The domain controller does not know the machine account. `account` does not exist in the
 * domain, is disabled, or is no computer account. A read-only domain controller answers the
 * same if it may not cache the account's secret: add the account to the Allowed RODC Password
 * Replication Group, or list writable controllers in `controllers`. */
#define NTLMDC_E_MACHINE_ACCOUNT_UNKNOWN 0x4E440504u

/* The domain controller refused the secure channel. Check `domain`, `netbios_domain` and
 * `account`: the controller did not accept these names. The text has the NetBIOS name that the
 * controllers report, if it differs. */
#define NTLMDC_E_CHANNEL_REFUSED 0x4E440505u

/* The domain controller offered a weaker secure channel than required. The controller offered
 * less than AES sealing, or does not confirm it, or does not sign headers where that is needed
 * (the names of groups, very long messages). Possibly an attack. */
#define NTLMDC_E_CHANNEL_DOWNGRADED 0x4E440506u

/* An answer of the domain controller is malformed or not authentic. The answer was forged or
 * changed on its way, or the domain controller is broken. */
#define NTLMDC_E_CONTROLLER_FORGED 0x4E440507u

/* The domain controller cannot answer at present. The controller is starting, or it cannot
 * reach a controller of the user's domain. */
#define NTLMDC_E_CONTROLLER_NOT_READY 0x4E440508u

/* The trust to the user's domain does not work. The trust between the domains is broken. Ask
 * the administrators of the two domains. */
#define NTLMDC_E_TRUST_BROKEN 0x4E440509u

/* The domain controller refused the response without looking at the password. The controller
 * compares the NetBIOS names in the response with the machine account before it verifies the
 * password: check `netbios_domain` and `account`. The text has the domain's NetBIOS name, if it
 * differs. If `netbios_domain` is not configured, the next login uses that name. */
#define NTLMDC_E_NETBIOS_NAMES_REFUSED 0x4E44050Au

/* The users file cannot be used. The file is missing, unreadable for this process, readable for
 * all users, or longer than 32 MiB. Invalid lines are skipped, and the log names them. */
#define NTLMDC_E_USERS_FILE_UNUSABLE 0x4E44050Bu

/* The machine account's secret cannot be used. The file is missing, unreadable for this
 * process, readable for all users, or malformed. */
#define NTLMDC_E_SECRET_FILE_UNUSABLE 0x4E44050Cu

/* A TLS certificate cannot be used. A file of `tls_certificates` or `authorities` is missing,
 * unreadable for this process, or contains no certificate that can be used. */
#define NTLMDC_E_CERTIFICATE_UNUSABLE 0x4E44050Du

/* The domain controller requires a secure channel that is authenticated with Kerberos. The
 * controller rejects secure channels that are keyed with the machine account's secret; this
 * mechanism has no other. Exempt this account from the policy; on Samba 4.22 and later with
 * `server reject aes schannel:WEB1-NTLM$ = no` in smb.conf. Or list other controllers in
 * `controllers`. */
#define NTLMDC_E_KERBEROS_CHANNEL_REQUIRED 0x4E44050Eu

/* The controller's endpoint mapper needs authentication: write the port into `controllers`. The
 * policy `Restrict Unauthenticated RPC clients` is set on the controller. Write the port of its
 * netlogon service into `controllers`, as `dc1.example.test:49152`; pin that port on the
 * controller with the registry value `DCTcpipPort` of Netlogon. */
#define NTLMDC_E_MAPPER_REFUSED 0x4E44050Fu

/* The domain controller refuses to negotiate a secure channel without authentication. The
 * policy `Restrict Unauthenticated RPC clients` is set to `Authenticated without exceptions` on
 * the controller. Windows members cannot use such a controller either. Set it to
 * `Authenticated`. */
#define NTLMDC_E_UNAUTHENTICATED_RPC_REFUSED 0x4E440510u

/* The domain controller did not understand the request. The controller rejected a parameter or
 * the size of the request before it verified the password. The cause is a client's unusual
 * response, or a bug of this mechanism: please report it, with the log's text and the version
 * of the controller. */
#define NTLMDC_E_REQUEST_NOT_UNDERSTOOD 0x4E440511u

/* The domain controller does not answer to the name it was addressed by. The controller accepts
 * only its own name in a logon request, and refused the empty name. Write its full DNS host
 * name into `controllers`, not an address or an alias. */
#define NTLMDC_E_LOGON_SERVER_REFUSED 0x4E440512u

/* Too many logins wait for the domain controllers. More logins wait than the domain controllers
 * answer: see `connections` (of a process), `host_logons` and `host_connections` (of this
 * host). Logins of other domains have a smaller share, so that an unresponsive trusted domain
 * blocks its own users only. */
#define NTLMDC_E_TOO_MANY_LOGONS 0x4E440513u

/* The user's domain does not answer at present. The user's domain is a trusted one, and our
 * controller got no answer from it in time. Logins of that domain are refused for the next ten
 * seconds, so that they do not delay others. Check the trust, and the network between the
 * controllers of the two domains. */
#define NTLMDC_E_DOMAIN_SILENT 0x4E440514u

/* A policy of the domain controller refuses relayed logins. The controller works, and one of
 * its policies refuses every login that passes through another host (`[relay]`). The text names
 * the policy, and says what to do. */
#define NTLMDC_E_RELAY_REFUSED 0x4E44051Au

/* The connection for this login was closed before the client answered. The client took longer
 * than `handshake_timeout` to answer the challenge, or more than `connections` handshakes were
 * under way and this was the oldest, or the process forked or read another configuration
 * meanwhile. The client may begin again. */
#define NTLMDC_E_HANDSHAKE_CLOSED 0x4E44051Bu

/* The domain controller's certificate is not accepted. Over TLS, the controller's certificate
 * was not issued by a trusted authority, has another name, has expired or is not the pinned
 * one. The text has its fingerprint. Check `authorities`, `certificate` and `controllers`.
 * Possibly an attack. */
#define NTLMDC_E_CONTROLLER_UNTRUSTED 0x4E44051Cu

/* The user is of another forest than the one that the challenge is for. A controller accepts
 * answers to a challenge with the names of its own domain only. With several `[[netlogon]]` the
 * challenge names the section whose domain the client names in its first message, else the
 * first one; browsers and curl name none. Give each forest a virtual host with a configuration
 * of its own: docs/forests.md. The log has both domains. */
#define NTLMDC_E_OTHER_FOREST 0x4E44051Du

/* No server of the directory can be reached. Check `directory.servers`, the network and the
 * firewall: port 636, with `tls = "starttls"` port 389. A server that failed is passed over for
 * up to half a minute. */
#define NTLMDC_E_DIRECTORY_UNREACHABLE 0x4E440515u

/* The directory did not answer in time. The server is overloaded; or more logins wait than
 * `directory.connections` can carry. */
#define NTLMDC_E_DIRECTORY_TIMEOUT 0x4E440516u

/* TLS with the directory's server failed, or its certificate is not accepted.
 * `directory.authorities` lacks the authority that issued the server's certificate, or its name
 * is not that in `servers`, or it has expired, or it is not the one in `certificate`. Possibly
 * an attack. */
#define NTLMDC_E_DIRECTORY_UNTRUSTED 0x4E440517u

/* The directory refused the service's account or question. The text has the server's reason.
 * For the login: check `bind_dn` and the password in `bind_secret`. For the search: check
 * `base`, and that the account may read it. For StartTLS: give the server a certificate, or set
 * `tls = "ldaps"`. */
#define NTLMDC_E_DIRECTORY_REFUSED 0x4E440518u

/* A file for the directory cannot be used. The file of `directory.bind_secret` or
 * `directory.authorities` is missing, unreadable for this process or malformed; or all users
 * may read the secret. */
#define NTLMDC_E_DIRECTORY_FILE_UNUSABLE 0x4E440519u

/* NTLM is not configured. For a domain, `ntlmdc join` writes /etc/gss/ntlmdc.toml. Otherwise
 * write it, or set NTLMDC_CONFIG or NTLM_USER_FILE for the process. */
#define NTLMDC_E_NOT_CONFIGURED 0x4E440601u

/* The configuration cannot be used. The text after it names the line and the key. */
#define NTLMDC_E_BAD_CONFIGURATION 0x4E440602u

/* There are no credentials to initiate with. Give a password, or set NTLM_USER_FILE to a users
 * file with a line for the user. */
#define NTLMDC_E_INITIATE_UNAVAILABLE 0x4E440603u

/* NTLM is switched off. The setting `enabled = false` does this. */
#define NTLMDC_E_SWITCHED_OFF 0x4E440604u

/* An argument of the call is missing or invalid. A required pointer is NULL, or the call does
 * not support a value. */
#define NTLMDC_E_BAD_ARGUMENT 0x4E440701u

/* The name is not valid. The name is not one of its type. */
#define NTLMDC_E_BAD_NAME 0x4E440702u

/* The type of the name is not supported. NTLM has no names of this type. */
#define NTLMDC_E_BAD_NAME_TYPE 0x4E440703u

/* The login on this context has failed. The last message on the context was refused. A
 * NEGOTIATE message begins a new login. */
#define NTLMDC_E_CONTEXT_FAILED 0x4E440704u

/* The context is in use by another thread. Two threads used one context at the same time. */
#define NTLMDC_E_CONTEXT_BUSY 0x4E440705u

/* The system gave no random bytes. The kernel returned an error; see getrandom(2). */
#define NTLMDC_E_NO_RANDOM_BYTES 0x4E440706u

/* Out of memory. malloc failed. */
#define NTLMDC_E_NO_MEMORY 0x4E440707u

/* Internal error. A bug of this mechanism: please report it. The log has the place in the
 * source. The login was refused. */
#define NTLMDC_E_INTERNAL_ERROR 0x4E440708u

/* The name has no such attribute. The login has no such attribute. */
#define NTLMDC_E_NO_SUCH_ATTRIBUTE 0x4E440709u

/* The name has no local name on this machine. Users of other domains have local names only if
 * `identity.local_domains` lists their domain. */
#define NTLMDC_E_NO_LOCAL_NAME 0x4E44070Au

/* The mechanism is not NTLM. The caller asked for another mechanism. */
#define NTLMDC_E_BAD_MECH 0x4E44070Bu

/* Unknown status code. The code is not one of this mechanism. */
#define NTLMDC_E_UNKNOWN_STATUS 0x4E44070Cu

/* The login has expired. The lifetime of the login has ended; see the setting `lifetime`. Log
 * in again. */
#define NTLMDC_E_CONTEXT_EXPIRED 0x4E44070Du

/* The credential is not for accepting only. A credential to initiate with stays in its process:
 * it holds a password's hash, which is as good as the password. */
#define NTLMDC_E_CREDENTIAL_NOT_EXPORTED 0x4E44070Eu

/* The token is not an exported credential. It is not from this mechanism's `gss_export_cred`,
 * or from another version's. */
#define NTLMDC_E_BAD_CREDENTIAL_TOKEN 0x4E44070Fu

/* The name does not belong to that local account. The program asked for another account than
 * the one that `gss_localname` returns. */
#define NTLMDC_E_NOT_THE_LOCAL_NAME 0x4E440710u

/* No protection of messages was negotiated. The client asked for neither signatures nor
 * encryption, so there are no keys for them. */
#define NTLMDC_E_NO_PROTECTION 0x4E440801u

/* The signature of the message is wrong. The message was changed on its way, or an earlier
 * message was lost. */
#define NTLMDC_E_BAD_SIGNATURE 0x4E440802u

/* The message is a repetition. The message was delivered twice, or an attacker sent it again. */
#define NTLMDC_E_MESSAGE_REPEATED 0x4E440803u

/* A message before this one is missing. Messages can only be read completely and in the order
 * in which they were sent. */
#define NTLMDC_E_MESSAGE_MISSING 0x4E440804u

/* The token is not a protected message. The token is too short, or of another kind. */
#define NTLMDC_E_BAD_MESSAGE_TOKEN 0x4E440805u

/* The context has no sequence numbers left. The sequence number has 32 bits. Log in again. */
#define NTLMDC_E_TOO_MANY_MESSAGES 0x4E440806u

/* The quality of protection is not supported. Only the default, 0, is supported. */
#define NTLMDC_E_BAD_QOP 0x4E440807u

/* The context has no such option. The program asked for an option that this mechanism does not
 * have. */
#define NTLMDC_E_NO_SUCH_OPTION 0x4E440808u

/* The context cannot be exported in this state. A context can be exported when its login is
 * complete; a server's also while it waits for the client's answer. A client's cannot before:
 * it holds a password's hash. */
#define NTLMDC_E_CONTEXT_NOT_EXPORTED 0x4E440901u

/* There is no directory to export contexts through. Make the directory that the text names, or
 * name one in NTLMDC_EXPORT_DIR: mode 0700, owned by the program's user. */
#define NTLMDC_E_NO_TRANSFER 0x4E440902u

/* The token is not an exported context. The token was changed, or is of another host, user or
 * mechanism; or the key in the directory was removed. */
#define NTLMDC_E_BAD_CONTEXT_TOKEN 0x4E440903u

/* The exported context has been imported before. A token can be imported once: two contexts
 * would use one key stream. */
#define NTLMDC_E_CONTEXT_TOKEN_USED 0x4E440904u

/* The exported context has expired. A login that is not complete must continue within five
 * minutes; a complete one ends with its lifetime. */
#define NTLMDC_E_CONTEXT_TOKEN_EXPIRED 0x4E440905u

/* A relayed login cannot be continued in another process. With the verifier `relay`, a
 * half-open login needs the connection to its controller, which one process has. Let the
 * process that sent the challenge receive the answer. */
#define NTLMDC_E_RELAYED_CONTEXT_NOT_EXPORTED 0x4E440906u

#endif /* GSS_NTLMDC_H */
