"""nacre-serve: programs over SSH, on pipes and on terminals."""
import asyncio
import contextlib
import hashlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # about ciphers that are old
    import asyncssh

import harness
from clients import Dbclient, Paramiko, Ssh, paramiko
from harness import MIB, until
from terminals import Terminal


class Served(harness.Server):
    """nacre-serve with this command."""

    def __init__(self, *words, arguments=(), **more):
        self.words = ["--", *words]
        super().__init__(*arguments, program=os.path.join(harness.BUILD, "nacre-serve"), inspected=True, **more)

    def pid(self):
        """The process id of the child that was started last."""
        return int(self.wait("started")[-1]["pid"])

    def children(self):
        """Processes whose parent is the server."""
        return harness.children(self.process.pid)

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # opened before it was reaped, and read afterwards
        return False


def request(channel, kind, *strings):
    """Send a channel request that paramiko does not know, without wanting a reply."""
    message = paramiko.Message()
    message.add_byte(b"\x62")  # CHANNEL_REQUEST
    message.add_int(channel.remote_chanid)
    message.add_string(kind)
    message.add_boolean(False)
    for string in strings:
        message.add_string(string)
    channel.transport._send_user_message(message)


class ServeCase(unittest.TestCase):
    most_memory = 64 * MIB if "asan" not in harness.BUILD else 512 * MIB  # AddressSanitizer keeps freed memory

    def serve(self, *words, **more):
        return self.enterContext(Served(*words, **more))

    def shell(self, script, **more):
        return self.serve("sh", "-c", script, **more)

    def terminal(self, server, client=Ssh, columns=80, rows=24):
        c = client(server)
        return self.enterContext(Terminal(c.command(terminal=True), c.environment(), columns, rows))


