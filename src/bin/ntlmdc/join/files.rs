//! The files of the host. Each is written beside its place, and then renamed: it is there as a
//! whole, or not at all.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use gss_ntlmdc::base::crypto::SecretBytes;
use nix::unistd::Uid;

use super::on_this_host;
use super::plan::{Plan, Service};
use super::undo::Undo;
use crate::secret_directory;
use crate::steps::Problem;

/// The object identifier of NTLM, as the mechanism's line has it.
const NTLM: &str = "1.3.6.1.4.1.311.2.2.10";
const MECHANISM_LINE: &str = include_str!("../../../../gss-mech.conf");
const MECHANISMS: &str = "/etc/gss/mech.d";
const MECHANISM_FILE: &str = "/etc/gss/mech.d/ntlmssp-ntlmdc.conf";
const LIBRARY: &str = "gss/mech_ntlmdc.so";
const TMPFILES: &str = "/etc/tmpfiles.d/ntlmdc.conf";

/// The path of a file that is not in its place yet.
pub fn draft_of(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".new");
    name.into()
}

/// Writes a file as a whole.
///
/// # Errors
/// What the system says.
pub fn write(path: &Path, bytes: &[u8], mode: u32, group: u32) -> io::Result<()> {
    let draft = draft_of(path);
    write_draft(&draft, bytes, mode, group)?;
    place(&draft, path)
}

/// Writes a file that is renamed later, or stays beside its place.
///
/// # Errors
/// What the system says.
pub fn write_draft(draft: &Path, bytes: &[u8], mode: u32, group: u32) -> io::Result<()> {
    match fs::remove_file(draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(draft)?;
    let written = fchown(&file, None, Some(group))
        .and_then(|()| file.set_permissions(Permissions::from_mode(mode)))
        .and_then(|()| file.write_all(bytes))
        .and_then(|()| file.sync_all());
    written.inspect_err(|_| drop(fs::remove_file(draft)))
}

fn place(draft: &Path, path: &Path) -> io::Result<()> {
    fs::rename(draft, path)?;
    let directory = path.parent().unwrap_or(path);
    File::open(directory)?.sync_all()
}

/// Replaces the secret, which root writes and the service's group reads.
///
/// # Errors
/// What the system says. The file is as before.
pub fn replace_secret(path: &Path, content: &SecretBytes, group: u32) -> Result<(), Problem> {
    let mut draft = OsString::from(path);
    draft.push(".reset");
    let draft = PathBuf::from(draft);
    write_draft(&draft, content.expose(), 0o640, group)
        .and_then(|()| place(&draft, path))
        .map_err(|error| failed(path, &error))
}

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
        let probe = draft_of(path);
        write_draft(&probe, b"", 0o600, 0).map_err(|error| failed(&probe, &error))?;
        fs::remove_file(&probe).map_err(|error| failed(&probe, &error))?;
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

/// The files of a join: the new secret is written, and not in its place yet.
pub struct HostFiles {
    /// The new secret.
    pub new_secret: PathBuf,
}

impl HostFiles {
    /// Writes the new secret: for root, and for the service's group.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn begin(plan: &Plan, password: &SecretBytes, undo: &mut Undo) -> Result<Self, Problem> {
        let new_secret = draft_of(&plan.secret_path);
        let line = SecretBytes::new([password.expose(), b"\n"].concat());
        write_draft(&new_secret, line.expose(), 0o640, plan.service.gid)
            .map_err(|error| failed(&new_secret, &error))?;
        undo.draft(&new_secret);
        Ok(Self { new_secret })
    }

    /// Puts the new secret into its place.
    ///
    /// # Errors
    /// What the system says.
    pub fn place_secret(&self, plan: &Plan) -> Result<String, Problem> {
        let path = &plan.secret_path;
        place(&self.new_secret, path).map_err(|error| failed(path, &error))?;
        Ok(placed(plan))
    }

    /// Removes the new secret, which is in its place already.
    ///
    /// # Errors
    /// What the system says.
    pub fn forget_new_secret(&self, plan: &Plan) -> Result<String, Problem> {
        fs::remove_file(&self.new_secret).map_err(|error| failed(&self.new_secret, &error))?;
        Ok(placed(plan))
    }

    /// Makes the state directory, now and at each start of the host.
    ///
    /// # Errors
    /// It cannot be made, or the one that is there belongs to another user.
    pub fn make_state_directory(&self, plan: &Plan, undo: &mut Undo) -> Result<String, Problem> {
        let (path, service) = (&plan.state_dir, &plan.service);
        let there = make_private(path, service, undo)?;
        let after_boot = at_each_start(path, service, undo)?;
        let path = path.display();
        Ok(match there {
            true => format!("{path}: as it is{after_boot}"),
            false => format!("{path}, for {}{after_boot}", service.name),
        })
    }

    /// Writes the configuration, if there is none.
    ///
    /// # Errors
    /// What the system says.
    pub fn write_configuration(
        &self,
        plan: &Plan,
        netbios: Option<&str>,
        undo: &mut Undo,
    ) -> Result<String, Problem> {
        let path = &plan.config_path;
        if plan.has_configuration() {
            return Ok(format!("{}: as it is", path.display()));
        }
        let text = plan.configuration(netbios);
        write(path, text.as_bytes(), 0o644, 0).map_err(|error| failed(path, &error))?;
        undo.file(path);
        Ok(format!("{}: written", path.display()))
    }

    /// Writes the line that makes servers load the library, if there is none.
    ///
    /// # Errors
    /// The library is not installed, or what the system says.
    pub fn register_mechanism(&self, undo: &mut Undo) -> Result<String, Problem> {
        if let Some(file) = registered() {
            return Ok(format!("{}: as it is", file.display()));
        }
        if !is_library_installed() {
            return Err(Problem::new(
                "the library mech_ntlmdc.so is not in the system's GSSAPI folder",
                format!("Install it; then {MECHANISM_FILE} needs its line: README.md, step 2."),
            ));
        }
        let path = Path::new(MECHANISM_FILE);
        fs::create_dir_all(MECHANISMS)
            .and_then(|()| write(path, MECHANISM_LINE.as_bytes(), 0o644, 0))
            .map_err(|error| failed(path, &error))?;
        undo.file(path);
        Ok(format!("{MECHANISM_FILE}: written"))
    }
}

