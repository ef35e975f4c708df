"""The log when nobody reads it or nobody can, and signals that must not end a program."""
import fcntl
import os
import signal
import socket
import subprocess
import tempfile
import unittest

import harness
from clients import Ssh
from harness import BUILD, PATIENCE

PROGRAMS = "nacre-echo", "nacre-serve", "nacre-load", "nacre-passwd"


class Piped:
    """A server whose standard error is a pipe of 4096 bytes. A harness.Server lends it its files."""

    def __init__(self, case, program, words):
        self.lender = case.enterContext(harness.Server())
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
        self.reader, self.writer = os.pipe()
        fcntl.fcntl(self.reader, fcntl.F_SETPIPE_SZ, 4096)
        path = self.lender.path
        self.process = subprocess.Popen(
            [f"{BUILD}/{program}", "-l", f"127.0.0.1:{self.port}", "-k", path("host_key"), "-a", path("authorized_keys"),
             "-p", path("passwords"), "--per-source-penalties", "no", *words],
            cwd=self.lender.folder, stdin=subprocess.DEVNULL, stderr=self.writer)
        case.addCleanup(self.clear)
        harness.until(self.connect, "it does not listen")
        self.lender.port = self.port
        with open(path(".ssh/known_hosts"), "a", encoding="ascii") as file:
            file.write(f"[127.0.0.1]:{self.port} {self.lender.host_key}\n")

    def clear(self):
        harness.end(self.process)
        os.close(self.reader)
        os.close(self.writer)

    def connect(self):
        """Does a new connection get the server's identification?"""
        try:
            with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as client:
                client.settimeout(PATIENCE)
                return client.recv(4) == b"SSH-"
        except ConnectionError:
            return False

    def fill(self):
        """Have it log much more than the pipe holds."""
        for _ in range(100):
            assert self.connect(), "no identification"


class NobodyReads(unittest.TestCase):

    def check(self, program, command, *words):
        server = Piped(self, program, words)
        flags = fcntl.fcntl(server.writer, fcntl.F_GETFL)
        server.fill()
        self.assertEqual(Ssh(server.lender).run(command).status, 7)
        self.assertEqual(fcntl.fcntl(server.writer, fcntl.F_GETFL), flags)
        server.process.terminate()
        self.assertEqual(server.process.wait(PATIENCE), 0)

    def test_nacre_echo_serves_and_ends(self):
        self.check("nacre-echo", "exit 7")

    def test_nacre_serve_serves_and_ends(self):
        self.check("nacre-serve", None, "--", "/bin/sh", "-c", "exit 7")

    def test_every_line_comes_when_it_is_read_again(self):
        """The last ones before the end too."""
        server = Piped(self, "nacre-echo", ())
        server.fill()
        server.process.terminate()
        with open(os.dup(server.reader), "rb") as reader:
            lines = []
            while not lines or b"event=stopped" not in lines[-1]:
                lines.append(reader.readline())
        self.assertEqual(server.process.wait(PATIENCE), 0)
        events = [harness.parse(line.decode("ascii").rstrip("\n")) for line in lines]
        self.assertEqual([e for e in events if e["event"] == "log_dropped"], [])
        self.assertEqual(events[-1]["log_dropped"], "0")
        self.assertEqual(len([e for e in events if e["event"] == "connection"]), int(events[-1]["accepted"]))


class NobodyCanRead(unittest.TestCase):

    def test_a_missing_descriptor_is_no_place_for_the_log(self):
        """With descriptor 0, 1 or 2 closed at the start, no connection gets its number."""
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="nacre-"))
        for closed in "0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-":
            with self.subTest(closed):
                script = os.path.join(folder, "script")
                with open(script, "w", encoding="ascii") as file:
                    file.write(f'#!/bin/sh\nexec {harness.NACRE_ECHO} -v "$@" {closed}\n')
                os.chmod(script, 0o755)
                with harness.Server(program=script, verbosity="-q") as server:
                    for _ in range(2):
                        self.assertEqual(Ssh(server).run(None, b"hello\n").out,
                                         b"echo: 'hello\\n'\r\neof received\r\n")


class ProblemsOfFiles(unittest.TestCase):

    def test_a_bad_file_is_logged_once_per_change(self):
        with harness.Server() as server:
            def spoil(mode="a"):
                with open(server.path("authorized_keys"), mode, encoding="ascii") as file:
                    file.write("not a key\n" * 3)
            spoil()
            for _ in range(3):
                Ssh(server, "stranger", user="nobody").run("exit 7")
            self.assertEqual(Ssh(server).run("exit 7").status, 7)
            self.assertEqual(len(server.events("authorized_keys")), 3)
            spoil()
            for _ in range(2):
                self.assertEqual(Ssh(server).run("exit 7").status, 7)
            self.assertEqual(len(server.events("authorized_keys")), 9)


class Signals(unittest.TestCase):

    def test_no_signal_for_other_purposes_ends_the_server(self):
        with harness.Server() as server:
            session = Ssh(server).start("cat")
            self.addCleanup(harness.end, session)
            for number in signal.SIGHUP, signal.SIGUSR2, signal.SIGALRM, signal.SIGPIPE, signal.SIGXFSZ:
                server.process.send_signal(number)
                session.stdin.write(b"hello\n")
                session.stdin.flush()
                self.assertEqual(session.stdout.readline(), b"hello\n", number)
            server.wait("reloaded")
            self.assertEqual(server.events("counters"), [])
            server.process.send_signal(signal.SIGUSR1)
            server.wait("counters")
            session.stdin.close()
            self.assertEqual(session.wait(PATIENCE), 0)
            self.assertEqual(len(server.events("reloaded")), 1)

    def test_a_reader_that_has_gone_ends_no_program(self):
        """From its first line of output on."""
        for program in PROGRAMS:
            reader, writer = os.pipe()
            os.close(reader)
            with self.subTest(program), open(writer, "wb") as closed:
                for arguments in ["--help"], ["--version"], ["--no-such-option"]:
                    done = subprocess.run([f"{BUILD}/{program}", *arguments], stdin=subprocess.DEVNULL, stdout=closed,
                                          stderr=closed, timeout=PATIENCE, restore_signals=True)
                    self.assertEqual(done.returncode, 2 if arguments == ["--no-such-option"] else 0)


if __name__ == "__main__":
    unittest.main()
