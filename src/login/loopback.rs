//! A login of this process to itself, as mod_auth_gssapi makes it for Basic.
//!
//! The server has a name and a password. It acquires a credential with them, initiates to the name of
//! its own acceptor's credential, and hands each message from one side to the other:
//!
//! ```text
//! acceptor's credential ── Loopback ──► its name ──► initiator: sends(token)
//!          │                                              │ token
//!          └──────── Loopback ──► acceptor: receives(token) ◄
//! ```
//!
//! The name and the password have come to this very server, so there is neither another service nor
//! another channel that the login could be meant for: [`Delivered`] is the proof. No client can claim
//! it. The [`Loopback`] is an object of the process, reached through the credential and through the
//! name that the process itself was given for it. No message carries anything of it, and a name that
//! is imported, displayed or exported has none. A token counts once, byte by byte, and on the thread
//! that has just made it: there is no way through a network in between.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use crate::base::crypto::{SecretBytes, constant_time_eq};
use crate::base::process::PerProcess;

/// So many threads may be between the two calls at a time; each is there for microseconds.
const MOST: usize = 256;

/// What joins an acceptor's credential and the name that it was told. Clones are one place; in a
/// forked child it is empty.
#[derive(Clone, Default)]
pub struct Loopback(Arc<PerProcess<Mutex<Vec<Sent>>>>);

/// The last message that an initiator of a thread has made.
struct Sent {
    thread: ThreadId,
    token: SecretBytes,
    lifetime: Option<Duration>,
}

/// Proof that a message comes from an initiator of this process, on its way to this acceptor: only
/// [`Loopback::receive`] makes one.
#[derive(Debug)]
pub struct Delivered {
    lifetime: Option<Duration>,
}

impl Delivered {
    /// How long the login may last, as far as its initiator was told.
    pub fn lifetime(&self) -> Option<Duration> {
        self.lifetime
    }
}

impl Loopback {
    /// Remembers an AUTHENTICATE message of an initiator, until this thread makes the next one.
    pub fn send(&self, token: &[u8], lifetime: Option<Duration>) {
        let thread = thread::current().id();
        self.with(|all| {
            all.retain(|sent| sent.thread != thread);
            if all.len() >= MOST {
                all.remove(0);
            }
            all.push(Sent {
                thread,
                token: SecretBytes::new(token.to_vec()),
                lifetime,
            });
        });
    }

    /// The proof, if an initiator has made this message on this thread; once.
    pub fn receive(&self, token: &[u8]) -> Option<Delivered> {
        let thread = thread::current().id();
        let sent = self.with(|all| {
            let place = all.iter().position(|sent| sent.thread == thread)?;
            Some(all.swap_remove(place))
        })?;
        constant_time_eq(sent.token.expose(), token).then_some(Delivered {
            lifetime: sent.lifetime,
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Vec<Sent>) -> T) -> T {
        let all = self.0.of_this_process(Mutex::default);
        work(&mut all.lock().unwrap_or_else(PoisonError::into_inner))
    }
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
    fn a_message_is_delivered_once_and_as_it_was_made() {
        let loopback = Loopback::default();
        assert!(loopback.receive(b"token").is_none());
        loopback.send(b"token", Some(Duration::from_secs(300)));
        let delivered = loopback.clone().receive(b"token").unwrap();
        assert_eq!(delivered.lifetime(), Some(Duration::from_secs(300)));
        assert!(loopback.receive(b"token").is_none(), "a replay");

        // Another one in its place takes it away.
        loopback.send(b"token", None);
        assert!(loopback.receive(b"Token").is_none());
        assert!(loopback.receive(b"token").is_none());
        loopback.send(b"one", None);
        loopback.send(b"two", None);
        assert!(loopback.receive(b"one").is_none(), "the last one counts");
    }

    #[test]
    fn a_message_is_of_one_credential_and_one_thread() {
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
    fn threads_that_never_come_back_take_no_more_room_than_others() {
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
        assert_eq!(loopback.with(|all| all.len()), MOST);
        assert!(loopback.receive(b"token").is_some());
    }
}
