"""The servers: how each is started, what it used, and the client that loads it."""
import contextlib
import ctypes
import getpass
import os
import shutil
import signal
import socket
import subprocess
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(TOP, os.environ.get("NACRE_BUILD", "build"))
NACRE = os.path.join(BUILD, "nacre-echo")
# All connections come from one address.
NO_LIMITS = ("--max-startups", "100000", "--per-source-max-startups", "none", "--per-source-penalties", "no",
             "--max-memory", "1024G", "--per-user-max-memory", "1024G")
LOAD = os.path.join(BUILD, "tests/bench/load")
FLOOR = os.path.join(BUILD, "tests/bench/floor")
USER = getpass.getuser()

CIPHERS = {
    "aes128-gcm": "aes128-gcm@openssh.com",
    "aes256-gcm": "aes256-gcm@openssh.com",
    "chacha20-poly1305": "chacha20-poly1305@openssh.com",
    "aes256-ctr": "aes256-ctr",
}
MACS = "hmac-sha2-256-etm@openssh.com,hmac-sha2-256"
KEX = {
    "curve25519": "curve25519-sha256",
    "mlkem768": "mlkem768x25519-sha256",
    "sntrup761": "sntrup761x25519-sha512,sntrup761x25519-sha512@openssh.com",
}
PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans():
    """Become the parent of processes that a server leaves behind, so that their CPU time is counted: sshd ends without
    waiting for its command."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def pinned(cpu):
    """Server and client on separate cores, if there are two; for keystrokes both on one, because waking another core of a
    virtual machine costs more than a server does."""
    cpus = sorted(os.sched_getaffinity(0))
    return lambda: os.sched_setaffinity(0, {cpus[cpu % len(cpus)]})


@contextlib.contextmanager
def awake(cpu):
    """Keep a core busy with a process that yields to all others. A virtual core that sleeps is taken away, and waking a
    server on it can double its cost."""
    def give_way():
        pinned(cpu)()
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))

    spinning = subprocess.Popen([FLOOR, "spin"], preexec_fn=give_way)
    try:
        yield
    finally:
        spinning.kill()
        spinning.wait()


def client_cpu():
    return str(sorted(os.sched_getaffinity(0))[-1])


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(condition, what, patience=20):
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"not within {patience} s: {what}")
        time.sleep(0.005)


def answers(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as s:
        s.settimeout(2)
        return s.recv(4) != b""
    return False


def children_of(pid):
    with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{pid}/children") as f:
        return [int(word) for word in f.read().split()]
    return []


class Running:
    """A server process. used(): seconds of CPU from its start to its end, including descendants."""

    def __init__(self, command, port=None, cpu=0, speaks=True):
        pipe = subprocess.PIPE if port is None else subprocess.DEVNULL
        self.others = set(children_of(os.getpid()))
        self.process = subprocess.Popen(command, stdout=pipe, stdin=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, preexec_fn=pinned(cpu))
        self.port = port or int(self.process.stdout.readline())
        if speaks:
            wait_for(lambda: self.process.poll() is not None or answers(self.port), f"{command[0]} listens")
        if self.process.poll() is not None:
            raise RuntimeError(f"{' '.join(command)} ended at once")

    def orphans(self):
        return set(children_of(os.getpid())) - self.others - {self.process.pid}

    def used(self):
        with contextlib.suppress(RuntimeError):
            wait_for(lambda: not children_of(self.process.pid), "children end", 2)
        self.process.send_signal(signal.SIGTERM)
        _, _, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = 0
        if self.process.stdout:
            self.process.stdout.close()
        return usage.ru_utime + usage.ru_stime + self.left_behind()

    def left_behind(self):
        seconds = 0
        for pid in self.orphans():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            with contextlib.suppress(ChildProcessError):
                _, _, usage = os.wait4(pid, 0)
                seconds += usage.ru_utime + usage.ru_stime
        return seconds

    def pss(self):
        with open(f"/proc/{self.process.pid}/smaps_rollup") as f:
            return next(int(line.split()[1]) * 1024 for line in f if line.startswith("Pss:"))

    def cpu_so_far(self):
        """CPU seconds of the process's first thread."""
        with open(f"/proc/{self.process.pid}/schedstat") as f:
            return int(f.read().split()[0]) / 1e9

    def spends(self, work):
        """Seconds of CPU of the first thread while `work` runs."""
        begin = self.cpu_so_far()
        work()
        return self.cpu_so_far() - begin


