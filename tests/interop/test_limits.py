"""Limits of a running server: which clients it refuses, which not, and what it logs."""
import contextlib
import os
import resource
import signal
import socket
import tempfile
import time
import unittest

import harness
from clients import Dbclient, Master, Paramiko, Plink, Ssh, paramiko
from harness import PATIENCE
from terminals import Terminal


def connect(server, source="127.0.0.1"):
    """A TCP connection from that address."""
    return socket.create_connection((server.host, server.port), PATIENCE, (source, 0))


def is_closed(connection):
    """Has the other side closed it, without a byte?"""
    connection.setblocking(False)
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def everything(connection):
    """Everything received until the other side closes."""
    data = b""
    connection.settimeout(PATIENCE)
    with connection, contextlib.suppress(ConnectionResetError):
        for piece in iter(lambda: connection.recv(4096), b""):
            data += piece
    return data


class Limits(unittest.TestCase):

    def server(self, *arguments, **more):
        return self.enterContext(harness.Server(*arguments, **more))

    def connections(self, server, count, source="127.0.0.1"):
        """So many silent connections, each with the server's identification received."""
        opened = [connect(server, source) for _ in range(count)]
        for connection in opened:
            self.addCleanup(connection.close)
            self.assertTrue(connection.recv(4096).startswith(b"SSH-2.0-"))
        return opened

    def test_a_malformed_exempt_list(self):
        """It is an error, and not an empty list."""
        for text in "127.0.0.1,10.0.0.1/8", "10.0.0.0/33", "::/129":
            with self.assertRaisesRegex(AssertionError, "--per-source-penalty-exempt-list: cannot parse"):
                harness.Server("--per-source-penalty-exempt-list", text)

    def assert_serves(self, server):
        self.assertEqual(Ssh(server).run("exit 7").status, 7)

    def counters(self, server):
        more = server.watch("counters")
        server.process.send_signal(signal.SIGUSR1)
        return more()[0]


class Connections(Limits):

    def test_all(self):
        server = self.server("--max-connections", "3")
        sessions = [Ssh(server).start() for _ in range(3)]
        for session in sessions:
            self.addCleanup(harness.end, session)
            harness.ask(session, b"h")
        self.assertEqual(everything(connect(server)), b"Exceeded MaxStartups\r\n")
        self.assertEqual(server.wait("refused")[0]["limit"], "max-connections")
        self.assertEqual(Ssh(server).run("exit 7").status, 255)
        sessions[0].stdin.close()
        self.assertEqual(sessions[0].wait(PATIENCE), 0)
        server.wait("disconnected")
        harness.until(lambda: int(self.counters(server)["connections"]) == 2, "two connections")
        self.assert_serves(server)

    def test_of_one_source(self):
        """127.0.0.2 is at its limit; 127.0.0.1 is not affected. Two workers share the counts."""
        server = self.server("--per-source-max-startups", "5", "-w", "2")
        waiting = self.connections(server, 5, "127.0.0.2")
        addresses = []
        for _ in range(8):
            connection = connect(server, "127.0.0.2")
            addresses.append("{}:{}".format(*connection.getsockname()))
            self.assertEqual(everything(connection), b"Exceeded MaxStartups\r\n")
        refused = server.wait("refused", 8)
        self.assertEqual({e["limit"] for e in refused}, {"per-source-max-startups"})
        self.assertEqual(sorted(e["addr"] for e in refused), sorted(addresses))
        self.assert_serves(server)
        waiting[0].close()
        server.wait("disconnected", 2)
        harness.until(lambda: int(self.counters(server)["startups"]) == 4, "four that have not logged in")
        self.connections(server, 1, "127.0.0.2")
        self.assertEqual(self.counters(server)["per_source_max_startups"], "8")

    def test_connections_without_a_login(self):
        server = self.server("--max-startups", "4")
        self.connections(server, 4)
        self.assertEqual(everything(connect(server, "127.0.0.2")), b"Exceeded MaxStartups\r\n")
        self.assertEqual(server.wait("refused")[0]["limit"], "max-startups")

    def test_a_logged_in_connection_is_no_startup(self):
        server = self.server("--max-startups", "2")
        for _ in range(6):
            session = Ssh(server).start()
            self.addCleanup(harness.end, session)
            harness.ask(session, b"h")
        counters = self.counters(server)
        self.assertEqual((counters["connections"], counters["startups"], counters["logins"]), ("6", "0", "6"))

    def test_the_end_has_the_counters_too(self):
        server = self.server("--max-startups", "1")
        self.connections(server, 1)
        everything(connect(server))
        server.wait("refused")
        server.stop()
        self.assertEqual(server.events("stopped")[0]["max_startups"], "1")


