"""What each check finds, on small samples."""

import unittest

import checks

INDEX = "registry+https://example.test/crates.io-index"


class Licences(unittest.TestCase):
    def test_expressions(self):
        for expression, expected in {
            "MIT": True,
            "GPL-3.0-only": False,
            "MIT OR GPL-3.0-only": True,
            "GPL-3.0-only OR LGPL-3.0-only": False,
            "MIT AND GPL-3.0-only": False,
            "(MIT OR Apache-2.0) AND Unicode-3.0": True,
            "(MIT OR Apache-2.0) AND OpenSSL": False,
            "GPL-3.0-only AND MIT OR MIT": True,
            "Unlicense/MIT": True,
            "Apache-2.0 WITH LLVM-exception": True,
            "Apache-2.0 WITH other-exception": False,
            "(MIT": False,
            "MIT MIT": False,
            "": False,
            None: False,
        }.items():
            self.assertEqual(checks.allowed(expression), expected, expression)

    def test_the_package_is_named(self):
        packages = [{"name": "a", "license": "MIT"}, {"name": "b", "license": None}]
        self.assertEqual(list(checks.licences(packages)), ["b: licence None"])

    def test_an_exception_is_for_one_package(self):
        packages = [{"name": name, "license": "MPL-2.0"} for name in ("ldap3_proto", "other")]
        self.assertEqual(list(checks.licences(packages)), ["other: licence MPL-2.0"])


class Packages(unittest.TestCase):
    def test_sources(self):
        right = {"name": "a", "source": INDEX, "checksum": "00"}
        git = {"name": "b", "source": "git+https://example.test/b?rev=1"}
        other = {"name": "c", "source": "registry+https://example.test/other", "checksum": "00"}
        unchecked = {"name": "d", "source": INDEX}
        found = checks.sources([right, git, other, unchecked, {"name": "ours"}])
        self.assertEqual([line[0] for line in found], ["b", "c", "d"])

    def test_duplicates(self):
        names = {("a", "v1.0.0"), ("a", "v2.0.0"), ("b", "v1.0.0")}
        self.assertEqual(list(checks.duplicates(names)), ["a: v1.0.0 and v2.0.0"])

    def test_a_named_package_may_be_there_twice_and_no_more(self):
        twice = {("getrandom", "v0.2.0"), ("getrandom", "v0.4.0")}
        self.assertEqual(list(checks.duplicates(twice)), [])
        thrice = twice | {("getrandom", "v0.3.0")}
        self.assertEqual(len(list(checks.duplicates(thrice))), 1)

    def test_rust_versions(self):
        packages = [
            {"name": name, "rust_version": version}
            for name, version in [("a", None), ("b", "1.89"), ("c", "1.89.1"), ("d", "1.100")]
        ]
        found = checks.too_new(packages, "1.89")
        self.assertEqual([line[0] for line in found], ["c", "d"])

    def test_unused(self):
        text = "use md_x::A;\nlet md = wide_md;"
        self.assertEqual(
            list(checks.unused(["md-x", "wide"], text)), ["wide: a dependency that no source names"]
        )
