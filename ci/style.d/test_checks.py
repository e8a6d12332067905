"""Small trees that break one rule each: the check finds it, and nothing else."""

import unittest

import checks
import numbers_of
from tree import File, Tree

FUNCTION = "fn {name}() {{\n{body}}}\n"


def function(name, length):
    return FUNCTION.format(name=name, body="    step();\n" * (length - 2))


def found(files, allowed=None):
    tree = Tree([File(path, text) for path, text in files.items()])
    return [(one.check, one.path, one.line) for one in checks.run(tree, allowed or {})]


class Columns(unittest.TestCase):
    def test_the_bound_counts_characters(self):
        self.assertEqual(found({"src/a.rs": "// " + "é" * 97}), [])
        self.assertEqual(found({"ci/run": "#!/bin/sh\n" + "x" * 101}), [("columns", "ci/run", 2)])

    def test_pages_and_data_have_no_bound(self):
        self.assertEqual(found({"docs/a.md": "x" * 200, "tests/a.hex": "0" * 200}), [])


class Persons(unittest.TestCase):
    def test_each_kind_of_file(self):
        for path, text in {
            "src/a.rs": "\n/// Whoever calls.",
            "tests/a.py": "\ndef test_nobody_answers(): pass",
            "tests/a.c": "\n/* He is the caller. */",
            "docs/a.md": "\nThe client and his proxy.",
            "examples/a.conf": "\n# For whom it is.",
        }.items():
            self.assertEqual(found({path: text}), [("persons", path, 2)], text)

    def test_longer_words_and_proper_names(self):
        text = '# the whole theme, Everyone\nuser = "nobody"\ndef answers_nobody(): pass\n'
        self.assertEqual(found({"ci/a.py": text}), [("persons", "ci/a.py", 3)])


class FileLines(unittest.TestCase):
    def test_the_bound(self):
        self.assertEqual(found({"tests/a.py": "\n" * 400}), [])
        long = {"tests/a.py": "\n" * 401}
        self.assertEqual(found(long), [("file_lines", "tests/a.py", 1)])
        self.assertEqual(found(long, {"long_files": {"tests/a.py": "a reason"}}), [])

    def test_an_allowance_that_is_not_used(self):
        stale = {"long_files": {"tests/a.py": "a reason"}}
        expected = [("allowed", "ci/style.d/allowed.toml", 1)]
        self.assertEqual(found({"tests/a.py": ""}, stale), expected)


class FunctionLines(unittest.TestCase):
    def test_the_bound(self):
        self.assertEqual(found({"src/a.rs": function("f", 40)}), [])
        self.assertEqual(
            found({"src/a.rs": "\n" + function("f", 41)}), [("function_lines", "src/a.rs", 2)]
        )

    def test_an_allowed_function_has_a_bound_too(self):
        allowed = {"long_functions": {"src/a.rs: f": "a reason"}}
        self.assertEqual(found({"src/a.rs": function("f", 50)}, allowed), [])
        expected = [("function_lines", "src/a.rs", 1)]
        self.assertEqual(found({"src/a.rs": function("f", 51)}, allowed), expected)

    def test_no_more_than_five_are_allowed(self):
        names = [f"f{number}" for number in range(6)]
        files = {"src/a.rs": "".join(function(name, 41) for name in names)}
        allowed = {"long_functions": {f"src/a.rs: {name}": "a reason" for name in names}}
        self.assertEqual(found(files, allowed), [("allowed", "ci/style.d/allowed.toml", 1)])

    def test_unit_tests_have_a_wider_bound(self):
        inside = "#[cfg(test)]\nmod tests {\n" + function("f", 80) + "}\n"
        declared = "#[cfg(test)]\nmod tests;\n"
        beside = {"src/a.rs": declared, "src/a/tests.rs": function("f", 80)}
        self.assertEqual(found({"src/a.rs": inside}) + found(beside), [])
        beside["src/a/tests/more.rs"] = function("f", 81)
        self.assertEqual(found(beside), [("function_lines", "src/a/tests/more.rs", 1)])

    def test_python_and_c(self):
        python = "def f():\n" + "    pass\n" * 80
        self.assertEqual(found({"ci/a.py": python}), [("function_lines", "ci/a.py", 1)])
        c = "static int f(int (*call)(int), char c)\n{\n" + "    c = '}';\n" * 78 + "}\n"
        self.assertEqual(found({"tests/a.c": c}), [("function_lines", "tests/a.c", 1)])

    def test_braces_in_literals_and_comments(self):
        body = '    "}"; b"\\"}"; r#"}""#; \'}\'; // }\n    /* } */ let a: &\'a str;\n'
        text = FUNCTION.format(name="f", body=body + "    step();\n" * 40)
        self.assertEqual(found({"src/a.rs": text}), [("function_lines", "src/a.rs", 1)])
        without_body = "trait A {\n    fn f(key: [u8; 4]);\n}\n" + "\n" * 50 + "struct B {\n}\n"
        self.assertEqual(found({"src/a.rs": without_body}), [])


class Owners(unittest.TestCase):
    FILES = {"src/dc/a.rs": "struct A;\n", "src/dc/b/c.rs": "\npub(super) enum A {}\n"}
    EXPECTED = [("owners", "src/dc/a.rs", 1), ("owners", "src/dc/b/c.rs", 2)]

    def test_two_in_a_floor(self):
        self.assertEqual(found(self.FILES), self.EXPECTED)
        self.assertEqual(found(self.FILES, {"shared_names": {"dc: A": "a reason"}}), [])

    def test_two_floors_and_tests(self):
        floors = {"src/dc/a.rs": "struct A;\n", "src/base/b.rs": "struct A;\n"}
        unit_test = "#[cfg(test)]\nmod tests {\nstruct A;\n}\n"
        associated = "impl B for C {\n    type A = u8;\n}\n"
        self.assertEqual(found(floors), [])
        for text in (unit_test, associated):
            self.assertEqual(found({"src/dc/a.rs": "struct A;\n", "src/dc/b.rs": text}), [])


class Unclean(unittest.TestCase):
    def test_a_listed_file_is_not_refused_until_it_is_clean(self):
        finding = checks.Finding("columns", "src/a.rs", 1, "too long")
        self.assertEqual(checks.beyond([finding], []), [finding])
        self.assertEqual(checks.beyond([finding], ["columns src/a.rs"]), [])
        self.assertEqual(checks.beyond([finding], ["persons src/a.rs"])[0], finding)
        self.assertEqual(checks.beyond([], ["columns src/a.rs"])[0].path, "ci/style.d/unclean")


class Numbers(unittest.TestCase):
    def test_they_are_those_of_the_checks(self):
        files = {
            "src/a.rs": function("f", 41) + "// whom he\n// whom\n" + "x" * 101,
            "tests/layers/rules.rs": 'circles: &[("a", "b")],\n',
            "README.md": "one two\nthree",
        }
        tree = Tree([File(path, text) for path, text in files.items()])
        report = "\n".join(numbers_of.report(tree))
        for line in (
            "1 circles between files",
            "1 functions over 40 lines, the longest: 41 (f in src/a.rs)",
            "3 words in README.md",
            "2 lines with somebody",
            "1 lines with he",
            "1 lines over 100 columns, 1 of them in src",
        ):
            self.assertIn(line, report)
