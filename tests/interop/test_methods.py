"""Every method of logging in with every client that has it, and every kind of forwarding: against nacre-echo, and
against `granting`, which wants passwords changed, asks several questions and grants forwards. What came of it goes to
build/interop-methods.md, and from there with `make interop` into README.md of this folder."""
import contextlib
import os
import socket
import subprocess
import threading
import unittest

import harness
from harness import MIB, PASSWORD, PATIENCE, USER, Dbclient, Paramiko, Plink, Server, Ssh, paramiko, until

CLIENTS = (Ssh, Plink, Dbclient, Paramiko)
MATRIX = os.path.join(harness.BUILD, "interop-methods.md")
GRANTING = os.path.join(harness.BUILD, "tests/interop/granting")

# What there is, and which of Debian 12's clients do not have it; with the others it must work.
LACKS = {
    "password": (),
    "password change": ("dbclient", "paramiko"),
    "keyboard-interactive": (),
    "keyboard-interactive, two questions and a message": (),
    "publickey": (),
    "publickey bound to the host key": ("plink", "dbclient", "paramiko"),
    "publickey from ssh-agent": (),
    "publickey, then password (partial success)": (),
    "banner": (),
    "direct-tcpip (-L)": (),
    "direct-tcpip of standard input (-W)": ("paramiko",),
    "forwarded-tcpip (-R)": (),
    "direct-streamlocal (-L)": ("plink", "dbclient", "paramiko"),
    "forwarded-streamlocal (-R)": ("plink", "dbclient", "paramiko"),
    "auth-agent (-A)": (),
}

matrix = {}


def tearDownModule():
    """All rows or none: one test alone leaves the matrix as it is."""
    if set(matrix) != set(LACKS):
        return
    with open(MATRIX, "w", encoding="ascii") as file:
        file.write("| what | " + " | ".join(c.name for c in CLIENTS) + " |\n")
        file.write("| --- " + "| --- " * len(CLIENTS) + "|\n")
        for what in LACKS:
            file.write(f"| {what} | " + " | ".join(matrix[what][c.name] for c in CLIENTS) + " |\n")


class Granting(Server):
    """The library's server that grants (granting.c)."""

    has_options = False

    def __init__(self, **more):
        super().__init__(program=GRANTING, **more)


class Bare(Paramiko):
    """paramiko, connected and not logged in."""

    def bare(self):
        transport = paramiko.Transport((self.server.host, self.server.port))
        transport.start_client(timeout=PATIENCE)
        return contextlib.closing(transport)

    def key(self):
        return paramiko.Ed25519Key.from_private_key_file(self.server.path("key"))

    def works(self, transport):
        channel = transport.open_session(timeout=PATIENCE)
        channel.settimeout(PATIENCE)
        channel.exec_command("exit 7")
        return channel.recv_exit_status() == 7


def prefer(methods):
    return ["-o", "PreferredAuthentications=" + methods]


def asked(client, answers):
    """A client's command that asks a program for what a person would type: the environment for it."""
    program, left = client.server.path("askpass"), client.server.path("answers")
    with open(left, "w", encoding="utf-8") as file:
        file.writelines(answer + "\n" for answer in answers)
    with open(program, "w", encoding="utf-8") as file:
        file.write(f"#!/bin/sh\necho \"$1\" >>{left}.asked\nhead -n 1 {left}\nsed -i 1d {left}\n")
    os.chmod(program, 0o700)
    return client.environment() | {"SSH_ASKPASS": program, "SSH_ASKPASS_REQUIRE": "force"}


def typed(client, dialogue, drop=()):
    """A client at a terminal: what is expected there and what is typed then. Its exit status and what was seen."""
    words = [word for word in client.command("exit 7") if word not in drop]
    with harness.Terminal(words, client.environment()) as terminal:
        for question, answer in dialogue:
            terminal.expect(question)
            terminal.type(answer + b"\r")
        return terminal.end(), terminal.seen


