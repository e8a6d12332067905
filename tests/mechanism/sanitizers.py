"""Programs with AddressSanitizer, and the leaks of the library that it reports."""

import os
import pathlib
import re

# The library uses the malloc of the program, so AddressSanitizer in the program sees its leaks too.
SANITIZERS = ["-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]
# The path of a library that is built with AddressSanitizer, too, as ci/sanitize does; a program
# without it cannot load such a library.
INSTRUMENTED = "LAB_INSTRUMENTED_MECH"
# LeakSanitizer ends a program that lost memory with this status.
LOST = 23


def lost(done, library):
    """The leaks that LeakSanitizer reports: (number of objects, report, whether it is ours)."""
    reports = re.split(r"\n(?=(?:Direct|Indirect) leak of )", done.stderr)[1:]
    return [
        (int(re.search(r"in (\d+) object", report)[1]), report, library.name in report)
        for report in reports
    ]


def nothing_of_ours_is_lost(done, library, count):
    """No leak of the library, and none of libgssapi that grows with the number of logins."""
    # First: a failed case leaks what it had not released yet.
    assert "check failed" not in done.stderr and "cases failed" not in done.stderr, done.stderr
    leaks = lost(done, library)
    assert not [report for _, report, ours in leaks if ours]
    assert not [report for objects, report, _ in leaks if objects > count // 10]
    assert done.returncode == (LOST if leaks else 0), done.stderr


def watched_library(library):
    """The library that programs with AddressSanitizer load."""
    return pathlib.Path(os.environ.get(INSTRUMENTED, library))


def watching(setting, **more):
    config = setting.folder / "watched.conf"
    usual = setting.mech_config.read_text()
    config.write_text(usual.replace(str(setting.library), str(watched_library(setting.library))))
    options = f"detect_leaks=1:exitcode={LOST}"
    return setting.environment(ASAN_OPTIONS=options, **{"GSS_MECH_CONFIG": config, **more})
