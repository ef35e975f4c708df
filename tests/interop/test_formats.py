#!/usr/bin/env python3
"""Whole families of files in OpenSSH's formats: its verdict on each file beside nacre's.

Where the two differ on purpose, the family says so: nacre is stricter, never laxer, in files that decide who may log in,
sticky folders of root's and the user's own group excepted.
"""
import base64
import grp
import hashlib
import os
import pwd
import re
import shutil
import struct
import subprocess
import tempfile
import unittest

import harness
import key_family
from harness import PATIENCE, clean_environment
from others import Sshd

EACH = 18  # queries in one connection to nacre, which refuses the 20th


def string(data):
    return struct.pack(">I", len(data)) + data


def public_key(number):
    """The text of a key that nobody has; to ask a server about it, the public half is enough."""
    return "ssh-ed25519 " + base64.b64encode(string(b"ssh-ed25519") + string(hashlib.sha256(b"%d" % number).digest())).decode()


class AuthorizedKeys(unittest.TestCase):
    """A file with a line for each key, in both servers; a client asks for one key after the other."""

    ACCEPTED = (
        "KEY", "  KEY", "\tpty KEY", "pty\tKEY", "KEY\r", "KEY comment\r", "KEY # comment", "pty  \t KEY  a b c",
        # lists of options
        ", KEY", "pty, KEY", ",,pty KEY", "pty,,, KEY", "restrict,,pty KEY", "NO-PTY KEY", "No-X11-Forwarding KEY",
        "port-forwarding,restrict KEY", "user-rc KEY", "no-user-rc,no-agent-forwarding KEY", "touch-required KEY",
        "no-touch-required KEY", "no-verify-required KEY",
        # values
        'command="x\\" y" KEY', 'command="" KEY', 'command="a,b c" KEY', 'environment="A=1" KEY', 'environment="1=" KEY',
        'environment="A=1",environment="A=2" KEY', 'tunnel="0" KEY', 'tunnel="any" KEY', 'TUNNEL="ANY" KEY',
        'tunnel="2147483645" KEY', 'permitopen=":80" KEY', 'permitopen="[::1]:80" KEY', 'permitopen="h/80" KEY',
        'permitopen="h:*" KEY', 'permitopen="*:*" KEY', 'permitopen="a b:80" KEY', 'permitlisten="80" KEY',
        'permitlisten="*" KEY', 'permitlisten="*:80" KEY', 'permitlisten=":80" KEY', 'permitopen="h:http" KEY',
        'permitopen="[::1]:ssh" KEY', 'permitopen="h:www" KEY', 'permitlisten="http" KEY', 'permitlisten="h:http" KEY',
        # times
        'expiry-time="20391231" KEY', 'expiry-time="20391131" KEY', 'expiry-time="20390631Z" KEY', 'expiry-time="203901010000" KEY',
        'expiry-time="20390101000060" KEY', 'expiry-time="20390101000061" KEY', 'expiry-time="20390101z" KEY',
        'expiry-time="20390101utc" KEY', 'expiry-time="20390101000000UTC" KEY',
        # addresses
        'from="127.1" KEY', 'from="0x7f.1" KEY', 'from="127.0.0.0/8,bad/x" KEY',
        'from="%s,127.0.0.1" KEY' % ("x" * 300), 'from="%s,127.*" KEY' % ("x" * 1100), 'from="127.0.0.0/08" KEY',
        'from="1.2.3.0/24,*" KEY', 'from="!1.2.3.0/24,127.0.0.0/8" KEY', 'from="127.0.0.?" KEY', 'from="*/8,127.0.0.1" KEY',
        'from="fe80::%lo/10,fe80::1%lo,127.0.0.1" KEY', 'from="::/0,0.0.0.0/0" KEY', 'from="!fe80::1%lo,*" KEY',
        "environment=\"A=%s\" KEY" % ("x" * 20000), ",".join(f'environment="V{i}=x"' for i in range(1000)) + " KEY",
    )
    REFUSED = (
        "# KEY", '"KEY', "\x0bKEY", "pty\rKEY", "pty,KEY", 'x"a b" KEY', "no-restrict KEY", "no-cert-authority KEY", "ptyx KEY",
        "pty,no-such KEY", 'pty="x" KEY', 'agent-forwarding="x" KEY', "cert-authority KEY", 'principals="a" KEY',
        'command="x",command="y" KEY', 'command="x"y KEY', "command=x KEY", "command KEY", 'command="x\\\\" KEY',
        'environment="A" KEY', 'environment="=1" KEY', 'environment="A-B=1" KEY', 'environment="" KEY', 'tunnel="x" KEY',
        'tunnel="" KEY', 'tunnel="-1" KEY', 'tunnel="2147483646" KEY', 'tunnel="1:2" KEY', "tunnel=1 KEY", "tunnel KEY",
        'permitopen="80" KEY', 'permitopen="" KEY', 'permitopen="::1:80" KEY', 'permitopen="h:0" KEY', 'permitopen="[h:80" KEY',
        'permitopen="[::1]x:80" KEY', 'permitopen="h:80:90" KEY', 'permitopen="h:65536" KEY', 'permitlisten="" KEY',
        'permitopen="h:no-such-name" KEY', 'permitopen="h:HTTP" KEY', 'permitlisten="0" KEY', 'permitlisten="h:0" KEY',
        'permitlisten="h/80" KEY', 'expiry-time="1970" KEY',
        'expiry-time="19700101Z" KEY', 'expiry-time="20391301" KEY', 'expiry-time="20390001" KEY', 'expiry-time="20390100" KEY',
        'expiry-time="20390132" KEY', 'expiry-time="203901012400" KEY', 'expiry-time="203901010060" KEY',
        'expiry-time="20390101000062" KEY', 'expiry-time="" KEY', 'from="127.0.0.1/8" KEY', 'from="" KEY', 'from="127.*," KEY',
        'from=",127.*" KEY', 'from="*,!" KEY', 'from="127.0.0.0/8,1.2.3.4/33" KEY', 'from="::ffff:127.0.0.1" KEY',
        'from="127.0.0.*,!127.0.0.1" KEY', 'from="!127.1,*" KEY', 'from="LOCALHOST" KEY', 'from="127.0.0.1/+8" KEY',
        'from=" 127.0.0.1" KEY', 'from="127.0.0.0/8 " KEY', 'from="!1.1.1.1" KEY', 'from="127.0.0.1"from="x" KEY',
        'from="*",from="*" KEY', "ssh-rsa KEY", "ssh-ed25519 KEY",
    )
    # sshd accepts these before OpenSSH 10.0
    LATER = ('from="1.2.3.4/129,127.*" KEY',)
    # sshd accepts these. It ignores duties that a key cannot have, and reads numbers with strtonum and strptime.
    STRICTER = ("verify-required KEY", 'permitopen="h:+80" KEY', 'permitopen="h: 80" KEY', 'expiry-time="2039 1 1" KEY')

    @classmethod
    def setUpClass(cls):
        cls.lines = cls.ACCEPTED + cls.REFUSED + cls.LATER + cls.STRICTER
        cls.keys = tempfile.mkdtemp(prefix="nacre-")
        cls.addClassCleanup(shutil.rmtree, cls.keys)
        os.chmod(cls.keys, 0o755)
        with open(cls.path("authorized"), "w", encoding="ascii", newline="") as file:
            for number, line in enumerate(cls.lines):
                file.write(line.replace("KEY", public_key(number)) + "\n")
            file.write(("#" * 99 + "\n") * 11000)  # more than 1 MiB
            file.write(f"rsa-sha2-512 {cls.rsa()}\n")
        for number in range(len(cls.lines)):
            with open(cls.path(f"{number}.pub"), "w", encoding="ascii") as file:
                file.write(public_key(number) + "\n")
        with open(cls.path(f"{len(cls.lines)}.pub"), "w", encoding="ascii") as file:
            file.write(f"ssh-rsa {cls.rsa()}\n")

    @staticmethod
    def rsa():
        n = b"\0" + (b"\xc1" + hashlib.sha256(b"n").digest() * 8)[:256][:-1] + b"\1"
        return base64.b64encode(string(b"ssh-rsa") + string(b"\1\0\1") + string(n)).decode()

    @classmethod
    def path(cls, name):
        return os.path.join(cls.keys, name)

    def accepted_by(self, server, user, each):
        """Which of the keys the server would accept."""
        accepted, numbers = set(), range(len(self.lines) + 1)
        for at in range(0, len(numbers), each):
            done = subprocess.run(
                ["ssh", "-F", "none", "-v", "-p", str(server.port), "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=no",
                 "-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes", "-o", "PreferredAuthentications=publickey",
                 *(f"-oIdentityFile={self.path(str(number))}" for number in numbers[at:at + each]), f"{user}@127.0.0.1"],
                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False,
                env=clean_environment(self.keys))
            offered = re.findall(r"Offering public key: \S*/(\d+) ", done.stderr)
            self.assertEqual(len(offered), len(numbers[at:at + each]), done.stderr)
            accepted.update(map(int, re.findall(r"Server accepts key: \S*/(\d+) ", done.stderr)))
        return accepted

    def test_lines(self):
        with Sshd(f"AuthorizedKeysFile {self.path('authorized')}\nMaxAuthTries 1000\n") as server:
            theirs = self.accepted_by(server, server.user, 90)
        with harness.Server(authorized_keys=self.path("authorized"), verbosity="-q") as server:
            ours = self.accepted_by(server, harness.USER, EACH)
        for number, line in enumerate(self.lines):
            with self.subTest(line=line[:100]):
                self.assertEqual(number in ours, line in self.ACCEPTED)
                if line not in self.LATER:
                    self.assertEqual(number in theirs, line in self.ACCEPTED + self.STRICTER)
        self.assertIn(len(self.lines), theirs & ours)  # the last key, far into the file


