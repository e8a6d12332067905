//! Logins that pass through us, to servers that lie, hang, refuse, or behave as they should. No lie
//! may let a client in, and none may keep a connection or a place.

mod ldap;
mod places;
mod server;
mod smb2;

use std::net::SocketAddr;

use gss_ntlmdc::base::config::{Config, LogTarget};
use gss_ntlmdc::base::fault::Minor;
use gss_ntlmdc::relay::{Error, Refusal, Relay, Verdict};
use tempfile::TempDir;

/// What clients send. The servers of these tests look at the last byte.
const NEGOTIATE: &[u8] = b"NTLMSSP\0\x01\0\0\0 of a client";
const RIGHT: &[u8] = b"NTLMSSP\0\x03\0\0\0 with the right password";
const WRONG: &[u8] = b"NTLMSSP\0\x03\0\0\0 with a wrong one";
const CHALLENGE: &[u8] = b"NTLMSSP\0\x02\0\0\0 of a server";

/// The protocol of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Smb2,
    Ldap,
}

const BOTH: [Protocol; 2] = [Protocol::Smb2, Protocol::Ldap];

/// A relay, and its state directory.
struct Ready {
    relay: Relay,
    #[allow(dead_code, reason = "kept until the end")]
    directory: TempDir,
}

/// A relay to these servers, with further lines of configuration.
fn relay_to(protocol: Protocol, servers: &[SocketAddr], lines: &str) -> Ready {
    let directory = tempfile::tempdir().unwrap();
    let servers: Vec<String> = servers.iter().map(|one| format!("\"{one}\"")).collect();
    let patient = ["connect_timeout", "call_timeout"].map(|key| match lines.contains(key) {
        true => String::new(),
        false => format!("{key} = \"20s\""),
    });
    let text = format!(
        "verify = [\"relay\"]\n[relay]\ndomain = \"example.test\"\ntransport = \"{}\"\n\
         accept_unauthenticated_controller = true\ncontrollers = [{}]\nstate_dir = {:?}\n{}\n\
         {lines}\n",
        match protocol {
            Protocol::Smb2 => "smb2",
            Protocol::Ldap => "ldap",
        },
        servers.join(", "),
        directory.path().join("state"),
        patient.join("\n"),
    );
    let config = Config::parse(&text).unwrap().relay.unwrap();
    let relay = Relay::new(config, LogTarget::Off);
    Ready { relay, directory }
}

impl Ready {
    /// A whole login.
    fn login(&self, authenticate: &[u8]) -> Result<Verdict, Error> {
        let (handshake, challenge) = self.relay.begin(NEGOTIATE)?;
        assert_eq!(challenge, CHALLENGE, "byte by byte");
        handshake.finish(authenticate)
    }

    #[track_caller]
    fn accepts(&self) {
        match self.login(RIGHT) {
            Ok(Verdict::Accepted(accepted)) => assert_eq!(accepted.server(), "127.0.0.1"),
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn refuses(&self, authenticate: &[u8]) -> Refusal {
        match self.login(authenticate) {
            Ok(Verdict::Refused(refusal)) => refusal,
            other => panic!("{other:?}"),
        }
    }

    /// The error of a login, with its code.
    #[track_caller]
    fn fails(&self, minor: Minor) -> Error {
        match self.login(RIGHT) {
            Ok(verdict) => panic!("{verdict:?}"),
            Err(error) => {
                assert_eq!(error.minor(), minor, "{error}");
                error
            }
        }
    }
}
