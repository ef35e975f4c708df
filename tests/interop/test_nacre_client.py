#!/usr/bin/env python3
"""nacre-client against servers of other projects: commands and terminals there, and the terminal here."""
import json
import os
import re
import select
import shlex
import signal
import socket
import subprocess
import tempfile
import unittest

from client_program import NACRE_CLIENT, ClientCase, Commands, Terminals
from harness import MIB, PATIENCE, USER, Server, children, clean_environment, random_bytes, until
from others import STAYS, AsyncSsh, Conch, Dropbear, Paramiko, Sshd, Tiny
from terminals import Terminal, Tmux


class AgainstSshd(ClientCase, Commands, Terminals):
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

    def test_a_connection_that_is_lost(self):
        done = self.run_("kill -9 $PPID; " + STAYS)
        self.assertEqual(done, (255, b"", "nacre-client: the connection to 127.0.0.1 has ended: connection lost\n"))

    def test_failures_are_explained(self):
        for words, says in (
                ((NACRE_CLIENT, "-p", "1", "127.0.0.1", "true"), "is -p right"),
                ((NACRE_CLIENT, "-p", "1", "::1", "true"), "[::1]:1"),
                ((NACRE_CLIENT, "nacre.invalid", "true"), "nacre.invalid"),
                ((NACRE_CLIENT, "-i", "/nonexistent", "127.0.0.1"), "/nonexistent"),
                ((NACRE_CLIENT, "-t", "-T", "127.0.0.1"), "exclude each other"),
                ((NACRE_CLIENT, "--nonsense", "127.0.0.1"), "--nonsense"),
                ((NACRE_CLIENT, "localhost:2022"), "-p"),
                ((NACRE_CLIENT, "localhost", "-p"), "-p: the value is missing"),
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


class AgainstDropbear(ClientCase, Commands, Terminals):
    kind = Dropbear


class AgainstTinySsh(ClientCase, Commands, Terminals):
    kind = Tiny


class AgainstAsyncSsh(ClientCase, Commands):
    kind = AsyncSsh


class AgainstParamiko(ClientCase, Commands):
    kind = Paramiko


class AgainstConch(ClientCase, Commands, Terminals):
    """Conch sends EOF while data still waits for a window, and then that data, which RFC 4254 section 5.3 leaves no place for:
    nacre ends such a session, and OpenSSH's client drops the data without a word. So a command with much output must go on
    until all of it has arrived."""

    kind = Conch
    first_size = b"0 0"  # it sets the size of a shell's terminal only
    test_a_file_as_input_and_as_output = None

    def test_ten_mebibytes_both_ways(self):
        data = random_bytes(10 * MIB)
        with tempfile.TemporaryFile() as file:
            file.write(data)
            file.seek(0)
            process = self.start("cat; " + STAYS, stdin=file)
        self.assertTrue(process.stdout.read(len(data)) == data)
        process.terminate()
        self.assertEqual((process.wait(PATIENCE), process.stderr.read()), (-signal.SIGTERM, b""))

    def test_a_reader_that_waits_loses_nothing(self):
        """Rather: it learns that something is missing, and does not wait for ever."""
        trace = os.path.join(self.home, "trace")
        process = self.start("--trace=" + trace, "head -c 3000000 /dev/zero")
        self.until_traced(trace, r"<- .* CHANNEL_EOF ")  # its window is used up
        self.assertLess(len(process.stdout.read()), 3000000)
        self.assertEqual((process.wait(PATIENCE), process.stderr.read()),
                         (255, b"nacre-client: the connection to 127.0.0.1 has ended: CHANNEL_DATA after CHANNEL_EOF\n"))


class AgainstStrictSshd(ClientCase):
    """An sshd that refuses much, and that logs what was negotiated."""

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Sshd("PermitTTY no\nLogLevel DEBUG1\nKexAlgorithms +diffie-hellman-group14-sha256\n"))

    def test_no_terminal(self):
        terminal = self.terminal("-t", "echo begun; cat; exit 3")
        terminal.expect(b"the server gives no terminal; the session continues without one")
        terminal.expect(b"begun")
        terminal.type(b"text\n\x04")
        terminal.expect(b"text\r\ntext")  # the terminal here is not in raw mode
        self.assertEqual(terminal.end(), 3)

    def test_no_session(self):
        server = self.enterContext(Sshd("MaxSessions 0\n"))
        self.server, before = server, self.server
        done = self.run_("true")
        self.server = before
        self.assertEqual((done.status, done.out), (255, b""))
        self.assertIn("the server refused to open a session", done.err)

    def test_a_refused_command(self):
        with Server() as server:
            done = subprocess.run([NACRE_CLIENT, "-p", str(server.port), "-i", server.path("key"), "--insecure",
                                   f"{USER}@127.0.0.1", "nonsense"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  timeout=PATIENCE, env=clean_environment(server.folder))
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (255, "", "nacre-client: the server refused the command\n"))

    def test_the_lists_of_algorithms(self):
        done = self.run_("--kex=diffie-hellman-group14-sha256", "--ciphers=aes192-ctr", "--macs=hmac-sha2-512",
                         "--host-key-algorithms=ssh-ed25519", "--require-strict-kex", "true")
        self.assertEqual((done.status, done.out), (0, b""))
        log = self.server.log()
        for name in ("kex: algorithm: diffie-hellman-group14-sha256", "kex: host key algorithm: ssh-ed25519",
                     "kex: client->server cipher: aes192-ctr MAC: hmac-sha2-512"):
            self.assertIn(name, log)
        done = self.run_("--ciphers=nonsense", "true")
        self.assertEqual((done.status, done.out), (255, b""))
        self.assertIn("'nonsense' is not known", done.err)


