"""The files that the checks read, and what is code, comment or literal in them."""

import ast
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

SOURCES = ["src", "tests", "ci", "build.rs"]
PAGES = ["docs", "examples", "include"]
LANGUAGES = {
    ".rs": "rust",
    ".py": "python",
    ".c": "c",
    ".h": "c",
    ".java": "c",
    ".sh": "shell",
}
SKIPPED = {"target", "__pycache__", ".git", ".ci"}
# Comments and literals of Rust, C and Java. A lifetime is no character literal.
TOKENS = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
    |(?P<raw>\bb?c?r(?P<hashes>\#*)".*?"(?P=hashes))
    |(?P<string>"(?:\\.|[^"\\])*")
    |(?P<character>'(?:\\[^\n]+?|[^'\\\n])')""",
    re.DOTALL | re.VERBOSE,
)


@dataclass(frozen=True)
class Function:
    name: str
    line: int
    length: int
    is_test: bool


@dataclass(frozen=True)
class File:
    path: str
    text: str

    @property
    def lines(self):
        return self.text.splitlines()

    @cached_property
    def language(self):
        """The language; `None` for a page, a configuration or data."""
        if language := LANGUAGES.get(Path(self.path).suffix):
            return language
        first = self.text.partition("\n")[0]
        if first.startswith("#!"):
            return "python" if "python" in first else "shell"
        return None

    @property
    def is_source(self):
        return self.language is not None and self.path.split("/")[0] in SOURCES

    @cached_property
    def code(self):
        """The text with blanks for comments and literals; every line keeps its place."""
        if self.language not in ("rust", "c"):
            return self.text
        return TOKENS.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), self.text)

    @cached_property
    def test_spans(self):
        """Where the code stands that Rust compiles for unit tests only."""
        spans = []
        for attribute in re.finditer(r"#\[cfg\(test\)\]", self.code):
            end = end_of_item(self.code, attribute.end())
            spans.append(range(attribute.start(), end))
        return spans

    def functions(self):
        if self.language == "python":
            return python_functions(self)
        if self.language == "rust":
            return braced_functions(self, r"\bfn\s+(\w+)")
        if self.language == "c":
            return braced_functions(self, r"^(?!\s)[^\n;{}#]*?\b(\w+)\(")
        return []


def python_functions(file):
    for node in ast.walk(ast.parse(file.text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield Function(node.name, node.lineno, node.end_lineno - node.lineno + 1, True)


def braced_functions(file, head):
    for found in re.finditer(head, file.code, re.MULTILINE):
        end = end_of_item(file.code, found.start())
        if file.code[end - 1 : end] != "}":
            continue
        line = file.code.count("\n", 0, found.start()) + 1
        length = file.code.count("\n", found.start(), end) + 1
        is_test = any(found.start() in span for span in file.test_spans)
        yield Function(found[1], line, length, is_test)


def end_of_item(code, at):
    """Where the item ends: behind its semicolon or its closing brace."""
    depth = 0
    for found in re.compile(r"[(\[{}\])]|;").finditer(code, at):
        match found[0]:
            case ";" if depth == 0:
                return found.end()
            case "(" | "[" | "{":
                depth += 1
            case ")" | "]":
                depth -= 1
            case "}":
                depth -= 1
                if depth <= 0:
                    return found.end()
    return len(code)


class Tree:
    """Every file of a checkout that a check reads."""

    def __init__(self, files):
        self.files = files

    @classmethod
    def at(cls, root):
        found = []
        for name in SOURCES + PAGES:
            found += [root / name, *(root / name).rglob("*")]
        found += [*root.glob("*.md"), root / "Cargo.toml"]
        return cls(list(filter(None, (load(root, path) for path in sorted(found)))))

    def sources(self):
        return [file for file in self.files if file.is_source]

    def rust(self):
        """The files of src and build.rs."""
        ours = [file for file in self.files if file.path.startswith(("src/", "build.rs"))]
        return [file for file in ours if file.language == "rust"]

    @cached_property
    def test_files(self):
        """The paths of the files that belong to unit tests, by their declarations."""
        prefixes = []
        for file in self.rust():
            parent = file.path.removesuffix(".rs")
            parent = "src" if parent == "src/lib" else parent
            for span in file.test_spans:
                item = file.code[span.start : span.stop]
                if declared := re.search(r"\bmod\s+(\w+)\s*;$", item):
                    prefixes.append(f"{parent}/{declared[1]}")
        return {
            file.path
            for file in self.rust()
            if any(file.path.startswith((f"{name}.rs", f"{name}/")) for name in prefixes)
        }

    def is_test(self, file):
        return file.path.startswith(("tests/", "ci/")) or file.path in self.test_files


def load(root, path):
    """The file, or `None` for a folder and for what is not text."""
    if not path.is_file() or SKIPPED & set(path.parts[len(root.parts) :]):
        return None
    try:
        return File(str(path.relative_to(root)), path.read_text("utf-8"))
    except UnicodeDecodeError:
        return None