class MethodsCase(unittest.TestCase):
    def with_each(self, what, attempts):
        """Try it with each client that has it; attempts: {client: function that is true when it works}."""
        row = matrix[what] = {client.name: "no" for client in CLIENTS}
        for client in CLIENTS:
            if client.name in LACKS[what]:
                row[client.name] = "-"
                continue
            with self.subTest(what=what, client=client.name):
                self.assertTrue(attempts[client](), f"{client.name}: {what}")
                row[client.name] = "yes"

    def echo(self, *arguments, **more):
        return self.enterContext(Server(*arguments, **more))

    def granting(self, **more):
        return self.enterContext(Granting(**more))


def ok(done):
    assert done.status == 7, done
    return True


class LoggingIn(MethodsCase):
    def test_password(self):
        server = self.echo()
        self.with_each("password", {c: lambda c=c: ok(c(server, "password").run("exit 7")) for c in CLIENTS})

    def test_publickey(self):
        server = self.echo()
        self.with_each("publickey", {c: lambda c=c: ok(c(server).run("exit 7")) for c in CLIENTS})

    def test_keyboard_interactive(self):
        server = self.echo("--keyboard-interactive", "--require", "keyboard-interactive")

        def with_paramiko(answer=PASSWORD):
            bare = Bare(server)
            with bare.bare() as transport:
                prompts = []
                transport.auth_interactive(USER, lambda t, i, asked: prompts.extend(asked) or [answer])
                self.assertEqual(prompts, [("Password: ", False)])
                return bare.works(transport)

        self.with_each("keyboard-interactive", {
            Ssh: lambda: ok(Ssh(server, "password", options=prefer("keyboard-interactive")).run("exit 7")),
            Plink: lambda: ok(Plink(server, "password").run("exit 7")),
            Dbclient: lambda: ok(Dbclient(server, "password").run("exit 7")),
            Paramiko: with_paramiko})
        self.assertEqual({e["method"] for e in server.events("auth", answer="granted")}, {"keyboard-interactive"})
        self.assertEqual(len(server.events("auth", answer="granted")), 4)
        wrong = Ssh(server, "password", password="wrong", options=prefer("keyboard-interactive")).run("exit 7")
        self.assertEqual(wrong.status, 255)
        with self.assertRaises(paramiko.AuthenticationException):
            with_paramiko("wrong")
        self.assertEqual(len(server.events("auth", answer="granted")), 4)

    def test_keyboard_interactive_is_off_by_default(self):
        server = self.echo()
        done = Ssh(server, "password", options=prefer("keyboard-interactive")).run("exit 7")
        self.assertIn(b"Permission denied (publickey,password).", done.err)

    def test_several_questions(self):
        server = self.granting()
        dialogue = [(b"Favourite shell: ", b"nautilus"), (b"Password: ", PASSWORD.encode())]

        def with_ssh():
            client = Ssh(server, "none", user="ida", options=prefer("keyboard-interactive"))
            environment = asked(client, ["nautilus", PASSWORD])
            done = subprocess.run(client.command("exit 7"), env=environment, capture_output=True, timeout=PATIENCE)
            self.assertIn(b"Thank you.", done.stderr)
            return done.returncode == 7

        def with_plink():
            status, seen = typed(Plink(server, "none", user="ida"), dialogue, ("-batch",))
            self.assertIn(b"Two things, please.", seen)
            self.assertNotIn(PASSWORD.encode(), seen)  # the second hides what is typed
            self.assertIn(b"nautilus", seen)
            return status == 7

        def with_dbclient():
            status, seen = typed(Dbclient(server, "none", user="ida"), dialogue)
            self.assertIn(b"Two things, please.", seen)
            self.assertNotIn(PASSWORD.encode(), seen)
            return status == 7

        def with_paramiko():
            rounds = []
            answers = {2: ["nautilus", PASSWORD], 0: []}
            bare = Bare(server)
            with bare.bare() as transport:
                transport.auth_interactive("ida", lambda *asked: rounds.append(asked) or answers[len(asked[2])])
                self.assertEqual(rounds, [("Questions", "Two things, please.",
                                           [("Favourite shell: ", True), ("Password: ", False)]),
                                          ("", "Thank you.", [])])
                return bare.works(transport)

        self.with_each("keyboard-interactive, two questions and a message",
                       {Ssh: with_ssh, Plink: with_plink, Dbclient: with_dbclient, Paramiko: with_paramiko})
        bare = Bare(server)
        with bare.bare() as transport, self.assertRaises(paramiko.AuthenticationException):
            transport.auth_interactive("ida", lambda t, i, asked: ["wrong", PASSWORD][:len(asked)])

    def change(self, change):
        """erin's password has expired: with the old one alone nobody gets in, with the new one she does."""
        server = self.granting()
        server.secrets += ["old-shell", "new-shell-1"]
        self.assertTrue(change(server))
        self.assertEqual(len(server.wait("changed")), 1)
        for password, status in ("new-shell-1", 7), ("old-shell", 255):
            client = Ssh(server, "password", user="erin", password=password)
            self.assertEqual(client.run("exit 7").status, status)
        return True

    def change_with_ssh(self, server):
        client = Ssh(server, "none", user="erin", options=prefer("password"))
        # the password, then: the old one, a new one that is too short, the same again; and once more
        answers = ["old-shell", "old-shell", "short", "short", "old-shell", "new-shell-1", "new-shell-1"]
        done = subprocess.run(client.command("exit 7"), env=asked(client, answers), capture_output=True,
                              timeout=PATIENCE)
        self.assertIn(b"Your password has expired.", done.stderr)
        self.assertIn(b"That one is too short.", done.stderr)
        return done.returncode == 7

    def change_with_plink(self, server):
        client = Plink(server, "none", user="erin")
        client.options = client.session("AuthKI=0")
        status, seen = typed(client, [
            (b"password: ", b"old-shell"), (b"Current password (blank for previously entered password): ", b""),
            (b"Enter new password: ", b"short"), (b"Confirm new password: ", b"short"),
            (b"Current password (blank for previously entered password): ", b""),
            (b"Enter new password: ", b"new-shell-1"), (b"Confirm new password: ", b"new-shell-1")], ("-batch",))
        self.assertIn(b"Your password has expired.", seen)
        self.assertIn(b"That one is too short.", seen)
        return status == 7

    def test_password_change(self):
        self.with_each("password change", {Ssh: lambda: self.change(self.change_with_ssh),
                                           Plink: lambda: self.change(self.change_with_plink)})

    def test_an_expired_password_lets_nobody_in(self):
        """Clients that cannot change it, or whose person does not."""
        server = self.granting()
        for client in CLIENTS:
            with self.subTest(client=client.name):
                expired = client(server, "password", user="erin", password="old-shell")
                with contextlib.suppress(paramiko.SSHException, EOFError):
                    done = expired.run("exit 7")
                    self.assertNotEqual(done.status, 7, done)
        self.assertEqual(server.events("auth", user="erin", answer="granted"), [])
        self.assertEqual(server.events("changed"), [])

    def test_each_of_several_methods(self):
        server = self.echo("--require", "publickey,password")

        def both(client, **words):
            return lambda: ok(client(server, "password", **words).run("exit 7"))

        def with_paramiko():
            bare = Bare(server)
            with bare.bare() as transport:
                self.assertEqual(transport.auth_publickey(USER, bare.key()), ["password"])
                self.assertFalse(transport.is_authenticated())
                transport.auth_password(USER, PASSWORD, fallback=False)
                return bare.works(transport)

        self.with_each("publickey, then password (partial success)", {
            Ssh: both(Ssh, options=[*prefer("publickey,password"), "-o", "IdentityFile=" + server.path("key")]),
            Plink: both(Plink, options=["-i", Plink(server).ppk("key")]),
            Dbclient: both(Dbclient, options=["-i", Dbclient(server).dropbear_key("key")]),
            Paramiko: with_paramiko})
        for client in CLIENTS:  # one of the two is not enough
            for login in "key", "password":
                with self.subTest(client=client.name, login=login):
                    before = len(server.events("open"))
                    with contextlib.suppress(paramiko.SSHException, EOFError):
                        self.assertNotEqual(client(server, login).run("exit 7").status, 7)
                    self.assertEqual(len(server.events("open")), before)

    def test_a_password_then_questions(self):
        server = self.echo("--keyboard-interactive", "--require", "password,keyboard-interactive")
        done = Ssh(server, "password", options=prefer("password,keyboard-interactive")).run("exit 7")
        self.assertIn(done.status, (5, 255))  # sshpass says a password once
        client = Ssh(server, "none", options=prefer("password,keyboard-interactive"))
        done = subprocess.run(client.command("exit 7"), env=asked(client, [PASSWORD, PASSWORD]), capture_output=True,
                              timeout=PATIENCE)
        self.assertEqual(done.returncode, 7, done)

    def test_banner(self):
        text = "Every shell in here\nis mother-of-pearl; \u00fcberall.\n"
        with open(os.path.join(self.enterContext(harness.tempfile.TemporaryDirectory()), "banner"), "w",
                  encoding="utf-8") as file:
            file.write(text)
        server = self.echo("--banner", file.name)
        server.secrets.clear()  # the password's text stands in the banner, not in the log

        def shown(client, *options):
            done = client(server, options=options).run("exit 7")
            for line in text.encode().split(b"\n")[:2]:
                self.assertIn(line.split(b";")[0], done.err + done.out)
            return ok(done)

        def with_paramiko():
            with contextlib.closing(Paramiko(server).connect()) as transport:
                self.assertEqual(transport.get_banner(), text.replace("\n", "\r\n").encode())
            return True

        self.with_each("banner", {Ssh: lambda: shown(Ssh), Plink: lambda: shown(Plink, "-v"),
                                  Dbclient: lambda: shown(Dbclient), Paramiko: with_paramiko})

    def test_the_key_is_bound_to_the_host(self):
        server = self.echo()

        def bound():
            Ssh(server).run("exit 7")
            return server.wait("auth")[-1]["method"] == "publickey-hostbound-v00@openssh.com"
        self.with_each("publickey bound to the host key", {Ssh: bound})


