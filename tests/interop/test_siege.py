"""A server attacked from many addresses, and a user who logs in from another one without delay. Afterwards memory and
descriptors are as before, and nothing has leaked (one of the two servers runs under sanitizers).

`make check` runs a short siege; `make siege` (NACRE_SIEGE=1) a full one: 500 silent connections, 1,000 with garbage, 1,000
resets, 200 with one byte per second, 100 that are silent after their key exchange, 200 that stop reading in the middle of a
transfer, 64 that rekey without pause, after 16 KiB each time, 1,000 failed logins; beside them others that rekey before
their login until they are disconnected. All passwords are hashed, so the queue of hashes is attacked too,
and each failed attempt has the default delay.
"""
import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
import unittest

import harness
from clients import Ssh, paramiko
from harness import MIB, PATIENCE
from others import Sshd

SANITIZED = os.path.join(harness.BUILD, "asan", "nacre-echo")
SIEGE = os.path.join(harness.BUILD, "tests", "interop", "siege")
WHOLE = bool(os.environ.get("NACRE_SIEGE"))

SECONDS = 60 if WHOLE else 2  # at least: it ends when all have come, and every guess has been hashed
PATIENT = 900 if WHOLE else 110  # seconds, before it counts as one without an end
CROWD = {"silent": 500, "garbage": 1000, "reset": 1000, "slow": 200, "mute": 100, "stopped": 200, "rekeying": 64,
         "failed": 1000}
SHARE = 1 if WHOLE else 20
AT_ONCE = 1.0 if WHOLE else 5.0  # seconds for a user's login; make check runs other tests at the same time

# As nacre-passwd writes them, 64 MiB and two passes: the user's, and that of a user whose password is guessed
PASSWORDS = (f"{harness.USER}:$argon2id$v=19$m=65536,t=2,p=1$qoyjGaipx3ThSn5gN0rxFA"
             "$/fw/kA0fW0z4/6fjN7RHB65wAjK8oWccy0voobv1fEY\n"
             "carol:$argon2id$v=19$m=65536,t=2,p=1$bR1GLXdMH1Q5wAIWvhmzZg"
             "$CgbZTTStC90sjl7CCOSf4Wm/Ie9DHeiqU/NOd9XiM2Q\n")


