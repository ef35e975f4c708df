#!/usr/bin/env python3
"""nacre-spec: nacre-echo and nacre-serve pass its cases, OpenSSH's sshd the baseline; its exit statuses and outputs."""
import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import threading
import unittest
import xml.etree.ElementTree

from harness import BUILD, PASSWORD, PATIENCE, TOP, USER, Server, clean_environment
from others import Sshd, Tiny
from spec_subjects import LIMITS, Serve

NACRE_SPEC = os.path.join(BUILD, "nacre-spec")
EXPECTED = os.path.join(TOP, "tests/interop/spec_expect.txt")
# Cases take more connections, attempts and requests than any client.
LIMITS = ("--max-startups", "1000", "--rate-limits", "no", "--kex", "+diffie-hellman-*", "--keyboard-interactive")


def spec(*words, status=0, patience=10 * PATIENCE):
    """Its standard output, if it ends with that status."""
    done = subprocess.run([NACRE_SPEC, *map(str, words)], capture_output=True, timeout=patience, text=True,
                          env=clean_environment("/nonexistent"), check=False)
    assert status is None or done.returncode == status, f"status {done.returncode}:\n{done.stdout[-6000:]}\n{done.stderr}"
    return done.stdout + done.stderr


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Ours:
    """What holds for both of our servers. One server for all tests: that it still serves is a part of each verdict."""

    @classmethod
    def setUpClass(cls):
        cls.server = cls.start()
        with open(cls.server.path("password"), "w", encoding="ascii") as file:
            file.write(PASSWORD + "\n")
        cls.addClassCleanup(cls.server.clear)

    def run_cases(self, *words, **options):
        return spec("server", self.server.address, "--user", USER, "--key", self.server.path("key"), "--password",
                    self.server.path("password"), "--profile", self.profile, *words, **options)

    def test_every_must_and_should_passes(self):
        results = self.server.path("results.json")
        self.run_cases("--strict", "--expect", EXPECTED, "--json", results)
        with open(results, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        self.assertEqual(lines[0]["run"]["peer"], "SSH-2.0-nacre_0.1")
        with open(EXPECTED, encoding="ascii") as file:
            known = {line.split()[0] for line in file if line.strip() and line[0] != "#"}
        for line in lines[1:]:
            if line["level"] in ("MUST", "SHOULD") and line["id"] not in known:
                self.assertIn(line["verdict"], ("pass", "skip", "info"), line)


class NacreServe(Ours, unittest.TestCase):
    profile = "nacre-serve"
    start = Serve


class Echo(Ours, unittest.TestCase):
    profile = "nacre-echo"

    @staticmethod
    def start():
        return Server(*LIMITS)

    def test_the_same_verdicts_come_out_again(self):
        verdicts = []
        for jobs in 1, 8:
            results = self.server.path("again.json")
            self.run_cases("4253/4.2", "4253/7", "--jobs", jobs, "--json", results, status=None)
            with open(results, encoding="utf-8") as file:
                verdicts.append({line["id"]: line["verdict"] for line in map(json.loads, file) if "id" in line})
        self.assertEqual(*verdicts)

    def test_junit_names_every_case(self):
        junit = self.server.path("junit.xml")
        self.run_cases("4253/5.1", "--junit", junit)
        names = [case.get("name") for case in xml.etree.ElementTree.parse(junit).iter("testcase")]
        self.assertIn("4253/5.1/ident-1.5: protoversion 1.5", names)

    def test_results_are_compared_and_shown_as_a_page(self):
        names = [self.server.path(name) for name in ("one.json", "two.json")]
        page = self.server.path("page")
        for name in names:
            self.run_cases("4253/5.1", "--json", name, "--html", page)
        with open(os.path.join(page, "index.html"), encoding="utf-8") as file:
            self.assertIn('"peer":"SSH-2.0-nacre_0.1"', file.read())
        self.assertIn("cases, 0 differ", spec("compare", *names))
        shown = spec("compare", *names, "-v", "--html", os.path.join(page, "both"))
        self.assertRegex(shown, r"pass  pass  4253/5.1/ident-1.5  MUST  protoversion 1.5")
        with open(os.path.join(page, "both", "index.html"), encoding="utf-8") as file:
            self.assertEqual(file.read().count('"peer":"SSH-2.0-nacre_0.1"'), 2)
        self.assertIn("index.html:1: ", spec("compare", names[0], os.path.join(page, "index.html"), status=2))
        self.assertIn("cannot be read", spec("compare", "/nonexistent", status=2))

    def test_verbose_shows_the_messages(self):
        shown = self.run_cases("4253/4.2/baseline", "-v")
        self.assertRegex(shown, r"-> +20 KEXINIT")
        self.assertRegex(shown, r"<- +52 USERAUTH_SUCCESS")

    def test_a_trace_is_kept_for_each_case(self):
        folder = self.server.path("trace")
        self.run_cases("4253/4.2/baseline", "--trace", folder)
        trace = os.path.join(folder, "4253-4.2-baseline.json")
        with open(trace, encoding="ascii") as file:
            lines = [json.loads(line) for line in file]
        names = [line.get("name") for line in lines]
        self.assertEqual((lines[1]["event"], lines[1]["id"], lines[1]["verdict"]), ("case", "4253/4.2/baseline", "pass"))
        self.assertIn("SSH_MSG_USERAUTH_SUCCESS", names)
        reply = next(line for line in lines if line.get("number") == 31)  # its fields depend on the method that was chosen
        self.assertIn("Q_S", [field["name"] for field in reply["fields"]])
        self.assertNotIn("malformed", reply)
        self.assertIn("identification", [line.get("event") for line in lines])
        self.assertEqual({line["label"] for line in lines if line.get("event") == "secret"}, set("KABCDEF"))
        self.assertTrue(all(line["packet_length"] > 0 for line in lines if line.get("event") == "message"))
        nacre_trace = os.path.join(BUILD, "nacre-trace")
        subprocess.run([nacre_trace, "text", trace], check=True, stdout=subprocess.DEVNULL)
        hashed = subprocess.run([nacre_trace, "hash", trace], check=True, capture_output=True, text=True).stdout
        self.assertRegex(hashed, r"(?m)^# H = SHA-256 of all of the above; the trace has the same$")
        self.assertRegex(hashed, r"(?m)^# D: encryption key, .* the trace has the same$")
        shown = spec("replay", trace)
        self.assertRegex(shown, r"\n    Q_S: ")
        self.assertNotIn("unknown", shown)
        self.assertRegex(shown, r"case +4253/4.2/baseline\n(.*\n)*verdict +pass\n(.*\n)*.*USERAUTH_SUCCESS")

    def test_a_trace_has_no_password(self):
        folder = self.server.path("password-trace")
        self.run_cases("4252/8/password", "--trace", folder)
        with open(os.path.join(folder, "4252-8-password.json"), encoding="ascii") as file:
            trace = file.read()
        self.assertIn('"secret":true', trace)
        self.assertNotIn(PASSWORD.encode().hex(), trace)
        self.assertNotIn(PASSWORD, trace)
        for message in map(json.loads, trace.splitlines()):  # the keys in the trace would decrypt the packet
            if message.get("number") == 50:
                self.assertNotIn("packet", message)

    def test_results_have_no_password(self):
        results = self.server.path("secret.json")
        page = self.server.path("secret-page")
        shown = self.run_cases("4252/8", "-v", "--json", results, "--html", page)
        for name in (results, os.path.join(page, "index.html")):
            with open(name, encoding="utf-8") as file:
                shown += file.read()
        self.assertIn("70617373776f7264...", shown)  # it ends with "password", the method
        self.assertNotIn(PASSWORD.encode().hex(), shown)

    def test_only_a_trace_is_replayed(self):
        text = self.server.path("no-trace")
        with open(text, "w", encoding="ascii") as file:
            file.write("x\n")
        self.assertIn("no-trace:1: ", spec("replay", text, status=2))
        self.assertIn("/nonexistent", spec("replay", "/nonexistent", status=2))

    def test_a_known_failure_that_passes_fails_the_run(self):
        known = self.server.path("known")
        with open(known, "w", encoding="ascii") as file:
            file.write("4253/5.1/ident-1.5 xfail it was tolerated\n")
        self.assertIn("xpass", self.run_cases("4253/5.1/ident-1.5", "--expect", known, status=1))

    def test_nothing_selected_is_a_mistake(self):
        self.assertIn("no case is selected", self.run_cases("strict", "-x", "strict", status=2))
        self.assertIn("'nonsense'", self.run_cases("nonsense", status=2))

    def test_a_baseline_that_does_not_pass(self):
        said = spec("server", self.server.address, "--user", USER, "--key", self.server.path("stranger"), status=3)
        self.assertIn("the baseline does not pass: the correct login was refused", said)


class Program(unittest.TestCase):
    def test_a_server_that_is_not_there(self):
        self.assertIn("is the server running?", spec("server", f"127.0.0.1:{free_port()}", "-u", USER, status=3))

    def test_another_machine_needs_a_word(self):
        self.assertIn("--yes-remote", spec("server", "192.0.2.1:22", "-u", USER, status=2))

    def test_list_and_explain(self):
        listed = spec("list").splitlines()
        self.assertIn("4253/5.1/ident-1.5\tboth\tMUST\tRFC 4253 5.1\t4253/5.1/2\tprotoversion 1.5\tclose", listed)
        for line in spec("list", "--list-json").splitlines():
            self.assertEqual(len(json.loads(line)), 7)
        self.assertIn("4253/5.1/2", spec("explain", "4253/5.1/ident-1.5"))
        self.assertIn("there is no case 'x'", spec("explain", "x", status=2))


class OpenSsh(unittest.TestCase):
    def test_sshd_passes_the_baseline(self):
        with Sshd() as sshd:
            shown = spec("server", f"127.0.0.1:{sshd.port}", "--user", sshd.user, "--key", sshd.path("key"),
                         "4253/4.2/baseline", "4253/5.1")
        self.assertIn("warn  ident-2.1", shown)  # "SSH-2.1" is accepted


class Fragile:
    """A way to a server on which nothing passes after a version 1.5, until the file `up` is there."""

    def __init__(self, server):
        host, port = server.address.rsplit(":", 1)
        self.to = host, int(port)
        self.up = server.path("up")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.down = False
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):  # until it is closed
            while True:
                client, _ = self.listener.accept()
                if os.path.exists(self.up):
                    os.remove(self.up)
                    self.down = False
                threading.Thread(target=self.relay, args=(client,), daemon=True).start()

    def relay(self, client):
        try:
            server = socket.create_connection(self.to)
        except OSError as error:
            print(f"no way to the server: {error}", file=sys.stderr)
            client.close()
            return
        with contextlib.suppress(OSError), client, server:
            while not self.down and (ready := select.select([client, server], [], [], PATIENCE)[0]):
                for end in ready:
                    data = end.recv(65536)
                    self.down = self.down or b"SSH-1.5" in data
                    if not data or self.down:
                        return
                    (server if end is client else client).sendall(data)


