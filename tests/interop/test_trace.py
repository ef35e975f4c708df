"""nacre-trace prints, converts and compares traces."""
import base64
import hashlib
import json
import os
import re
import subprocess
import tempfile
import unittest

import harness
from clients import Ssh

NACRE_TRACE = os.path.join(harness.BUILD, "nacre-trace")
HEADER = {"trace": 1, "program": "nacre-echo", "version": "0.1", "secrets": False, "data": 64}


def lines(*events):
    return "".join(json.dumps(event) + "\n" for event in events)


class TraceCase(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory(prefix="nacre-"))

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def trace(self, *words, data=None):
        done = subprocess.run([NACRE_TRACE, *words], input=data, capture_output=True, text=True, check=False,
                              env=harness.clean_environment(self.folder), timeout=harness.PATIENCE)
        return harness.Done(done.returncode, done.stdout, done.stderr)


class CommandLine(TraceCase):
    def test_mistakes_are_sentences(self):
        for words, says in (
                ((), "give a COMMAND and a TRACE"),
                (("jason", "x"), "there is no COMMAND 'jason'"),
                (("json",), "json needs one TRACE"),
                (("json", "a", "b"), "json needs one TRACE"),
                (("json", "a", "--conn", "0"), "--conn: '0' is not")):
            done = self.trace(*words)
            self.assertEqual((done.status, done.out), (2, ""))
            self.assertIn(says, done.err)

    def test_output_that_cannot_be_written_is_an_error(self):
        path = self.write("trace.json", lines(HEADER))
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([NACRE_TRACE, "json", path], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, "nacre-trace: the output could not be written\n")


class Json(TraceCase):
    def test_members_have_the_order_of_the_schema(self):
        text = lines({"version": "0.1", "trace": 1},
                     {"event": "close", "own": [1, {"b": 1, "a": 2}], "why": "\u00e9<&\u0000", "conn": 1, "us": 5},
                     {"event": "hash", "conn": 1, "us": 6, "H": None,
                      "inputs": [{"len": 4, "type": "string", "name": "V_C", "text": "x"}]})
        expected = ('{"trace":1,"version":"0.1"}\n'
                    '{"us":5,"conn":1,"event":"close","why":"\u00e9<&\\u0000","own":[1,{"b":1,"a":2}]}\n'
                    '{"us":6,"conn":1,"event":"hash","inputs":[{"name":"V_C","type":"string","len":4,"text":"x"}],"H":null}\n')
        once = self.trace("json", self.write("trace.json", text))
        self.assertEqual(once, (0, expected, ""))
        self.assertEqual(self.trace("json", "-", data=once.out), (0, expected, ""))

    def test_one_connection_is_selected(self):
        events = [HEADER, {"us": 1, "conn": 1, "event": "close"}, {"us": 2, "conn": 2, "event": "close"},
                  {"us": 3, "event": "gap", "messages": 9}]
        done = self.trace("json", "-c", "2", self.write("trace.json", lines(*events)))
        self.assertEqual([json.loads(line)["us"] for line in done.out.splitlines()[1:]], [2, 3])

    def test_a_mistake_is_reported_with_its_line(self):
        path = self.write("trace.json", lines(HEADER, {"us": 1, "conn": 1, "event": "close"}) + "what?\n")
        self.assertEqual(self.trace("json", path).err,
                         f"nacre-trace: {path}:3: not JSON as a trace has it: column 1: a value is missing\n")
        done = self.trace("json", "-", data="")
        self.assertEqual((done.status, done.err), (1, "nacre-trace: standard input:1: the file is empty\n"))

    def test_a_trace_that_is_cut_off_is_printed_up_to_there(self):
        done = self.trace("json", self.write("trace.json", lines(HEADER) + '{"us":1,"co'))
        self.assertEqual((done.status, len(done.out.splitlines())), (0, 1))
        self.assertEqual(done.err, "nacre-trace: the last line of the trace is cut off and was left out\n")


def message(direction, name, fields, number=20):
    return {"us": 1, "conn": 1, "event": "message", "dir": direction, "seq": 0, "number": number, "name": f"SSH_MSG_{name}",
            "section": "RFC 4253 7.1", "length": 9, "fields": fields}


def kexinit(direction, algorithms, cookie, **more):
    return message(direction, "KEXINIT", [{"name": "cookie", "type": "byte[16]", "at": 1, "len": 16, "hex": cookie},
                                          {"name": "kex_algorithms", "type": "name-list", "list": algorithms, **more}])


