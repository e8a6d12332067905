//! Whether a process that has an entry still runs.

use std::fs::File;
use std::io::Read as _;

use rustix::process::{Pid, test_kill_process};

/// When a process began, in ticks since the system's start (proc(5), field 22 of `stat`). `None`:
/// it is gone, or there is no `/proc`.
pub(super) fn began(process: u32) -> Option<u64> {
    let mut stat = Vec::new();
    let file = File::open(format!("/proc/{process}/stat")).ok()?;
    file.take(4096).read_to_end(&mut stat).ok()?;
    // The second field is the program's name, in parentheses: any bytes.
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let after_name = str::from_utf8(stat.get(end + 1..)?).ok()?;
    after_name.split_whitespace().nth(19)?.parse().ok()
}

/// Whether the process that `began` then still runs. A process of another PID namespace counts as
/// gone.
pub(super) fn is_running(process: u64, began_at: u64) -> bool {
    let number = u32::try_from(process).ok();
    let pid = number.and_then(|number| Pid::from_raw(i32::try_from(number).ok()?));
    let (Some(number), Some(pid)) = (number, pid) else {
        return false;
    };
    let is_there = test_kill_process(pid) != Err(rustix::io::Errno::SRCH);
    let is_same = |now| began_at == 0 || now == began_at;
    is_there && began(number).is_none_or(is_same)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process;

    #[test]
    fn this_process_runs_since_one_time_only() {
        let this = process::id();
        let now = began(this).unwrap();
        assert!(now > 0);
        assert!(is_running(this.into(), now));
        assert!(is_running(this.into(), 0));
        assert!(!is_running(this.into(), now + 1));
    }

    #[test]
    fn a_process_that_was_waited_for_is_gone() {
        let mut child = process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        assert!(!is_running(child.id().into(), 0));
        for never in [0, u64::from(u32::MAX), u64::MAX] {
            assert!(!is_running(never, 0), "{never}");
        }
    }
}