class Penalties(Limits):

    def test_failed_attempts_are_penalised(self):
        server = self.server("--per-source-penalties", "authfail:40,min:60")
        for _ in range(2):
            self.assertEqual(Ssh(server, "password", password="wrong").run("exit 7").status, 255)
        server.wait("disconnected", 2)
        self.assertEqual(everything(connect(server)), b"Not allowed at this time\r\n")
        self.assertEqual(server.wait("refused")[0]["limit"], "per-source-penalties")
        self.connections(server, 1, "127.0.0.2")

    def test_a_penalty_expires(self):
        server = self.server("--per-source-penalties", "noauth:2,min:1,max:2")
        connect(server).close()
        server.wait("disconnected")
        begin = time.monotonic()
        self.assertEqual(everything(connect(server)), b"Not allowed at this time\r\n")

        def allowed():
            with connect(server) as connection:
                return connection.recv(4096).startswith(b"SSH-2.0-")
        harness.until(allowed, "it never passes")
        self.assertGreater(time.monotonic() - begin, 1)

    def test_a_login_gets_no_penalty(self):
        server = self.server("--per-source-penalties", "authfail:60,noauth:60,min:1")
        for client in Ssh, Plink, Dbclient, Paramiko:
            self.assertEqual(client(server).run("exit 7").status, 7)
        self.assertEqual(server.events("refused"), [])

    def test_exempt(self):
        server = self.server("--per-source-penalties", "noauth:60,min:1", "--per-source-penalty-exempt-list", "127.0.0.1")
        for _ in range(5):
            connect(server).close()
        connect(server, "127.0.0.2").close()
        server.wait("disconnected", 6)
        self.assertEqual(everything(connect(server, "127.0.0.2")), b"Not allowed at this time\r\n")
        self.assert_serves(server)


class Time(Limits):

    def test_a_silent_one_and_a_slow_one(self):
        """Both are disconnected after two seconds; a user who takes longer to type a password is not."""
        server = self.server("--handshake-time", "2", "--per-source-penalties", "no")
        ssh = Ssh(server, "password")
        without_sshpass = ssh.command("exit 7")[2:]
        with Terminal(without_sshpass, ssh.environment()) as terminal:
            terminal.expect(b"password: ")
            silent, slow = connect(server), connect(server)
            begin = time.monotonic()
            with self.assertRaises(OSError):
                for byte in b"SSH-2.0-" + b"x" * 200:
                    slow.sendall(bytes([byte]))
                    time.sleep(0.2)
            everything(silent)
            self.assertGreater(time.monotonic() - begin, 1.5)
            self.assertEqual({e["limit"] for e in server.wait("limit", 2)}, {"handshake-time"})
            server.wait("disconnected", 2, text="handshake timeout")
            terminal.type(harness.PASSWORD.encode() + b"\r")
            self.assertEqual(terminal.end(), 7)

    def test_the_login_deadline(self):
        server = self.server("--login-grace-time", "1", "--per-source-penalties", "no")
        transport = paramiko.Transport(connect(server))
        self.addCleanup(transport.close)
        transport.start_client(timeout=PATIENCE)
        limit = server.wait("limit", limit="login-grace-time")[0]
        self.assertEqual(limit["addr"], server.events("connection", conn=limit["conn"])[0]["addr"])

    def test_an_idle_connection(self):
        server = self.server("--idle-timeout", "1")
        session = Ssh(server).start()
        self.addCleanup(harness.end, session)
        harness.ask(session, b"h")
        self.assertEqual(session.wait(PATIENCE), 255)
        server.wait("limit", limit="idle-timeout")

    def test_unanswered_keepalives(self):
        """A client that is stopped is disconnected; one that is only idle is not."""
        server = self.server("--keepalive", "1,2")
        quiet, stopped = Ssh(server).start(), Ssh(server).start()
        for session in quiet, stopped:
            self.addCleanup(harness.end, session)
            harness.ask(session, b"h")
        stopped.send_signal(signal.SIGSTOP)
        server.wait("disconnected", reason="timeout", text="keepalive timeout")
        time.sleep(1.5)  # the other one gets keepalives as well
        harness.ask(quiet, b"still here")
        self.assertEqual(len(server.events("limit")), 1)