class Agent:
    """A real ssh-agent with one key of a server's."""

    def __init__(self, server, key="key"):
        self.socket = server.path("agent")
        self.process = subprocess.Popen(["ssh-agent", "-D", "-a", self.socket], stdout=subprocess.DEVNULL)
        try:
            until(lambda: os.path.exists(self.socket), "an agent")
            self.add("-q", server.path(key))
        except BaseException:
            harness.end(self.process)
            raise

    def add(self, *words, socket_path=None):
        """ssh-add; what it says."""
        done = subprocess.run(["ssh-add", *words], capture_output=True, timeout=PATIENCE, stdin=subprocess.DEVNULL,
                              env={**os.environ, "SSH_AUTH_SOCK": socket_path or self.socket})
        assert done.returncode == 0, done
        return done.stdout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        harness.end(self.process)


class WithAnAgent(MethodsCase):
    def environment(self, client, agent):
        return client.environment() | {"SSH_AUTH_SOCK": agent.socket}

    def words(self, client, command, more=()):
        """With the agent's keys alone."""
        words = client("none").command(command, options=more)
        return [word for word in words if word not in ("-noagent", "IdentityAgent=none", "IdentitiesOnly=yes")]

    def clients(self, server, agent, *more):
        path = "IdentityAgent=" + agent.socket
        ssh = Ssh(server, "none", options=[*prefer("publickey"), "-o", path, "-o", "IdentitiesOnly=no", *more])
        plink = [word for word in Plink(server, "none", options=more).command("COMMAND") if word != "-noagent"]
        return {Ssh: ssh.command("COMMAND"), Plink: plink,
                Dbclient: Dbclient(server, "none", options=more).command("COMMAND")}

    @contextlib.contextmanager
    def paramikos_agent(self, agent):
        before = os.environ.get("SSH_AUTH_SOCK")
        os.environ["SSH_AUTH_SOCK"] = agent.socket
        try:
            yield paramiko.Agent()
        finally:
            del os.environ["SSH_AUTH_SOCK"]
            if before is not None:
                os.environ["SSH_AUTH_SOCK"] = before

    def test_keys_of_an_agent(self):
        server = self.echo()
        agent = self.enterContext(Agent(server))

        def run(client, words):
            words = [("exit 7" if word == "COMMAND" else word) for word in words]
            return subprocess.run(words, env=self.environment(client(server), agent), capture_output=True,
                                  timeout=PATIENCE, stdin=subprocess.DEVNULL).returncode == 7

        def with_paramiko():
            bare = Bare(server)
            with self.paramikos_agent(agent) as keys, bare.bare() as transport:
                transport.auth_publickey(USER, keys.get_keys()[0])
                return bare.works(transport)

        commands = self.clients(server, agent)
        self.with_each("publickey from ssh-agent", {
            **{c: lambda c=c: run(c, commands[c]) for c in commands}, Paramiko: with_paramiko})

    def test_the_agent_forwarded(self):
        server = self.granting()
        agent = self.enterContext(Agent(server))
        fingerprint = subprocess.run(["ssh-keygen", "-l", "-f", server.path("key.pub")], check=True,
                                     capture_output=True).stdout.split()[1]

        def run(client, words):
            path = server.path("forwarded-" + client.name)
            words = [("agent " + path if word == "COMMAND" else word) for word in words]
            process = subprocess.Popen(words, env=self.environment(client(server), agent), stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            try:
                until(lambda: os.path.exists(path) or process.poll() is not None, "the agent's socket")
                self.assertIn(fingerprint, agent.add("-l", socket_path=path))
                return True
            finally:
                harness.end(process)

        def with_paramiko():
            path = server.path("forwarded-paramiko")
            with self.paramikos_agent(agent), contextlib.closing(Paramiko(server).connect()) as transport:
                channel = transport.open_session()
                handler = paramiko.agent.AgentRequestHandler(channel)
                channel.exec_command("agent " + path)
                self.assertIn(fingerprint, agent.add("-l", socket_path=path))
                handler.close()
                return True

        commands = self.clients(server, agent, "-A")
        self.with_each("auth-agent (-A)", {
            **{c: lambda c=c: run(c, commands[c]) for c in commands}, Paramiko: with_paramiko})

    def test_no_agent_forwarding_for_a_key(self):
        server = self.granting()
        agent = self.enterContext(Agent(server))
        with open(server.path("key.pub"), encoding="ascii") as public:
            authorize(server, "no-agent-forwarding " + public.read())
        words = self.clients(server, agent, "-A")[Ssh]
        words[words.index("COMMAND")] = "agent " + server.path("refused")
        done = subprocess.run(words, env=self.environment(Ssh(server), agent), capture_output=True, timeout=PATIENCE,
                              stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 255)
        self.assertFalse(os.path.exists(server.path("refused")))


# Forwarding --------------------------------------------------------------------------------------

class Target:
    """Somebody who is connected to: reads to the end, and only then sends it all back."""

    def __init__(self, path=None):
        if path:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(path)
            self.listener.listen()
        else:
            self.listener = socket.create_server(("127.0.0.1", 0))
            self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection, contextlib.suppress(OSError):
            connection.sendall(b"".join(iter(lambda: connection.recv(MIB), b"")))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)  # or accept goes on
        self.listener.close()


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def connected(where):
    """A connection to a port or path, as soon as somebody listens."""
    def attempt():
        s = socket.socket(socket.AF_UNIX if isinstance(where, str) else socket.AF_INET)
        try:
            s.connect(where if isinstance(where, str) else ("127.0.0.1", where))
            return s
        except OSError:
            s.close()
            return None
    s = until(attempt, f"nobody listens on {where}")
    s.settimeout(PATIENCE)
    return s


