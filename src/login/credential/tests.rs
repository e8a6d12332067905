mod logins;

use super::*;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

/// A users file that is a configuration by itself.
fn source(folder: &tempfile::TempDir) -> Source {
    let users = folder.path().join("users");
    fs::write(&users, "EXAMPLE:alice:Password1\nEXAMPLE:bob:Password2\n").unwrap();
    fs::set_permissions(&users, Permissions::from_mode(0o600)).unwrap();
    Source {
        users_file: Some(users),
        netbios_computer: Some("WEB1".to_owned()),
        ..Source::default()
    }
}

fn nothing() -> Source {
    Source {
        config: Some("/nonexistent/ntlmdc.toml".into()),
        ..Source::default()
    }
}

fn acquire(
    source: &Source,
    name: Option<&str>,
    usage: Usage,
    password: Option<&[u8]>,
) -> Result<(&'static str, String), Minor> {
    let name = name.map(|name| match name.contains('@') {
        true => Name::hostbased_service(name.as_bytes()).unwrap(),
        false => Name::user(name.as_bytes()).unwrap(),
    });
    let hash = || password.map(PasswordHash::of_password).transpose();
    let credential =
        Credential::acquire(source, name, usage, None, hash).map_err(|fault| fault.minor())?;
    let (kind, accepts, initiates) = match credential.usage() {
        Usage::Accept => ("accept", true, false),
        Usage::Initiate => ("initiate", false, true),
        Usage::Both => ("both", true, true),
    };
    assert_eq!(credential.setup().is_ok(), accepts);
    assert_eq!(credential.user().is_ok(), initiates);
    Ok((kind, credential.name().display()))
}

#[test]
fn a_usage_needs_what_it_is_made_of() {
    let folder = tempfile::tempdir().unwrap();
    let (users, nothing) = (source(&folder), nothing());
    let default = Name::default_acceptor().display();
    let has = |kind, name: &str| Ok((kind, name.to_owned()));
    let unavailable = Err(Minor::InitiateUnavailable);
    let unconfigured = Err(Minor::NotConfigured);

    assert_eq!(
        acquire(&users, None, Usage::Accept, None),
        has("accept", &default)
    );
    assert_eq!(acquire(&nothing, None, Usage::Accept, None), unconfigured);

    let (alice, password) = (Some("EXAMPLE\\alice"), Some(&b"p"[..]));
    let initiate = |name, password| acquire(&nothing, name, Usage::Initiate, password);
    assert_eq!(initiate(alice, password), has("initiate", "EXAMPLE\\alice"));
    assert_eq!(initiate(alice, None), unavailable);
    assert_eq!(initiate(None, password), unavailable);
    assert_eq!(initiate(Some("HTTP@www"), password), unavailable);
    assert_eq!(initiate(None, None), unavailable);
    assert_eq!(initiate(alice, Some(b"\xFF")), Err(Minor::BadArgument));

    let of_file = |name| acquire(&users, name, Usage::Initiate, None);
    assert_eq!(of_file(None), has("initiate", "EXAMPLE\\alice"));
    assert_eq!(of_file(Some("bob")), has("initiate", "EXAMPLE\\bob"));
    assert_eq!(of_file(Some("carol")), unavailable);

    let both = |source, name, password| acquire(source, name, Usage::Both, password);
    assert_eq!(both(&users, None, None), has("both", &default));
    assert_eq!(
        both(&users, Some("HTTP@www"), None),
        has("accept", "HTTP@www")
    );
    assert_eq!(
        both(&nothing, alice, password),
        has("initiate", "EXAMPLE\\alice")
    );
    assert_eq!(both(&nothing, None, None), unconfigured);
    let undecodable = both(&users, alice, Some(b"\xFF"));
    assert_eq!(undecodable, Err(Minor::BadArgument));
}

#[test]
fn nobody_initiates_anonymously() {
    let folder = tempfile::tempdir().unwrap();
    let hash = PasswordHash::of_password(b"p").unwrap();
    let refused = user(&source(&folder), Some(&Name::Anonymous), Some(hash));
    assert_eq!(refused.unwrap_err().minor(), Minor::InitiateUnavailable);
}

#[test]
fn what_is_missing_is_named() {
    let fault = user(&nothing(), None, None).unwrap_err();
    let text = "there are no credentials to initiate with: no password was given, and \
                NTLM_USER_FILE names no users file";
    assert_eq!(fault.to_string(), text);
}
