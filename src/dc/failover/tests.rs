//! Faults of the network, with a peer on loopback; what a real controller does is in `tests/dc`.

use super::*;
use crate::base::fault::{Fault, Minor};
use crate::protocol::rpc::netlogon::sam_logon::NetworkLogon;
use crate::protocol::rpc::tests::recorded;
use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const LOGON: NetworkLogon<'_> = NetworkLogon {
    domain: &[],
    user: &[0x61],
    workstation: &[],
    challenge: [0; 8],
    nt_response: &[0; 100],
};

/// `call_timeout` and `budget`, longer than any machine takes.
const LONG: (&str, &str) = ("30s", "60s");

/// A configuration with these controllers, and the directory that holds its secret.
fn configured(
    controllers: &[SocketAddr],
    (call_timeout, budget): (&str, &str),
) -> (Controllers, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let secret = directory.path().join("secret");
    fs::write(&secret, "secret\n").unwrap();
    fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
    let controllers: Vec<String> = controllers.iter().map(|c| format!("\"{c}\"")).collect();
    let lines = format!(
        r#"
        secret = "{}"
        controllers = [{}]
        connect_timeout = "30s"
        call_timeout = "{call_timeout}"
        budget = "{budget}"
        state_dir = "{}"
        "#,
        secret.display(),
        controllers.join(","),
        directory.path().join("state").display(),
    );
    let config = config::fixture::netlogon(&lines);
    (Controllers::new(config, LogTarget::Off), directory)
}

/// A controller that takes one connection and passes it to `act`.
fn controller(act: impl FnOnce(TcpStream) + Send + 'static) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let thread = thread::spawn(move || act(listener.accept().unwrap().0));
    (address, thread)
}

/// An address without a listener.
fn closed_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

fn read_pdu(stream: &mut TcpStream) -> Vec<u8> {
    let mut pdu = vec![0; 16];
    stream.read_exact(&mut pdu).unwrap();
    let length = u16::from_le_bytes([pdu[8], pdu[9]]);
    pdu.resize(usize::from(length), 0);
    stream.read_exact(&mut pdu[16..]).unwrap();
    pdu
}

fn fault(controllers: &Controllers) -> Fault {
    controllers.logon(&LOGON, |_| None).unwrap_err().into()
}

#[test]
fn a_failed_login_names_every_address() {
    let (first, second) = (closed_port(), closed_port());
    let (controllers, _directory) = configured(&[first, second], LONG);
    let fault = fault(&controllers);
    assert_eq!(fault.minor(), Minor::ControllerUnreachable);
    for address in [first, second] {
        assert!(fault.to_string().contains(&address.to_string()), "{fault}");
    }
}

#[test]
fn the_second_is_asked_if_the_first_is_away() {
    let (address, thread) = controller(|mut stream| {
        read_pdu(&mut stream);
    });
    let (controllers, _directory) = configured(&[closed_port(), address], LONG);
    let fault = fault(&controllers);
    assert_eq!(fault.minor(), Minor::ControllerUnreachable);
    let second = format!("{address}, agreeing on a session key");
    assert!(fault.to_string().contains(&second), "{fault}");
    thread.join().unwrap();
}

#[test]
fn a_silent_controller_meets_the_call_timeout() {
    let (address, thread) = controller(|mut stream| {
        read_pdu(&mut stream);
        // Until the other side gives up.
        let _closed = stream.read(&mut [0]);
    });
    let (controllers, _directory) = configured(&[address], ("50ms", "60s"));
    let start = Instant::now();
    assert_eq!(fault(&controllers).minor(), Minor::ControllerTimeout);
    assert!(start.elapsed() < Duration::from_secs(30));
    thread.join().unwrap();
}

#[test]
fn noise_is_not_a_controller() {
    for noise in [
        b"HTTP/1.1 400 Bad Request\r\n\r\n".as_slice(),
        &[0xFF; 64],
        recorded::AUTHENTICATE3.response,
    ] {
        let (address, thread) = controller(|mut stream| {
            read_pdu(&mut stream);
            stream.write_all(noise).unwrap();
        });
        let (controllers, _directory) = configured(&[address], LONG);
        assert_eq!(fault(&controllers).minor(), Minor::ControllerForged);
        thread.join().unwrap();
    }
}

