"""nacre-serve: how many sessions there may be, and what their programs inherit."""
import contextlib
import os
import resource
import signal
import tempfile
import unittest

import harness
from clients import Dbclient, Paramiko, Plink, Ssh, paramiko
from harness import until
from test_confined import NACRE_SERVE, NOBODY, as_root, give_to_nobody
from test_serve import Served, ServeCase


class Launched(Served):
    """nacre-serve with this command, started by a script that ends in: exec ... "$@"."""

    def __init__(self, script, *words, arguments=(), **more):
        self.words = ["--", *words]
        with tempfile.TemporaryDirectory() as folder:
            launcher = os.path.join(folder, "launcher")
            with open(launcher, "w", encoding="ascii") as file:
                file.write(f"#!/bin/sh\n{script}\n")
            os.chmod(launcher, 0o755)
            harness.Server.__init__(self, *arguments, program=launcher, inspected=True, **more)


def fill(transport):
    """Start programs until a session is refused: the refusal, and the sessions."""
    channels = []
    while True:
        try:
            channel = transport.open_session(timeout=harness.PATIENCE)
        except paramiko.ChannelException as refusal:
            return refusal, channels
        channel.settimeout(harness.PATIENCE)
        channel.invoke_shell()
        channels.append(channel)


class SessionsCase(ServeCase):
    def serve(self, *words, **more):
        more.setdefault("passwords", f"alice:{harness.PASSWORD}\nbob:{harness.PASSWORD}\n")
        return super().serve(*words, **more)

    def launch(self, script, *words, **more):
        return self.enterContext(Launched(script, *words, **more))

    def connect(self, server, user="alice"):
        transport = Paramiko(server, login="key", user=user).connect()  # the key is everybody's
        self.addCleanup(transport.close)
        return transport


class FewDescriptors(SessionsCase):
    """The system allows 39 sessions."""

    descriptors = 244

    def few(self, *words, **more):
        return self.launch(f'ulimit -n {self.descriptors}; exec {NACRE_SERVE} "$@"', *words, **more)

    def test_one_user_leaves_room_for_others(self):
        """A quarter is for one user, on however many connections."""
        server = self.few("cat")
        granted, alice = [], [self.connect(server) for _ in range(4)]
        for transport in alice:
            refusal, channels = fill(transport)
            granted += channels
            self.assertEqual((refusal.code, refusal.text), (4, "Resource shortage"))
        self.assertEqual(len(granted), 10)
        self.assertEqual([e["limit"] for e in server.events("limit")], ["per-user-max-sessions"])
        for client in Ssh, Plink, Dbclient:
            with self.subTest(client=client.name):
                self.assertEqual(client(server, user="bob").run(None, b"hello")[:2], (0, b"hello"))
        granted[0].sendall(b"still here")
        self.assertEqual(granted[0].recv(100), b"still here")
        for channel in granted:
            channel.close()
        server.wait("exited", 13)
        self.assertEqual(len(fill(alice[0])[1]), 10)

    def test_one_user_cannot_take_all_connections(self):
        """Of 39 connections four are for users who have none."""
        server = self.few("cat")
        for _ in range(35):
            self.connect(server)
        with contextlib.suppress(paramiko.SSHException):  # the DISCONNECT may overtake paramiko's look at the login
            with contextlib.closing(Paramiko(server).connect()) as refused:
                until(lambda: not refused.is_active(), "the 36th to be disconnected")
        self.assertIn("too many connections", server.wait("disconnected")[0]["text"])
        self.assertEqual([e["limit"] for e in server.events("limit")], ["max-connections"])
        for user in "bob", "carol":
            self.assertEqual(Ssh(server, user=user).run(None, b"hello"), (0, b"hello", b""))

    def test_without_a_limit_for_users_a_reserve_remains(self):
        server = self.few("cat", arguments=["--per-user-max-sessions", "none"])
        granted = [channel for _ in range(2) for channel in fill(self.connect(server))[1]]
        self.assertEqual(len(granted), 30)
        self.assertEqual([e["limit"] for e in server.events("limit")], ["sessions"])
        self.assertEqual(len(fill(self.connect(server, "bob"))[1]), 1)
        self.assertEqual(server.events("start"), [])
        self.assertLess(server.descriptors(), self.descriptors - 48)


