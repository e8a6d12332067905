//! The library of the mechanism: is it ours, is it whole, does it load?

use std::collections::BTreeSet;
use std::env::consts::ARCH;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use gss_ntlmdc::base::file;
use object::{Object, ObjectSymbol};

use super::super::trial;

/// What ci/symbols demands of the library.
const EXPORTS: &str = include_str!("../../../../../../ci/symbols.list");
/// The library is not larger than 3 MiB, with debug information not larger than this.
const LIMIT: u64 = 256 << 20;
/// In our library, and in no other: the variable that names its configuration.
const MARK: &[u8] = b"NTLMDC_CONFIG";

/// What a file is.
#[derive(Debug, PartialEq, Eq)]
pub enum Kind {
    /// Our library, with all that it must export.
    Ours,
    /// Our library of another version, without these exports.
    Lacking(Vec<&'static str>),
    /// A library for another processor.
    Foreign(String),
    /// Another library.
    Other,
    /// No library.
    None,
}

/// What the file of a library is.
///
/// # Errors
/// It cannot be read.
pub fn kind(path: &Path) -> std::io::Result<Kind> {
    let bytes = file::read_system(path, LIMIT)?;
    let Ok(library) = object::File::parse(bytes.as_slice()) else {
        return Ok(Kind::None);
    };
    let (architecture, is_ours) = (format!("{:?}", library.architecture()), is_ours(&library));
    if !is_ours {
        return Ok(Kind::Foreign(architecture.to_lowercase()));
    }
    if !bytes.windows(MARK.len()).any(|window| window == MARK) {
        return Ok(Kind::Other);
    }
    let symbols = library.dynamic_symbols();
    let exports: BTreeSet<&str> = symbols
        .filter(|symbol| symbol.is_definition())
        .filter_map(|symbol| symbol.name().ok())
        .collect();
    let lacking: Vec<&str> = EXPORTS
        .split_whitespace()
        .filter(|name| !exports.contains(name))
        .collect();
    Ok(match lacking.is_empty() {
        true => Kind::Ours,
        false => Kind::Lacking(lacking),
    })
}

/// Whether a library is for the processor that runs this program.
fn is_ours(library: &object::File) -> bool {
    let plain = |name: &str| match name.to_lowercase().replace('_', "").as_str() {
        "i386" => "x86".to_owned(),
        other => other.to_owned(),
    };
    let architecture = format!("{:?}", library.architecture());
    plain(&architecture) == plain(ARCH)
        && library.is_little_endian() == cfg!(target_endian = "little")
}

/// Debian's name of an architecture (dpkg-architecture, DEB_HOST_MULTIARCH), where it is not that
/// of the processor and `-linux-gnu`.
fn multiarch(architecture: &str, is_little_endian: bool) -> String {
    match (architecture, is_little_endian) {
        ("x86", _) => "i386-linux-gnu".to_owned(),
        ("arm", true) => "arm-linux-gnueabihf".to_owned(),
        ("mips64", true) => "mips64el-linux-gnuabi64".to_owned(),
        ("powerpc64", true) => "powerpc64le-linux-gnu".to_owned(),
        _ => format!("{architecture}-linux-gnu"),
    }
}

/// The path of a library as a line has it: one without a slash at its beginning is in the system's
/// GSSAPI folder.
pub fn full_path(library: &Path) -> PathBuf {
    let multiarch = multiarch(ARCH, cfg!(target_endian = "little"));
    let own = format!("/usr/lib/{multiarch}/gss");
    let folders = [own.as_str(), "/usr/lib64/gss", "/usr/lib/gss"];
    let is_folder = |folder: &&&str| Path::new(folder).is_dir();
    let folder = folders.iter().find(is_folder).copied();
    // An absolute path replaces the folder.
    Path::new(folder.unwrap_or(own.as_str())).join(library)
}

/// Has the system's loader load the library into a process of its own, with all symbols bound.
///
/// # Errors
/// What the loader says; or that it could not be asked: `None`.
pub fn load(path: &Path) -> Result<(), Option<String>> {
    const PATIENCE: Duration = Duration::from_secs(10);
    let mut command = Command::new("/bin/true");
    command
        .env_clear()
        .env("LD_PRELOAD", path)
        .env("LD_BIND_NOW", "1");
    let outcome = trial::run(command, PATIENCE).ok_or(None)?;
    match outcome.is_success && outcome.errors.is_empty() {
        true => Ok(()),
        false => Err(Some(outcome.errors)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_library_of_the_system_is_another_one() {
        let libc = fs::read_to_string("/proc/self/maps").unwrap();
        let path = libc
            .split_whitespace()
            .find(|word| word.contains("/libc.so"));
        let path = Path::new(path.unwrap());
        assert_eq!(kind(path).unwrap(), Kind::Other);
        assert_eq!(load(path), Ok(()));
    }

    #[test]
    fn what_does_not_load() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("text.so");
        fs::write(&path, "no library").unwrap();
        assert_eq!(kind(&path).unwrap(), Kind::None);
        let said = load(&path).unwrap_err().unwrap();
        assert!(said.contains("cannot be preloaded"), "{said}");
        assert!(kind(&directory.path().join("none")).is_err());
    }

    #[test]
    fn a_library_of_another_processor() {
        let mut elf = b"\x7fELF\x02\x01\x01".to_vec();
        elf.resize(64, 0);
        let machine: u16 = if cfg!(target_arch = "aarch64") {
            62
        } else {
            183
        };
        elf[16..18].copy_from_slice(&3u16.to_le_bytes());
        elf[18..20].copy_from_slice(&machine.to_le_bytes());
        elf[20] = 1;
        elf[52] = 64;
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), elf).unwrap();
        assert!(matches!(kind(file.path()).unwrap(), Kind::Foreign(_)));
    }

    #[test]
    fn paths_are_the_systems() {
        assert_eq!(full_path(Path::new("/a/b.so")), Path::new("/a/b.so"));
        assert!(full_path(Path::new("b.so")).ends_with("gss/b.so"));
        for (architecture, is_little_endian, expected) in [
            ("x86_64", true, "x86_64-linux-gnu"),
            ("aarch64", true, "aarch64-linux-gnu"),
            ("x86", true, "i386-linux-gnu"),
            ("arm", true, "arm-linux-gnueabihf"),
            ("powerpc64", true, "powerpc64le-linux-gnu"),
            ("riscv64", true, "riscv64-linux-gnu"),
            ("s390x", false, "s390x-linux-gnu"),
            ("mips64", true, "mips64el-linux-gnuabi64"),
        ] {
            assert_eq!(multiarch(architecture, is_little_endian), expected);
        }
    }
}
