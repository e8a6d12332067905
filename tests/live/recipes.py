"""The examples for Apache, as they are shipped but for what an administrator changes of them."""

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
    """A copy of the examples that Apache's children can read, as /etc/apache2 has them: the checkout
    may be in a home that is closed to others."""
    directory, _ = host.scratch()
    for file in EXAMPLES.iterdir():
        copy = directory / file.name
        shutil.copyfile(file, copy)
        copy.chmod(0o644)
    return directory


def change(text, *pairs):
    """The text with each of (old, new) changed; what is to be changed is there."""
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, str(new))
    return text


def modules(*names):
    """What `a2enmod` comes to."""
    return "".join(f"LoadModule {name}_module {_MODULES}/mod_{name}.so\n" for name in names)
