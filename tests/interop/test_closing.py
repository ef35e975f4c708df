"""However a channel ends, its last event is one event=closed with the right reason; see also check_log."""
import contextlib
import signal
import socket
import time
import unittest

import harness
from clients import Dbclient, Master, Paramiko, ParamikoProgram, Plink, Ssh, exchange
from harness import PATIENCE, answer_to
from terminals import Terminal


class Closing:
    """The tests for each client that is a program."""

    def start(self, command=None):
        """Start a session and wait for its first answer: the process and the number of its connection."""
        opened = self.server.watch("open")
        process = self.client(self.server).start(command)
        self.addCleanup(harness.end, process)
        harness.ask(process, b"h")
        return process, opened()[0]["conn"]

    def ends(self, conn):
        """The events at the end of a connection's only channel."""
        self.server.wait("disconnected", conn=conn)
        return [e["event"] for e in self.server.events(conn=conn, chan=0) if e["event"] in ("eof", "close", "closed")]

    def reason(self, conn):
        return self.server.wait("closed", conn=conn)[0]["reason"]

    def test_end_of_input(self):
        process, conn = self.start()
        process.stdin.close()
        self.assertEqual(process.stdout.read(), harness.LAST_WORDS)
        self.assertEqual(process.wait(PATIENCE), 0)
        self.assertEqual(self.ends(conn), ["eof", "closed"])
        self.assertEqual(self.reason(conn), "we closed")

    def test_exit(self):
        self.assertEqual(self.client(self.server).run("exit 0").status, 0)
        conn = self.last_connection()
        self.assertEqual(self.ends(conn)[-1:], ["closed"])
        self.assertEqual(self.reason(conn), "we closed")

    def test_killed_client(self):
        process, conn = self.start()
        process.kill()
        self.assertEqual(self.reason(conn), "connection lost")
        self.assertEqual(self.ends(conn), ["closed"])

    def test_client_killed_while_it_receives(self):
        opened = self.server.watch("open")
        process = self.client(self.server).start("chargen 100000000000")
        self.addCleanup(harness.end, process)
        process.stdout.read(harness.MIB)
        conn = opened()[0]["conn"]
        process.kill()
        self.assertEqual(self.reason(conn), "connection lost")
        self.assertEqual(self.ends(conn)[-1:], ["closed"])


class ClosingWithSsh(Closing, harness.ServerCase):
    client = Ssh

    def test_disconnect(self):
        """ssh sends DISCONNECT when it receives a signal that it handles."""
        process, conn = self.start()
        process.terminate()
        process.wait(PATIENCE)
        self.assertIn(self.reason(conn), ("disconnected by peer", "connection lost"))
        self.assertEqual(self.ends(conn), ["closed"])

    def test_one_of_several_channels(self):
        """~. in the terminal of one session of a shared connection closes that session; the others continue.

        ssh sends EOF and CLOSE; chargen, unlike the shell, does not end at EOF.
        """
        with Master(self.server) as master:
            opened = self.server.watch("open")
            sessions = [master.start() for _ in range(3)]
            for session in sessions:
                self.addCleanup(harness.end, session)
                harness.ask(session, b"h")
            command = master.command("chargen 100000000000", terminal=True)
            with Terminal(command, master.client.environment()) as terminal:
                conn, chan = (opened(4)[3][name] for name in ("conn", "chan"))
                terminal.expect(b"~")
                terminal.type(b"\r~.")
                terminal.end()
            closed = self.server.wait("closed", conn=conn)
            self.assertEqual([(e["chan"], e["reason"]) for e in closed], [(chan, "peer closed")])
            for session in sessions:
                harness.ask(session, b"still here")
            self.assertEqual(len(self.server.events("closed", conn=conn)), 1)
            master.control("exit")
            closed = self.server.wait("closed", 4, conn=conn)
            self.assertEqual([e["reason"] for e in closed[1:]], ["disconnected by peer"] * 3)
            self.assertEqual(len({e["chan"] for e in closed}), 4)

    def test_killed_master(self):
        with Master(self.server) as master:
            for _ in range(3):
                session = master.start()
                self.addCleanup(harness.end, session)
                harness.ask(session, b"h")
            conn = self.last_connection()
            master.process.kill()
            closed = self.server.wait("closed", 3, conn=conn)
            self.assertEqual([e["reason"] for e in closed], ["connection lost"] * 3)

    def test_only_the_tcp_connection_ends(self):
        """A connection that ends without EOF or CLOSE is logged without them."""
        accepted = self.server.watch("connection")
        with socket.create_connection((self.server.host, self.server.port), PATIENCE) as connection:
            conn = accepted()[0]["conn"]
            connection.recv(100)
        self.assertEqual(self.server.wait("disconnected", conn=conn)[0]["reason"], "connection lost")


