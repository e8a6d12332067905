//! Several questions at once.

use std::num::NonZero;
use std::thread;

/// How many are asked at once.
const AT_ONCE: NonZero<usize> = NonZero::new(16).expect("not zero");

/// Asks about each. The answers are in their order.
pub fn at_once<Q: Sync, A: Send>(all: &[Q], ask: impl Fn(&Q) -> A + Sync) -> Vec<A> {
    let mut answers = Vec::new();
    for some in all.chunks(AT_ONCE.get()) {
        thread::scope(|scope| {
            let threads: Vec<_> = some.iter().map(|one| scope.spawn(|| ask(one))).collect();
            for thread in threads {
                match thread.join() {
                    Ok(answer) => answers.push(answer),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        });
    }
    answers
}
