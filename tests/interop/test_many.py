"""Many sessions, and clients that stop reading: others are not affected, memory does not grow, no data is lost."""
import contextlib
import os
import signal
import subprocess
import time
import unittest

import harness
from clients import Dbclient, Master, Paramiko, ParamikoProgram, Plink, Ssh, paramiko
from harness import MIB, PATIENCE

AT_ONCE = 5  # seconds for a login and a round trip, on a busy machine
SETTLED = 1.0  # seconds without a change
GROWTH = 16 * MIB  # what one connection may buffer (connection/README.md)


class ManyChannels(harness.ServerCase):

    server_options = {"inspected": True}

    def test_ten_sessions_on_one_connection(self):
        with Master(self.server) as master:
            conn = self.last_connection()
            sessions = [master.start() for _ in range(10)]
            for session in sessions:
                self.addCleanup(harness.end, session)
                harness.ask(session, b"h")
            self.assertEqual(len({e["chan"] for e in self.server.events("open", conn=conn)}), 10)
            one = sessions.pop(4)
            one.stdin.close()
            self.assertEqual(one.stdout.read(), harness.LAST_WORDS)
            self.assertEqual(one.wait(PATIENCE), 0)
            for i, session in enumerate(sessions):
                harness.ask(session, b"%d still here" % i)
            self.assertEqual(len(self.server.wait("closed", conn=conn)), 1)
            for session in sessions:
                session.stdin.close()
                self.assertEqual(session.stdout.read(), harness.LAST_WORDS)
                self.assertEqual(session.wait(PATIENCE), 0)
            self.assertEqual({e["reason"] for e in self.server.wait("closed", 10, conn=conn)}, {"we closed"})

    def test_as_many_sessions_as_allowed(self):
        with Master(self.server) as master:
            sessions = [master.start() for _ in range(64)]
            for session in sessions:
                self.addCleanup(harness.end, session)
            for session in sessions:
                harness.ask(session, b"h")
            one_more = master.run("exit 0")
            self.assertEqual(one_more.status, 255)
            self.assertIn(b"open refused by peer", one_more.err)
            sessions[10].stdin.close()
            self.assertEqual(sessions[10].wait(PATIENCE), 0)
            self.assertEqual(master.run("exit 7").status, 7)
            for session in sessions[:10] + sessions[11:]:
                harness.ask(session, b"still here")

    def test_a_session_whose_client_does_not_read(self):
        """Its window is used up; the connection's other session continues."""
        with Master(self.server) as master:
            stuck = master.start("chargen 100000000000")
            self.addCleanup(harness.end, stuck)
            stuck.stdout.read(MIB)
            settle(lambda: self.server.memory()[0])
            memory = self.server.memory()
            data = harness.random_bytes(16 * MIB)
            self.assertEqual(master.run("cat", data), (0, data, b""))
            self.assertLess(self.server.memory()[1] - memory[1], GROWTH)
            stuck.stdout.read(MIB)  # it continues where it was


class ManyChannelsWithParamiko(harness.ServerCase):
    client = Paramiko

    def test_one_too_many(self):
        with contextlib.closing(self.client(self.server).connect()) as transport:
            channels = [transport.open_session() for _ in range(64)]
            with self.assertRaises(paramiko.ChannelException) as refused:
                transport.open_session()
            self.assertEqual(refused.exception.code, 4)  # SSH_OPEN_RESOURCE_SHORTAGE
            channels[63].invoke_shell()
            channels[63].sendall(b"h")
            self.assertEqual(channels[63].recv(100), harness.answer_to(b"h"))

    def test_unknown_channel_type(self):
        with contextlib.closing(self.client(self.server).connect()) as transport:
            with self.assertRaises(paramiko.ChannelException) as refused:
                transport.open_channel("nonsense@example.com")
            self.assertEqual(refused.exception.code, 3)  # SSH_OPEN_UNKNOWN_CHANNEL_TYPE
            channel = transport.open_session()
            channel.exec_command("exit 7")
            self.assertEqual(channel.recv_exit_status(), 7)


