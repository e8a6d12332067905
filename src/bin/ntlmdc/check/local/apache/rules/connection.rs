//! What ends, shares or splits the connection that a login belongs to.

use super::super::sites::WebServer;
use super::super::tree::{ConfigTree, Directive};
use crate::check::cause::Cause;
use crate::check::finding::Finding;

/// The request without a login, and those with its first and its last message.
const REQUESTS_OF_A_LOGIN: u64 = 3;
/// With fewer requests, logins are a large part of the work.
const FEW_REQUESTS: u64 = 20;
/// Apache's default, in bytes.
const FIELD_SIZE: u64 = 8190;
/// Patterns of Debian's setenvif.conf, of browsers that are gone.
const GONE: [&str; 5] = [
    "Mozilla/2",
    r"MSIE 4\.0b2;",
    r"RealPlayer 4\.0",
    r"Java/1\.0",
    r"JDK/1\.0",
];

/// Looks at a server that takes NTLM.
pub fn look(server: &WebServer, tree: &ConfigTree, findings: &mut Vec<Finding>) {
    findings.extend(keep_alive(server));
    findings.extend(http_2(server, tree));
    findings.extend(server.every_line().filter_map(old_browser));
    findings.extend(server.every_line().find_map(proxy));
    findings.extend(field_size(server));
    findings.extend(no_close(server));
}

fn number(line: &Directive) -> Option<u64> {
    line.word().parse().ok()
}

/// `KeepAlive Off` hides what else is said of it.
fn keep_alive(server: &WebServer) -> Option<Finding> {
    if let Some(line) = server.last("keepalive").filter(|line| !line.is_on()) {
        let what = format!("{}: KeepAlive {}", line.place(), line.word());
        return Some(Cause::ApacheKeepAliveOff.failure(what, "Write KeepAlive On."));
    }
    if let Some(line) = server
        .last("keepalivetimeout")
        .filter(|line| line.word() == "0")
    {
        let what = format!("{}: KeepAliveTimeout 0", line.place());
        return Some(Cause::ApacheKeepAliveOff.failure(what, "Write KeepAliveTimeout 60."));
    }
    let line = server.last("maxkeepaliverequests")?;
    let count = number(line).filter(|count| *count > 0)?;
    let what = format!("{}: MaxKeepAliveRequests {count}", line.place());
    let cure = "Write MaxKeepAliveRequests 1000.";
    match count {
        0..REQUESTS_OF_A_LOGIN => Some(Cause::ApacheFewRequests.failure(what, cure)),
        REQUESTS_OF_A_LOGIN..FEW_REQUESTS => Some(Cause::ApacheFewRequests.warning(what, cure)),
        _ => None,
    }
}

/// Lines add up: `Protocols http/1.1` after another line does not take HTTP/2 away.
fn http_2(server: &WebServer, tree: &ConfigTree) -> Option<Finding> {
    // mod_http2 does nothing with prefork.
    if !tree.has_module("http2_module") || tree.has_module("mpm_prefork_module") {
        return None;
    }
    let lines = server.all("protocols");
    let is_named = |line: &&&Directive| {
        line.words
            .iter()
            .any(|word| ["h2", "h2c"].contains(&word.to_lowercase().as_str()))
    };
    let line = lines.iter().find(is_named)?;
    let is_tls = server.last("sslengine").is_some_and(Directive::is_on);
    let offers_h2 = line
        .words
        .iter()
        .any(|word| word.eq_ignore_ascii_case("h2"));
    let what = format!(
        "{}: Protocols {}, in {}",
        line.place(),
        line.words.join(" "),
        server.name
    );
    let cure = "Write Protocols http/1.1 into the virtual host, and no other Protocols line there; \
                or take HTTP/2 out for all:\n  a2dismod http2";
    Some(match is_tls && offers_h2 {
        true => Cause::ApacheHttp2.failure(what, cure),
        false => Cause::ApacheHttp2.warning(what, cure),
    })
}

/// A line that takes keep-alive from browsers.
fn old_browser(line: &Directive) -> Option<Finding> {
    const NAMES: [&str; 4] = [
        "browsermatch",
        "browsermatchnocase",
        "setenvif",
        "setenvifnocase",
    ];
    const OFF: [&str; 2] = ["nokeepalive", "downgrade-1.0"];
    let (pattern, variables) = match (line.name.as_str(), line.words.as_slice()) {
        ("setenvif" | "setenvifnocase", [_, pattern, variables @ ..])
        | ("browsermatch" | "browsermatchnocase", [pattern, variables @ ..]) => {
            (pattern, variables)
        }
        _ => return None,
    };
    debug_assert!(NAMES.contains(&line.name.as_str()));
    let variable = variables
        .iter()
        .find(|variable| OFF.contains(&variable.as_str()))?;
    if GONE.contains(&pattern.as_str()) {
        return None;
    }
    Some(Cause::ApacheBrowserMatch.warning(
        format!("{}: browsers with {pattern:?} get {variable}", line.place()),
        "Take the line out.",
    ))
}

fn proxy(line: &Directive) -> Option<Finding> {
    let is_behind = line.name.starts_with("remoteip")
        || (line.name.starts_with("setenvif") && line.raw.contains("X-Forwarded"));
    is_behind.then(|| {
        let what = format!(
            "{}: {} {}: a proxy is in front",
            line.place(),
            line.name,
            line.raw
        );
        Cause::ApacheBehindProxy.warning(
            what,
            "Let the proxy keep one connection to Apache for each of its clients, or let it log \
             users in itself.",
        )
    })
}

fn field_size(server: &WebServer) -> Option<Finding> {
    let line = server.last("limitrequestfieldsize")?;
    number(line).filter(|size| *size < FIELD_SIZE)?;
    let what = format!("{}: LimitRequestFieldSize {}", line.place(), line.word());
    Some(Cause::ApacheFieldSize.warning(what, "Take the line out, or write 16380."))
}

/// No rule closes the connection after a refusal by SPNEGO.
fn no_close(server: &WebServer) -> Option<Finding> {
    let closes = |line: &Directive| {
        let raw = line.raw.to_lowercase();
        line.name == "header" && raw.contains("connection") && raw.contains("close")
    };
    if server.every_line().any(closes) {
        return None;
    }
    let place = server.ntlm_places().next()?;
    Some(Cause::ApacheNoClose.warning(
        format!(
            "{}: {} has no line Header … Connection close",
            place.place(),
            place.title()
        ),
        "Copy the line from examples/apache.conf, and its GssapiPublishErrors On.",
    ))
}
