//! What `join` and `leave` do, step by step: printed as it is done, or as JSON at the end.

use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use serde_json::json;

/// Why a step failed, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub struct Problem {
    pub what: String,
    pub cure: String,
}

impl Problem {
    pub fn new(what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            cure: cure.into(),
        }
    }
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StepResult {
    Ok,
    /// It is well as it was, or not as important.
    Note,
    Failed,
    /// An earlier step was undone.
    Undone,
    /// An earlier step could not be undone.
    Left,
}

impl StepResult {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Failed => "failed",
            Self::Undone => "undone",
            Self::Left => "left",
        }
    }

    fn style(self) -> Style {
        match self {
            Self::Ok => AnsiColor::Green.on_default(),
            Self::Note | Self::Undone => AnsiColor::Yellow.on_default(),
            Self::Failed | Self::Left => AnsiColor::Red.on_default().bold(),
        }
    }
}

/// The steps so far.
pub struct Steps {
    as_json: bool,
    done: Vec<serde_json::Value>,
    is_failed: bool,
}

impl Steps {
    /// Prints each step when it is done, or all of them as JSON at the end.
    pub fn new(as_json: bool, title: &str) -> Self {
        if !as_json {
            let bold = Style::new().bold();
            anstream::println!("{bold}{title}{bold:#}");
        }
        Self {
            as_json,
            done: Vec::new(),
            is_failed: false,
        }
    }

    pub fn ok(&mut self, step: &str, text: impl AsRef<str>) {
        self.add(StepResult::Ok, step, text.as_ref(), None);
    }

    pub fn note(&mut self, step: &str, text: impl AsRef<str>) {
        self.add(StepResult::Note, step, text.as_ref(), None);
    }

    pub fn failed(&mut self, step: &str, problem: &Problem) {
        self.is_failed = true;
        self.add(StepResult::Failed, step, &problem.what, Some(&problem.cure));
    }

    pub fn undone(&mut self, step: &str, text: impl AsRef<str>) {
        self.add(StepResult::Undone, step, text.as_ref(), None);
    }

    pub fn left(&mut self, step: &str, problem: &Problem) {
        self.add(StepResult::Left, step, &problem.what, Some(&problem.cure));
    }

    /// Adds the result of a step, and returns its value.
    pub fn take<T>(
        &mut self,
        step: &str,
        result: Result<T, Problem>,
        text: impl FnOnce(&T) -> String,
    ) -> Option<T> {
        match result {
            Ok(value) => {
                self.ok(step, text(&value));
                Some(value)
            }
            Err(problem) => {
                self.failed(step, &problem);
                None
            }
        }
    }

    fn add(&mut self, result: StepResult, step: &str, text: &str, cure: Option<&str>) {
        let mut row = json!({ "step": step, "result": result.name(), "text": text });
        if let (Some(cure), Some(row)) = (cure, row.as_object_mut()) {
            row.insert("cure".to_owned(), cure.into());
        }
        self.done.push(row);
        if !self.as_json {
            print_row(result, step, text, cure);
        }
    }

    /// Prints what is printed at the end. The exit status is 1 if a step failed. `next`: commands
    /// that are left to the administrator.
    pub fn finish(self, next: &[String]) -> ExitCode {
        if self.as_json {
            let all = json!({ "ok": !self.is_failed, "steps": self.done, "next": next });
            anstream::println!("{all:#}");
        }
        ExitCode::from(u8::from(self.is_failed))
    }
}

/// The columns of results and of steps, and the width of texts.
const RESULTS: usize = 8;
const STEPS: usize = 17;
const WIDTH: usize = 80;

fn print_row(result: StepResult, step: &str, text: &str, cure: Option<&str>) {
    let style = result.style();
    let name = format!("{:RESULTS$}", result.name());
    let margin = 2 + RESULTS + STEPS;
    let lines = crate::report::wrapped(text, WIDTH - margin);
    let cure = cure.map(|cure| crate::report::wrapped(&format!("Cure: {cure}"), WIDTH - margin));
    let mut lines = lines.into_iter().chain(cure.into_iter().flatten());
    let first = lines.next().unwrap_or_default();
    anstream::println!("  {style}{name}{style:#}{step:STEPS$}{first}");
    for line in lines {
        anstream::println!("{:margin$}{line}", "");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_fails_the_whole() {
        let mut steps = Steps::new(true, "title");
        steps.ok("one", "done");
        assert_eq!(steps.take("two", Ok(2), |two| format!("{two}")), Some(2));
        let problem = Problem::new("it broke", "mend it");
        assert_eq!(
            steps.take("three", Err::<u8, _>(problem), |_| String::new()),
            None
        );
        assert_eq!(
            steps.done,
            [
                json!({ "step": "one", "result": "ok", "text": "done" }),
                json!({ "step": "two", "result": "ok", "text": "2" }),
                json!({
                    "step": "three", "result": "failed", "text": "it broke", "cure": "mend it"
                }),
            ]
        );
        assert!(steps.is_failed);
    }
}