class Rekeys(Limits):

    def test_before_the_login(self):
        """One is allowed. The second ends the connection and counts as much as a failed login."""
        server = self.server("--per-source-penalties", "authfail:60,min:50", "--max-startups", "1000")
        with contextlib.closing(paramiko.Transport(connect(server))) as client:
            client.start_client(timeout=PATIENCE)
            client.renegotiate_keys()
            with self.assertRaises((paramiko.SSHException, EOFError)):
                client.renegotiate_keys()
        server.wait("disconnected", text="second rekey before the login")
        self.assertEqual(server.wait("limit")[0]["limit"], "rekeys")
        self.assertEqual(everything(connect(server)), b"Not allowed at this time\r\n")
        self.assertEqual(server.wait("refused")[0]["limit"], "per-source-penalties")

    def test_after_the_login(self):
        """They are answered later, however much is transferred between them, and nothing is lost."""
        server = self.server("--rate-limits", "rekeys:2/600")
        ssh = Ssh(server, options=["-o", "RekeyLimit=16K", "-o", "KexAlgorithms=curve25519-sha256"])
        data = harness.random_bytes(200000)
        self.assertEqual(ssh.run("cat", data), (0, data, b""))
        self.assertGreater(len(server.events("kex")), 5)
        self.assertEqual([event["limit"] for event in server.events("limit")], ["rekeys"])


class Clients(Limits):
    """Stock clients stay far below the rates."""

    def test_frequent_rekeys(self):
        server = self.server()
        data = harness.random_bytes(harness.MIB)
        for limit in "16", "1K", "16K":
            with self.subTest(limit=limit):
                ssh = Ssh(server, options=["-o", f"RekeyLimit={limit}", "-o", "KexAlgorithms=curve25519-sha256"])
                self.assertEqual(ssh.run("cat", data[:300000]), (0, data[:300000], b""))

    def test_many_sessions_one_after_the_other(self):
        server = self.server()
        with Master(server) as master:
            for i in range(100):
                self.assertEqual(master.run(f"exit {i}").status, i)
        self.assertEqual(server.events("limit"), [])


