"""Other SSH clients. Ssh, Plink, Dbclient and Paramiko have the same methods."""
import contextlib
import hashlib
import itertools
import logging
import os
import subprocess
import sys
import tempfile
import threading
import warnings

from harness import MIB, PASSWORD, PATIENCE, TOP, USER, Done, algorithms, clean_environment, end, sha256, until

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # paramiko's, about old ciphers
    import paramiko
logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)  # it raises its errors


class Client:
    """One user of one SSH program. login: "key", "password", "stranger" (a key that is not authorised) or "none"."""

    name = None

    def __init__(self, server, login="key", user=USER, password=PASSWORD, cipher=None, options=()):
        self.server, self.login, self.user, self.password = server, login, user, password
        self.cipher, self.options = cipher, list(options)

    @classmethod
    def ciphers(cls):
        """The ciphers with which tests use this client; by default the server's AEAD ciphers."""
        return [name for name in algorithms()["cipher"] if "@" in name]

    def environment(self):
        return clean_environment(self.server.folder)

    def command(self, command=None, terminal=False, subsystem=None, options=()):
        """Its command line, as a list of words."""
        raise NotImplementedError

    def start(self, command=None, options=(), **streams):
        """Start it with pipes. The caller must end it."""
        return subprocess.Popen(self.command(command, options=options), env=self.environment(),
                                **{"stdin": subprocess.PIPE, "stdout": subprocess.PIPE,
                                   "stderr": subprocess.PIPE, **streams})

    def run(self, command=None, data=b"", patience=4 * PATIENCE, **more):
        """Run a command, or the shell, to its end."""
        done = subprocess.run(self.command(command, **more), input=data, env=self.environment(),
                              capture_output=True, timeout=patience)
        return Done(done.returncode, done.stdout, done.stderr)

    def digest(self, command, path, patience=8 * PATIENCE, options=()):
        """The same with a file as input; out is the SHA-256 of the output."""
        with open(path, "rb") as data, tempfile.TemporaryFile() as err:
            process = self.start(command, options=options, stdin=data, stderr=err)
            timer = threading.Timer(patience, process.kill)
            timer.start()
            try:
                seen = hashlib.sha256()
                for block in iter(lambda: process.stdout.read(MIB), b""):
                    seen.update(block)
                status = process.wait()
            finally:
                timer.cancel()
                end(process)
            err.seek(0)
            return Done(status, seen.hexdigest(), err.read())


class Ssh(Client):
    """OpenSSH."""

    name = "ssh"
    methods = {"key": "publickey", "stranger": "publickey", "password": "password", "none": "none"}

    def environment(self):
        return clean_environment(self.server.folder, **({"SSHPASS": self.password} if self.login == "password" else {}))

    def command(self, command=None, terminal=False, subsystem=None, options=()):
        settings = {
            "UserKnownHostsFile": self.server.path(".ssh/known_hosts"), "GlobalKnownHostsFile": "/dev/null",
            "StrictHostKeyChecking": "yes", "IdentitiesOnly": "yes", "IdentityAgent": "none",
            "IdentityFile": self.server.path(self.login) if self.login in ("key", "stranger") else "none",
            "PreferredAuthentications": self.methods[self.login], "NumberOfPasswordPrompts": "1",
        }
        if self.cipher:
            settings["Ciphers"] = self.cipher
        words = ["sshpass", "-e"] if self.login == "password" else []
        words += ["ssh", "-F", "none", *self.options, *options]  # the first value of an option counts
        for name, value in settings.items():
            words += ["-o", f"{name}={value}"]
        words += ["-tt" if terminal else "-T", "-p", str(self.server.port)]
        words += ["-s"] if subsystem else []
        words += [f"{self.user}@{self.server.host}"]
        return words + ([subsystem or command] if subsystem or command else [])


class Plink(Client):
    """PuTTY. Settings without a command-line option are in a saved session."""

    name = "plink"

    # PuTTY's names for ciphers, by the beginning of the server's. Its aesgcm prefers 128 bits if the server has both lengths.
    settings = {"chacha20": "Cipher=chacha20,WARN", "aes128-gcm": "Cipher=aesgcm,WARN"}

    @classmethod
    def setting(cls, cipher):
        return next((setting for name, setting in cls.settings.items() if cipher.startswith(name)), None)

    @classmethod
    def ciphers(cls):
        return [name for name in algorithms()["cipher"] if cls.setting(name)]

    def session(self, *settings):
        """Options for a saved session with these settings."""
        name = hashlib.sha256(repr(settings).encode()).hexdigest()[:16]
        os.makedirs(self.server.path(".putty/sessions"), exist_ok=True)
        with open(self.server.path(".putty/sessions/" + name), "w", encoding="ascii") as file:
            file.write("".join(setting + "\n" for setting in settings))
        return ["-load", name]

    def command(self, command=None, terminal=False, subsystem=None, options=()):
        if self.cipher and "-load" not in options:
            options = [*self.session(self.setting(self.cipher)), *options]
        words = ["plink", "-ssh", "-batch", "-noagent", "-noshare", "-no-antispoof", "-no-sanitise-stdout",
                 "-no-sanitise-stderr", "-hostkey", self.server.fingerprint]
        if self.login in ("key", "stranger"):
            words += ["-i", self.ppk(self.login)]
        elif self.login == "password":
            words += ["-pw", self.password]
        words += ["-t" if terminal else "-T", *self.options, *options, "-P", str(self.server.port)]
        words += ["-s"] if subsystem else []
        words += [f"{self.user}@{self.server.host}"]
        return words + ([subsystem or command] if subsystem or command else [])

    def ppk(self, key):
        path = self.server.path(key + ".ppk")
        if not os.path.exists(path):
            subprocess.run(["puttygen", self.server.path(key), "-O", "private", "-o", path], check=True,
                           env=self.environment())
        return path


