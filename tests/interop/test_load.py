#!/usr/bin/env python3
"""nacre-load against nacre-echo, OpenSSH's sshd and Dropbear: its figures agree with what others count."""
import base64
import contextlib
import json
import os
import re
import signal
import socket
import struct
import subprocess
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

from harness import BUILD, MIB, PATIENCE, USER, Server, clean_environment, end, listening, until
from terminals import Terminal
from others import ConchCommands, Dropbear, NodeSsh2, Sshd
from clients import paramiko
from test_serve import Served

NACRE_LOAD = os.path.join(BUILD, "nacre-load")


def load(*words, status=0, home="/nonexistent", patience=4 * PATIENCE, stdin=b"", **environment):
    """Its figures, or its standard error if it is to fail."""
    done = subprocess.run([NACRE_LOAD, "--json", *map(str, words)], input=stdin, capture_output=True,
                          timeout=patience, env=clean_environment(home, **environment))
    assert status is None or done.returncode == status, f"status {done.returncode}: {done.stdout!r} {done.stderr!r}"
    return json.loads(done.stdout) if done.stdout else done.stderr.decode()


class Counter:
    """Forward one connection to a port and count its bytes."""

    def __init__(self, port, delays=()):
        self.sent = self.received = 0
        self.delays = delays  # {number of a block: seconds that it waits before it is forwarded back}
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port, self.to = self.listener.getsockname()[1], port
        self.thread = threading.Thread(target=self.run)

    def run(self):
        self.listener.settimeout(PATIENCE)
        client, _ = self.listener.accept()
        with client, socket.create_connection(("127.0.0.1", self.to)) as server:
            back = threading.Thread(target=self.back, args=(server, client))
            back.start()
            for block in iter(lambda: client.recv(65536), b""):
                self.sent += len(block)
                with contextlib.suppress(OSError):
                    server.sendall(block)
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_WR)
            back.join()

    def back(self, server, client):
        with contextlib.suppress(OSError):
            for number, block in enumerate(iter(lambda: server.recv(65536), b"")):
                self.received += len(block)
                time.sleep(self.delays[number] if number in self.delays else 0)
                client.sendall(block)
            client.shutdown(socket.SHUT_WR)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.thread.join()
        self.listener.close()


class Mute(paramiko.ServerInterface):
    """A server that answers no CHANNEL_OPEN."""

    def __init__(self):
        self.over, self.transports = threading.Event(), []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.run)

    def run(self):
        with contextlib.suppress(OSError):  # the listener is shut down
            while True:
                transport = paramiko.Transport(self.listener.accept()[0])
                self.transports.append(transport)
                transport.add_server_key(self.key)
                transport.start_server(threading.Event(), self)

    def check_auth_password(self, username, password):
        return paramiko.AUTH_SUCCESSFUL

    def get_allowed_auths(self, username):
        return "password"

    def check_channel_request(self, kind, chanid):
        self.over.wait(PATIENCE)
        return paramiko.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def __enter__(self):
        self.key = paramiko.ECDSAKey.generate()
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()
        for transport in self.transports:
            transport.close()


