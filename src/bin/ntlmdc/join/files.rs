//! The files of the host, but for the secret.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use nix::unistd::Uid;

use super::on_this_host;
use super::plan::{Plan, Service};
use super::undo::Undo;
use crate::steps::Problem;
use crate::whole_file::{self, Access, Draft};
use crate::{secret_directory, state_at_start};

/// The object identifier of NTLM, as the mechanism's line has it.
const NTLM: &str = "1.3.6.1.4.1.311.2.2.10";
const MECHANISM_LINE: &str = include_str!("../../../../gss-mech.conf");
const MECHANISMS: &str = "/etc/gss/mech.d";
const MECHANISM_FILE: &str = "/etc/gss/mech.d/ntlmssp-ntlmdc.conf";
const LIBRARY: &str = "gss/mech_ntlmdc.so";
const TMPFILES: &str = "/etc/tmpfiles.d/ntlmdc.conf";
/// Root's, for all to read.
const OF_ROOT: Access = Access {
    mode: 0o644,
    owner: None,
    group: Some(0),
};

pub fn failed(path: &Path, error: &io::Error) -> Problem {
    on_this_host(
        format_args!("{}: {error}", path.display()),
        "Mend this, then run this again.",
    )
}

/// Whether the files can be written, and replace nothing that is another's.
///
/// # Errors
/// What is in the way.
pub fn check(plan: &Plan) -> Result<(), Problem> {
    let secret = &plan.secret_path;
    for path in [secret, &plan.config_path] {
        let directory = path.parent().unwrap_or(path);
        fs::create_dir_all(directory).map_err(|error| failed(directory, &error))?;
        secret_directory::check(directory)
            .map_err(|problem| on_this_host(problem, "Then run this again."))?;
        let probe = Draft::write(path, ".probe", b"", Access::default());
        let removed = probe.and_then(|probe| fs::remove_file(probe.path()));
        removed.map_err(|error| failed(path, &error))?;
    }
    let is_used = fs::metadata(secret).is_ok_and(|metadata| metadata.len() > 0);
    match is_used && !plan.has_configuration() {
        true => Err(Problem::new(
            format!(
                "{} is there, and no configuration names it",
                secret.display()
            ),
            "It may be the secret of another account. Move it away, then run this again.",
        )),
        false => Ok(()),
    }
}

/// The configuration: the one that is there, or a draft beside its place.
pub struct Configuration {
    draft: Option<Draft>,
}

impl Configuration {
    /// Writes the draft if there is no configuration.
    ///
    /// # Errors
    /// What the system says.
    pub fn begin(plan: &Plan, netbios: Option<&str>, undo: &mut Undo) -> Result<Self, Problem> {
        if plan.has_configuration() {
            return Ok(Self { draft: None });
        }
        let text = plan.configuration(netbios);
        let draft = Draft::write(&plan.config_path, ".new", text.as_bytes(), OF_ROOT);
        let draft = draft.map_err(|error| failed(&plan.config_path, &error))?;
        undo.draft(draft.path());
        Ok(Self { draft: Some(draft) })
    }

    /// Where it is now.
    pub fn path<'a>(&'a self, plan: &'a Plan) -> &'a Path {
        self.draft.as_ref().map_or(&plan.config_path, Draft::path)
    }

    /// Puts the draft into its place.
    ///
    /// # Errors
    /// What the system says.
    pub fn place(&self, plan: &Plan, undo: &mut Undo) -> Result<String, Problem> {
        let path = &plan.config_path;
        let Some(draft) = &self.draft else {
            return Ok(plan.kept());
        };
        draft.place().map_err(|error| failed(path, &error))?;
        undo.file(path);
        Ok(format!("{}: written", path.display()))
    }
}

/// Makes the state directory, now and at each start of the host. Returns what was done, and what
/// is wrong with what makes it.
///
/// # Errors
/// It cannot be made, or the one that is there belongs to another user.
pub fn make_state_directory(
    plan: &Plan,
    undo: &mut Undo,
) -> Result<(String, Option<String>), Problem> {
    let (path, service) = (&plan.state_dir, &plan.service);
    let there = make_private(path, service, undo)?;
    let (after_boot, wrong) = at_each_start(path, service, undo)?;
    let path = path.display();
    let made = match there {
        true => format!("{path}: as it is{after_boot}"),
        false => format!("{path}, for {}{after_boot}", service.name),
    };
    Ok((made, wrong))
}

/// Writes the line that makes servers load the library, if there is none. Returns whether it was
/// written, and what to say.
///
/// # Errors
/// The library is not installed, or what the system says.
pub fn register_mechanism(undo: &mut Undo) -> Result<(bool, String), Problem> {
    if let Some(file) = registered() {
        return Ok((false, format!("{}: as it is", file.display())));
    }
    if !is_library_installed() {
        return Err(Problem::new(
            "the library mech_ntlmdc.so is not in the system's GSSAPI folder",
            format!("Install it; then {MECHANISM_FILE} needs its line: README.md, step 2."),
        ));
    }
    let path = Path::new(MECHANISM_FILE);
    fs::create_dir_all(MECHANISMS)
        .and_then(|()| whole_file::replace(path, ".new", MECHANISM_LINE.as_bytes(), OF_ROOT))
        .map_err(|error| failed(path, &error))?;
    undo.file(path);
    Ok((true, format!("{MECHANISM_FILE}: written")))
}

