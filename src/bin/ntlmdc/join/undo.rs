//! What a failed join takes back.

use std::fs;
use std::path::{Path, PathBuf};

use super::account::{Decision, Directory};
use super::interrupt::{Made, Watch};
use super::new_secret::NewSecret;
use crate::steps::{Problem, Steps};

/// What was made so far.
#[derive(Default)]
pub struct Undo {
    account: Option<(Directory, Decision)>,
    files: Vec<PathBuf>,
    /// Files that are of no use by themselves: their end is not worth a word.
    drafts: Vec<PathBuf>,
    directories: Vec<PathBuf>,
    made: Made,
    watch: Option<Watch>,
}

impl Undo {
    /// Something is changed from now on: an interrupted run tells what was made.
    pub fn begin(&mut self) {
        self.watch.get_or_insert_with(|| Watch::begin(&self.made));
    }

    /// The controller is asked about the account.
    pub fn asked(&mut self, decision: &Decision) {
        self.made.push(decision.begun());
    }

    /// The new secret is on the disk.
    pub fn secret(&mut self, secret: &NewSecret) {
        self.made
            .push(format!("{}: the new password", secret.path().display()));
    }

    /// The account was made or reset.
    pub fn account(&mut self, directory: Directory, decision: Decision) {
        self.account = Some((directory, decision));
    }

    /// A file was made.
    pub fn file(&mut self, path: &Path) {
        self.made.push(path.display().to_string());
        self.files.push(path.to_owned());
    }

    /// A file was made that is no more than a step to another.
    pub fn draft(&mut self, path: &Path) {
        self.drafts.push(path.to_owned());
    }

    /// A directory was made.
    pub fn directory(&mut self, path: &Path) {
        self.made.push(path.display().to_string());
        self.directories.push(path.to_owned());
    }

    /// Takes everything back that can be. The secret stays as long as the account may have it.
    pub fn run(self, secret: Option<&NewSecret>, steps: &mut Steps) {
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
        let Some(secret) = secret else { return };
        match self.account {
            Some((directory, Decision::Make { dn, .. })) => {
                take_back(directory, &dn, secret, steps);
            }
            Some((_, Decision::Reset { dn, .. })) => steps.left("secret", &kept(&dn, secret)),
            Some((_, Decision::Keep { .. })) => {}
            None => secret.forget(),
        }
    }
}

fn left(what: &str, error: &dyn std::fmt::Display) -> Problem {
    Problem::new(format!("{what}: {error}"), "Remove it by hand.")
}

/// The password before cannot be brought back.
fn kept(dn: &str, secret: &NewSecret) -> Problem {
    Problem::new(
        format!(
            "{dn} has the new password, which is in {}",
            secret.path().display()
        ),
        "The password before cannot be brought back. Mend what failed, then run this again: it \
         goes on with this password.",
    )
}

fn take_back(mut directory: Directory, dn: &str, secret: &NewSecret, steps: &mut Steps) {
    match directory.delete(dn) {
        Ok(()) => {
            secret.forget();
            steps.undone("account", format!("{dn}: deleted"));
        }
        Err(problem) => steps.left(
            "account",
            &Problem::new(
                format!("{dn} could not be deleted: {}", problem.what),
                "Delete it by hand, or run this again: it goes on with this account.",
            ),
        ),
    }
}
