//! What is left to do after a join, by what this host has.

use std::fs;
use std::path::{Path, PathBuf};

/// Debian's Apache.
const APACHE: &str = "/etc/apache2";

/// The commands that make Apache ask for a login, as far as that is not done; and one that tries a
/// user. `is_new`: servers that run now have not loaded the mechanism.
pub fn commands(is_new: bool, netbios: &str) -> Vec<String> {
    let mut commands = of_apache(Path::new(APACHE), is_new);
    commands.push(format!("ntlmdc login '{netbios}\\USER'"));
    commands
}

fn of_apache(apache: &Path, is_new: bool) -> Vec<String> {
    let mut commands = Vec::new();
    if !apache.is_dir() {
        return commands;
    }
    let has = |name: &str| fs::symlink_metadata(apache.join(name)).is_ok();
    if !has("mods-available/auth_gssapi.load") {
        commands.push("apt-get install libapache2-mod-auth-gssapi".to_owned());
    }
    let modules = ["auth_gssapi", "headers"].into_iter();
    let missing: Vec<&str> = modules
        .filter(|module| !has(&format!("mods-enabled/{module}.load")))
        .collect();
    if !missing.is_empty() {
        commands.push(format!("a2enmod {}", missing.join(" ")));
    }
    if !asks_for_logins(apache) {
        commands.push(match has("conf-available/ntlmdc.conf") {
            true => "a2enconf ntlmdc".to_owned(),
            false => "# protect a location, as docs/apache.md has it".to_owned(),
        });
    }
    if is_new || !commands.is_empty() {
        commands.push("systemctl restart apache2".to_owned());
    }
    commands
}

/// Whether a file that Apache reads asks for a login by GSSAPI.
fn asks_for_logins(apache: &Path) -> bool {
    let folders = ["conf-enabled", "sites-enabled"].map(|folder| apache.join(folder));
    let files = folders.iter().flat_map(fs::read_dir).flatten().flatten();
    let files = files.map(|entry| entry.path());
    let own: PathBuf = apache.join("apache2.conf");
    files.chain([own]).any(|file| {
        let text = fs::read_to_string(file).unwrap_or_default();
        text.lines().any(|line| {
            let words: Vec<String> = line.split_whitespace().map(str::to_lowercase).collect();
            match words.as_slice() {
                [key, value, ..] if key == "authtype" => value.trim_matches('"') == "gssapi",
                [key, value, ..] => key.starts_with("include") && value.contains("ntlmdc"),
                _ => false,
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_is_left_out() {
        let root = tempfile::tempdir().unwrap();
        let apache = root.path().join("apache2");
        assert_eq!(of_apache(&apache, true), [""; 0]);
        for folder in [
            "mods-available",
            "mods-enabled",
            "conf-available",
            "conf-enabled",
            "sites-enabled",
        ] {
            fs::create_dir_all(apache.join(folder)).unwrap();
        }
        let touch = |name: &str, text: &str| fs::write(apache.join(name), text).unwrap();
        let restart = "systemctl restart apache2";
        assert_eq!(
            of_apache(&apache, false),
            [
                "apt-get install libapache2-mod-auth-gssapi",
                "a2enmod auth_gssapi headers",
                "# protect a location, as docs/apache.md has it",
                restart,
            ]
        );
        touch("mods-available/auth_gssapi.load", "");
        touch("mods-enabled/headers.load", "");
        touch("conf-available/ntlmdc.conf", "");
        let left = ["a2enmod auth_gssapi", "a2enconf ntlmdc", restart];
        assert_eq!(of_apache(&apache, false), left);
        touch("mods-enabled/auth_gssapi.load", "");
        touch(
            "sites-enabled/a.conf",
            "# AuthType GSSAPI\nAuthType Basic\n",
        );
        assert_eq!(of_apache(&apache, false), ["a2enconf ntlmdc", restart]);
        touch(
            "sites-enabled/b.conf",
            "  Include conf-available/ntlmdc.conf\n",
        );
        assert_eq!(of_apache(&apache, false), [""; 0]);
        fs::remove_file(apache.join("sites-enabled/b.conf")).unwrap();
        touch(
            "conf-enabled/ntlmdc.conf",
            "<Location />\n  AuthType GSSAPI\n",
        );
        assert_eq!(of_apache(&apache, true), [restart]);
    }
}