class Dbclient(Client):
    """Dropbear. It checks for its last channel before it processes the channels, and then sleeps until input arrives: when
    its standard output drains late, it would sleep for ever after both CLOSEs. Keepalives (-K) wake it."""

    name = "dbclient"

    @classmethod
    def ciphers(cls):
        return algorithms()["cipher"][:1]

    def environment(self):
        return clean_environment(self.server.folder,
                                 **({"DROPBEAR_PASSWORD": self.password} if self.login == "password" else {}))

    def command(self, command=None, terminal=False, subsystem=None, options=()):
        words = ["dbclient", "-K", "5"]
        words += ["-c", self.cipher] if self.cipher else []
        if self.login in ("key", "stranger"):
            words += ["-i", self.dropbear_key(self.login)]
        words += ["-t" if terminal else "-T", *self.options, *options, "-p", str(self.server.port)]
        words += ["-s"] if subsystem else []
        words += [f"{self.user}@{self.server.host}"]
        return words + ([subsystem or command] if subsystem or command else [])

    def dropbear_key(self, key):
        path = self.server.path(key + ".dropbear")
        if not os.path.exists(path):
            subprocess.run(["dropbearconvert", "openssh", "dropbear", self.server.path(key), path], check=True,
                           env=self.environment(), capture_output=True)
        return path


class Paramiko(Client):
    """paramiko, in this process."""

    name = "paramiko"

    @classmethod
    def ciphers(cls):
        """Debian 12's paramiko has no AEAD cipher."""
        return [name for name in algorithms()["cipher"] if "@" not in name]

    def connect(self):
        """A connection that is logged in."""
        key = {"key": "key", "stranger": "stranger"}.get(self.login)
        transport = paramiko.Transport((self.server.host, self.server.port))
        try:
            if self.cipher:
                transport.get_security_options().ciphers = (self.cipher,)
            kind, blob = self.server.host_key.split()
            transport.start_client(timeout=PATIENCE)
            found = transport.get_remote_server_key()
            assert (found.get_name(), found.get_base64()) == (kind, blob), "another host key"
            if key:
                transport.auth_publickey(self.user, paramiko.Ed25519Key.from_private_key_file(self.server.path(key)))
            elif self.login == "password":
                transport.auth_password(self.user, self.password, fallback=False)
            else:
                transport.auth_none(self.user)
        except BaseException:
            transport.close()
            raise
        return transport

    def run(self, command=None, data=b"", patience=4 * PATIENCE, terminal=False, subsystem=None):
        with contextlib.closing(self.connect()) as transport:
            channel = transport.open_session(timeout=PATIENCE)
            channel.settimeout(patience)
            if terminal:
                channel.get_pty()
            start(channel, command, subsystem)
            out, err = exchange(channel, data)
            return Done(channel.recv_exit_status(), out, err)

    def digest(self, command, path, patience=8 * PATIENCE, options=()):
        with open(path, "rb") as file:
            done = self.run(command, file.read(), patience)
        return Done(done.status, sha256(done.out), done.err)


class ParamikoProgram(Client):
    """paramiko, in a separate process. It logs in with a key only."""

    name = "paramiko"

    @classmethod
    def cannot(cls, server):
        return Paramiko.cannot(server)

    def command(self, command=None, terminal=False, subsystem=None, options=()):
        assert not (terminal or subsystem or options), "the program has no such thing"
        words = [sys.executable, os.path.join(TOP, "tests/interop/paramiko_program.py"), self.server.host,
                 str(self.server.port), self.user, self.server.path(self.login), self.server.host_key]
        return words + ([command] if command else [])


def start(channel, command=None, subsystem=None):
    if subsystem:
        channel.invoke_subsystem(subsystem)
    elif command:
        channel.exec_command(command)
    else:
        channel.invoke_shell()


def exchange(channel, data):
    """Write the data and EOF on a paramiko channel, and read to the end at the same time."""
    def write():
        with contextlib.suppress(OSError):  # the other end may close first
            channel.sendall(data)
            channel.shutdown_write()

    writer = threading.Thread(target=write)
    writer.start()
    out = b"".join(iter(lambda: channel.recv(MIB), b""))
    err = b"".join(iter(lambda: channel.recv_stderr(MIB), b""))
    writer.join()
    return out, err


class Master:
    """A shared OpenSSH connection (ControlMaster); run and start open sessions on it."""

    count = itertools.count()

    def __init__(self, server, **more):
        self.server = server
        self.socket = server.path(f"control-{next(self.count)}")
        self.client = Ssh(server, **more)
        self.process = self.client.start(options=["-M", "-S", self.socket, "-N"])
        try:
            until(self.is_up, lambda: f"no ControlMaster: {self.process.poll()}")
        except BaseException:
            end(self.process)
            raise

    def is_up(self):
        return os.path.exists(self.socket) and self.control("check").status == 0

    def control(self, word):
        done = subprocess.run(["ssh", "-F", "none", "-S", self.socket, "-O", word, "x"], capture_output=True,
                              env=self.client.environment(), timeout=PATIENCE)
        return Done(done.returncode, done.stdout, done.stderr)

    def options(self, options):
        return ["-S", self.socket, "-o", "ControlMaster=no", "-o", "ProxyCommand=exit 1", *options]  # never a new connection

    def command(self, command=None, options=(), **more):
        return self.client.command(command, options=self.options(options), **more)

    def run(self, command=None, data=b"", options=(), **more):
        return self.client.run(command, data, options=self.options(options), **more)

    def start(self, command=None, options=(), **streams):
        return self.client.start(command, options=self.options(options), **streams)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.control("exit")
        end(self.process)
