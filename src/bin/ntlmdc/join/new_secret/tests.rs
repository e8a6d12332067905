use super::*;
use std::os::unix::fs::MetadataExt;

/// A folder, the path of a secret in it, and the group that both have.
fn folder() -> (tempfile::TempDir, PathBuf, u32) {
    let folder = tempfile::tempdir().unwrap();
    let group = fs::metadata(folder.path()).unwrap().gid();
    let path = folder.path().join("secret");
    (folder, path, group)
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o640);
    fs::set_permissions(path, private).unwrap();
}

fn text(password: &MachinePassword) -> String {
    String::from_utf8(password.expose().to_vec()).unwrap()
}

#[test]
fn the_file_has_both_secrets_until_the_controller_answers() {
    let (_folder, path, group) = folder();
    let files = || SecretFiles::at(&path, group, "WEB1").unwrap();
    let content = || fs::read_to_string(&path).unwrap();
    write(&path, "old\n");

    let (secret, change) = files().begin(true).unwrap();
    assert_eq!(secret.path(), path);
    let next = text(&change.password);
    assert!(content().starts_with("old\nchanged "), "{}", content());
    assert!(content().ends_with(&format!("\nnext {next}\n")));
    change.take_back(&secret).unwrap();
    assert_eq!(content(), "old\n");

    // A run that did not end: the next one has the same password.
    let (_, change) = files().begin(true).unwrap();
    let (_, again) = files().begin(true).unwrap();
    assert_eq!(again.password.expose(), change.password.expose());
    let known: Vec<_> = files().earlier().iter().map(|(one, _)| *one).collect();
    assert_eq!(known, [Earlier::Next, Earlier::Present]);
    again.finish().unwrap();
    let next = text(&again.password);
    assert!(content().starts_with(&format!("{next}\nchanged ")));
    assert!(content().ends_with("\nprevious old\n"));
}

#[test]
fn a_change_that_the_controller_made_is_finished() {
    let (_folder, path, group) = folder();
    write(&path, "old\n");
    let files = || SecretFiles::at(&path, group, "WEB1").unwrap();
    let (_, change) = files().begin(true).unwrap();
    let kept = files().keep(Earlier::Next).unwrap();
    assert_eq!(kept.path(), path);
    let content = fs::read_to_string(&path).unwrap();
    assert!(content.starts_with(&text(&change.password)) && content.ends_with("previous old\n"));
}

#[test]
fn without_a_file_the_new_secret_is_beside_it_before_the_request() {
    let (_folder, path, group) = folder();
    let files = || SecretFiles::at(&path, group, "WEB1").unwrap();
    for is_reset in [true, false] {
        let (secret, change) = files().begin(is_reset).unwrap();
        let draft = whole_file::beside(&path, ".WEB1.new");
        assert_eq!(secret.path(), draft);
        assert_eq!(
            fs::read_to_string(&draft).unwrap().trim(),
            text(&change.password)
        );
        assert!(
            change
                .undecided(&secret)
                .what
                .contains(&*draft.to_string_lossy())
        );
        // The next run goes on with it, also if the controller refuses.
        let (again, same) = files().begin(is_reset).unwrap();
        assert_eq!(same.password.expose(), change.password.expose());
        same.take_back(&again).unwrap();
        assert_eq!(files().earlier().len(), 1);
        files().keep(Earlier::Draft).unwrap();
        assert_eq!(fs::metadata(&draft).unwrap().mode() & 0o777, 0o640);
        // What this run has made goes.
        change.take_back(&secret).unwrap();
        assert!(files().earlier().is_empty() && !path.exists());
    }
}

#[test]
fn a_draft_that_is_no_password_of_ours_is_replaced() {
    let (_folder, path, group) = folder();
    let files = || SecretFiles::at(&path, group, "WEB1").unwrap();
    files()
        .given(&SecretBytes::new(b"prepared".to_vec()))
        .unwrap();
    assert_eq!(files().earlier().len(), 1);
    let (_, change) = files().begin(false).unwrap();
    assert_ne!(change.password.expose(), b"prepared");
    // Another account gets another password.
    assert!(
        SecretFiles::at(&path, group, "WEB2")
            .unwrap()
            .earlier()
            .is_empty()
    );
    write(&path, "a\nb\n");
    assert!(SecretFiles::at(&path, group, "WEB1").is_err());
}
