//! The floors of `src` and what may be imported from where; and where `unsafe`, sockets and crypto
//! crates may stand.
//!
//! `rules` holds the tables. `checks` applies them to a [`Tree`](source::Tree): to this package's
//! in the tests below, and in `broken` to small trees that break one rule each.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod broken;
mod checks;
mod rules;
mod source;
mod words;

use rules::RULES;
use source::Tree;

#[track_caller]
fn assert_none(violations: &[String]) {
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}

#[test]
fn imports_point_down_and_to_permitted_modules() {
    assert_none(&checks::imports(&Tree::of_this_package(), &RULES));
}

#[test]
fn no_circle_between_files() {
    assert_none(&checks::circles(&Tree::of_this_package(), &RULES));
}

#[test]
fn protocols_have_no_sockets_no_clock_and_no_files() {
    assert_none(&checks::sans_io(&Tree::of_this_package()));
}

#[test]
fn unsafe_stands_in_gss_only() {
    assert_none(&checks::unsafe_code(&Tree::of_this_package()));
}

#[test]
fn only_the_shared_state_speaks_of_what_was_proven_before() {
    assert_none(&checks::proven_before(&Tree::of_this_package()));
}

#[test]
fn only_one_module_names_a_crypto_crate() {
    assert_none(&checks::crypto_crates(&Tree::of_this_package()));
}

#[test]
fn the_crate_map_names_the_floors_and_their_modules() {
    assert_none(&checks::crate_map(&Tree::of_this_package(), &RULES));
}

#[test]
fn the_architecture_page_names_the_floors_and_their_modules() {
    let page = std::fs::read_to_string("docs/architecture.md").unwrap();
    assert_none(&checks::architecture_page(
        &Tree::of_this_package(),
        &RULES,
        &page,
    ));
}
