mod logins;

use super::*;
use crate::login::fixture::Site;

const USERS: &str = "EXAMPLE:alice:Password1\nEXAMPLE:bob:Password2\n";

/// A users file without a configuration file.
fn users_only(site: &Site) -> Source {
    Source {
        users_file: Some(site.path("users")),
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
    let credential = Credential::acquire(source.clone(), name, usage, None, hash)
        .map_err(|fault| fault.minor())?;
    let (kind, accepts, initiates) = match credential.usage() {
        Usage::Accept => ("accept", true, false),
        Usage::Initiate => ("initiate", false, true),
        Usage::Both => ("both", true, true),
    };
    assert_eq!(credential.setup().is_ok(), accepts);
    assert_eq!(credential.user().is_ok(), initiates);
    Ok((kind, credential.name().display().into_owned()))
}

fn has(kind: &'static str, name: &str) -> Result<(&'static str, String), Minor> {
    Ok((kind, name.to_owned()))
}

#[test]
fn each_usage_needs_its_parts() {
    let site = Site::new(USERS, "");
    let (users, nothing) = (users_only(&site), nothing());
    let unavailable = Err(Minor::InitiateUnavailable);

    let default = Name::default_acceptor().display().into_owned();
    let accept = |source| acquire(source, None, Usage::Accept, None);
    assert_eq!(accept(&users), has("accept", &default));
    assert_eq!(accept(&nothing), Err(Minor::NotConfigured));

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
}

#[test]
fn both_usages_are_reduced_to_what_is_available() {
    let site = Site::new(USERS, "");
    let (users, nothing) = (users_only(&site), nothing());
    let default = Name::default_acceptor().display().into_owned();
    let (alice, password) = (Some("EXAMPLE\\alice"), Some(&b"p"[..]));
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
    assert_eq!(both(&nothing, None, None), Err(Minor::NotConfigured));
    let undecodable = both(&users, alice, Some(b"\xFF"));
    assert_eq!(undecodable, Err(Minor::BadArgument));
}

#[test]
fn an_anonymous_name_does_not_initiate() {
    let site = Site::new(USERS, "");
    let hash = PasswordHash::of_password(b"p").unwrap();
    let refused = user(&users_only(&site), Some(&Name::Anonymous), Some(hash));
    assert_eq!(refused.unwrap_err().minor(), Minor::InitiateUnavailable);
}

#[test]
fn the_error_names_what_is_missing() {
    let fault = user(&nothing(), None, None).unwrap_err();
    let text = "there are no credentials to initiate with: no password was given, and \
                NTLM_USER_FILE names no users file";
    assert_eq!(fault.to_string(), text);
}
