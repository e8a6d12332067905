//! docs/coming-from has each option of the modules that sites come from, and an example for each.

use super::page;

const FOLDER: &str = "docs/coming-from";

/// The options of each module, by its page: what its documentation and its source name.
const OPTIONS: &[(&str, &str)] = &[
    (
        "pyauthenntlm2.md",
        "AuthType NTLM | AuthType NTLM,Basic | AuthName | PythonAuthenHandler |
        PythonOption Domain | PythonOption PDC | PythonOption BDC | PythonOption NameFmt SAM |
        PythonOption NameFmt LogOn | PythonOption Require | PythonOption RequireGroup |
        PythonOption WebProxyMode | Require valid-user | Require user | Require group |
        ldap://server:port/baseDN | Satisfy any | LogLevel info | KeepAlive On |
        ntlm_client.py -u -p -d -a | ntlm_client.py -g | ntlm_client.py -m | http_client.py",
    ),
    (
        "authenntlm.md",
        "AuthType ntlm | AuthType ntlm,basic | AuthType basic | ntdomain | defaultdomain |
        fallbackdomain | ntlmauthoritative | basicauthoritative | ntlmsemkey | ntlmsemtimeout |
        splitdomainprefix 1 | splitdomainprefix 0 | ntlmdebug 1 | ntlmdebug 2 | cacheuser |
        get_config | get_nonce | verify_user | map_user | Proxy-Authorization |
        PerlAuthenHandler Apache2::AuthenNTLM::Cookie | cookie_name | domain | path | expires |
        refresh | secret",
    ),
    (
        "jcifs.md",
        "smb.client.domain | http.domainController | http.loadBalance | netbios.lookupRespLimit |
        netbios.wins | netbios.laddr | smb.client.laddr | netbios.hostname | netbios.cachePolicy |
        smb.client.soTimeout | smb.client.ssnLimit | smb.client.username | smb.client.password |
        smb.client.logonShare | smb.client.attrExpirationPeriod | smb.lmCompatibility |
        http.enableBasic | http.insecureBasic | http.basicRealm | util.loglevel | NetworkExplorer",
    ),
    (
        "waffle.md",
        "principalFormat fqn | principalFormat sid | principalFormat both | principalFormat none |
        roleFormat fqn | roleFormat sid | roleFormat both | roleFormat none | allowGuestLogin |
        impersonate | authProvider | securityFilterProviders |
        waffle.servlet.spi.NegotiateSecurityFilterProvider/protocols |
        waffle.servlet.spi.BasicSecurityFilterProvider/realm | excludePatterns |
        excludeCorsPreflight | excludeBearerAuthorization | disableSSO | MixedAuthenticator |
        WaffleInfo | grant_type=iwa:ntlm | windows_token | server-connection",
    ),
    (
        "gss-ntlmssp.md",
        "NTLM_USER_FILE | ntlmssp_keyfile | ntlmssp_domain | ntlmssp_nthash | ntlmssp_password |
        NETBIOS_COMPUTER_NAME | NETBIOS_DOMAIN_NAME | NTLMUSER | USER | LM_COMPAT_LEVEL |
        GSSNTLMSSP_DEBUG | GSSNTLMSSP_WB_TLS_CTX | net ads join | wbinfo -t |
        winbind use default domain | winbind separator",
    ),
    (
        "mod_auth_ntlm_winbind.md",
        "AuthType NTLM | AuthType Negotiate | NTLMAuth on | NegotiateAuth on | NTLMAuthHelper |
        NegotiateAuthHelper | PlaintextAuthHelper | NTLMBasicAuth on | NTLMBasicRealm |
        NTLMBasicAuthoritative on | --require-membership-of",
    ),
];

/// What the first cells of a page's tables have in backquotes.
fn named(text: &str) -> Vec<String> {
    let rows = text.lines().filter(|line| line.starts_with("| "));
    let cells = rows.filter_map(|row| row.split(" | ").next());
    let spans = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    spans.map(str::to_owned).collect()
}

#[test]
fn each_page_names_every_option() {
    for (file, options) in OPTIONS {
        let named = named(&page::read(format!("{FOLDER}/{file}")));
        for option in options.split('|').map(str::trim) {
            assert!(named.iter().any(|name| name == option), "{file}: {option}");
        }
    }
}

#[test]
fn each_option_has_an_answer() {
    let mut rows = 0;
    for (file, _) in OPTIONS {
        let text = page::read(format!("{FOLDER}/{file}"));
        for row in text.lines().filter(|line| line.starts_with("| ")) {
            let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
            let last = cells.last().unwrap().trim();
            assert!(cells.len() >= 2 && last.len() >= 3, "{file}: {row}");
            rows += 1;
        }
    }
    assert!(rows >= 100, "{rows}");
}

#[test]
fn each_module_has_a_page_and_an_example() {
    let pages = page::pages_in(FOLDER);
    let index = page::read(format!("{FOLDER}/README.md"));
    assert_eq!(pages.len(), OPTIONS.len() + 1);
    for (file, _) in OPTIONS {
        assert!(index.contains(&format!("]({file})")), "{file}");
        let text = page::read(format!("{FOLDER}/{file}"));
        assert!(text.contains("](../../examples/from-"), "{file}");
        assert!(!page::blocks(&text, "toml").is_empty(), "{file}");
    }
}
