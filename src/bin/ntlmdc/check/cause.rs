//! The causes that `check` can name. docs/check.md has a row for each.

use super::finding::Subject;

/// Makes the enumeration and its tables. Each entry: the variant, its subject, its identifier on
/// the page and in JSON, and why it matters.
macro_rules! causes {
    ($($cause:ident $subject:ident $id:literal $why:literal;)*) => {
        /// What is wrong, or could not be looked at.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Cause {
            $(#[doc = $why] $cause,)*
        }

        impl Cause {
            /// All of them, in the order of the page.
            pub const ALL: &[Self] = &[$(Self::$cause,)*];

            /// The identifier on the page and in JSON.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$cause => $id,)* }
            }

            /// What it is about.
            pub const fn subject(self) -> Subject {
                match self { $(Self::$cause => Subject::$subject,)* }
            }

            /// Why it matters.
            pub const fn why(self) -> &'static str {
                match self { $(Self::$cause => $why,)* }
            }
        }
    };
}

impl Cause {
    /// The cause with this identifier.
    ///
    /// # Errors
    /// There is none.
    pub fn of_id(id: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|cause| cause.id() == id);
        found.copied().ok_or_else(|| {
            "no finding has this identifier; they stand in brackets behind what was found"
                .to_owned()
        })
    }
}

