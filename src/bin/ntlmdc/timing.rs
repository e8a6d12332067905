//! How long a login takes, step by step.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use gss_ntlmdc::base::stopwatch::{self, Lap};

use crate::report::{Field, Section};

/// The steps of this process so far.
static STEPS: Mutex<Vec<Step>> = Mutex::new(Vec::new());

struct Step {
    name: String,
    peers: Vec<SocketAddr>,
    took: Duration,
}

/// Measures from now on.
pub fn begin() -> Instant {
    stopwatch::observe(|lap| {
        add(
            &mut STEPS.lock().unwrap_or_else(PoisonError::into_inner),
            &lap,
        )
    });
    Instant::now()
}

/// What was measured since `began`.
pub fn section(began: Instant) -> Section {
    let steps = STEPS.lock().unwrap_or_else(PoisonError::into_inner);
    of_steps(&steps, began.elapsed())
}

/// Adds up what has the same name.
fn add(steps: &mut Vec<Step>, lap: &Lap<'_>) {
    let name = lap.step.to_string();
    let at = steps.iter().position(|step| step.name == name);
    let at = at.unwrap_or_else(|| {
        steps.push(Step {
            name,
            peers: Vec::new(),
            took: Duration::ZERO,
        });
        steps.len() - 1
    });
    let Some(step) = steps.get_mut(at) else {
        return;
    };
    step.took += lap.took;
    if let Some(peer) = lap.peer.filter(|peer| !step.peers.contains(peer)) {
        step.peers.push(peer);
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
    fn steps_of_one_name_are_added_up() {
        let mut steps = Vec::new();
        let (mapper, netlogon) = ("10.0.0.2:135", "10.0.0.2:49153");
        for (step, peer, took) in [
            ("finding a controller", None, 7),
            ("connecting", Some(mapper), 1),
            ("asking about the login", Some(netlogon), 20),
            ("connecting", Some(netlogon), 2),
            ("connecting", Some(mapper), 3),
        ] {
            let lap = Lap {
                step: &step,
                peer: peer.map(|peer| peer.parse().unwrap()),
                took: Duration::from_millis(took),
            };
            add(&mut steps, &lap);
        }
        let section = of_steps(&steps, Duration::from_millis(40));
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
                "asking about the login 20.0 ms 10.0.0.2:49153",
                "all else 7.0 ms ",
                "total 40.0 ms ",
            ]
        );
    }
}