class Hosts(unittest.TestCase):
    """Every form of a host, with nacre-echo."""

    def log_in(self, server, *hosts):
        for host in hosts:
            with self.subTest(host):
                done = subprocess.run([NACRE_CLIENT, "-l", USER, "-p", str(server.port), "-i", server.path("key"), "--insecure",
                                       host, "exit 7"], stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE,
                                      env=clean_environment(server.folder))
                self.assertEqual((done.returncode, done.stdout, done.stderr), (7, b"", b""))

    def test_options_may_follow_the_host(self):
        with Server() as server:
            done = subprocess.run([NACRE_CLIENT, f"{USER}@localhost", "-p", str(server.port), "-i", server.path("key"), "--insecure",
                                   "exit", "7"], stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE,
                                  env=clean_environment(server.folder))
        self.assertEqual((done.returncode, done.stdout, done.stderr), (7, b"", b""))

    def test_names_and_ipv4(self):
        with Server() as server:
            self.log_in(server, "127.0.0.1", "localhost", "[127.0.0.1]", "LocalHost")

    def test_ipv6(self):
        with Server(listen="[::1]:0") as server:
            self.log_in(server, "::1", "[::1]", "0:0::1")


class BackPressure(ClientCase):
    """What one side does not accept, the other side keeps."""

    def memory(self, process):
        with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
            return int(re.search(r"^VmHWM:\s+(\d+) kB$", file.read(), re.M)[1]) * 1024

    def test_input_that_the_command_does_not_read(self):
        """The command leaves what the window does not hold in our pipe."""
        process = self.start("read line; echo $line; " + STAYS)
        os.set_blocking(process.stdin.fileno(), False)
        os.write(process.stdin.fileno(), b"begun\n")
        self.assertEqual(process.stdout.readline(), b"begun\n")
        accepted, block = 0, bytes(65536)
        while True:  # until nothing moves any more
            try:
                accepted += os.write(process.stdin.fileno(), block)
            except BlockingIOError:
                if not select.select([], [process.stdin], [], 1)[1]:
                    break
        self.assertLess(accepted, 16 * MIB)
        self.assertLess(self.memory(process), 32 * MIB)

    def test_output_that_is_not_read(self):
        process = self.start("head -c 300000000 /dev/zero; echo end >&2")
        process.stdout.read(1)
        until(lambda: self.waits(process), "it goes on reading")
        self.assertLess(self.memory(process), 64 * MIB)

    def waits(self, process):
        """Has the program done nothing for a while, although its server has more to send?"""
        def times():
            with open(f"/proc/{process.pid}/io", encoding="ascii") as file:
                return file.read()
        before = times()
        return not select.select([process.stderr], [], [], 0.2)[0] and times() == before