fn placed(plan: &Plan) -> String {
    let (path, service) = (plan.secret_path.display(), &plan.service.name);
    format!("{path}, for root and the group of {service}")
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
    match metadata.is_dir() && metadata.uid() == service.uid {
        true => Ok(true),
        false => Err(Problem::new(
            format!("{} is not a directory of {}", path.display(), service.name),
            format!(
                "Name the server's user (--service-user), or give it the directory: chown {} {}",
                service.name,
                path.display()
            ),
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

/// A directory under /run is gone after a start of the host, unless systemd makes it.
fn at_each_start(path: &Path, service: &Service, undo: &mut Undo) -> Result<String, Problem> {
    let names_it = |file: &PathBuf| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let mut lines = text.lines().filter(|line| line.starts_with('d'));
        lines.any(|line| line.split_whitespace().nth(1).map(Path::new) == Some(path))
    };
    let folders = ["/etc/tmpfiles.d", "/run/tmpfiles.d", "/usr/lib/tmpfiles.d"];
    let has_line = folders
        .iter()
        .any(|folder| entries(folder).iter().any(names_it));
    if !path.starts_with("/run") || has_line || !Path::new("/etc/tmpfiles.d").is_dir() {
        return Ok(String::new());
    }
    let name = &service.name;
    let text = format!(
        "# The directory in which the processes of a server share the secure channel.\n\
         d {} 0700 {name} {name} -\n",
        path.display()
    );
    let file = Path::new(TMPFILES);
    if fs::symlink_metadata(file).is_ok() {
        return Ok(format!(
            "; {TMPFILES} is there and stays. For each start it needs this line: \
             d {} 0700 {name} {name} -",
            path.display()
        ));
    }
    write(file, text.as_bytes(), 0o644, 0).map_err(|error| failed(file, &error))?;
    undo.file(file);
    Ok(format!("; {TMPFILES} makes it at each start"))
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

    #[test]
    fn a_file_is_replaced_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let group = fs::metadata(folder.path()).unwrap().gid();
        for content in [&b"one"[..], b"two"] {
            // A draft of a killed run is no obstacle.
            fs::write(draft_of(&path), b"half").unwrap();
            write(&path, content, 0o640, group).unwrap();
            assert_eq!(fs::read(&path).unwrap(), content);
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o640);
            assert!(!draft_of(&path).exists());
        }
    }
}
