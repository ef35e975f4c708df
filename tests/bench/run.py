#!/usr/bin/env python3
"""What a server costs: CPU time (user + system, children included) per unit of work, beside the machine's own floor and
beside other servers, all in one run, in rounds, medians.

    run.py [--rounds N] [--mib N] [--only WORD] [--write FILE]

A server is started anew for every figure and ended after it: what it used is then exactly what the kernel accounted
to it. The same is done with next to no work, and taken away. Loopback only; nothing outside of a temporary folder.
"""
import argparse
import contextlib
import getpass
import os
import platform
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(TOP, os.environ.get("NACRE_BUILD", "build"))
LOAD = os.path.join(BUILD, "tests/bench/load")
FLOOR = os.path.join(BUILD, "tests/bench/floor")
USER = getpass.getuser()
MIB = 1 << 20

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
# sizes on the wire: 32 KiB of data, and one byte, in a CHANNEL_DATA of one packet
BULK_PACKET = 32784
KEY_PACKET = {"aes128-gcm": (32, 52), "aes256-gcm": (32, 52), "chacha20-poly1305": (24, 44), "aes256-ctr": (32, 68)}


def pinned(cpu):
    """Server and client each on a core of its own, where there are two; for single keys both on one: waking
    another core of a virtual machine costs more than a server does."""
    cpus = sorted(os.sched_getaffinity(0))
    return lambda: os.sched_setaffinity(0, {cpus[cpu % len(cpus)]})


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


class Running:
    """A server process. used(): seconds of CPU from its start to its end, its children's included."""

    def __init__(self, command, port=None, cpu=0, speaks=True):
        pipe = subprocess.PIPE if port is None else subprocess.DEVNULL
        self.process = subprocess.Popen(command, stdout=pipe, stdin=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, preexec_fn=pinned(cpu))
        self.port = port or int(self.process.stdout.readline())
        if speaks:
            wait_for(lambda: self.process.poll() is not None or answers(self.port), f"{command[0]} listens")
        if self.process.poll() is not None:
            raise RuntimeError(f"{' '.join(command)} ended at once")

    def children(self):
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as f:
            return f.read().split()

    def used(self):
        with contextlib.suppress(RuntimeError):
            wait_for(lambda: not self.children(), "children end", 2)
        self.process.send_signal(signal.SIGTERM)
        _, _, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = 0
        if self.process.stdout:
            self.process.stdout.close()
        return usage.ru_utime + usage.ru_stime

    def pss(self):
        with open(f"/proc/{self.process.pid}/smaps_rollup") as f:
            return next(int(line.split()[1]) * 1024 for line in f if line.startswith("Pss:"))

    def cpu_so_far(self):
        with open(f"/proc/{self.process.pid}/schedstat") as f:
            return int(f.read().split()[0]) / 1e9


