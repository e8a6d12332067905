"""Contexts of logins at a controller, with the user's attributes, in other processes."""

import json
import shutil
import subprocess

from lab import host, mech
from test_groups import ALICE


def test_each_message_in_a_process_of_its_own(netlogon_site):
    mechanism = netlogon_site.mechanism
    program = mechanism.directory / "process_per_message.py"
    shutil.copyfile(mech.ROOT / "tests" / "mechanism" / "process_per_message.py", program)
    program.chmod(0o750)
    shutil.chown(program, "root", "www-data")
    environment = mechanism.environment | {
        "PATH": "/usr/bin:/bin",
        "KRB5_CONFIG": "/dev/null",
        "PYTHONDONTWRITEBYTECODE": "1",
        "INITIATOR_USER": "EXAMPLE\\alice",
        "INITIATOR_PASSWORD": netlogon_site.passwords["alice"],
    }
    user = ["setpriv", "--reuid=www-data", "--regid=www-data", "--clear-groups", "--"]
    done = subprocess.run(
        host.bound([*user, str(program), "conversation", "3"]),
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["name"], set(said["groups"])) == (["EXAMPLE\\alice"], ALICE)
    # The directory in which processes share the channel is that of exported contexts too.
    state = {path.name for path in (mechanism.directory / "state").iterdir()}
    assert "export.key" in state
    assert any(name.startswith("ticket.") for name in state), "the client's was not imported"
