//! The new secret, from before the controller is asked until it is in its place.
//!
//! ```text
//! no file yet, or a new account   a draft beside the file; it is put in its place at the end
//! a reset, and a file is there    before the request, the file gets the new one as `next`
//!                                   the controller agrees: the new one, `previous` the one before
//!                                   it refuses             as before
//!                                   no answer              both stay: the account has one of them
//! ```
//!
//! The draft or the `next` of a run that did not end may be the account's password. The next run
//! tries them, and goes on with them.

#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

use gss_ntlmdc::base::clock::seconds_since_1970;
use gss_ntlmdc::base::crypto::{Key, SecretBytes};
use gss_ntlmdc::dc::secret_file::SecretFile;
use gss_ntlmdc::protocol::rpc::netlogon::password_set::MachinePassword;

use super::files;
use super::on_this_host;
use super::plan::Plan;
use crate::steps::Problem;
use crate::whole_file::{self, Access, Draft};

/// The end of the name of the file that replaces the secret during a reset.
const REPLACED: &str = ".reset";

/// The end of the draft's name. It has the name of the account: another one gets another password.
fn draft_ending(computer: &str) -> String {
    format!(".{computer}.new")
}

/// What a run of `join` or `rotate` that was killed may have left beside a secret.
pub fn leftovers(path: &Path, computer: &str) -> [PathBuf; 3] {
    [&draft_ending(computer), REPLACED, ".rotate"].map(|ending| whole_file::beside(path, ending))
}

/// A password that an earlier run has left on this host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Earlier {
    /// In the draft.
    Draft,
    /// In the file, by a change that did not end.
    Next,
    /// In the file.
    Present,
}

/// The file of the secret and its draft, as they were before.
pub struct SecretFiles {
    path: PathBuf,
    group: u32,
    /// The end of the draft's name.
    ending: String,
    /// `None` if there was none, or an empty one.
    present: Option<(SecretFile, u32)>,
    draft: Option<SecretFile>,
}

/// Where the new secret stands.
enum Standing {
    Beside { draft: Draft, is_of_this_run: bool },
    InFile { path: PathBuf },
}

/// The new secret.
pub struct NewSecret {
    standing: Standing,
}

impl SecretFiles {
    /// Reads both.
    ///
    /// # Errors
    /// The file is there, and is not a secret's.
    pub fn read(plan: &Plan) -> Result<Self, Problem> {
        Self::at(&plan.secret_path, plan.service.gid, &plan.computer)
    }

    fn at(path: &Path, group: u32, computer: &str) -> Result<Self, Problem> {
        let is_used = fs::metadata(path).is_ok_and(|metadata| metadata.len() > 0);
        let present = is_used.then(|| SecretFile::read(path)).transpose();
        let present = present.map_err(|problem| {
            Problem::new(
                format!("{}: {problem}", path.display()),
                "Mend the file or move it away, then run this again: a reset keeps the secret \
                 until the controller has the new one.",
            )
        })?;
        // One that was not written to its end was not sent.
        let ending = draft_ending(computer);
        let draft = SecretFile::read(&whole_file::beside(path, &ending)).ok();
        Ok(Self {
            path: path.to_owned(),
            group,
            ending,
            present,
            draft: draft.map(|(draft, _)| draft),
        })
    }

    /// The passwords that the account may have from an earlier run.
    pub fn earlier(&self) -> Vec<(Earlier, Key)> {
        let present = self.present.as_ref().map(|(file, _)| file);
        let next = present.and_then(SecretFile::next);
        let all = [
            (Earlier::Draft, self.draft.as_ref().map(SecretFile::nt_hash)),
            (Earlier::Next, next.map(MachinePassword::nt_hash)),
            (Earlier::Present, present.map(SecretFile::nt_hash)),
        ];
        let known = all.into_iter();
        known
            .filter_map(|(earlier, hash)| Some((earlier, hash?)))
            .collect()
    }

    /// For a new account, or one that is reset: the new password is on the disk now.
    ///
    /// # Errors
    /// It cannot be written: all is as before.
    pub fn begin(self, is_reset: bool) -> Result<(NewSecret, Change), Problem> {
        match (&self.present, is_reset) {
            (Some((file, modified)), true) => {
                let (before, modified) = (file.clone(), *modified);
                let password = match file.next() {
                    Some(next) => next.clone(),
                    None => new_password()?,
                };
                let begun = before.clone().begun(password.clone(), modified);
                self.replace(&begun)?;
                let standing = Standing::InFile {
                    path: self.path.clone(),
                };
                let change = Change {
                    password,
                    in_file: Some((self, before, begun)),
                };
                Ok((NewSecret { standing }, change))
            }
            _ => self.begin_beside(),
        }
    }

    fn begin_beside(self) -> Result<(NewSecret, Change), Problem> {
        let draft = self.draft.as_ref();
        let (password, standing) = match draft.and_then(SecretFile::present) {
            // A request with it may be on its way.
            Some(password) => (password, self.beside_of_earlier_run()?),
            None => {
                let password = new_password()?;
                let standing = self.beside(password.expose())?;
                (password, standing)
            }
        };
        let change = Change {
            password,
            in_file: None,
        };
        Ok((NewSecret { standing }, change))
    }

