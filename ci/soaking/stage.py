"""The stage of a soak: two controllers, and three Apaches that are one host of their domain."""

import contextlib
import json
import os
import secrets
import shutil
import subprocess

from lab import apache, domain, host, mech, second_controller
from lab.site import Site

from . import clients, plan

ACCOUNT = "WEB5-NTLM"
GROUP = "Soak"

# In seconds. Longer than needed: other work may share the machine, and Samba then stalls.
CONNECT, CALL, BUDGET = 2, 6, 14

_NETLOGON = f"""
connect_timeout = "{CONNECT}s"
call_timeout = "{CALL}s"
budget = "{BUDGET}s"
"""

# Reached by the guessed passwords alone: every user of the plan logs in rightly far more often.
GUESS_LIMIT = 40
_POLICY = f"""
[policy]
guess_limit = {GUESS_LIMIT}
guess_window = "1m"
"""
_FOR_TLS = 'channel_binding = "require"\ntls_certificates = ["@/www.pem"]\n'

_AFTER = f"""
<Location "/basic">
    AuthType GSSAPI
    AuthName "Windows login"
    GssapiBasicAuth On
    GssapiBasicAuthMech ntlmssp
    GssapiPublishErrors On
    Require valid-user
</Location>
Header always set {clients.REASON} "%{{MAG_ERROR_TEXT}}e" "expr=-n reqenv('MAG_ERROR_TEXT')"
"""


class Stage:
    """`sites` has the Apaches by the names of the plan, `controllers` both by theirs."""

    def __init__(self, stack, say):
        say("building")
        self._library = mech.library()
        self.folder, remove = host.scratch()
        stack.callback(remove)
        # A copy: a build beside a long run replaces the other one.
        self._tool = shutil.copy(mech.tool(), self.folder)
        say("raising two controllers")
        self.first = stack.enter_context(domain.Domain())
        self._make_account()
        self.second = stack.enter_context(second_controller.Second(self.first))
        self.controllers = (self.first, self.second)
        self.passwords = self.first.passwords
        say("starting three Apaches")
        self._make_mechanism(stack)
        self.sites = {name: self._site(stack, name) for name in plan.SITES}

    def _make_account(self):
        self._secret = secrets.token_urlsafe(24)
        first = self.first
        first.tool("computer", "create", ACCOUNT)
        first.tool("user", "setpassword", f"{ACCOUNT}$", f"--newpassword={self._secret}")
        first.tool("group", "add", GROUP)
        members = ",".join((*plan.USERS, *plan.BARRED_USERS, "walter"))
        first.tool("group", "addmembers", GROUP, members)
        shown = first.tool("group", "show", GROUP, "--attributes=objectSid")
        [self._group_sid] = [line.split()[1] for line in shown.splitlines() if "objectSid:" in line]

    def _make_mechanism(self, stack):
        """One directory for all sites: they share the secret and the state."""
        mechanism = mech.with_domain(
            self._library,
            self.first,
            secret=self._secret,
            account=f"{ACCOUNT}$",
            controllers=[controller.address for controller in self.controllers],
            netlogon=_NETLOGON,
            more=_POLICY,
            files={"www.pem": apache.certificate()},
        )
        stack.callback(mechanism.close)
        self.mechanism = mechanism
        tls = _FOR_TLS.replace("@", str(mechanism.directory))
        groups = f'groups = ["{self._group_sid}"]'
        for name, rules in ((plan.TLS, tls), (plan.PREFORK, groups)):
            mechanism.rewrite(f"{name}.toml", f"{mechanism.configuration}\n{rules}\n")

    def _site(self, stack, name):
        options = {"after": _AFTER, "start": 2}
        if name == plan.PREFORK:
            options |= {"mpm": "prefork", "start": 4}
        if name != plan.EVENT:
            own = self.mechanism.directory / f"{name}.toml"
            options["environment"] = {"NTLMDC_CONFIG": str(own)}
        if name == plan.TLS:
            options["certificate"] = self.mechanism.directory / "www.pem"
        site = Site(self.mechanism, **options)
        # The mechanism is closed once, after all sites.
        stack.callback(site.apache.close)
        return site

    def rotate(self):
        """`ntlmdc rotate`; returns the controller that was asked."""
        done = subprocess.run(
            host.bound([str(self._tool), "rotate", "--json", "--force"]),
            env=self.mechanism.environment | {"PATH": os.environ["PATH"]},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        if done.returncode != 0:
            raise host.LabError(f"ntlmdc rotate: {done.returncode}: {done.stdout}{done.stderr}")
        [section] = json.loads(done.stdout)
        address = {row["name"]: row["value"] for row in section["fields"]}["controller"]
        [asked] = [one for one in self.controllers if one.address == address]
        return asked

    def replicate(self, changed):
        """The other controller learns what was changed at this one."""
        if changed is self.first:
            self.second.pull()
        else:
            self.second.push()

    def renew_certificate(self):
        """The file, and then a reload of Apache, in the order of a renewal tool."""
        self.mechanism.rewrite("www.pem", apache.certificate())
        self.sites[plan.TLS].apache.renew()

    def set_member(self, user, belongs):
        """A user joins or leaves the group that the prefork site requires."""
        verb = "addmembers" if belongs else "removemembers"
        self.first.tool("group", verb, GROUP, user)
        self.replicate(self.first)


@contextlib.contextmanager
def raised(say):
    with contextlib.ExitStack() as stack:
        yield Stage(stack, say)
