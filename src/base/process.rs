//! State of one process that a fork does not inherit. The host may fork after it has loaded us,
//! while other threads run our code. The child cannot use the state that it would inherit:
//! connections whose sequence numbers both processes would count, and locks held by threads that
//! the child does not have. [`PerProcess`] gives each process its own state. The parent's state is
//! not read, locked or closed.

use std::fmt;
use std::process;
use std::sync::OnceLock;

/// A value that each process makes for itself on first use. If the host forks while another thread
/// makes the process's first value (one allocation, once in a process), the child waits without
/// end. This window is known and accepted. A look-up costs one `getpid`. The values of ancestors
/// stay in memory, untouched.
pub struct PerProcess<T>(OnceLock<Box<Generation<T>>>);

struct Generation<T> {
    process: u32,
    value: T,
    /// The value of a descendant. Set only in processes that were forked after this one was made.
    descendant: PerProcess<T>,
}

impl<T> PerProcess<T> {
    /// Holds nothing yet.
    pub const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// The value of this process. `make` runs once in each process, and must not wait for anything.
    pub fn of_this_process(&self, make: impl FnOnce() -> T) -> &T {
        let this = process::id();
        let mut slot = self;
        // One iteration for each ancestor that used the value.
        while let Some(generation) = slot.0.get() {
            if generation.process == this {
                return &generation.value;
            }
            slot = &generation.descendant;
        }
        let generation = slot.0.get_or_init(|| {
            Box::new(Generation {
                process: this,
                value: make(),
                descendant: PerProcess::new(),
            })
        });
        &generation.value
    }

    /// The value of this process, if it was made.
    pub fn existing(&self) -> Option<&T> {
        let mut generation = self.0.get()?;
        let this = process::id();
        while generation.process != this {
            generation = generation.descendant.0.get()?;
        }
        Some(&generation.value)
    }
}

impl<T> fmt::Debug for PerProcess<T> {
    /// Without the value, which may be one of another process.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("PerProcess").finish_non_exhaustive()
    }
}

impl<T> Default for PerProcess<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn made_once_in_a_process() {
        let slot = PerProcess::new();
        assert_eq!(slot.existing(), None);
        assert_eq!(*slot.of_this_process(|| 1), 1);
        assert_eq!(*slot.of_this_process(|| 2), 1);
        assert_eq!(slot.existing(), Some(&1));
        assert_eq!(format!("{slot:?}"), "PerProcess { .. }", "not the value");
    }

    #[test]
    fn another_process_gets_its_own() {
        // What a child finds after a fork: a value stamped with its parent's id, locked for ever.
        let slot = PerProcess::new();
        slot.0
            .set(Box::new(Generation {
                process: process::id() + 1,
                value: Mutex::new("parent"),
                descendant: PerProcess::new(),
            }))
            .unwrap_or_else(|_| unreachable!());
        let parents = &slot.0.get().unwrap().value;
        let _held_by_a_thread_that_is_gone = parents.lock();

        assert!(slot.existing().is_none());
        let mine = slot.of_this_process(|| Mutex::new("child"));
        assert_eq!(*mine.lock().unwrap(), "child");
        assert!(std::ptr::eq(
            mine,
            slot.of_this_process(|| Mutex::new("late"))
        ));
        assert!(
            slot.existing()
                .is_some_and(|value| std::ptr::eq(mine, value))
        );
    }
}
