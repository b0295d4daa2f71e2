"""Dovecot, the mail server of Debian, with one account, on a port of loopback over TLS."""

import imaplib
import os
import pwd
import shutil
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.product import free_port

PROGRAM = Path("/usr/sbin/dovecot")
USER, PASSWORD = "reader@example.test", "pass wörd"
START_SECONDS_MAX = 60
CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <{folder}/certificate.pem
ssl_key = <{folder}/key.pem
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
mail_location = maildir:{folder}/mail
mailbox_list_index = no
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {folder}/people
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/home
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where it listens, and what to trust."""

    port: int
    certificate: Path

    @property
    def origin(self) -> str:
        return f"imaps://127.0.0.1:{self.port}"

    def client(self) -> imaplib.IMAP4_SSL:
        """Sign in as the account's owner."""
        trusted = ssl.create_default_context(cafile=self.certificate)
        client = imaplib.IMAP4_SSL("127.0.0.1", self.port, ssl_context=trusted)
        client.authenticate("PLAIN", lambda _: f"\0{USER}\0{PASSWORD}".encode())
        return client


@contextmanager
def serving() -> Iterator[MailServer]:
    """Start the server; skip the tests where it is not installed."""
    if not PROGRAM.exists():
        pytest.skip("needs Debian's dovecot-imapd: make system-packages")
    # Its sockets need a short path, and its workers one that they may enter.
    folder = Path(tempfile.mkdtemp(prefix="mail-", dir="/tmp"))
    server = MailServer(free_port(), folder / "certificate.pem")
    _write(folder, server.port)
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            [PROGRAM, "-F", "-c", folder / "dovecot.conf"], stdout=output, stderr=output
        )
    try:
        _wait(server, process, folder)
        yield server
    finally:
        process.terminate()
        process.wait(START_SECONDS_MAX)
        shutil.rmtree(folder)


def _write(folder: Path, port: int) -> None:
    # It gives up root's rights for mail, so then the mail is nobody's.
    user = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    group = subprocess.check_output(["/usr/bin/id", "-gn", user.pw_name], text=True).strip()
    people = f"{USER}:{{PLAIN}}{PASSWORD}::::::\n"
    (folder / "people").write_text(people)
    _write_certificate(folder)
    text = CONFIGURATION.format(folder=folder, port=port, user=user.pw_name, group=group)
    (folder / "dovecot.conf").write_text(text)
    for name in ("mail", "home"):
        (folder / name).mkdir()
        os.chown(folder / name, user.pw_uid, user.pw_gid)
    os.chown(folder / "people", user.pw_uid, user.pw_gid)
    folder.chmod(0o755)


def _write_certificate(folder: Path) -> None:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    address = x509.IPAddress(ip_address("127.0.0.1"))
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    (folder / "certificate.pem").write_bytes(signed.public_bytes(Encoding.PEM))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.pem").write_bytes(private)


def _wait(server: MailServer, process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while not _answers(server):
        said = [path.read_text() for path in folder.iterdir() if path.name in {"log", "output"}]
        assert process.poll() is None, said
        assert time.monotonic() < deadline, said
        time.sleep(0.05)


def _answers(server: MailServer) -> bool:
    try:
        server.client().logout()
    except (OSError, imaplib.IMAP4.error):
        return False
    return True
