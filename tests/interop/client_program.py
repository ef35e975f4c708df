"""nacre-client as the tests start it, and the tests that every server gets."""
import os
import re
import signal
import subprocess
import tempfile
import unittest

from harness import BUILD, MIB, PATIENCE, Done, clean_environment, end, random_bytes, until
from others import STAYS, Sshd
from terminals import Terminal

NACRE_CLIENT = os.path.join(BUILD, "nacre-client")


class ClientCase(unittest.TestCase):
    """Tests that share one server per class; the home folder is the test's own."""

    kind = Sshd
    server = None
    environment = {}

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(cls.kind())

    def setUp(self):
        self.home = self.enterContext(tempfile.TemporaryDirectory(prefix="nacre-"))
        self.known_hosts = os.path.join(self.home, ".ssh", "known_hosts")

    def words(self, *words, known=True, key="key", host="127.0.0.1"):
        """A command line; the words are options and then the command."""
        options = [word for word in words if word.startswith("-")]
        command = [word for word in words if not word.startswith("-")]
        line = [NACRE_CLIENT, "-p", str(self.server.port), *options]
        line += ["-i", self.server.path(key)] if key else []
        line += ["--known-hosts", self.server.path("known_hosts")] if known else []
        return [*line, f"{self.server.user}@{host}", *command]

    def run_(self, *words, data=b"", patience=4 * PATIENCE, **more):
        done = subprocess.run(self.words(*words, **more), input=data, capture_output=True, timeout=patience,
                              env=clean_environment(self.home, **self.environment))
        return Done(done.returncode, done.stdout, done.stderr.decode())

    def start(self, *words, **streams):
        process = subprocess.Popen(self.words(*words), env=clean_environment(self.home, **self.environment),
                                   **{"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
                                      **streams})
        self.addCleanup(end, process)
        return process

    def until_traced(self, path, pattern):
        """Wait until a program has written a line like this to its trace."""
        def lines():
            if not os.path.exists(path):
                return ""
            with open(path, encoding="ascii") as file:
                return file.read()
        until(lambda: re.search(pattern, lines(), re.M | re.S), lambda: lines()[-4000:])

    def terminal(self, *words, **more):
        return self.enterContext(Terminal(self.words(*words, **more), clean_environment(self.home, **self.environment)))


class Commands:
    """A command without a terminal, with every server that runs one in a shell."""

    def test_the_exit_status_and_both_outputs(self):
        done = self.run_("echo out; echo err >&2; exit 3")
        self.assertEqual(done, (3, b"out\n", "err\n"))
        self.assertEqual(self.run_("exit 0"), (0, b"", ""))
        self.assertEqual(self.run_("exit", "200").status, 200)

    def test_ten_mebibytes_both_ways(self):
        data = random_bytes(10 * MIB)
        done = self.run_("cat", data=data)
        self.assertEqual((done.status, done.err), (0, ""))
        self.assertTrue(done.out == data)

    def test_a_file_as_input_and_as_output(self):
        data = random_bytes(MIB)
        source, target = (os.path.join(self.home, name) for name in ("source", "target"))
        with open(source, "wb") as file:
            file.write(data)
        with open(source, "rb") as stdin, open(target, "wb") as stdout:
            self.assertEqual(self.start("cat", stdin=stdin, stdout=stdout).wait(PATIENCE), 0)
        with open(target, "rb") as file:
            self.assertTrue(file.read() == data)

    def test_the_end_of_the_input_ends_only_the_input(self):
        done = self.run_("wc -c; echo still there", data=b"12345")
        self.assertEqual((done.status, done.out.split()), (0, [b"5", b"still", b"there"]))

    def test_a_reader_that_waits_loses_nothing(self):
        process = self.start("head -c 3000000 /dev/zero; echo end")
        self.assertEqual(process.stdout.read(1), b"\0")
        # The server has sent all that the window allows: nothing else is read, until the rest is.
        self.assertEqual(len(process.stdout.read()), 3000000 - 1 + len(b"end\n"))
        self.assertEqual(process.wait(PATIENCE), 0)

    def test_output_that_is_read_after_the_server_has_closed_the_channel(self):
        """Our CLOSE waits for the reader: TinySSH ends the connection when it arrives."""
        trace = os.path.join(self.home, "trace")
        process = self.start("--trace=" + trace, "head -c 100000 /dev/zero; echo end")
        self.until_traced(trace, r"<- .* CHANNEL_CLOSE ")
        self.assertEqual(len(process.stdout.read()), 100000 + len(b"end\n"))
        self.assertEqual((process.wait(PATIENCE), process.stderr.read()), (0, b""))

    def test_a_reader_that_leaves_ends_the_command(self):
        process = self.start("yes")
        process.stdout.read(1)
        process.stdout.close()
        self.assertEqual(process.wait(PATIENCE), 255)

    def test_the_program_can_be_interrupted(self):
        for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
            process = self.start("echo begun; " + STAYS)
            self.assertEqual(process.stdout.readline(), b"begun\n")
            process.send_signal(number)
            self.assertEqual(process.wait(PATIENCE), -number)


class Terminals:
    """A terminal on the server, with every server that gives one."""

    first_size = b"24 80"

    def shell(self, *words):
        """Words of a command that reports and waits for input."""
        terminal = self.terminal("-t", *words)
        terminal.expect(b"ready")
        return terminal

    def test_the_size_and_its_changes(self):
        terminal = self.shell("stty size; echo ready; while :; do stty size; sleep 0.05; done")
        terminal.expect(self.first_size + b"\r\n")
        terminal.resize(101, 33)
        terminal.expect(b"33 101\r\n")

    def test_keystrokes_and_modes(self):
        terminal = self.shell("stty -echo; echo ready; read line; echo \"<$line>\"; exit 4")
        terminal.type(b"a\x7fb\x03\r")  # the erase character, and one that is a signal there
        self.assertNotEqual(terminal.end(), 0)
        terminal = self.shell("stty -echo -isig; echo ready; read line; echo \"<$line>\"; exit 4")
        terminal.type(b"a\x7fb\x03\r")
        terminal.expect(b"<b\x03>")
        terminal.expect(b"Connection to 127.0.0.1 closed.\r\n")
        self.assertEqual(terminal.end(), 4)

    def test_escape_sequences(self):
        trace = os.path.join(self.home, "trace")
        terminal = self.shell("--trace=" + trace, "stty -echo; echo ready; cat")
        terminal.type(b"~?")
        terminal.expect(b"end the connection\r\n")
        terminal.type(b"~~one\r")
        terminal.expect(b"~one\r\n")
        terminal.type(b"~R")
        # TinySSH lets a message that arrives together with NEWKEYS wait for the next one.
        self.until_traced(trace, r"^\S+ #1 phase rekey$.*^\S+ #1 phase connection$")
        terminal.type(b"two\r")
        terminal.expect(b"two\r\n")
        terminal.type(b"~")
        terminal.type(b".")
        terminal.expect(b"Connection to 127.0.0.1 closed.\r\n")
        self.assertEqual(terminal.end(), 255)
