"""What the chapters, the lessons and the exercises share: keys, a server, stock ssh, and a peer for plain packets.

    with Server(folder) as server:          nacre-echo on a free port of the loopback interface
        server.ssh("cat", send=b"bytes").stdout
        with Peer(server) as peer:          the part of the protocol that is not encrypted, by hand
            peer.send_line(b"SSH-2.0-me")
            peer.packet()
"""
import collections
import contextlib
import json
import os
import socket
import stat
import struct
import subprocess
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
BUILD = os.path.join(TOP, os.environ.get("NACRE_BUILD", "build"))
PASSWORD = "open sesame"
PATIENCE = 30  # seconds for anything that should happen at once, on a busy machine

SSH_CONFIG = """\
# The course's server: ssh -F {folder}/ssh_config nacre
Host nacre
    HostName localhost
    Port {port}
    User alice
    IdentityFile {folder}/key
    IdentitiesOnly yes
    IdentityAgent none
    PreferredAuthentications publickey,password
    UserKnownHostsFile {folder}/known_hosts
    GlobalKnownHostsFile none
    StrictHostKeyChecking yes
    UpdateHostKeys no
    IgnoreUnknown WarnWeakCrypto
    WarnWeakCrypto no
"""


class Trouble(Exception):
    """A sentence for the reader: what is wrong, and what to do."""


def protect(folder):
    """Take the group's and others' right to write to a folder, and to those above it up to the top folder of the sources: the
    server does not use files that others could replace. With umask 002 the group could."""
    folder = os.path.realpath(folder)
    while True:
        mode = stat.S_IMODE(os.stat(folder).st_mode)
        if mode & 0o022 and os.stat(folder).st_uid == os.getuid():
            os.chmod(folder, mode & ~0o022)
        if folder == TOP or not folder.startswith(TOP + os.sep):
            return
        folder = os.path.dirname(folder)


def write(path, text, mode=0o600):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="ascii") as file:
        file.write(text)
    os.chmod(path, mode)