class EarlyRekeys(threading.Thread):
    """A client that rekeys before its login, again and again, each time from another address. nacre's own client does
    that only once in a connection."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.stopping, self.allowed, self.ended = port, threading.Event(), 0, 0

    def run(self):
        while not self.stopping.wait(0.02) and self.ended < 1000 // SHARE:
            number = self.allowed + self.ended
            source = (f"127.99.{number // 250 % 250}.{number % 250 + 1}", 0)
            with contextlib.suppress(OSError), \
                    contextlib.closing(paramiko.Transport(socket.create_connection(("127.0.0.1", self.port), 5, source))) as client:
                try:
                    client.start_client(timeout=harness.PATIENCE)
                    for _ in range(10):
                        client.renegotiate_keys()
                        self.allowed += 1
                except (paramiko.SSHException, EOFError):
                    self.ended += 1

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.join(2 * harness.PATIENCE)


class Siege:
    """program, and by how much its resident set may grow."""

    program, growth, environment = None, None, {}

    def counters(self):
        more = self.server.watch("counters")
        self.server.process.send_signal(signal.SIGUSR1)
        return {name: int(value) for name, value in more()[0].items() if value.isdigit()}

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.server.process.pid}/fd"))

    def log_in(self):
        """A user's login from 127.0.0.2, with a key and a password in turn; returns the seconds it took."""
        self.logins += 1
        client = Ssh(self.server, ("key", "password")[self.logins % 2], options=["-b", "127.0.0.2"])
        begin = time.monotonic()
        done = client.run("exit 7")
        took = time.monotonic() - begin
        self.assertEqual((done.status, done.out), (7, b""), done.err)
        return took

    def at_rest(self):
        """All hostile connections have ended."""
        harness.until(lambda: self.counters()["connections"] == 0, lambda: self.counters(), 2 * PATIENCE)
        self.assertEqual(self.counters()["startups"], 0)
        return self.descriptors(), self.server.memory()[0]

    def test_siege(self):
        self.logins = 0
        self.server = self.enterContext(harness.Server(
            "--per-source-penalties", "min:10", "--auth-delay", "250", "--login-grace-time", "20", "-w", "2",
            passwords=PASSWORDS, program=self.program, environment=self.environment, inspected=True))
        for _ in range(4):
            self.log_in()
        descriptors, memory = self.at_rest()
        crowd = [f"{kind}:{count // SHARE}" for kind, count in CROWD.items()]
        siege = subprocess.Popen([SIEGE, str(self.server.port), str(SECONDS), harness.PASSWORD, *crowd],
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(harness.end, siege)
        took, highest = [], 0
        begin = time.monotonic()
        with EarlyRekeys(self.server.port) as early:
            while siege.poll() is None or early.ended == 0:
                took.append(self.log_in())
                highest = max(highest, self.server.memory()[0])
                self.assertLess(time.monotonic() - begin, PATIENT, "the siege has no end")
        self.assertEqual(siege.returncode, 0)
        said = siege.stdout.read()
        after = self.at_rest()
        counters = self.counters()
        took.sort()
        print(f"{said}{len(took)} logins of a person beside it, in seconds: median {took[len(took) // 2]:.3f}, "
              f"longest {took[-1]:.3f}\nmemory in MiB: {memory / MIB:.0f} before, {highest / MIB:.0f} at most, "
              f"{after[1] / MIB:.0f} after; {descriptors} and {after[0]} descriptors\n{counters}", flush=True)
        self.assertLess(took[-1], AT_ONCE)
        self.assertEqual(after[0], descriptors)
        self.assertLess(after[1] - memory, self.growth)
        self.check_that_all_came(said, counters)
        self.assertLessEqual(early.allowed, early.ended + 1)  # one in each connection
        self.assertGreater(len(self.server.events("disconnected", text="second rekey before the login")), 0)

    def check_that_all_came(self, said, counters):
        """Every kind connected, and every defence was used."""
        came = {}
        for line in said.splitlines():
            kind, *figures = line.split()
            came[kind] = {name: int(value) for name, value in (figure.split("=") for figure in figures)}
        for kind, count in CROWD.items():
            self.assertGreaterEqual(came[kind]["connections"], count // SHARE, kind)
        self.assertGreaterEqual(came["stopped"]["logins"], CROWD["stopped"] // SHARE)
        self.assertGreaterEqual(came["rekeying"]["logins"], CROWD["rekeying"] // SHARE)
        self.assertGreater(came["rekeying"]["exchanges"], 16 * (CROWD["rekeying"] // SHARE))
        self.assertEqual(came["failed"]["logins"], 0)
        self.assertGreaterEqual(came["failed"]["refused"], CROWD["failed"] // SHARE)
        self.assertGreaterEqual(len(self.server.events("auth", user="carol", method="password", answer="refused")),
                                CROWD["failed"] // SHARE)
        self.assertGreaterEqual(came["mute"]["exchanges"], CROWD["mute"] // SHARE)
        self.assertEqual(came["mute"]["logins"], 0)
        self.assertGreater(counters["rekeys"], 0)
        for limit in ("max_startups", "per_source_max_startups", "per_source_penalties", "handshake_time",
                      "login_grace_time") if WHOLE else ():
            self.assertGreater(counters[limit], 0, limit)


@unittest.skipUnless(os.path.exists(SANITIZED), "there is no such program: make SAN=1 programs")
class SiegeOfSanitized(Siege, unittest.TestCase):
    """Nothing leaks. AddressSanitizer keeps some freed memory."""

    program, growth = SANITIZED, 64 * MIB
    environment = {"ASAN_OPTIONS": "detect_leaks=1:quarantine_size_mb=1:allocator_release_to_os_interval_ms=100"}


@unittest.skipIf(WHOLE, "one whole siege is enough")
class SiegeOfOptimised(Siege, unittest.TestCase):
    """The C library keeps a little: free blocks between others."""

    program, growth = harness.NACRE_ECHO, 4 * MIB


class SiegeOfClient(unittest.TestCase):
    def test_a_server_that_rekeys_all_the_time(self):
        """OpenSSH's, before every 16 KiB that it sends: the client answers, as fast as its quota allows, and stays."""
        with Sshd("RekeyLimit 16K\n") as server:
            done = subprocess.run([os.path.join(harness.BUILD, "nacre-load"), "-q", "-u", server.user, "-i", server.path("key"),
                                   "--insecure", "-b", "2M", "source", f"127.0.0.1:{server.port}"],
                                  capture_output=True, text=True, timeout=4 * PATIENCE)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
