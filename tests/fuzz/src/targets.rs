//! The fuzz targets: a module for each, and the table of them.

mod cldap_reply;
mod counters;
mod decode;
mod dns_reply;
mod exported_context;
mod host_files;
mod ldap_message;
mod nbns_reply;
mod ntlm_acceptor;
mod ntlm_authenticate;
mod ntlm_av_pairs;
mod ntlm_challenge;
mod ntlm_initiator;
mod ntlm_messages;
mod ntlm_negotiate;
mod ntlm_response;
mod policy;
mod rpc_client;
mod rpc_domain_trusts;
mod rpc_epm;
mod rpc_lsa;
mod rpc_netlogon;
mod rpc_sam_logon;
mod sealed_message;
mod smb2_reply;
mod texts;
mod users_file;

/// Passes an input to the code, and asserts what must hold of the result.
pub type Target = fn(&[u8]);

macro_rules! table {
    ($($name:ident,)*) => {
        &[$((stringify!($name), $name::fuzz)),*]
    };
}

/// Each target by its name.
///
/// The modules are not declared by the macro because rustfmt would not find their files. A name of
/// the table without a module is an error, and a module that is not in the table is dead code.
pub const ALL: &[(&str, Target)] = table![
    cldap_reply,
    counters,
    decode,
    dns_reply,
    exported_context,
    host_files,
    ldap_message,
    nbns_reply,
    ntlm_acceptor,
    ntlm_authenticate,
    ntlm_av_pairs,
    ntlm_challenge,
    ntlm_initiator,
    ntlm_messages,
    ntlm_negotiate,
    ntlm_response,
    policy,
    rpc_client,
    rpc_domain_trusts,
    rpc_epm,
    rpc_lsa,
    rpc_netlogon,
    rpc_sam_logon,
    sealed_message,
    smb2_reply,
    texts,
    users_file,
];
