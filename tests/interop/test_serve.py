"""nacre-serve: programs over SSH, on pipes and on terminals."""
import asyncio
import contextlib
import hashlib
import os
import re
import shlex
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
from terminals import Terminal, Tmux


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
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as file:
            return file.read().split()

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


class OnATerminal(ServeCase):
    def test_size_name_and_modes(self):
        server = self.shell("tty; echo $TERM; test \"$(tty)\" = \"$SSH_TTY\" && echo same; stty -a; exit 3")
        terminal = self.terminal(server, columns=100, rows=30)
        subprocess.run(["true"], check=True)
        self.assertEqual(terminal.end(), 3)
        for text in b"/dev/pts/", b"xterm", b"same", b"rows 30; columns 100", b" icanon", b"intr = ^C":
            self.assertIn(text, terminal.seen)

    def test_modes_of_the_clients_terminal(self):
        server = self.serve("stty", "-a")
        script = f"stty intr ^G -ixon susp undef -imaxbel; exec {shlex.join(Ssh(server).command(terminal=True))}"
        terminal = self.enterContext(Terminal(["sh", "-c", script], Ssh(server).environment()))
        self.assertEqual(terminal.end(), 0)
        for text in b"intr = ^G", b"susp = <undef>", b"-ixon", b"-imaxbel":
            self.assertIn(text, terminal.seen)

    def test_a_shell(self):
        server = self.serve("bash", "--norc", "-i", environment={"HOME": "/"})
        for client in Ssh, Dbclient:
            with self.subTest(client=client.name):
                terminal = self.terminal(server, client)
                terminal.expect(b"$ " if os.geteuid() else b"# ")
                terminal.type(b"stty size; jobs -l; echo =$((6*7))=\r")
                terminal.expect(b"=42=")
                terminal.type(b"sleep 1000\r")
                terminal.expect(b"sleep 1000")
                time.sleep(0.3)
                terminal.type(b"\x03")  # reaches sleep, not the shell
                terminal.type(b"echo status=$?\r")
                terminal.expect(b"status=130")
                terminal.resize(132, 43)
                server.wait("request", type="window-change", columns=132, rows=43, answer="granted")
                terminal.type(b"stty size\r")
                terminal.expect(b"43 132")
                terminal.type(b"exit 3\r")
                self.assertEqual(terminal.end(), 3)

    def test_a_killed_client_leaves_no_child(self):
        server = self.serve("bash", "--norc", "-i")
        terminal = self.terminal(server)
        terminal.type(b"sleep 1000 & sleep 1001\r")
        shell = server.pid()
        until(lambda: len(self.session_of(shell)) == 3, "a shell and two programs")
        pids = self.session_of(shell)
        terminal.kill()
        until(lambda: not any(map(is_alive, pids)), lambda: f"still there: {list(filter(is_alive, pids))}")
        until(lambda: not server.children(), "the shell to be taken note of")

    def test_a_killed_client_without_a_terminal(self):
        server = self.shell("sleep 1000 & sleep 1001")
        process = Ssh(server).start()
        self.addCleanup(harness.end, process)
        shell = server.pid()
        until(lambda: len(self.session_of(shell)) == 3, "a shell and two programs")
        pids = self.session_of(shell)
        process.kill()
        until(lambda: not any(map(is_alive, pids)), lambda: f"still there: {list(filter(is_alive, pids))}")

    def session_of(self, leader):
        out = subprocess.run(["ps", "-o", "pid=", "-s", str(leader)], capture_output=True, text=True, check=False).stdout
        return [int(pid) for pid in out.split()]

    def test_the_end_of_input_is_entered_as_control_d(self):
        """ssh -tt with input that ends."""
        for data in b"", b"one\n", b"one\ntwo":
            with self.subTest(data=data):
                server = self.shell("stty -echo; cat; exit 7")
                done = Ssh(server).run(None, data, terminal=True)
                self.assertEqual((done.status, done.out.replace(b"\r\n", b"\n")[:len(data)]), (7, data))

    def test_output_is_complete(self):
        server = self.shell("stty -opost; seq 100000; exit 2")
        done = Ssh(server).run(terminal=True)
        self.assertEqual(done.status, 2)
        self.assertEqual(done.out, b"".join(b"%d\n" % i for i in range(1, 100001)))

    def test_break(self):
        """RFC 4335: the line discipline does what it is set to do, here send the signal of Control-C."""
        server = self.shell("trap 'echo got INT; exit 3' INT; stty brkint -ignbrk; echo ready; while :; do sleep 1; done")
        terminal = self.terminal(server)
        terminal.expect(b"ready")
        terminal.type(b"\r~B")
        event = server.wait("request", type="break")[0]
        self.assertEqual(event["answer"], "granted")
        terminal.expect(b"got INT")
        self.assertEqual(terminal.end(), 3)

    def test_break_as_a_byte(self):
        server = self.shell("stty raw -brkint -ignbrk -parmrk; echo ready; head -c 3 | od -An -tx1")
        terminal = self.terminal(server)
        terminal.expect(b"ready")
        terminal.type(b"a\r")
        terminal.expect(b"a^M")  # its echo: ssh sends the request before what was typed with it
        terminal.type(b"~B")
        self.assertEqual(server.wait("request", type="break")[0]["answer"], "granted")
        terminal.expect(b" 61 0d 00")
        self.assertEqual(terminal.end(), 0)


