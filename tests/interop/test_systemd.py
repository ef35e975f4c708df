"""Under systemd, whose part the test plays: notices, the watchdog, sockets, and the units in apps/packaging."""
import array
import contextlib
import ctypes
import os
import pwd
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
import unittest

import harness
from clients import Ssh
from harness import PATIENCE, Server

NACRE_SERVE = os.path.join(harness.BUILD, "nacre-serve")
PACKAGING = os.path.join(harness.TOP, "apps/packaging")
NOBODY = pwd.getpwnam("nobody")
READY = "READY=1\nSTATUS=Accepting connections"
STOPPING = "STOPPING=1\nSTATUS=Stopping"
ALIVE = "WATCHDOG=1"
as_root = unittest.skipUnless(os.geteuid() == 0, "only root can change the user and the network")


class Manager:
    """The socket that NOTIFY_SOCKET names, and what came: (process, text)."""

    def __init__(self, folder=None):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.socket.bind(os.path.join(folder, "notify") if folder else f"\0nacre-{os.getpid()}-{id(self)}")
        self.name = os.fsdecode(self.socket.getsockname()).replace("\0", "@")
        self.said, self.taken = [], 0

    def environment(self, **more):
        return {"NOTIFY_SOCKET": self.name, **more}

    def take(self, timeout):
        """The next datagram is added to `said`. False: there was none."""
        self.socket.settimeout(timeout)
        try:
            text, about, _, _ = self.socket.recvmsg(4096, socket.CMSG_SPACE(12))
        except (TimeoutError, BlockingIOError):
            return False
        self.said.append((struct.unpack("3i", about[0][2])[0], text.decode("ascii")))
        return True

    def wait(self, text, count=1):
        """Wait for the next datagram with such a text; other ones may come before it. Returns the first match."""
        while True:
            while self.taken < len(self.said):
                found = re.fullmatch(text, self.said[self.taken][1])
                self.taken += 1
                count -= found is not None
                if count == 0:
                    return found
            if not self.take(PATIENCE):
                raise AssertionError(f"no {text!r} after {self.said}")

    def texts(self):
        """Every notice so far, except those for the watchdog."""
        while self.take(0):
            pass
        return [text for _, text in self.said if text != ALIVE]


class Echo(Server):
    numbers_once = False


class Env(Echo):
    words = ("--", "env")


class SystemdCase(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory(prefix="nacre-"))

    def manager(self, folder=None):
        manager = Manager(folder)
        self.addCleanup(manager.socket.close)
        return manager

    def session(self, server):
        session = Ssh(server).start("cat")
        self.addCleanup(harness.end, session)
        session.stdin.write(b"hello\n")
        session.stdin.flush()
        self.assertEqual(session.stdout.readline(), b"hello\n")
        return session

    def finish(self, session):
        session.stdin.close()
        self.assertEqual(session.wait(PATIENCE), 0)

    def reload(self, manager, server):
        """Reload, and check the time that goes with it."""
        begun = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        server.reload()
        found = manager.wait(r"RELOADING=1\nMONOTONIC_USEC=(\d+)\nSTATUS=Reloading")
        self.assertTrue(begun <= int(found[1]) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000)
        manager.wait(READY)


