"""The log when nobody reads it or nobody can, and signals that must not end a program."""
import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import tempfile
import unittest

import harness
from clients import Paramiko, Ssh, paramiko
from harness import BUILD, PATIENCE
from test_forwarding import connected, free_port

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


class LogCase(unittest.TestCase):

    def lines(self, path):
        with contextlib.suppress(FileNotFoundError), open(path, encoding="ascii") as file:
            return file.read().splitlines()
        return []

    def wait(self, path, text):
        return harness.until(lambda: [line for line in self.lines(path) if text in line], f"no {text} in {path}")

    def start(self, *words, program="nacre-echo", command=(), wrapper=(), **more):
        """A server with the files of another one. Its process, and a function that logs in."""
        lender = self.enterContext(harness.Server())
        port = free_port()
        process = subprocess.Popen(
            [*wrapper, f"{BUILD}/{program}", "-l", f"127.0.0.1:{port}", "-k", lender.path("host_key"), "-a",
             lender.path("authorized_keys"), "-p", lender.path("passwords"), *words, *command],
            cwd=lender.folder, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, **more)
        self.addCleanup(harness.end, process)
        with open(lender.path(".ssh/known_hosts"), "a", encoding="ascii") as file:
            file.write(f"[127.0.0.1]:{port} {lender.host_key}\n")
        lender.port = port
        return process, lender


class Destinations(LogCase):

    def test_json(self):
        """Each line is an object with the same fields, whatever the peer sends."""
        process, lender = self.start("--log-format", "json", "-v")
        connected(lender.port).close()
        user = 'x","event":"forged\u00e9\n'
        with self.assertRaises(paramiko.AuthenticationException):
            Paramiko(lender, login="password", user=user, password="wrong").connect()
        self.assertEqual(Ssh(lender).run().status, 0)
        process.terminate()
        events = [json.loads(line) for line in process.stderr]
        self.assertEqual(process.wait(PATIENCE), 0)
        for event in events:
            self.assertEqual(list(event)[:3], ["ts", "level", "event"])
            self.assertIsInstance(event.get("conn", 0), int)
        self.assertNotIn("forged", {event["event"] for event in events})
        self.assertIn("closed", {event["event"] for event in events})
        refused = [event for event in events if event["event"] == "auth" and event["answer"] == "refused"]
        self.assertEqual(refused[0]["user"].encode("latin-1").decode(), user)

    def test_a_file_is_rotated(self):
        """Inside the sandbox, as logrotate does it."""
        for program, more, command in (("nacre-echo", (), ()), ("nacre-echo", ("--supervise",), ()),
                                       ("nacre-serve", (), ("--", "true"))):
            folder = self.enterContext(tempfile.TemporaryDirectory(prefix="nacre-"))
            path = os.path.join(folder, "log")
            process, lender = self.start("--log-file", path, *more, program=program, command=command)
            self.wait(path, "event=listening")
            os.rename(path, path + ".1")
            process.send_signal(signal.SIGHUP)
            self.wait(path, "event=reloaded")
            self.assertEqual(Ssh(lender).run().status, 0)
            self.wait(path, "event=disconnected")
            self.assertEqual([line for line in self.lines(path + ".1") if "event=connection" in line], [])
            process.terminate()
            self.assertEqual(process.wait(PATIENCE), 0)
            self.assertEqual(process.stderr.read(), b"")

    def test_a_file_that_cannot_be_opened_again(self):
        """The old one stays in use."""
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="nacre-"))
        path = os.path.join(folder, "log")
        process, lender = self.start("--log-file", path)
        self.wait(path, "event=listening")
        os.rename(path, path + ".1")
        os.mkdir(path)
        process.send_signal(signal.SIGHUP)
        self.wait(path + ".1", "cannot open the log file")
        self.assertEqual(Ssh(lender).run().status, 0)
        self.wait(path + ".1", "event=disconnected")

    def test_a_mistake_at_the_start_is_printed_too(self):
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="nacre-"))
        path = os.path.join(folder, "log")
        process, _ = self.start("--log-file", path, "--require", "keyboard-interactive")
        self.assertEqual(process.wait(PATIENCE), 1)
        sentence = "nacre-echo: --require keyboard-interactive needs --keyboard-interactive"
        self.assertEqual(process.stderr.read().decode().rstrip("\n"), sentence)
        self.assertEqual(self.lines(path)[-1], sentence)

    def test_two_destinations_are_refused(self):
        process, _ = self.start("--log-file", "log", "--log-syslog")
        self.assertEqual(process.wait(PATIENCE), 1)
        self.assertIn(b"exclude each other", process.stderr.read())

    def test_the_journal_gets_priorities(self):
        reader, writer = socket.socketpair()  # as journald's: a stream socket
        self.addCleanup(reader.close)
        status = os.fstat(writer.fileno())
        lender = self.enterContext(harness.Server())
        process = subprocess.Popen(
            [harness.NACRE_ECHO, "-l", "127.0.0.1:0", "-k", lender.path("host_key"), "-p", lender.path("passwords")],
            stderr=writer, stdin=subprocess.DEVNULL,
            env={**os.environ, "JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"})
        self.addCleanup(harness.end, process)
        writer.close()
        with reader.makefile("r", encoding="ascii") as lines:
            first = next(lines)
            self.assertRegex(first, r"^<6>ts=.* event=hostkey ")
            process.terminate()
            self.assertLessEqual({line[:3] for line in lines}, {"<6>", "<4>"})


