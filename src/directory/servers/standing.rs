//! Which servers are passed over, and for how long. No clock: the caller passes the time.

use std::time::{Duration, Instant};

use super::no_answer::NoAnswer;

/// The first pause after a failure, and the longest.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);

/// What is known of one server.
#[derive(Default)]
pub(super) struct Standing {
    failed: Option<Failed>,
}

struct Failed {
    until: Instant,
    pause: Duration,
    problem: NoAnswer,
}

impl Standing {
    /// Whether it is asked now.
    pub(super) fn is_asked(&self, now: Instant) -> bool {
        self.failed
            .as_ref()
            .is_none_or(|failed| failed.until <= now)
    }

    /// Takes the next try after a pause: meanwhile others pass the server over.
    pub(super) fn begin(&mut self, now: Instant) {
        if let Some(failed) = &mut self.failed {
            failed.until = now + failed.pause;
        }
    }

    /// It did not answer. Each pause is twice as long as the one before.
    pub(super) fn failed(&mut self, now: Instant, problem: &NoAnswer) {
        let before = self.failed.as_ref().map(|failed| failed.pause);
        let pause = before.map_or(FIRST, |pause| (pause * 2).min(LONGEST));
        self.failed = Some(Failed {
            until: now + pause,
            pause,
            problem: problem.clone(),
        });
    }

    /// It answered.
    pub(super) fn answered(&mut self) {
        self.failed = None;
    }

    /// Why it is passed over.
    pub(super) fn problem(&self) -> Option<&NoAnswer> {
        self.failed.as_ref().map(|failed| &failed.problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::servers::no_answer::NoAnswerKind;

    #[test]
    fn pauses_grow_up_to_a_limit_and_end_with_an_answer() {
        let problem = NoAnswer {
            kind: NoAnswerKind::Unreachable,
            text: "gone".to_owned(),
        };
        let mut now = Instant::now();
        let mut standing = Standing::default();
        assert!(standing.is_asked(now));
        for pause in [1, 2, 4, 8, 16, 30, 30] {
            standing.failed(now, &problem);
            let soon = now + Duration::from_secs(pause) - Duration::from_millis(1);
            assert!(!standing.is_asked(soon), "{pause}");
            now += Duration::from_secs(pause);
            assert!(standing.is_asked(now), "{pause}");
            // One tries; the others go on passing it over.
            standing.begin(now);
            assert!(!standing.is_asked(now));
        }
        assert_eq!(standing.problem(), Some(&problem));
        standing.answered();
        assert!(standing.is_asked(now) && standing.problem().is_none());
        standing.failed(now, &problem);
        assert!(standing.is_asked(now + FIRST));
    }
}