class Setup:
    """Keys and configurations in a temporary folder, and how each server is started."""

    patience = 60  # seconds

    def __init__(self, folder):
        self.folder = folder
        home = self.path("home/.ssh")
        os.makedirs(home, 0o700)
        for name in "key", "host":
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", self.path(name)], check=True)
        shutil.copy(self.path("key.pub"), self.path("home/.ssh/authorized_keys"))
        os.chmod(self.path("home/.ssh/authorized_keys"), 0o600)
        os.chmod(self.path("home"), 0o700)
        self.servers = {"nacre": self.nacre}
        if shutil.which("sshd", path="/usr/sbin:/usr/bin") and os.geteuid() == 0:
            os.makedirs("/run/sshd", 0o755, exist_ok=True)  # sshd will not start without it
            self.servers["sshd"] = self.sshd
        # These two look for authorized_keys in the home folder only: they get one of their own, mounted over it.
        if shutil.which("dropbear", path="/usr/sbin") and os.geteuid() == 0:
            subprocess.run(["dropbearkey", "-t", "ed25519", "-f", self.path("dropbear")], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.servers["dropbear"] = self.dropbear
        if shutil.which("tinysshd", path="/usr/sbin") and os.geteuid() == 0:
            subprocess.run(["tinysshd-makekey", "-q", self.path("tiny")], check=True)
            self.servers["tinysshd"] = self.tinysshd

    def path(self, name):
        return os.path.join(self.folder, name)

    def in_home(self, *command):
        script = 'mount --bind "$0" ~ && exec "$@"'
        return ["unshare", "-m", "sh", "-c", script, self.path("home"), *command]

    def nacre(self, *more):
        port = free_port()
        return Running([os.path.join(BUILD, "nacre-echo"), "-q", "-l", f"127.0.0.1:{port}", "-k", self.path("host"),
                        "-a", self.path("key.pub"), *more], port)

    def sshd(self):
        port = free_port()
        with open(self.path("sshd_config"), "w") as f:
            f.write(f"Port {port}\nListenAddress 127.0.0.1\nHostKey {self.path('host')}\nPidFile none\n"
                    f"AuthorizedKeysFile {self.path('key.pub')}\nStrictModes no\nUsePAM no\nMaxStartups 1000\n"
                    f"PermitRootLogin yes\nLogLevel QUIET\nUseDNS no\nPerSourceMaxStartups none\n")
        return Running(["/usr/sbin/sshd", "-D", "-f", self.path("sshd_config")], port)

    def dropbear(self):
        port = free_port()
        return Running(self.in_home("/usr/sbin/dropbear", "-F", "-s", "-r", self.path("dropbear"),
                                    "-p", f"127.0.0.1:{port}", "-P", self.path("dropbear.pid")), port)

    def tinysshd(self):
        return Running(self.in_home(FLOOR, "accept", "/usr/sbin/tinysshd", "-q", "-l", self.path("tiny")))

    def load(self, port, kind, count, command=None, cipher="aes128-gcm", kex="curve25519", at_once=1):
        line = [LOAD, "-p", str(port), "-u", USER, "-i", self.path("key"), "-c", CIPHERS[cipher], "-m", MACS,
                "-x", KEX[kex], "-j", str(at_once), kind, str(count)]
        return line + ([command] if command else [])

    def run_load(self, port, kind, *what, wrap=(), **more):
        """The client's figures, or None where client and server have no algorithm in common."""
        try:
            done = subprocess.run([*wrap, *self.load(port, kind, *what, **more)], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, preexec_fn=pinned(kind != "keys"),
                                  timeout=self.patience)
        except subprocess.TimeoutExpired:
            print(f"{kind} {what} {more}: no end within {self.patience} s", file=sys.stderr)
            return None
        if done.returncode != 0:
            if " in common" not in done.stderr:
                print(done.stderr.strip(), file=sys.stderr)
            return None
        return dict(word.split("=") for word in done.stdout.splitlines()[-1].split())


def command_for(server, kind, count):
    if server == "nacre":
        return {"cat": "cat", "keys": "cat", "sink": "discard", "source": f"chargen {count}"}.get(kind)
    return {"cat": "cat", "keys": "cat", "sink": "cat >/dev/null", "source": f"head -c {count} /dev/zero"}.get(kind)


class Failed(Exception):
    pass


def cost(setup, name, kind, count, least, **more):
    """(CPU seconds for the work between `least` and `count` units, the client's figures)"""
    used = []
    for n in least, count:
        server = setup.servers[name]()
        try:
            figures = setup.run_load(server.port, kind, n, command_for(name, kind, n), **more)
        finally:
            seconds = server.used()
        if figures is None:
            raise Failed
        used.append(seconds)
    return used[1] - used[0], figures


def floor_tcp(kind, count, size):
    server = Running([FLOOR, "serve", kind], speaks=False)
    done = subprocess.run([FLOOR, "drive", str(server.port), kind, str(count), str(size)], stdout=subprocess.PIPE,
                          text=True, check=True, preexec_fn=pinned(kind != "key"))
    return server.used(), dict(word.split("=") for word in done.stdout.split())


def floor_number(*what):
    return float(subprocess.run([FLOOR, *map(str, what)], stdout=subprocess.PIPE, text=True, check=True,
                                preexec_fn=pinned(0)).stdout)


class Table:
    def __init__(self, names):
        self.names = names
        self.rows = {}

    def add(self, metric, unit, name, value):
        self.rows.setdefault((metric, unit), {}).setdefault(name, []).append(value)

    def medians(self, row):
        return {name: statistics.median(values) for name, values in self.rows[row].items()}

    def text(self):
        lines = ["| metric | unit | " + " | ".join(self.names) + " | nacre / floor | nacre / sshd |",
                 "|---|---|" + "---:|" * (len(self.names) + 2)]
        for row in self.rows:
            m = self.medians(row)
            cells = [(f"{m[n]:.1f}" if m[n] < 1000 else f"{m[n]:.0f}") if n in m else "-" for n in self.names]
            for other in "floor", "sshd":
                cells.append(f"{m['nacre'] / m[other]:.2f}" if other in m and "nacre" in m else "-")
            lines.append(f"| {row[0]} | {row[1]} | " + " | ".join(cells) + " |")
        return "\n".join(lines)


BULK = {"cat": ("echo", 2), "sink": ("sink", 1), "source": ("source", 1)}


def bulk(setup, table, mib):
    for kind, (tcp, passes) in BULK.items():
        for cipher in CIPHERS:
            metric = f"{kind}, {cipher}", "ms / GiB"
            seconds, _ = floor_tcp(tcp, mib * MIB, 0)
            packets = floor_number("packet", cipher, BULK_PACKET, 4000) * (mib * MIB / 32768) * passes / 1e9
            table.add(*metric, "floor", (seconds + packets) * 1024e3 / mib)
            for name in setup.servers:
                with contextlib.suppress(Failed):
                    seconds, _ = cost(setup, name, kind, mib * MIB, 1, cipher=cipher)
                    table.add(*metric, name, seconds * 1024e3 / mib)


LOGINS = {"nacre": 400, "sshd": 15, "dropbear": 25, "tinysshd": 40}


def logins(setup, table, _):
    for kex in KEX:
        metric = f"login, {kex}", "us"
        count = LOGINS["nacre"]
        seconds, _ = floor_tcp("login", count, 0)
        table.add(*metric, "floor", seconds / count * 1e6 + floor_number("login", kex, 500))
        for name in setup.servers:
            with contextlib.suppress(Failed):
                seconds, _ = cost(setup, name, "login", LOGINS[name] + 1, 1, kex=kex,
                                  cipher="chacha20-poly1305")
                table.add(*metric, name, seconds / LOGINS[name] * 1e6)


KEYS = 4000


def keys(setup, table, _):
    for cipher in "aes128-gcm", "chacha20-poly1305":
        size, wire = KEY_PACKET[cipher]
        seconds, times = floor_tcp("key", KEYS, wire)
        crypto = 2 * floor_number("packet", cipher, size, 100000) / 1e3
        results = {"floor": (seconds / KEYS * 1e6 + crypto, times)}
        for name in setup.servers:
            with contextlib.suppress(Failed):
                seconds, times = cost(setup, name, "keys", KEYS, 1, cipher=cipher)
                results[name] = (seconds / (KEYS - 1) * 1e6, times)
        for name, (us, times) in results.items():
            table.add(f"key, {cipher}", "us", name, us)
            table.add(f"key, {cipher}, round trip p50", "us", name, float(times["p50"]))
            table.add(f"key, {cipher}, round trip p99", "us", name, float(times["p99"]))


def busy_keys(setup, table, _):
    """The same while four others send in bulk and logins pour in. The clients share a core: the one that measures
    goes before the others there, so that what it waits for is the server."""
    for name in "nacre", "sshd":
        if name not in setup.servers:
            continue
        server = setup.servers[name]()
        with contextlib.suppress(PermissionError):  # other work on the machine does not count
            os.setpriority(os.PRIO_PROCESS, server.process.pid, -20)
        line = setup.load(server.port, "cat", 1 << 40, "cat")
        noise = [subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=pinned(1))
                 for _ in range(4)]
        line = setup.load(server.port, "login", 10 ** 6)
        noise.append(subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                      preexec_fn=pinned(1)))
        try:
            time.sleep(0.5)
            times = setup.run_load(server.port, "keys", 300, "cat", wrap=["chrt", "-f", "1", "taskset", "-c", client_cpu()])
        finally:
            for process in noise:
                process.kill()
                process.wait()
            server.used()
        for p in ("p50", "p99") if times else ():
            table.add(f"key beside 4 bulk and logins, round trip {p}", "us", name, float(times[p]))


