"""The parts of ci/mutants on small samples."""

import collections
import pathlib
import tempfile
import unittest

import changes
import combined
import listed
import runs


class Lists(unittest.TestCase):
    def test_a_line_gives_file_and_change(self):
        line = "src/a/b.rs:12:5: replace f -> Option<u8> with None"
        self.assertEqual(listed.named(line), ("src/a/b.rs", "replace f -> Option<u8> with None"))

    def test_files_are_there_and_listed_once(self):
        files = [file for group in listed.groups().values() for file in group["files"]]
        self.assertEqual(sorted(files), sorted(listed.chosen([])))
        for file in files:
            self.assertTrue((changes.ROOT / file).is_file(), file)

    def test_slow_tests_are_there(self):
        files = (changes.ROOT / "src").rglob("*.rs")
        text = "".join(file.read_text() for file in files)
        for test in listed.slow():
            self.assertIn(f"fn {test.rsplit('::')[-1]}(", text)

    def test_survivors_are_of_listed_files(self):
        files = listed.chosen([])
        for file, _change, _kind in listed.accepted():
            self.assertIn(file, files)

    def test_an_entry_accepts_one_change_of_its_kind(self):
        known = {("a.rs", "replace f with ()", "missed"): 1}
        one, other = "a.rs:1:2: replace f with ()", "a.rs:9:2: replace f with ()"
        for kinds, wrong in [
            ({one: "missed"}, []),
            ({one: "missed", other: "missed"}, [other]),
            ({one: "timeout"}, [one]),
            ({one: "unsure"}, [one]),
        ]:
            self.assertEqual(listed.not_accepted(known, kinds), wrong)
        self.assertEqual(listed.not_accepted({}, {one: "missed"}), [one])

    def test_an_entry_that_accepts_nothing_is_stale(self):
        one, other = ("a.rs", "replace f with ()", "missed"), ("b.rs", "x", "timeout")
        known = collections.Counter([one, other])
        self.assertEqual(listed.stale(known, ["a.rs", "b.rs"], [one, other]), [])
        self.assertEqual(listed.stale(known, ["a.rs"], [one]), [])
        self.assertEqual(listed.stale(known, ["a.rs"], []), [one])
        self.assertEqual(listed.stale(known, ["b.rs"], [("b.rs", "x", "missed")]), [other])


TEXT = "/// A fn f.\nfn f(a: u8) -> bool {\n    a == 1\n}\n"
WHOLE = ("f", 0, len(TEXT) - 1)


def change(old, new, function=WHOLE, text=TEXT):
    at = text.index(old)
    return changes.Change("f.rs", "", at, at + len(old), new, function)


class Bodies(unittest.TestCase):
    body = combined.Body(TEXT, WHOLE)

    def test_a_body_is_what_is_within_its_braces(self):
        self.assertEqual(TEXT[self.body.start : self.body.end], "\n    a == 1\n")
        self.assertFalse(self.body.is_apart)

    def test_a_change_is_made_within_it(self):
        self.assertTrue(self.body.holds(change("==", "!=")))
        self.assertEqual(self.body.changed(change("==", "!=")), "\n    a != 1\n")

    def test_a_signature_is_outside(self):
        self.assertFalse(self.body.holds(change("u8", "u16")))

    def test_a_function_for_fuzzing_is_not_built(self):
        for before, is_built in [("", True), (changes.FUZZING + "\n", False)]:
            text = before + TEXT
            one = change("==", "!=", ("f", 0, len(text) - 1), text)
            self.assertEqual(changes.is_built(one, text), is_built)


class SwitchedText(unittest.TestCase):
    def test_each_change_is_behind_its_number(self):
        made = combined.Switches(TEXT, {3: change("==", "!="), 8: change("a == 1", "true")})
        body = " if crate::mutant::is(3) { return { \n    a != 1\n }; } "
        body += " if crate::mutant::is(8) { return { \n    true\n }; } "
        self.assertEqual(made.text, TEXT.replace("{\n", "{" + body + "\n"))
        self.assertEqual(made.alone, set())

    def test_what_no_switch_holds_is_left_as_it_is(self):
        for text in (TEXT.replace("fn f(", "const fn f("), TEXT.replace("bool", "impl Sized")):
            function = ("f", 0, len(text) - 1)
            made = combined.Switches(text, {1: change("==", "!=", function, text)})
            self.assertEqual((made.text, made.alone), (text, {1}))
        in_no_function = combined.Switches(TEXT, {1: change("==", "!=", None)})
        self.assertEqual((in_no_function.text, in_no_function.alone), (TEXT, {1}))
        signature = combined.Switches(TEXT, {1: change("u8", "u16"), 2: change("==", "!=")})
        self.assertEqual(signature.alone, {1})

    def test_an_error_is_of_the_change_whose_text_it_is_in(self):
        made = combined.Switches(TEXT, {3: change("==", "!="), 8: change("a == 1", "true")})
        self.assertEqual(made.blamed(made.text.index("!=")), ([3], True))
        self.assertEqual(made.blamed(made.text.index("true")), ([8], True))
        self.assertEqual(made.blamed(made.text.index("a == 1")), ([3, 8], False))
        self.assertEqual(made.blamed(0), ([], False))
        # What is wrong outside of the one change's text may be its fault, or not.
        alone = combined.Switches(TEXT, {3: change("==", "!=")})
        self.assertEqual(alone.blamed(alone.text.index("a == 1")), ([3], False))


class Runs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name, "tests")

    def program(self, script):
        self.path.write_text(f"#!/bin/sh\n{script}\n")
        self.path.chmod(0o755)
        return runs.Program(self.path, self.path.parent)

    def kind(self, script, seconds=60):
        return self.program(script).run(("all",), 7, seconds)

    def test_kinds(self):
        passed, failed = "echo 'test result: ok. 3 passed; 0 failed'", "echo 'test a::b ... FAILED'"
        of_the_change = f'if [ "$MUTANT" = 7 ]; then {{}}; else {passed}; fi'
        for script, kind in [
            (passed, "missed"),
            (of_the_change.format(failed), "caught"),
            (of_the_change.format("kill -ABRT $$"), "caught"),
            # Aborts without the change, too.
            ("kill -ABRT $$", "unsure"),
            # The first failed test ends the run.
            (of_the_change.format(f"{failed}; sleep 1000"), "caught"),
            # Fails without the change, too.
            (failed, "unsure"),
            # Fails beside the others only.
            (f'if [ "$1" = all ]; then {failed}; else {passed}; fi', "unsure"),
        ]:
            self.assertEqual(self.kind(script), kind, script)
        self.assertEqual(self.kind("sleep 1000", seconds=0.1), "timeout")

    def test_an_end_without_a_result_is_no_kind(self):
        for script in ("exit 1", "kill -KILL $$", "echo 'test result: ok. 0 passed'"):
            with self.subTest(script), self.assertRaisesRegex(changes.Failed, "without a result"):
                self.kind(script)

    def test_without_a_change_tests_must_pass(self):
        program = self.program("echo 'test a ... FAILED'")
        with self.assertRaisesRegex(changes.Failed, "without a change: caught: a"):
            program.check((), 60)

    def test_quick_tests_have_a_minute(self):
        program = self.program("echo 'test result: ok. 1 passed'")
        self.assertEqual(program.seconds(()), runs.SHORTEST_TIMEOUT)