@unittest.skipUnless(os.geteuid() == 0, "only root can make a namespace with a /dev/log of its own")
class Syslog(LogCase):
    """The real daemon, in a mount namespace where /dev/log is its socket."""

    def world(self):
        """A folder, and the words that start a program where its file "log" is /dev/log."""
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="nacre-"))
        os.mkdir(os.path.join(folder, "dev"))
        script = ('mount --rbind /dev "$0/dev" 2>/dev/null; mkdir -p "$0/new" && mount -t tmpfs none "$0/new" && '
                  'for i in null zero random urandom tty; do : >"$0/new/$i"; mount --bind "/dev/$i" "$0/new/$i"; done && '
                  'ln -s "$0/socket" "$0/new/log" && mount --move "$0/new" /dev && shift 0 && exec "$@"')
        return folder, ["unshare", "--mount", "sh", "-c", script, folder]

    def rsyslog(self, folder):
        path = os.path.join(folder, "rsyslog.conf")
        with open(path, "w", encoding="ascii") as file:
            file.write(f'module(load="imuxsock" SysSock.Use="off")\n'
                       f'input(type="imuxsock" Socket="{folder}/socket" RateLimit.Interval="0")\n'
                       f'template(name="all" type="string" string="%pri% %syslogtag% %msg%\\n")\n'
                       f'*.* action(type="omfile" file="{folder}/out" template="all")\n')
        daemon = subprocess.Popen(["rsyslogd", "-n", "-f", path, "-i", f"{folder}/pid"], stdin=subprocess.DEVNULL)
        self.addCleanup(harness.end, daemon)
        harness.until(lambda: os.path.exists(f"{folder}/socket"), "rsyslogd has no socket")
        return daemon

    def test_rsyslog(self):
        """It gets every line, and those from while it was restarted."""
        folder, wrapper = self.world()
        out = os.path.join(folder, "out")
        daemon = self.rsyslog(folder)
        process, lender = self.start("--log-syslog", wrapper=wrapper)
        line = self.wait(out, "event=listening")[0]
        self.assertRegex(line, rf"^38 nacre-echo\[{process.pid}\]:  ?ts=20.* event=listening addr=127.0.0.1:{lender.port}$")
        daemon.terminate()
        daemon.wait(PATIENCE)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{folder}/socket")
        self.assertEqual(Ssh(lender).run().status, 0)
        self.rsyslog(folder)
        self.assertEqual(Ssh(lender).run().status, 0)
        harness.until(lambda: len(self.wait(out, "event=disconnected")) == 2, "the lines of both logins")
        process.terminate()
        self.assertEqual(process.wait(PATIENCE), 0)
        self.wait(out, "event=stopped")


if __name__ == "__main__":
    unittest.main()
