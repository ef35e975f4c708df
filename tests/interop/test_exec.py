"""Commands: their output, how they end, and which are refused."""
import contextlib
import os
import signal
import string
import subprocess
import unittest

import harness
from clients import Dbclient, Master, Paramiko, Plink, Ssh, exchange, paramiko, start
from harness import MIB, PATIENCE, USER
from test_serve import request

REFUSED = ("nonsense", "exit", "exit x", "exit -1", "exit 4294967296", "chargen", "chargen 1x", "cat x", "signal",
           "signal ", "Echo", "echo ", "signal T\nM", "exit 1 2", "signal T M", "signal T\x7f", "signal " + "T" * 65, "exi", "exit  1",
           "chargen 18446744073709551616")
LONGEST_COMMAND = 262117  # as nacre's channel.h says
PRINTABLE = (string.printable[:94] + "\n").encode()


class Exec:
    """The tests for each client."""

    killed = None  # its exit status when the command was killed by a signal
    refused = None  # ... and when the command was refused

    def run_(self, command, data=b"", **more):
        return self.client(self.server).run(command, data, **more)

    def test_exit_status(self):
        for status in 0, 1, 7, 254, 255:
            with self.subTest(status=status):
                self.assertEqual(self.run_(f"exit {status}"), (status, b"", b""))

    def test_signal(self):
        self.assertEqual(self.run_("signal TERM"), (self.killed, b"", b""))

    def test_chargen(self):
        for count in 0, 1, 4096, 7000, 1000000:
            with self.subTest(count=count):
                done = self.run_(f"chargen {count}")
                self.assertEqual((done.status, done.err, len(done.out)), (0, b"", count))
                self.assertLessEqual(set(done.out), set(PRINTABLE))
                # Lines of 72 characters, and the last character is the second one of all.
                expected = bytes(10 if left % 73 == 0 else 33 + left % 94 for left in range(count, 0, -1))
                self.assertEqual(done.out, expected)

    def test_cat(self):
        for data in b"", b"x", bytes(range(256)), harness.random_bytes(MIB):
            with self.subTest(size=len(data)):
                self.assertEqual(self.run_("cat", data), (0, data, b""))

    def test_discard(self):
        self.assertEqual(self.run_("discard", harness.random_bytes(MIB)), (0, b"", b""))

    def test_refused_commands(self):
        before = len(self.server.events("request", type="exec", answer="refused"))
        for command in REFUSED:
            with self.subTest(command=command):
                done = self.run_(command)
                self.assertEqual((done.status, done.out), (self.refused, b""))
        self.assertEqual(len(self.server.events("request", type="exec", answer="refused")), before + len(REFUSED))

    def test_refused_subsystem(self):
        done = self.run_(None, subsystem="sftp")
        self.assertEqual((done.status, done.out), (self.refused, b""))
        self.assertEqual(self.server.events("request", type="subsystem")[-1]["what"], "sftp")


