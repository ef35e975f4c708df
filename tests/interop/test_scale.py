"""Three servers behind haproxy, in network namespaces: apps/packaging/SCALING.md, whose files these are.

NACRE_OPERATE=1 (make operate) kills and drains under load ten times, and prints figures.
"""
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import tempfile
import threading
import time
import unittest

import harness
from clients import Ssh
from harness import PATIENCE, TOP, USER, until

PAGE = os.path.join(TOP, "apps/packaging/SCALING.md")
NACRE_LOAD = os.path.join(harness.BUILD, "nacre-load")
ROUNDS = 10 if os.environ.get("NACRE_OPERATE") else 1
LOGINS_AT_ONCE = 4
BALANCER, CLIENT, STRANGER = "192.0.2.10", "198.51.100.7", "198.51.100.8"
FRONT = "198.51.100.1"
SERVERS = {"one": "192.0.2.11", "two": "192.0.2.12", "three": "192.0.2.13"}


def block(kind):
    """A file on the page."""
    with open(PAGE, encoding="utf-8") as file:
        return re.search(rf"^```{kind}\n(.*?)^```$", file.read(), re.M | re.S)[1]


class Namespace:
    """A network namespace, for as long as a process of it lives."""

    def __init__(self, test):
        self.holder = subprocess.Popen(["unshare", "-n", "sh", "-c", "echo; exec cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        test.addCleanup(harness.end, self.holder)
        assert self.holder.stdout.readline() == b"\n"
        self.ip("link", "set", "lo", "up")

    def words(self, *words):
        return ["nsenter", "-t", str(self.holder.pid), "-n", "--", *words]

    def ip(self, *words):
        subprocess.run(self.words("ip", *words), check=True, capture_output=True, timeout=PATIENCE)

    def cable(self, other, name, addresses, other_name):
        """To the other namespace; its end has no address yet."""
        self.ip("link", "add", name, "type", "veth", "peer", "name", other_name, "netns", str(other.holder.pid))
        for address in addresses:
            self.ip("address", "add", address + "/24", "dev", name)
        self.ip("link", "set", name, "up")
        other.ip("link", "set", other_name, "up")


class Backend:
    def __init__(self, test, name, namespace):
        self.test, self.name, self.namespace = test, name, namespace
        self.folder = os.path.join(test.folder, name)
        os.mkdir(self.folder)
        for file in "ssh_host_ed25519_key", "authorized_keys":
            shutil.copy(os.path.join(test.folder, file), self.folder)
        text = block("conf").replace("192.0.2.11", SERVERS[name]).replace("/etc/nacre", self.folder)
        with open(os.path.join(self.folder, "nacre.conf"), "w", encoding="ascii") as file:
            file.write(text + "PerSourcePenalties authfail:60,noauth:60\nPerSourceMaxStartups none\n")
        self.start()

    def start(self):
        self.log_name = os.path.join(self.folder, f"log{time.monotonic_ns()}")
        with open(self.log_name, "wb") as log:
            self.process = subprocess.Popen(self.namespace.words(harness.NACRE_ECHO, "-f", "nacre.conf"), cwd=self.folder,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.test.addCleanup(harness.end, self.process)
        until(lambda: self.log("metrics"), lambda: f"{self.name} does not listen: {self.text()}")

    def text(self):
        with open(self.log_name, encoding="utf-8") as file:
            return file.read()

    def log(self, event, **fields):
        lines = [harness.parse(line) for line in self.text().splitlines() if line.startswith("ts=") and f" event={event}" in line]
        return [line for line in lines if line["event"] == event and all(line.get(k) == v for k, v in fields.items())]


@unittest.skipUnless(os.geteuid() == 0, "only root can make network namespaces")
class Scale(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory(prefix="nacre-"))
        for name in "ssh_host_ed25519_key", "key", "stranger":
            harness.ssh_keygen(self.path(name))
        shutil.copy(self.path("key.pub"), self.path("authorized_keys"))
        os.chmod(self.path("authorized_keys"), 0o600)
        self.balancer, self.clients = Namespace(self), Namespace(self)
        self.clients.cable(self.balancer, "client", (CLIENT, STRANGER), "front")
        self.balancer.ip("address", "add", FRONT + "/24", "dev", "front")
        self.balancer.ip("link", "add", "back", "type", "bridge")
        self.balancer.ip("address", "add", BALANCER + "/24", "dev", "back")
        self.balancer.ip("link", "set", "back", "up")
        self.backends = {name: Backend(self, name, self.attached(name)) for name in SERVERS}
        self.port, self.host = 22, FRONT  # what Ssh needs to know
        os.mkdir(self.path(".ssh"), 0o700)
        with open(self.path("ssh_host_ed25519_key.pub"), encoding="ascii") as key, \
                open(self.path(".ssh/known_hosts"), "w", encoding="ascii") as file:
            file.write(f"{FRONT} {key.read()}")
        self.start_haproxy()

    def path(self, name):
        return os.path.join(self.folder, name)

    def attached(self, name):
        namespace = Namespace(self)
        namespace.cable(self.balancer, "eth0", (SERVERS[name],), name)
        self.balancer.ip("link", "set", name, "master", "back")
        return namespace

    def start_haproxy(self):
        stats = self.path("stats")
        with open(self.path("haproxy.cfg"), "w", encoding="ascii") as file:
            file.write(f"global\n    stats socket {stats}\n\n{block('haproxy')}")
        balancer = subprocess.Popen(self.balancer.words("haproxy", "-db", "-q", "-f", self.path("haproxy.cfg")), stdin=subprocess.DEVNULL)
        self.addCleanup(harness.end, balancer)
        for name in SERVERS:
            self.wait_for(name, "UP")

    def states(self):
        """{server: UP or DOWN, with details}"""
        done = subprocess.run(["nc", "-NU", self.path("stats")], input=b"show stat\n", capture_output=True, timeout=PATIENCE, check=False)
        rows = [line.split(",") for line in done.stdout.decode().splitlines() if line]  # none: it does not listen yet
        return {row[1]: row[rows[0].index("status")] for row in rows if row[0] == "nacre"}

    def wait_for(self, name, state):
        until(lambda: self.states().get(name) == state, lambda: f"{name} is not {state}: {self.states()}")

    def ssh(self, source=CLIENT, login="key"):
        client = Ssh(self, login=login, options=["-b", source])
        return client, self.clients.words(*client.command())

    def logins(self):
        """{server: the number of logins in its log}"""
        return {name: len(backend.log("auth", answer="granted")) for name, backend in self.backends.items()}

    def session(self):
        client, words = self.ssh()
        process = subprocess.Popen(words, env=client.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(harness.end, process)
        harness.ask(process, b"hello\n")
        return process

    def log_in(self, source=CLIENT, login="key"):
        client, words = self.ssh(source, login)
        return subprocess.run(words, env=client.environment(), input=b"", capture_output=True, timeout=2 * PATIENCE, check=False)

    # The tests

    def test_one_is_killed_and_one_drained(self):
        figures = [self.kill_and_drain(*[("one", "two", "three"), ("two", "three", "one"), ("three", "one", "two")][i % 3])
                   for i in range(ROUNDS)]
        if os.environ.get("NACRE_OPERATE"):
            first, last, logins = zip(*figures)
            print(json.dumps({"rounds": ROUNDS, "logins": sum(logins), "seconds until a new session works": {
                "median": round(statistics.median(first), 3), "most": round(max(first), 3)},
                "seconds until the last failed login began": {"median": round(statistics.median(last), 3), "most": round(max(last), 3)},
                "logins that a drain made fail": 0}))
            self.assertLess(max(first), 1)
            self.assertLess(max(last), 1)

    def kill_and_drain(self, killed, drained, left):
        """Returns the seconds until a new session works and until the last one that fails begins, and the logins."""
        sessions = {name: [] for name in SERVERS}
        while not all(sessions.values()):
            before = self.logins()
            session = self.session()
            until(lambda: sum(self.logins().values()) == sum(before.values()) + 1, "the login is not logged")
            for name, count in self.logins().items():
                sessions[name] += [session] * (count - before[name])
        with Load(self) as load:
            load.wait(LOGINS_AT_ONCE)
            os.kill(self.backends[killed].process.pid, signal.SIGKILL)
            died = time.monotonic()
            load.wait_after(died)
            self.wait_for(killed, "DOWN")
            first, last = load.first_success(died) - died, max([0, *(begun - died for begun in load.failures(died))])
            self.assertEqual(load.failures(0, died - load.slowest()), [])
            self.assertEqual({session.wait(PATIENCE) for session in sessions[killed]}, {255})

            drains = time.monotonic()
            self.backends[drained].process.send_signal(signal.SIGTERM)
            load.wait_after(drains)
            until(lambda: self.states().get(drained) != "UP", "haproxy does not notice the drain")
            load.wait_after(time.monotonic())
            for name in drained, left:
                for session in sessions[name]:
                    harness.ask(session, b"still here\n")
        self.assertEqual(load.failures(drains), [])
        for name in drained, left:
            for session in sessions[name]:
                session.stdin.close()
                self.assertEqual(session.wait(PATIENCE), 0)
        self.assertEqual(self.backends[drained].process.wait(PATIENCE), 0)
        for name in killed, drained:
            self.backends[name].start()
            self.wait_for(name, "UP")
        return first, last, len(load.done)

    @unittest.skipUnless(os.environ.get("NACRE_OPERATE"), "make operate does this")
    def test_the_machine_of_one_vanishes(self):
        """It answers nothing any more: not even that its port is closed."""
        with Load(self) as load:
            load.wait(LOGINS_AT_ONCE)
            self.balancer.ip("link", "set", "two", "down")
            gone = time.monotonic()
            self.wait_for("two", "DOWN")
            down = time.monotonic()
            load.wait_after(down)
            self.assertEqual(load.failures(gone), [])
            print(json.dumps({"seconds until a new session works": round(load.first_success(gone) - gone, 3),
                              "seconds until haproxy knows": round(down - gone, 3),
                              "longest login meanwhile, seconds": round(load.slowest(gone), 3)}))
            self.balancer.ip("link", "set", "two", "up")

    def test_penalties_are_shared(self):
        def refused():
            return sum(len(backend.log("refused")) for backend in self.backends.values())
        for _ in range(20):
            self.assertEqual(self.log_in(STRANGER, "stranger").returncode, 255)
            if refused() == 1:
                break
        self.assertEqual(refused(), 1)  # by one server; from here on haproxy refuses, for all
        for _ in range(6):
            self.assertEqual(self.log_in(STRANGER).returncode, 255)
        self.assertEqual(refused(), 1)
        self.assertEqual([event["addr"].split(":")[0] for backend in self.backends.values() for event in backend.log("refused")],
                         [STRANGER])
        self.assertEqual(self.log_in().returncode, 0)
        until(lambda: any(event["addr"].startswith(CLIENT + ":") for backend in self.backends.values()
                          for event in backend.log("auth", answer="granted")), "the client's address is not logged")


class Load:
    """Clients that log in without pause."""

    def __init__(self, test):
        self.words = test.clients.words(NACRE_LOAD, "-q", "handshake", "-n", "1", "-u", USER, "-i", test.path("key"), "--timeout", "20",
                                        "--yes-remote", "--known-hosts", test.path(".ssh/known_hosts"), f"{FRONT}:22")
        self.done, self.over = [], False  # (begun, ended, good)
        self.threads = [threading.Thread(target=self.run) for _ in range(LOGINS_AT_ONCE)]

    def run(self):
        while not self.over:
            begun = time.monotonic()
            status = subprocess.run(self.words, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode
            self.done.append((begun, time.monotonic(), status == 0))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over = True
        for thread in self.threads:
            thread.join()

    def wait(self, count):
        until(lambda: len(self.done) >= count, "no logins", 2 * PATIENCE)

    def successes(self, since):
        return [ended for begun, ended, good in list(self.done) if good and begun >= since]

    def wait_after(self, moment):
        until(lambda: len(self.successes(moment)) >= 4 * LOGINS_AT_ONCE, "new logins do not succeed", 2 * PATIENCE)

    def first_success(self, since):
        return min(self.successes(since))

    def failures(self, since, before=float("inf")):
        return [begun for begun, _, good in list(self.done) if not good and since <= begun < before]

    def slowest(self, since=0):
        return max(ended - begun for begun, ended, _ in list(self.done) if begun >= since)


if __name__ == "__main__":
    unittest.main()