class Notices(SystemdCase):
    def check(self, manager, server):
        """From the start to the end of a server that drains."""
        manager.wait(READY)
        self.reload(manager, server)
        os.rename(server.path("passwords"), server.path("gone"))
        os.rename(server.path("host_key"), server.path("host_key.gone"))
        server.reload("reload_failed")
        manager.wait(r"RELOADING=1\n(.|\n)*")
        manager.wait(r"READY=1\nSTATUS=Accepting connections; the last reload failed, as the log says")
        session = self.session(server)
        server.process.send_signal(signal.SIGTERM)
        manager.wait(STOPPING)
        manager.wait("STATUS=Draining; connections left: 1")
        self.finish(session)
        self.assertEqual(server.process.wait(PATIENCE), 0)
        self.assertEqual(len(manager.texts()), 7 + len(server.events("draining")) - 1, manager.said)
        self.assertEqual({pid for pid, _ in manager.said}, {server.process.pid})

    def test_a_path_and_an_abstract_name(self):
        for folder in self.folder, None:
            manager = self.manager(folder)
            with self.subTest(manager.name), Server("--drain", "1h", environment=manager.environment()) as server:
                self.check(manager, server)

    @as_root
    def test_as_a_user_who_cannot_reach_the_socket(self):
        manager = self.manager(self.folder)
        os.chmod(self.folder, 0o700)

        def prepare(server):
            os.chmod(server.folder, 0o755)
            for name in "passwords", "authorized_keys":
                os.chown(server.path(name), NOBODY.pw_uid, 0)
        with Server("--drain", "1h", "--user", "nobody", before=prepare, environment=manager.environment()) as server:
            self.check(manager, server)

    def test_a_server_that_cannot_start_is_never_ready(self):
        manager = self.manager()
        with Server() as other:
            command = [harness.NACRE_ECHO, "-k", other.path("host_key"), "-p", other.path("passwords"), "-l", other.address]
            done = subprocess.run(command, env={**os.environ, **manager.environment()}, capture_output=True,
                                  timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(manager.texts(), [])

    def test_what_is_no_manager_does_no_harm(self):
        for name in "vsock:2:1", os.path.join(self.folder, "none"):
            with self.subTest(name), Server(environment={"NOTIFY_SOCKET": name}) as server:
                self.assertIn(f"NOTIFY_SOCKET: {'cannot connect to ' if name[0] == '/' else ''}'{name}'",
                              server.wait("notify")[0]["reason"])
                self.assertEqual(Ssh(server).run("exit 3").status, 3)

    def test_a_manager_that_ends_or_never_reads_does_no_harm(self):
        for ends in True, False:
            manager = self.manager()
            with self.subTest(ends=ends), Server(environment=manager.environment()) as server:
                if ends:
                    manager.socket.close()
                else:
                    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other, contextlib.suppress(BlockingIOError):
                        other.setblocking(False)
                        while True:
                            other.sendto(b"full", manager.socket.getsockname())
                server.reload()
                self.assertEqual(Ssh(server).run("exit 3").status, 3)
                self.assertEqual(server.stop(), 0)

    def test_programs_do_not_inherit_the_variables(self):
        manager = self.manager()
        with Env(program=NACRE_SERVE, environment=manager.environment(WATCHDOG_USEC="60000000")) as server:
            manager.wait(READY)
            said = Ssh(server).run(None).out
            self.assertIn(b"USER=", said)
            self.assertNotIn(b"NOTIFY_SOCKET", said)
            self.assertNotIn(b"WATCHDOG", said)


class Watchdog(SystemdCase):
    def test_it_is_fed(self):
        manager = self.manager()
        with Server("-w", "2", environment=manager.environment(WATCHDOG_USEC="100000")) as server:
            manager.wait(ALIVE, 3)
            self.reload(manager, server)
            manager.wait(ALIVE, 3)

    def test_that_of_another_process_is_not(self):
        manager = self.manager()
        with Server(environment=manager.environment(WATCHDOG_USEC="2000", WATCHDOG_PID="1")) as server:
            self.assertEqual(Ssh(server).run("exit 3").status, 3)
            self.reload(manager, server)
            self.assertNotIn(ALIVE, [text for _, text in manager.said])


class Supervised(SystemdCase):
    """The parent says it, of the child that accepts connections."""

    def test_an_upgrade(self):
        manager = self.manager()
        with Echo("--supervise", "--drain", "1h", environment=manager.environment(WATCHDOG_USEC="100000")) as server:
            manager.wait(READY)
            manager.wait(ALIVE)
            old = self.session(server)
            server.process.send_signal(signal.SIGUSR2)
            manager.wait(READY)
            server.wait("draining")
            manager.wait(ALIVE, 3)
            new = self.session(server)
            self.reload(manager, server)
            self.assertFalse([text for text in manager.texts() if "STOPPING" in text or "Draining" in text])
            server.process.send_signal(signal.SIGTERM)
            manager.wait(STOPPING)
            manager.wait("STATUS=Draining; connections left: 1")
            self.finish(old)
            self.finish(new)
            self.assertEqual(server.process.wait(PATIENCE), 0)
            manager.texts()
            self.assertEqual({pid for pid, _ in manager.said}, {server.process.pid})


# The units ---------------------------------------------------------------------------------------

def unit(name):
    with open(os.path.join(PACKAGING, name), encoding="ascii") as file:
        return file.read()


def settings(name):
    """[(key, value), ...] of a unit"""
    return re.findall(r"^(\w+)=(.*)$", unit(name), re.M)


def call_set(name):
    """The system calls of one of systemd's sets."""
    said = subprocess.run(["systemd-analyze", "syscall-filter", name], check=True, capture_output=True, text=True).stdout
    words = [line.strip() for line in said.splitlines()[1:] if line.strip() and not line.strip().startswith("#")]
    return set().union(*(call_set(word) if word.startswith("@") else {word} for word in words))


def allowed_calls():
    """What SystemCallFilter= allows, line by line."""
    calls = set()
    for key, value in settings("nacre-echo.service"):
        if key == "SystemCallFilter":
            named = set().union(*(call_set(word) if word.startswith("@") else {word} for word in value.lstrip("~").split()))
            calls = calls - named if value.startswith("~") else calls | named
    return calls


def call_numbers():
    said = subprocess.run(["cc", "-E", "-dM", "-include", "sys/syscall.h", "-x", "c", "/dev/null"], check=True,
                          capture_output=True, text=True).stdout
    return {name: int(number) for name, number in re.findall(r"^#define __NR_(\w+) (\d+)$", said, re.M)}


def filter_code():
    """SystemCallFilter= and RestrictAddressFamilies=AF_UNIX in BPF: each instruction is code, yes, no, value."""
    numbers = call_numbers()
    code = [(0x20, 0, 0, 0)]  # load the number
    for call in sorted(allowed_calls() - {"socket"} & numbers.keys()):
        if call in numbers:
            code += [(0x15, 0, 1, numbers[call]), (0x06, 0, 0, 0x7fff0000)]
    code += [(0x15, 0, 4, numbers["socket"]), (0x20, 0, 0, 16), (0x15, 0, 1, socket.AF_UNIX),
             (0x06, 0, 0, 0x7fff0000), (0x06, 0, 0, 0x00050000 | 97),  # EAFNOSUPPORT
             (0x06, 0, 0, 0x00050001)]  # EPERM
    return b"".join(struct.pack("HBBI", *instruction) for instruction in code), len(code)


class Units(SystemdCase):
    def copies(self):
        """The units in a folder, with the program that was built."""
        for name in "nacre-echo.service", "nacre-echo.socket":
            with open(os.path.join(self.folder, name), "w", encoding="ascii") as file:
                file.write(unit(name).replace("/usr/local/bin/nacre-echo", harness.NACRE_ECHO))
        return [os.path.join(self.folder, name) for name in ("nacre-echo.service", "nacre-echo.socket")]

    def analyze(self, *words):
        self.assertIsNotNone(shutil.which("systemd-analyze"), "systemd-analyze is missing: 'make setup' installs it")
        return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, timeout=2 * PATIENCE, check=False)

    def test_they_are_valid(self):
        done = self.analyze("verify", "--man=no", *self.copies())
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_the_exposure_is_below_2(self):
        done = self.analyze("security", "--offline=true", "--no-pager", "--threshold=19", self.copies()[0])
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertLess(float(re.search(r"exposure level for nacre-echo.service: (\S+)", done.stdout)[1]), 2.0)

    def test_systemd_waits_for_sessions_that_drain(self):
        service = dict(settings("nacre-echo.service"))
        drain = int(re.search(r"--drain (\d+)$", service["ExecStart"])[1])
        self.assertGreater(int(service["TimeoutStopSec"]), drain + 5)

    @as_root
    def test_the_server_runs_as_the_unit_says(self):
        """As another user, without a network, with the unit's system calls and its port; the sandbox is complete."""
        libc, (code, length) = ctypes.CDLL(None, use_errno=True), filter_code()
        code = array.array("B", code)
        program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", length, code.buffer_info()[0]))

        def confine():
            assert libc.unshare(0x40000000) == 0  # CLONE_NEWNET
            os.setgroups([])
            os.setgid(NOBODY.pw_gid)
            os.setuid(NOBODY.pw_uid)
            assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program) == 0  # no new privileges; the filter
        for name in "host_key", "passwords":
            if name == "host_key":
                harness.ssh_keygen(os.path.join(self.folder, name))
            else:
                with open(os.path.join(self.folder, name), "w", encoding="ascii") as file:
                    file.write("alice:secret\n")
            os.chmod(os.path.join(self.folder, name), 0o400)
            os.chown(os.path.join(self.folder, name), NOBODY.pw_uid, NOBODY.pw_gid)
        os.chmod(self.folder, 0o755)
        command = dict(settings("nacre-echo.service"))["ExecStart"].replace("${CREDENTIALS_DIRECTORY}", self.folder)
        program_file = shutil.copy(harness.NACRE_ECHO, self.folder)  # the user may not be able to enter the folder of the build
        command = command.replace("/usr/local/bin/nacre-echo", program_file).split()
        manager = self.manager(self.folder)  # as systemd's; an abstract name belongs to a network
        os.chmod(manager.name, 0o777)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            script = f"LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\" 3<&{listener.fileno()}"
            process = subprocess.Popen(["sh", "-c", script, "sh", *command], cwd="/", pass_fds=[listener.fileno()],
                                       stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, preexec_fn=confine,
                                       env={**os.environ, **manager.environment(WATCHDOG_USEC="100000")})
            self.addCleanup(harness.end, process)
            manager.wait(READY)
            manager.wait(ALIVE, 2)
            with socket.create_connection(listener.getsockname(), PATIENCE) as client:
                client.settimeout(PATIENCE)
                self.assertIn(b"SSH-2.0-", client.recv(100))
            process.terminate()
            manager.wait(STOPPING)
            self.assertEqual(process.wait(PATIENCE), 0)
        log = process.stderr.read().decode()
        self.assertNotIn("event=sandbox", log)
        self.assertRegex(log, r"event=confined user=nobody capabilities=none .* calls=\d+")


if __name__ == "__main__":
    unittest.main()