causes! {
    // On this host: modules below `local`.
    ConfigurationMissing Configuration "configuration-missing"
        "Without a configuration no login is accepted.";
    ConfigurationUnseen Configuration "configuration-unseen"
        "What depends on the configuration was not looked at.";
    ConfigurationInvalid Configuration "configuration-invalid"
        "A server that starts with this configuration accepts no login.";
    SwitchedOff Configuration "switched-off"
        "`enabled = false` refuses every login.";
    NotTheService Files "not-the-service"
        "Only root can look at files as the server sees them.";
    FileMissing Files "file-missing"
        "The mechanism cannot do without it, and refuses logins.";
    FileUnreadable Files "file-unreadable"
        "The server reads it with its own rights. Without it, logins are refused.";
    FileOpen Files "file-open"
        "The mechanism refuses a file that other users can read or change.";
    SecretInvalid Files "secret-invalid"
        "Without the machine account's secret no controller can be asked.";
    SecretOld Files "secret-old"
        "Domains remove computer accounts whose password has not changed for months, and an old \
         password has had more chances to leak.";
    RotationUnfinished Files "rotation-unfinished"
        "The controller may have either password. Logins go on with both, and no other change can \
         begin.";
    UsersFileInvalid Files "users-file-invalid"
        "Without the users file its users cannot log in.";
    UsersFileEmpty Files "users-file-empty"
        "No login by the users file can succeed.";
    CertificateInvalid Files "certificate-invalid"
        "Channel binding compares with this certificate. Without it, no login is accepted.";
    StateDirectoryMissing Files "state-directory-missing"
        "Each process then agrees on a channel of its own and counts wrong passwords for itself: \
         logins are slower, and accounts are locked sooner.";
    StateDirectoryUnusable Files "state-directory-unusable"
        "It is not used then: each process works for itself. Logins are slower, and accounts are \
         locked sooner.";
    StateDirectoryVolatile Files "state-directory-volatile"
        "After the next start of the host each process works for itself.";
    StateDirectoryFull Files "state-directory-full"
        "Nothing can be shared between processes then.";
    MechNotListed Mechanism "mech-not-listed"
        "Servers find a mechanism by its line in mech.d. Without one, ntlmdc is never asked.";
    MechHidden Mechanism "mech-hidden"
        "Two mechanisms have one identifier. The other one answers, and ntlmdc is never asked.";
    MechFileUnreadable Mechanism "mech-file-unreadable"
        "A server that does not start as root does not find the mechanisms of this file.";
    LibraryMissing Mechanism "library-missing"
        "krb5 passes over a library that it cannot load, and says nothing.";
    LibraryInvalid Mechanism "library-invalid"
        "krb5 passes over a library that it cannot load, and says nothing.";
    LibraryNotTried Mechanism "library-not-tried"
        "krb5 passes over a library that it cannot load, and says nothing.";
    SpnegoMechListMic Mechanism "spnego-mech-list-mic"
        "Clients that offer Kerberos first and NTLM second in Negotiate are refused.";
    SpnegoNotTried Mechanism "spnego-not-tried"
        "Some versions of krb5 refuse clients that offer Kerberos first and NTLM second.";
    ApacheNotTried Apache "apache-not-tried"
        "Apache itself was not asked whether it takes its configuration.";
    ApacheInvalid Apache "apache-invalid"
        "Apache does not start with it, and a reload is refused.";
    ApacheModuleWithoutNtlm Apache "apache-module-without-ntlm"
        "This mod_auth_gssapi was built without NTLM.";
    ApacheUnread Apache "apache-unread"
        "What is in it was not looked at.";
    ApacheNoLogin Apache "apache-no-login"
        "Its sites are open to all, or log users in by other means.";
    ApacheModuleMissing Apache "apache-module-missing"
        "mod_auth_gssapi is what asks for a login. Without it, requests fail with status 500.";
    ApacheNotBound Apache "apache-not-bound"
        "The three messages of NTLM belong together by their connection. Without this line Apache \
         does not offer NTLM, and refuses it.";
    ApacheLinesReset Apache "apache-lines-reset"
        "mod_auth_gssapi merges nothing: a section with one Gssapi line of its own has none of \
         those around it.";
    ApacheOpensNtlm Apache "apache-opens-ntlm"
        "mod_auth_gssapi does not hold the scheme NTLM back where GssapiConnectionBound is On, \
         whatever GssapiAllowedMech says.";
    ApacheNoReasons Apache "apache-no-reasons"
        "The variables with the reason of a refusal are not set there, so the rule does nothing.";
    ApacheKeepAliveOff Apache "apache-keepalive-off"
        "The messages of a login come on one connection. Without keep-alive no login by NTLM \
         succeeds.";
    ApacheFewRequests Apache "apache-few-requests"
        "A login takes up to three requests of its connection, and ends with it: clients log in \
         again and again, or never get in.";
    ApacheHttp2 Apache "apache-http2"
        "On HTTP/2 Apache knows no connection that a login could belong to: browsers that are \
         offered it never get in.";
    ApacheBrowserMatch Apache "apache-browser-match"
        "These browsers lose their connection after each request, and cannot log in by NTLM.";
    ApacheBehindProxy Apache "apache-behind-proxy"
        "A login counts for its connection. A proxy that shares connections between its clients \
         gives one user's login to others.";
    ApacheFieldSize Apache "apache-field-size"
        "A message of a login is a header field. Long ones, as of Kerberos, are refused with \
         status 400.";
    ApacheNoClose Apache "apache-no-close"
        "After some refusals a connection can never log in again. Such a line closes it, and the \
         client tries on a new one.";
    ApacheRequireEscape Apache "apache-require-escape"
        "A backslash is the beginning of an escape there: the line compares with another name, \
         and lets in other users than it seems to, or none.";
    ApacheNoTls Apache "apache-no-tls"
        "Clients bind their login to a TLS connection. Without one, they are refused.";
    ApacheOtherCertificate Apache "apache-other-certificate"
        "Clients that see this certificate and bind their login to it are refused.";

    // From DNS, WINS and the controllers: the module `wins`, and modules below `remote`.
    DnsUnusableLine Dns "dns-unusable-line"
        "The server of such a line is not asked.";
    DnsSilent Dns "dns-silent"
        "Controllers are looked up in DNS. A lookup waits two seconds for a server that is silent.";
    DnsOtherServer Dns "dns-other-server"
        "The server that answers first decides: what it does not know counts as missing.";
    DnsNoControllers Dns "dns-no-controllers"
        "Without `controllers` in the configuration, DNS must name the controllers.";
    ControllerWithoutAddress Dns "controller-without-address"
        "A controller without an address cannot be asked.";
    SiteUnknown Dns "site-unknown"
        "Logins may go to a controller that is far away.";
    SiteWithoutControllers Dns "site-without-controllers"
        "Logins may go to a controller that is far away.";
    WinsSilent Wins "wins-silent"
        "WINS must name the controllers: with `wins`, DNS is not asked.";
    WinsRefused Wins "wins-refused"
        "WINS must name the controllers: with `wins`, DNS is not asked.";
    WinsUnknownName Wins "wins-unknown-name"
        "WINS must name the controllers: with `wins`, DNS is not asked.";
    WinsNoAddress Wins "wins-no-address"
        "WINS must name the controllers: with `wins`, DNS is not asked.";
    ControllerSilent Controllers "controller-silent"
        "It verifies no login.";
    ControllerRejected Controllers "controller-rejected"
        "It verifies no login.";
    PortBlocked Controllers "port-blocked"
        "A login needs TCP port 135 and the port of NETLOGON.";
    PortRefused Controllers "port-refused"
        "A login needs TCP port 135 and the port of NETLOGON.";
    NoNetlogonPort Controllers "no-netlogon-port"
        "A login needs the port of NETLOGON, which the endpoint mapper tells.";
    RpcRestricted Controllers "rpc-restricted"
        "A secure channel begins with calls that are not authenticated.";
    PingBlocked Controllers "ping-blocked"
        "Without pings, a controller that is far away, paused or read-only is asked like others, \
         and the NetBIOS name of the domain cannot be learnt.";
    ControllerOfOtherDomain Controllers "controller-of-other-domain"
        "Only a controller of `domain` knows the machine account.";
    ControllerPaused Controllers "controller-paused"
        "A paused controller refuses logins.";
    ControllerReadOnly Controllers "controller-read-only"
        "A read-only controller passes the logins of users whose passwords it does not have to a \
         writable one. It accepts the machine account only if it may store its secret.";
    ClockDiffers Controllers "clock-differs"
        "Kerberos fails from 5 minutes on, and NTLMv2 with Windows controllers from 36 hours on. \
         Times in the logs of the two hosts do not fit.";
    HeadersUnsigned Controllers "headers-unsigned"
        "The processes of this host cannot share a channel's key, and groups have no names.";
    NetbiosDomainWrong Domain "netbios-domain-wrong"
        "The name is in every challenge. A controller refuses a login under another name.";
    MachineSecretRefused Domain "machine-secret-refused"
        "Without a secure channel no login is verified.";
    MachineAccountUnknown Domain "machine-account-unknown"
        "Without a secure channel no login is verified.";
    KerberosChannelRequired Domain "kerberos-channel-required"
        "Without a secure channel no login is verified.";
    ChannelWeak Domain "channel-weak"
        "A weaker channel could be read or changed on its way, so none is used.";
    ChannelFailed Domain "channel-failed"
        "Without a secure channel no login is verified.";
    NoListOfDomains Domain "no-list-of-domains"
        "Users of trusted domains can log in only if the configuration describes their domains.";
    NoGroupNames Domain "no-group-names"
        "Groups of users have SIDs only: rules with names of groups do not match.";
    GuessLimitOff Domain "guess-limit-off"
        "Any client of this server can lock accounts of the domain, by wrong passwords.";
    GuessLimitTooHigh Domain "guess-limit-too-high"
        "The domain locks the account before this server stops asking.";
    GuessWindowTooShort Domain "guess-window-too-short"
        "This server begins anew while the domain still counts, until the account is locked.";
    LockoutUnseen Domain "lockout-policy-unseen"
        "Wrong passwords that come through this server may lock accounts of the domain.";

    // Without a machine account: the module `relay`.
    RelayUnauthenticated Controllers "relay-unauthenticated"
        "An attacker on the network can let in any client as any user.";
    RelayRefused Controllers "relay-refused"
        "It verifies no login.";
    LoginNotTried Controllers "login-not-tried"
        "A controller makes a challenge also if a policy (signing, channel binding, NTLM switched \
         off) refuses every answer to it. Only the login of a user shows that.";

    // From an LDAP directory: the module `directory`.
    DirectoryFile Directory "directory-file"
        "Without it no server of the directory is asked, and no login is verified.";
    DirectorySilent Directory "directory-silent"
        "It verifies no login.";
    DirectoryUntrusted Directory "directory-untrusted"
        "An attacker in between could send any hash, so the server is not asked.";
    DirectoryRefused Directory "directory-refused"
        "It verifies no login.";
    DirectoryWithoutHashes Directory "directory-without-hashes"
        "A login is verified with the user's NT hash.";
    DirectoryOpen Directory "directory-open"
        "An NT hash is enough to log in as its user.";
    DirectoryWithoutGroups Directory "directory-without-groups"
        "Users are in no group then.";
}
