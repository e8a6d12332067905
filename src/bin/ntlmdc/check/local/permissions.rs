//! Whether the service can read a file that the configuration names, and other users cannot.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::check::cause::Cause;
use crate::check::finding::Finding;
use crate::check::service::ServiceUser;

/// The directory of `mech`, `mech.d` and, usually, the configuration.
pub const GSS_DIRECTORY: &str = "/etc/gss";

/// A file that the service must read.
pub struct ServiceFile<'a> {
    /// What it is, for texts: "the secret".
    pub kind: &'a str,
    pub path: &'a Path,
    /// Whether no other user may read it.
    pub is_secret: bool,
}

impl ServiceFile<'_> {
    /// What is wrong with the file. `Ok(false)`: this process cannot tell, since it has not the
    /// rights of the service.
    pub fn look(&self, service: &ServiceUser) -> Result<bool, Box<Finding>> {
        let metadata = match fs::metadata(self.path) {
            Ok(metadata) => metadata,
            Err(error) => return self.unseen(service, &error),
        };
        let shown = self.shown();
        if !metadata.is_file() {
            let what = format!("{shown} is not a regular file");
            let cure = "Correct the path in the configuration.";
            return Err(Box::new(Cause::FileMissing.failure(what, cure)));
        }
        let mode = metadata.mode() & 0o7777;
        if mode & if self.is_secret { 0o007 } else { 0o002 } != 0 {
            return Err(Box::new(self.open_to_others(mode)));
        }
        match File::open(self.path) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                match service.is_taken {
                    true => Err(Box::new(self.closed_to_service(service, mode))),
                    false => Ok(false),
                }
            }
            Err(error) => {
                let what = format!("{shown}: {error}");
                Err(Box::new(
                    Cause::FileUnreadable.failure(what, "Mend the file system."),
                ))
            }
        }
    }

    fn shown(&self) -> String {
        format!("{} {}", self.kind, self.path.display())
    }

    fn unseen(&self, service: &ServiceUser, error: &io::Error) -> Result<bool, Box<Finding>> {
        let shown = self.shown();
        let finding = match error.kind() {
            io::ErrorKind::PermissionDenied if !service.is_taken => return Ok(false),
            io::ErrorKind::PermissionDenied => {
                let directory = closed_directory(self.path);
                let cure = let_in(directory, service);
                let directory = directory.display();
                let user = &service.name;
                let what = format!("{shown}: {user} may not enter the directory {directory}");
                Cause::FileUnreadable.failure(what, cure)
            }
            io::ErrorKind::NotFound => Cause::FileMissing.failure(
                format!("{shown} is missing"),
                "Write the file, or correct its path in the configuration.",
            ),
            _ => Cause::FileUnreadable.failure(
                format!("{shown}: {error}"),
                "Correct the path in the configuration.",
            ),
        };
        Err(Box::new(finding))
    }

    fn open_to_others(&self, mode: u32) -> Finding {
        let (shown, path) = (self.shown(), self.path.display());
        let (may, why) = match (self.is_secret, mode & 0o004 != 0) {
            (true, true) => ("read", "Every user of this host knows the passwords in it."),
            (true, false) => ("use", "It is for the service alone."),
            (false, _) => ("write", "Every user of this host can change it."),
        };
        let mode = format!("{mode:04o}");
        Cause::FileOpen
            .failure(
                format!("all users may {may} {shown} (mode {mode})"),
                format!("Close it to others:\n  chmod o= {path}"),
            )
            .because(format!("{why} The mechanism refuses such a file."))
    }

    fn closed_to_service(&self, service: &ServiceUser, mode: u32) -> Finding {
        let (shown, path) = (self.shown(), self.path.display());
        Cause::FileUnreadable.failure(
            format!("{} may not read {shown} (mode {mode:04o})", service.name),
            format!(
                "Let its group read it:\n  chgrp {} {path}\n  chmod 0640 {path}",
                service.group
            ),
        )
    }
}

/// How the service may enter a directory. That of mech.d is for all users.
fn let_in(directory: &Path, service: &ServiceUser) -> String {
    let (shown, group) = (directory.display(), &service.group);
    match directory == Path::new(GSS_DIRECTORY) {
        true => format!(
            "All users may enter it; secrets in it have a mode of their own:\n  chmod 0755 {shown}"
        ),
        false => format!("Let its group in:\n  chgrp {group} {shown}\n  chmod g+x {shown}"),
    }
}

/// The highest directory on the way to a file that cannot be entered.
fn closed_directory(path: &Path) -> &Path {
    let above: Vec<&Path> = path.ancestors().skip(1).collect();
    let is_closed = |directory: &&Path| fs::metadata(directory.join(".")).is_err();
    above.into_iter().rev().find(is_closed).unwrap_or(path)
}
