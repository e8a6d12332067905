//! Lines for standard error that wait for the end of a program, so that they do not stand in its
//! output. The tool holds them back; a server does not.

use std::sync::Mutex;

/// More lines than one run of the tool logs. Further ones are not held back.
const MOST: usize = 1000;

/// The lines that wait. `None`: lines are written at once.
static HELD: Mutex<Option<Vec<String>>> = Mutex::new(None);

/// From now on lines for standard error wait for [`release`].
pub fn hold() {
    if let Ok(mut held) = HELD.lock() {
        *held = Some(Vec::new());
    }
}

/// The lines that waited. Further ones are written at once.
pub fn release() -> Vec<String> {
    let held = HELD.lock().ok().and_then(|mut held| held.take());
    held.unwrap_or_default()
}

/// Whether the line waits. It does not wait for another thread: that one may have been lost in a
/// fork.
pub(super) fn keep(line: &str) -> bool {
    let Ok(mut held) = HELD.try_lock() else {
        return false;
    };
    match held.as_mut() {
        Some(lines) if lines.len() < MOST => {
            lines.push(line.to_owned());
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_wait_only_between_hold_and_release() {
        assert!(!keep("before"));
        hold();
        assert!(keep("held"));
        assert!(release().contains(&"held".to_owned()));
        assert!(!keep("after"));
        assert!(release().is_empty());
    }
}
