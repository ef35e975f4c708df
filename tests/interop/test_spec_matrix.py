#!/usr/bin/env python3
"""The matrix of nacre-spec: each implementation that is installed passes the baseline; the pages that the results become."""
import contextlib
import glob
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import others
import spec_matrix
import spec_results
from harness import PATIENCE
from spec_subjects import CLIENTS, NACRE_SPEC, SUBJECTS, start

LONG = bool(os.environ.get("NACRE_LONG"))
PROGRAM_LINES = 60  # at most, of one that is made with a library
SHARED_LINES = 100
HOSTILE = "</script><img src=x onerror=alert(1)>|` ``| [a](https://localhost/)\n# heading\x1b[31m"


def run(command):
    """nacre-spec, again if its baseline did not pass: on a busy machine a step of it may take more than its 10 seconds."""
    for _ in range(3):
        done = subprocess.run(command, capture_output=True, text=True, timeout=10 * PATIENCE, check=False)
        if done.returncode != 3:
            break
    return done


class Subjects(unittest.TestCase):
    def installed(self, role):
        """Each subject of the role that is installed, and it running."""
        for subject in SUBJECTS:
            if subject.role != role:
                continue
            with contextlib.ExitStack() as stack:
                try:
                    peer = stack.enter_context(start(subject))
                except unittest.SkipTest as why:
                    print(f"{subject.name}: left out: {why}")
                    continue
                yield subject, peer

    def test_each_server_passes_the_baseline(self):
        """... and is started again on the same port if a case stops it."""
        for subject, peer in self.installed("server"):
            command = peer.nacre_spec("4253/4.2/own-cr-lf", "4254/6.10/exit-status")
            for restart in (False, True) if subject.name in ("asyncssh", "libssh") else (False,):
                with self.subTest(subject.name, restart=restart):
                    if restart:
                        peer.restart()
                    done = run(command)
                    self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                    # On a busy machine TinySSH may report another status than the program's.
                    answers = "pass|skip|info|warn" if subject.name == "tinysshd" else "pass|skip|info"
                    self.assertRegex(done.stdout, rf"pass  own-cr-lf .*\n(.*\n)*  ({answers})  exit-status")

    def test_each_client_passes_the_baseline(self):
        """... refuses a host key that it does not know, and shows what the command writes to its standard error; with NACRE_LONG it
        must end with each exit status, too."""
        for subject, peer in self.installed("client"):
            with self.subTest(subject.name):
                done = run(peer.nacre_spec("4253/4.2/baseline", "4251/4.1/hostkey-changed", "4254/5.2/extended-stderr"))
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertRegex(done.stdout, r"pass  baseline .*\n(.*\n)*  pass  hostkey-changed(.*\n)*  pass  extended-stderr")
                if LONG:
                    done = run(peer.nacre_spec("4254/6.10/exit-status-client"))
                    self.assertRegex(done.stdout, "exit status 0;.*exit status 1;.*exit status 255", done.stdout + done.stderr)

    def test_each_client_of_the_folder_is_a_subject(self):
        subjects = {subject.start.args[0] for subject in SUBJECTS if subject.role == "client"}
        self.assertLessEqual(set(glob.glob(os.path.join(CLIENTS, "*.profile"))), subjects)

    def test_each_program_of_a_library_is_short(self):
        """A reader sees at once what is the library's. What programs share is not long either."""
        programs = 0
        for path in glob.glob(os.path.join(others.SERVERS, "*.*")) + glob.glob(os.path.join(CLIENTS, "*.*")):
            is_program = re.match("serve_|connect_|Connect[A-Z]", os.path.basename(path)) is not None
            programs += is_program
            with self.subTest(path), open(path, encoding="utf-8") as file:
                self.assertLessEqual(len(file.readlines()), PROGRAM_LINES if is_program else SHARED_LINES)
        self.assertGreaterEqual(programs, 5 + 9)

    def test_the_results_name_what_was_tested(self):
        self.addCleanup(setattr, spec_results, "FOLDER", spec_results.FOLDER)
        with tempfile.TemporaryDirectory() as spec_results.FOLDER:
            counts = spec_matrix.keep(SUBJECTS[0], "4253/5.1")
            self.assertEqual(sum(counts.values()), 5, counts)
            column, = spec_results.columns(spec_results.FOLDER)
            self.assertEqual((column.run["name"], column.run["role"], column.run["peer"], column.run["package"]),
                             ("nacre-echo", "server", "SSH-2.0-nacre_0.1", "0.1"))
            self.assertNotIn("target", column.run)
            client = next(subject for subject in SUBJECTS if subject.role == "client")
            self.assertEqual(sum(spec_matrix.keep(client, "4253/5.1").values()), 5)
            self.assertEqual([(column.run["name"], column.run["role"]) for column in spec_results.columns(spec_results.FOLDER)],
                             [("nacre-echo", "server"), ("nacre-client", "client")])

    def test_what_is_not_installed_is_left_out_by_name(self):
        with self.assertRaisesRegex(unittest.SkipTest, "lsh-server is not installed"):
            start(SUBJECTS[0]._replace(package="lsh-server", needs="no-such-program"))