class OthersCase:
    """The same tests for both servers."""

    kind = None
    commands_at_once = 4
    most = 8 * MIB  # bytes that a channel sends

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(cls.kind())

    def load(self, mode, *words, **more):
        return load("-q", "-u", self.server.user, "-i", self.server.path("key"), "--known-hosts",
                    self.server.path("known_hosts"), mode, *words, "-p", self.server.port, **more)

    def logins(self):
        return self.server.log().count(self.server.accepted)

    def test_bytes_on_the_wire(self):
        with Counter(self.server.port) as counter:
            with open(self.server.path("counted_hosts"), "w", encoding="ascii") as file:
                with open(self.server.path("known_hosts"), encoding="ascii") as known:
                    file.write(known.read().replace(str(self.server.port), str(counter.port)))
            figures = load("-q", "-u", self.server.user, "-i", self.server.path("key"), "--known-hosts",
                           self.server.path("counted_hosts"), "bulk", "-b", min(self.most, 2 * MIB), "-p", counter.port)
        self.assertEqual((figures["wire_sent"], figures["wire_received"]), (counter.sent, counter.received))

    def test_handshake(self):
        before = self.logins()
        figures = self.load("handshake", "-n", 12, "-c", 3)
        self.assertEqual((figures["done"], figures["failed"], figures["samples"]), (12, 0, 12))
        until(lambda: self.logins() - before == 12, self.server.log)
        self.assertLessEqual(figures["p50_us"], figures["p99_us"])

    def test_bulk(self):
        path = self.server.path("bulk")
        figures = self.load("bulk", "-b", self.most, "--command", f"tee {path}")
        self.assertEqual((figures["data_sent"], figures["data_received"]), (self.most, self.most))
        self.assertEqual(os.path.getsize(path), self.most)

    def test_bulk_by_default(self):
        size = min(self.most, MIB)
        figures = self.load("bulk", "-b", size, "-c", 2)
        self.assertEqual((figures["done"], figures["data_received"]), (2, 2 * size))

    def test_sink(self):
        path = self.server.path("sink")
        figures = self.load("sink", "-b", "5M", "--command", f"cat >{path}")
        self.assertEqual((figures["done"], figures["data_sent"]), (1, 5 * MIB))
        self.assertEqual(os.path.getsize(path), 5 * MIB)
        self.assertEqual(self.load("sink", "-b", "1M")["data_sent"], MIB)

    def test_source(self):
        size = min(self.most, 3000001)
        figures = self.load("source", "-b", size)
        self.assertEqual((figures["done"], figures["data_received"]), (1, size))

    def test_rtt(self):
        figures = self.load("rtt", "-n", 50)
        self.assertEqual((figures["samples"], figures["data_sent"], figures["data_received"]), (50, 50, 50))

    def test_a_long_command_runs_to_its_end(self):
        last = self.server.path("last")
        self.load("rtt", "-n", 2, "--command", f"cat; : {'x' * 6000}; touch {last}")
        self.assertTrue(os.path.exists(last))

    def test_idle(self):
        before = self.logins()
        figures = self.load("idle", "-n", 5, "-c", 5, "--hold", 1)
        self.assertEqual((figures["done"], figures["failed"], figures["channels_closed"]), (5, 0, 5))
        until(lambda: self.logins() - before == 5, self.server.log)

    def test_channels(self):
        before = self.logins()
        figures = self.load("channels", "-n", 30, "-c", 3)
        self.assertEqual((figures["done"], figures["channels_closed"], figures["connections"]), (30, 30, 1))
        until(lambda: self.logins() - before == 1, self.server.log)

    def test_channels_with_commands(self):
        path = self.server.path("channels")
        figures = self.load("channels", "-n", 20, "-c", self.commands_at_once, "--command", f"echo x >>{path}")
        self.assertEqual((figures["done"], figures["channels_opened"], figures["channels_closed"]), (20, 20, 20))
        self.assertEqual(os.path.getsize(path), 2 * 20)


class SshdTest(OthersCase, unittest.TestCase):
    kind = Sshd


class ConchTest(OthersCase, unittest.TestCase):
    kind = ConchCommands
    most = 128 * 1024 - 1  # the window: once it is full, Conch may send EOF before the rest of the data

    def test_keys_of_every_type(self):
        """It lists ssh-ed25519 alone in server-sig-algs, and accepts RSA and ECDSA too."""
        for kind in "ecdsa", "rsa":
            with self.subTest(kind=kind), ConchCommands(host_key="rsa", key=kind) as server:
                figures = load("-q", "-u", server.user, "-i", server.path("key"), "--known-hosts", server.path("known_hosts"),
                               "handshake", "-n", 2, "-p", server.port)
                self.assertEqual((figures["done"], figures["failed"]), (2, 0))


