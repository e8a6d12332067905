"""The examples for Apache, with the changes that an administrator makes."""

import functools
import shutil

from lab import host, mech

EXAMPLES = mech.ROOT / "examples"
_MODULES = "/usr/lib/apache2/modules"


def example(name):
    """The text of an example."""
    return (EXAMPLES / name).read_text()


@functools.cache
def served():
    """A copy of the examples that Apache's children can read: the checkout may be in a home
    directory that is closed to other users."""
    directory, _ = host.scratch()
    for file in EXAMPLES.iterdir():
        copy = directory / file.name
        shutil.copyfile(file, copy)
        copy.chmod(0o644)
    return directory


def change(text, *pairs):
    """The text with each `old` replaced by `new`; fails if one does not occur."""
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, str(new))
    return text


def modules(*names):
    """The lines that `a2enmod` adds."""
    return "".join(f"LoadModule {name}_module {_MODULES}/mod_{name}.so\n" for name in names)