def has_group_alone():
    """Is nobody else in the group of the user who runs the tests?"""
    users = [user.pw_uid for user in pwd.getpwall() if user.pw_gid == os.getegid()]
    return users == [os.geteuid()] and set(grp.getgrgid(os.getegid()).gr_mem) <= {pwd.getpwuid(os.geteuid()).pw_name}


class Folders(unittest.TestCase):
    """Which modes and owners of a key file, and of the folders on the way to it, sshd (StrictModes) and nacre-echo accept."""

    # What is done to base/row/a/b/keys; what sshd and nacre-echo answer. Owners are changed by root only.
    ROWS = (
        ("nothing", True, True), ("chmod 700 a/b", True, True), ("chmod 711 a", True, True), ("chmod 2755 a/b", True, True),
        ("chmod 757 a/b", False, False), ("chmod 777 a", False, False), ("chmod 702 .", False, False),
        ("chmod 644 a/b/keys", True, True), ("chmod 640 a/b/keys", True, True), ("chmod 602 a/b/keys", False, False),
        ("chmod 1600 a/b/keys", True, True),
        # Debian's sshd accepts what only the user's own group can write to, OpenSSH's own does not (test_umask.py)
        ("chmod 775 a/b", None, has_group_alone()), ("chmod 660 a/b/keys", None, has_group_alone()),
        # a link leads to what is checked
        ("mv a/b good; ln -s ../good a/b", True, True), ("mv a/b bad; chmod 777 bad; ln -s ../bad a/b", False, False),
        ("mv a/b/keys .; ln -s ../../keys a/b/keys", True, True),
        ("mv a/b/keys .; chmod 602 keys; ln -s ../../keys a/b/keys", False, False),
        # sshd does not check the folder that a link is in, which whoever can write there may replace
        ("mv a/b good; chmod 777 a; ln -s ../good a/b", True, False),
    )
    ROOTS_ROWS = (
        ("chown nobody a/b", False, False), ("chown nobody a", False, False), ("chown nobody a/b/keys", False, False),
        ("chgrp nogroup a/b", True, True), ("chgrp nogroup a/b; chmod 2775 a/b", False, False),
        ("chgrp nogroup a/b/keys; chmod 660 a/b/keys", False, False), ("chgrp nogroup .; chmod 770 .", False, False),
        ("chown nobody a; chmod 1777 a", False, False),
        # In a sticky folder of root's nobody can replace what belongs to others: /tmp is one
        ("chmod 1777 a", False, True), ("chgrp nogroup a/b; chmod 1775 a/b", False, True),
        ("chmod 1777 a/b; chown nobody a/b/keys", False, False),
        ("chmod 1777 a; chown nobody a/b", False, False),
    )

    def setUp(self):
        self.base = tempfile.mkdtemp(prefix=".nacre-", dir=os.path.expanduser("~"))
        self.addCleanup(shutil.rmtree, self.base)
        os.chmod(self.base, 0o755)
        self.rows = self.ROWS + (self.ROOTS_ROWS if os.geteuid() == 0 else ())
        for number, (change, _, _) in enumerate(self.rows):
            os.makedirs(self.path(number, "a/b"), 0o755)
            for folder in "", "a", "a/b":
                os.chmod(self.path(number, folder), 0o755)
            for name in "a/b/keys", "../%d.pub" % number:
                with open(self.path(number, name), "w", encoding="ascii") as file:
                    file.write(public_key(number) + "\n")
            os.chmod(self.path(number, "a/b/keys"), 0o600)
            if change != "nothing":
                subprocess.run(["sh", "-ec", change], cwd=self.path(number), check=True)

    def path(self, number, name=""):
        return os.path.join(self.base, f"r{number}", name)

    def accepts(self, server, user, number):
        done = subprocess.run(
            ["ssh", "-F", "none", "-v", "-p", str(server.port), "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=no",
             "-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes", "-o", "PreferredAuthentications=publickey",
             f"-oIdentityFile={self.base}/{number}.pub", f"{user}@127.0.0.1"], stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=PATIENCE, check=False, env=clean_environment(self.base))
        self.assertIn("Offering public key", done.stderr)
        return "Server accepts key" in done.stderr

    def test_folders(self):
        files = " ".join(self.path(number, "a/b/keys") for number in range(len(self.rows)))
        with Sshd(f"StrictModes yes\nAuthorizedKeysFile {files}\n") as theirs, \
                harness.Server(authorized_keys=f"{self.base}/%u/a/b/keys") as ours:
            for number, (change, sshd, echo) in enumerate(self.rows):
                with self.subTest(change=change):
                    if sshd is not None:
                        self.assertEqual(self.accepts(theirs, theirs.user, number), sshd)
                    self.assertEqual(self.accepts(ours, f"r{number}", number), echo)