class NodeSsh2Test(OthersCase, unittest.TestCase):
    kind = NodeSsh2
    test_channels = None  # it does not answer the CLOSE of a session without a program

    def test_keys_of_every_type(self):
        """It answers ssh-rsa to a query that named rsa-sha2-512."""
        for kind in "ecdsa", "rsa":
            with self.subTest(kind=kind), NodeSsh2(host_key="rsa", key=kind) as server:
                figures = load("-q", "-u", server.user, "-i", server.path("key"), "--known-hosts", server.path("known_hosts"),
                               "handshake", "-n", 2, "-p", server.port)
                self.assertEqual((figures["done"], figures["failed"]), (2, 0))


class DropbearTest(OthersCase, unittest.TestCase):
    kind = Dropbear
    commands_at_once = 1  # with more, Dropbear 2022.83 sometimes fails an assertion (common-channel.c, sent_close)


class SilentTest(unittest.TestCase):
    """Servers that do not close what they should."""

    @classmethod
    def setUpClass(cls):
        run = 'exec sh -c "$SSH_ORIGINAL_COMMAND"'
        cls.server = cls.enterClassContext(Served("sh", "-c", run, arguments=["--exec"]))

    def fail(self, *words, stdin=b""):
        figures = load("-q", "-u", USER, "-n", 3, "--timeout", "1s", *words, status=1, patience=PATIENCE, stdin=stdin)
        self.assertEqual((figures["done"], "--timeout" in figures["problem"]), (0, True), figures)

    def fails(self, commands, *words):
        """All modes at once: {mode: what the server runs}."""
        def run(mode):
            self.fail("-i", self.server.path("key"), "--known-hosts", self.server.path(".ssh/known_hosts"), "-b", "64k",
                      "--command", commands[mode], *words, mode, self.server.address)
        with ThreadPoolExecutor() as pool:
            list(pool.map(run, commands))

    def test_all_bytes_and_then_nothing(self):
        commands = {"bulk": "cat", "sink": "cat >/dev/null", "source": "head -c 65536 /dev/zero", "rtt": "cat"}
        self.fails({mode: command + "; exec >&-; exec sleep 1000" for mode, command in commands.items()})

    def test_nothing_at_all(self):
        self.fails(dict.fromkeys(("bulk", "sink", "source", "rtt", "channels"), "exec sleep 1000"), "-c", 2)

    def test_more_than_was_asked_for(self):
        self.fails(dict.fromkeys(("sink", "source", "rtt", "channels"), "exec cat /dev/zero"))

    def test_no_answer_to_an_open(self):
        def run(mode):
            with Mute() as server:
                self.fail("--password", "-", "--insecure", "-c", 2, mode, f"127.0.0.1:{server.port}", stdin=b"right\n")
        with ThreadPoolExecutor() as pool:
            list(pool.map(run, ("bulk", "idle", "channels")))

    def test_one_that_works_slowly_is_waited_for(self):
        figures = load("-q", "-u", USER, "-i", self.server.path("key"), "--known-hosts", self.server.path(".ssh/known_hosts"),
                       "source", self.server.address, "-b", 5, "--timeout", 1,
                       "--command", "for i in 1 2 3 4 5; do sleep 0.4; printf x; done")
        self.assertEqual((figures["done"], figures["failed"]), (1, 0))


