#!/usr/bin/env python3
"""nacre-client against servers of other projects: commands, terminals, logins, known hosts, --probe."""
import json
import os
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import unittest

from harness import BUILD, MIB, PATIENCE, Done, clean_environment, end, random_bytes, ssh_keygen
from others import Sshd
from terminals import Terminal, Tmux

NACRE_CLIENT = os.path.join(BUILD, "nacre-client")


class ClientCase(unittest.TestCase):
    """Tests that share one server per class; the home folder is the test's own."""

    server = None
    environment = {}

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

    def test_a_reader_that_leaves_ends_the_command(self):
        process = self.start("yes")
        process.stdout.read(1)
        process.stdout.close()
        self.assertEqual(process.wait(PATIENCE), 255)

    def test_the_program_can_be_interrupted(self):
        for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
            process = self.start("echo begun; exec sleep 1000")
            self.assertEqual(process.stdout.readline(), b"begun\n")
            process.send_signal(number)
            self.assertEqual(process.wait(PATIENCE), -number)


class Terminals:
    """A terminal on the server, with every server that gives one."""

    def shell(self, *words):
        """Words of a command that reports and waits for input."""
        terminal = self.terminal("-t", *words)
        terminal.expect(b"ready")
        return terminal

    def test_the_size_and_its_changes(self):
        terminal = self.shell("stty size; echo ready; while :; do stty size; sleep 0.05; done")
        self.assertIn(b"24 80\r\n", terminal.seen)
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
        terminal = self.shell("stty -echo; echo ready; cat")
        terminal.type(b"~?")
        terminal.expect(b"end the connection\r\n")
        terminal.type(b"~~one\r")
        terminal.expect(b"~one\r\n")
        terminal.type(b"~R")
        terminal.type(b"two\r")
        terminal.expect(b"two\r\n")
        terminal.type(b"~")
        terminal.type(b".")
        terminal.expect(b"Connection to 127.0.0.1 closed.\r\n")
        self.assertEqual(terminal.end(), 255)


