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
                    '{"us":6,"conn":1,"event":"hash","inputs":[{"name":"V_C","type":"string","len":4,"text":"x"}]}\n')
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
