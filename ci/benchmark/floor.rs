//! What a domain controller can answer: NetrLogonSamLogonEx over sealed connections that are open,
//! asked by the verifier of `[netlogon]` with no GSSAPI above it. What the verifier itself costs is
//! in it.
//!
//! `floor COUNT THREADS` lets each thread ask so often over a connection of its own, and prints the
//! time of an answer (the mean of 64, and of these means the median, as ci/bench has it of logins)
//! and the time for each answer of all threads together, both in nanoseconds. The environment is
//! that of the tests in `tests/dc.rs`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../../tests/support/mod.rs"]
mod support;

use std::env;
use std::path::PathBuf;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use gss_ntlmdc::login::verify::Verifier;
use support::client::Client;
use support::dc::{self, Ready, Setup};

/// How many logins ci/bench prepares and completes at once.
const BATCH: usize = 64;

fn main() {
    let numbers: Vec<usize> = env::args().skip(1).map(|n| n.parse().unwrap()).collect();
    let &[count, threads] = numbers.as_slice() else {
        panic!("usage: floor COUNT THREADS");
    };
    let directory = tempfile::tempdir().unwrap();
    let verifiers = verifiers(threads, directory.path().join("secret"));
    let ready = Barrier::new(threads);
    let taken: Vec<(Duration, Vec<Duration>)> = thread::scope(|scope| {
        let started: Vec<_> = verifiers
            .iter()
            .map(|verifier| {
                let ready = &ready;
                scope.spawn(move || {
                    let client = Client::of("alice");
                    ready.wait();
                    let began = Instant::now();
                    let times = (0..count).map(|_| timed(&**verifier, &client)).collect();
                    (began.elapsed(), times)
                })
            })
            .collect();
        started.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let all = taken.iter().map(|(whole, _)| *whole).max().unwrap();
    let times: Vec<_> = taken.into_iter().flat_map(|(_, times)| times).collect();
    let mut means: Vec<_> = times.chunks(BATCH).map(mean).collect();
    means.sort_unstable();
    let median = means[means.len() / 2].as_nanos();
    println!("{median} {}", all.as_nanos() / times.len() as u128);
}

/// Verifiers with a connection each; `secret` is the file that they share.
fn verifiers(count: usize, secret: PathBuf) -> Vec<Ready> {
    let setup = Setup::right();
    dc::write_secret(&secret, setup.secret.as_bytes());
    // The stamp of a fresh file is not kept: a second later each verifier would begin anew, and all
    // would agree on keys at once.
    thread::sleep(Duration::from_millis(200));
    let setup = Setup {
        secret_file: Some(secret),
        ..setup
    };
    // One after the other, since they share a machine account.
    let verifier = |_| {
        let verifier = setup.verifier();
        verifier.verify(&Client::of("alice").attempt()).unwrap();
        verifier
    };
    (0..count).map(verifier).collect()
}

fn mean(times: &[Duration]) -> Duration {
    times.iter().sum::<Duration>() / times.len() as u32
}

fn timed(verifier: &impl Verifier, client: &Client) -> Duration {
    let attempt = client.attempt();
    let began = Instant::now();
    verifier.verify(&attempt).unwrap();
    began.elapsed()
}
