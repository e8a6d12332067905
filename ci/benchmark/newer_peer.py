"""Debian 13 with its own gss-ntlmssp, in a root of `lab.debian_root`: the programs run there."""

import os
import shutil

from lab import debian_root


class Root:
    """`folder` has the programs and their files; it is copied to the same path in the root."""

    def __init__(self, folder, library):
        self._folder = folder
        self._root = debian_root.DebianRoot("trixie")
        kept = debian_root.KEPT
        self._root.run(f"dpkg --force-depends -i {kept}/*.deb")
        query = "dpkg-query -W -f '${Version}' gss-ntlmssp"
        self.version = self._root.run(query)
        inner = self._root.path / str(folder).lstrip("/")
        self._library = folder / "libgss_ntlmdc.so"
        shutil.copy(library, self._library)
        own = (folder / "mech.conf").read_text().replace(str(library), str(self._library))
        (folder / "newer-mech.conf").write_text(own)
        shutil.copytree(folder, inner)
        os.chmod(inner, 0o700)

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self._root.close()

    def ours(self, environment):
        """The environment of our acceptor, as it is in the root."""
        return environment | {"GSS_MECH_CONFIG": str(self._folder / "newer-mech.conf")}

    def inside(self):
        """The words before a program that runs in the root."""
        return self._root.entering()
