//! Channel binding against the certificate that a server shows.

use std::path::Path;

use gss_ntlmdc::base::config::{ChannelBinding, Config};

use super::super::sites::WebServer;
use super::super::tree::Directive;
use crate::check::cause::Cause;
use crate::check::finding::Finding;

/// Looks at a server that takes NTLM, where the configuration demands channel binding.
pub fn look(server: &WebServer, config: &Config) -> Option<Finding> {
    let policy = &config.policy;
    if policy.rules.channel_binding != ChannelBinding::Require {
        return None;
    }
    if !server.last("sslengine").is_some_and(Directive::is_on) {
        let is_behind = server
            .every_line()
            .any(|line| line.name.starts_with("remoteip"));
        let what = format!(
            "{} does not speak TLS, and channel_binding is \"require\"",
            server.name
        );
        let cure = "Let it speak TLS only, or set channel_binding to \"allow\".";
        return (!is_behind).then(|| Cause::ApacheNoTls.warning(what, cure));
    }
    let line = server.last("sslcertificatefile")?;
    let own = Path::new(line.word());
    let is_named = policy
        .tls_certificates
        .iter()
        .any(|path| is_same(path, own));
    (!is_named).then(|| {
        let shown = own.display();
        Cause::ApacheOtherCertificate.warning(
            format!("{}: {shown} is not among tls_certificates", line.place()),
            format!("Add {shown} to policy.tls_certificates, if its clients log in by NTLM."),
        )
    })
}

fn is_same(one: &Path, two: &Path) -> bool {
    let target = |path: &Path| path.canonicalize().ok();
    one == two || (target(one).is_some() && target(one) == target(two))
}