class ExecWithSsh(Exec, harness.ServerCase):
    client = Ssh
    killed = 255  # it does not report signals
    refused = 255

    def test_wc_counts_chargen(self):
        process = Ssh(self.server).start("chargen 1000000", stdin=subprocess.DEVNULL)
        self.addCleanup(harness.end, process)
        counted = subprocess.run(["wc", "-c"], stdin=process.stdout, capture_output=True, check=True, timeout=PATIENCE)
        self.assertEqual(counted.stdout, b"1000000\n")
        self.assertEqual((process.wait(PATIENCE), process.stderr.read()), (0, b""))

    def test_the_reason_is_reported(self):
        self.assertIn(b"exec request failed on channel 0", self.run_("nonsense").err)
        self.assertIn(b"subsystem request failed on channel 0", self.run_(None, subsystem="sftp").err)

    def test_signal_is_on_the_wire(self):
        done = self.run_("signal TERM", options=["-v"])
        self.assertIn(b"client_input_channel_req: channel 0 rtype exit-signal reply 0", done.err)
        self.assertNotIn(b"rtype exit-status", done.err)

    def test_the_connection_continues(self):
        with Master(self.server) as master:
            for command in "nonsense", "exit x":
                self.assertEqual(master.run(command).status, 255)
            self.assertEqual(master.run(None, subsystem="sftp").status, 255)
            self.assertEqual(master.run("exit 7").status, 7)
            self.assertEqual(master.run("cat", b"still here"), (0, b"still here", b""))
            conn = self.last_connection()
        self.assertEqual(len(self.server.wait("closed", 5, conn=conn)), 5)

    def test_other_channel_types_are_refused(self):
        """-W opens direct-tcpip; the connection continues."""
        with Master(self.server) as master:
            done = master.run(None, options=["-W", "127.0.0.1:1"])
            self.assertEqual((done.status, done.out), (255, b""))
            self.assertIn(b"open refused by peer", done.err)
            self.assertEqual(master.run("exit 7").status, 7)

    def test_forwarding_is_refused(self):
        done = self.run_("exit 7", options=["-o", "ExitOnForwardFailure=yes", "-R", "0:127.0.0.1:1"])
        self.assertEqual(done.status, 255)
        self.assertIn(b"remote port forwarding failed", done.err)

    def test_keepalives_are_answered(self):
        process = self.client(self.server).start(options=["-vvv", "-o", "ServerAliveInterval=1"])
        self.addCleanup(harness.end, process)
        answers = 0
        for line in process.stderr:
            answers += b"receive packet: type 82" in line  # REQUEST_FAILURE
            if answers == 2:
                break
        self.assertEqual(answers, 2)
        process.stdin.close()
        self.assertEqual(process.stdout.read(), harness.LAST_WORDS)

    def test_x11_is_refused_and_the_channel_continues(self):
        """-Y requests it with a reply, and continues when it is refused."""
        client = self.client(self.server)
        environment = {**client.environment(), "DISPLAY": "127.0.0.1:99"}
        done = subprocess.run(client.command("cat", options=["-Y"]), input=b"still here", env=environment,
                              capture_output=True, timeout=PATIENCE)
        self.assertIn(b"X11 forwarding request failed on channel 0", done.stderr)
        self.assertEqual((done.returncode, done.stdout), (0, b"still here"))
        requests = self.server.events("request", conn=self.last_connection())
        self.assertEqual([(r["type"], r["answer"]) for r in requests], [("x11-req", "refused"), ("exec", "granted")])


class ExecWithPlink(Exec, harness.ServerCase):
    client = Plink
    killed = 128
    refused = 1

    def test_signal_has_its_name(self):
        self.assertIn(b'Session exited on unrecognised signal "TERM"', self.run_("signal TERM", options=["-v"]).err)

    def test_the_reason_is_reported(self):
        self.assertIn(b"Server refused to start a shell/command", self.run_("nonsense").err)


class ExecWithDbclient(Exec, harness.ServerCase):
    client = Dbclient
    killed = 0  # it ignores signals
    refused = 127  # it wants no reply to its command