class Setup:
    """Keys and configurations in a temporary folder, and how each server is started."""

    patience = 120  # seconds

    def __init__(self, folder, nacre=NACRE):
        self.folder = folder
        home = self.path("home/.ssh")
        os.makedirs(home, 0o700)
        for name in "key", "host":
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", self.path(name)], check=True)
        shutil.copy(self.path("key.pub"), self.path("home/.ssh/authorized_keys"))
        os.chmod(self.path("home/.ssh/authorized_keys"), 0o600)
        os.chmod(self.path("home"), 0o700)
        self.servers = {"nacre": self.nacre}
        self.programs = {"nacre": nacre}
        if shutil.which("sshd", path="/usr/sbin:/usr/bin") and os.geteuid() == 0:
            os.makedirs("/run/sshd", 0o755, exist_ok=True)  # sshd does not start without it
            self.servers["sshd"] = self.sshd
            self.programs["sshd"] = "/usr/sbin/sshd"
        # These two read authorized_keys from the home folder only: a folder of their own is mounted over it.
        if shutil.which("dropbear", path="/usr/sbin") and os.geteuid() == 0:
            subprocess.run(["dropbearkey", "-t", "ed25519", "-f", self.path("dropbear")], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.servers["dropbear"] = self.dropbear
            self.programs["dropbear"] = "/usr/sbin/dropbear"
        if shutil.which("tinysshd", path="/usr/sbin") and os.geteuid() == 0:
            subprocess.run(["tinysshd-makekey", "-q", self.path("tiny")], check=True)
            self.servers["tinysshd"] = self.tinysshd
            self.programs["tinysshd"] = "/usr/sbin/tinysshd"

        self.settled_at = time.monotonic() + 4

    def settle(self):
        """Wait until the time stamps of files can be trusted: a file that has just changed is read at every login."""
        time.sleep(max(0, self.settled_at - time.monotonic()))

    def path(self, name):
        return os.path.join(self.folder, name)

    def in_home(self, *command):
        script = 'mount --bind "$0" ~ && exec "$@"'
        return ["unshare", "-m", "sh", "-c", script, self.path("home"), *command]

    def nacre_command(self, port, *more):
        return [self.programs["nacre"], "-q", *NO_LIMITS, "-l", f"127.0.0.1:{port}", "-k", self.path("host"), "-a", self.path("key.pub"), *more]

    def sshd_command(self, port):
        with open(self.path("sshd_config"), "w") as f:
            f.write(f"Port {port}\nListenAddress 127.0.0.1\nHostKey {self.path('host')}\nPidFile none\n"
                    f"AuthorizedKeysFile {self.path('key.pub')}\nStrictModes no\nUsePAM no\nMaxStartups 1000\n"
                    f"PermitRootLogin yes\nLogLevel QUIET\nUseDNS no\nPerSourceMaxStartups none\n")
        return ["/usr/sbin/sshd", "-D", "-f", self.path("sshd_config")]

    def dropbear_command(self, port):
        return ["/usr/sbin/dropbear", "-F", "-s", "-r", self.path("dropbear"), "-p", f"127.0.0.1:{port}",
                "-P", self.path("dropbear.pid")]

    def nacre(self, *more):
        port = free_port()
        return Running(self.nacre_command(port, *more), port)

    def sshd(self):
        port = free_port()
        return Running(self.sshd_command(port), port)

    def dropbear(self):
        port = free_port()
        return Running(self.in_home(*self.dropbear_command(port)), port)

    def tinysshd(self):
        return Running(self.in_home(FLOOR, "accept", "/usr/sbin/tinysshd", "-q", "-l", self.path("tiny")))

    def load(self, port, kind, count, command=None, cipher="aes128-gcm", kex="curve25519", at_once=1):
        line = [LOAD, "-p", str(port), "-u", USER, "-i", self.path("key"), "-c", CIPHERS[cipher], "-m", MACS,
                "-x", KEX[kex], "-j", str(at_once), kind, str(count)]
        return line + ([command] if command else [])

    def run_load(self, port, kind, *what, wrap=(), cpu=None, **more):
        """The client's figures. Raises Lacking if client and server have no algorithm in common."""
        cpu = kind != "keys" if cpu is None else cpu
        try:
            done = subprocess.run([*wrap, *self.load(port, kind, *what, **more)], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, preexec_fn=pinned(cpu), timeout=self.patience)
        except subprocess.TimeoutExpired:
            raise Failed(f"{kind} {what} {more}: no end within {self.patience} s") from None
        if done.returncode != 0:
            raise (Lacking if " in common" in done.stderr else Failed)(done.stderr.strip())
        return dict(word.split("=") for word in done.stdout.splitlines()[-1].split())


class Failed(Exception):
    """A server did not do its work."""


class Lacking(Failed):
    """A server does not have the algorithm."""


def command_for(server, kind, count):
    if server == "nacre":
        return {"cat": "cat", "keys": "cat", "sink": "discard", "source": f"chargen {count}"}.get(kind)
    return {"cat": "cat", "keys": "cat", "sink": "cat >/dev/null", "source": f"head -c {count} /dev/zero"}.get(kind)


def cost(setup, name, kind, count, least, options=(), **more):
    """(CPU seconds for the work between `least` and `count` units, the client's figures)"""
    used = []
    for n in least, count:
        server = setup.servers[name](*options)
        try:
            figures = setup.run_load(server.port, kind, n, command_for(name, kind, n), **more)
        finally:
            seconds = server.used()
        used.append(seconds)
    return used[1] - used[0], figures


def floor_server(kind):
    return Running([FLOOR, "serve", kind], speaks=False)


def drive_floor(server, kind, count, size=0):
    """Run the plain server's client, and return its figures."""
    done = subprocess.run([FLOOR, "drive", str(server.port), kind, str(count), str(size)], stdout=subprocess.PIPE,
                          text=True, check=True, preexec_fn=pinned(kind != "key"))
    return dict(word.split("=") for word in done.stdout.split())


def floor_tcp(kind, count, size):
    """The plain server: (CPU seconds, its client's figures)"""
    server = floor_server(kind)
    figures = drive_floor(server, kind, count, size)
    return server.used(), figures


def floor_number(*what):
    return float(subprocess.run([FLOOR, *map(str, what)], stdout=subprocess.PIPE, text=True, check=True,
                                preexec_fn=pinned(0)).stdout)


def floor_packet(cipher, size, count):
    """ns per packet, while the client's core processes as many, as a real client does: the two cores may be threads of
    one."""
    client = subprocess.Popen([FLOOR, "packet", cipher, str(size), str(10 ** 9)], stdout=subprocess.DEVNULL,
                              preexec_fn=pinned(1))
    try:
        time.sleep(0.02)
        return floor_number("packet", cipher, size, count)
    finally:
        client.kill()
        client.wait()
