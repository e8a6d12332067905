"""Round trips between this host and the controller: connections and questions, by strace."""

import os
import re
import time

from lab import mech, programs

_WARM_LOGINS = 50


class Trips:
    """`bench` has the programs, `controller` answers."""

    def __init__(self, bench, controller):
        self._setting = bench.setting
        source = programs.SOURCES / "system_calls.c"
        self._program = programs.compile_c(source, bench.setting.folder)
        self._library, self._controller = bench.library, controller

    def measure(self):
        """The round trips of the first login of a host, of a process, and of a later login."""
        mechanism = mech.with_domain(self._library, self._controller)
        try:
            # The program runs as root: other users could not use the state directory.
            os.chown(mechanism.directory / "state", 0, 0)
            # A file that was written just now is checked again: it may change within the second.
            time.sleep(0.2)
            host_cold, process_cold = (self._count(mechanism, 0, 1) for _ in range(2))
            warm = self._count(mechanism, 5, _WARM_LOGINS) / _WARM_LOGINS
            return host_cold, process_cold, warm
        finally:
            mechanism.close()

    def _count(self, mechanism, warm_up, count):
        trace = self._setting.folder / "trips"
        done = programs.run(
            *("strace", "-qq", "-yy", "-s", "8", "-o", trace, self._program, warm_up, count),
            environment=self._setting.environment(
                NTLMDC_CONFIG=mechanism.environment["NTLMDC_CONFIG"],
                INITIATOR_PASSWORD=mechanism.passwords["alice"],
            ),
        )
        if done.returncode != 0:
            raise mech.host.LabError(f"the login under strace failed: {done.stderr}")
        between = re.search(
            r'^write\(2.*"begin.*?\n(.*)^write\(2.*"end', trace.read_text(), re.S | re.M
        )
        address = re.escape(self._controller.address)
        # A connection over TCP takes one, and so does each question.
        connects = rf"^connect\(\d+<TCP:.*{address}"
        questions = rf"^(sendto|sendmsg|write|writev)\(\d+<(TCP|UDP):.*{address}"
        return sum(len(re.findall(each, between[1], re.M)) for each in (connects, questions))
