//! Small trees that break one rule each: the checks find it, and nothing else.

use crate::checks;
use crate::rules::Rules;
use crate::source::Tree;

const RULES: Rules = Rules {
    floors: &["top", "ground"],
    whole: &[],
    permissions: &[
        ("top::a", &["top::b", "ground::wire"]),
        ("top::b", &[]),
        ("ground::wire", &[]),
    ],
    of_lower_floors: &[],
    circles: &[],
};

const A: (&str, &str) = (
    "src/top/a.rs",
    "use crate::{ground::wire::Reader, top::b};\n",
);
const B: (&str, &str) = ("src/top/b.rs", "");
const WIRE: (&str, &str) = ("src/ground/wire.rs", "");

fn imports(files: &[(&str, &str)]) -> Vec<String> {
    checks::imports(&Tree::of(files), &RULES)
}

#[test]
fn a_tree_that_keeps_the_rules() {
    assert_eq!(imports(&[A, B, WIRE]), [""; 0]);
    let tests = "// crate::top::a\n#[cfg(test)]\nmod tests { use crate::top::a; }\n";
    let text = "const A: &str = \"crate::top::a::B\";\npub(in crate::top) struct B<'a>(&'a str);\n";
    for harmless in [tests, text] {
        assert_eq!(imports(&[A, B, ("src/ground/wire.rs", harmless)]), [""; 0]);
    }
    let declared = ("src/top/b.rs", "#[cfg(test)]\nmod tests;\n");
    let tests = ("src/top/b/tests.rs", "use crate::top::a;\n");
    assert_eq!(imports(&[A, declared, tests, WIRE]), [""; 0]);
}

#[test]
fn an_import_from_a_floor_above_is_refused() {
    let expected = ["src/ground/wire.rs:2: ground::wire imports top::b of a floor above"];
    for line in [
        "use crate::top::b;",
        "use super::super::top::b::C;",
        "fn f() { crate::top::b::g() }",
        "#[cfg(test)] mod t { } use crate::top::{self, b::{C as D}};",
    ] {
        let text = format!("\n{line}\n");
        assert_eq!(
            imports(&[A, B, ("src/ground/wire.rs", &text)]),
            expected,
            "{line}"
        );
    }
}

#[test]
fn a_sibling_without_permission_is_refused() {
    let expected = ["src/top/b.rs:1: top::b imports top::a, which is not permitted"];
    for line in [
        "use super::a::A;",
        "use crate::top as t; fn f() { t::a::g() }",
    ] {
        assert_eq!(
            imports(&[A, ("src/top/b.rs", line), WIRE]),
            expected,
            "{line}"
        );
    }
}

#[test]
fn a_permission_that_is_not_used_is_refused() {
    let expected = ["the rules: top::a may import ground::wire, and does not"];
    assert_eq!(
        imports(&[("src/top/a.rs", "use super::b;"), B, WIRE]),
        expected
    );
}

#[test]
fn a_module_that_the_rules_do_not_know_is_refused() {
    let expected = ["top::c is only in the source or only in the rules"];
    assert_eq!(imports(&[A, B, WIRE, ("src/top/c.rs", "")]), expected);
}

#[test]
fn a_circle_between_files_is_refused() {
    let circles = |files: &[(&str, &str)]| checks::circles(&Tree::of(files), &RULES);
    let b = ("src/top/b.rs", "mod deep; use deep::D;");
    let deep = ("src/top/b/deep.rs", "use crate::top::a::A;");
    assert_eq!(
        circles(&[A, b, deep, WIRE]),
        [
            "a circle: src/top/a.rs imports src/top/b.rs",
            "a circle: src/top/b.rs imports src/top/b/deep.rs",
            "a circle: src/top/b/deep.rs imports src/top/a.rs",
        ]
    );
    let deep = ("src/top/b/deep.rs", "use super::B;");
    assert_eq!(circles(&[b, deep]).len(), 2);
    let interface = ("src/top/b.rs", "mod deep; pub use deep::D;");
    assert_eq!(circles(&[interface, deep]), [""; 0]);
}

#[test]
fn a_socket_in_a_protocol_is_refused() {
    let found = |text: &str| checks::sans_io(&Tree::of(&[("src/protocol/dns.rs", text)]));
    assert_eq!(found("use std::net::IpAddr;\nuse std::fmt;\n"), [""; 0]);
    let socket = ["src/protocol/dns.rs:2: std::net::UdpSocket"];
    assert_eq!(found("\nuse std::net::{IpAddr, UdpSocket};\n"), socket);
    assert_eq!(
        found("\nfn f() { std::net::UdpSocket::bind(0); }\n").len(),
        1
    );
}

#[test]
fn unsafe_code_elsewhere_is_refused() {
    let found = |text: &str| checks::unsafe_code(&Tree::of(&[("src/lib.rs", text)]));
    let deny = "#![deny(unsafe_code)]\n";
    assert_eq!(
        found(&format!("{deny}#[forbid(unsafe_code)]\npub mod dc;\n")),
        [""; 0]
    );
    assert_eq!(
        found(&format!("{deny}#[allow(unsafe_code)]\npub mod dc;\n")).len(),
        1
    );
    assert_eq!(found("").len(), 1);
}

#[test]
fn a_crypto_crate_elsewhere_is_refused() {
    let found = |file: &str| checks::crypto_crates(&Tree::of(&[(file, "use hmac::Hmac;\n")]));
    assert_eq!(found("src/dc/pool.rs"), ["src/dc/pool.rs:1: hmac"]);
    assert_eq!(found("src/base/crypto/x.rs"), [""; 0]);
}

#[test]
fn a_map_that_is_not_the_rules_is_refused() {
    let found = |map: &str| {
        let map = format!("//! ```text\n{map}//! ```\n");
        checks::crate_map(&Tree::of(&[("src/lib.rs", &map), A, B, WIRE]), &RULES)
    };
    assert_eq!(found("//! top  a, b\n//! ground  wire (bytes)\n"), [""; 0]);
    assert_eq!(
        found("//! top  a\n//! ground  wire\n"),
        ["the map does not name top::b"]
    );
    assert_eq!(found("//! ground  wire\n//! top  a, b\n").len(), 1);
}

#[test]
fn a_page_that_differs_from_the_floors_is_refused() {
    let tree = Tree::of(&[A, B, WIRE]);
    let page = "\n### `top`: all\n[`a`](../src/top/a.rs), [`b`](../src/top/b.rs)\n\
        ### `ground`: all\n[`wire`](../src/ground/wire.rs)\n\
        ### The end\n[`d`](../src/ground/d.rs)\n";
    let checked = |page: &str| checks::architecture_page(&tree, &RULES, page);
    assert_eq!(checked(page), [""; 0]);
    let without = page.replace("[`b`](../src/top/b.rs)", "");
    assert_eq!(checked(&without).len(), 1);
    let beside = page.replace("[`wire`]", "[`c`](../src/ground/c.rs), [`wire`]");
    assert_eq!(checked(&beside).len(), 1);
    let turned = page.replace("`top`:", "`ceiling`:");
    assert_eq!(checked(&turned).len(), 1);
}
