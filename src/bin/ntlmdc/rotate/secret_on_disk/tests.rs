use super::*;
use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use nix::unistd::{Uid, User};

/// Those of the user that runs the tests.
fn rights() -> BorrowedRights {
    let user = User::from_uid(Uid::effective()).unwrap().unwrap();
    BorrowedRights::take(&user.name).unwrap()
}

fn directory(content: &str) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("secret");
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
    (directory, path)
}

fn names(directory: &tempfile::TempDir) -> Vec<String> {
    let entries = fs::read_dir(directory.path()).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn the_file_is_replaced_with_owner_and_mode() {
    let rights = rights();
    let (directory, path) = directory("new\r\nchanged 7\nprevious old\n");
    // A killed run may have left more than a new file would have.
    fs::write(directory.path().join("secret.rotate"), [b'x'; 9999]).unwrap();
    let before = fs::metadata(&path).unwrap();
    let mut secret = SecretOnDisk::lock(&path, &rights).unwrap();
    let (file, _) = secret.read().unwrap();
    secret.write(&file).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new\nchanged 7\nprevious old\n");
    let after = fs::metadata(&path).unwrap();
    let facts = |metadata: &fs::Metadata| (metadata.mode(), metadata.uid(), metadata.gid());
    assert_eq!(facts(&after), facts(&before));
    assert_ne!(after.ino(), before.ino());
    assert_eq!(names(&directory), ["secret", "secret.lock"]);
}

#[test]
fn a_link_to_the_file_stays() {
    let rights = rights();
    let (directory, path) = directory("old\n");
    let link = directory.path().join("link");
    symlink("secret", &link).unwrap();
    let mut secret = SecretOnDisk::lock(&link, &rights).unwrap();
    let (file, _) = secret.read().unwrap();
    secret.write(&file).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(fs::symlink_metadata(&path).unwrap().is_file());
}

#[test]
fn a_file_that_the_server_could_not_read_is_not_put_in_place() {
    let rights = rights();
    let (directory, path) = directory("old\n");
    let mut secret = SecretOnDisk::lock(&path, &rights).unwrap();
    let (file, _) = secret.read().unwrap();
    // The new file would have this mode too.
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    let before = fs::metadata(&path).unwrap().ino();
    let problem = secret.write(&file).unwrap_err();
    assert!(
        problem.contains("the server could not read it"),
        "{problem}"
    );
    assert_eq!(fs::metadata(&path).unwrap().ino(), before);
    assert_eq!(names(&directory), ["secret", "secret.lock"]);
}

#[test]
fn only_one_run_has_the_file() {
    let rights = rights();
    let (_directory, path) = directory("old\n");
    let first = SecretOnDisk::lock(&path, &rights).unwrap();
    let Err(problem) = SecretOnDisk::lock(&path, &rights) else {
        panic!("two runs");
    };
    assert!(problem.contains("another `ntlmdc rotate`"), "{problem}");
    drop(first);
    assert!(SecretOnDisk::lock(&path, &rights).is_ok());
}

#[test]
fn root_writes_only_where_no_other_user_can() {
    let directory = tempfile::tempdir().unwrap();
    for (mode, is_safe) in [
        (0o755, true),
        (0o750, true),
        (0o775, false),
        (0o1777, false),
    ] {
        fs::set_permissions(directory.path(), Permissions::from_mode(mode)).unwrap();
        let checked = secret_directory::check(directory.path());
        // The directory of another user is never safe.
        assert_eq!(
            checked.is_ok(),
            is_safe && Uid::effective().is_root(),
            "{mode:o}"
        );
    }
}