class InTmux(ServeCase):
    """A real terminal."""

    def window(self, server, columns=80, rows=24):
        return self.enterContext(Tmux(server, Ssh(server).command(terminal=True), columns, rows))

    def test_vim_redraws_after_a_resize(self):
        server = self.serve("vim", "-u", "NONE", "-N", "--cmd", "set ruler laststatus=2 statusline=%{&columns}x%{&lines}")
        window = self.window(server)
        window.expect("80x24")
        window.resize(100, 40)
        window.expect("100x40")
        window.resize(60, 20)
        window.expect("60x20")
        window.type("ihello", "Escape")
        window.expect("hello")
        window.type(":cq 5", "Enter")
        self.assertEqual(server.wait("exited")[0]["status"], "5")

    def test_top_redraws_after_a_resize(self):
        """On the larger screen it lists more processes than the smaller one has lines."""
        for _ in range(40):
            self.addCleanup(harness.end, subprocess.Popen(["sleep", "1000"]))
        server = self.serve("top", "-d", "1000")
        window = self.window(server)
        window.expect("load average")
        window.expect("COMMAND")

        def listed():
            return len(re.findall(r"(?m)^ *\d+ +\w+ ", window.screen()))
        until(lambda: listed() > 10, "top's list")
        self.assertLess(listed(), 24)
        window.resize(100, 40)
        server.wait("request", type="window-change", columns=100, rows=40)
        until(lambda: listed() > 24, lambda: f"top on the larger screen:\n{window.screen()}")
        window.type("q")
        self.assertEqual(server.wait("exited")[0]["status"], "0")

    def test_a_shell(self):
        """A whole session: vim, a resize, Control-C, and the exit status."""
        server = self.serve("bash", "--norc", "-i", environment={"HOME": "/", "PS1": "> "})
        words = shlex.join(Ssh(server).command(terminal=True))
        window = self.enterContext(Tmux(server, ["sh", "-c", f"{words}; echo status=$?; exec sleep 1000"]))
        window.type("stty size; echo $TERM; tty", "Enter")
        window.expect("24 80\nscreen\n/dev/pts/")
        window.type("vim -u NONE -N --cmd 'set laststatus=2 statusline=%{&columns}x%{&lines}'", "Enter")
        window.expect("80x24")
        window.resize(90, 30)
        window.expect("90x30")
        window.type(":q!", "Enter")
        until(lambda: not self.below(server.pid()), "vim to end")
        window.type("stty size", "Enter")
        window.expect("30 90")
        window.type("clear; echo run=$((6*7)); sleep 1000", "Enter")
        window.expect("run=42")
        until(lambda: "sleep" in self.names_below(server.pid()), "the program to run")
        window.type("C-c")
        until(lambda: not self.below(server.pid()), "the program to end")
        window.type("echo after=$?", "Enter")
        window.expect("after=130")
        window.type("exit 3", "Enter")
        window.expect("status=3")
        self.assertEqual(server.wait("exited")[0]["status"], "3")

    def test_a_client_killed_in_its_window_leaves_no_child(self):
        """Not with bash: a hangup just before it waits for a program reaches the program only when that ends by itself."""
        server = self.serve("sh", "-c", "sleep 1000 & sleep 1001; true")
        window = self.window(server)
        shell = server.pid()
        until(lambda: self.names_below(shell).count("sleep") == 2, "two programs")
        pids = [shell, *self.below(shell)]
        os.kill(int(window.tmux("list-panes", "-F", "#{pane_pid}")), signal.SIGKILL)
        until(lambda: not any(map(is_alive, pids)), lambda: f"still there: {list(filter(is_alive, pids))}")

    def below(self, pid):
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return list(map(int, file.read().split()))

    def names_below(self, pid):
        names = []
        for child in self.below(pid):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                with open(f"/proc/{child}/comm", encoding="ascii") as file:
                    names.append(file.read().strip())
        return names

    def test_control_c_reaches_the_child(self):
        server = self.serve("sh", "-c", "echo ready; exec sleep 1000")
        window = self.window(server)
        window.expect("ready")
        window.type("C-c")
        self.assertEqual(server.wait("exited")[0]["signal"], "INT")


if __name__ == "__main__":
    unittest.main()
