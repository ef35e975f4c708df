"""nacre-trace hash: each field, H and the keys, compared with Python's hashlib: for the sessions of vectors/handshake.txt, and
for real ones with ssh, whose host key signatures prove H."""
import json
import os
import re
import subprocess
import tempfile
import unittest

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

import harness
import test_handshake as handshake
from client_program import ClientCase
from clients import Ssh

NACRE_TRACE = os.path.join(harness.BUILD, "nacre-trace")
SHARES = {"mlkem768x25519-sha256": ("C_INIT", "S_REPLY")}


def message(out, payload):
    return {"us": 1, "conn": 1, "event": "message", "dir": "out" if out else "in", "seq": 0, "number": payload[0], "name": "",
            "length": len(payload), "fields": [], "payload": payload.hex()}


def identification(out, line):
    return {"us": 0, "conn": 1, "event": "identification", "dir": "out" if out else "in", "text": line.decode(),
            "bytes": (line + b"\r\n").hex()}


class Session:
    """A session of vectors/handshake.txt as a server's trace, and what it should give."""

    def __init__(self, session):
        self.kex, self.k = session["kex"], session["K"]
        self.client, self.server = (handshake.Side(session[side]) for side in ("client", "server"))
        i_c, i_s = self.client.next(), self.server.next()
        self.order = [(False, i_c), (True, i_s)]
        count = 2 if "group-exchange" in self.kex else 1
        for _ in range(count):
            self.order += [(False, self.client.next()), (True, self.server.next())]
        self.digest = handshake.hash_of(self.kex)
        self.fields = self.hashed(i_c, i_s, [payload for _, payload in self.order[2:]])
        self.h = self.digest(b"".join(self.fields.values())).digest()

    def hashed(self, i_c, i_s, messages):
        reply = messages[-1]
        _, after = handshake.take_string(reply, 1)
        _, end = handshake.take_string(reply, after)
        fields = {"V_C": handshake.string(self.client.version), "V_S": handshake.string(self.server.version),
                  "I_C": handshake.string(i_c), "I_S": handshake.string(i_s), "K_S": reply[1:after]}
        names = SHARES.get(self.kex, ("e", "f") if self.kex.startswith("diffie") else ("Q_C", "Q_S"))
        if len(messages) == 4:
            request, group, init, _ = messages
            _, p_end = handshake.take_string(group, 1)
            fields.update({"min": request[1:5], "n": request[5:9], "max": request[9:13], "p": group[1:p_end],
                           "g": group[p_end:], names[0]: init[1:]})
        else:
            fields[names[0]] = messages[0][1:]
        fields.update({names[1]: reply[after:end], "K": self.k})
        return fields

    def trace(self, secrets):
        lines = [{"trace": 1, "program": "test"}, {"us": 0, "conn": 1, "event": "open", "role": "server"},
                 identification(False, self.client.version), identification(True, self.server.version)]
        lines += [message(out, payload) for out, payload in self.order[:2]]
        lines.append({"us": 1, "conn": 1, "event": "negotiated", "kex": self.kex})
        lines += [message(out, payload) for out, payload in self.order[2:]]
        if secrets:
            lines.append({"us": 2, "conn": 1, "event": "secret", "label": "K", "hex": self.k.hex()})
        return "".join(json.dumps(line) + "\n" for line in lines)

    def key(self, letter):
        return handshake.derive(self.digest, self.k, self.h, letter.encode(), 64)


def worksheet(text):
    """{name: bytes} of the lines that are no comments."""
    return {name: bytes.fromhex(value) for name, value in re.findall(r"^(\w+) = ([0-9a-f ]*)$", text, re.MULTILINE)}


class HashCase(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory(prefix="nacre-"))

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def hash(self, *words):
        done = subprocess.run([NACRE_TRACE, "hash", *words], capture_output=True, text=True, check=False,
                              timeout=harness.PATIENCE)
        return harness.Done(done.returncode, done.stdout, done.stderr)

    def check_exchange(self, found, signature, digest, session_id):
        """Everything that follows from the fields, and that the host key signed H."""
        fields = [name for name in found if name not in ("H", "session_id", *"ABCDEF")]
        self.assertEqual(digest(b"".join(found[name] for name in fields)).digest(), found["H"])
        self.assertEqual(found["session_id"], session_id)
        point = handshake.take_string(found["K_S"][4:], 15)[0]
        Ed25519PublicKey.from_public_bytes(point).verify(signature, found["H"])
        for letter in set("ABCDEF") & set(found):
            stream = key = digest(found["K"] + found["H"] + letter.encode() + session_id).digest()
            while len(stream) < len(found[letter]):
                key = digest(found["K"] + found["H"] + stream).digest()
                stream += key
            self.assertEqual(found[letter], stream[:len(found[letter])])