class WrongAnswerTest(unittest.TestCase):
    """Servers whose answers have one byte too many, too few, or another one."""

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Served("sh", "-c", 'exec sh -c "$SSH_ORIGINAL_COMMAND"', arguments=["--exec"]))

    def problem(self, mode, command, *words):
        figures = load("-q", "-u", USER, "-i", self.server.path("key"), "--known-hosts", self.server.path(".ssh/known_hosts"),
                       mode, self.server.address, "-b", 65536, "-n", 3, "--command", command, *words, status=None)
        self.assertEqual(figures["done"] + figures["failed"], 1)
        return figures["problem"] if figures["failed"] else ""

    def test_keystrokes(self):
        self.assertEqual(self.problem("rtt", "cat"), "")
        differ = "the bytes that came back differ from those sent"
        self.assertEqual(self.problem("rtt", "printf kk; cat"), differ)
        self.assertEqual(self.problem("rtt", "cat; printf k"), differ)  # no keystroke is on its way
        self.assertEqual(self.problem("rtt", "dd bs=1 count=2 2>/dev/null"), "the channel was closed too early")

    def test_bytes(self):
        early = "the channel was closed too early"
        self.assertEqual(self.problem("bulk", "cat"), "")
        self.assertEqual(self.problem("bulk", "head -c 65535"), early)
        self.assertIn("differ", self.problem("bulk", r"head -c 65535; head -c 1 | tr '\0-\377' '\1-\377\0'"))
        self.assertNotEqual(self.problem("bulk", "cat; printf x"), "")
        self.assertEqual(self.problem("source", "head -c 65536 /dev/zero"), "")
        self.assertEqual(self.problem("source", "head -c 65535 /dev/zero"), early)
        self.assertEqual(self.problem("source", "head -c 65537 /dev/zero"), early)
        self.assertEqual(self.problem("sink", "cat >/dev/null"), "")


class EchoTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server(inspected=True))

    def load(self, mode, *words, login=None, hosts=".ssh/known_hosts", user=USER, **more):
        login = ["-i", self.server.path("key")] if login is None else login
        return load("-q", "-u", user, *login, "--known-hosts", self.server.path(hosts), mode, *words,
                    self.server.address, **more)

    def wire(self, count, before):
        """The bytes that the server counted on the connections since then: (in, out)."""
        ended = self.server.wait("disconnected", before + count)[before:]
        return sum(int(e["bytes_in"]) for e in ended), sum(int(e["bytes_out"]) for e in ended)

    def check(self, connections, mode, *words, **more):
        accepted = len(self.server.events("connection"))
        before = len(self.server.wait("disconnected", accepted))  # those of other tests have ended
        figures = self.load(mode, *words, **more)
        self.assertEqual(figures["connections"], connections)
        self.assertEqual(len(self.server.events("connection")) - accepted, connections)
        received, sent = self.wire(connections, before)
        self.assertEqual((figures["wire_sent"], figures["wire_received"]), (received, sent))
        return figures

    def test_handshake(self):
        figures = self.check(40, "handshake", "-n", 40, "-c", 8)
        self.assertEqual((figures["done"], figures["logins"], figures["samples"]), (40, 40, 40))

    def test_transfers(self):
        figures = self.check(2, "bulk", "-b", "3M", "-c", 2)
        self.assertEqual((figures["data_sent"], figures["data_received"]), (6 * MIB, 6 * MIB))
        self.assertEqual(self.check(1, "sink", "-b", "3M")["data_sent"], 3 * MIB)
        self.assertEqual(self.check(1, "source", "-b", 1234567)["data_received"], 1234567)

    def test_rtt(self):
        self.assertEqual(self.check(1, "rtt", "-n", 200)["samples"], 200)

    def test_default_counts(self):
        for count, mode, *words in (100, "handshake", "-c", 8), (100, "idle", "-c", 8, "--hold", 1), (1000, "channels", "-c", 8):
            self.assertEqual(self.load(mode, *words)["done"], count, mode)
        self.assertEqual(self.load("rtt")["samples"], 1000)

    def test_measured_times_are_real(self):
        """Every 25th of 200 keystrokes comes back 0.2 s late, which shows in the right percentiles."""
        with Counter(self.server.port, {n: 0.2 for n in range(30, 230, 25)}) as counter:
            began = time.monotonic()
            figures = load("-q", "-u", USER, "-i", self.server.path("key"), "--insecure", "rtt", "-n", 200, "-p",
                           counter.port)
            passed = time.monotonic() - began
        self.assertEqual(figures["samples"], 200)
        self.assertLess(figures["p50_us"], 200000)
        for late in "p99_us", "p99_9_us", "max_us":
            self.assertGreaterEqual(figures[late], 200000)
        self.assertLessEqual(figures["max_us"], passed * 1e6)
        self.assertLessEqual(figures["seconds"], passed)
        self.assertGreater(figures["seconds"], 7 * 0.2)

    def words(self, *words):
        return [NACRE_LOAD, "-u", USER, "-i", self.server.path("key"), "--known-hosts",
                self.server.path(".ssh/known_hosts"), *words, self.server.address]

    def test_progress_while_it_runs_then_a_table(self):
        process = subprocess.Popen(self.words("idle", "-n", "10", "--hold", "600"), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            lines = [process.stderr.readline()]
            while " 10 sessions" not in lines[-1] or len(lines) < 2:
                lines.append(process.stderr.readline())
            self.assertIsNone(process.poll())  # it is still running
            for line in lines:
                self.assertRegex(line, r"\A\d+ s: \d+ sessions, 0 failed, 0\.0 MB out, 0\.0 MB in\n\Z")
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=PATIENCE)
        finally:
            end(process)
        self.assertRegex(out, r"\Aidle, SSH-2\.0-nacre_[0-9.]+, \S+\n(  [a-z0-9_]+ +[0-9.]+  [^\n]*\n)+interrupted before the end\n\Z")
        rows = dict(line.split()[:2] for line in out.splitlines() if line.startswith("  "))
        self.assertEqual((rows["done"], rows["failed"], rows["channels_opened"]), ("10", "0", "10"))
        self.assertLessEqual({"p50_us", "p99_us", "p99_9_us", "max_us", "done_per_second"}, set(rows))
        figures = self.load("idle", "-n", 1, "--hold", 1)
        self.assertEqual(set(figures) - set(rows), {"mode", "server", "cipher", "interrupted", "problem"})

    def test_progress_on_a_terminal(self):
        with Terminal(self.words("idle", "-n", "3", "--hold", "2"), clean_environment("/nonexistent")) as terminal:
            self.assertEqual(terminal.end(), 0)
            self.assertRegex(terminal.seen, rb"\r\d+ s: 3 sessions, 0 failed")
            self.assertRegex(terminal.seen, rb"p99_9_us +\d+  connect to session\r\n")

    def test_idle_does_not_wait_for_sessions_that_have_ended(self):
        """The server ends each after a second, while the others still log in."""
        with Server("--idle-timeout", "1") as server:
            figures = load("-q", "-u", USER, "-i", server.path("key"), "--known-hosts", server.path(".ssh/known_hosts"),
                           "idle", "-n", 600, "-c", 1, "--hold", 1, server.address, status=None)
        self.assertEqual(figures["done"], 600)
        self.assertGreater(figures["failed"], 0)

    def test_idle_sessions_are_open_at_the_same_time(self):
        before = len(self.server.events("disconnected"))
        process = subprocess.Popen(
            [NACRE_LOAD, "--json", "-q", "-u", USER, "-i", self.server.path("key"), "--known-hosts",
             self.server.path(".ssh/known_hosts"), "idle", "-n", "50", "-c", "10", "--hold", "600", self.server.address],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        try:
            def sockets():
                links = []
                for fd in os.listdir(f"/proc/{process.pid}/fd"):
                    with contextlib.suppress(FileNotFoundError):
                        links.append(os.readlink(f"/proc/{process.pid}/fd/{fd}"))
                return sum(link.startswith("socket:") for link in links)
            until(lambda: sockets() == 50, "50 sockets")
            until(lambda: len(self.server.events("open")) - len(self.server.events("closed")) == 50, "50 channels")
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=PATIENCE)
            figures = json.loads(out)
            self.assertEqual((figures["done"], figures["interrupted"], figures["failed"]), (50, True, 0), err)
        finally:
            end(process)
        self.wire(50, before)

    def test_ten_thousand_channels(self):
        """Each is closed on both sides, and memory does not grow."""
        self.check(1, "channels", "-n", 2000, "-c", 20)
        before, memory = len(self.server.events("closed")), self.server.memory()[0]
        figures = self.check(1, "channels", "-n", 10000, "-c", 20)
        self.assertEqual((figures["done"], figures["channels_opened"], figures["channels_closed"]), (10000,) * 3)
        self.assertEqual(len(self.server.events("closed")) - before, 10000)
        self.assertLess(self.server.memory()[0] - memory, 256 * 1024)

    def test_channels_with_commands(self):
        figures = self.check(1, "channels", "-n", 300, "-c", 10, "--command", "exit 0")
        self.assertEqual((figures["done"], figures["channels_closed"]), (300, 300))

    def test_password(self):
        with open(self.server.path("word"), "w", encoding="ascii") as file:
            file.write("mother-of-pearl\n")
        self.load("handshake", "-n", 2, login=["--password", self.server.path("word")])
        self.load("handshake", "-n", 2, login=["--password", "-"], stdin=b"mother-of-pearl")
        figures = self.load("handshake", "-n", 3, login=["--password", "-"], stdin=b"wrong", status=1)
        self.assertEqual((figures["done"], figures["failed"]), (0, 3))

    def test_agent(self):
        """Keys of a real ssh-agent, also if the first one is not authorised or the agent refuses to sign."""
        socket_path = self.server.path("agent")
        agent = subprocess.Popen(["ssh-agent", "-D", "-a", socket_path], stdout=subprocess.DEVNULL)
        environment = {**clean_environment(self.server.folder), "SSH_AUTH_SOCK": socket_path}

        def run(*words, status=0):
            done = subprocess.run(words, capture_output=True, env=environment, timeout=PATIENCE, stdin=subprocess.DEVNULL)
            self.assertEqual(done.returncode, status, done)
            return done.stdout

        command = [NACRE_LOAD, "--json", "-q", "-u", USER, "--agent", "handshake", "-n", "3", self.server.address]
        try:
            until(lambda: listening(socket_path), "an agent")
            run(*command, status=1)
            run("ssh-add", "-q", self.server.path("stranger"))
            self.assertEqual(json.loads(run(*command, status=1))["done"], 0)
            run("ssh-add", "-q", self.server.path("key"))
            self.assertEqual(json.loads(run(*command))["done"], 3)
            run("ssh-add", "-q", "-D")
            run("ssh-add", "-q", "-c", self.server.path("key"))  # the agent must ask a person, and there is none
            run(*command, status=1)
        finally:
            end(agent)
        self.assertIn("does not answer", load("-u", USER, "--agent", "handshake", status=1, SSH_AUTH_SOCK=socket_path))

    def test_names_and_passwords_beyond_the_limits_are_called_so(self):
        self.assertIn("255", str(self.load("handshake", "-n", 1, user="u" * 256, status=1)))
        self.assertIn("255", str(self.load("handshake", "-n", 1, user="u" * 5000, status=1)))
        login = ["--password", "-"]
        self.assertIn("1024", str(self.load("handshake", "-n", 1, login=login, stdin=b"p" * 1025, status=1)))

    def test_what_a_server_says_before_it_closes(self):
        """sshd does so beyond MaxStartups."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(PATIENCE)
            process = subprocess.Popen([NACRE_LOAD, "-q", "-u", USER, "--insecure", "-n", "1", "handshake",
                                        "127.0.0.1:%d" % listener.getsockname()[1]], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            self.addCleanup(end, process)
            with listener.accept()[0] as connection:
                connection.sendall(b"Exceeded \x1b[2JMaxStartups\r\n")
            out, _ = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 1)
        self.assertIn(b"the server had sent: Exceeded ?[2JMaxStartups", out)

    def test_a_silent_agent_does_not_delay_sigterm(self):
        with open(self.server.path("key.pub"), encoding="ascii") as file:
            blob = base64.b64decode(file.read().split()[1])
        keys = struct.pack(">BII", 12, 1, len(blob)) + blob + struct.pack(">I", 0)
        path = self.server.path("silent-agent")
        ended = self.server.watch("disconnected")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen()
            listener.settimeout(PATIENCE)
            process = subprocess.Popen([NACRE_LOAD, "-q", "-u", USER, "--agent", "--insecure", "-n", "1", "handshake",
                                        self.server.address], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                       env={**os.environ, "SSH_AUTH_SOCK": path})
            self.addCleanup(end, process)
            with listener.accept()[0] as first:  # the list of keys
                first.recv(4096)
                first.sendall(struct.pack(">I", len(keys)) + keys)
            with listener.accept()[0] as second:  # a signature
                self.assertEqual(second.recv(4096)[4], 13)
                process.terminate()
                self.assertEqual(process.wait(PATIENCE), 0)
        ended()  # the next test counts

    def test_algorithms(self):
        figures = self.load("handshake", "-n", 1, "--ciphers", "aes128-ctr", "--macs", "hmac-sha2-256",
                            "--kex", "curve25519-sha256")
        self.assertEqual(figures["cipher"], "aes128-ctr")

    def refused(self, line):
        with open(self.server.path("other_hosts"), "w", encoding="ascii") as file:
            file.write(line)
        before = len(self.server.events("auth"))
        figures = self.load("handshake", "-n", 1, hosts="other_hosts", status=1)
        self.assertEqual((figures["done"], figures["logins"]), (0, 0))
        self.assertEqual(len(self.server.events("auth")), before)
        return figures["problem"]

    def test_host_keys(self):
        host = f"[127.0.0.1]:{self.server.port}"
        with open(self.server.path("stranger.pub"), encoding="ascii") as file:
            other = " ".join(file.read().split()[:2])
        said = self.refused(f"# one\n{host} {other}\n")
        self.assertIn("HAS CHANGED", said)
        self.assertIn("other_hosts:2", said)
        self.assertIn(self.server.fingerprint, said)
        self.assertIn("REVOKED", self.refused(f"{host} {self.server.host_key}\n@revoked * {self.server.host_key}\n"))
        self.assertIn("is not known", self.refused(""))
        # The command in the message works.
        command = re.search(r"ssh-keygen -f .*$", said)[0]
        with open(self.server.path("other_hosts"), "w", encoding="ascii") as file:
            file.write(f"{host} {other}\n")
        subprocess.run(command, shell=True, check=True, capture_output=True)
        with open(self.server.path("other_hosts"), encoding="ascii") as file:
            self.assertEqual(file.read(), "")
        load("-q", "-u", USER, "-i", self.server.path("key"), "--insecure", "handshake", "-n", 1, self.server.address)

    def test_mistakes_on_the_command_line(self):
        for words, says in (
                ((), "MODE"), (("jump",), "jump"), (("handshake", "nowhere"), "HOST:PORT"),
                (("handshake", "127.0.0.1:65558"), "HOST:PORT"), (("handshake", "-p", "0x16"), "0x16"),
                (("handshake", "-n", "x"), "number"), (("handshake", "--else"), "--else"),
                (("bulk", "-b", "17179869185G"), "number"),
                (("handshake", "--ciphers", "rot13"), "rot13"), (("handshake", "192.0.2.1:22"), "--yes-remote")):
            with self.subTest(words):
                self.assertIn(says, load("-u", USER, "--insecure", *words, status=2))
        self.assertIn("refused", load("-q", "-u", USER, "--insecure", "handshake", "-n", 1, "127.0.0.1:1",
                                      status=1)["problem"])


if __name__ == "__main__":
    unittest.main()
