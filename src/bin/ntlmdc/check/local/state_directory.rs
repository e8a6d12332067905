//! The state directory: the service's alone, there after a restart, with room.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{Access, access, statfs, statvfs};

use crate::check::cause::Cause;
use crate::check::finding::{Finding, Subject};
use crate::check::service::ServiceUser;
use crate::state_at_start;

/// TMPFS_MAGIC of linux/magic.h.
const TMPFS: i128 = 0x0102_1994;
/// More than all files of a state directory need.
const ROOM: u64 = 1 << 20;

/// Looks at the directory, with the service's rights.
pub fn look(path: &Path, service: &ServiceUser) -> Finding {
    let shown = path.display();
    let (user, group) = (&service.name, &service.group);
    match fs::symlink_metadata(path) {
        Err(error) => Cause::StateDirectoryMissing.warning(
            format!("the state directory {shown}: {error}"),
            format!(
                "Make it, and let systemd make it at each start:\n{}",
                made(path, service)
            ),
        ),
        Ok(metadata) => match problem(&metadata, path, service) {
            Some(problem) => Cause::StateDirectoryUnusable.warning(
                format!("the state directory {shown} {problem}"),
                format!(
                    "It is for {user} alone:\n  chown {user}:{group} {shown}\n  chmod 0700 {shown}"
                ),
            ),
            None => lasting(path, service).unwrap_or_else(|| {
                let what = format!("the state directory {shown} is {user}'s alone");
                Finding::good(Subject::Files, what)
            }),
        },
    }
}

fn problem(metadata: &Metadata, path: &Path, service: &ServiceUser) -> Option<String> {
    if !metadata.is_dir() {
        return Some("is not a directory".to_owned());
    }
    if metadata.uid() != service.uid {
        return Some(format!(
            "belongs to user {}, not to {}",
            metadata.uid(),
            service.name
        ));
    }
    let mode = metadata.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Some(format!("lets other users in (mode {mode:04o})"));
    }
    let wanted = Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK;
    match access(path, wanted) {
        Err(error) if service.is_taken => Some(format!("cannot be written: {error}")),
        _ => None,
    }
}

/// What will be wrong with it, though it is usable now.
fn lasting(path: &Path, service: &ServiceUser) -> Option<Finding> {
    let shown = path.display();
    let room = statvfs(path).ok()?;
    let has_nodes = room.f_files == 0 || room.f_favail > 0;
    if room.f_bavail.saturating_mul(room.f_frsize) < ROOM || !has_nodes {
        let what = format!("the file system of the state directory {shown} is full");
        return Some(Cause::StateDirectoryFull.warning(what, "Make room on it."));
    }
    let is_volatile = statfs(path).is_ok_and(|system| i128::from(system.f_type) == TMPFS);
    if !is_volatile || state_at_start::maker(path).is_some() {
        return None;
    }
    Some(Cause::StateDirectoryVolatile.warning(
        format!("the state directory {shown} is in memory, and nothing makes it at the next start"),
        format!("Let systemd make it:\n{}", made(path, service)),
    ))
}

/// The commands that make the directory now, and at each start.
fn made(path: &Path, service: &ServiceUser) -> String {
    let (path, user, group) = (path.display(), &service.name, &service.group);
    format!(
        "  echo 'd {path} 0700 {user} {group} -' >/etc/tmpfiles.d/ntlmdc.conf\n  \
           systemd-tmpfiles --create ntlmdc.conf"
    )
}
