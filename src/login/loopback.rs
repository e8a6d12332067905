//! A login of this process to itself, as mod_auth_gssapi makes it for Basic authentication.
//!
//! The server has received a name and a password. It acquires a credential with them, initiates to
//! the name of its own acceptor's credential, and passes each message from one side to the other:
//!
//! ```text
//! acceptor's credential ── Loopback ──► its name ──► initiator: send(token)
//!          │                                              │ token
//!          └──────── Loopback ──► acceptor: receive(token) ◄
//! ```
//!
//! The client sent the name and the password to this server, so the login cannot be meant for
//! another service or another channel. [`Delivered`] is the proof, and no client can forge it. A
//! [`Loopback`] is an object of the process, reached through the credential and through the name
//! that the mechanism returned for it. It is in no message, and not in an imported, displayed or
//! exported name. A token counts once, unchanged, and on the thread that made it, so it cannot have
//! passed through a network.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use crate::base::crypto::{SecretBytes, constant_time_eq};
use crate::base::process::PerProcess;

/// How many threads may be between the two calls at a time. Each is there for microseconds.
const MOST: usize = 256;

/// Shared by an acceptor's credential and its name. Clones share their messages; a forked child has
/// none of them.
#[derive(Clone, Default)]
pub struct Loopback(Arc<PerProcess<Mutex<Vec<Sent>>>>);

/// The last message of the initiators of a thread.
struct Sent {
    thread: ThreadId,
    token: SecretBytes,
    lifetime: Option<Duration>,
}

/// Proof that an initiator of this process made a message for this acceptor. Only
/// [`Loopback::receive`] makes one.
#[derive(Debug)]
pub struct Delivered {
    lifetime: Option<Duration>,
}

impl Delivered {
    /// The lifetime that the initiator was given, if any.
    pub fn lifetime(&self) -> Option<Duration> {
        self.lifetime
    }
}

impl Loopback {
    /// Stores the AUTHENTICATE message of an initiator until this thread makes the next one.
    pub fn send(&self, token: &[u8], lifetime: Option<Duration>) {
        let thread = thread::current().id();
        let mut all = lock(self.0.of_this_process(Mutex::default));
        all.retain(|sent| sent.thread != thread);
        if all.len() >= MOST {
            all.remove(0);
        }
        all.push(Sent {
            thread,
            token: SecretBytes::new(token.to_vec()),
            lifetime,
        });
    }

    /// The proof, once, if an initiator made this message on this thread.
    pub fn receive(&self, token: &[u8]) -> Option<Delivered> {
        let thread = thread::current().id();
        let mut all = lock(self.0.existing()?);
        let place = all.iter().position(|sent| sent.thread == thread)?;
        let sent = all.swap_remove(place);
        constant_time_eq(sent.token.expose(), token).then_some(Delivered {
            lifetime: sent.lifetime,
        })
    }
}

fn lock(all: &Mutex<Vec<Sent>>) -> MutexGuard<'_, Vec<Sent>> {
    all.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Loopback {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Loopback")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_delivered_once_and_unchanged() {
        let loopback = Loopback::default();
        assert!(loopback.receive(b"token").is_none());
        loopback.send(b"token", Some(Duration::from_secs(300)));
        assert_eq!(format!("{loopback:?}"), "Loopback", "no message");
        let delivered = loopback.clone().receive(b"token").unwrap();
        assert_eq!(delivered.lifetime(), Some(Duration::from_secs(300)));
        assert!(loopback.receive(b"token").is_none(), "a replay");

        // Another message consumes it.
        loopback.send(b"token", None);
        assert!(loopback.receive(b"Token").is_none());
        assert!(loopback.receive(b"token").is_none());
        loopback.send(b"one", None);
        loopback.send(b"two", None);
        assert!(loopback.receive(b"one").is_none(), "the last one counts");
    }

    #[test]
    fn a_message_belongs_to_one_credential_and_one_thread() {
        let loopback = Loopback::default();
        loopback.send(b"token", None);
        assert!(Loopback::default().receive(b"token").is_none());
        thread::scope(|scope| {
            let elsewhere = scope.spawn(|| loopback.receive(b"token").is_none());
            assert!(elsewhere.join().unwrap());
        });
        assert!(loopback.receive(b"token").is_some());
    }

    #[test]
    fn messages_of_ended_threads_take_bounded_memory() {
        let loopback = Loopback::default();
        for _ in 0..2 {
            thread::scope(|scope| {
                for _ in 0..MOST {
                    scope
                        .spawn(|| loopback.send(b"token", None))
                        .join()
                        .unwrap();
                }
            });
        }
        loopback.send(b"token", None);
        assert_eq!(lock(loopback.0.existing().unwrap()).len(), MOST);
        assert!(loopback.receive(b"token").is_some());
    }
}
