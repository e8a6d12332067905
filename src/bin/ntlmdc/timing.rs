//! How long a login takes, step by step.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use gss_ntlmdc::base::stopwatch::{self, Lap};

use crate::report::{Field, Section};

/// The steps of this process so far. They are those of one thread.
static STEPS: Mutex<Measured> = Mutex::new(Measured::new());

struct Measured {
    /// Those of one name are added up.
    named: Vec<Step>,
    /// The steps that have ended, without those within another of them: when each began, and how
    /// long it took.
    outer: Vec<(Instant, Duration)>,
}

struct Step {
    name: String,
    peers: Vec<SocketAddr>,
    /// Without the steps within it.
    took: Duration,
}

/// Measures from now on.
pub fn begin() -> Instant {
    stopwatch::observe(|lap| {
        let mut steps = STEPS.lock().unwrap_or_else(PoisonError::into_inner);
        steps.add(&lap);
    });
    Instant::now()
}

/// All steps of this process, and what else took the time since `began`.
pub fn section(began: Instant) -> Section {
    let steps = STEPS.lock().unwrap_or_else(PoisonError::into_inner);
    of_steps(&steps.named, began.elapsed())
}

impl Measured {
    const fn new() -> Self {
        Self {
            named: Vec::new(),
            outer: Vec::new(),
        }
    }

    fn add(&mut self, lap: &Lap<'_>) {
        let mut within = Duration::ZERO;
        while let Some((_, took)) = self.outer.pop_if(|(began, _)| *began >= lap.began) {
            within += took;
        }
        self.outer.push((lap.began, lap.took));
        let name = lap.step.to_string();
        let at = self.named.iter().position(|step| step.name == name);
        let at = at.unwrap_or_else(|| {
            self.named.push(Step {
                name,
                peers: Vec::new(),
                took: Duration::ZERO,
            });
            self.named.len() - 1
        });
        let Some(step) = self.named.get_mut(at) else {
            return;
        };
        step.took += lap.took.saturating_sub(within);
        if let Some(peer) = lap.peer.filter(|peer| !step.peers.contains(peer)) {
            step.peers.push(peer);
        }
    }
}

fn of_steps(steps: &[Step], total: Duration) -> Section {
    let mut section = Section::new("time");
    for step in steps {
        let field = Field::new(&step.name, milliseconds(step.took));
        let peers: Vec<String> = step.peers.iter().map(SocketAddr::to_string).collect();
        section.push(match peers.is_empty() {
            true => field,
            false => field.note(peers.join(", ")),
        });
    }
    let measured = steps.iter().map(|step| step.took).sum();
    let rest = total.saturating_sub(measured);
    section.push(Field::new("all else", milliseconds(rest)));
    section.push(Field::new("total", milliseconds(total)));
    section
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::FieldValue;

    #[test]
    fn steps_of_one_name_are_added_up_and_inner_ones_count_once() {
        let mut steps = Measured::new();
        let start = Instant::now();
        let (mapper, netlogon) = ("10.0.0.2:135", "10.0.0.2:49153");
        // In the order of their ends: the login is asked about from 8 to 28, within it a probe.
        for (step, peer, began, took) in [
            ("finding a controller", None, 0, 7),
            ("connecting", Some(mapper), 7, 1),
            ("connecting", Some(netlogon), 20, 2),
            ("opening the sealed channel", Some(netlogon), 22, 3),
            ("asking about the login", Some(netlogon), 8, 20),
            ("connecting", Some(mapper), 28, 3),
        ] {
            steps.add(&Lap {
                step: &step,
                peer: peer.map(|peer| peer.parse().unwrap()),
                began: start + Duration::from_millis(began),
                took: Duration::from_millis(took),
            });
        }
        let section = of_steps(&steps.named, Duration::from_millis(40));
        let shown = |field: &Field| {
            let FieldValue::Text(value) = &field.value else {
                return String::new();
            };
            let note = field.note.as_deref().unwrap_or_default();
            format!("{} {value} {note}", field.name)
        };
        let shown: Vec<String> = section.fields.iter().map(shown).collect();
        assert_eq!(
            shown,
            [
                "finding a controller 7.0 ms ",
                "connecting 6.0 ms 10.0.0.2:135, 10.0.0.2:49153",
                "opening the sealed channel 3.0 ms 10.0.0.2:49153",
                "asking about the login 15.0 ms 10.0.0.2:49153",
                "all else 9.0 ms ",
                "total 40.0 ms ",
            ]
        );
    }
}