/// Whether the directory was there already.
fn make_private(path: &Path, service: &Service, undo: &mut Undo) -> Result<bool, Problem> {
    let made = DirBuilder::new().mode(0o700).create(path);
    match made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(failed(path, &error)),
        Ok(()) => {
            undo.directory(path);
            give(path, service).map_err(|error| failed(path, &error))?;
            return Ok(false);
        }
    }
    let metadata = fs::symlink_metadata(path).map_err(|error| failed(path, &error))?;
    let (shown, mode) = (path.display(), metadata.mode() & 0o7777);
    let is_empty = || fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
    if metadata.is_dir() && metadata.uid() == 0 && service.uid != 0 && mode == 0o700 && is_empty() {
        // A run that was killed has left it.
        give(path, service).map_err(|error| failed(path, &error))?;
        return Ok(true);
    }
    if !metadata.is_dir() || metadata.uid() != service.uid {
        return Err(Problem::new(
            format!("{shown} is not a directory of {}", service.name),
            format!(
                "Name the server's user (--as), or give it the directory: chown {}:{} {shown}",
                service.name, service.group
            ),
        ));
    }
    match mode & 0o077 {
        0 => Ok(true),
        _ => Err(Problem::new(
            format!("{shown} lets other users in (mode {mode:04o})"),
            format!("Close it: chmod 0700 {shown}"),
        )),
    }
}

/// Gives a directory that root has just made to the service. Not by its name: in the place of the
/// directory there may be a link by now.
fn give(path: &Path, service: &Service) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let directory = options
        .read(true)
        .custom_flags(libc::O_DIRECTORY | libc::O_NOFOLLOW)
        .open(path)?;
    if directory.metadata()?.uid() != Uid::effective().as_raw() {
        return Err(io::Error::other("replaced by another user"));
    }
    directory.set_permissions(Permissions::from_mode(0o700))?;
    fchown(&directory, Some(service.uid), Some(service.gid))
}

/// Has systemd make the directory at each start, unless something does. Returns what does, and what
/// is wrong with that.
fn at_each_start(
    path: &Path,
    service: &Service,
    undo: &mut Undo,
) -> Result<(String, Option<String>), Problem> {
    let (name, group, shown) = (&service.name, &service.group, path.display());
    if let Some(maker) = state_at_start::maker(path) {
        let by = maker.file.display();
        let other = maker
            .user
            .filter(|user| user != name && *user != service.uid.to_string());
        let wrong = other.map(|user| {
            format!("{by} makes {shown} for {user} at the next start: change that to {name}")
        });
        return Ok((format!("; {by} makes it at each start"), wrong));
    }
    if !path.starts_with("/run") || !Path::new("/etc/tmpfiles.d").is_dir() {
        return Ok((String::new(), None));
    }
    let line = format!("d {shown} 0700 {name} {group} -");
    let file = Path::new(TMPFILES);
    if fs::symlink_metadata(file).is_ok() {
        let wrong =
            format!("{TMPFILES} is there and stays. For each start it needs the line: {line}");
        return Ok((String::new(), Some(wrong)));
    }
    let text = format!(
        "# The directory in which the processes of a server share the secure channel.\n{line}\n"
    );
    whole_file::replace(file, ".new", text.as_bytes(), OF_ROOT)
        .map_err(|error| failed(file, &error))?;
    undo.file(file);
    Ok((format!("; {TMPFILES} makes it at each start"), None))
}

/// The entries of a folder, by name; none if there is no such folder.
fn entries(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut entries: Vec<_> = entries.map(|entry| entry.path()).collect();
    entries.sort();
    entries
}

/// The file that registers our library.
fn registered() -> Option<PathBuf> {
    let mut files = vec![PathBuf::from("/etc/gss/mech")];
    let is_read = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "conf");
    files.extend(entries(MECHANISMS).into_iter().filter(is_read));
    files.into_iter().find(|file| {
        let text = fs::read_to_string(file).unwrap_or_default();
        text.lines().any(is_ours)
    })
}

fn is_ours(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    matches!(words.as_slice(), [name, NTLM, library, ..]
        if !name.starts_with('#') && library.contains("ntlmdc"))
}

fn is_library_installed() -> bool {
    let in_folder = |folder: &PathBuf| folder.join(LIBRARY).is_file();
    let mut folders: Vec<PathBuf> = ["/usr/lib", "/usr/lib64"].map(PathBuf::from).into();
    folders.extend(entries("/usr/lib"));
    folders.iter().any(in_folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mechanisms_line_is_known() {
        assert_eq!(
            MECHANISM_LINE.lines().filter(|line| is_ours(line)).count(),
            1
        );
        for other in [
            "",
            "ntlmssp 1.3.6.1.4.1.311.2.2.10 /usr/lib/gssntlmssp.so",
            "#ntlmssp 1.3.6.1.4.1.311.2.2.10 mech_ntlmdc.so",
            "krb5 1.2.840.113554.1.2.2 mech_ntlmdc.so",
        ] {
            assert!(!is_ours(other), "{other}");
        }
    }
}