#[test]
fn a_controller_that_does_not_know_the_secret_is_not_asked() {
    let (address, thread) = controller(|mut stream| {
        for exchange in [
            recorded::BIND,
            recorded::REQ_CHALLENGE,
            recorded::AUTHENTICATE3,
        ] {
            read_pdu(&mut stream);
            stream.write_all(exchange.response).unwrap();
        }
        assert_eq!(stream.read(&mut [0]).unwrap(), 0, "nothing more is said");
    });
    let (controllers, _directory) = configured(&[address], LONG);
    let fault = fault(&controllers);
    assert_eq!(fault.minor(), Minor::ControllerForged);
    assert!(fault.to_string().contains("not authentic"), "{fault}");
    thread.join().unwrap();
}

#[test]
fn a_refused_secret_is_told_as_that() {
    let (address, thread) = controller(|mut stream| {
        for (exchange, status) in [
            (recorded::BIND, None),
            (recorded::REQ_CHALLENGE, None),
            (recorded::AUTHENTICATE3, Some(0xC000_0022_u32)),
        ] {
            read_pdu(&mut stream);
            let mut response = exchange.response.to_vec();
            if let Some(status) = status {
                let at = response.len() - 4;
                response[at..].copy_from_slice(&status.to_le_bytes());
            }
            stream.write_all(&response).unwrap();
        }
    });
    let (controllers, _directory) = configured(&[address], LONG);
    assert_eq!(fault(&controllers).minor(), Minor::MachineSecretRefused);
    thread.join().unwrap();
}

#[test]
fn controllers_that_hang_leave_time_for_the_next() {
    let hang = || {
        controller(|mut stream| {
            read_pdu(&mut stream);
            let _closed = stream.read(&mut [0]);
        })
    };
    let (first, second) = (hang(), hang());
    let (controllers, _directory) = configured(&[first.0, second.0, closed_port()], ("1h", "2s"));
    let start = Instant::now();
    let told = fault(&controllers);
    assert_eq!(told.minor(), Minor::ControllerTimeout);
    let text = told.to_string();
    assert!(
        text.contains(&second.0.to_string()) && text.contains("no connection"),
        "{text}"
    );
    // The budget, and what a busy machine needs.
    assert!(start.elapsed() < Duration::from_secs(20));
    for (_, thread) in [first, second] {
        thread.join().unwrap();
    }
}

#[test]
fn no_more_than_three_are_talked_to() {
    let closing = || {
        controller(|mut stream| {
            read_pdu(&mut stream);
        })
    };
    let (three, fourth) = ([closing(), closing(), closing()], closed_port());
    let mut all: Vec<SocketAddr> = three.iter().map(|(address, _)| *address).collect();
    all.push(fourth);
    let (controllers, _directory) = configured(&all, LONG);
    let text = fault(&controllers).to_string();
    assert!(text.contains(&all[2].to_string()), "{text}");
    assert!(!text.contains(&fourth.to_string()), "{text}");
    for (_, thread) in three {
        thread.join().unwrap();
    }
}

#[test]
fn when_no_controller_answers_the_next_is_told_at_once() {
    let (address, thread) = controller(|mut stream| {
        read_pdu(&mut stream);
        let _closed = stream.read(&mut [0]);
    });
    let (controllers, _directory) = configured(&[address], ("500ms", "60s"));
    let first = fault(&controllers);
    thread.join().unwrap();
    // A controller that was asked now would refuse the connection: another error.
    assert_eq!(fault(&controllers), first);
}

#[test]
fn a_secret_that_is_written_later_is_read_then() {
    let (address, thread) = controller(|mut stream| {
        for exchange in [recorded::BIND, recorded::REQ_CHALLENGE] {
            read_pdu(&mut stream);
            stream.write_all(exchange.response).unwrap();
        }
        read_pdu(&mut stream);
        drop(stream);
    });
    let (controllers, directory) = configured(&[address], LONG);
    let secret = directory.path().join("secret");
    fs::write(&secret, "").unwrap();
    assert_eq!(fault(&controllers).minor(), Minor::SecretFileUnusable);
    fs::write(&secret, "another").unwrap();
    assert_eq!(fault(&controllers).minor(), Minor::ControllerUnreachable);
    thread.join().unwrap();
}
