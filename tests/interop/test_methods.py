"""Every login method with every client that has it: with nacre-echo, and with `granting`, which requires new passwords and
asks several questions. The results are written to build/interop-methods.md, and from there by `make interop` to README.md
in this folder."""
import contextlib
import os
import subprocess
import tempfile
import unittest

import harness
from clients import Dbclient, Paramiko, Plink, Ssh, paramiko
from harness import PASSWORD, PATIENCE, USER, until
from methods import CLIENTS, Bare, Matrix, MethodsCase, asked, authorize, ok, prefer, typed

# Every row, and which of Debian 12's clients lack it
matrix = Matrix({
    "password": (),
    "password change": ("dbclient", "paramiko"),
    "keyboard-interactive": (),
    "keyboard-interactive, two questions and a message": (),
    "publickey": (),
    "publickey bound to the host key": ("plink", "dbclient", "paramiko"),
    "publickey from ssh-agent": (),
    "publickey, then password (partial success)": (),
    "banner": (),
    "auth-agent (-A)": (),
})


def tearDownModule():
    matrix.write("interop-methods.md")


class LoggingIn(MethodsCase):
    matrix = matrix

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
            self.assertNotIn(PASSWORD.encode(), seen)  # the second one does not echo
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
        """erin's password has expired: the old one alone does not log in, the new one does."""
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
        # the password; then the old one, a new one that is too short, the same again; and again
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

    def test_an_expired_password_does_not_log_in(self):
        """Clients that cannot change it, or whose user does not."""
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
        for client in CLIENTS:  # one of the two methods is not enough
            for login in "key", "password":
                with self.subTest(client=client.name, login=login):
                    before = len(server.events("open"))
                    with contextlib.suppress(paramiko.SSHException, EOFError):
                        self.assertNotEqual(client(server, login).run("exit 7").status, 7)
                    self.assertEqual(len(server.events("open")), before)

    def test_a_password_then_questions(self):
        server = self.echo("--keyboard-interactive", "--require", "password,keyboard-interactive")
        done = Ssh(server, "password", options=prefer("password,keyboard-interactive")).run("exit 7")
        self.assertIn(done.status, (5, 255))  # sshpass enters a password only once
        client = Ssh(server, "none", options=prefer("password,keyboard-interactive"))
        done = subprocess.run(client.command("exit 7"), env=asked(client, [PASSWORD, PASSWORD]), capture_output=True,
                              timeout=PATIENCE)
        self.assertEqual(done.returncode, 7, done)

    def test_banner(self):
        text = "Every shell in here\nis mother-of-pearl; \u00fcberall.\n"
        with open(os.path.join(self.enterContext(tempfile.TemporaryDirectory()), "banner"), "w",
                  encoding="utf-8") as file:
            file.write(text)
        server = self.echo("--banner", file.name)
        server.secrets.clear()  # the banner has the password's text, but not the log

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
            done = Ssh(server, options=["-vvv"]).run("exit 7")
            self.assertEqual(server.wait("auth")[-1]["method"], "publickey")
            return b"using publickey-hostbound-v00@openssh.com" in done.err
        self.with_each("publickey bound to the host key", {Ssh: bound})


class Agent:
    """A real ssh-agent with one of a server's user keys."""

    def __init__(self, server, key="key"):
        self.socket = server.path("agent")
        self.process = subprocess.Popen(["ssh-agent", "-D", "-a", self.socket], stdout=subprocess.DEVNULL)
        try:
            until(lambda: harness.listening(self.socket), "an agent")
            self.add("-q", server.path(key))
        except BaseException:
            harness.end(self.process)
            raise

    def add(self, *words, socket_path=None):
        """Run ssh-add, and return its output."""
        done = subprocess.run(["ssh-add", *words], capture_output=True, timeout=PATIENCE, stdin=subprocess.DEVNULL,
                              env={**os.environ, "SSH_AUTH_SOCK": socket_path or self.socket})
        assert done.returncode == 0, done
        return done.stdout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        harness.end(self.process)


class WithAnAgent(MethodsCase):
    matrix = matrix

    def environment(self, client, agent):
        return client.environment() | {"SSH_AUTH_SOCK": agent.socket}

    def words(self, client, command, more=()):
        """A command line that uses only the agent's keys."""
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
                until(lambda: harness.listening(path) or process.poll() is not None, "the agent's socket")
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


if __name__ == "__main__":
    unittest.main()
