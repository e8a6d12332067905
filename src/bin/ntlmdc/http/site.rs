//! The address of a site.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

use http::Uri;
use http::uri::Scheme;

/// Where a site is, and what to ask it for.
#[derive(Debug)]
pub struct Site {
    /// The host as it was typed; an IPv6 address without its brackets.
    pub host: String,
    /// What the header `Host` says.
    pub authority: String,
    pub path: String,
    pub is_tls: bool,
    /// Where to connect to, in the order in which the system prefers the addresses.
    pub peers: Vec<SocketAddr>,
}

impl Site {
    /// The site of an address. `connect` is another host, with or without a port, to connect to.
    ///
    /// # Errors
    /// It is no address of a site, or the host has no address.
    pub fn parse(url: &str, connect: Option<&str>) -> Result<Self, String> {
        let not_a_site = || format!("{url}: expected http://HOST/PATH or https://HOST/PATH");
        let uri: Uri = url.parse().map_err(|_| not_a_site())?;
        let is_tls = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTP => false,
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            _ => return Err(not_a_site()),
        };
        let authority = uri.authority().ok_or_else(not_a_site)?;
        if authority.as_str().contains('@') {
            return Err(format!("{url}: name the user with --user"));
        }
        let host = bare(authority.host());
        let port = authority
            .port_u16()
            .unwrap_or(if is_tls { 443 } else { 80 });
        let peers = match connect {
            Some(text) => resolve(text, port)?,
            None => resolve_host(host, port)?,
        };
        Ok(Self {
            host: host.to_owned(),
            authority: authority.to_string(),
            path: uri
                .path_and_query()
                .map_or("/", |path| path.as_str())
                .to_owned(),
            is_tls,
            peers,
        })
    }
}

/// An IPv6 address without its brackets.
fn bare(host: &str) -> &str {
    let inner = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    inner.unwrap_or(host)
}

/// The addresses of `HOST`, `HOST:PORT` or an address alone.
fn resolve(text: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok(vec![address]);
    }
    match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') => {
            let port = port
                .parse()
                .map_err(|_| format!("{text}: {port} is no port"))?;
            resolve_host(host, port)
        }
        _ => resolve_host(bare(text), port),
    }
}

fn resolve_host(host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let found = (host, port).to_socket_addrs().map_err(|error| {
        format!("{host}: {error}: check the name, or name an address with --connect")
    })?;
    let mut peers: Vec<SocketAddr> = Vec::new();
    for peer in found {
        if !peers.contains(&peer) {
            peers.push(peer);
        }
    }
    match peers.is_empty() {
        true => Err(format!("{host} has no address")),
        false => Ok(peers),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_sites_are_read() {
        let site = Site::parse("http://127.0.0.1/a?b=c", None).unwrap();
        assert_eq!(
            (site.host.as_str(), site.path.as_str()),
            ("127.0.0.1", "/a?b=c")
        );
        assert_eq!((site.peers[0].port(), site.is_tls), (80, false));
        let site = Site::parse("https://[::1]:8443", None).unwrap();
        assert_eq!(
            (site.host.as_str(), site.authority.as_str()),
            ("::1", "[::1]:8443")
        );
        assert_eq!((site.path.as_str(), site.peers[0].port()), ("/", 8443));
        for (connect, peer) in [
            ("127.0.0.2", "127.0.0.2:443"),
            ("127.0.0.2:81", "127.0.0.2:81"),
            ("::1", "[::1]:443"),
            ("[::1]:82", "[::1]:82"),
        ] {
            let site = Site::parse("https://www.example.test/", Some(connect)).unwrap();
            let peers: Vec<String> = site.peers.iter().map(SocketAddr::to_string).collect();
            assert_eq!(peers, [peer], "{connect}");
        }
    }

    #[test]
    fn other_addresses_are_refused() {
        for url in [
            "",
            "www.example.test",
            "ftp://host/",
            "http://",
            "http://alice@127.0.0.1/",
        ] {
            assert!(Site::parse(url, None).is_err(), "{url}");
        }
        assert!(Site::parse("http://127.0.0.1/", Some("127.0.0.1:x")).is_err());
    }
}