class ManyConnections(harness.ServerCase):

    def test_fifty_at_once(self):
        clients = [client(self.server) for client in (Ssh, Plink, Dbclient) * 17][:50]
        processes = [client.start() for client in clients]
        for process in processes:
            self.addCleanup(harness.end, process)
        for process in processes:
            harness.ask(process, b"h")
        for process in reversed(processes):
            harness.ask(process, b"still here")
            process.stdin.close()
        for process in processes:
            self.assertEqual((process.stdout.read(), process.wait(PATIENCE)), (harness.LAST_WORDS, 0))


def settle(measure):
    """Wait until a measure stays the same."""
    last, since = measure(), time.monotonic()

    def still():
        nonlocal last, since
        now = measure()
        if now != last:
            last, since = now, time.monotonic()
        return time.monotonic() - since >= SETTLED
    harness.until(still, "never at rest")


class StoppedCase(harness.ServerCase):
    """Clients that SIGSTOP stops in the middle of a transfer."""

    size = 256 * MIB  # bytes in each direction
    server_options = {"inspected": True}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.path = cls.server.path("data")
        subprocess.run(["dd", "if=/dev/urandom", f"of={cls.path}", "bs=1M", f"count={cls.size // MIB}", "status=none"],
                       check=True)
        cls.digest = cls.sha256(cls.path)

    @staticmethod
    def sha256(path):
        return subprocess.run(["sha256sum", path], check=True, capture_output=True).stdout.split()[0]

    def start(self, client, name):
        """Start a transfer from file to file through cat, and stop it in the middle."""
        path = self.server.path(name)
        with open(self.path, "rb") as source, open(path, "wb") as sink:
            process = client.start("cat", stdin=source, stdout=sink)
        self.addCleanup(harness.end, process)
        harness.until(lambda: os.path.getsize(path) > self.size // 16, "not even a sixteenth")
        process.send_signal(signal.SIGSTOP)
        self.assertLess(os.path.getsize(path), self.size // 2)
        return process, path

    def assert_all_arrives(self, process, path):
        process.send_signal(signal.SIGCONT)
        self.assertEqual(process.wait(2 * PATIENCE), 0)
        self.assertEqual(self.sha256(path), self.digest)

    def assert_others_are_served(self):
        begin = time.monotonic()
        self.assertEqual(Ssh(self.server).run(None, b"hello\n"),
                         (0, b"echo: 'hello\\n'\r\neof received\r\n", b""))
        self.assertLess(time.monotonic() - begin, AT_ONCE)

    def check(self, clients):
        self.assert_others_are_served()
        before = self.server.memory()
        stopped = [self.start(client, f"copy-{i}") for i, client in enumerate(clients)]
        settle(lambda: self.server.memory()[0])
        cpu, memory = self.server.cpu(), self.server.memory()
        limit = GROWTH * len(clients)
        self.assertLess(memory[0] - before[0], limit, "resident set")
        self.assertLess(memory[1] - before[1], limit, "proportional set")
        for _ in range(5):
            self.assert_others_are_served()
        data = harness.random_bytes(4 * MIB)
        self.assertEqual(Ssh(self.server).run("cat", data), (0, data, b""))
        after = self.server.memory()
        self.assertLess(after[0] - memory[0], MIB, "resident set")
        self.assertLess(after[1] - memory[1], MIB, "proportional set")
        self.assertLess(self.server.cpu() - cpu, 1, "it turns in circles for those that are stopped")
        for process, path in stopped:
            self.assert_all_arrives(process, path)


class Stopped(StoppedCase):

    def test_ssh(self):
        self.check([Ssh(self.server)])

    def test_each_client_at_once(self):
        # dbclient disconnects after three keepalives without an answer, and it may be stopped for more than 15 s.
        self.check([Ssh(self.server), Plink(self.server), Dbclient(self.server, options=["-K", "20"])])

    def test_ssh_while_it_rekeys(self):
        self.check([Ssh(self.server, options=["-o", "RekeyLimit=4M",
                                                       "-o", "KexAlgorithms=curve25519-sha256"])])


class StoppedParamiko(StoppedCase):

    size = 16 * MIB  # it is slow

    def test_paramiko(self):
        self.check([ParamikoProgram(self.server)])


if __name__ == "__main__":
    unittest.main()
