//! The mechanism as MIT krb5 finds it: mech.d, and the library that it names.

mod library;
mod mech_list;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::check::cause::Cause;
use crate::check::finding::{Finding, Subject};
use crate::check::service::ServiceUser;

use super::permissions::GSS_DIRECTORY;
use library::Kind;
pub use mech_list::OID;
use mech_list::{MechLine, MechList};

/// The beginning of the cure where no line names ntlmdc.
const INSTALL: &str = "Install the package gss-ntlmdc, or gss-mech.conf as";
/// The name of our file, which comes after gss-ntlmssp's.
const OUR_FILE: &str = "/etc/gss/mech.d/ntlmssp-ntlmdc.conf";

/// Looks at the mechanism. `only`: the file of GSS_MECH_CONFIG, which replaces mech.d.
///
/// Returns the library that is loaded, if it is ours and can be.
pub fn look(
    only: Option<&Path>,
    service: &ServiceUser,
    findings: &mut Vec<Finding>,
) -> Option<PathBuf> {
    let list = match only {
        Some(file) => MechList::of_file(file),
        None => MechList::of_directory(Path::new(GSS_DIRECTORY)),
    };
    if service.is_taken {
        findings.extend(
            list.unreadable
                .iter()
                .map(|(file, error)| unreadable(file, error)),
        );
    }
    let Some((winner, before)) = list.lines.split_last() else {
        if list.unreadable.is_empty() {
            findings.push(not_listed(&list));
        }
        return None;
    };
    let path = library::full_path(&winner.library);
    if !service.is_taken && File::open(&path).is_err_and(is_denied) {
        return None;
    }
    match winning(winner, &path, before) {
        Ok(good) => {
            findings.push(good);
            Some(path)
        }
        Err(finding) => {
            findings.push(*finding);
            None
        }
    }
}

fn is_denied(error: io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied
}

fn unreadable(file: &Path, error: &str) -> Finding {
    let shown = file.display();
    let mode = if file.is_dir() { "0755" } else { "0644" };
    let cure = format!("It holds no secret; let all users read it:\n  chmod {mode} {shown}");
    Cause::MechFileUnreadable.warning(format!("{shown}: {error}"), cure)
}

fn not_listed(list: &MechList) -> Finding {
    match list.ignored.first() {
        Some(file) => {
            let file = file.display();
            Cause::MechNotListed.failure(
                format!("{file} is not read: its name does not end in .conf"),
                format!("Rename it:\n  mv {file} {OUR_FILE}"),
            )
        }
        None => Cause::MechNotListed.failure(
            format!(
                "no file in {GSS_DIRECTORY}/mech.d has a line for NTLM ({})",
                mech_list::OID
            ),
            format!("{INSTALL} {OUR_FILE}, and restart the servers."),
        ),
    }
}

/// What the line that counts leads to.
fn winning(line: &MechLine, path: &Path, before: &[MechLine]) -> Result<Finding, Box<Finding>> {
    let (file, shown) = (line.file.display(), path.display());
    let kind = library::kind(path).map_err(|error| {
        let what = format!("{file} names {shown}: {error}");
        let cure = "Install the library there, mode 0644, or correct the line.";
        Box::new(Cause::LibraryMissing.failure(what, cure))
    })?;
    if kind == Kind::Other {
        return Err(Box::new(another(line, path, before)));
    }
    if let Some(finding) = damaged(line, path, &kind).or_else(|| not_loaded(path)) {
        return Err(Box::new(finding));
    }
    let mut what = format!("servers load {shown}, by {file}");
    if let Some(loser) = before.last() {
        let loser = loser.file.display();
        what += &format!("; {loser} comes before it and does not count");
    }
    Ok(Finding::good(Subject::Mechanism, what))
}

fn damaged(line: &MechLine, path: &Path, kind: &Kind) -> Option<Finding> {
    let (file, shown) = (line.file.display(), path.display());
    let (what, cure) = match kind {
        Kind::Ours | Kind::Other => return None,
        Kind::None => (
            format!("{file} names {shown}, which is no library"),
            "Install the library there.",
        ),
        Kind::Foreign(processor) => (
            format!("{shown} is for another processor, {processor}"),
            "Install the library that was built for this host.",
        ),
        Kind::Lacking(names) => (
            format!("{shown} does not export {}", names.join(", ")),
            "It is older than this tool, or damaged. Install both anew, and restart the servers.",
        ),
    };
    Some(Cause::LibraryInvalid.failure(what, cure))
}

fn not_loaded(path: &Path) -> Option<Finding> {
    let shown = path.display();
    match library::load(path) {
        Ok(()) => None,
        Err(Some(said)) => {
            let what = format!("{shown} does not load: {said}");
            let cure = "Install the library that was built for this system.";
            Some(Cause::LibraryInvalid.failure(what, cure))
        }
        Err(None) => {
            let what = format!("whether {shown} loads could not be tried: /bin/true did not run");
            let cure = format!("See what it needs:\n  ldd {shown}");
            Some(Cause::LibraryNotTried.unknown(what, cure))
        }
    }
}

/// Another mechanism has NTLM's identifier, and wins.
fn another(line: &MechLine, path: &Path, before: &[MechLine]) -> Finding {
    let (file, shown) = (line.file.display(), path.display());
    let is_ours = |line: &&MechLine| {
        let kind = library::kind(&library::full_path(&line.library));
        matches!(kind, Ok(Kind::Ours | Kind::Lacking(_)))
    };
    match before.iter().rfind(is_ours) {
        Some(ours) => {
            let ours = ours.file.display();
            Cause::MechHidden.failure(
                format!("servers load {shown}: {file} is read after {ours}, and the last counts"),
                format!(
                    "Give our file a name that is read last, and restart the servers:\n  mv \
                         {ours} {OUR_FILE}"
                ),
            )
        }
        None => Cause::MechNotListed.failure(
            format!(
                "servers load {shown}, by {file}; no file in {GSS_DIRECTORY}/mech.d names ntlmdc"
            ),
            format!("{INSTALL} {OUR_FILE}, and restart the servers."),
        ),
    }
}