class OnPipes(ServeCase):
    def test_output_and_errors_are_separate(self):
        server = self.shell("echo out; echo err >&2; exit 3")
        for client in Ssh, Dbclient, Paramiko:
            with self.subTest(client=client.name):
                self.assertEqual(client(server).run()[:2], (3, b"out\n"))
        self.assertEqual(Ssh(server).run(), (3, b"out\n", b"err\n"))
        self.assertEqual(Paramiko(server).run(), (3, b"out\n", b"err\n"))

    def test_the_status_comes_before_eof(self):
        """dbclient answers EOF with CLOSE and ignores what comes after it."""
        server = self.shell("echo out; exec >&- 2>&-; sleep 0.05; exit 3")
        for client in Ssh, Dbclient, Paramiko:
            with self.subTest(client=client.name):
                self.assertEqual(client(server).run()[:2], (3, b"out\n"))

    def test_input_and_its_end_reach_the_program(self):
        server = self.serve("sort")
        self.assertEqual(Ssh(server).run(None, b"b\nc\na\n"), (0, b"a\nb\nc\n", b""))
        self.assertEqual(Ssh(server).run(None, b""), (0, b"", b""))

    def test_large_data_comes_back_unchanged(self):
        server = self.serve("cat")
        data = server.path("data")
        block = harness.random_bytes(MIB)
        with open(data, "wb") as file:
            for i in range(256):
                file.write(i.to_bytes(4, "big") + block[4:])
        expected = hashlib.sha256()
        with open(data, "rb") as file:
            for piece in iter(lambda: file.read(MIB), b""):
                expected.update(piece)
        done = Ssh(server).digest(None, data)
        self.assertEqual((done.status, done.out), (0, expected.hexdigest()))
        self.assertLess(server.memory()[1], self.most_memory)

    def test_all_output_comes_before_the_status(self):
        server = self.shell("head -c 3000000 /dev/zero; head -c 1000000 /dev/zero >&2; exit 5")
        done = Ssh(server).run()
        self.assertEqual((done.status, len(done.out), len(done.err)), (5, 3000000, 1000000))

    def test_a_program_that_does_not_read(self):
        server = self.shell("sleep 1; exit 4")
        done = Ssh(server).run(None, bytes(8 * MIB))
        self.assertEqual(done.status, 4)

    def test_a_program_that_closes_its_input(self):
        """What is sent there is dropped; the program continues."""
        server = self.shell("exec <&-; sleep 0.5; echo still here; exit 6")
        done = Ssh(server).run(None, bytes(8 * MIB))
        self.assertEqual((done.status, done.out), (6, b"still here\n"))

    def test_ssh_learns_that_nothing_is_read(self):
        """It then reads no more of its own input, while the program continues."""
        server = self.shell("exec <&-; exec sleep 1000")
        with open(server.path("said"), "wb") as said, open("/dev/zero", "rb") as endless:
            process = Ssh(server).start(stdin=endless, stderr=said, options=["-vv"])
        self.addCleanup(harness.end, process)

        def told():
            with open(server.path("said"), "rb") as file:
                text = file.read()
            return b"input open -> closed" in text.partition(b"rcvd eow")[2]
        until(told, "ssh to be told, and to read no more")
        self.assertIsNone(process.poll())
        self.assertTrue(is_alive(server.pid()))

    def test_a_client_that_does_not_read(self):
        """It costs the server neither memory nor CPU time."""
        server = self.serve("yes")
        process = Ssh(server).start()
        self.addCleanup(harness.end, process)
        pid = server.pid()
        process.send_signal(signal.SIGSTOP)
        time.sleep(1)
        before = server.cpu()
        time.sleep(1)
        self.assertLess(server.cpu() - before, 0.1)
        self.assertLess(server.memory()[1], self.most_memory)
        process.send_signal(signal.SIGCONT)
        process.kill()
        until(lambda: not is_alive(pid), "the program to end")

    def test_a_client_that_stops_reading(self):
        """eow@openssh.com, which ssh sends to OpenSSH's server only: the program receives SIGPIPE."""
        server = self.serve("yes")
        with contextlib.closing(Paramiko(server).connect()) as transport:
            channel = transport.open_session()
            channel.invoke_shell()
            self.assertEqual(channel.recv(2), b"y\n")
            request(channel, "eow@openssh.com")
            self.assertEqual(server.wait("exited")[0]["signal"], "PIPE")

    def test_a_program_that_a_signal_ends(self):
        for name in "TERM", "KILL", "SEGV":
            with self.subTest(signal=name):
                server = self.shell(f"ulimit -c 0; kill -{name} $$")
                with contextlib.closing(Paramiko(server).connect()) as transport:
                    channel = transport.open_session()
                    channel.invoke_shell()
                    self.assertEqual(channel.recv_exit_status(), -1)
                self.assertEqual(server.wait("exited")[0]["signal"], name)
        done = Ssh(server).run(options=["-v"])
        self.assertEqual(done.status, 255)
        self.assertIn(b"exit-signal", done.err)

    def test_core_dumped(self):
        """The client learns what the system reports to a parent process."""
        async def outcome(server):
            async with asyncssh.connect("127.0.0.1", server.port, username=harness.USER, password=harness.PASSWORD,
                                        known_hosts=None, client_keys=None, config=None, agent_path=None) as connection:
                return (await connection.run()).exit_signal
        for limit in "0", "unlimited":
            with self.subTest(limit=limit), tempfile.TemporaryDirectory() as folder:
                script = f"cd {folder}; ulimit -c {limit}; kill -SEGV $$"
                pid = os.spawnv(os.P_NOWAIT, "/bin/sh", ["sh", "-c", script])
                told = os.WCOREDUMP(os.waitpid(pid, 0)[1])
                self.assertEqual(asyncio.run(outcome(self.shell(script)))[:2], ("SEGV", told))

    def test_a_signal_from_the_client(self):
        server = self.shell("trap 'echo caught; exit 8' TERM; echo ready; while :; do sleep 0.05; done")
        with contextlib.closing(Paramiko(server).connect()) as transport:
            channel = transport.open_session()
            channel.settimeout(harness.PATIENCE)
            channel.invoke_shell()
            self.assertEqual(channel.recv(100), b"ready\n")
            request(channel, "signal", b"TERM")
            out = b"".join(iter(lambda: channel.recv(100), b""))
            self.assertEqual(out, b"caught\n")
            self.assertEqual(channel.recv_exit_status(), 8)

    def test_environment(self):
        server = self.serve("env", environment={"SECRET": "x", "LC_TIME": "C"})
        wishes = "LANG=de_DE.UTF-8 LC_ALL=C LD_PRELOAD=/x PATH=/x BASH_ENV=/x TERM=vt52"
        out = Ssh(server).run(options=["-o", f"SetEnv={wishes}"]).out.decode()
        found = dict(line.split("=", 1) for line in out.splitlines())
        self.assertEqual(found["PATH"], os.environ["PATH"])
        for name in "SECRET", "LD_PRELOAD", "BASH_ENV", "SSH_ORIGINAL_COMMAND", "SSH_TTY":
            self.assertNotIn(name, found)
        self.assertEqual([found[name] for name in ("LANG", "LC_ALL", "LC_TIME", "TERM")],
                         ["de_DE.UTF-8", "C", "C", "vt52"])
        self.assertRegex(found["SSH_CONNECTION"], rf"\A127\.0\.0\.1 \d+ 127\.0\.0\.1 {server.port}\Z")

    def test_addresses_of_the_connection(self):
        """IPv6 without its brackets, as in sshd."""
        server = self.shell('echo "$SSH_CONNECTION"', listen="[::1]:0")
        self.assertRegex(Ssh(server).run().out.decode(), rf"\A::1 \d+ ::1 {server.port}\n\Z")

    def test_the_program_inherits_no_descriptors(self):
        server = self.serve("ls", "-l", "/proc/self/fd")
        out = Ssh(server).run().out.decode()
        self.assertEqual(re.findall(r" ([0-9]+) -> ", out)[:3], ["0", "1", "2"])
        self.assertEqual(len(re.findall(r" -> ", out)), 4)  # one of them is the folder itself

    def test_the_program_leads_a_session_and_a_group(self):
        server = self.shell("ps -o pid=,pgid=,sid= -p $$")
        numbers = Ssh(server).run().out.split()
        self.assertEqual(len(numbers), 3)
        self.assertEqual(len(set(numbers)), 1)


