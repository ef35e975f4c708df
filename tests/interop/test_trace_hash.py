"""nacre-trace hash: each field, H and the keys, compared with Python's hashlib."""
import json
import os
import re
import subprocess
import tempfile
import unittest

import harness
import test_handshake as handshake

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


class Hash(unittest.TestCase):
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


if __name__ == "__main__":
    unittest.main()
