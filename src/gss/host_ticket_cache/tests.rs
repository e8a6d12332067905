use super::*;
use std::fs::{OpenOptions, Permissions, set_permissions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};

use rustix::fs::{CWD, FileType, Mode, mknodat};

/// A directory of ours with a cache `own`.
fn caches() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options.open(directory.path().join("own")).unwrap();
    directory
}

fn us() -> u32 {
    geteuid().as_raw()
}

fn checked(kind: &str, path: &Path, us: u32) -> Result<(), NoTicket> {
    check(format!("{kind}{}", path.display()).as_bytes(), us)
}

/// Why the cache is refused, behind its path.
#[track_caller]
fn refused(kind: &str, path: &Path, us: u32) -> String {
    let error = checked(kind, path, us).unwrap_err();
    assert!(matches!(error, NoTicket::NotOurs { .. }), "{error:?}");
    let text = error.to_string();
    let reason = text.strip_prefix(&format!("the ticket cache {} ", path.display()));
    reason.expect(&text).to_owned()
}

#[test]
fn a_cache_of_ours_is_accepted() {
    let directory = caches();
    let own = directory.path().join("own");
    for kind in ["", "FILE:", "DIR::"] {
        checked(kind, &own, us()).unwrap();
    }
    set_permissions(&own, Permissions::from_mode(0o644)).unwrap();
    checked("FILE:", &own, us()).unwrap();
    checked("DIR:", directory.path(), us()).unwrap();
    checked("DIR:", &directory.path().join(""), us()).unwrap();
}

#[test]
fn a_cache_of_another_user_is_refused() {
    let directory = caches();
    let own = directory.path().join("own");
    let belongs = format!("belongs to user {}", us());
    for kind in ["", "FILE:"] {
        assert_eq!(refused(kind, &own, us() + 1), belongs);
    }
    assert_eq!(refused("DIR:", directory.path(), us() + 1), belongs);
    assert!(checked("DIR::", &own, us() + 1).is_err());
}

#[test]
fn a_cache_that_others_may_write_is_refused() {
    let directory = caches();
    let own = directory.path().join("own");
    for mode in [0o620, 0o602, 0o666] {
        set_permissions(&own, Permissions::from_mode(mode)).unwrap();
        for kind in ["", "FILE:", "DIR::"] {
            let reason = refused(kind, &own, us());
            assert_eq!(reason, format!("lets others write: mode {mode:04o}"));
        }
    }
    set_permissions(&own, Permissions::from_mode(0o600)).unwrap();
    for mode in [0o770, 0o1777] {
        set_permissions(directory.path(), Permissions::from_mode(mode)).unwrap();
        let reason = refused("DIR:", directory.path(), us());
        assert_eq!(reason, format!("lets others write: mode {mode:04o}"));
        assert!(checked("DIR::", &own, us()).is_err());
    }
}

#[test]
fn what_is_not_a_file_is_refused() {
    let directory = caches();
    let path = |name: &str| directory.path().join(name);
    for (link, target) in [("link", "own"), ("dangling", "none"), ("directory", ".")] {
        symlink(path(target), path(link)).unwrap();
        for kind in ["", "FILE:", "DIR:", "DIR::"] {
            assert_eq!(refused(kind, &path(link), us()), "is a symbolic link");
        }
    }
    // The kernel would follow it.
    let behind = path("directory").join("");
    assert_eq!(refused("DIR:", &behind, us()), "is a symbolic link");
    let mode = Mode::RUSR | Mode::WUSR;
    mknodat(CWD, path("fifo"), FileType::Fifo, mode, 0).unwrap();
    for kind in ["", "FILE:", "DIR::"] {
        assert_eq!(refused(kind, &path("fifo"), us()), "is not a regular file");
    }
    assert_eq!(refused("DIR:", &path("own"), us()), "is not a directory");
    let reason = refused("FILE:", directory.path(), us());
    assert_eq!(reason, "is not a regular file");
    fs::hard_link(path("own"), path("second")).unwrap();
    assert!(refused("FILE:", &path("own"), us()).contains("hard link"));
}

#[test]
fn no_cache_is_no_ticket() {
    let directory = caches();
    let none = directory.path().join("none");
    for kind in ["", "FILE:", "DIR:", "DIR::"] {
        let error = checked(kind, &none, us()).unwrap_err();
        assert!(matches!(&error, NoTicket::Absent(_)), "{error:?}");
        assert_eq!(error.to_string(), format!("there is no {}", none.display()));
    }
    // There, none can be.
    let reason = refused("FILE:", &directory.path().join("own/below"), us());
    assert!(reason.starts_with("cannot be examined"), "{reason}");
}

#[test]
fn the_type_of_a_cache_is_read_as_by_libkrb5() {
    for name in ["KEYRING:persistent:0", "KCM:", "KCM:0", "MEMORY:x"] {
        check(name.as_bytes(), us()).unwrap();
    }
    for name in ["API:x", "file:x", "KCMX:", ":x", "STD:\u{1b}[1m"] {
        let error = check(name.as_bytes(), us()).unwrap_err().to_string();
        assert!(error.contains("unknown type"), "{error}");
        assert!(!error.contains('\u{1b}'), "{error}");
    }
    // A path.
    for name in ["", "x:none", "FILE:", "none"] {
        let error = check(name.as_bytes(), us()).unwrap_err();
        assert!(matches!(error, NoTicket::Absent(_)), "{error:?}");
    }
}
