"""Servers of other projects, each in its own folder and on its own port."""
import base64
import contextlib
import getpass
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

from harness import BUILD, PASSWORD, PATIENCE, TOP, end, ssh_keygen, until


SERVERS = os.path.join(TOP, "apps/spec/servers")

# The rest of a command that stays until its connection ends. Servers that are not ours leave a "sleep 1000" behind.
STAYS = "while kill -0 $PPID; do sleep 0.1; done 2>&-"


class Other:
    """A server of another project, as a child process."""

    host_keys = ("ed25519",)

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="nacre-")
        self.process = None
        os.chmod(self.folder, 0o755)
        self.user = getpass.getuser()
        ssh_keygen(self.path("key"))
        # Bound but not listening, so that no other program gets the port; the server can still bind it (SO_REUSEADDR).
        self.reserved = socket.socket()
        self.reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.reserved.bind(("127.0.0.1", 0))
        self.port = self.reserved.getsockname()[1]

    def path(self, name):
        return os.path.join(self.folder, name)

    def start(self, command, patience=10 * PATIENCE):
        with open(self.path("log"), "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            start_new_session=True)
        until(self.answers, lambda: f"it does not listen: {self.log()}", patience)

    def answers(self):
        assert self.process.poll() is None, self.log()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)) as s:
            return s.recv(4) == b"SSH-"
        return False

    def log(self):
        with open(self.path("log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def make_host_keys(self):
        """host, the first kind, and host_KIND for each other, in the old format: paramiko 2.12 misreads some of the new one."""
        ssh_keygen(self.path("host"), self.host_keys[0])
        for kind in self.host_keys[1:]:
            ssh_keygen(self.path(f"host_{kind}"), kind, "-m", "PEM")
        with open(self.path("host.pub"), encoding="ascii") as file:
            self.know(file.read())

    def know(self, public):
        with open(self.path("known_hosts"), "w", encoding="ascii") as file:
            file.write(f"[127.0.0.1]:{self.port} {' '.join(public.split()[:2])}\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process is not None:
            end(self.process)
        self.reserved.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Sshd(Other):
    """OpenSSH's sshd, run by the tests' user. settings: lines of sshd_config, before the default ones."""

    accepted = "Accepted publickey for"
    wrapper = []  # a command that runs it

    def __init__(self, settings=""):
        super().__init__()
        self.settings = settings
        self.prepare()
        program = shutil.which("sshd", path="/usr/sbin:/usr/bin:" + os.environ["PATH"])
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", 0o755, exist_ok=True)  # it does not start without it
        ssh_keygen(self.path("host"))
        with open(self.path("host.pub"), encoding="ascii") as file:
            self.know(file.read())
        with open(self.path("config"), "w", encoding="ascii") as file:
            file.write(f"{self.settings}Port {self.port}\nListenAddress 127.0.0.1\nHostKey {self.path('host')}\nPidFile none\n"
                       f"AuthorizedKeysFile {self.path('key.pub')}\nStrictModes no\nUsePAM no\nMaxStartups 1000\n"
                       "PermitRootLogin yes\nLogLevel VERBOSE\nUseDNS no\nMaxSessions 100\n")
        command = [program, "-f", self.path("config"), "-o", "PerSourcePenalties=no"]
        if subprocess.run([*command, "-t"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
            del command[3:]  # before OpenSSH 9.8
        self.start([*self.wrapper, *command, "-D", "-e"])

    def prepare(self):
        """What has to be done before it is configured."""


class SshdWithPam(Sshd):
    """sshd with PAM, whose users exist only in its own mount namespace. `password` is that of all: the tests' user; `two` and
    `other`, who need a key and then the password; and `expired`, whose password has expired. It accepts certificates of the CA `ca`."""

    password = "the password of PAM"

    def __init__(self, settings=""):
        if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode != 0:
            raise unittest.SkipTest("unshare -m, which gives sshd users of its own, is refused here")
        super().__init__(f"{settings}UsePAM yes\nKbdInteractiveAuthentication yes\nPasswordAuthentication yes\nMaxAuthTries 100\n")

    def prepare(self):
        ssh_keygen(self.path("ca"))
        secret = subprocess.run(["openssl", "passwd", "-6", "-stdin"], input=self.password, capture_output=True, text=True,
                                check=True).stdout.strip()
        with open(self.path("passwd"), "w", encoding="ascii") as passwd, open(self.path("shadow"), "w", encoding="ascii") as shadow:
            for number, (name, changed) in enumerate(((self.user, 19000), ("two", 19000), ("other", 19000), ("expired", 0), ("sshd", 19000))):
                passwd.write(f"{name}:x:{60000 + number if number else 0}:0::{self.folder}:/bin/sh\n")
                shadow.write(f"{name}:{secret}:{changed}:0:99999:7:::\n")
        os.chmod(self.path("shadow"), 0o600)
        with open(self.path("pam"), "w", encoding="ascii") as file:  # without the delay after a wrong password
            file.write("auth required pam_unix.so nodelay\naccount required pam_unix.so\nsession required pam_permit.so\n"
                       "password required pam_unix.so\n")
        self.settings += (f"TrustedUserCAKeys {self.path('ca.pub')}\nMatch User two,other\nAuthenticationMethods publickey,password\n"
                          "Match all\n")
        self.wrapper = ["unshare", "-m", "sh", "-c",
                        'mount --bind "$0/passwd" /etc/passwd && mount --bind "$0/shadow" /etc/shadow && '
                        'mount --bind "$0/pam" /etc/pam.d/sshd && exec "$@"', self.folder]


class Library(Other):
    """A server made with an SSH library: one of apps/spec/servers."""

    kind = None

    def __init__(self):
        super().__init__()
        self.make_host_keys()
        with open(self.path("password"), "w", encoding="ascii") as file:
            file.write(PASSWORD + "\n")
        self.start([*self.program(), self.folder, str(self.port)])

    def program(self):
        return [sys.executable, "-W", "ignore", os.path.join(SERVERS, f"serve_{self.kind}.py")]


class AsyncSsh(Library):
    kind = "asyncssh"


class Paramiko(Library):
    kind = "paramiko"


class Conch(Library):
    kind = "conch"

    def __init__(self):
        self.check()
        super().__init__()

    @staticmethod
    def check():
        if os.geteuid() != 0:
            raise unittest.SkipTest("Conch gives the terminal of a session to its user: not without root")


class Tiny(Other):
    """TinySSH. It serves one connection, which it inherits."""

    def __init__(self):
        if subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode != 0:
            raise unittest.SkipTest("unshare -m, which gives tinysshd another home folder, is refused here")
        super().__init__()
        program = shutil.which("tinysshd", path="/usr/sbin:/usr/bin:" + os.environ["PATH"])
        subprocess.run(["tinysshd-makekey", self.path("host")], check=True, capture_output=True)
        self.home = tempfile.mkdtemp(prefix="nacre-", dir="/run")
        keys = os.path.join(self.home, ".ssh")
        os.mkdir(keys, 0o700)
        shutil.copy(self.path("key.pub"), os.path.join(keys, "authorized_keys"))
        os.chmod(os.path.join(keys, "authorized_keys"), 0o600)
        with open(self.path("host/ed25519.pk"), "rb") as file:
            blob = b"".join(len(part).to_bytes(4, "big") + part for part in (b"ssh-ed25519", file.read()))
        self.know("ssh-ed25519 " + base64.b64encode(blob).decode())
        self.command = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" ~ && exec "$@"', self.home, program, "-v",
                        self.path("host")]
        self.children = []
        self.reserved.listen()
        self.thread = threading.Thread(target=self.accept)
        self.thread.start()

    def accept(self):
        with contextlib.suppress(OSError), open(self.path("log"), "ab") as log:  # until it is shut down
            while True:
                client, _ = self.reserved.accept()
                with client:
                    self.children.append(subprocess.Popen(self.command, stdin=client, stdout=client, stderr=log,
                                                          start_new_session=True))

    def __exit__(self, *exception):
        with contextlib.suppress(OSError):
            self.reserved.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        for child in self.children:
            end(child)
        super().__exit__(*exception)
        shutil.rmtree(self.home, ignore_errors=True)


class ConchCommands(Other):
    """A server made with Twisted Conch, with keys of any type. It sends server-sig-algs without the ECDSA that it
    accepts."""

    accepted = "accepted "

    def __init__(self, host_key="ecdsa", key="ed25519"):
        super().__init__()
        ssh_keygen(self.path("host"), host_key)
        os.remove(self.path("key"))
        ssh_keygen(self.path("key"), key)
        with open(self.path("host.pub"), encoding="ascii") as file:
            self.know(file.read())
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "conch_program.py")
        self.start(["/usr/bin/python3", program, str(self.port), self.path("host"), self.user, self.path("key.pub")])


class NodeSsh2(Other):
    """A server made with node's ssh2, which "make node-packages" installs. It answers ssh-rsa to a query for an RSA key."""

    accepted = "accepted "

    def __init__(self, host_key="ecdsa", key="ed25519"):
        folder = os.path.join(BUILD, "node")
        if not os.path.exists(os.path.join(folder, "node_modules/ssh2")):
            raise unittest.SkipTest("node's ssh2 is not installed: make node-packages")
        super().__init__()
        ssh_keygen(self.path("host"), host_key)
        os.remove(self.path("key"))
        ssh_keygen(self.path("key"), key)
        with open(self.path("host.pub"), encoding="ascii") as file:
            self.know(file.read())
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "node/server.mjs")
        self.start(["env", f"NODE_FOLDER={folder}", "node", program, str(self.port), self.path("host"), self.user,
                    self.path("key.pub")])


class Dropbear(Other):
    accepted = "Pubkey auth succeeded for"

    def __init__(self):
        program = shutil.which("dropbear", path="/usr/sbin:/usr/bin:" + os.environ["PATH"])
        if os.geteuid() != 0:
            raise unittest.SkipTest("dropbear reads authorized_keys in the home folder only: not without root")
        # Newer versions read them from any folder.
        any_folder = b"\n-D" in subprocess.run([program, "-h"], capture_output=True, check=False).stderr
        if not any_folder and subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode != 0:
            raise unittest.SkipTest("unshare -m, which gives dropbear another home folder, is refused here")
        super().__init__()
        keys_to_serve = []
        for kind in reversed(self.host_keys):
            keys_to_serve += ["-r", self.path("host_" + kind)]
            said = subprocess.run(["dropbearkey", "-t", kind, "-f", keys_to_serve[-1]], check=True, capture_output=True,
                                  text=True).stdout
        self.know(re.search(r"^(ssh|ecdsa)-\S+ .*$", said, re.M)[0])
        # Not in /tmp: it refuses keys below a folder that others can write to.
        self.home = tempfile.mkdtemp(prefix="nacre-", dir="/run")
        keys = os.path.join(self.home, ".ssh")
        os.mkdir(keys, 0o700)
        shutil.copy(self.path("key.pub"), os.path.join(keys, "authorized_keys"))
        os.chmod(os.path.join(keys, "authorized_keys"), 0o600)
        if any_folder:
            command = [program, "-D", keys]
        else:
            command = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" ~ && exec "$@"', self.home, program]
        self.start([*command, "-F", "-E", *keys_to_serve, "-p", f"127.0.0.1:{self.port}", "-P", self.path("pid")])

    def __exit__(self, *exception):
        super().__exit__(*exception)
        shutil.rmtree(self.home, ignore_errors=True)
