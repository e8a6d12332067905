"""docs/containers.md and examples/Dockerfile, carried out in namespaces instead of Docker.

The image is an overlay on this machine's file system, in which the packages are installed already.
"""

import json
import pathlib
import re
import shlex
import subprocess
import time

import clients
import pytest
import recipes
from lab import host, mech

PAGE = (mech.ROOT / "docs" / "containers.md").read_text()
DOCKERFILE = (mech.ROOT / "examples" / "Dockerfile").read_text()
URL_PATH = ":8080/"

# Substitutes for programs that would install or build what is here already.
STAND_INS = {
    "apt-get": 'test "$1" = update || { shift 3; for p; do case $p in cargo-web|rustc-web) ;; '
    '*) dpkg -s "$p" >/dev/null;; esac; done; }',
    "cargo": 'test "$*" = "build --release --locked" && test -e target/release/libgss_ntlmdc.so',
}

IMAGE = """
set -eu
mount --make-rprivate /
mount -t tmpfs none {directory}
cd {directory}
mkdir upper work root
mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root
mkdir -p root/src root/stand-ins root/config
mount --bind {checkout} root/src
mount -t proc proc root/proc
mount -t tmpfs none root/dev
cp -a /dev/null /dev/zero /dev/urandom root/dev
"""


def instructions():
    """The Dockerfile's lines: (instruction, the rest)."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.M).replace("\\\n", " ")
    lines = [line.split(None, 1) for line in text.splitlines() if line.strip()]
    return [(word, rest.strip()) for word, rest in lines]


class Image:
    """What the Dockerfile makes: the shell lines, and what its last stage leaves."""

    def __init__(self):
        self.lines, self.environment, self.user, self.command = [], {}, None, None
        self._folder = "/"
        for word, rest in instructions():
            getattr(self, f"_{word.lower()}")(rest)

    def _from(self, rest):
        assert rest.startswith("debian:trixie")
        self._folder = "/"

    def _workdir(self, rest):
        self._folder = rest

    def _run(self, rest):
        line = f"cd {self._folder} && PATH=/stand-ins:$PATH && {rest}"
        self.lines.append(f"chroot root sh -euc {shlex.quote(line)}")

    def _copy(self, rest):
        *options, source, target = rest.split()
        if (source, target) == (".", "/src"):  # it is mounted there
            return
        if options:
            assert options == ["--from=build"]
            self.lines.append(f"cp -a root{source}. root{target}")
        else:
            self.lines.append(f"install -D -m 0644 {mech.ROOT}/{source} root{target}")

    def _env(self, rest):
        self.environment |= dict(pair.split("=", 1) for pair in rest.split())

    def _user(self, rest):
        self.user = rest

    def _cmd(self, rest):
        self.command = json.loads(rest)

    def _expose(self, rest):
        assert rest == URL_PATH.strip(":/")

    def _stopsignal(self, _rest):
        pass


def blocks(kind):
    return re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.M | re.S)


def mounts(options):
    """The shell lines that do what the options of `docker run` say; fails for an unknown one."""
    lines, known = [], {"--detach", "--read-only", "--cap-drop=ALL"}
    words = iter(options)
    for word in words:
        if word == "--tmpfs":
            path, rest = next(words).split(":")
            lines += [f"mkdir -p root{path}", f"mount -t tmpfs -o {rest} none root{path}"]
        elif word == "--mount":
            mount = dict(pair.partition("=")[::2] for pair in next(words).split(","))
            assert (mount["type"], mount["readonly"]) == ("bind", "")
            lines.append(f"mount --bind {mount['src']} root{mount['dst']}")
            lines.append(f"mount -o remount,bind,ro root{mount['dst']}")
        elif word in ("--name", "--publish"):
            next(words)
        else:
            assert word in known | {"--security-opt=no-new-privileges"}, word
    # runc gives standard output and standard error to the container's user.
    return [*lines, "mount -o remount,bind,ro root", "chown 33:33 /proc/self/fd/1 /proc/self/fd/2"]


def start(image, run):
    """The command that the container is."""
    given = [f"{name}={value}" for name, value in image.environment.items()]
    rights = ["--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", "--clear-groups"]
    assert "--cap-drop=ALL" in run and "--security-opt=no-new-privileges" in run
    user = [f"--reuid={image.user}", f"--regid={image.user}"]
    path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"
    words = ["chroot", "root", "setpriv", *rights, *user, "--"]
    return shlex.join([*words, "env", "-i", path, *given, *image.command])


def script(directory, folder):
    """The whole of it, with `folder` in place of the host's directory."""
    image = Image()
    build, install, run = (text.replace("/srv/web1/ntlmdc", folder) for text in blocks("sh"))
    assert build == "docker build -f examples/Dockerfile -t web1 .\n"
    words = shlex.split(run.replace("\\\n", " "))
    assert (words[:2], words[-1]) == (["docker", "run"], "web1")
    lines = [IMAGE.format(directory=directory, checkout=mech.ROOT)]
    for name, body in STAND_INS.items():
        text = shlex.quote(f"#!/bin/sh\n{body}\n")
        lines += [f"printf %s {text} >root/stand-ins/{name}", f"chmod 755 root/stand-ins/{name}"]
    lines += image.lines
    lines += [f"(cd {folder}/..; {install})", *mounts(words[2:-1]), f"exec {start(image, words)}"]
    return "\n".join(lines) + "\n"