class PerUser(SessionsCase):
    def test_what_the_clients_say(self):
        server = self.serve("cat", arguments=["--per-user-max-sessions", "1"])
        process = Ssh(server).start()
        self.addCleanup(harness.end, process)
        server.wait("open")
        for client, status, says in (Ssh, 255, b"this user has too many sessions"), (Plink, 1, b"this user has too many"):
            done = client(server).run()
            self.assertEqual(done.status, status)
            self.assertIn(says, done.err)
        process.stdin.close()
        self.assertEqual(process.wait(harness.PATIENCE), 0)
        self.assertEqual(Ssh(server).run(None, b"x"), (0, b"x", b""))

    def test_a_terminal_without_a_program_counts(self):
        server = self.serve("cat", arguments=["--per-user-max-sessions", "3"])
        transport = self.connect(server)
        channels = [transport.open_session() for _ in range(3)]
        for channel in channels:
            channel.get_pty()
        self.assertEqual(fill(self.connect(server))[1], [])
        self.assertEqual(len(fill(self.connect(server, "bob"))[1]), 3)

    def test_a_program_that_outlives_its_session_counts(self):
        server = self.shell("trap '' HUP; echo ready; while :; do sleep 0.05; done",
                            arguments=["--per-user-max-sessions", "1"])
        for i in 1, 2:
            process = Ssh(server).start()
            self.assertEqual(process.stdout.readline(), b"ready\n")
            harness.end(process)
            server.wait("closed", i)
            self.assertEqual(Ssh(server).run().status, 255)
            os.kill(int(server.wait("started", i)[-1]["pid"]), signal.SIGKILL)
            server.wait("exited", i)


class Inheritance(SessionsCase):
    def test_the_limit_of_descriptors(self):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        server = self.launch(f'ulimit -Sn 100; exec {NACRE_SERVE} "$@"', "sh", "-c", "ulimit -Sn; ulimit -Hn")
        self.assertEqual(resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE), (hard, hard))
        for options in {}, {"terminal": True}:
            self.assertEqual(Ssh(server).run(**options).out.split(), [b"100", b"%d" % hard])

    def starts_in(self, mode):
        def shut(server):
            give_to_nobody(server)
            os.chmod(server.folder, mode)
        server = self.shell("pwd; cd . && ls >/dev/null && echo fine", arguments=["--user", "nobody"], before=shut)
        found = [Ssh(server).run(terminal=terminal).out.decode().split() for terminal in (False, True)]
        self.assertEqual(found[0], found[1])
        return server, found[0]

    @as_root
    def test_a_folder_that_the_user_can_read(self):
        server, found = self.starts_in(0o755)
        self.assertEqual(found, [server.folder, "fine"])

    @as_root
    def test_a_folder_that_the_user_cannot_read(self):
        home = NOBODY.pw_dir if os.path.isdir(NOBODY.pw_dir) else "/"
        self.assertEqual(self.starts_in(0o711)[1], [home, "fine"])

    @as_root
    def test_a_folder_below_one_that_the_user_cannot_enter(self):
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(os.path.join(folder, "open"), 0o755)
            os.chmod(os.path.join(folder, "open"), 0o755)
            server = self.launch(f'cd {folder}/open; exec {NACRE_SERVE} "$@"', "pwd",
                                 arguments=["--user", "nobody"], before=give_to_nobody)
            self.assertNotIn(folder, Ssh(server).run().out.decode())

    def test_a_folder_that_is_gone(self):
        with tempfile.TemporaryDirectory() as folder:
            server = self.launch(f'cd {folder}; exec {NACRE_SERVE} "$@"', "pwd", environment={"HOME": "/usr"})
        self.assertEqual(Ssh(server).run(), (0, b"/usr\n", b""))


class FirstProcess(SessionsCase):
    """As in a container."""

    def first(self, server):
        """The process that has the number 1 in its own world."""
        (pid,) = harness.children(server.process.pid)
        return pid

    def zombies(self, pid):
        for child in harness.children(pid):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # reaped since it was listed
                with open(f"/proc/{child}/stat", encoding="ascii") as file:
                    if file.read().rsplit(")", 1)[1].split()[0] == "Z":
                        yield child

    def contain(self, *words):
        server = self.launch(f'exec unshare --pid --fork {NACRE_SERVE} "$@"', *words)
        return server, self.first(server)

    @as_root
    def test_orphans_are_reaped(self):
        server, first = self.contain("sh", "-c", "setsid sleep 0 >/dev/null 2>&1 </dev/null & exit 5")
        for _ in range(3):
            self.assertEqual(Ssh(server).run().status, 5)
        until(lambda: not list(self.zombies(first)), lambda: f"zombies: {list(self.zombies(first))}")
        os.kill(first, signal.SIGUSR1)
        server.wait("counters")
        os.kill(first, signal.SIGTERM)
        self.assertEqual(server.process.wait(harness.PATIENCE), 0)
        self.assertEqual(len(server.events("stopped")), 1)

    @as_root
    def test_it_ends_with_the_server(self):
        server, first = self.contain("cat")
        os.kill(harness.children(first)[0], signal.SIGKILL)
        self.assertEqual(server.process.wait(harness.PATIENCE), 128 + signal.SIGKILL)
        server.process.returncode = 0  # as wanted


if __name__ == "__main__":
    unittest.main()
