#!/usr/bin/env python3
"""nacre-spec client: nacre-client passes its cases; OpenSSH's ssh and others the baseline."""
import json
import os
import re
import subprocess
import tempfile
import unittest

from harness import BUILD, PATIENCE, TOP, clean_environment

NACRE_SPEC = os.path.join(BUILD, "nacre-spec")
EXPECTED = os.path.join(TOP, "tests/interop/spec_expect_client.txt")
NACRE_CLIENT = os.path.join(BUILD, "nacre-client")


def spec_client(*words, status=0, patience=10 * PATIENCE):
    """Its output and its complaints, if it ends with that status."""
    done = subprocess.run([NACRE_SPEC, "client", *map(str, words)], capture_output=True, timeout=patience, text=True,
                          env=clean_environment("/nonexistent"), check=False)
    assert status is None or done.returncode == status, f"status {done.returncode}:\n{done.stdout[-6000:]}\n{done.stderr}"
    return done.stdout + done.stderr


class NacreClient(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory(prefix="nacre-"))

    def test_every_must_and_should_passes(self):
        results = os.path.join(self.folder, "results.json")
        spec_client("--profile", "nacre-client", "--strict", "--expect", EXPECTED, "--json", results, "--jobs", 8,
                    "--", NACRE_CLIENT)
        with open(results, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        with open(EXPECTED, encoding="ascii") as file:
            known = {line.split()[0] for line in file if line.strip() and line[0] != "#"}
        self.assertEqual((lines[0]["run"]["role"], lines[0]["run"]["peer"]), ("client", "SSH-2.0-nacre_0.1"))
        for line in lines[1:]:
            if line["level"] in ("MUST", "SHOULD") and line["id"] not in known:
                self.assertIn(line["verdict"], ("pass", "skip", "info"), line)
        self.assertGreater(len(lines), 400)


class Others(unittest.TestCase):
    """The baseline, which is enough to see that a profile starts its client."""

    def baseline(self, profile, *words):
        shown = spec_client("--profile", profile, "4253/4.2/baseline", "-v", *words)
        self.assertRegex(shown, r"<- +94 CHANNEL_DATA")
        self.assertIn("1 pass  0 fail", shown)

    def test_ssh(self):
        self.baseline("openssh")

    def test_ssh_is_strict_and_checks_host_certificates(self):
        """With OpenSSH 10 also ML-KEM, which older ones skip."""
        spec_client("--profile", "openssh", "strict", "mlkem", "cert", "hkup", "--jobs", 8)

    def test_dbclient(self):
        self.baseline("dropbear")

    def test_plink(self):
        self.baseline("putty")


class Profiles(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory(prefix="nacre-"))

    def write(self, *lines):
        name = os.path.join(self.folder, "profile")
        with open(name, "w", encoding="ascii") as file:
            file.write("\n".join(lines) + "\n")
        return name

    def test_a_file_says_how_to_start_a_client(self):
        profile = self.write("# our client", f"program = {NACRE_CLIENT}", "options = --known-hosts {known_hosts} -p {port}",
                             "exec = -i {key}", "target = {user}@{host} '{command} with spaces'")
        self.assertIn("1 pass  0 fail", spec_client("--profile", profile, "4253/4.2/baseline"))

    def test_mistakes_are_explained(self):
        self.assertIn("profile:1: a line is: name = value", spec_client("--profile", self.write("nonsense"), status=2))
        self.assertIn("lines for program and exec", spec_client("--profile", self.write("program = x"), status=2))
        self.assertIn("not the name of a client's profile", spec_client("--profile", os.path.join(self.folder, "missing"), status=2))
        self.assertIn("--profile", spec_client(status=2))
        self.assertIn("not an IPv4 address", spec_client("--profile", "openssh", "--listen", "nowhere", status=2))

    def test_a_client_that_is_not_installed(self):
        self.assertIn("the client is not installed", spec_client("--profile", "openssh", "--", "/nonexistent/ssh", status=3))
        failing = self.write(f"program = {NACRE_CLIENT}", "exec = --nonsense")
        self.assertRegex(spec_client("--profile", failing, status=3), "did not connect: .*nonsense")

    def test_nothing_is_left_behind(self):
        environment = {**clean_environment("/nonexistent"), "TMPDIR": self.folder}
        subprocess.run([NACRE_SPEC, "client", "--profile", "openssh", "4253/5.1"], capture_output=True, timeout=4 * PATIENCE,
                       env=environment, check=False)
        self.assertEqual(os.listdir(self.folder), [])

    def test_a_signal_leaves_nothing_behind_either(self):
        environment = {**clean_environment("/nonexistent"), "TMPDIR": self.folder}
        with subprocess.Popen([NACRE_SPEC, "client", "--profile", "openssh", "cc20/7/length-unverified"], text=True,
                              stdout=subprocess.PIPE, env=environment) as process:
            for line in process.stdout:
                if line.startswith("baseline"):  # the case takes 10 seconds
                    process.terminate()
        self.assertEqual((process.returncode, os.listdir(self.folder)), (130, []))

    def test_a_client_that_someone_else_starts(self):
        ssh = ["ssh", "-F", "none", "-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no", "-o", "BatchMode=yes"]
        asked, clients = [], []
        with subprocess.Popen([NACRE_SPEC, "client", "--profile", "wait", "4253/5.1/ident-1.5"], text=True,
                              stdout=subprocess.PIPE, env=clean_environment("/nonexistent")) as process:
            for line in process.stdout:
                told = re.match(r"connect now: 127\.0\.0\.1:(\d+), case (\S+)", line)
                if told:
                    asked.append(told[2])
                    clients.append(subprocess.Popen([*ssh, "-p", told[1], "spec@127.0.0.1", "true"], stdin=subprocess.DEVNULL,
                                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        for client in clients:
            client.wait(PATIENCE)  # its server is gone
        self.assertEqual((process.returncode, asked), (0, ["baseline", "4253/5.1/ident-1.5"]))


if __name__ == "__main__":
    unittest.main()