class Memory(Limits):
    """Budgets: of a user, over connections on several workers, and of the process."""

    def fill(self, server, user="alice", most=64):
        """A connection of that user that opens sessions until one is refused; returns their number."""
        transport = Paramiko(server, "password", user=user).connect()
        self.addCleanup(transport.close)
        for opened in range(most):
            try:
                self.keep.append(transport.open_session(timeout=PATIENCE))
            except paramiko.ChannelException as refused:
                self.assertEqual(refused.code, 4)  # SSH_OPEN_RESOURCE_SHORTAGE
                return opened
        return most

    def setUp(self):
        self.keep = []  # paramiko closes channels that nobody refers to

    def test_one_user_leaves_the_others_their_share(self):
        server = self.server("--max-memory", "16M", "--per-user-max-memory", "1M", "-w", "2",
                             passwords=f"alice:{harness.PASSWORD}\nbob:{harness.PASSWORD}\n")
        first = self.fill(server)
        self.assertGreaterEqual(first, 8)
        self.assertLessEqual(first, 32)
        for _ in range(4):
            self.assertEqual(self.fill(server), 0)
        self.assertEqual(self.counters(server)["memory"], str(1 << 20))
        for line in server.wait("limit", 6)[:6]:
            self.assertIn(line["limit"], ("per-user-max-memory", "low-memory"))
        self.assertEqual(self.fill(server, "bob", 3), 3)
        self.keep[0].close()
        harness.until(lambda: self.fill(server, most=1) == 1, "a window is given back")
        for channel in self.keep:
            channel.get_transport().close()
        harness.until(lambda: self.counters(server)["memory"] == "0", "all memory is given back")

    def test_the_process_has_a_budget(self):
        server = self.server("--max-memory", "1M", "--per-user-max-memory", "4M",
                             passwords=f"alice:{harness.PASSWORD}\nbob:{harness.PASSWORD}\n")
        self.fill(server)
        self.assertEqual(self.fill(server, "bob"), 0)
        counters = self.counters(server)
        self.assertEqual(counters["memory"], str(1 << 20))
        self.assertEqual(counters["max_memory"], "2")

    def test_a_transfer_continues_with_small_windows(self):
        """What was granted stays granted, and one packet at a time gets through."""
        server = self.server("--max-memory", "1M", "--per-user-max-memory", "1M")
        self.fill(server, most=8)
        data = harness.random_bytes(2 * harness.MIB)
        self.assertEqual(Ssh(server).run("cat", data), (0, data, b""))
        server.wait("limit", limit="low-memory")


class Descriptors(Limits):

    def test_old_connections_stay_and_new_ones_are_refused(self):
        """With few descriptors the limit on connections is lower, so that files can still be read."""
        script = os.path.join(self.enterContext(tempfile.TemporaryDirectory()), "few")
        with open(script, "w", encoding="ascii") as file:
            file.write(f"#!/bin/sh\nulimit -n 64\nexec {harness.NACRE_ECHO} \"$@\"\n")
        os.chmod(script, 0o700)
        server = self.server("--per-source-max-startups", "none", "--max-startups", "1000", program=script)
        session = Ssh(server).start()
        self.addCleanup(harness.end, session)
        harness.ask(session, b"h")
        opened = [connect(server) for _ in range(100)]
        for connection in opened:
            self.addCleanup(connection.close)
        self.assertEqual({e["limit"] for e in server.wait("refused", 50)}, {"max-connections"})
        harness.ask(session, b"still here")
        cpu = server.cpu()
        time.sleep(1)
        self.assertLess(server.cpu() - cpu, 0.5, "it turns in circles")
        for connection in opened:
            connection.close()
        server.wait("disconnected", 20)
        self.assert_serves(server)

    def test_no_descriptors_left(self):
        """Descriptors run out while it runs: it refuses connections, logs that once, and recovers."""
        server = self.server("--per-source-max-startups", "none", "--max-startups", "1000", inspected=True)
        session = Ssh(server).start()
        self.addCleanup(harness.end, session)
        harness.ask(session, b"h")
        limits = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
        used = len(os.listdir(f"/proc/{server.process.pid}/fd"))
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (used + 2, limits[1]))
        opened = [connect(server) for _ in range(50)]
        for connection in opened:
            self.addCleanup(connection.close)
        self.assertEqual(server.wait("trouble")[0]["reason"],
                         "out of file descriptors or memory: new connections are refused until existing ones end")
        harness.until(lambda: int(self.counters(server)["descriptors"]) >= 40, "forty were shed")
        harness.until(lambda: sum(map(is_closed, opened)) >= 40, "forty were closed")
        cpu = server.cpu()
        time.sleep(1)
        self.assertLess(server.cpu() - cpu, 0.5, "it turns in circles")
        self.assertEqual(len(server.events("trouble")), 1)
        harness.ask(session, b"still here")
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, limits)
        self.assert_serves(server)


if __name__ == "__main__":
    unittest.main()