class Commands(ServeCase):
    def test_a_command_from_the_client_is_refused(self):
        server = self.serve("echo", "fixed")
        done = Ssh(server).run("id")
        self.assertEqual((done.status, done.out), (255, b""))
        self.assertIn(b"exec request failed", done.err)
        self.assertEqual(server.events("started"), [])
        self.assertEqual(Ssh(server).run().out, b"fixed\n")

    def test_with_exec_it_is_passed_on(self):
        server = self.shell("echo \"<$SSH_ORIGINAL_COMMAND>\"", arguments=["--exec"])
        self.assertEqual(Ssh(server).run("id; echo '$HOME'").out, b"<id; echo '$HOME'>\n")
        self.assertEqual(Ssh(server).run().out, b"<>\n")

    def test_a_command_of_128_kib_is_refused_whole(self):
        """Linux passes no longer string to a program."""
        server = self.shell("echo ${#SSH_ORIGINAL_COMMAND}", arguments=["--exec"])
        longest = 128 * 1024 - len("SSH_ORIGINAL_COMMAND=") - 1
        self.assertEqual(Ssh(server).run("x" * longest).out, b"%d\n" % longest)
        done = Ssh(server).run("x" * (longest + 1))
        self.assertEqual((done.status, done.out), (255, b""))
        self.assertIn(b"exec request failed", done.err)
        self.assertEqual(len(server.events("started")), 1)
        self.assertIn("Argument list too long", server.events("start")[0]["reason"])
        with contextlib.closing(Paramiko(server).connect()) as transport:
            with self.assertRaises(paramiko.SSHException):
                transport.open_session().exec_command("x" * 262117)
            channel = transport.open_session()
            channel.exec_command("short")
            self.assertEqual(channel.recv(10), b"5\n")

    def test_subsystems_are_refused(self):
        server = self.serve("cat", arguments=["--exec"])
        self.assertEqual(Ssh(server).run(subsystem="sftp").status, 255)

    def test_bad_usage(self):
        for words, status, says in (
                ([], 2, "name the command to serve"),
                (["--"], 2, "name the command to serve"),
                (["--no-such-option", "--", "cat"], 2, "--no-such-option: there is no such option"),
                (["--", "no-such-program-anywhere"], 1, "no-such-program-anywhere: no such program"),
                (["--", "/etc/passwd"], 1, "not executable")):
            with self.subTest(words=words):
                done = subprocess.run([os.path.join(harness.BUILD, "nacre-serve"), *words], capture_output=True,
                                      text=True, timeout=harness.PATIENCE)
                self.assertEqual((done.returncode, done.stdout), (status, ""))
                self.assertRegex(done.stderr, r"\Anacre-serve: [^\n]*" + says)


    def test_the_program_is_looked_for_in_path(self):
        """A program that was found is recognised by what fails next: the host key is missing."""
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy("/bin/true", os.path.join(folder, "here"))
            shutil.copy("/etc/passwd", os.path.join(folder, "data"))
            os.mkdir(os.path.join(folder, "x"))
            shutil.copy("/bin/true", os.path.join(folder, "x", "there"))
            for word, path, found in (
                    ("here", folder, True), ("here", f"/nonexistent:{folder}", True), ("here", f"{folder}:/usr/bin", True),
                    ("here", "", False), ("here", ":/usr/bin", True), ("here", "/usr/bin:", False),
                    ("here", "/usr/bin::/bin", True), ("here", "x", False), ("there", "x", True), ("there", "/usr/bin:x", True),
                    ("x/there", "", True), ("./here", "/", True), ("there", folder, False), ("data", folder, False),
                    ("./data", folder, False), ("sh", None, True), ("here", None, False)):
                with self.subTest(word=word, path=path):
                    environment = {} if path is None else {"PATH": path}
                    done = subprocess.run(
                        [os.path.abspath(os.path.join(harness.BUILD, "nacre-serve")), "-k", "/nonexistent/key", "--no-sandbox",
                         "--", word], cwd=folder, env=environment, capture_output=True, text=True, timeout=harness.PATIENCE)
                    self.assertEqual(done.returncode, 1)
                    self.assertEqual("/nonexistent/key" in done.stderr, found, done.stderr)
                    self.assertEqual(f"nacre-serve: {word}: no such program" in done.stderr, not found, done.stderr)


