//! What the tool is doing, on a terminal.

use std::io::{self, IsTerminal, Write};

/// One line on the standard error, which the next one replaces. Silent where that is no terminal.
pub struct Progress {
    is_shown: bool,
}

impl Progress {
    /// Begins with an empty line.
    pub fn new() -> Self {
        Self {
            is_shown: io::stderr().is_terminal(),
        }
    }

    /// Shows what is being done.
    pub fn show(&self, text: &str) {
        const CLEAR_LINE: &str = "\r\x1b[K";
        if self.is_shown {
            // What is shown in passing may be lost.
            let mut to = io::stderr().lock();
            let _lost = write!(to, "{CLEAR_LINE}{text}").and_then(|()| to.flush());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.show("");
    }
}