def make_key(path, kind="ed25519"):
    bits = ["-b", "2048"] if kind == "rsa" else []
    subprocess.run(["ssh-keygen", "-q", "-t", kind, *bits, "-N", "", "-C", "", "-f", path], check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    os.chmod(path + ".pub", 0o644)


def furnish(folder, port):
    """Put keys, unless they are there, a password and a configuration for ssh into a folder."""
    os.makedirs(folder, exist_ok=True)
    for key in "hostkey", "key":
        if not os.path.exists(os.path.join(folder, key)):
            make_key(os.path.join(folder, key))
    write(os.path.join(folder, "passwords"), f"alice:{PASSWORD}\n")
    with open(os.path.join(folder, "hostkey.pub"), encoding="ascii") as file:
        write(os.path.join(folder, "known_hosts"), f"[localhost]:{port} {file.read()}")
    write(os.path.join(folder, "ssh_config"), SSH_CONFIG.format(folder=folder, port=port))


def command(folder, listen, *options, program=None):
    """The server's command line. Lessons cause many failed logins, which cost nothing here."""
    return [program or os.path.join(BUILD, "nacre-echo"), "-l", listen, "-k", os.path.join(folder, "hostkey"),
            "-a", os.path.join(folder, "key.pub"), "-p", os.path.join(folder, "passwords"),
            "--per-source-penalties", "no", "--auth-delay", "0", *options]


class Server:
    """A nacre-echo that listens when the constructor returns, with its files in a temporary folder."""

    def __init__(self, *options, program=None):
        self.process = None
        self.temporary = tempfile.TemporaryDirectory(prefix="nacre-course-")
        self.folder = self.temporary.name
        self.program = program or os.path.join(BUILD, "nacre-echo")
        if not os.access(self.program, os.X_OK):
            raise Trouble(f"{self.program} is not there: build it with 'make'")
        try:
            furnish(self.folder, 0)
            with open(self.path("log"), "wb") as log:
                self.process = subprocess.Popen(command(self.folder, "localhost:0", "-v", *options, program=self.program),
                                                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder)
            self.port = int(self.wait("event=listening addr=").rsplit(":", 1)[1].split()[0])
            furnish(self.folder, self.port)
        except BaseException:
            self.stop()
            raise

    def path(self, name):
        return os.path.join(self.folder, name)

    def log(self):
        with open(self.path("log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait(self, text, count=1):
        """Wait until the log has so many lines with this text, and return the last of these."""
        deadline = time.monotonic() + PATIENCE
        while True:
            ended = self.process.poll() is not None
            lines = [line for line in self.log().splitlines(True) if text in line and line.endswith("\n")]
            if len(lines) >= count:
                return lines[count - 1].rstrip("\n")
            if ended:
                raise Trouble(f"the server ended: {self.log().strip()[-300:]}")
            if time.monotonic() > deadline:
                raise Trouble(f"the server did not log '{text}' within {PATIENCE} seconds")
            time.sleep(0.01)

    def ssh_command(self, *words, options=()):
        settings = [word for option in options for word in ("-o", option)]
        return ["ssh", "-T", "-F", self.path("ssh_config"), *settings, "nacre", *words]

    def ssh(self, *words, send=b"", options=(), patience=PATIENCE, environment=None):
        """Run stock ssh to its end. Trouble when that does not come."""
        try:
            return subprocess.run(self.ssh_command(*words, options=options), input=send, capture_output=True,
                                  timeout=patience, check=False, env={**os.environ, **(environment or {})})
        except subprocess.TimeoutExpired:
            raise Trouble(f"ssh did not end within {patience} seconds") from None

    def end_of_trace(self, name):
        """After the first connection's end: stop the server, and return the events of its trace."""
        self.wait("event=disconnected")
        self.process.terminate()
        self.process.wait(PATIENCE)
        with open(self.path(name), encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        return [line for line in lines if "event" in line]  # the first describes the trace

    def stop(self):
        if self.process is not None:
            if self.process.poll() is None:
                self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.temporary.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


Packet = collections.namedtuple("Packet", "size padding payload")


class Peer:
    """A client without encryption: lines and packets, up to the key exchange. RFC 4253 sections 4.2 and 6."""

    def __init__(self, server, patience=PATIENCE):
        self.socket = socket.create_connection(("localhost", server.port), timeout=patience)
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def send(self, data):
        with contextlib.suppress(ConnectionError):
            self.socket.sendall(data)

    def send_line(self, line):
        self.send(line + b"\r\n")

    def send_packet(self, payload):
        padding = 8 - (5 + len(payload)) % 8
        padding += 8 if padding < 4 else 0
        self.send(struct.pack(">IB", 1 + len(payload) + padding, padding) + payload + bytes(padding))

    def line(self):
        """The server's identification string, without CR LF."""
        return self.file.readline(4096).rstrip(b"\r\n")

    def packet(self):
        """The next packet, or None at the end of the connection."""
        try:
            head = self.file.read(5)
            if len(head) < 5:
                return None
            length, padding = struct.unpack(">IB", head)
            rest = self.file.read(length - 1) if length > 0 else b""
        except TimeoutError:
            raise Trouble("the server neither answered nor closed the connection") from None
        except ConnectionError:
            return None
        return Packet(5 + len(rest), padding, rest[:max(len(rest) - padding, 0)])

    def packets(self):
        """All packets up to the end of the connection, or up to one that answers a message nobody knows (number 19)."""
        found = []
        while (packet := self.packet()) is not None:
            found.append(packet)
            if packet.payload[:1] == b"\x03":
                break
        return found


def session(*ssh_words, server_options=(), **how):
    """One session of stock ssh with a server that writes a trace: the trace's events, in order."""
    with Server(*server_options, "--trace", "trace.json", "--trace-format", "json") as server:
        done = server.ssh(*ssh_words, **how)
        if done.returncode == 255:
            raise Trouble("ssh: " + done.stderr.decode(errors="replace").strip())
        return server.end_of_trace("trace.json")