class ExecWithParamiko(Exec, harness.ServerCase):
    client = Paramiko
    killed = -1

    def test_refused_commands(self):
        with contextlib.closing(self.client(self.server).connect()) as transport:
            for command in REFUSED:
                with self.subTest(command=command), self.assertRaises(paramiko.SSHException):
                    start(transport.open_session(), command)
            channel = transport.open_session()
            channel.exec_command("cat")
            self.assertEqual(exchange(channel, b"still here"), (b"still here", b""))
        self.assertEqual(len(self.server.events("request", answer="refused", conn=self.last_connection())),
                         len(REFUSED))

    def test_refused_subsystem(self):
        with self.assertRaises(paramiko.SSHException):
            self.run_(None, subsystem="sftp")

    def test_eof_before_the_command(self):
        """EOF comes first, perhaps after data: the command does with them what it always does."""
        with contextlib.closing(self.client(self.server).connect()) as transport:
            for command, data, out in (("cat", b"", b""), ("cat", b"early", b"early"), ("discard", b"", b""),
                                       (None, b"", harness.LAST_WORDS),
                                       (None, b"early", b"echo: 'early'\r\n" + harness.LAST_WORDS)):
                with self.subTest(command=command, data=data):
                    over = self.server.watch("eof")
                    channel = transport.open_session()
                    channel.settimeout(PATIENCE)
                    channel.sendall(data)
                    channel.shutdown_write()
                    if not data:  # otherwise it waits until the data are sent
                        over()
                    request(channel, *(("exec", command) if command else ("shell",)))
                    self.assertEqual(b"".join(iter(lambda c=channel: c.recv(100), b"")), out)
                    self.assertEqual(channel.recv_exit_status(), 0)

    def test_answers_that_nobody_asked_for_are_ignored(self):
        """As lsh sends one to hostkeys-00@openssh.com."""
        with contextlib.closing(self.client(self.server).connect()) as transport:
            channel = transport.open_session(timeout=PATIENCE)
            for number in 81, 82, 99, 100:  # REQUEST_SUCCESS, REQUEST_FAILURE, CHANNEL_SUCCESS, CHANNEL_FAILURE
                message = paramiko.Message()
                message.add_byte(bytes([number]))
                if number > 90:
                    message.add_int(channel.remote_chanid)
                transport._send_user_message(message)
            channel.exec_command("cat")
            self.assertEqual(exchange(channel, b"still here"), (b"still here", b""))

    def test_a_command_may_fill_a_packet_of_256_kib(self):
        """It is refused like any unknown command, and the connection continues; one byte more disconnects."""
        with contextlib.closing(self.client(self.server).connect()) as transport:
            for size in 8192, 65536, 131072, LONGEST_COMMAND:
                with self.subTest(size=size), self.assertRaises(paramiko.SSHException):
                    start(transport.open_session(timeout=PATIENCE), "x" * size)
            channel = transport.open_session(timeout=PATIENCE)
            channel.exec_command("cat")
            self.assertEqual(exchange(channel, b"still here"), (b"still here", b""))
            with self.assertRaises((paramiko.SSHException, EOFError)):
                start(transport.open_session(timeout=PATIENCE), "x" * (LONGEST_COMMAND + 16))
        self.assertIn("packet_length", self.server.wait("disconnected", conn=self.last_connection())[0]["text"])


class ExecWithCalling(harness.ServerCase):
    """`calling`, which wants a reply to every request that may have one."""

    def start(self, *words):
        connected = self.server.watch("connection")
        calling = os.path.join(harness.BUILD, "tests/interop/calling")
        process = subprocess.Popen([calling, "-u", USER, "-f", self.server.path(".ssh/known_hosts"),
                                    "-i", self.server.path("key"), *words, self.server.address, "cat"],
                                   env=harness.clean_environment(self.server.folder), stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(harness.end, process)
        self.server.wait("request", type="exec", conn=connected()[0]["conn"])
        return process

    def requests(self):
        return [(r["type"], r.get("what"), r["answer"])
                for r in self.server.events("request", conn=self.last_connection())]

    def test_environment_variables_are_granted(self):
        process = self.start("-e", "LANG=C", "-e", "MOTHER=of pearl")
        self.assertEqual(process.communicate(b"bytes", timeout=PATIENCE),
                         (b"bytes", b"calling: logged in\ncalling: granted\ncalling: granted\n"))
        self.assertEqual(self.requests(), [("env", "LANG", "granted"), ("env", "MOTHER", "granted"),
                                           ("exec", "cat", "granted")])

    def test_a_signal_is_granted_and_the_program_continues(self):
        process = self.start("-g", "USR1")
        process.send_signal(signal.SIGUSR1)
        self.server.wait("request", type="signal", conn=self.last_connection())
        self.assertEqual(process.communicate(b"bytes", timeout=PATIENCE)[0], b"bytes")
        self.assertEqual((process.returncode, self.requests()),
                         (0, [("exec", "cat", "granted"), ("signal", "USR1", "granted")]))

    def test_an_unknown_request_is_refused_and_the_channel_continues(self):
        process = self.start("-b")
        process.send_signal(signal.SIGUSR1)
        self.server.wait("request", type="break", conn=self.last_connection())
        self.assertEqual(process.communicate(b"bytes", timeout=PATIENCE),
                         (b"bytes", b"calling: logged in\ncalling: refused\n"))
        self.assertEqual((process.returncode, self.requests()),
                         (0, [("exec", "cat", "granted"), ("break", None, "refused")]))


if __name__ == "__main__":
    unittest.main()
