//! One program with all fuzz targets: the code under test is compiled and linked once. The
//! environment variable `NTLMDC_FUZZ_TARGET` selects the target; ci/fuzz sets it.
#![no_main]

mod targets;
// The tool itself calls the functions that no target calls.
#[allow(dead_code)]
mod tool;

use std::sync::LazyLock;
use std::{env, process};

use libfuzzer_sys::fuzz_target;
use targets::Target;
// The tool's readers import each other from the root of their crate.
use tool::{arguments, decode, http, report, spnego};

const VARIABLE: &str = "NTLMDC_FUZZ_TARGET";
/// In place of a target's name: print the names of all and end.
const LIST: &str = "list";

static SELECTED: LazyLock<Target> = LazyLock::new(selected);

// The target is selected before libFuzzer reads its arguments and the corpus.
fuzz_target!(init: LazyLock::force(&SELECTED), |bytes: &[u8]| SELECTED(bytes));

/// The target that the environment names. Ends the program if it names none.
fn selected() -> Target {
    let name = env::var(VARIABLE).unwrap_or_default();
    if name == LIST {
        println!("{}", names("\n"));
        process::exit(0);
    }
    let found = targets::ALL.iter().find(|(known, _)| *known == name);
    let Some((_, target)) = found else {
        eprintln!("{VARIABLE}={name}: unknown target; known: {}", names(", "));
        process::exit(2);
    };
    *target
}

fn names(separator: &str) -> String {
    let names: Vec<&str> = targets::ALL.iter().map(|(name, _)| *name).collect();
    names.join(separator)
}
