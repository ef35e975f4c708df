"""The library's client (`calling`) with OpenSSH's sshd, Dropbear, asyncssh and nacre's own servers: every login method,
every request, forwarding in both directions."""
import asyncio
import contextlib
import getpass
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # about old ciphers
    import asyncssh

import harness
from harness import MIB, PASSWORD, PATIENCE, USER, Done, Server, clean_environment
from others import STAYS, Dropbear, Sshd
from methods import Granting
from test_forwarding import Target, connected, free_port, goes_there_and_back, listens
from test_methods import Agent

CALLING = os.path.join(harness.BUILD, "tests/interop/calling")


class CallingCase(unittest.TestCase):
    """self.server has a port and a known_hosts file."""

    user = getpass.getuser()
    known_hosts = "known_hosts"

    def words(self, *words, server=None):
        server = server or self.server
        return [CALLING, "-u", self.user, "-f", server.path(self.known_hosts), *words]

    def environment(self, **more):
        return clean_environment("/nonexistent", **more)

    def call(self, *words, command=(), data=b"", server=None, patience=2 * PATIENCE, **environment):
        server = server or self.server
        done = subprocess.run([*self.words(*words, server=server), f"127.0.0.1:{server.port}", *command], input=data,
                              capture_output=True, timeout=patience, env=self.environment(**environment))
        return Done(done.returncode, done.stdout, done.stderr.decode())

    def start(self, *words, command=(), server=None):
        server = server or self.server
        process = subprocess.Popen([*self.words(*words, server=server), f"127.0.0.1:{server.port}", *command],
                                   env=self.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        self.addCleanup(harness.end, process)
        return process

    def read_to(self, stream, text):
        """Read up to this text."""
        seen = b""
        while text not in seen:
            new = os.read(stream.fileno(), 65536)
            self.assertNotEqual(new, b"", f"{text!r} did not come; there was {seen!r}")
            seen += new
        return seen


class AgainstSshd(CallingCase):
    settings = ("AcceptEnv SHELL_*\nSubsystem greet echo hello\nRekeyLimit 1M\nClientAliveInterval 1\n"
                "ClientAliveCountMax 2\n")

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Sshd(cls.settings))

    def call(self, *words, **more):
        return super().call("-i", self.server.path("key"), *words, **more)

    def start(self, *words, **more):
        return super().start("-i", self.server.path("key"), *words, **more)

    def test_a_command(self):
        done = self.call(command=["cat; echo err >&2; exit 3"], data=b"in")
        self.assertEqual((done.status, done.out), (3, b"in"))
        self.assertIn("err\n", done.err)

    def test_a_long_command(self):
        for size in 8000, 8500, 40000, 120000:
            with self.subTest(size=size):
                self.assertEqual(self.call(command=["exit 6 #" + "x" * size]).status, 6)

    def test_the_key_is_bound_to_the_host(self):
        server = self.enterContext(Sshd("LogLevel DEBUG1\n"))
        self.assertEqual(CallingCase.call(self, "-i", server.path("key"), command=["exit 7"], server=server).status, 7)
        self.assertIn("method publickey-hostbound-v00@openssh.com", server.log())

    def test_a_transfer_in_both_directions_with_rekeys(self):
        data = harness.random_bytes(32 * MIB)
        done = self.call(command=["cat"], data=data, patience=8 * PATIENCE)
        self.assertEqual((done.status, done.out == data), (0, True))

    def test_half_close(self):
        """The end of the client's input ends the program's input, but not its output."""
        done = self.call(command=["sort; sleep 0.2; echo after; exit 4"], data=b"b\na\n")
        self.assertEqual((done.status, done.out), (4, b"a\nb\nafter\n"))
        done = self.call(command=["exec >&-; cat >/dev/null; exit 5"], data=bytes(MIB))
        self.assertEqual((done.status, done.out), (5, b""))

    def test_the_shell(self):
        done = self.call(data=b"echo $((6*7)); exit 9\n")
        self.assertEqual(done.status, 9)
        self.assertIn(b"42", done.out)

    def test_environment(self):
        done = self.call("-e", "SHELL_A=mother of pearl", "-e", "OTHER=x", command=['echo "<$SHELL_A$OTHER>"'])
        self.assertEqual(done.out, b"<mother of pearl>\n")
        self.assertIn("granted\ncalling: refused\n", done.err)  # in order

    def test_a_subsystem(self):
        self.assertEqual(self.call("-s", "greet").out, b"hello\n")
        done = self.call("-s", "nothing")
        self.assertEqual(done.status, 255)
        self.assertIn("the program was refused", done.err)

    def test_a_terminal_and_its_new_size(self):
        script = "trap 'stty size; exit 6' WINCH; tty; echo $TERM; stty size; while :; do sleep 0.05; done"
        process = self.start("-t", "91x31", "-z", "101x41", command=[script])
        seen = self.read_to(process.stdout, b"31 91\r\n")
        self.assertRegex(seen, rb"\A/dev/pts/\d+\r\nvt220\r\n")
        process.send_signal(signal.SIGUSR1)
        self.read_to(process.stdout, b"41 101\r\n")
        self.assertEqual(process.wait(PATIENCE), 6)

    def test_a_break(self):
        """sshd grants it if there is a terminal."""
        server = self.enterContext(Sshd("LogLevel DEBUG1\n"))
        process = CallingCase.start(self, "-i", server.path("key"), "-t", "80x24", "-b",
                                    command=["echo ready; read line; exit 2"], server=server)
        self.read_to(process.stdout, b"ready")
        process.send_signal(signal.SIGUSR1)
        self.read_to(process.stderr, b"granted\ncalling: granted\n")  # the terminal, then the break
        self.assertIn("req break", server.log())
        process.stdin.write(b"\n")
        process.stdin.flush()
        self.assertEqual(process.wait(PATIENCE), 2)

    def test_keepalives_of_the_server_are_answered(self):
        """sshd sends a keepalive each second, and disconnects after two without an answer."""
        done = self.call(command=["sleep 4; exit 3"])
        self.assertEqual(done.status, 3)

    def test_a_server_that_ends(self):
        process = self.start(command=["echo $PPID; " + STAYS])
        os.kill(int(self.read_to(process.stdout, b"\n")), signal.SIGTERM)
        self.assertEqual(process.wait(PATIENCE), 255)
        self.assertRegex(process.stderr.read().decode(), r"calling: ended: \S+")

    def test_a_local_forward(self):
        target, port = self.enterContext(Target()), free_port()
        process = self.start("-N", "-L", f"{port}:127.0.0.1:{target.port}")
        self.assertTrue(all(goes_there_and_back(connected(port)) for _ in range(3)))
        results = []
        threads = [threading.Thread(target=lambda: results.append(goes_there_and_back(connected(port))))
                   for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(results, [True] * 8)
        process.terminate()
        process.wait(PATIENCE)

    def test_a_local_forward_to_a_closed_port(self):
        port = free_port()
        process = self.start("-N", "-L", f"{port}:127.0.0.1:1")
        with connected(port) as s:
            self.assertEqual(s.recv(1), b"")
        self.read_to(process.stderr, b"forward failed 127.0.0.1:1 Connection refused\n")

    def test_a_remote_forward(self):
        target, port = self.enterContext(Target()), free_port()
        process = self.start("-N", "-R", f"{port}:127.0.0.1:{target.port}")
        self.assertTrue(all(goes_there_and_back(connected(port)) for _ in range(3)))
        self.read_to(process.stderr, b"forward connected 127.0.0.1:")

    def test_a_remote_forward_of_a_port_that_the_server_picks(self):
        target = self.enterContext(Target())
        process = self.start("-N", "-R", f"0:127.0.0.1:{target.port}")
        seen = b""
        while not re.search(rb"forward listening localhost:\d+ \n", seen):
            seen += self.read_to(process.stderr, b"\n")
        port = int(re.search(rb"forward listening localhost:(\d+)", seen)[1])
        self.assertGreater(port, 1023)
        self.assertTrue(goes_there_and_back(connected(port)))

    def test_a_remote_forward_that_is_cancelled(self):
        port = free_port()
        process = self.start("-N", "-C", "-R", f"{port}:127.0.0.1:1")
        self.read_to(process.stderr, b"forward stopped localhost:%d \n" % port)
        self.assertFalse(listens(port))

    def test_a_remote_forward_to_a_closed_port(self):
        port = free_port()
        self.start("-N", "-R", f"{port}:127.0.0.1:1")
        with connected(port) as s:
            with contextlib.suppress(ConnectionError):
                self.assertEqual(s.recv(1), b"")

    def test_streamlocal(self):
        self.enterContext(Target(self.server.path("target")))
        for option in "-L", "-R":
            with self.subTest(option):
                here = self.server.path("here" + option)
                self.start("-N", option, f"{here}:{self.server.path('target')}")
                self.assertTrue(all(goes_there_and_back(connected(here)) for _ in range(2)))


class Signals(CallingCase):
    def test_a_signal_and_how_it_ends(self):
        """sshd passes no signals to root's programs; dropbear does."""
        server = self.enterContext(Dropbear() if os.geteuid() == 0 else Sshd())
        for name, script, status, says in (
                ("TERM", "trap 'exit 8' TERM; echo ready; while :; do sleep 0.05; done", 8, ""),
                ("KILL", "echo ready; " + STAYS, 255, "exit-signal KILL")):
            with self.subTest(name):
                process = self.start("-i", server.path("key"), "-g", name, command=[script], server=server)
                self.read_to(process.stdout, b"ready\n")
                process.send_signal(signal.SIGUSR1)
                self.assertEqual(process.wait(PATIENCE), status)
                self.assertIn(says, process.stderr.read().decode())


class Keys(CallingCase):
    def login(self, server, *words, **environment):
        return super().call(*words, command=["exit 7"], server=server, **environment)

    def test_each_kind_of_key(self):
        server = self.enterContext(Sshd())
        for kind in "rsa", "ecdsa", "ed25519":
            with self.subTest(kind):
                harness.ssh_keygen(server.path(kind), kind)
                with open(server.path(kind + ".pub"), encoding="ascii") as new, \
                        open(server.path("key.pub"), "w", encoding="ascii") as file:
                    file.write(new.read())
                self.assertEqual(self.login(server, "-i", server.path(kind)).status, 7)

    def test_keys_of_an_agent(self):
        server = self.enterContext(Sshd())
        for kind in "rsa", "ecdsa":
            harness.ssh_keygen(server.path(kind), kind)
        agent = self.enterContext(Agent(server, "rsa"))
        self.assertEqual(self.login(server, "-A", SSH_AUTH_SOCK=agent.socket).status, 255)
        agent.add("-q", server.path("ecdsa"))
        agent.add("-q", server.path("key"))
        self.assertEqual(self.login(server, "-A", SSH_AUTH_SOCK=agent.socket).status, 7)  # the third
        for kind in "rsa", "ecdsa":
            with open(server.path(kind + ".pub"), encoding="ascii") as new, \
                    open(server.path("key.pub"), "w", encoding="ascii") as file:
                file.write(new.read())
            self.assertEqual(self.login(server, "-A", SSH_AUTH_SOCK=agent.socket).status, 7)

    def test_two_keys_are_required(self):
        """Partial success: the second key must be a different one."""
        server = self.enterContext(Sshd("AuthenticationMethods publickey,publickey\n"))
        harness.ssh_keygen(server.path("second"))
        with open(server.path("second.pub"), encoding="ascii") as new, \
                open(server.path("key.pub"), "a", encoding="ascii") as file:
            file.write(new.read())
        self.assertEqual(self.login(server, "-i", server.path("key"), "-i", server.path("second")).status, 7)
        done = self.login(server, "-i", server.path("key"))
        self.assertEqual(done.status, 255)
        self.assertIn("ended: no more authentication methods to try", done.err)

    def test_a_banner(self):
        with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
            file.write("First \x1b[2J\nsecond\n")
            file.flush()
            server = self.enterContext(Sshd(f"Banner {file.name}\n"))
            done = self.login(server, "-i", server.path("key"))
        self.assertIn("banner <First ?[2J\nsecond\n>", done.err)


class AgainstOurs(CallingCase):
    user = USER
    known_hosts = ".ssh/known_hosts"

    def test_each_of_several_methods(self):
        server = self.enterContext(Server("--keyboard-interactive", "--require",
                                          "publickey,password,keyboard-interactive"))
        key = ("-i", server.path("key"))
        self.assertEqual(self.call(*key, "-w", PASSWORD, command=["exit 7"], server=server).status, 7)
        self.assertEqual({e["method"] for e in server.events("auth", answer="granted")},
                         {"publickey", "password", "keyboard-interactive"})
        for less in key, ("-w", PASSWORD), (*key, "-w", "wrong"):
            self.assertEqual(self.call(*less, command=["exit 7"], server=server).status, 255)

    def test_an_expired_password(self):
        server = self.enterContext(Granting())
        self.user = "erin"
        done = self.call("-w", "old-shell", command=["exit 7"], server=server)  # there is no user to ask
        self.assertEqual(done.status, 255)
        self.assertIn("ended: the password has expired and must be changed", done.err)
        done = self.call("-w", "old-shell", "-r", "short", "-r", "new-shell-1", command=["exit 7"], server=server)
        self.assertEqual(done.status, 7)
        self.assertIn("asked for new password", done.err)
        self.assertIn("prompt <That one is too short.> hidden", done.err)
        self.assertEqual(self.call("-w", "old-shell", command=["exit 7"], server=server).status, 255)
        self.assertEqual(self.call("-w", "new-shell-1", command=["exit 7"], server=server).status, 7)

    def test_several_questions(self):
        server = self.enterContext(Granting())
        self.user = "ida"
        # the password is wrong three times; then come the questions
        words = [word for text in ("x", "x", "x", "nautilus", PASSWORD) for word in ("-r", text)]
        done = self.call(*words, command=["exit 7"], server=server)
        self.assertEqual(done.status, 7, done)
        self.assertIn("asked for interactive <Questions> <Two things, please.>\ncalling: prompt <Favourite shell: > "
                      "shown\ncalling: prompt <Password: > hidden\ncalling: asked for interactive <> <Thank you.>\n",
                      done.err)

    def test_requests_from_the_server(self):
        server = self.enterContext(Granting())
        done = self.call("-i", server.path("key"), command=["news"], data=b"there and back", server=server)
        self.assertEqual((done.status, done.out), (0, b"there and back"))
        self.assertIn("request xon-xoff\ncalling: request eow@openssh.com\ncalling: request nobody-knows@example.com\n",
                      done.err)

    def test_a_refused_forward_is_reported_with_its_reason(self):
        server = self.enterContext(Server())
        port = free_port()
        process = self.start("-i", server.path("key"), "-N", "-L", f"{port}:127.0.0.1:1", server=server)
        connected(port).close()
        self.read_to(process.stderr, b"forward failed 127.0.0.1:1 forwarding is not allowed here\n")

    def test_one_of_three_sessions_is_closed(self):
        """In the middle of a transfer. The others continue."""
        server = self.enterContext(Server())
        process = self.start("-w", PASSWORD, "-m", server=server)
        process.stdin.write(b"one")
        process.stdin.flush()
        self.read_to(process.stdout, harness.answer_to(b"one"))
        chans = [e["chan"] for e in server.wait("open", 3)]
        server.wait("request", type="exec", answer="granted", chan=chans[1])
        server.wait("request", 2, type="shell", answer="granted")
        process.send_signal(signal.SIGUSR1)
        self.read_to(process.stderr, b"the shell says " + harness.answer_to(b"alive"))
        closed = server.wait("closed")
        self.assertEqual([(e["chan"], e["reason"]) for e in closed], [(chans[1], "peer closed")])
        process.stdin.write(b"two")
        process.stdin.flush()
        self.read_to(process.stdout, harness.answer_to(b"two"))
        self.assertEqual(len(server.events("closed")), 1)
        process.stdin.close()
        self.assertEqual(process.wait(PATIENCE), 0)
        self.assertEqual({e["chan"] for e in server.wait("closed", 3)}, set(chans))


class AsyncSsh:
    """An asyncssh server, in a thread of this process."""

    class Session(asyncssh.SSHServer):
        passwords = {}
        questions = ("", "", "", [])

        def begin_auth(self, username):
            return True

        def password_auth_supported(self):
            return True

        def validate_password(self, username, password):
            right, expired = self.passwords.get(username, (None, False))
            if password == right and expired:
                raise asyncssh.PasswordChangeRequired("Expired.")
            return password == right

        def change_password(self, username, old_password, new_password):
            right, _ = self.passwords.get(username, (None, False))
            if old_password != right:
                return False
            if len(new_password) < 8:
                raise asyncssh.PasswordChangeRequired("Longer, please.")
            self.passwords[username] = new_password, False
            return True

        def kbdint_auth_supported(self):
            return self.questions[3] != []

        def get_kbdint_challenge(self, username, lang, submethods):
            return self.questions

        def validate_kbdint_response(self, username, responses):
            return responses == ["blue", "shell"]

        def connection_requested(self, dest_host, dest_port, orig_host, orig_port):
            return True

        def server_requested(self, listen_host, listen_port):
            return True

    def __init__(self, questions=("", "", "", []), **passwords):
        self.folder = tempfile.mkdtemp(prefix="nacre-")
        self.loop = asyncio.new_event_loop()
        self.session = type("Session", (AsyncSsh.Session,), {"passwords": passwords, "questions": questions})
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        key = asyncssh.generate_private_key("ssh-ed25519")

        async def listen():
            return await asyncssh.create_server(self.session, "127.0.0.1", 0, server_host_keys=[key],
                                                process_factory=self.process)
        self.server = self.run(listen())
        self.port = self.server.sockets[0].getsockname()[1]
        with open(self.path("known_hosts"), "w", encoding="ascii") as file:
            file.write(f"[127.0.0.1]:{self.port} " + key.export_public_key().decode())

    @staticmethod
    async def process(process):
        async for line in process.stdin:
            process.stdout.write(line)
        process.exit(7)

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(PATIENCE)

    def path(self, name):
        return os.path.join(self.folder, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        async def close():
            self.server.close()
            await self.server.wait_closed()
        self.run(close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()
        shutil.rmtree(self.folder)


class AgainstAsyncssh(CallingCase):
    user = "carol"

    def test_a_password(self):
        server = self.enterContext(AsyncSsh(carol=("right", False)))
        self.assertEqual(self.call("-w", "right", command=["x"], data=b"line\n", server=server)[:2], (7, b"line\n"))
        self.assertEqual(self.call("-w", "wrong", command=["x"], server=server).status, 255)

    def test_a_password_that_is_typed(self):
        server = self.enterContext(AsyncSsh(carol=("right", False)))
        done = self.call("-r", "wrong", "-r", "right", command=["x"], server=server)
        self.assertEqual((done.status, done.err.count("asked for password")), (7, 2))

    def test_an_expired_password(self):
        server = self.enterContext(AsyncSsh(carol=("old", True)))
        self.assertEqual(self.call("-w", "old", command=["x"], server=server).status, 255)
        done = self.call("-w", "old", "-r", "short", "-r", "long enough", command=["x"], server=server)
        self.assertEqual(done.status, 7, done)
        self.assertIn("prompt <Expired.> hidden", done.err)
        self.assertIn("prompt <Longer, please.> hidden", done.err)
        self.assertEqual(server.session.passwords, {"carol": ("long enough", False)})
        self.assertEqual(self.call("-w", "old", command=["x"], server=server).status, 255)

    def test_questions(self):
        questions = ("Title", "Do \x1b[2Jtell", "", [("Colour? ", True), ("House? ", False)])
        server = self.enterContext(AsyncSsh(questions))
        done = self.call(*"-r x -r x -r x -r blue -r shell".split(), command=["x"], server=server)
        self.assertEqual(done.status, 7, done)
        self.assertIn("asked for interactive <Title> <Do ?[2Jtell>\ncalling: prompt <Colour? > shown\n"
                      "calling: prompt <House? > hidden", done.err)
        done = self.call(*"-r x -r x -r x -r red -r shell".split(), command=["x"], server=server)
        self.assertEqual(done.status, 255)

    def test_forwards(self):
        server, target = self.enterContext(AsyncSsh(carol=("right", False))), self.enterContext(Target())
        for option in "-L", "-R":
            with self.subTest(option):
                port = free_port()
                process = self.start("-w", "right", "-N", option, f"{port}:127.0.0.1:{target.port}", server=server)
                self.assertTrue(all(goes_there_and_back(connected(port)) for _ in range(2)))
                process.terminate()
                process.wait(PATIENCE)


if __name__ == "__main__":
    unittest.main()
