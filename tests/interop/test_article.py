"""The programs of the articles about Twisted Conch, on this library: conch.c and protocol.c of apps/examples, with stock ssh."""
import os
import signal
import socket
import subprocess
import tempfile
import unittest

import harness
from terminals import Terminal

EXAMPLES = "apps/examples"
PASSWORD = "open sesame"
# The same protocol on TCP: only main is another one.
ON_TCP = """
#define main on_ssh
#include "protocol.c"
#undef main
#include <netinet/in.h>
int main(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    bind(listener, (struct sockaddr *)&at, sizeof at);
    listen(listener, 1);
    getsockname(listener, (struct sockaddr *)&at, &len);
    fprintf(stderr, "127.0.0.1:%d\\n", ntohs(at.sin_port));
    serve((void *)(intptr_t)accept(listener, NULL, NULL));
}
"""


class Program(unittest.TestCase):
    name = lines = None

    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="nacre-"))
        cls.binary = cls.compile(os.path.join(EXAMPLES, cls.name + ".c"), cls.name)
        harness.ssh_keygen(os.path.join(cls.folder, "id_rsa"), "rsa", "-b", "2048")
        with open(os.path.join(cls.folder, "ssh-passwords"), "w", encoding="ascii",
                  opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(f"alice:{PASSWORD}\n")
        cls.environment = {**harness.clean_environment(cls.folder), "SSHPASS": PASSWORD}

    @classmethod
    def compile(cls, source, name):
        binary = os.path.join(cls.folder, name)
        libraries = subprocess.run(["pkg-config", "--libs", "libsodium", "libcrypto"], capture_output=True, text=True, check=True)
        subprocess.run(["cc", "-Wall", "-Werror", f"-I{harness.BUILD}/include", f"-I{EXAMPLES}", source,
                        f"{harness.BUILD}/libnacre.a", *libraries.stdout.split(), "-pthread", "-o", binary], check=True)
        return binary

    def setUp(self):
        self.output = open(os.path.join(self.folder, "output"), "w+b")  # pylint: disable=consider-using-with
        self.addCleanup(self.output.close)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = str(free.getsockname()[1])
        self.process = subprocess.Popen(["stdbuf", "-oL", self.binary, f"127.0.0.1:{self.port}"], cwd=self.folder,
                                        stdin=subprocess.DEVNULL, stdout=self.output, stderr=subprocess.DEVNULL)
        self.addCleanup(harness.end, self.process)
        harness.until(self.is_up, "the server does not listen")

    def is_up(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", int(self.port))) == 0

    def said(self):
        with open(os.path.join(self.folder, "output"), "rb") as file:
            return file.read()

    def expect(self, *words):
        """It has printed these lines, and no others."""
        expected = "".join(word + "\n" for word in words).encode()
        harness.until(lambda: self.said() == expected, lambda: f"not {words} but {self.said()}")

    def ssh(self, *options):
        return ["sshpass", "-e", "ssh", "-F", "none", "-p", self.port, "-o", "LogLevel=ERROR", "-o", "StrictHostKeyChecking=no",
                "-o", "UserKnownHostsFile=/dev/null", "-o", "PubkeyAuthentication=no", *options, "alice@127.0.0.1"]

    def start(self, *options):
        process = subprocess.Popen(self.ssh(*options), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self.environment)
        self.addCleanup(harness.end, process)
        return process

    def test_it_is_short(self):
        with open(os.path.join(EXAMPLES, self.name + ".c"), encoding="utf-8") as file:
            self.assertLessEqual(sum(line != "\n" for line in file), self.lines)


class Protocol(Program):
    name, lines = "protocol", 60

    def test_on_SSH(self):
        process = self.start("-T")
        out, _ = process.communicate(b"hello\nworld!\r\n", timeout=harness.PATIENCE)
        self.assertEqual((process.returncode, out), (0, b"> 5 bytes\r\n> 6 bytes\r\n> "))

    def test_two_sessions_at_once(self):
        one, two = self.start("-T"), self.start("-T")
        for process in (one, two, one):
            process.stdin.write(b"12345678\n")
            process.stdin.flush()
            self.assertEqual(process.stdout.readline(), b"> 8 bytes\r\n")
        one.kill()
        two.communicate(b"", timeout=harness.PATIENCE)
        self.assertEqual(two.returncode, 0)

    def test_unchanged_on_TCP(self):
        source = os.path.join(self.folder, "tcp.c")
        with open(source, "w", encoding="ascii") as file:
            file.write(ON_TCP)
        process = subprocess.Popen([self.compile(source, "tcp")], stderr=subprocess.PIPE)
        self.addCleanup(harness.end, process)
        port = int(process.stderr.readline().rsplit(b":", 1)[1])
        with socket.create_connection(("127.0.0.1", port), timeout=harness.PATIENCE) as connection:
            connection.sendall(b"hello\nworld!\r\n")
            connection.shutdown(socket.SHUT_WR)
            self.assertEqual(b"".join(iter(lambda: connection.recv(100), b"")), b"> 5 bytes\r\n> 6 bytes\r\n> ")
        self.assertEqual(process.wait(harness.PATIENCE), 0)


class Conch(Program):
    name, lines = "conch", 45

    def answers(self, process, chunk, answer):
        process.stdin.write(chunk)
        process.stdin.flush()
        self.assertEqual(process.stdout.readline(), answer)

    def test_each_chunk_is_answered_with_its_repr(self):
        process = self.start("-T")
        self.answers(process, b"hello\n", b"echo: 'hello\\n'\r\n")
        self.answers(process, b"it's \x00\xff\n", b"echo: \"it's \\x00\\xff\\n\"\r\n")
        process.kill()
        self.expect("closed")

    def test_a_large_chunk(self):
        process = self.start("-T")
        process.stdin.write(bytes(100000))
        process.stdin.close()
        got = b""
        while got.count(b"\\x00") < 100000:
            new = process.stdout.read1(65536)
            self.assertTrue(new)
            got += new

    def test_the_end_of_the_input(self):
        process = self.start("-T")
        process.stdin.close()
        self.expect("eofReceived")
        process.send_signal(signal.SIGTERM)
        self.expect("eofReceived", "closed")

    def test_a_terminal_that_closes_its_channel(self):
        """~. on a shared connection: ssh sends EOF and CLOSE for that session."""
        control = os.path.join(self.folder, "control")
        master = self.start("-M", "-S", control, "-N")
        harness.until(lambda: os.path.exists(control), "no master")
        command = ["ssh", "-F", "none", "-S", control, "-o", "ProxyCommand=exit 1", "-tt", "alice@127.0.0.1"]
        with Terminal(command, self.environment) as terminal:
            terminal.type(b"x")
            terminal.expect(b"echo: 'x'")
            terminal.type(b"\r~.")
            terminal.end()
        self.expect("eofReceived", "closeReceived", "closed")
        master.kill()

    def test_a_wrong_password_and_a_command_are_refused(self):
        wrong = subprocess.run(self.ssh("-T"), env={**self.environment, "SSHPASS": "wrong"}, stdin=subprocess.DEVNULL,
                               capture_output=True, timeout=harness.PATIENCE)
        self.assertNotEqual(wrong.returncode, 0)
        refused = subprocess.run([*self.ssh("-T"), "command"], env=self.environment, stdin=subprocess.DEVNULL,
                                 capture_output=True, timeout=harness.PATIENCE)
        self.assertNotEqual(refused.returncode, 0)
        shown = subprocess.run(["ssh-keyscan", "-p", self.port, "127.0.0.1"], capture_output=True, text=True,
                               timeout=harness.PATIENCE).stdout
        with open(os.path.join(self.folder, "id_rsa.pub"), encoding="ascii") as file:
            self.assertIn(file.read().split()[1], shown)


del Program  # it is no test


if __name__ == "__main__":
    unittest.main()