class Container:
    """The container, until `close()`."""

    def __init__(self, controller, directory):
        directory.chmod(0o755)
        self.folder = directory / "ntlmdc"
        [text] = blocks("toml")
        text = recipes.change(text, ("10.0.0.2", controller.address))
        (directory / "ntlmdc.toml").write_text(text)
        (directory / "secret").write_text(controller.secret)
        (directory / "root").mkdir()
        (directory / "script").write_text(script(directory / "root", str(self.folder)))
        self._log = directory / "log"
        self.url = f"http://{controller.address}{URL_PATH}"
        # Docker's log is a pipe, too.
        pipe = f'sh "{directory}/script" 2>&1 | cat >"{self._log}"'
        self._process = subprocess.Popen(
            host.bound(["ip", "netns", "exec", controller.network])
            + ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", pipe],
            stdin=subprocess.DEVNULL,
        )
        try:
            at = (controller.address, int(URL_PATH.strip(":/")))
            host.wait_until(lambda: host.answers(*at) or self._ended(), 60, self.said)
            assert not self._ended(), self.said()
        except BaseException:
            self.close()
            raise

    def _ended(self):
        return self._process.poll() is not None

    def said(self):
        return self._log.read_text() if self._log.exists() else ""

    def close(self):
        # unshare does not end by SIGTERM; with its child all others die.
        host.end(self._process, patience=0)

    def log_in(self, password, user="alice"):
        account = f"EXAMPLE\\{user}:{password}"
        answer = clients.run(
            *("curl", "-sS", "--max-time", "30", "--ntlm", "--user", account, "-o", "/dev/null"),
            *("--write-out", "%{http_code}", self.url),
        )
        return int(answer.stdout)

    def processes(self):
        """The processes of Apache in it."""
        namespace = self._namespace(self._child())
        folders = pathlib.Path("/proc").glob("[0-9]*")
        mine = [path for path in folders if self._namespace(path.name) == namespace]
        return [path for path in mine if (path / "comm").read_text() == "apache2\n"]

    def _child(self):
        pid = self._process.pid
        return pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0]

    @staticmethod
    def _namespace(pid):
        try:
            return pathlib.Path(f"/proc/{pid}/ns/pid").readlink()
        except OSError:
            return None


@pytest.fixture(scope="module")
def container(library, controller, tmp_path_factory):
    assert library == mech.ROOT / "target" / "release" / library.name
    container = Container(controller, tmp_path_factory.mktemp("container"))
    yield container
    container.close()


def test_a_login_in_a_container(container, controller):
    assert container.log_in(controller.passwords["alice"]) == 200, container.said()
    assert container.log_in("wrong-password") == 401
    said = container.said()
    assert r'accepted "EXAMPLE\alice"' in said, said
    assert r" EXAMPLE\\alice [" in said, "Apache's access log"


def test_it_has_no_rights_and_writes_nowhere_else(container):
    processes = container.processes()
    assert len(processes) >= 2
    for process in processes:
        status = (process / "status").read_text()
        assert re.search(r"^Uid:\s+33\s+33\s+33\s+33$", status, re.M), status
        assert re.search(r"^CapBnd:\s+0+$", status, re.M), status
        assert re.search(r"^NoNewPrivs:\s+1$", status, re.M), status
    mounted = (processes[0] / "mountinfo").read_text()
    options = {line.split()[4]: line.split()[5].split(",") for line in mounted.splitlines()}
    assert "ro" in options["/"] and "ro" in options["/config"], mounted
    state = processes[0] / "root" / "run" / "ntlmdc"
    assert (state.stat().st_mode & 0o7777, state.stat().st_uid) == (0o700, 33)
    assert list(state.glob("*.state")), "the processes share the channel"


def test_secrets_as_orchestrators_mount_them(container, controller):
    """The mode that is refused, and the links of Kubernetes. It replaces the secret's file."""
    secret = container.folder / "secret"
    right = controller.passwords["alice"]
    versions = container.folder / "..2026_11_28"
    versions.mkdir()
    copy = versions / "secret"
    copy.write_text(secret.read_text())
    link = container.folder / "..data"
    link.symlink_to(versions.name)
    for mode, status in ((0o644, 401), (0o440, 200)):
        mech.give_to(copy, "root", "www-data")
        copy.chmod(mode)
        secret.unlink()
        secret.symlink_to("..data/secret")
        time.sleep(2.5)
        assert container.log_in(right) == status, container.said()
    assert "/config/secret: mode 0644 lets others at it" in container.said()
