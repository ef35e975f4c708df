#!/usr/bin/env python3
"""How nacre-client knows servers and logs in: known_hosts, keys, agents, passwords and other questions."""
import os
import shlex
import shutil
import signal
import stat
import subprocess
import tempfile
import unittest

from client_program import ClientCase
from harness import PASSWORD, PATIENCE, clean_environment, end, listening, ssh_keygen, until
from others import AsyncSsh, Sshd
from terminals import Terminal


class FirstContact(ClientCase):
    """Host keys as ssh treats them. What ssh reads and writes is nacre-client's too."""

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Sshd())
        ssh_keygen(cls.server.path("other"))
        said = subprocess.run(["ssh-keygen", "-l", "-f", cls.server.path("host.pub")], check=True, capture_output=True,
                              text=True).stdout
        cls.fingerprint = said.split()[1].encode()

    def line(self, key="host"):
        with open(self.server.path(key + ".pub"), encoding="ascii") as file:
            return f"[127.0.0.1]:{self.server.port} {' '.join(file.read().split()[:2])}\n"

    def write_known_hosts(self, text):
        os.makedirs(os.path.dirname(self.known_hosts), 0o700)
        with open(self.known_hosts, "w", encoding="ascii") as file:
            file.write(text)

    def read_known_hosts(self):
        with open(self.known_hosts, encoding="ascii") as file:
            return file.read()

    def ask(self):
        terminal = self.terminal("echo done", known=False)
        terminal.expect(b"ED25519 key fingerprint is " + self.fingerprint)
        terminal.expect(b"(yes/no/[fingerprint])? ")
        return terminal

    def accept(self, answer):
        terminal = self.ask()
        terminal.type(answer)
        terminal.expect(b"done")
        self.assertEqual(terminal.end(), 0)
        self.assertEqual(self.read_known_hosts(), self.line())

    def ssh(self, *options):
        """Log in with ssh."""
        subprocess.run(["ssh", "-F", "none", "-p", str(self.server.port), "-i", self.server.path("key"), *options,
                        f"{self.server.user}@127.0.0.1", "true"], timeout=PATIENCE, check=True, stdin=subprocess.DEVNULL,
                       capture_output=True)

    def test_yes_writes_the_file_as_ssh_does(self):
        self.accept(b"yes\n")
        self.assertEqual(stat.S_IMODE(os.stat(self.known_hosts).st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(os.stat(os.path.dirname(self.known_hosts)).st_mode), 0o700)
        self.assertEqual(self.run_("echo again", known=False), (0, b"again\n", ""))
        self.ssh("-o", "StrictHostKeyChecking=yes", "-o", f"UserKnownHostsFile={self.known_hosts}")
        self.ssh("-o", "StrictHostKeyChecking=accept-new", "-o", f"UserKnownHostsFile={self.home}/by_ssh")
        with open(os.path.join(self.home, "by_ssh"), encoding="ascii") as file:
            self.assertEqual(self.read_known_hosts(), file.read())

    def test_the_fingerprint_is_an_answer(self):
        self.accept(self.fingerprint + b"\n")

    def test_other_answers_are_asked_for_again(self):
        terminal = self.ask()
        terminal.type(b"y\n")
        terminal.expect(b"Please type 'yes', 'no' or the fingerprint: ")
        terminal.type(b"SHA256:x\n")
        terminal.expect(b"Please type 'yes', 'no' or the fingerprint: ")
        terminal.type(b"no\n")
        terminal.expect(b"is not known")
        self.assertEqual(terminal.end(), 255)
        self.assertFalse(os.path.exists(self.known_hosts))

    def test_the_question_can_be_interrupted(self):
        terminal = self.ask()
        terminal.type(b"\x03")
        self.assertEqual(terminal.end(), -signal.SIGINT)
        self.assertFalse(os.path.exists(self.known_hosts))

    def test_without_a_terminal_the_answer_is_no(self):
        done = subprocess.run(self.words("true", known=False), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=PATIENCE, env=clean_environment(self.home), start_new_session=True)
        self.assertEqual((done.returncode, done.stdout), (255, ""))
        self.assertIn("is not known", done.stderr)
        self.assertIn(self.fingerprint.decode(), done.stderr)

    def test_a_changed_key_is_refused_without_a_question(self):
        self.write_known_hosts(self.line("other"))
        terminal = self.terminal("true", known=False)
        terminal.expect(b"HAS CHANGED")
        self.assertEqual(terminal.end(), 255)
        self.assertEqual(self.read_known_hosts(), self.line("other"))
        self.assertNotIn(b"(yes/no", terminal.seen)

    def test_several_files(self):
        names = [os.path.join(self.home, name) for name in ("first", "second")]
        with open(names[1], "w", encoding="ascii") as file:
            file.write(self.line())
        words = [f"--known-hosts={name}" for name in names]
        self.assertEqual(self.run_(*words, "echo done", known=False), (0, b"done\n", ""))
        self.assertFalse(os.path.exists(names[0]))
        self.write_known_hosts("")
        os.rename(names[1], self.known_hosts + "2")
        self.assertEqual(self.run_("echo done", known=False), (0, b"done\n", ""))

    def test_insecure_accepts_any_key_and_writes_nothing(self):
        self.write_known_hosts(self.line("other"))
        self.assertEqual(self.run_("--insecure", "echo done", known=False), (0, b"done\n", ""))
        self.assertEqual(self.read_known_hosts(), self.line("other"))

class Passwords(ClientCase):
    """Questions on the terminal, of an asyncssh server."""

    kind = AsyncSsh

    def expect(self, terminal, *texts):
        for text in texts:
            terminal.expect(text)

    def command(self, *options):
        return self.terminal(*options, "echo done; exit 3", key=None)

    def question(self):
        return f"{self.server.user}@127.0.0.1's password: ".encode()

    def test_a_password_is_asked_for_without_echo(self):
        terminal = self.command()
        terminal.expect(self.question())
        terminal.type(PASSWORD.encode() + b"\n")
        terminal.expect(b"done")
        self.assertEqual(terminal.end(), 3)
        self.assertNotIn(PASSWORD.encode(), terminal.seen)

    def test_a_password_is_not_in_traces_and_captures(self):
        files = [os.path.join(self.home, name) for name in ("trace", "capture")]
        terminal = self.command("--trace=" + files[0], "--trace-format=json", "--capture=" + files[1])
        terminal.expect(self.question())
        terminal.type(PASSWORD.encode() + b"\n")
        self.assertEqual(terminal.end(), 3)
        for path in files:
            with open(path, "rb") as file:
                data = file.read()
            self.assertGreater(len(data), 1000)
            for secret in PASSWORD.encode(), PASSWORD.encode().hex().encode():
                self.assertNotIn(secret, data)

    def test_a_wrong_password_is_asked_for_again(self):
        terminal = self.command()
        terminal.expect(self.question())
        terminal.type(b"wrong\n")
        self.expect(terminal, b"Permission denied, please try again.", self.question())
        terminal.type(PASSWORD.encode() + b"\n")
        terminal.expect(b"done")
        self.assertEqual(terminal.end(), 3)

    def test_standard_input_is_for_the_command(self):
        """The question is on the terminal, whatever the standard streams are."""
        with open(os.path.join(self.home, "input"), "wb") as file:
            file.write(b"for the command\n")
        words = self.words("cat", key=None)
        terminal = self.enterContext(Terminal(["sh", "-c", 'exec "$@" <"$0" >output', file.name, *words],
                                              clean_environment(self.home), folder=self.home))
        terminal.expect(self.question())
        terminal.type(PASSWORD.encode() + b"\n")
        self.assertEqual(terminal.end(), 0)
        with open(os.path.join(self.home, "output"), "rb") as file:
            self.assertEqual(file.read(), b"for the command\n")

    def test_questions_of_keyboard_interactive(self):
        terminal = self.command()
        for _ in range(3):
            terminal.expect(self.question())
            terminal.type(b"wrong\n")
        who = f"({self.server.user}@127.0.0.1) ".encode()
        self.expect(terminal, b"Two questions\r\n", b"Answer ?[31mboth.\r\n", who + b"Colour: ")
        terminal.type(b"blue\n")
        self.expect(terminal, b"blue", who + b"Secret: ")
        terminal.type(b"shell\n")
        terminal.expect(b"done")
        self.assertEqual(terminal.end(), 3)
        self.assertNotIn(b"shell", terminal.seen)
        self.assertNotIn(b"\x1b", terminal.seen)

    def test_a_password_that_must_be_changed(self):
        terminal = self.command("-lexpired")
        terminal.expect(b"expired@127.0.0.1's password: ")
        terminal.type(PASSWORD.encode() + b"\n")
        terminal.expect(b"Your password ?[31mhas expired.\r\n")
        for first, second, answer in (b"one", b"another", b"The passwords differ"), (b"a new one", b"a new one", b"done"):
            terminal.expect(b"Enter expired@127.0.0.1's new password: ")
            terminal.type(first + b"\n")
            terminal.expect(b"Retype expired@127.0.0.1's new password: ")
            terminal.type(second + b"\n")
            terminal.expect(answer)
        self.assertEqual(terminal.end(), 3)
        self.assertNotIn(b"a new one", terminal.seen)
        self.assertNotIn(b"\x1b", terminal.seen)

    def test_an_interrupt_restores_the_terminal(self):
        shell = self.enterContext(Terminal(["bash", "--norc", "--noprofile", "-i"],
                                           clean_environment(self.home, PS1="$ ", TERM="dumb", HISTFILE="/dev/null")))
        shell.type(b"before=$(stty -g)\n")
        for key in b"\x03", b"\x1c":
            shell.type((shlex.join(self.words("true", key=None)) + "\n").encode())
            shell.expect(self.question())
            shell.type(b"half" + key)
            shell.expect(b"$ ")
            shell.type(b"[ $(stty -g) = $before ] && echo res''tored\n")
            shell.expect(b"\nrestored")
        self.assertNotIn(b"half", shell.seen)

    def test_without_a_terminal_nothing_is_asked(self):
        done = subprocess.run(self.words("true", key=None), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=PATIENCE, env=clean_environment(self.home), start_new_session=True)
        self.assertEqual((done.returncode, done.stdout), (255, ""))
        self.assertIn("permission denied", done.stderr)


class Keys(ClientCase):
    def agent(self, *names):
        """An agent with these keys; its socket."""
        path = os.path.join(self.home, "agent")
        agent = subprocess.Popen(["ssh-agent", "-D", "-a", path], stdout=subprocess.DEVNULL)
        self.addCleanup(end, agent)
        until(lambda: listening(path), "no agent")
        for name in names:
            subprocess.run(["ssh-add", "-q", self.server.path(name)], check=True, env={**os.environ, "SSH_AUTH_SOCK": path})
        return path

    def test_an_agent(self):
        self.environment = {"SSH_AUTH_SOCK": self.agent("host", "key")}
        self.assertEqual(self.run_("echo done", key=None), (0, b"done\n", ""))

    def test_an_agent_without_the_key(self):
        self.environment = {"SSH_AUTH_SOCK": self.agent("host")}
        self.assertEqual(self.run_("true", key=None).status, 255)
        self.assertEqual(self.run_("echo done"), (0, b"done\n", ""))

    def test_an_agent_that_is_gone_is_mentioned_when_no_key_logs_in(self):
        self.environment = {"SSH_AUTH_SOCK": "/nonexistent/agent"}
        self.assertEqual(self.run_("echo done"), (0, b"done\n", ""))
        self.assertIn("/nonexistent/agent", self.run_("true", key="host").err)

    def test_the_usual_files(self):
        os.mkdir(os.path.join(self.home, ".ssh"), 0o700)
        self.assertEqual(self.run_("true", key=None).status, 255)
        shutil.copy(self.server.path("key"), os.path.join(self.home, ".ssh", "id_ed25519"))
        self.assertEqual(self.run_("echo done", key=None), (0, b"done\n", ""))
        self.assertEqual(self.run_("true", key="host").status, 255)  # -i names others


class Passphrases(ClientCase):
    """Keys with a passphrase, asked for as ssh asks: when the server accepts the key, three times at most."""

    kind = Sshd

    def setUp(self):
        super().setUp()
        self.key = os.path.join(self.home, "locked")
        shutil.copy(self.server.path("key"), self.key)
        self.keygen("-p", "-P", "", "-N", "secret", "-a", "1", "-f", self.key)

    @staticmethod
    def keygen(*words):
        subprocess.run(["ssh-keygen", "-q", *words], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def ask(self, *words):
        terminal = self.terminal(*words, key=self.key)
        terminal.expect(f"Enter passphrase for key '{self.key}': ".encode())
        return terminal

    def test_the_passphrase(self):
        terminal = self.ask("echo done")
        terminal.type(b"secret\n")
        terminal.expect(b"done")
        self.assertEqual(terminal.end(), 0)
        self.assertNotIn(b"secret", terminal.seen)

    def test_the_third_try(self):
        terminal = self.ask("echo done")
        for answer in (b"a\n", b"b\n"):
            terminal.type(answer)
            terminal.expect(b"Enter passphrase for key")
        terminal.type(b"secret\n")
        terminal.expect(b"done")
        self.assertEqual(terminal.end(), 0)

    def test_the_next_key_after_three(self):
        shutil.copy(self.server.path("key"), os.path.join(self.home, "open"))
        terminal = self.terminal("--identity=" + os.path.join(self.home, "open"), "echo done", key=self.key)
        self.assertEqual(terminal.end(), 0)  # the same key, which the list has once
        self.assertEqual(terminal.seen.count(b"Enter passphrase"), 0)
        terminal = self.ask("true")
        for answer in (b"a\n", b"b\n"):
            terminal.type(answer)
            terminal.expect(b"Enter passphrase for key")
        terminal.type(b"c\n")
        terminal.expect(b"'s password: ")  # no key is left, so the next method follows
        terminal.type(b"\x03")
        self.assertEqual(terminal.end(), -signal.SIGINT)

    def test_a_key_that_the_server_does_not_know_is_not_opened(self):
        self.keygen("-t", "ed25519", "-N", "secret", "-f", os.path.join(self.home, "other"))
        done = self.run_("--identity=" + os.path.join(self.home, "other"), "echo done")
        self.assertEqual(done, (0, b"done\n", ""))

    def test_PEM_with_its_public_key_beside_it(self):
        pem = os.path.join(self.home, "pem")
        self.keygen("-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "secret", "-f", pem)
        os.unlink(pem + ".pub")
        done = self.run_("true", key=pem)
        self.assertEqual(done.status, 255)
        self.assertIn(f"ssh-keygen -y -f {pem} >{pem}.pub", done.err)

    def test_without_a_terminal_a_program_is_asked(self):
        program = os.path.join(self.home, "askpass")
        with open(program, "w", encoding="ascii", opener=lambda name, flags: os.open(name, flags, 0o700)) as file:
            file.write('#!/bin/sh\necho "$1" >&2\necho secret\n')
        environment = {**clean_environment(self.home), "SSH_ASKPASS": program, "SSH_ASKPASS_REQUIRE": "force"}
        done = subprocess.run(self.words("echo done", key=self.key), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=PATIENCE, env=environment, start_new_session=True)
        self.assertEqual((done.returncode, done.stdout), (0, "done\n"))
        self.assertIn(f"Enter passphrase for key '{self.key}': ", done.stderr)

    def test_nobody_to_ask_is_mentioned(self):
        done = subprocess.run(self.words("true", key=self.key), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=PATIENCE, env=clean_environment(self.home), start_new_session=True)
        self.assertEqual((done.returncode, done.stdout), (255, ""))
        self.assertIn("there was nobody to ask for its passphrase", done.stderr)


class Banner(ClientCase):
    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="nacre-"))
        with open(os.path.join(folder, "banner"), "wb") as file:
            file.write(b"wel\x1b[31mcome\x07\ntwo\n")
        cls.server = cls.enterClassContext(Sshd(f"Banner {folder}/banner\n"))

    def test_a_banner_is_shown_without_control_characters(self):
        self.assertEqual(self.run_("echo done"), (0, b"done\n", "wel?[31mcome?\ntwo\n"))


if __name__ == "__main__":
    unittest.main()