class Requests(ServeCase):
    """What is granted before the program runs, while it runs, and with a terminal or without."""

    def answer(self, server, channel, kind, *strings):
        """The log's, as no reply was wanted. Each request is answered before the next one."""
        count = len(server.events("request")) + 1
        request(channel, kind, *strings)
        return server.wait("request", count)[-1]["answer"]

    def answers(self, server, channel, *rows):
        for kind, strings, expected in rows:
            with self.subTest(kind=kind, strings=strings):
                self.assertEqual(self.answer(server, channel, kind, *strings), expected)

    def test_without_a_terminal(self):
        server = self.serve("cat")
        with contextlib.closing(Paramiko(server).connect()) as transport:
            channel = transport.open_session()
            self.answers(server, channel, ("signal", (b"TERM",), "refused"), ("env", (b"LANG", b"C"), "granted"),
                         ("env", (b"PATH", b"/"), "refused"), ("eow@openssh.com", (), "granted"))
            channel.invoke_shell()
            server.wait("request", type="shell")
            self.answers(server, channel, ("env", (b"LANG", b"C"), "refused"), ("signal", (b"NONSENSE",), "refused"),
                         ("signal", (b"URG",), "refused"), ("signal", (b"TERM",), "granted"))
            self.assertEqual(server.wait("exited")[0]["signal"], "TERM")

    def test_names_of_terminals(self):
        """Such as shells can use; the others are called dumb."""
        server = self.shell("echo $TERM")
        with contextlib.closing(Paramiko(server).connect()) as transport:
            for given, expected in (("xterm-256color", None), ("!~", None), ("x" * 64, None), ("x" * 65, "dumb"),
                                    ("", "dumb"), ("a b", "dumb"), ("a\x7f", "dumb"), ("a\n", "dumb"), ("\u00e9", "dumb")):
                with self.subTest(given=given):
                    channel = transport.open_session()
                    channel.settimeout(harness.PATIENCE)
                    channel.get_pty(term=given)
                    channel.invoke_shell()
                    out = b"".join(iter(lambda c=channel: c.recv(100), b""))
                    self.assertEqual(out.decode(), f"{expected or given}\r\n")

    def test_a_program_that_is_stopped_when_the_client_goes(self):
        """SIGHUP ends it all the same."""
        server = self.serve("sleep", "1000")
        client = Ssh(server).start()
        self.addCleanup(harness.end, client)
        os.kill(server.pid(), signal.SIGSTOP)
        harness.end(client)
        self.assertEqual(server.wait("exited")[0]["signal"], "HUP")


