//! What a failed join takes back.

use std::fs;
use std::path::{Path, PathBuf};

use super::account::{Decision, Directory};
use crate::steps::{Problem, Steps};

/// What was made so far.
#[derive(Default)]
pub struct Undo {
    account: Option<(Directory, Decision)>,
    files: Vec<PathBuf>,
    /// Files that are of no use by themselves: their end is not worth a word.
    drafts: Vec<PathBuf>,
    directories: Vec<PathBuf>,
}

impl Undo {
    /// The account was made or reset.
    pub fn account(&mut self, directory: Directory, decision: Decision) {
        self.account = Some((directory, decision));
    }

    /// A file was made.
    pub fn file(&mut self, path: &Path) {
        self.files.push(path.to_owned());
    }

    /// A file was made that is no more than a step to another.
    pub fn draft(&mut self, path: &Path) {
        self.drafts.push(path.to_owned());
    }

    /// A directory was made.
    pub fn directory(&mut self, path: &Path) {
        self.directories.push(path.to_owned());
    }

    /// Whether the account is a new one: then its secret is of no use without it.
    pub fn is_account_new(&self) -> bool {
        matches!(self.account, Some((_, Decision::Make { .. })))
    }

    /// Whether the account was reset: then its secret is in its place.
    pub fn is_account_reset(&self) -> bool {
        matches!(self.account, Some((_, Decision::Reset { .. })))
    }

    /// Takes everything back that can be.
    pub fn run(self, steps: &mut Steps) {
        for path in self.drafts {
            // It may have been renamed to its place.
            let _gone = fs::remove_file(path);
        }
        for path in self.files {
            let shown = path.display().to_string();
            match fs::remove_file(&path) {
                Ok(()) => steps.undone("file", format!("{shown}: removed")),
                Err(error) => steps.left("file", &left(&shown, &error)),
            }
        }
        for path in self.directories {
            let shown = path.display().to_string();
            // The trial has left files in it.
            match fs::remove_dir_all(&path) {
                Ok(()) => steps.undone("directory", format!("{shown}: removed")),
                Err(error) => steps.left("directory", &left(&shown, &error)),
            }
        }
        match self.account {
            Some((directory, Decision::Make { dn, .. })) => take_back(directory, &dn, steps),
            Some((_, Decision::Reset { dn, .. })) => steps.left("secret", &kept(&dn)),
            None => {}
        }
    }
}

fn left(what: &str, error: &dyn std::fmt::Display) -> Problem {
    Problem::new(format!("{what}: {error}"), "Remove it by hand.")
}

/// The password before cannot be brought back.
fn kept(dn: &str) -> Problem {
    Problem::new(
        format!("{dn} has the new password, and so has the file of the secret"),
        "The password before cannot be brought back. Mend what failed, then run this again with \
         --reset.",
    )
}

fn take_back(mut directory: Directory, dn: &str, steps: &mut Steps) {
    match directory.delete(dn) {
        Ok(()) => steps.undone("account", format!("{dn}: deleted")),
        Err(problem) => steps.left(
            "account",
            &Problem::new(
                format!("{dn} could not be deleted: {}", problem.what),
                "Delete it by hand, or run this again with --reset.",
            ),
        ),
    }
}
