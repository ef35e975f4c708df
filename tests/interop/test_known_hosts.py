#!/usr/bin/env python3
"""nacre-load and ssh agree on a server: the same known_hosts file, and a real sshd with several host keys."""
import base64
import hmac
import ipaddress
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import unittest

from harness import BUILD, PATIENCE, clean_environment, end, ssh_keygen, until
from others import Sshd

KINDS = "ed25519", "ecdsa", "rsa"
BITS = {"ed25519": "256", "ecdsa": "256", "rsa": "2048"}
TYPES = {"ed25519": "ssh-ed25519", "ecdsa": "ecdsa-sha2-nistp256", "rsa": "ssh-rsa"}


class KnownHosts(unittest.TestCase):
    """An sshd with a key of each kind (Sshd's own is last, and the first of a kind counts), and keys that it lacks."""

    address = "127.0.0.1"

    @classmethod
    def setUpClass(cls):
        cls.keys = tempfile.mkdtemp(prefix="nacre-")
        cls.addClassCleanup(shutil.rmtree, cls.keys)
        for kind in KINDS:
            for name in kind, "other_" + kind:
                subprocess.run(["ssh-keygen", "-q", "-t", kind, "-b", BITS[kind], "-N", "", "-C", "", "-f", cls.key(name)],
                               check=True, stdin=subprocess.DEVNULL)
        cls.server = cls.enterClassContext(Sshd("".join(f"HostKey {cls.key(kind)}\n" for kind in KINDS)))
        cls.host = f"[127.0.0.1]:{cls.server.port}"

    @classmethod
    def key(cls, name):
        return os.path.join(cls.keys, name)

    def public(self, name):
        with open(self.key(name + ".pub"), encoding="ascii") as file:
            return " ".join(file.read().split()[:2])

    def fingerprint(self, name):
        return subprocess.run(["ssh-keygen", "-l", "-f", self.key(name)], check=True, capture_output=True,
                              text=True).stdout.split()[1]

    def run_(self, *words):
        return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE,
                              env=clean_environment(self.keys))

    def refusals(self, start):
        """The ports of clients that sent SSH_DISCONNECT_HOST_KEY_NOT_VERIFIABLE."""
        return re.findall(r"Received disconnect from \S+ port (\d+):9: .*not accepted", self.server.log()[start:])

    def nacre(self):
        """(logged in, the message)"""
        start = len(self.server.log())
        done = self.run_(os.path.join(BUILD, "nacre-load"), "--json", "-q", "-u", self.server.user, "-i",
                         self.server.path("key"), "--known-hosts", self.key("known_hosts"), "--yes-remote", "handshake", "-n", "1",
                         f"[{self.address}]:{self.server.port}")
        figures = json.loads(done.stdout)
        logged_in = figures["done"] == 1
        self.assertEqual((done.returncode, figures["logins"]), (0, 1) if logged_in else (1, 0))
        if not logged_in:  # an unknown server does not even get the user's name
            port = until(lambda: self.refusals(start), self.server.log)[0]
            who = until(lambda: re.findall(rf"Disconnected from (.*?)[^ ]+ port {port} ", self.server.log()[start:]),
                        self.server.log)
            self.assertEqual(who, [""])
        return logged_in, figures.get("problem", "")

    def openssh(self):
        """(accepted the key, the messages); it never logs in."""
        done = self.run_("ssh", "-F", "none", "-v", "-p", str(self.server.port), "-i", self.server.path("key"), "-o",
                         "IdentitiesOnly=yes", "-o", f"UserKnownHostsFile={self.key('known_hosts')}", "-o",
                         "GlobalKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes", "-o",
                         "PreferredAuthentications=none", f"{self.server.user}@{self.address}")
        self.assertEqual(done.returncode, 255)
        return " is known and matches the " in done.stderr, done.stderr

    def check(self, accepted, lines, says=""):
        """Both accept the server with these lines, or both refuse it. Returns the message of nacre-load."""
        with open(self.key("known_hosts"), "w", encoding="ascii") as file:
            file.write("".join(line + "\n" for line in lines))
        logged_in, said = self.openssh()
        self.assertEqual(logged_in, accepted, said)
        logged_in, said = self.nacre()
        self.assertEqual(logged_in, accepted, said)
        self.assertIn(says, said)
        return said

    def hosts(self):
        """The server's name in the forms of the file: plain, in a list, and hashed."""
        salt = os.urandom(20)
        hashed = [base64.b64encode(part).decode() for part in (salt, hmac.digest(salt, self.host.encode(), "sha1"))]
        return self.host, f"a.example,{self.host},b.example", "|1|" + "|".join(hashed)

    def test_known(self):
        for hosts in self.hosts():
            with self.subTest(hosts=hosts):
                self.check(True, [f"{hosts} {self.public(kind)}" for kind in reversed(KINDS)])
                self.check(True, [f"{hosts} {self.public('ecdsa')}"])  # not the one that is preferred by default
                self.check(True, [f"{hosts} {self.public('other_rsa')}", f"{hosts} {self.public('rsa')}"])
        self.check(True, [f"[127.0.0.*]:{self.server.port} {self.public('rsa')}"])

    def test_unknown(self):
        says = "is not known"
        self.check(False, [], says)
        self.check(False, [f"[127.0.0.1]:1 {self.public('rsa')}", f"[127.0.0.2]:{self.server.port} {self.public('rsa')}",
                           f"*,!{self.host} {self.public('rsa')}", f"@revoked {self.host} {self.public('other_rsa')}"], says)

    def test_changed(self):
        for kind, hosts in zip(KINDS, self.hosts()):
            with self.subTest(kind=kind, hosts=hosts):
                said = self.check(False, ["# nothing", f"{hosts} {self.public('other_' + kind)}"], "HAS CHANGED")
                for words in (self.host, TYPES[kind], self.fingerprint(kind), self.fingerprint("other_" + kind),
                              f"{self.key('known_hosts')}:2", "attacker"):
                    self.assertIn(words, said)

    def test_revoked(self):
        for hosts in (*self.hosts(), "*"):
            with self.subTest(hosts=hosts):
                lines = [f"{self.host} {self.public('rsa')}", f"@revoked {hosts} {self.public('rsa')}"]
                said = self.check(False, lines, "REVOKED")
                for words in self.host, self.fingerprint("rsa"), f"{self.key('known_hosts')}:2":
                    self.assertIn(words, said)
        self.check(False, reversed(lines), "REVOKED")
        # The server's other keys are still accepted.
        self.check(True, [f"@revoked * {self.public('rsa')}", f"{self.host} {self.public('ecdsa')}"])
        self.check(True, [f"@revoked {self.host} {self.public('other_ecdsa')}", f"{self.host} {self.public('ecdsa')}"])

    def test_lines(self):
        """Forms of a line that say the same, alone in the file; and the same forms of a revoked key beside a good line."""
        rsa, other = self.public("rsa").split()[1], self.public("other_rsa").split()[1]
        far = ",".join(f"host{i}.example" for i in range(6000))  # 100 KB
        forms = (f"{self.host}\t \tssh-rsa\t{{}}", f" \t{self.host} ssh-rsa {{}} a comment\r", f"{self.host} rsa-sha2-256 {{}}",
                 f"{self.host} rsa-sha2-512 {{}}", f"{far},{self.host} ssh-rsa {{}}", f"{self.host},{far} ssh-rsa {{}}",
                 f"{self.host} ssh-rsa {{}} {'c' * 70000}", f"*,!{self.host.replace('127', '128')} ssh-rsa {{}}",
                 f"[127.0.0.?]:{self.server.port} ssh-rsa {{}}\0 hidden")
        for form in forms:
            with self.subTest(form=form[:60]):
                self.check(True, [form.format(rsa)])
                self.check(False, [f"{self.host} ssh-rsa {rsa}", "@revoked " + form.format(rsa)], "REVOKED")
                self.check(False, [form.format(other)], "HAS CHANGED")

    def test_malformed_lines(self):
        """They count for nothing, and hide nothing."""
        good = self.public("rsa")
        key = good.split()[1]
        for line in (f"{self.host} ssh-ed25519 {key}", f"{self.host} rsa-sha2-999 {key}", f"{self.host} ssh-rsa {key[:-5]}",
                     f"{self.host} ssh-rsa", f"{self.host}", f"@other {self.host} {good}", f"@revoked @revoked {self.host} {good}",
                     f"\0{self.host} {good}", f"#{self.host} {good}", f"{self.host.upper()}x {good}", f"!{self.host} {good}",
                     f"|1|AAAA|AAAA {good}", f"|2|x|y {good}", f"{self.host}\v{good}"):
            with self.subTest(line=line[:60]):
                self.check(False, [line], "is not known")
                self.check(True, [line, f"{self.host} {good}"])

    def test_addresses(self):
        """An address is looked up in its shortest form, with its zone."""
        with open("/proc/net/if_inet6", encoding="ascii") as file:
            found = [line.split() for line in file]
        local = [f"{ipaddress.IPv6Address(bytes.fromhex(fields[0])).compressed}%{fields[5]}" for fields in found if fields[3] == "20"]
        rows = [("127.1", "127.0.0.1"), ("0:0::1", "::1"), ("::0001", "::1")]
        if local:  # the zone's number stands for its name
            number = socket.if_nametoindex(local[0].split("%")[1])
            rows += [(local[0], local[0]), (local[0].upper().split("%")[0] + f"%{number}", local[0])]
        settings = "ListenAddress ::\n" + "".join(f"HostKey {self.key(kind)}\n" for kind in KINDS)
        with Sshd(settings) as self.server:
            self.addCleanup(setattr, self, "server", type(self).server)
            for address, known in rows:
                with self.subTest(address=address):
                    self.address = address
                    self.check(True, [f"[{known}]:{self.server.port} {self.public('rsa')}"])
                    self.check(False, [f"[{known}x]:{self.server.port} {self.public('rsa')}"])
                    self.check(False, [f"[{known}]:{self.server.port} {self.public('rsa')}",
                                       f"@revoked [{known}]:{self.server.port} {self.public('rsa')}"], "REVOKED")
            if local:
                self.address = local[0]
                self.check(False, [f"[{local[0].split('%')[0]}]:{self.server.port} {self.public('rsa')}"], "is not known")

    def test_ssh_keyscan(self):
        """Both accept the output of ssh-keyscan, plain and hashed."""
        for flags in (), ("-H",):
            done = self.run_("ssh-keyscan", *flags, "-p", str(self.server.port), "127.0.0.1")
            lines = [line for line in done.stdout.splitlines() if not line.startswith("#")]
            self.assertEqual(len(lines), len(KINDS), done)
            self.check(True, lines)
            self.check(True, lines[1:2])