class Diff(TraceCase):
    def handshake(self, name, *events, role="server", conn=1):
        opened = {"us": 0, "conn": conn, "event": "open", "role": role}
        return self.write(name, lines(HEADER, opened, *({**event, "conn": conn} for event in events)))

    def test_what_is_random_may_differ_and_both_ends_see_the_same(self):
        share = {"name": "e", "type": "mpint", "len": 5, "hex": "00"}
        secret = {"name": "password", "type": "string", "len": 12, "secret": True}
        a = self.handshake("a", kexinit("out", ["x"], "00"), kexinit("in", ["x", "y"], "01"),
                           message("in", "KEXDH_INIT", [share, secret], 30))
        b = self.handshake("b", kexinit("out", ["x", "y"], "02"), message("out", "KEXDH_INIT", [{**share, "len": 6}, secret], 30),
                           kexinit("in", ["x"], "03"), role="client", conn=7)
        done = self.trace("diff", a, b)
        self.assertEqual(done, (0, "2 messages from the client are the same\n1 message from the server is the same\n", ""))

    def test_fields_that_differ_are_named(self):
        a = self.handshake("a", kexinit("in", ["x", "y"], "00", chosen="x"))
        b = self.handshake("b", kexinit("in", ["y", "z"], "00", chosen="y"))
        done = self.trace("diff", a, b)
        self.assertEqual(done.status, 1)
        self.assertEqual(done.out, 'KEXINIT from the client (A:3, B:3):\n'
                         '    kex_algorithms: only in A: "x"\n'
                         '    kex_algorithms: only in B: "z"\n'
                         '    kex_algorithms, chosen: "x" in A, "y" in B\n'
                         '0 messages from the client are the same before the first difference\n'
                         '0 messages from the server are the same\n')
        c = self.handshake("c", kexinit("in", ["y", "x"], "00", chosen="x"))
        self.assertIn('kex_algorithms: the order differs: ["x","y"] in A, ["y","x"] in B', self.trace("diff", a, c).out)

    def test_nested_fields_secrets_and_lengths_are_compared(self):
        def request(key, length, cookie):
            return message("in", "USERAUTH_REQUEST", [
                {"name": "public key", "type": "string", "len": 9, "hex": "00", "fields": [{"name": "algorithm", "type": "string", "text": key}]},
                {"name": "password", "type": "string", "len": length, "secret": True},
                {"name": "cookie", "type": "byte[16]", "len": cookie, "hex": "00"}], 50)
        done = self.trace("diff", self.handshake("a", request("rsa", 12, 16)), self.handshake("b", request("ed", 13, 15)))
        self.assertIn('(A:3, B:3):\n    algorithm: "rsa" in A, "ed" in B\n    password, length: 12 in A, 13 in B\n'
                      '    cookie, length: 16 in A, 15 in B\n', done.out)

    def test_another_message_ends_the_comparison_of_that_side(self):
        a = self.handshake("a", kexinit("out", ["x"], "00"), message("in", "NEWKEYS", [], 21), message("in", "DEBUG", [], 4))
        b = self.handshake("b", kexinit("out", ["x"], "00"), message("in", "DEBUG", [], 4))
        done = self.trace("diff", a, b)
        self.assertEqual(done.out, "NEWKEYS from the client (A:4, B:4):\n    A has NEWKEYS, B has DEBUG\n"
                         "0 messages from the client are the same before the first difference\n"
                         "1 message from the server is the same\n")
        c = self.handshake("c", kexinit("out", ["x"], "00"))
        self.assertIn("NEWKEYS from the client (A:4, not in B):\n    A has NEWKEYS, B has ended\n", self.trace("diff", a, c).out)

    def test_the_login_ends_the_comparison_unless_it_is_whole(self):
        data = [message("in", "CHANNEL_DATA", [{"name": "data", "type": "string", "text": text}], 94) for text in "ab"]
        a, b = self.handshake("a", data[0]), self.handshake("b", data[1])
        self.assertEqual(self.trace("diff", a, b).status, 0)
        self.assertIn('data: "a" in A, "b" in B', self.trace("diff", "--whole", a, b).out)

    def test_the_outcome_is_compared(self):
        def outcome(mac, why):
            return ({"us": 1, "event": "negotiated", "kex": "x", "mac_client_to_server": mac}, {"us": 2, "event": "close", "why": why})
        done = self.trace("diff", self.handshake("a", *outcome(None, "peer closed")), self.handshake("b", *outcome("hmac", "timeout")))
        self.assertIn('negotiated of the outcome (A:3, B:3):\n    mac_client_to_server: nothing in A, "hmac" in B\n'
                      'close of the outcome (A:4, B:4):\n    why: "peer closed" in A, "timeout" in B\n', done.out)

    def test_traces_that_cannot_be_read_are_trouble(self):
        a = self.handshake("a")
        for words, says in ((("diff", a, "-"), "more than once"), (("diff", a, a + "x"), "No such file"),
                            (("diff", a, self.write("bad", "x\n")), "bad:1: not JSON")):
            done = self.trace(*words)
            self.assertEqual((done.status, done.out), (2, ""))
            self.assertIn(says, done.err)