def result(id_, verdict, observed="go-on", level="MUST", **more):
    return {"id": id_, "level": level, "clause": "RFC " + id_.split("/")[0] + " 7", "requirements": [], "title": "about " + id_,
            "verdict": verdict, "expected": ["close", "go-on"], "observed": observed, "ms": 1, **more}


class Pages(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="nacre-")
        self.addCleanup(shutil.rmtree, self.folder)

    def write(self, name, *results, **run):
        run = {"version": "0.1", "role": "server", "peer": "SSH-2.0-x", "seed": 1, "facts": {}, "name": name, "package": "x 1",
               "system": "Debian 12.1", **run}
        with open(os.path.join(self.folder, name + ".json"), "w", encoding="utf-8") as file:
            for line in {"run": run}, *results:
                file.write(json.dumps(line) + "\n")

    def text(self):
        return "\n".join(spec_results.page(spec_results.columns(self.folder)))

    def test_the_counts_the_matrix_and_a_paragraph_for_each_finding(self):
        self.write("sshd", result("4253/7/a", "pass"), result("4253/7/b", "fail", "unimpl(seq), go-on", note="Because of this."))
        self.write("dropbear", result("4253/7/a", "skip"), result("4253/7/b", "fail", "unimpl(seq), go-on"),
                   result("8731/3/c", "warn", level="SHOULD"))
        text = self.text()
        self.assertIn("| 1 | sshd | server | x 1 | Debian 12.1 | `SSH-2.0-x` | 1 | 1 | 0 | 0 | 0 | 0 |", text)
        self.assertIn("| 2 | dropbear | server | x 1 | Debian 12.1 | `SSH-2.0-x` | 0 | 1 | 1 | 0 | 1 | 0 |", text)
        self.assertIn("| RFC 4253 7 | **1**/2 | **1**/1 |", text)
        self.assertIn("| RFC 8731 7 | – | 1w/1 |", text)
        paragraph = " ".join(text[text.index("### 4253/7/b"):].split())
        self.assertIn("RFC 4253 7, MUST. Sent: about 4253/7/b. Expected: `close | go-on`. Came back from sshd (1) and dropbear (2): "
                      "`unimpl(seq), go-on`. Again: `tests/interop/spec_matrix.py --again sshd 4253/7/b -v`. Because of this.", paragraph)
        self.assertNotIn("### 4253/7/a", text)
        self.assertNotIn("## Clients", text)

    def test_servers_and_clients_are_told_apart(self):
        self.write("ssh", result("4253/7/a", "fail", "silent"), result("4253/7/b", "pass"), role="client")
        self.write("sshd", result("4253/7/a", "fail", "close"), result("8731/3/c", "warn"))
        self.write("paramiko-client", result("4253/7/a", "pass"), result("4253/7/b", "fail", "exit status 0"), role="client")
        servers, clients = self.text().split("\n## Clients\n")
        self.assertIn("\n## Servers\n", servers)
        self.assertIn("| clause | 1 |\n|---|---|\n| RFC 4253 7 | **1**/1 |\n| RFC 8731 7 | 1w/1 |\n\n", servers)
        self.assertIn("| clause | 2 | 3 |\n|---|---|---|\n| RFC 4253 7 | **1**/2 | **1**/2 |\n\n", clients)
        words = " ".join(clients.split())
        self.assertIn("#### 4253/7/a RFC 4253 7, MUST. Sent: about 4253/7/a. Expected: `close | go-on`. Came back from ssh (2): `silent`. "
                      "Again: `tests/interop/spec_matrix.py --again ssh 4253/7/a -v`.", words)
        self.assertIn("Came back from paramiko-client (3): `exit status 0`. Again: `tests/interop/spec_matrix.py --again "
                      "paramiko-client 4253/7/b -v`.", words)
        self.assertNotIn("sshd", words.split("Findings in clients")[1])

    def test_a_texts_of_a_peer_are_never_markup(self):
        self.write("sshd", result("4253/7/b", "fail", HOSTILE), result("4253/7/c", "warn", HOSTILE), peer=HOSTILE)
        text = self.text()
        for line in text.splitlines():
            self.assertNotRegex(line, r"^# h|\x1b")
            outside = "".join(line.replace("\\|", "").split("```")[::2])  # not between the fences
            self.assertNotIn("<", outside, line)
        html = os.path.join(self.folder, "page")
        subprocess.run([NACRE_SPEC, "compare", os.path.join(self.folder, "sshd.json"), "--html", html], check=True,
                       stdout=subprocess.DEVNULL)
        with open(os.path.join(html, "index.html"), encoding="utf-8") as file:
            self.assertNotIn("<img", file.read())

    def test_what_fails_everywhere_must_be_explained(self):
        self.write("sshd", result("4253/7/a", "fail"), result("4253/7/b", "fail"), result("4253/7/c", "fail", note="Why."))
        self.write("paramiko", result("4253/7/a", "fail"), result("4253/7/b", "pass"), result("4253/7/c", "fail", note="Why."))
        rows = spec_results.every_case(spec_results.columns(self.folder))
        self.assertEqual(list(spec_results.everywhere(rows, "server")), [("4253/7/a", ""), ("4253/7/c", "Why.")])
        self.assertEqual(list(spec_results.everywhere(rows, "client")), [])
        self.assertIn("- `4253/7/c`: Why.", self.text())


if __name__ == "__main__":
    unittest.main()