PARTS = [bulk, logins, keys, busy_keys]


def machine():
    with open("/proc/cpuinfo") as f:
        model = next((line.split(":")[1].strip() for line in f if line.startswith("model name")), "?")

    def version(*command):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.stdout.strip().splitlines()[0]
    return [f"- {len(os.sched_getaffinity(0))} x {model}, Linux {platform.release().split('-')[0]}",
            f"- {version('openssl', 'version').split('(')[0].strip()}, {version('ssh', '-V').split(',')[0]}, "
            + version("dropbear", "-V")]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--only", default="")
    parser.add_argument("--peers", default="sshd,dropbear,tinysshd")
    parser.add_argument("--write")
    options = parser.parse_args()
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        setup = Setup(folder)
        for name in set(setup.servers) - set(options.peers.split(",")) - {"nacre"}:
            del setup.servers[name]
        table = Table(["floor", *setup.servers])
        for number in range(options.rounds):
            for part in PARTS:
                if options.only in part.__name__:
                    part(setup, table, options.mib)
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
    print(table.text())
    if options.write:
        with open(options.write) as f:
            kept = f.read().split("<!-- figures -->")[0]
        with open(options.write, "w") as f:
            f.write(kept + "<!-- figures -->\n\n" + "\n".join(machine())
                    + f"\n- {options.rounds} rounds, medians; bulk figures of {options.mib} MiB\n\n"
                    + table.text() + "\n")


if __name__ == "__main__":
    main()
