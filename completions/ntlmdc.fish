# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_ntlmdc_global_optspecs
    string join \n h/help V/version
end

function __fish_ntlmdc_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_ntlmdc_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_ntlmdc_using_subcommand
    set -l cmd (__fish_ntlmdc_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c ntlmdc -n "__fish_ntlmdc_needs_command" -s h -l help -d 'Print help'
complete -c ntlmdc -n "__fish_ntlmdc_needs_command" -s V -l version -d 'Print version'
complete -c ntlmdc -n "__fish_ntlmdc_needs_command" -f -a "check" -d 'Look at this host and ask the controllers: would logins work, and if not, why?'
complete -c ntlmdc -n "__fish_ntlmdc_needs_command" -f -a "decode" -d 'Explain NTLM and SPNEGO tokens field by field; secrets are hidden'
complete -c ntlmdc -n "__fish_ntlmdc_needs_command" -f -a "explain" -d 'Explain a minor code, an NTSTATUS or a line of the log: cause and cure'
complete -c ntlmdc -n "__fish_ntlmdc_needs_command" -f -a "groups" -d 'Show the names, SIDs and groups that a login of a user would have, without the password'
complete -c ntlmdc -n "__fish_ntlmdc_needs_command" -f -a "helper" -d 'Verify logins for squid and others, in the protocol of Samba\'s ntlm_auth'
complete -c ntlmdc -n "__fish_ntlmdc_needs_command" -f -a "http" -d 'Log in to a site as a browser would, and explain each leg'
complete -c ntlmdc -n "__fish_ntlmdc_needs_command" -f -a "join" -d 'Join the domain: make a computer account, its secret and a configuration, and try them'
complete -c ntlmdc -n "__fish_ntlmdc_needs_command" -f -a "leave" -d 'Leave the domain: disable or delete the computer account, and remove its secret'
complete -c ntlmdc -n "__fish_ntlmdc_needs_command" -f -a "login" -d 'Log a user in as the server would: who it is, or why not, and how long it took'
complete -c ntlmdc -n "__fish_ntlmdc_needs_command" -f -a "rotate" -d 'Change the machine account\'s password, safe against a kill; or look how old it is'
complete -c ntlmdc -n "__fish_ntlmdc_needs_command" -f -a "status" -d 'Show what the server\'s processes counted, and the state of their channels'
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand check" -l config -d 'The configuration [default: $NTLMDC_CONFIG, or /etc/gss/ntlmdc.toml]' -r -F
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand check" -l as -d 'The user that the server runs as. Only root can take another\'s part' -r
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand check" -l apache -d 'The main file of Apache\'s configuration [default: the system\'s]. Root\'s Apache loads the modules that it names: give only files that root alone can write' -r -F
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand check" -l ignore -d 'Leave findings with this identifier out of the exit status, unless logins will not work for them. May be given several times' -r
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand check" -l json -d 'Print JSON'
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand check" -s h -l help -d 'Print help'
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand decode" -s f -l file -d 'A file with tokens in it: a token, a log, a HAR file; `-` is the standard input' -r -F
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand decode" -l certificate -d 'Check the channel binding with this server certificate, in PEM' -r -F
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand decode" -l password-stdin -d 'Check the last three messages with the user\'s password, read from the first line of the standard input'
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand decode" -l json -d 'Print JSON'
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand decode" -s h -l help -d 'Print help'
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand explain" -l json -d 'Print JSON'
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand explain" -s h -l help -d 'Print help'
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand groups" -l config -d 'The configuration [default: $NTLMDC_CONFIG, or /etc/gss/ntlmdc.toml]' -r -F
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand groups" -l as -d 'The user that the server runs as. Only root can take another\'s part' -r
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand groups" -l json -d 'Print JSON'
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand groups" -s h -l help -d 'Print help'
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand helper" -l protocol -d 'The protocol, by the name that ntlm_auth gives it' -r -f -a "squid-2.5-ntlmssp\t'The scheme NTLM'
gss-spnego\t'The scheme Negotiate: NTLM, plain or in SPNEGO'
squid-2.5-basic\t'User and password'"
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand helper" -l require-membership-of -d 'Let in only members of this group: a SID, or a name as the attribute `groups` has it' -r
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand helper" -l config -d 'The configuration [default: $NTLMDC_CONFIG, or /etc/gss/ntlmdc.toml]' -r -F
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand helper" -l as -d 'The user that the server runs as. Only root can take another\'s part' -r
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand helper" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand http" -s u -l user -d 'The user: DOMAIN\\user, user@domain or user. Without it, the site is only asked' -r
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand http" -l password-file -d 'Read the password from the first line of this file; `-` is the standard input. Without this option the tool asks for it' -r -F
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand http" -l scheme -d 'The scheme of the login [default: the first of these that the site offers]' -r -f -a "negotiate\t'NTLM in SPNEGO'
ntlm\t'NTLM'
basic\t'User and password'"
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand http" -l ca -d 'Trust only the certificate authorities in this file, in PEM' -r -F
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand http" -l connect -d 'Connect to this host in place of the one in the address' -r
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand http" -l insecure -d 'Go on if the site\'s certificate is not trusted. With Basic, an attacker can then read the password'
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand http" -l json -d 'Print JSON'
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand http" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand join" -l computer -d 'The computer account\'s name, at most 15 characters [default: this host\'s name and -NTLM; a longer name is cut, and gets letters of a hash]' -r
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand join" -l ou -d 'Where the account is made: the distinguished name of an organizational unit [default: the domain\'s container for computers]' -r
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand join" -l user -d 'The administrator: a user who may make computer accounts, with a password [default: the user of the Kerberos ticket in the default cache, if it is of this domain; else `join` takes Administrator, `leave` the machine account itself]' -r
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand join" -l password-file -d 'Read the password from the first line of this file; `-` is the standard input. Without this option the tool asks for it if one is needed' -r -F
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand join" -l controller -d 'The domain controller: a full DNS name or an address [default: one that DNS names]' -r
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand join" -l ca -d 'Trust the certificate authorities of this file, in PEM [default: those of the host]' -r -F
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand join" -l pin -d 'Trust the one certificate with this SHA-256 fingerprint' -r
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand join" -l config -d 'The configuration. The secret is beside it' -r -F
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand join" -l as -d 'The user that the server runs as' -r
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand join" -l reset -d 'Take an account that exists, and give it a new password. What used it before loses it'
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand join" -l offline -d 'Take an account that an administrator has prepared, with its password: no administrator\'s login, and no LDAP'
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand join" -l kerberos -d 'Log in with the Kerberos ticket of the user who runs this, and never with a password'
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand join" -l ldaps -d 'Ask over TLS, on port 636. Without this option and --starttls, NTLM or Kerberos seals all messages, on port 389'
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand join" -l starttls -d 'Ask over TLS, on port 389'
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand join" -l simple -d 'Send the password itself, within TLS, if the controller refuses NTLM over TLS, as Samba does. The controller must be named: --controller or --pin'
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand join" -l json -d 'Print JSON'
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand join" -s h -l help -d 'Print help'
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand leave" -l domain -d 'Of several domains in the configuration, the one to leave' -r
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand leave" -l user -d 'The administrator: a user who may make computer accounts, with a password [default: the user of the Kerberos ticket in the default cache, if it is of this domain; else `join` takes Administrator, `leave` the machine account itself]' -r
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand leave" -l password-file -d 'Read the password from the first line of this file; `-` is the standard input. Without this option the tool asks for it if one is needed' -r -F
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand leave" -l controller -d 'The domain controller: a full DNS name or an address [default: one that DNS names]' -r
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand leave" -l ca -d 'Trust the certificate authorities of this file, in PEM [default: those of the host]' -r -F
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand leave" -l pin -d 'Trust the one certificate with this SHA-256 fingerprint' -r
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand leave" -l config -d 'The configuration. The secret is beside it' -r -F
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand leave" -l delete -d 'Delete the account. Without this option it is disabled'
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand leave" -l offline -d 'Leave the account as it is, and remove the secret only'
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand leave" -l kerberos -d 'Log in with the Kerberos ticket of the user who runs this, and never with a password'
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand leave" -l ldaps -d 'Ask over TLS, on port 636. Without this option and --starttls, NTLM or Kerberos seals all messages, on port 389'
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand leave" -l starttls -d 'Ask over TLS, on port 389'
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand leave" -l simple -d 'Send the password itself, within TLS, if the controller refuses NTLM over TLS, as Samba does. The controller must be named: --controller or --pin'
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand leave" -l json -d 'Print JSON'
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand leave" -s h -l help -d 'Print help'
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand login" -l config -d 'The configuration [default: $NTLMDC_CONFIG, or /etc/gss/ntlmdc.toml]' -r -F
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand login" -l as -d 'The user that the server runs as. Only root can take another\'s part' -r
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand login" -l password-file -d 'Read the password from the first line of this file; `-` is the standard input. Without this option the tool asks for it' -r -F
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand login" -l json -d 'Print JSON'
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand login" -s h -l help -d 'Print help'
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand rotate" -l max-age -d 'The greatest age, with --check-age: 30d, 12h' -r
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand rotate" -l domain -d 'Of several domains in the configuration, the one that is meant [default: all]' -r
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand rotate" -l config -d 'The configuration [default: $NTLMDC_CONFIG, or /etc/gss/ntlmdc.toml]' -r -F
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand rotate" -l as -d 'The user that the server runs as. Only root can take another\'s part' -r
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand rotate" -l force -d 'Change it although the last change is less than a day old'
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand rotate" -l check-age -d 'Change nothing. Print how old the password is; the exit status is 1 if it is too old'
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand rotate" -l json -d 'Print JSON'
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand rotate" -s h -l help -d 'Print help'
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand status" -l config -d 'The configuration [default: $NTLMDC_CONFIG, or /etc/gss/ntlmdc.toml]' -r -F
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand status" -l as -d 'The user that the server runs as. Only root can take another\'s part' -r
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand status" -l watch -d 'Draw the page again after so many seconds, until the program is stopped [default: 2]' -r
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand status" -l output -d 'Write the metrics to this file, which is replaced as a whole: for the textfile collector of node_exporter' -r -F
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand status" -l prometheus -d 'Print metrics in the text format of Prometheus'
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand status" -l json -d 'Print JSON'
complete -c ntlmdc -n "__fish_ntlmdc_using_subcommand status" -s h -l help -d 'Print help'