class ShortKey(unittest.TestCase):
    """An sshd with an RSA key of 1024 bits beside its Ed25519 key."""

    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory(prefix="nacre-"))
        self.short = os.path.join(self.folder, "short")
        subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-b", "1024", "-N", "", "-f", self.short], check=True,
                       stdin=subprocess.DEVNULL)
        self.server = self.enterContext(Sshd(f"HostKey {self.short}\n"))
        with open(self.server.path("known_hosts"), encoding="ascii") as file:
            self.good = file.read()
        with open(self.short + ".pub", encoding="ascii") as file:
            self.server.know(file.read())

    def problem(self, *words):
        """What nacre-load says; "": it is logged in."""
        done = subprocess.run([os.path.join(BUILD, "nacre-load"), "--json", "-q", "-u", self.server.user, "-i",
                               self.server.path("key"), "--known-hosts", self.server.path("known_hosts"), *words,
                               "handshake", "-n", "1", f"127.0.0.1:{self.server.port}"], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=PATIENCE, env=clean_environment(self.folder))
        self.assertIn(done.returncode, (0, 1), done)
        return json.loads(done.stdout).get("problem")

    def test_a_short_key_is_not_preferred(self):
        self.assertRegex(self.problem(), "known only by a key that cannot be used: .*:1 has an RSA key that is too short")
        with open(self.server.path("known_hosts"), "a", encoding="ascii") as file:
            file.write(self.good)
        self.assertEqual(self.problem(), "")

    def test_a_short_key_is_called_too_short(self):
        self.assertIn("host key is too short", self.problem("--host-key-algorithms", "rsa-sha2-512"))


class NewKey(unittest.TestCase):

    def test_the_advice_for_a_new_key_works(self):
        with Sshd() as server:
            words = [os.path.join(BUILD, "nacre-load"), "--json", "-q", "-u", server.user, "-i", server.path("key"),
                     "--known-hosts", server.path("known_hosts"), "handshake", "-n", "1", f"127.0.0.1:{server.port}"]

            def run(status):
                done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE,
                                      env=clean_environment(server.folder))
                self.assertEqual(done.returncode, status, done)
                return json.loads(done.stdout).get("problem")

            run(0)
            end(server.process)
            for name in "host", "host.pub":
                os.rename(server.path(name), server.path("old_" + name))
            ssh_keygen(server.path("host"))
            server.start(server.process.args)
            said = run(1)
            self.assertIn("HAS CHANGED", said)
            command = re.search(r"ssh-keygen -f .*$", said)[0]
            subprocess.run(command, shell=True, check=True, capture_output=True)
            self.assertIn("is not known", run(1))
            with open(server.path("host.pub"), encoding="ascii") as file:
                server.know(file.read())
            run(0)


if __name__ == "__main__":
    unittest.main()