def listens(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


DATA = harness.random_bytes(2 * MIB)


def goes_there_and_back(s):
    """All of it, the end of it first in one direction: true when it is the same."""
    with s:
        writer = threading.Thread(target=lambda: (s.sendall(DATA), s.shutdown(socket.SHUT_WR)))
        writer.start()
        came = b"".join(iter(lambda: s.recv(MIB), b""))
        writer.join()
    assert came == DATA, f"{len(came)} bytes of {len(DATA)}"
    return True


def authorize(server, line):
    with open(server.path("authorized_keys"), "w", encoding="ascii") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(line)


class Forwarding(MethodsCase):
    def running(self, client, *options, command=None):
        """A client that forwards and runs nothing, or a command."""
        words = client.command(command, options=[*options, *(() if command else ("-N",))])
        process = subprocess.Popen(words, env=client.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        self.addCleanup(harness.end, process)
        return process

    def test_direct_tcpip(self):
        server, target = self.granting(), self.enterContext(Target())

        def local(client):
            port = free_port()
            self.running(client(server), "-L", f"{port}:127.0.0.1:{target.port}")
            return all(goes_there_and_back(connected(port)) for _ in range(3))

        def with_paramiko():
            with contextlib.closing(Paramiko(server).connect()) as transport:
                return goes_there_and_back(ParamikosSocket(transport.open_channel(
                    "direct-tcpip", ("127.0.0.1", target.port), ("127.0.0.1", 5))))

        self.with_each("direct-tcpip (-L)", {**{c: lambda c=c: local(c) for c in (Ssh, Plink, Dbclient)},
                                             Paramiko: with_paramiko})
        self.assertEqual({e["port"] for e in server.events("direct")}, {str(target.port)})

    def test_standard_input_forwarded(self):
        server, target = self.granting(), self.enterContext(Target())
        where = f"127.0.0.1:{target.port}"

        def there_and_back(client, *options):
            process = subprocess.run(client.command(options=options), env=client.environment(), input=DATA,
                                     capture_output=True, timeout=2 * PATIENCE)
            self.assertEqual(process.stdout, DATA, process.stderr)
            return True

        self.with_each("direct-tcpip of standard input (-W)", {
            Ssh: lambda: there_and_back(Ssh(server), "-W", where),
            Plink: lambda: there_and_back(Plink(server), "-nc", where),
            Dbclient: lambda: there_and_back(Dbclient(server), "-B", where)})

    def test_forwarded_tcpip(self):
        server, target = self.granting(), self.enterContext(Target())

        def remote(client):
            port, told = free_port(), server.watch("forwarding")
            self.running(client(server), "-R", f"{port}:127.0.0.1:{target.port}")
            self.assertEqual(told()[0]["port"], str(port))
            return all(goes_there_and_back(connected(port)) for _ in range(3))

        def with_paramiko():
            with contextlib.closing(Paramiko(server).connect()) as transport:
                port = transport.request_port_forward("127.0.0.1", 0)
                s = connected(port)
                channel = transport.accept(PATIENCE)
                s.sendall(b"there")
                s.shutdown(socket.SHUT_WR)
                channel.settimeout(PATIENCE)
                self.assertEqual(b"".join(iter(lambda: channel.recv(100), b"")), b"there")
                channel.sendall(b"and back")
                channel.close()
                self.assertEqual(b"".join(iter(lambda: s.recv(100), b"")), b"and back")
                s.close()
                transport.cancel_port_forward("127.0.0.1", port)
                with socket.socket() as again:
                    self.assertNotEqual(again.connect_ex(("127.0.0.1", port)), 0)
            return True

        self.with_each("forwarded-tcpip (-R)", {**{c: lambda c=c: remote(c) for c in (Ssh, Plink, Dbclient)},
                                                Paramiko: with_paramiko})

    def test_a_port_that_the_server_picks(self):
        server, target = self.granting(), self.enterContext(Target())
        process = self.running(Ssh(server), "-R", f"0:127.0.0.1:{target.port}")
        self.assertRegex(process.stderr.readline(), rb"Allocated port \d+ for remote forward")
        port = int(server.wait("forwarding")[0]["port"])
        self.assertTrue(goes_there_and_back(connected(port)))
        harness.end(process)
        until(lambda: not listens(port), "the port to be closed with the connection")

    def test_a_forward_comes_and_goes(self):
        server, target = self.granting(), self.enterContext(Target())
        with harness.Master(server) as master:
            port = free_port()
            for word, there in ("forward", True), ("cancel", False), ("forward", True):
                done = subprocess.run(["ssh", "-F", "none", "-S", master.socket, "-O", word, "-R",
                                       f"{port}:127.0.0.1:{target.port}", "x"], capture_output=True, timeout=PATIENCE,
                                      env=master.client.environment())
                self.assertEqual(done.returncode, 0, done)
                until(lambda there=there: listens(port) == there, f"{word} to be done")
            self.assertTrue(goes_there_and_back(connected(port)))

    def test_streamlocal(self):
        server = self.granting()
        target = self.enterContext(Target(server.path("target")))
        self.assertTrue(target)

        def local():
            self.running(Ssh(server), "-L", f"{server.path('here')}:{server.path('target')}")
            return all(goes_there_and_back(connected(server.path("here"))) for _ in range(2))

        def remote():
            self.running(Ssh(server), "-R", f"{server.path('there')}:{server.path('target')}")
            return all(goes_there_and_back(connected(server.path("there"))) for _ in range(2))

        self.with_each("direct-streamlocal (-L)", {Ssh: local})
        self.with_each("forwarded-streamlocal (-R)", {Ssh: remote})

    def test_many_at_once(self):
        server, target = self.granting(), self.enterContext(Target())
        port = free_port()
        self.running(Ssh(server), "-L", f"{port}:127.0.0.1:{target.port}")
        connected(port).close()
        results = []
        threads = [threading.Thread(target=lambda: results.append(goes_there_and_back(connected(port))))
                   for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(results, [True] * 16)

    def test_nobody_listens_there(self):
        server = self.granting()
        done = Ssh(server).run(options=["-W", f"127.0.0.1:{free_port()}"])
        self.assertEqual(done.status, 255)
        self.assertIn(b"open failed: connect failed: Connection refused", done.err)

    def test_refused_by_default(self):
        """nacre-echo forwards nothing, and says so; its sessions go on."""
        server = self.echo()
        done = Ssh(server).run(options=["-W", "127.0.0.1:1"])
        self.assertEqual(done.status, 255)
        self.assertIn(b"open failed: administratively prohibited: forwarding is not allowed here", done.err)
        done = subprocess.run(Plink(server).command(options=["-nc", "127.0.0.1:1"]), capture_output=True,
                              env=Plink(server).environment(), timeout=PATIENCE, stdin=subprocess.DEVNULL)
        self.assertIn(b"forwarding is not allowed here", done.stderr)
        done = Ssh(server).run("exit 7", options=["-R", f"{free_port()}:127.0.0.1:1"])
        self.assertEqual(done.status, 7)
        self.assertIn(b"remote port forwarding failed", done.err)
        done = Ssh(server).run("exit 7", options=["-R", f"{server.path('x')}:{server.path('y')}"])
        self.assertIn(b"remote port forwarding failed", done.err)
        done = Ssh(server).run("exit 7", options=["-R", f"{free_port()}:127.0.0.1:1", "-o", "ExitOnForwardFailure=yes"])
        self.assertEqual(done.status, 255)
        with contextlib.closing(Paramiko(server).connect()) as transport:
            for kind, code in ("direct-tcpip", 1), ("direct-streamlocal@openssh.com", 1), ("tunnel@example.com", 3):
                with self.assertRaises(paramiko.ChannelException) as refused:
                    transport.open_channel(kind, ("127.0.0.1", 1), ("127.0.0.1", 1))
                self.assertEqual(refused.exception.code, code)
            with self.assertRaises(paramiko.SSHException):
                transport.request_port_forward("127.0.0.1", 0)
            self.assertTrue(Bare(server).works(transport))

    def test_what_a_user_may_open_is_looked_up_for_the_user(self):
        server, target = self.granting(), self.enterContext(Target())
        for user, good in (USER, True), ("bob", False):
            with self.subTest(user=user):
                self.assertEqual(Ssh(server, user=user).run("exit 7").status, 7)
                done = Ssh(server, user=user).run(data=b"there", options=["-W", f"127.0.0.1:{target.port}"])
                self.assertEqual((done.status, done.out), (0, b"there") if good else (255, b""))
                done = Ssh(server, user=user).run("exit 7", options=["-R", f"0:127.0.0.1:{target.port}"])
                self.assertEqual(b"remote port forwarding failed" in done.err, not good)

    def test_what_a_key_may(self):
        """An application that keeps to permitopen= and its like: what they say reaches it."""
        server, target = self.granting(), self.enterContext(Target())
        with open(server.path("key.pub"), encoding="ascii") as file:
            key = file.read()
        here = f"127.0.0.1:{target.port}"
        for options, opens, listens in (("no-pty", True, True), ("restrict", False, False),
                                        ("restrict,port-forwarding", True, True), ("no-port-forwarding", False, False),
                                        (f'permitopen="{here}"', True, True), ('permitopen="127.0.0.1:1"', False, True),
                                        ('permitlisten="localhost:1"', True, False)):
            with self.subTest(options=options):
                authorize(server, f"{options} {key}")
                done = Ssh(server).run(data=b"there", options=["-W", here])
                self.assertEqual((done.status, done.out), (0, b"there") if opens else (255, b""))
                self.assertEqual(b"not there, not with this key" in done.err, not opens)
                done = Ssh(server).run("exit 7", options=["-R", f"{free_port()}:{here}"])
                self.assertEqual(b"remote port forwarding failed" in done.err, not listens)

    def test_no_more_sessions(self):
        server = self.echo()
        with contextlib.closing(Paramiko(server).connect()) as transport:
            first = transport.open_session()
            transport.global_request("no-more-sessions@openssh.com", wait=False)
            first.exec_command("exit 7")  # what is open stays open
            self.assertEqual(first.recv_exit_status(), 7)
            with self.assertRaises((paramiko.SSHException, EOFError)):  # another ends the connection
                transport.open_session()
        server.wait("disconnected", reason="protocol error")
        Ssh(server, options=["-vv"]).run("exit 7")  # which sends it by itself
        with harness.Master(server) as master:  # and does not, when more are to come
            self.assertEqual([master.run("exit 7").status for _ in range(2)], [7, 7])


class Requests(MethodsCase):
    def test_what_a_server_says_in_the_middle(self):
        """xon-xoff, eow@openssh.com and one that nobody knows disturb no client."""
        server = self.granting()
        for client in CLIENTS:
            with self.subTest(client=client.name):
                done = client(server).run("news", b"" if client is Ssh else b"there and back")  # ssh: eow ends its input
                self.assertEqual((done.status, done.out), (0, b"" if client is Ssh else b"there and back"))


class ParamikosSocket:
    """A channel with the names that a socket has."""

    def __init__(self, channel):
        self.channel = channel
        channel.settimeout(PATIENCE)
        self.sendall, self.recv = channel.sendall, channel.recv

    def shutdown(self, _):
        self.channel.shutdown_write()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()


if __name__ == "__main__":
    unittest.main()
