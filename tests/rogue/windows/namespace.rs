//! A network namespace for one test: there, ports 135 and 389 of the loopback are free.

use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Command;

/// Set in the process that runs inside.
const INSIDE: &str = "NTLMDC_ROGUE_INSIDE";

/// Runs the test of this name in a process of its own, inside a namespace.
pub fn alone(test: &str, body: impl FnOnce()) {
    if env::var_os(INSIDE).is_some() {
        return body();
    }
    let mut command = Command::new("unshare");
    command.arg("--net");
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        command.arg("--map-root-user");
    }
    command.args(["sh", "-c", r#"ip link set lo up && exec "$@""#, "sh"]);
    command.arg(env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]);
    let output = command.env(INSIDE, "1").output().unwrap();
    let [told, complained] =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let is_good = output.status.success() && told.contains("1 passed");
    assert!(is_good, "{told}{complained}");
}