    /// With a password that an administrator has set.
    ///
    /// # Errors
    /// The draft cannot be written.
    pub fn given(self, password: &SecretBytes) -> Result<NewSecret, Problem> {
        let standing = self.beside(password.expose())?;
        Ok(NewSecret { standing })
    }

    /// With a password that the account has from an earlier run.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn keep(self, earlier: Earlier) -> Result<NewSecret, Problem> {
        let standing = match (earlier, &self.present) {
            (Earlier::Draft, _) => self.beside_of_earlier_run()?,
            (Earlier::Next, Some((file, _))) => {
                self.replace(&file.clone().finished(seconds_since_1970()))?;
                Standing::InFile { path: self.path }
            }
            _ => Standing::InFile { path: self.path },
        };
        Ok(NewSecret { standing })
    }

    /// For root, and for the service's group.
    fn access(&self) -> Access {
        Access {
            mode: 0o640,
            owner: None,
            group: Some(self.group),
        }
    }

    fn beside(&self, password: &[u8]) -> Result<Standing, Problem> {
        let line = SecretBytes::new([password, b"\n"].concat());
        let draft = Draft::write(&self.path, &self.ending, line.expose(), self.access());
        let draft = draft.map_err(|error| files::failed(&self.path, &error))?;
        Ok(Standing::Beside {
            draft,
            is_of_this_run: true,
        })
    }

    fn beside_of_earlier_run(&self) -> Result<Standing, Problem> {
        let draft = Draft::left(&self.path, &self.ending, self.access());
        let draft = draft.map_err(|error| files::failed(&self.path, &error))?;
        let draft = draft.ok_or_else(|| on_this_host("the draft is gone", "Run this again."))?;
        Ok(Standing::Beside {
            draft,
            is_of_this_run: false,
        })
    }

    fn replace(&self, file: &SecretFile) -> Result<(), Problem> {
        let content = file.content();
        whole_file::replace(&self.path, REPLACED, content.expose(), self.access())
            .map_err(|error| files::failed(&self.path, &error))
    }
}

fn new_password() -> Result<MachinePassword, Problem> {
    MachinePassword::random().map_err(|error| on_this_host(error, "Try again."))
}

/// A change of the account's password.
pub struct Change {
    /// The new password.
    pub password: MachinePassword,
    /// The file as it was before and as it is now, if it has both secrets.
    in_file: Option<(SecretFiles, SecretFile, SecretFile)>,
}

impl Change {
    /// The account has the new password.
    ///
    /// # Errors
    /// The file cannot be written. It has the new password among others.
    pub fn finish(&self) -> Result<(), Problem> {
        match &self.in_file {
            Some((files, _, begun)) => files.replace(&begun.clone().finished(seconds_since_1970())),
            None => Ok(()),
        }
    }

    /// The account does not have the new password.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn take_back(&self, secret: &NewSecret) -> Result<(), Problem> {
        match &self.in_file {
            Some((files, before, _)) => files.replace(before),
            None => secret.remove_if_of_this_run(),
        }
    }

    /// What is left if the answer of the controller is not known.
    pub fn undecided(&self, secret: &NewSecret) -> Problem {
        let shown = secret.path().display();
        let unknown = "whether the account has the new password is not known";
        match &self.in_file {
            Some(_) => Problem::new(
                format!("{unknown}; {shown} has the present one and the new one"),
                "Logins go on with either of them. Run this again: it ends the change if the \
                 account has the new one. If not, --reset sets the same one.",
            ),
            None => Problem::new(
                format!("{unknown}; {shown} has it"),
                "Keep it, and run this again: the account is taken if it has this password. If it \
                 has not, --reset gives it.",
            ),
        }
    }
}

impl NewSecret {
    /// The file in which it is.
    pub fn path(&self) -> &Path {
        match &self.standing {
            Standing::Beside { draft, .. } => draft.path(),
            Standing::InFile { path } => path,
        }
    }

    /// Puts it into its place, if it is not there.
    ///
    /// # Errors
    /// What the system says.
    pub fn place(&self, plan: &Plan) -> Result<String, Problem> {
        if let Standing::Beside { draft, .. } = &self.standing {
            let placed = draft.place();
            placed.map_err(|error| files::failed(&plan.secret_path, &error))?;
        }
        let (path, service) = (plan.secret_path.display(), &plan.service.name);
        Ok(format!("{path}, for root and the group of {service}"))
    }

    /// Removes a draft that no account needs.
    pub fn forget(&self) {
        if let Standing::Beside { draft, .. } = &self.standing {
            let _gone = fs::remove_file(draft.path());
        }
    }

    fn remove_if_of_this_run(&self) -> Result<(), Problem> {
        match &self.standing {
            Standing::Beside {
                draft,
                is_of_this_run: true,
            } => fs::remove_file(draft.path()).map_err(|error| files::failed(draft.path(), &error)),
            _ => Ok(()),
        }
    }
}