class Starts(ServeCase):
    def test_failed_starts_leave_nothing_open(self):
        """A program that no longer exists, on a terminal, requested again and again."""
        with tempfile.TemporaryDirectory() as folder:
            server = self.serve(shutil.copy("/bin/true", folder))
        before = server.descriptors()
        with contextlib.closing(Paramiko(server).connect()) as transport:
            for _ in range(5):
                channel = transport.open_session()
                channel.get_pty()
                for _ in range(10):
                    with self.assertRaises(paramiko.SSHException):
                        channel.invoke_shell()
                channel.close()
            until(lambda: len(server.events("closed")) == 5, "five channels closed")
            self.assertLessEqual(server.descriptors(), before + 1)  # the connection's
        until(lambda: server.descriptors() == before, "all is closed")

    def test_a_client_cannot_fill_the_environment(self):
        server = self.serve("sh", "-c", 'test -n "$SSH_CONNECTION" && exit 7')
        with contextlib.closing(Paramiko(server).connect()) as transport:
            channel = transport.open_session()
            names = [f"LC_{a}{b}" for a in "ABCDEFGHIJ" for b in "ABCDEFGHIJKLMNOP"]
            for name in names:
                request(channel, "env", name, "x")
            channel.invoke_shell()
            self.assertEqual(channel.recv_exit_status(), 7)
        answers = [e["answer"] for e in server.events("request", type="env")]
        self.assertEqual(len(answers), len(names))
        self.assertGreater(answers.count("refused"), 60)

    def test_a_parent_that_ignores_sigchld(self):
        """An ignored SIGCHLD is inherited; the kernel would then keep no exit status."""
        ignored = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        try:
            server = self.shell("exit 3")
        finally:
            signal.signal(signal.SIGCHLD, ignored)
        self.assertEqual(Ssh(server).run().status, 3)


class ManySessions(ServeCase):
    def test_many_sessions_leave_nothing_behind(self):
        server = self.serve("cat")
        Ssh(server).run(None, b"x")
        before = server.descriptors()
        with contextlib.closing(Paramiko(server).connect()) as transport:
            for _ in range(8):
                channels = [transport.open_session() for _ in range(16)]
                for i, channel in enumerate(channels):
                    channel.settimeout(harness.PATIENCE)
                    channel.invoke_shell()
                    channel.sendall(b"%d" % i)
                for i, channel in enumerate(channels):
                    channel.shutdown_write()
                    self.assertEqual(b"".join(iter(lambda c=channel: c.recv(100), b"")), b"%d" % i)
                    self.assertEqual(channel.recv_exit_status(), 0)
        until(lambda: server.descriptors() <= before, lambda: f"{server.descriptors()} descriptors, {before} before")
        until(lambda: not server.children(), "all children to be taken note of")
        self.assertEqual(len(server.wait("exited", 129)), 129)

    def test_the_server_ends_its_children(self):
        server = self.serve("sleep", "1000", arguments=["-w", "2"])
        processes = [Ssh(server).start() for _ in range(4)]
        for process in processes:
            self.addCleanup(harness.end, process)
        pids = [int(e["pid"]) for e in server.wait("started", 4)]
        self.assertEqual(server.stop(), 0)
        until(lambda: not any(map(is_alive, pids)), "the children to end")


if __name__ == "__main__":
    unittest.main()