class Restart(unittest.TestCase):
    """The case after which the server is down has failed; the others have not."""

    def setUp(self):
        self.server = Server(*LIMITS)
        self.addCleanup(self.server.clear)
        self.fragile = Fragile(self.server)
        self.addCleanup(self.fragile.listener.close)

    def run_cases(self, *words, **options):
        return spec("server", self.fragile.address, "--user", USER, "--key", self.server.path("key"), "--profile", "nacre-echo",
                    "4253/5.1", "4253/4.2/baseline", *words, **options)

    def test_a_server_that_a_case_stopped_is_started_again(self):
        shown = self.run_cases("--restart", f"touch '{self.fragile.up}'", status=1)
        self.assertRegex(shown, r"fail  ident-1.5 .*\n.*no longer accepted a login")
        self.assertEqual(shown.count("FAILED"), 1, shown)
        self.assertIn("pass  baseline", shown)

    def test_a_server_that_nothing_starts_again_ends_the_run(self):
        self.assertIn("accepted no login since about 4253/5.1/ident-1.5", self.run_cases("--jobs", 1, status=3))


class TinySsh(unittest.TestCase):
    def test_a_server_that_answers_global_requests_with_unimplemented(self):
        """The number in its UNIMPLEMENTED is too large by 1, which the cases about that find. What follows an IGNORE in its
        buffer waits for more: it goes on, but late. Neither makes a fence pass, or fail, by mistake."""
        with Tiny() as tiny:
            shown = spec("server", f"127.0.0.1:{tiny.port}", "--user", tiny.user, "--key", tiny.path("key"),
                         "4253/11.4/unknown-127", "4253/11.4/order", "4253/11.2/ignore-empty",
                         "4253/11.4/unimplemented-unasked", "-v", status=1)
        self.assertIn("baseline  ok", shown)
        self.assertIn("global requests are answered with UNIMPLEMENTED", shown)
        self.assertRegex(shown, r"fail  unknown-127 .*\n.*unimpl\([0-9]+, not [0-9]+\)")
        self.assertRegex(shown, r"(pass|warn)  ignore-empty")  # depends on how the packets come together
        self.assertRegex(shown, r"->. 90 CHANNEL_OPEN .*\n.*<-  92 CHANNEL_OPEN_FAILURE ")


if __name__ == "__main__":
    unittest.main()
