#!/usr/bin/env python3
"""--trace: what stock ssh sends and receives, message by message, and what is never shown."""
import json
import os
import re
import stat
import subprocess
import tempfile
import unittest

from clients import Ssh
from harness import BUILD, MIB, NACRE_ECHO, PASSWORD, USER, Server, answer_to, random_bytes, until
from terminals import Terminal
from test_keylog import CURVE, log_in, secrets_of

JSON = ("--trace", "trace", "--trace-format", "json")


def events_of(path):
    """The objects of a trace, without its header; a line that is being written is left out, the header too."""
    with open(path, encoding="ascii") as file:
        header, *events = [json.loads(line) for line in file.read().split("\n")[:-1]] or [{"trace": 1}]
    assert header["trace"] == 1, header
    return events


def wait_for_end(server, connections):
    """The trace of that many connections, once all are closed."""
    def closed():
        events = events_of(server.path("trace"))
        return events if sum(event["event"] == "close" for event in events) == connections else None
    return until(closed, "the ends of all connections")


def messages(events, name, direction=None, kind=None):
    """The messages with this name, and their fields as {name: shown value}."""
    found = []
    for event in events:
        if event["event"] == "message" and event.get("name") == f"SSH_MSG_{name}" and direction in (None, event["dir"]) and \
                kind in (None, event.get("kind")):
            found.append({field["name"]: next((field[what] for what in ("value", "text", "list", "hex", "secret")
                                               if what in field), None) for field in event["fields"]})
    return found


