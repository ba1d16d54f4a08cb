"""A real sshd on loopback: own port, own keys, own settings; started by the tests as the user who runs them."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

_CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
PidFile {folder}/pid
AuthorizedKeysFile {folder}/authorized_keys
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
Subsystem sftp internal-sftp
MaxSessions 20
"""


class SshServer:
    """The server; `key` opens it, `stranger` is a key that it does not know."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
        if not program or not shutil.which("ssh-keygen"):
            pytest.skip("no sshd on this machine (Debian: apt-get install openssh-server)")
        self.key, self.stranger = folder / "key", folder / "stranger"
        for name in ("host_key", "key", "stranger"):
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name]
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        (folder / "authorized_keys").write_text((folder / "key.pub").read_text())
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        (folder / "config").write_text(_CONFIG.format(port=self.port, folder=folder))
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)  # where sshd, as root, wants to lock itself up
        self.said = folder / "sshd.log"
        self._process = subprocess.Popen([program, "-D", "-f", folder / "config", "-E", self.said])
        self.user = getpass.getuser()
        self._wait()

    def url(self, folder: Path) -> str:
        """The address of a folder of this machine, by ssh."""
        return f"ssh://{self.user}@127.0.0.1:{self.port}{folder}"

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(timeout=10)

    def _wait(self) -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            assert self._process.poll() is None, self.said.read_text()
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise TimeoutError(self.said.read_text())