class Study(ClientCase):
    """The options for study work here too."""

    def test_a_key_log(self):
        for words, environment in ((("--unsafe-keylog=" + os.path.join(self.home, "keys"),), {}),
                                   ((), {"NACRE_KEYLOG": os.path.join(self.home, "keys")})):
            self.environment = environment
            done = self.run_(*words, "echo done")
            self.assertEqual((done.status, done.out), (0, b"done\n"))
            self.assertIn("never use --unsafe-keylog in production", done.err)
            with open(os.path.join(self.home, "keys"), encoding="ascii") as file:
                self.assertIn(" SHARED_SECRET ", file.read())
            os.unlink(os.path.join(self.home, "keys"))

    def test_a_trace(self):
        path = os.path.join(self.home, "trace")
        done = self.run_("--trace=" + path, "--trace-format=json", "echo done")
        self.assertEqual((done.status, done.out, done.err), (0, b"done\n", ""))
        with open(path, encoding="ascii") as file:
            lines = [json.loads(line) for line in file]
        self.assertEqual((lines[0]["program"], lines[0]["secrets"]), ("nacre-client", False))
        self.assertEqual(lines[1]["peer"], f"127.0.0.1:{self.server.port}")
        names = [line["name"] for line in lines if line.get("event") == "message"]
        for name in "SSH_MSG_KEXINIT", "SSH_MSG_USERAUTH_SUCCESS", "SSH_MSG_CHANNEL_DATA", "SSH_MSG_CHANNEL_CLOSE":
            self.assertIn(name, names)
        self.assertEqual(lines[-1]["event"], "close")
        self.assertNotIn("event=", self.run_("--trace=-", "echo done").out.decode())

    def test_a_capture(self):
        path = os.path.join(self.home, "session.pcapng")
        done = self.run_("--capture=" + path, "echo done")
        self.assertEqual((done.status, done.out, done.err), (0, b"done\n", ""))
        with open(path, "rb") as file:
            data = file.read()
        self.assertEqual(data[:4], b"\x0a\x0d\x0d\x0a")
        self.assertIn(b"SSH-2.0-OpenSSH", data)

    def test_a_folder_for_study(self):
        path = os.path.join(self.home, "study")
        done = self.run_("--study=" + path, "echo done")
        self.assertEqual((done.status, done.out), (0, b"done\n"))
        self.assertIn(path, done.err)
        self.assertEqual(sorted(os.listdir(path)), ["keys.log", "session.pcapng", "trace.json"])
        with open(os.path.join(path, "trace.json"), encoding="ascii") as file:
            self.assertTrue(json.loads(file.readline())["secrets"])

    def test_what_is_written_is_complete_when_a_signal_ends_the_program(self):
        path = os.path.join(self.home, "session.pcapng")
        process = self.start("--capture=" + path, "echo begun; " + STAYS)
        self.assertEqual(process.stdout.readline(), b"begun\n")
        process.terminate()
        self.assertEqual(process.wait(PATIENCE), -signal.SIGTERM)
        done = subprocess.run(["tshark", "-r", path, "-Y", "ssh.message_code == 20", "-T", "fields", "-e", "frame.number"],
                              capture_output=True, text=True, timeout=PATIENCE, env=clean_environment(self.home), check=True)
        self.assertEqual(len(done.stdout.split()), 2, done.stdout)

    def test_a_probe_is_observed_too(self):
        path = os.path.join(self.home, "session.pcapng")
        subprocess.run([NACRE_CLIENT, "--probe", "--capture", path, "-p", str(self.server.port), "127.0.0.1"], check=True,
                       capture_output=True, timeout=PATIENCE, env=clean_environment(self.home))
        self.assertGreater(os.path.getsize(path), 2000)

    def test_a_file_that_cannot_be_written(self):
        done = self.run_("--unsafe-keylog=/nonexistent/keys", "echo done")
        self.assertEqual((done.status, done.out), (255, b""))
        self.assertIn("/nonexistent/keys", done.err)


class LocalTerminal(ClientCase):
    """What becomes of the person's terminal."""

    def in_shell(self):
        """A shell with job control, in which nacre-client has begun."""
        environment = clean_environment(self.home, PS1="$ ", TERM="dumb", HISTFILE="/dev/null")
        shell = self.enterContext(Terminal(["bash", "--norc", "--noprofile", "-i"], environment))
        shell.type(b"before=$(stty -g)\n")
        words = self.words("-t", "stty -echo; echo rea''dy; while read line; do echo got $line; done")
        shell.type((shlex.join(words) + "\n").encode())
        shell.expect(b"\nready")
        return shell

    def pid(self, shell):
        (pid,) = children(shell.pid)
        return pid

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
        # Since OpenSSH 9.8, two processes hold the connection: a monitor and its child.
        for monitor in children(self.server.process.pid):
            for pid in (*children(monitor), monitor):
                os.kill(pid, signal.SIGKILL)
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
            shell.expect(b"dy; while read line; do echo got $line; done'\r\n")
            shell.type(b"still here\r")
            shell.expect(b"got still here\r\n")
            shell.type(b"\x04")
            shell.expect(b"Connection to 127.0.0.1 closed.")
            self.assert_restored(shell)

    def test_a_trace_in_raw_mode_begins_its_lines_at_the_edge(self):
        terminal = self.terminal("-t", "--trace=-", "stty -echo; echo ready; read line; exit 4")
        terminal.expect(b"ready")
        terminal.type(b"\r")
        self.assertEqual(terminal.end(), 4)
        self.assertIn(b"CHANNEL_CLOSE (97)", terminal.seen)
        self.assertNotRegex(terminal.seen, rb"[^\r]\n")

    def test_in_a_window_of_tmux(self):
        with Tmux(self.server, self.words("-t", "while :; do stty size; sleep 0.05; done")) as tmux:
            tmux.expect("24 80")
            tmux.resize(93, 31)
            tmux.expect("31 93")
            tmux.type("Enter", "~", ".")
            tmux.expect("Connection to 127.0.0.1 closed.")

if __name__ == "__main__":
    unittest.main()
