"""The echo session: chunks come back as Python prints them."""
import contextlib
import os
import re
import subprocess
import unittest

import harness
from clients import Dbclient, Paramiko, Plink, Ssh, exchange
from harness import LAST_WORDS, MIB, answer_to, chunks_of

WORDS = b"a", b"bc", b"d", b"\r", b"e\n"


class Echo:
    """The tests for each client; some clients write to standard error."""

    client = None
    chatter = b""

    def echo(self, data, **more):
        done = self.client(self.server).run(None, data, **more)
        self.assertEqual(done.err, self.chatter)
        self.assertEqual(done.status, 0)
        self.assertTrue(done.out.endswith(LAST_WORDS), done.out[-100:])
        return done.out[:-len(LAST_WORDS)]

    def test_hello(self):
        self.assertEqual(self.echo(b"hello\n"), b"echo: 'hello\\n'\r\n")

    def test_hello_by_password(self):
        done = self.client(self.server, login="password").run(None, b"hello\n")
        self.assertEqual(done, (0, b"echo: 'hello\\n'\r\n" + LAST_WORDS, self.chatter))

    def test_hello_over_ipv6(self):
        with harness.Server(listen="[::1]:0") as server:
            done = self.client(server).run(None, b"hello\n")
            self.assertEqual(done, (0, b"echo: 'hello\\n'\r\n" + LAST_WORDS, self.chatter))
            self.assertEqual(server.wait("connection")[0]["addr"].rsplit(":", 1)[0], "[::1]")

    def test_empty_input(self):
        self.assertEqual(self.echo(b""), b"")

    def test_one_byte(self):
        self.assertEqual(self.echo(b"x"), b"echo: 'x'\r\n")

    def test_all_byte_values(self):
        data = bytes(range(256))
        self.assertEqual(self.echo(data), answer_to(data))

    def test_quotes_are_chosen_as_python_does(self):
        for data in b"it's", b'say "hi"', b"it's \"both\"", b"'", b'"', b"\\", b"'\\\"\n\t\r\0\x7f\x80\xff":
            with self.subTest(data=data):
                self.assertEqual(self.echo(data), answer_to(data))

    def test_one_mebibyte(self):
        data = harness.random_bytes(MIB)
        chunks = chunks_of(self.echo(data))
        self.assertEqual(b"".join(chunks), data)

    def test_exec_echo_does_the_same(self):
        done = self.client(self.server).run("echo", b"hello\n")
        self.assertEqual((done.status, done.out), (0, b"echo: 'hello\\n'\r\n" + LAST_WORDS))

    def test_input_before_eof_is_answered_before_eof(self):
        process = self.client(self.server).start()
        self.addCleanup(harness.end, process)
        for word in b"one\n", b"two\n", b"three\n":
            process.stdin.write(word)
            process.stdin.flush()
            self.assertEqual(process.stdout.readline(), answer_to(word))
        process.stdin.close()
        self.assertEqual(process.stdout.read(), LAST_WORDS)
        self.assertEqual(process.wait(harness.PATIENCE), 0)


class EchoWithSsh(Echo, harness.ServerCase):
    client = Ssh

    def first_contact(self, *options):
        known = self.server.path("nobody")
        with contextlib.suppress(FileNotFoundError):
            os.remove(known)
        options = ["-o", "UserKnownHostsFile=" + known, "-o", "StrictHostKeyChecking=accept-new", *options]
        done = self.client(self.server).run(None, b"x", options=options)
        self.assertEqual(done.status, 0, done.err)
        return done.err.decode()

    def test_the_first_contact_gives_no_warning(self):
        """Of those that OpenSSH 10 has for old algorithms, above all."""
        port = re.escape(str(self.server.port))
        self.assertRegex(self.first_contact(), rf"\AWarning: Permanently added '\[127\.0\.0\.1\]:{port}' \(\w+\) to the list of "
                                               r"known hosts\.\r?\n\Z")

    def test_the_key_exchange_is_a_hybrid_with_strict_kex(self):
        log = self.first_contact("-v")
        kex = "mlkem768x25519-sha256" if b"mlkem768" in subprocess.check_output(["ssh", "-Q", "kex"]) else "sntrup761x25519-sha512"
        self.assertIn("kex: algorithm: " + kex, log)
        self.assertIn("strict KEX ordering", self.first_contact("-vvv"))


class EchoWithPlink(Echo, harness.ServerCase):
    client = Plink
    chatter = b'Using username "alice".\r\n'


class EchoWithDbclient(Echo, harness.ServerCase):
    client = Dbclient


class EchoWithParamiko(Echo, harness.ServerCase):
    client = Paramiko

    def test_input_before_eof_is_answered_before_eof(self):
        with contextlib.closing(self.client(self.server).connect()) as transport:
            channel = transport.open_session()
            channel.invoke_shell()
            for word in b"one\n", b"two\n", b"three\n":
                channel.sendall(word)
                self.assertEqual(channel.recv(100), answer_to(word))
            self.assertEqual(exchange(channel, b""), (LAST_WORDS, b""))
            self.assertEqual(channel.recv_exit_status(), 0)

    def test_each_message_before_the_shell_is_answered_alone(self):
        with contextlib.closing(self.client(self.server).connect()) as transport:
            channel = transport.open_session()
            for word in WORDS:
                channel.sendall(word)
            channel.invoke_shell()
            self.assertEqual(exchange(channel, b"")[0], b"".join(map(answer_to, WORDS)) + LAST_WORDS)

    def test_each_message_is_answered_alone_after_the_window_was_full(self):
        with contextlib.closing(self.client(self.server).connect()) as transport:
            channel = transport.open_session(window_size=32768)
            channel.invoke_shell()
            channel.settimeout(harness.PATIENCE)
            for word in b"x" * 32768, *WORDS:
                channel.sendall(word)
            out, _ = exchange(channel, b"")
            self.assertEqual(chunks_of(out[:-len(LAST_WORDS)])[-len(WORDS):], list(WORDS))


if __name__ == "__main__":
    unittest.main()