class AgainstSshd(ClientCase, Commands, Terminals):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Sshd())

    def test_a_signal_that_ends_the_command(self):
        done = self.run_("kill -TERM $$")
        self.assertEqual(done, (255, b"", "nacre-client: the command was ended by signal TERM\n"))

    def test_the_end_of_the_output_is_passed_on(self):
        process = self.start("exec >&-; cat; exit 5")
        self.assertEqual(process.stdout.read(), b"")  # while the command still runs
        process.stdin.close()
        self.assertEqual(process.wait(PATIENCE), 5)

    def test_a_key_that_may_not_log_in(self):
        done = self.run_("true", key="host")
        self.assertEqual(done.status, 255)
        self.assertIn(f"nacre-client: {self.server.user}@127.0.0.1: permission denied", done.err)

    def test_failures_are_explained(self):
        for words, says in (
                ((NACRE_CLIENT, "-p", "1", "127.0.0.1", "true"), "is -p right"),
                ((NACRE_CLIENT, "-p", "1", "::1", "true"), "[::1]:1"),
                ((NACRE_CLIENT, "nacre.invalid", "true"), "nacre.invalid"),
                ((NACRE_CLIENT, "-i", "/nonexistent", "127.0.0.1"), "/nonexistent"),
                ((NACRE_CLIENT, "-t", "-T", "127.0.0.1"), "exclude each other"),
                ((NACRE_CLIENT, "--nonsense", "127.0.0.1"), "--nonsense"),
                ((NACRE_CLIENT, "localhost:2022"), "-p"),
                ((NACRE_CLIENT,), "HOST")):
            done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE,
                                  env=clean_environment(self.home))
            self.assertEqual((done.returncode, done.stdout), (255, ""), words)
            self.assertIn(says, done.stderr)


    def test_a_server_that_says_nothing_is_left(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            done = subprocess.run([NACRE_CLIENT, "-p", str(listener.getsockname()[1]), "--login-timeout", "1",
                                   "127.0.0.1", "true"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  timeout=PATIENCE, env=clean_environment(self.home))
        self.assertEqual(done.returncode, 255)
        self.assertIn("not completed the login in 1 s", done.stderr)


class LocalTerminal(ClientCase):
    """What becomes of the person's terminal."""

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Sshd())

    def in_shell(self):
        """A shell with job control, in which nacre-client has begun."""
        environment = clean_environment(self.home, PS1="$ ", TERM="dumb", HISTFILE="/dev/null")
        shell = self.enterContext(Terminal(["bash", "--norc", "--noprofile", "-i"], environment))
        shell.type(b"before=$(stty -g)\n")
        words = self.words("-t", "stty -echo; echo rea''dy; cat")
        shell.type((shlex.join(words) + "\n").encode())
        shell.expect(b"\nready")
        return shell

    def pid(self, shell):
        with open(f"/proc/{shell.pid}/task/{shell.pid}/children", encoding="ascii") as file:
            return int(file.read())

    def assert_restored(self, shell):
        shell.type(b"[ $(stty -g) = $before ] && echo res''tored\n")
        shell.expect(b"\nrestored")

    def test_it_is_restored_after_the_command(self):
        shell = self.in_shell()
        shell.type(b"\x04")
        shell.expect(b"Connection to 127.0.0.1 closed.")
        self.assert_restored(shell)

    def test_it_is_restored_after_signals(self):
        for number in signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT:
            shell = self.in_shell()
            os.kill(self.pid(shell), number)
            shell.expect(b"Connection to 127.0.0.1 closed.")
            self.assert_restored(shell)

    def test_it_is_restored_when_the_connection_is_lost(self):
        shell = self.in_shell()
        with open(f"/proc/{self.server.process.pid}/task/{self.server.process.pid}/children", encoding="ascii") as file:
            for pid in file.read().split():
                os.kill(int(pid), signal.SIGKILL)
        shell.expect(b"Connection to 127.0.0.1 closed.")
        self.assert_restored(shell)
        shell.type(b"echo sta''tus $?\n")

    def test_it_is_restored_while_the_program_is_stopped(self):
        for stop in (lambda shell: shell.type(b"\r~\x1a"), lambda shell: os.kill(self.pid(shell), signal.SIGTSTP)):
            shell = self.in_shell()
            stop(shell)
            shell.expect(b"Stopped")
            self.assert_restored(shell)
            shell.resize(99, 44)
            shell.type(b"fg\n")
            shell.expect(b"dy; cat'\r\n")
            shell.type(b"still here\r")
            shell.expect(b"still here\r\n")
            shell.type(b"\x04")
            shell.expect(b"Connection to 127.0.0.1 closed.")
            self.assert_restored(shell)

    def test_in_a_window_of_tmux(self):
        with Tmux(self.server, self.words("-t", "while :; do stty size; sleep 0.05; done")) as tmux:
            tmux.expect("24 80")
            tmux.resize(93, 31)
            tmux.expect("31 93")
            tmux.type("Enter", "~", ".")
            tmux.expect("Connection to 127.0.0.1 closed.")


class Probe(ClientCase):
    """What a server says about itself."""

    def probe(self, *words, status=0):
        done = subprocess.run([NACRE_CLIENT, "--probe", "--json", "-p", str(self.server.port), *words, "127.0.0.1"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE,
                              env=clean_environment(self.home, SSH_AUTH_SOCK="/nonexistent"))
        self.assertEqual(done.returncode, status, done.stderr)
        return json.loads(done.stdout)

    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="nacre-"))
        for kind in "rsa", "ecdsa":
            ssh_keygen(os.path.join(cls.folder, kind), kind)
        with open(os.path.join(cls.folder, "banner"), "wb") as file:
            file.write(b"one \x1b[31mred\ntw\xc3\xb6 \xff\xc2\x9b\n")
        cls.server = cls.enterClassContext(Sshd("".join(f"HostKey {os.path.join(cls.folder, kind)}\n"
                                                        for kind in ("rsa", "ecdsa")) +
                                                f"Banner {os.path.join(cls.folder, 'banner')}\n"))

    def fingerprints(self):
        said = [subprocess.run(["ssh-keygen", "-l", "-f", path], check=True, capture_output=True, text=True).stdout
                for path in (self.server.path("host"), os.path.join(self.folder, "rsa"), os.path.join(self.folder, "ecdsa"))]
        return {line.split()[1] for line in said}

    def test_what_sshd_is_known_to_say(self):
        found = self.probe("-l", "someone")
        with socket.create_connection(("127.0.0.1", self.server.port)) as s:
            self.assertEqual(found["identification"], s.makefile().readline().rstrip())
        self.assertEqual({key["fingerprint"] for key in found["host_keys"]}, self.fingerprints())
        self.assertEqual({key["type"] for key in found["host_keys"]}, {"ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256"})
        self.assertEqual((found["user"], found["methods"], found["none"]),
                         ("someone", ["publickey", "password", "keyboard-interactive"], False))
        self.assertIn("server-sig-algs", [extension["name"] for extension in found["extensions"]])
        self.assertEqual(found["text"], "one ?[31mred\ntw\xf6 ???\n")
        self.assertTrue(found["negotiated"]["strict"])
        self.assertIsNone(found["problem"])
        log = self.server.log()
        self.assertNotRegex(log, "Failed (password|publickey|keyboard)")

    def test_the_name_lists_are_those_of_sshd(self):
        found = self.probe()["kexinit"]
        with open(self.server.path("config"), encoding="ascii") as file:
            self.assertIn("HostKey", file.read())
        said = subprocess.run([shutil.which("sshd", path="/usr/sbin:/usr/bin"), "-T", "-f", self.server.path("config")],
                              check=True, capture_output=True, text=True).stdout
        settings = dict(line.split(" ", 1) for line in said.splitlines() if " " in line)
        self.assertEqual(found["kex_algorithms"], settings["kexalgorithms"].split(",") + ["kex-strict-s-v00@openssh.com"])
        for way in "client_to_server", "server_to_client":
            self.assertEqual(found["encryption_algorithms_" + way], settings["ciphers"].split(","))
            self.assertEqual(found["mac_algorithms_" + way], settings["macs"].split(","))
            self.assertEqual(found["languages_" + way], [])
        self.assertFalse(found["first_kex_packet_follows"])

    def test_the_text_says_the_same(self):
        found = self.probe()
        done = subprocess.run([NACRE_CLIENT, "--probe", "-p", str(self.server.port), "127.0.0.1"], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=PATIENCE, env=clean_environment(self.home))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        lines = [line.strip() for line in done.stdout.splitlines()]
        for name in (found["identification"], *found["methods"], *found["kexinit"]["kex_algorithms"],
                     *(f"{key['type']} {key['fingerprint']}" for key in found["host_keys"])):
            self.assertIn(name, lines)
        self.assertNotIn("\x1b", done.stdout)

    def test_without_a_common_algorithm_the_lists_are_shown(self):
        found = self.probe("--host-key-algorithms", "ecdsa-sha2-nistp521", status=255)
        self.assertIn("curve25519-sha256", found["kexinit"]["kex_algorithms"])
        self.assertEqual((found["host_keys"], found["methods"]), ([], []))
        self.assertIn("host key", found["problem"])

    def test_hostile_text_is_cleaned(self):
        """Lines before the identification, and a KEXINIT whose names are no names, and that is cut short."""
        lists = b"\x1b[31m,b\xff\x00", b"ssh-ed25519"
        kexinit = b"\x14" + bytes(16) + b"".join(len(text).to_bytes(4, "big") + text for text in lists) + b"\xff\xff\xff\xff"
        padding = 8 - (5 + len(kexinit)) % 8 + 8
        packet = (1 + len(kexinit) + padding).to_bytes(4, "big") + bytes([padding]) + kexinit + bytes(padding)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            def serve():
                client, _ = listener.accept()
                with client:
                    client.sendall(b"line \x1b[32m\r\nSSH-2.0-x\r\n" + packet)
                    while client.recv(4096):
                        pass
            thread = threading.Thread(target=serve)
            thread.start()
            done = subprocess.run([NACRE_CLIENT, "--probe", "-p", str(listener.getsockname()[1]), "127.0.0.1"],
                                  stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE,
                                  env=clean_environment(self.home))
            thread.join()
        self.assertEqual(done.returncode, 255)
        self.assertNotIn(b"\x1b", done.stdout + done.stderr)
        self.assertIn(b"?[31m", done.stdout)
        self.assertIn(b"line ?[32m", done.stdout)


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

    def test_yes_writes_the_file_as_ssh_does(self):
        self.accept(b"yes\n")
        self.assertEqual(stat.S_IMODE(os.stat(self.known_hosts).st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(os.stat(os.path.dirname(self.known_hosts)).st_mode), 0o700)
        self.assertEqual(self.run_("echo again", known=False), (0, b"again\n", ""))
        done = subprocess.run(["ssh", "-F", "none", "-p", str(self.server.port), "-i", self.server.path("key"), "-o",
                               "StrictHostKeyChecking=yes", "-o", f"UserKnownHostsFile={self.known_hosts}",
                               f"{self.server.user}@127.0.0.1", "true"], timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, 0)

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

    def test_insecure_accepts_any_key_and_writes_nothing(self):
        self.write_known_hosts(self.line("other"))
        self.assertEqual(self.run_("--insecure", "echo done", known=False), (0, b"done\n", ""))
        self.assertEqual(self.read_known_hosts(), self.line("other"))


if __name__ == "__main__":
    unittest.main()