class RealSessions(TraceCase):
    """Two sessions of ssh with nacre-echo, each with a password and a rekey."""

    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory(prefix="nacre-") as folder:
            path = os.path.join(folder, "trace")
            with harness.Server("--rekey-limit", "16k", "--trace-format", "json", "--trace", path) as server:
                for _ in range(2):
                    done = Ssh(server).run("cat", b"<b>hello</b>" * 4000)
                    assert done.status == 0, done
                server.wait("disconnected", count=2)
            with open(path, encoding="ascii") as file:
                cls.text = file.read()

    def one(self, conn):
        path = self.write("both.json", self.text)
        return self.write(f"{conn}.json", self.trace("json", "-c", str(conn), path).out)

    def test_json_is_as_the_program_wrote_it(self):
        done = self.trace("json", self.write("trace.json", self.text))
        self.assertEqual((done.status, done.err), (0, ""))
        for printed, written in zip(done.out.splitlines(), self.text.splitlines()):
            self.assertEqual(printed, written)
        self.assertTrue(done.out == self.text)

    def test_text_has_a_line_for_each_message(self):
        done = self.trace("text", self.write("trace.json", self.text))
        self.assertEqual((done.status, done.err), (0, ""))
        heads = re.findall(r"^[0-9.]+ #\d+ (?:->|<-) \d+  \S+  ([A-Z_]+) ", done.out, re.M)
        names = [event["name"] for event in map(json.loads, self.text.splitlines()) if event.get("event") == "message"]
        self.assertEqual([f"SSH_MSG_{head}" for head in heads], names)

    def test_two_handshakes_with_the_same_client_are_the_same(self):
        done = self.trace("diff", self.one(1), self.one(2))
        self.assertEqual((done.status, done.err), (0, ""), done.out)
        self.assertRegex(done.out, r"^\d+ messages from the client are the same\n\d+ messages from the server are the same\n$")

    def test_the_page_has_no_secret(self):
        done = self.trace("page", self.write("trace.json", self.text))
        self.assertEqual((done.status, done.err), (0, ""))
        data = done.out.partition('id="trace"')[2].partition("</script>")[0]
        for unwanted in (harness.PASSWORD, harness.PASSWORD.encode().hex(), "<b>"):
            self.assertFalse(unwanted in data, unwanted)
        self.assertIn("<b>hello", json.dumps(json.loads(data[data.index("["):])))


class Text(TraceCase):
    def test_a_trace_cannot_send_control_characters_to_the_terminal(self):
        events = [{"trace": 1, "program": "x\x1b[31m", "version": "\x9b1m"}, {"us": 1, "conn": 1, "event": "open\x07", "peer": "\x1b"},
                  {"us": 2, "conn": 1, "event": "hash", "inputs": [{"name": "V\x7f", "type": "string", "hex": "00"}]},
                  {**message("in", "DEBUG", [], 4), "phase": "auth\r", "length": 1, "payload": "04"}]
        done = self.trace("text", self.write("trace.json", lines(*events)))
        self.assertEqual(done.status, 0)
        self.assertIn(r"trace of x\x1b[31m \x9b1m", done.out)
        self.assertNotRegex(done.out, "[\x00-\x09\x0b-\x1f\x7f-\x9f]")


class Page(TraceCase):
    def test_only_its_own_script_and_style_are_allowed(self):
        page = self.trace("page", self.write("trace.json", lines(HEADER))).out
        style = re.search(r"<style>(.*?)</style>", page, re.S)[1]
        script = re.search(r"<script>(.*?)</script>", page, re.S)[1]
        policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)[1]
        for directive, text in (("style-src", style), ("script-src", script)):
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            self.assertIn(f"{directive} 'sha256-{digest}'", policy)
        self.assertIn("default-src 'none'", policy)
        self.assertNotRegex(page, r"(src|srcset|data|action)=|<link|@import|url\(")

    def test_it_has_every_handler(self):
        page = self.trace("page", self.write("trace.json", lines(HEADER))).out
        with open(os.path.join(harness.TOP, "apps/trace/handlers.c"), encoding="ascii") as file:
            rows = re.findall(r'^    \{"(\w+)", "(\w+)", "(\w+)", "([\w/.]+)"\},$', file.read(), re.M)
        expected = {}
        for message, way, function, path in rows:
            expected.setdefault(message, {}).setdefault(way, []).append([function, path])
        self.assertGreater(len(expected), 20)
        self.assertEqual(json.loads(re.search(r'id="handlers">(.*?)</script>', page, re.S)[1]), expected)

    def test_it_contains_the_trace_unchanged(self):
        events = [HEADER, {"us": 1, "conn": 1, "event": "close", "why": "</script><!--<script>&\u2028\u0000\u00e9"}]
        path = self.write("trace.json", lines(*events))
        page = self.trace("page", path)
        self.assertEqual((page.status, page.err), (0, ""))
        data = re.search(r'id="trace">(.*?)</script>', page.out, re.S)[1]
        self.assertEqual(json.loads(data), events)
        self.assertNotRegex(data, "[<>&]")
        self.assertEqual(page.out.count("<script"), 3)
        self.assertEqual(self.trace("page", path).out, page.out)

    def test_a_trace_with_a_mistake_is_shown_up_to_there(self):
        done = self.trace("page", self.write("trace.json", lines(HEADER) + "what?\n"))
        self.assertEqual(done.status, 1)
        self.assertIn("trace.json:2: not JSON", done.err)
        self.assertEqual(json.loads(re.search(r'id="trace">(.*?)</script>', done.out, re.S)[1]), [HEADER])


if __name__ == "__main__":
    unittest.main()