class PrivateKeys(unittest.TestCase):
    """The public key that ssh-keygen and nacre-echo find in a file."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="nacre-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.path = os.path.join(cls.folder, "key")

    def run_(self, *words):
        return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False,
                              env=clean_environment(self.folder), cwd=self.folder)

    def openssh(self):
        done = self.run_("ssh-keygen", "-y", "-P", "", "-f", self.path)
        if done.returncode != 0:
            return None
        digest = hashlib.sha256(base64.b64decode(done.stdout.split()[1])).digest()
        return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")

    def nacre(self):
        """It reads the key, reports it, and then fails because it has no passwords."""
        done = self.run_(harness.NACRE_ECHO, "-k", self.path, "-p", "missing/passwords", "-l", "127.0.0.1:0")
        self.assertEqual(done.returncode, 1, done)
        found = re.search(r" event=hostkey .* fingerprint=(\S+) ", done.stderr)
        if found is None:
            self.assertRegex(done.stderr, rf"^nacre-echo: {self.path}:")
        return found and found[1]

    def test_files(self):
        for name, text, verdict in key_family.family():
            with self.subTest(name=name):
                with open(self.path, "w", encoding="utf-8", newline="") as file:
                    os.fchmod(file.fileno(), 0o600)
                    file.write(text)
                theirs, ours = self.openssh(), self.nacre()
                self.assertEqual(ours is not None, verdict in (key_family.USED, key_family.USED_BY_US))
                if verdict in (key_family.USED, key_family.REFUSED):
                    self.assertEqual(theirs is not None, ours is not None)
                if theirs and ours:
                    self.assertEqual(theirs, ours)


if __name__ == "__main__":
    unittest.main()