class ClosingWithPlink(Closing, harness.ServerCase):
    client = Plink


class ClosingWithDbclient(Closing, harness.ServerCase):
    client = Dbclient


class ClosingWithParamikoProgram(Closing, harness.ServerCase):
    client = ParamikoProgram


class ClosingWithParamiko(harness.ServerCase):
    client = Paramiko

    def sessions(self, transport, count):
        channels = []
        for _ in range(count):
            channel = transport.open_session()
            channel.settimeout(PATIENCE)
            channel.invoke_shell()
            channel.sendall(b"h")
            self.assertEqual(channel.recv(100), answer_to(b"h"))
            channels.append(channel)
        return channels, self.last_connection()

    @staticmethod
    def close(channel):
        """Send CLOSE without EOF, which paramiko's own close() sends first."""
        channel.eof_sent = True
        channel.close()

    def test_one_of_several_channels(self):
        with contextlib.closing(self.client(self.server).connect()) as transport:
            channels, conn = self.sessions(transport, 3)
            self.close(channels[1])
            self.assertEqual(self.server.wait("closed", conn=conn)[0]["reason"], "peer closed")
            self.assertEqual([e["event"] for e in self.server.events(conn=conn, chan=1)][-2:], ["close", "closed"])
            for channel in channels[0], channels[2]:
                channel.sendall(b"still here")
                self.assertEqual(channel.recv(100), answer_to(b"still here"))
            transport.close()
            closed = self.server.wait("closed", 3, conn=conn)
            self.assertEqual([e["reason"] for e in closed[1:]], ["connection lost"] * 2)

    def test_eof_and_close_at_once(self):
        """As paramiko's close() sends them; the echo session ends at EOF."""
        with contextlib.closing(self.client(self.server).connect()) as transport:
            channels, conn = self.sessions(transport, 1)
            channels[0].close()
            self.assertEqual(self.server.wait("closed", conn=conn)[0]["reason"], "we closed")
            self.assertEqual([e["event"] for e in self.server.events(conn=conn, chan=0)][-2:], ["eof", "closed"])

    def test_a_number_is_used_again_after_both_closes(self):
        with contextlib.closing(self.client(self.server).connect()) as transport:
            for i in range(20):
                channels, conn = self.sessions(transport, 1)
                channels[0].close()
                self.server.wait("closed", i + 1, conn=conn)
            self.assertEqual({e["chan"] for e in self.server.events("open", conn=conn)}, {"0"})

    def test_half_close_of_cat(self):
        """After the client's EOF the server sends everything that is left."""
        data = harness.random_bytes(4 * harness.MIB)
        with contextlib.closing(self.client(self.server).connect()) as transport:
            channel = transport.open_session()
            channel.exec_command("cat")
            self.assertEqual(exchange(channel, data), (data, b""))
            self.assertEqual(channel.recv_exit_status(), 0)


