use super::*;

/// Writes files, reads the first of them, and shows the tree in one line.
fn shown(files: &[(&str, &str)]) -> (String, ConfigTree) {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let main = directory.path().join(files[0].0);
    let tree = read(
        &main,
        BTreeMap::from([("LOGS".to_owned(), "/logs".to_owned())]),
    );
    (list(&tree.top), tree)
}

fn list(directives: &[Directive]) -> String {
    let all = directives.iter().map(|one| match &one.children {
        Some(children) => format!("{} {}({})", one.name, one.raw, list(children)),
        None => format!("{} {}", one.name, one.raw).trim_end().to_owned(),
    });
    all.collect::<Vec<_>>().join("; ")
}

#[test]
fn files_are_included_in_order() {
    let (shown, tree) = shown(&[
        (
            "main.conf",
            "A\nInclude on/*.conf\nIncludeOptional none/*.conf\nInclude missing\nB ${LOGS}",
        ),
        ("on/2.conf", "Two"),
        ("on/1.conf", "<Location \"/\">\nInclude more\n</Location>"),
        ("on/3.txt", "Three"),
        ("more/a", "Inner"),
        ("more/deep/b", "Deeper"),
    ]);
    assert_eq!(shown, "a; location \"/\"(inner; deeper); two; b /logs");
    assert_eq!(tree.problems, ["missing: there is no such file to include"]);
}

#[test]
fn conditions_are_decided() {
    let text = "LoadModule mpm_event_module modules/mod_mpm_event.so\n\
        <IfModule mod_ssl.c>\nNo\n</IfModule>\n<IfModule !mod_ssl.c>\nYes 1\n</IfModule>\n\
        <IfModule event.c>\nYes 2\n<IfDefine Off>\nNo\n<Location /a>\nNo\n</Location>\n\
        </IfDefine>\n</IfModule>\nDefine Off\n<IfDefine Off>\nYes 3\n</IfDefine>\n\
        <IfVersion < 2.4>\nNo\n</IfVersion>\n<IfVersion >= 2.4>\nYes 4\n</IfVersion>\n\
        <Macro Site $a>\nNo\n</Macro>\nUse Site b\nUse Site c\n";
    let (shown, tree) = shown(&[("main.conf", text)]);
    let yes: Vec<&str> = shown
        .split("; ")
        .filter(|one| one.starts_with("yes"))
        .collect();
    assert_eq!(yes, ["yes 1", "yes 2", "yes 3", "yes 4"]);
    assert!(!shown.contains("no"), "{shown}");
    assert!(tree.has_module("mpm_event_module") && tree.has_module("so_module"));
    assert_eq!(tree.problems.len(), 1, "{:?}", tree.problems);
}

#[test]
fn a_file_that_includes_itself_has_an_end() {
    let (_, tree) = shown(&[("main.conf", "A\nInclude main.conf\n")]);
    assert!(
        tree.problems
            .iter()
            .any(|problem| problem.contains("too many files"))
    );
    let deep = format!(
        "{}{}Last",
        "<If a>\n".repeat(10_000),
        "</If>\n".repeat(10_000)
    );
    let (deep, tree) = shown(&[("main.conf", &deep)]);
    assert_eq!(deep.matches("if").count(), DEPTH);
    assert!(deep.ends_with("; last"));
    assert_eq!(tree.problems.len(), 1);
}

#[test]
fn a_directory_that_leads_to_itself_has_an_end() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["a", "b"] {
        std::os::unix::fs::symlink(".", directory.path().join(name)).unwrap();
    }
    fs::write(directory.path().join("c"), "").unwrap();
    let files = matching(directory.path());
    assert!(
        files.len() <= FOLDERS && !files.is_empty(),
        "{}",
        files.len()
    );
}

#[test]
fn wildcards() {
    for (pattern, name, expected) in [
        ("*.conf", "a.conf", true),
        ("*.conf", "a.conf.bak", false),
        ("a?c", "abc", true),
        ("[0-9]*", "1x", true),
        ("*", "", true),
        ("a*b*c", "a-b-b-c", true),
        ("a", "b", false),
    ] {
        assert_eq!(
            is_match(pattern.as_bytes(), name.as_bytes()),
            expected,
            "{pattern} {name}"
        );
    }
}