class Hash(HashCase):
    def test_the_worksheet_of_every_method(self):
        for session in map(Session, handshake.sessions()):
            with self.subTest(session.kex):
                done = self.hash(self.write("trace.json", session.trace(True)))
                self.assertEqual((done.status, done.err), (0, ""))
                found = worksheet(done.out)
                self.assertEqual(list(found), [*session.fields, "H", "session_id", *"ABCDEF"])
                self.assertEqual(found, {**session.fields, "H": session.h, "session_id": session.h,
                                         **{letter: session.key(letter) for letter in "ABCDEF"}})

    def test_a_worksheet_agrees_with_itself(self):
        for session in map(Session, handshake.sessions()):
            path = self.write("trace.json", session.trace(True))
            done = self.hash(path, "--against", self.write("mine.log", self.hash(path).out))
            self.assertEqual(done.status, 0)
            self.assertIn("Nothing differs.", done.out)

    def test_the_first_difference_is_named(self):
        session = Session(handshake.sessions()[3])
        path = self.write("trace.json", session.trace(True))
        mine = self.write("mine.log", f"V_C = {handshake.string(session.client.version + bytes([13, 10])).hex()}\n")
        done = self.hash("--against", mine, path)
        self.assertEqual((done.status, done.err), (1, ""))
        self.assertRegex(done.out, r"(?m)^V_C +differs from byte 3 on$")
        self.assertIn("usual cause: CR LF is inside the identification", done.out)

    def test_swapped_sides_are_named(self):
        session = Session(handshake.sessions()[3])
        session.client.version = b"SSH-2.0-Client"
        session.fields["V_C"] = handshake.string(session.client.version)
        path = self.write("trace.json", session.trace(True))
        for one, other in (("V_C", "V_S"), ("V_S", "V_C"), ("I_C", "I_S")):
            self.assertNotEqual(session.fields[one], session.fields[other])
            done = self.hash(path, "--against", self.write("mine.log", f"{one} = {session.fields[other].hex()}\n"))
            self.assertEqual((done.status, done.err), (1, ""))
            self.assertRegex(done.out, rf"(?m)^{one} +differs")
            self.assertIn("usual cause: client and server are swapped", done.out)

    def test_without_secrets_it_says_what_is_missing(self):
        session = Session(handshake.sessions()[0])
        done = self.hash(self.write("trace.json", session.trace(False)))
        self.assertEqual(done.status, 0)
        self.assertIn("# K: string, the shared secret: not in this trace; record it with --unsafe-keylog", done.out)
        self.assertEqual(list(worksheet(done.out)), [name for name in session.fields if name != "K"])

    def test_mistakes_are_sentences(self):
        trace = self.write("trace.json", Session(handshake.sessions()[3]).trace(True))
        empty = self.write("empty.json", '{"trace":1}\n')
        for words, says in (((trace, "--against", os.path.join(self.folder, "no.log")), "cannot open"),
                            ((trace, "--against", self.write("bad.log", "V_C = xyz\n")), "bad.log:1: V_C is not a number"),
                            ((empty,), "the trace has no key exchange: no two KEXINITs"),
                            ((trace, "--exchange", "2"), "no key exchange of that number"),
                            ((self.write("cut.json", "{"),), "not a trace, or cut off in its first line")):
            done = self.hash(*words)
            self.assertEqual((done.status, done.out), (1, ""), words)
            self.assertIn(says, done.err)
            self.assertTrue(done.err.startswith("nacre-trace: "))


