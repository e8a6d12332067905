"""The figures of a tree, each on a line of its own."""

import re

import checks


def report(tree):
    """The lines of the report."""
    rust = [(file, one) for file, one in checks.functions(tree) if not one.is_test]
    rust.sort(key=lambda pair: pair[1].length)
    tests = [(file, one) for file, one in checks.functions(tree) if one.is_test]
    longest = max(tests, key=lambda pair: pair[1].length, default=None)
    files = [file for file in tree.sources() if len(file.lines) > checks.FILE_LINES]
    in_src = [found for found in checks.columns(tree, {}) if found.path.startswith("src/")]
    return [
        f"{known_circles(tree)} circles between files",
        f"{sum(one.length > checks.FUNCTION_LINES for _, one in rust)} functions over "
        f"{checks.FUNCTION_LINES} lines, the longest: {described(rust[-1] if rust else None)}",
        f"the longest of tests and scripts: {described(longest)}",
        f"{len(files)} files over {checks.FILE_LINES} lines",
        f"{readme_words(tree)} words in README.md",
        f"{len(checks.shared_names(tree))} type names with more than one owner within a floor",
        f"{lines_with(tree, checks.INDEFINITE)} lines with {checks.INDEFINITE.replace(' ', '/')}",
        f"{lines_with(tree, checks.PRONOUNS)} lines with {checks.PRONOUNS.replace(' ', '/')}",
        f"{len(list(checks.columns(tree, {})))} lines over {checks.COLUMNS} columns, "
        f"{len(in_src)} of them in src",
    ]


def described(pair):
    if pair is None:
        return "none"
    file, function = pair
    return f"{function.length} ({function.name} in {file.path})"


def known_circles(tree):
    """The circles that the rules of tests/layers still permit; it refuses all others."""
    rules = [file for file in tree.files if file.path == "tests/layers/rules.rs"]
    found = re.search(r"circles: &\[(.*?)\],?\n", rules[0].text, re.DOTALL) if rules else None
    return "unknown" if found is None else found[1].count("(")


def readme_words(tree):
    return sum(len(file.text.split()) for file in tree.files if file.path == "README.md")


def lines_with(tree, words):
    """How many lines a check would find for one of these words."""
    words = set(words.split())
    found = {
        (one.path, one.line)
        for one in checks.persons(tree, {})
        if one.text.split("”")[0][1:].lower() in words
    }
    return len(found)