class Traced(unittest.TestCase):
    def check(self, events):
        """Sequence numbers have no gap, every byte of a message belongs to a field, nothing is malformed."""
        expected = {}
        for event in events:
            if event["event"] != "message":
                continue
            direction = event["conn"], event["dir"]
            self.assertEqual(event["seq"], expected.get(direction, 0))
            expected[direction] = 0 if event["name"] == "SSH_MSG_NEWKEYS" else event["seq"] + 1
            at = 1
            for field in event["fields"]:
                self.assertEqual(field["at"], at)
                at += field["len"]
            self.assertEqual(at, event["length"])
            self.assertEqual(len(event["payload"]) // 2 + event["cut"], event["length"])
            self.assertNotIn("malformed", event)
            self.assertTrue(event["packet"])
            self.assertTrue(event["section"])

    def test_a_session_at_a_terminal(self):
        """Password login, pty, window change, keystrokes, EOF and CLOSE, each with its fields."""
        with Server(*JSON) as server:
            client = Ssh(server, login="password")
            with Terminal(client.command(terminal=True), client.environment(), 100, 30) as terminal:
                terminal.expect(b"")
                server.wait("request", type="shell")
                terminal.type(b"h")
                terminal.expect(answer_to(b"h"))
                terminal.resize(132, 43)
                server.wait("request", type="window-change")
            self.assertEqual(client.run("cat", b"bytes").out, b"bytes")
            events = wait_for_end(server, 2)
            self.check(events)
            self.assertEqual(messages(events, "USERAUTH_REQUEST", "in", "password")[0],
                             {"user name": USER, "service name": "ssh-connection", "method name": "password",
                              "changes password": False, "plaintext password": True})
            pty = messages(events, "CHANNEL_REQUEST", "in", "pty-req")[0]
            self.assertEqual((pty["terminal width, characters"], pty["terminal height, rows"]), (100, 30))
            self.assertEqual(pty["want reply"], True)
            change = messages(events, "CHANNEL_REQUEST", "in", "window-change")[0]
            self.assertEqual((change["terminal width, columns"], change["terminal height, rows"]), (132, 43))
            self.assertIn({"recipient channel": 0, "data": "h"}, messages(events, "CHANNEL_DATA", "in"))
            self.assertIn({"recipient channel": 0, "data": "bytes"}, messages(events, "CHANNEL_DATA", "out"))
            self.assertEqual(messages(events, "CHANNEL_EOF", "in"), [{"recipient channel": 0}])
            for direction in "in", "out":
                self.assertIn({"recipient channel": 0}, messages(events, "CHANNEL_CLOSE", direction))
            self.assertEqual(messages(events, "CHANNEL_REQUEST", "out", "exit-status")[-1]["exit_status"], 0)

    def test_a_login_with_a_key_and_a_rekey(self):
        """The signature and its parts; both lists of each KEXINIT, the choice and why; the inputs of each hash."""
        with Server(*JSON) as server:
            data = random_bytes(3 * MIB)
            self.assertEqual(Ssh(server, options=("-o", "RekeyLimit=1M")).run("cat", data).out, data)
            events = wait_for_end(server, 1)
            self.check(events)
            proof = messages(events, "USERAUTH_REQUEST", "in", "publickey-hostbound-v00@openssh.com")[-1]
            self.assertEqual((proof["user name"], proof["has signature"]), (USER, True))
            self.assertTrue(proof["signature"])
            hashes = [event for event in events if event["event"] == "hash"]
            self.assertGreater(len(hashes), 1)
            self.assertEqual({event["session_id"] for event in hashes}, {hashes[0]["H"]})
            for event in hashes:
                self.assertEqual([field["name"] for field in event["inputs"]],
                                 ["V_C", "V_S", "I_C", "I_S", "K_S", *[f["name"] for f in event["inputs"][5:7]], "K"])
                self.assertTrue(event["inputs"][-1]["secret"])
            self.assertEqual(len(messages(events, "KEXINIT", "in")), len(hashes))
            negotiated = [event for event in events if event["event"] == "negotiated"][0]
            ciphers = next(one for one in negotiated["lists"] if one["name"] == "encryption_algorithms_client_to_server")
            self.assertEqual(ciphers["chosen"], negotiated["cipher_client_to_server"])
            self.assertIn(ciphers["chosen"], ciphers["client"])
            self.assertIn(ciphers["chosen"], ciphers["server"])
            self.assertIn("client's", ciphers["why"])

    def test_no_secret_is_shown(self):
        """Not the password, and not what a key log has, in any form; with --unsafe-keylog, both."""
        for form in "json", "text":
            with self.subTest(form), Server("--trace", "trace", "--trace-format", form, "--trace-data", *CURVE) as server:
                log_in(server, "-n", 2, *CURVE, "--unsafe-keylog", server.path("keys"))
                self.assertEqual(Ssh(server, login="password").run("cat", b"bytes").out, b"bytes")
                with open(server.path("key"), encoding="ascii") as file:
                    private = "".join(file.read().split("\n")[1:-2])
                trace = until(lambda: (found := self.read(server)).count("close") >= 3 and found, "the ends")
                self.assertGreater(trace.count("USERAUTH_REQUEST"), 3)
                for secret in (PASSWORD, PASSWORD.encode().hex(), private, *secrets_of(server.path("keys"))):
                    self.assertNotIn(secret, trace)
                self.assertEqual(stat.S_IMODE(os.stat(server.path("trace")).st_mode), 0o600)
        with Server(*JSON, "--unsafe-keylog", "keys", *CURVE) as server:
            self.assertEqual(Ssh(server, login="password").run("cat", b"bytes").out, b"bytes")
            events = wait_for_end(server, 1)
            trace = self.read(server)
            for secret in (PASSWORD, *secrets_of(server.path("keys")), *secrets_of(server.path("keys")).values()):
                self.assertIn(secret, trace)
            self.assertLessEqual(set("xKCD"), {event["label"] for event in events if event["event"] == "secret"})

    def read(self, server):
        with open(server.path("trace"), encoding="ascii") as file:
            return file.read()

    def test_a_slow_reader_finds_a_gap_and_blocks_nobody(self):
        readers = []

        def make_pipe(server):
            os.mkfifo(server.path("trace"), 0o600)
            readers.append(os.open(server.path("trace"), os.O_RDONLY | os.O_NONBLOCK))

        with Server(*JSON, "--trace-data", before=make_pipe) as server:
            data = random_bytes(8 * MIB)
            self.assertEqual(Ssh(server).run("cat", data).out, data)  # nobody reads the trace
            self.assertEqual(Ssh(server).run("cat", b"bytes").out, b"bytes")
            os.set_blocking(readers[0], True)
            with open(readers[0], encoding="ascii") as pipe:
                lines = []
                for line in pipe:
                    lines.append(json.loads(line))
                    if lines[-1].get("event") == "gap":
                        break
                self.assertGreater(lines[-1]["messages"], 100)
                done = subprocess.Popen(Ssh(server).command("exit 0"), env=Ssh(server).environment())
                after = next(line for line in map(json.loads, pipe) if line["event"] == "open")
                self.assertEqual(after["conn"], 3)
                for line in pipe:
                    if json.loads(line)["event"] == "close":
                        break
                self.assertEqual(done.wait(), 0)

    def test_text_on_standard_error(self):
        """Twenty lines of it, at least; the log is there too, and its lines stay whole."""
        with Server(verbosity="-v") as other, tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "both")
            with open(path, "wb") as both:
                server = subprocess.Popen([NACRE_ECHO, "-l", "127.0.0.1:0", "-k", other.path("host_key"), "-a",
                                           other.path("authorized_keys"), "--trace", "-"], stderr=both, cwd=folder)
            try:
                port = until(lambda: re.search(r"event=listening addr=127\.0\.0\.1:(\d+)", self.text(path)), "listening")[1]
                other.port = int(port)
                self.assertEqual(Ssh(other, options=("-o", "StrictHostKeyChecking=no")).run("cat", b"bytes").out, b"bytes")
                until(lambda: " close why " in self.text(path), "the end")
            finally:
                server.terminate()
                server.wait()
            trace = self.text(path)
            for line in (r"#1 <- \d+  kexinit  KEXINIT \(20\)  RFC 4253 7\.1  \d+ bytes\n    cookie: [0-9a-f]{32} \(16 bytes\)",
                         r"\n    kex_algorithms: .*\*\w[^,*]*\*,.* \[the .*client.*\]\n", r"\n    H: [0-9a-f]{64,128}\n",
                         r"#1 <- \d+  connection  CHANNEL_DATA \(94\)  RFC 4254 5\.2  14 bytes\n    recipient channel: 0\n"
                         r"    data: 'bytes' \(5 bytes\)\n",
                         r"#1 <- \d+  connection  CHANNEL_CLOSE \(97\)  RFC 4254 5\.3  5 bytes\n    recipient channel: 0\n"):
                self.assertRegex(trace, line)
            for line in trace.splitlines():
                self.assertRegex(line, r"^(ts=.* event=|trace of nacre-echo |\d+\.\d{6} #1 |    )")

    def text(self, path):
        with open(path, encoding="ascii") as file:
            return file.read()

    def test_a_client_is_traced_too(self):
        with Server() as server:
            log_in(server, "-n", 2, "--trace", server.path("trace"), "--trace-format", "json")
            events = events_of(server.path("trace"))
            self.check(events)
            self.assertEqual({event["role"] for event in events if event["event"] == "open"}, {"client"})
            self.assertEqual(sum(event["event"] == "close" for event in events), 2)
            self.assertEqual(sum(event["event"] == "hash" for event in events), 2)

    def test_a_file_that_others_can_read_prevents_the_start(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "trace")
            with open(path, "w", encoding="ascii"):
                os.chmod(path, 0o644)
            done = subprocess.run([os.path.join(BUILD, "nacre-echo"), "--trace", path], check=False, capture_output=True,
                                  text=True, cwd=folder)
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"nacre-echo: {path} may be opened by other users", done.stderr)


if __name__ == "__main__":
    unittest.main()