class RealSession(HashCase):
    """ssh with nacre-echo, two key exchanges."""

    METHODS = ("curve25519-sha256", "ecdh-sha2-nistp256", "ecdh-sha2-nistp521", "sntrup761x25519-sha512@openssh.com",
               "diffie-hellman-group14-sha256", "diffie-hellman-group16-sha512", "diffie-hellman-group-exchange-sha256")

    def run_session(self, kex, *options):
        """The events of its trace."""
        path = os.path.join(self.folder, "trace.json")
        with harness.Server("--kex", kex, "--trace", path, "--trace-format", "json", *options) as server:
            done = Ssh(server).run("cat", b"x" * 100_000, options=("-o", "RekeyLimit=64K"))
            self.assertEqual((done.status, len(done.out)), (0, 100_000))
            server.stop()
        with open(path, encoding="utf-8") as file:
            return path, [json.loads(line) for line in file]

    def test_worksheets_of_sessions_with_ssh(self):
        for kex in self.METHODS:
            with self.subTest(kex):
                path, events = self.run_session(kex, "--unsafe-keylog", os.path.join(self.folder, "keys"))
                done = self.hash(path)
                self.assertEqual((done.status, done.err), (0, ""))
                self.assertNotRegex(done.out, "DIFFERS|not in this trace")
                sheets = list(map(worksheet, done.out.split("\n\n")))
                self.assertGreaterEqual(len(sheets), 2)
                replies = replies_of(events)
                self.assertEqual(len(replies), len(sheets))
                for sheet, reply in zip(sheets, replies):
                    self.check_exchange(sheet, signature_of(reply), handshake.hash_of(kex), sheets[0]["H"])
                for number in range(1, len(sheets) + 1):
                    mine = self.write("mine.log", done.out.split("\n\n")[number - 1])
                    against = self.hash(path, "--exchange", str(number), "--against", mine)
                    self.assertEqual((against.status, against.err), (0, ""), against.out)

    def test_without_secrets_the_own_secret_is_proved_by_h(self):
        path, events = self.run_session("curve25519-sha256")
        self.assertFalse([event for event in events if event.get("event") == "secret"])
        done = self.hash(path, "--exchange", "1")
        self.assertIn("# K: mpint, the shared secret: not in this trace", done.out)
        self.assertIn("# A to F: they cannot be derived", done.out)
        against = self.hash(path, "--against", self.write("mine.log", "K = 00000001 01\n"))
        self.assertEqual((against.status, against.err), (1, ""))
        self.assertIn("K          is wrong: with it, H is", against.out)


class FromTheClient(ClientCase, HashCase):
    """nacre-client with OpenSSH's server: the trace of the other side."""

    @classmethod
    def setUpClass(cls):
        finite = [kex for kex in RealSession.METHODS if kex.startswith("diffie-hellman-")]
        cls.server = cls.enterClassContext(cls.kind(f"KexAlgorithms +{','.join(finite)}\n"))

    def setUp(self):
        ClientCase.setUp(self)
        HashCase.setUp(self)

    def test_worksheets_of_sessions_with_sshd(self):
        for kex in RealSession.METHODS:
            with self.subTest(kex):
                path = os.path.join(self.folder, kex + ".json")
                done = self.run_("--kex=" + kex, "--trace=" + path, "--trace-format=json",
                                 "--unsafe-keylog=" + os.path.join(self.folder, "keys"), "echo done")
                self.assertEqual((done.status, done.out), (0, b"done\n"))
                with open(path, encoding="utf-8") as file:
                    events = [json.loads(line) for line in file]
                text = self.hash(path).out
                self.assertNotRegex(text, "DIFFERS|not in this trace")
                sheet = worksheet(text)
                self.check_exchange(sheet, signature_of(replies_of(events, "in")[0]), handshake.hash_of(kex), sheet["H"])


def replies_of(events, direction="out"):
    """The server's last message of each key exchange."""
    messages = [bytes.fromhex(event["payload"]) for event in events if event.get("event") == "message" and
                event["dir"] == direction and event["number"] in (21, 31, 33)]
    return [before for before, after in zip(messages, messages[1:]) if after[0] == 21]


def signature_of(reply):
    _, at = handshake.take_string(reply, 1)
    _, at = handshake.take_string(reply, at)
    signature, _ = handshake.take_string(reply, at)
    return handshake.take_string(signature, 15)[0]


if __name__ == "__main__":
    unittest.main()