class Shutdown(unittest.TestCase):
    """SIGTERM and SIGINT."""

    def server(self, *arguments):
        return self.enterContext(harness.Server(*arguments))

    def assert_shut_down(self, server, channels):
        closed = server.events("closed")
        self.assertEqual([e["reason"] for e in closed], ["shutting down"] * channels)

    def test_idle(self):
        for number in signal.SIGTERM, signal.SIGINT:
            with self.subTest(number=number):
                server = self.server()
                start = time.monotonic()
                self.assertEqual(server.stop(number), 0)
                self.assertLess(time.monotonic() - start, 4)

    def test_sessions_are_notified(self):
        for number in signal.SIGTERM, signal.SIGINT:
            with self.subTest(number=number):
                server = self.server()
                process = Ssh(server).start()
                self.addCleanup(harness.end, process)
                harness.ask(process, b"h")
                self.assertEqual(server.stop(number), 0)
                self.assertEqual(process.wait(PATIENCE), 255)
                self.assertRegex(process.stderr.read(), b"Received disconnect from .*: the server is shutting down")
                self.assert_shut_down(server, 1)

    def test_each_client_and_many_channels(self):
        for workers in "1", "2":
            with self.subTest(workers=workers):
                server = self.server("-w", workers)
                with Master(server) as master:
                    sessions = [master.start() for _ in range(5)]
                    sessions += [client(server).start() for client in (Ssh, Plink, Dbclient)
                                 for _ in range(2)]
                    for session in sessions:
                        self.addCleanup(harness.end, session)
                        harness.ask(session, b"h")
                    self.assertEqual(server.stop(), 0)
                    for session in sessions:
                        self.assertNotEqual(session.wait(PATIENCE), None)
                self.assert_shut_down(server, 11)
                self.assertEqual(len(server.events("disconnected", reason="shutting down")), 7)

    def test_before_login(self):
        server = self.server()
        with socket.create_connection((server.host, server.port), PATIENCE) as connection:
            self.assertTrue(connection.recv(100).startswith(b"SSH-2.0-"))
            self.assertEqual(server.stop(), 0)
            self.assertEqual([e["reason"] for e in server.events("disconnected")], ["shutting down"])

    def test_in_the_middle_of_a_transfer(self):
        server = self.server()
        process = Ssh(server).start("chargen 100000000000")
        self.addCleanup(harness.end, process)
        process.stdout.read(harness.MIB)
        server.process.send_signal(signal.SIGTERM)
        while process.stdout.read(harness.MIB):
            pass
        self.assertEqual(process.wait(PATIENCE), 255)
        self.assertIn(b"the server is shutting down", process.stderr.read())
        self.assertEqual(server.process.wait(PATIENCE), 0)
        self.assert_shut_down(server, 1)

    def test_a_client_that_does_not_read_delays_the_end_only_briefly(self):
        server = self.server()
        process = Ssh(server).start("chargen 100000000000")
        self.addCleanup(harness.end, process)
        process.stdout.read(harness.MIB)
        process.send_signal(signal.SIGSTOP)
        start = time.monotonic()
        self.assertEqual(server.stop(), 0)
        self.assertLess(time.monotonic() - start, 10)
        self.assert_shut_down(server, 1)

    def test_new_connections_are_refused(self):
        server = self.server()
        process = Ssh(server).start("chargen 100000000000")
        self.addCleanup(harness.end, process)
        process.stdout.read(1)
        process.send_signal(signal.SIGSTOP)
        server.process.send_signal(signal.SIGTERM)

        def refused():
            try:
                socket.create_connection((server.host, server.port), PATIENCE).close()
            except ConnectionRefusedError:
                return True
            return False
        harness.until(refused, "still listening")
        self.assertEqual(server.process.poll(), None)  # it is draining
        process.send_signal(signal.SIGCONT)
        process.stdout.close()
        self.assertEqual(server.process.wait(PATIENCE), 0)


if __name__ == "__main__":
    unittest.main()
