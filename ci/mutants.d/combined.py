"""Builds the tests once with all changes, each behind a switch that the environment sets.

To build the tests anew for each change takes longer than to run most of them. So a function

    fn f(a: u8) -> bool { a == 1 }

becomes

    fn f(a: u8) -> bool {
        if crate::mutant::is(1) { return { true }; }
        if crate::mutant::is(2) { return { a != 1 }; }
        a == 1
    }

What does not compile in this form is taken out again, see `Combined.build`.
"""

import json
import re
import subprocess

import changes

SWITCH = """
#[doc(hidden)]
pub mod mutant {
    static CHOSEN: std::sync::LazyLock<Option<u32>> = std::sync::LazyLock::new(|| {
        std::env::var("MUTANT").ok().and_then(|number| number.parse().ok())
    });

    pub fn is(number: u32) -> bool {
        *CHOSEN == Some(number)
    }
}
"""
# Errors of syntax (which have no code), of types and of missing arms: the change itself is no
# program, in whatever form. This needs `Body.is_apart`.
NO_PROGRAM = {None, "E0004", "E0023", "E0061", "E0063", "E0277", "E0308", "E0369", "E0599", "E0600"}


class Body:
    """A function's body, and the changes in it."""

    def __init__(self, text, function):
        name, start, end = function
        # Comments and attributes come first in a function's span.
        pattern = re.compile(rf"^(?!\s*//)[^\n]*\bfn {name}\b", re.MULTILINE)
        head = pattern.search(text, text.rfind("\n", 0, start) + 1, end)
        # The block begins with the first brace, and ends with the function.
        self.start = text.index("{", head.end()) + 1 if head else None
        signature = text[head.start() : self.start] if head else ""
        # A constant function can look at no switch. `impl Trait` is one type, which a second body
        # does not have.
        self.is_apart = "const fn" in signature or bool(re.search(r"->[^{]*\bimpl\b", signature))
        self.end = end - 1
        self.text = text

    def holds(self, change):
        return self.start is not None and self.start <= change.start and change.end <= self.end

    def changed(self, change):
        return (
            self.text[self.start : change.start]
            + change.replacement
            + self.text[change.end : self.end]
        )


class Switches:
    """A file's text with changes behind switches; `changes_of` has them by their numbers."""

    def __init__(self, text, changes_of):
        self.text = ""
        # The numbers of those that cannot be behind a switch.
        self.alone = set()
        # Which text is of which changes: (begin, end, numbers).
        self.segments = []
        self._before, self._done = text, 0
        functions = {}
        for number, change in changes_of.items():
            functions.setdefault(change.function, {})[number] = change
        for function in sorted(functions, key=lambda one: one[1] if one else -1):
            self._add(function, functions[function])
        self.text += text[self._done :]

    def _add(self, function, changes_of):
        body = Body(self._before, function) if function else None
        if not body or body.is_apart or body.start is None or body.start < self._done:
            # Also constants, and a function within a function.
            self.alone.update(changes_of)
            return
        self.text += self._before[self._done : body.start]
        whole, inside = len(self.text), []
        for number, change in changes_of.items():
            if not body.holds(change):
                self.alone.add(number)
                continue
            begin = len(self.text)
            changed = f"return {{ {body.changed(change)} }};"
            self.text += f" if crate::mutant::is({number}) {{ {changed} }} "
            self.segments.append((begin, len(self.text), [number]))
            inside.append(number)
        self.text += self._before[body.start : body.end]
        # An error elsewhere in the function is of all its changes.
        self.segments.append((whole, len(self.text), inside))
        self._done = body.end

    def blamed(self, offset):
        """The changes that may cause an error at this offset, and whether it is certain: the
        error is within the text of one change."""
        fitting = [one for one in self.segments if one[0] <= offset < one[1]]
        if not fitting:
            return [], False
        _begin, _end, numbers = min(fitting, key=lambda one: one[1] - one[0])
        return numbers, len(numbers) == 1 and len(fitting) > 1


class Combined:
    """One program with all changes. The number of a change is its index in `all_changes`."""

    def __init__(self, all_changes):
        self.changes = all_changes
        self.tree = changes.PLACE / "combined"
        files = {change.file for change in all_changes}
        self.sources = {file: (changes.ROOT / file).read_text() for file in sorted(files)}
        # The numbers of those that are no program, and of those that this form cannot have.
        self.unviable, self.alone = set(), set()
        self.switches = {}
        # The program of the unit tests, and that of tests/rogue.
        self.unit, self.rogue = None, None

    def build(self):
        """Takes out what does not compile, until the rest does."""
        changes.copy_tree(self.tree)
        library = self.tree / "src" / "lib.rs"
        library.write_text(library.read_text() + SWITCH)
        while True:
            self._write()
            errors = self._compile()
            if not errors:
                return
            before = len(self.unviable | self.alone)
            for code, file, offset in errors:
                self._take_out(code, file, offset)
            # In doubt, cargo-mutants looks.
            self.unviable -= self.alone
            if len(self.unviable | self.alone) == before:
                raise changes.Failed(f"does not compile without a change: {errors}")

    def _write(self):
        """Writes the files with the remaining changes; adds those that no switch can hold to
        `alone`."""
        for file, text in self.sources.items():
            gone = self.unviable | self.alone
            numbered = enumerate(self.changes)
            left = {n: one for n, one in numbered if one.file == file and n not in gone}
            self.switches[file] = Switches(text, left)
            self.alone |= self.switches[file].alone
            (self.tree / file).write_text(self.switches[file].text)

    def _compile(self):
        """The errors, as (code, file, offset). Sets the programs if there are none."""
        command = ["cargo", "test", "--locked", "--lib", "--test", "rogue", "--no-run"]
        command += ["--message-format=json"]
        done = subprocess.run(
            command, cwd=self.tree, env=changes.environment(), stdout=subprocess.PIPE, text=True,
            stderr=subprocess.PIPE,
        )
        messages = [json.loads(line) for line in done.stdout.splitlines() if line[:1] == "{"]
        if done.returncode == 0:
            targets = (one for one in messages if one.get("executable"))
            built = {one["target"]["name"]: one["executable"] for one in targets}
            self.unit, self.rogue = built["gss_ntlmdc"], built["rogue"]
            return []
        said = [one["message"] for one in messages if "message" in one]
        found = list(filter(None, map(self._place, said)))
        if not found:
            text = "".join(message["rendered"] for message in said)
            raise changes.Failed(f"the tests do not compile\n{text}{done.stderr}")
        return found

    def _place(self, said):
        """Of an error, its code, file and offset."""
        spans = [span for span in said["spans"] if span["is_primary"]]
        if said["level"] != "error" or not spans or spans[0]["file_name"] not in self.switches:
            return None
        file, span = spans[0]["file_name"], spans[0]
        text = changes.Text((self.tree / file).read_text())
        at = text.offset({"line": span["line_start"], "column": span["column_start"]})
        return said["code"] and said["code"]["code"], file, at

    def _take_out(self, code, file, offset):
        numbers, is_own = self.switches[file].blamed(offset)
        if not numbers:
            raise changes.Failed(f"{file}: error {code} outside of all changes")
        (self.unviable if is_own and code in NO_PROGRAM else self.alone).update(numbers)
