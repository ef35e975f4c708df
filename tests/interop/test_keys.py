"""Private keys in every format, of every type and with every cipher: ssh-keygen's read by nacre, nacre's by ssh-keygen."""
import base64
import os
import re
import subprocess
import tempfile
import unittest

import harness

KEYS = os.path.join(harness.BUILD, "tests/interop/keys")
TYPES = [("ed25519", "256"), ("ecdsa", "256"), ("ecdsa", "384"), ("ecdsa", "521"), ("rsa", "2048"), ("rsa", "3072")]
CIPHERS = ["aes256-ctr", "aes192-ctr", "aes128-ctr", "aes256-gcm@openssh.com", "aes128-gcm@openssh.com",
           "chacha20-poly1305@openssh.com", "aes256-cbc", "aes192-cbc", "aes128-cbc", "3des-cbc"]
PHRASE = "pass phrase \u00e4"


class Keys(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="nacre-"))
        cls.files = {}
        for kind, bits in TYPES:
            path = os.path.join(cls.folder, f"{kind}-{bits}")
            cls.keygen("-q", "-t", kind, "-b", bits, "-N", "", "-C", "a comment", "-f", path)
            cls.files[kind, bits] = path

    @staticmethod
    def keygen(*words):
        done = subprocess.run(["ssh-keygen", *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=harness.PATIENCE)
        if done.returncode != 0:
            raise AssertionError(f"ssh-keygen {words}: {done.stderr}")
        return done.stdout

    def nacre(self, *words, text="", status=0):
        done = subprocess.run([KEYS, *words], input=text, capture_output=True, text=True, timeout=harness.PATIENCE)
        self.assertEqual(done.returncode, status, (words, done.stderr))
        return done.stdout if status == 0 else done.stderr

    def read(self, path):
        with open(path, encoding="utf-8") as file:
            return file.read()

    def copy(self, path, **protection):
        """A copy of a key file, changed by ssh-keygen -p."""
        new = os.path.join(self.folder, "copy")
        with open(new, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(self.read(path))
        words = [word for pair in protection.items() for word in ("-" + pair[0], pair[1])]
        self.keygen("-q", "-p", "-P", "", "-f", new, *words)
        return self.read(new)

    def facts(self, path):
        """What nacre prints about a key: its line without a comment, and its fingerprints."""
        line = self.read(path + ".pub").split()[:2]
        prints = [self.keygen("-l", "-E", name, "-f", path + ".pub").split()[1] for name in ("sha256", "md5")]
        return line + prints

    def assert_same_key(self, path, printed, comment="a comment"):
        line, *prints = printed.splitlines()
        self.assertEqual(line.split()[:2] + prints, self.facts(path))
        self.assertEqual(line.split(" ", 2)[2:], [comment] if comment else [])

    def test_every_type_in_every_format(self):
        for (kind, bits), path in self.files.items():
            for form in ("RFC4716", "PEM", "PKCS8"):  # -m RFC4716 is OpenSSH's own for private keys
                if kind == "ed25519" and form != "RFC4716":
                    continue
                for phrase in ("", PHRASE):
                    with self.subTest(kind=kind, bits=bits, form=form, phrase=phrase):
                        own = {} if form == "RFC4716" else {"m": form}
                        text = self.copy(path, N=phrase, a="1", **own)
                        comment = "a comment" if form == "RFC4716" else ""
                        self.assert_same_key(path, self.nacre("show", phrase or "-", text=text), comment)
                        if phrase:
                            self.assertIn("wrong passphrase", self.nacre("show", "other", text=text, status=1))
                            self.assertIn("encrypted", self.nacre("show", "-", text=text, status=1))

    def test_every_cipher_of_ssh_keygen(self):
        path = self.files["ecdsa", "521"]
        for cipher in CIPHERS:
            with self.subTest(cipher=cipher):
                text = self.copy(path, N=PHRASE, a="1", Z=cipher)
                self.assert_same_key(path, self.nacre("show", PHRASE, text=text))
                self.assert_same_key(path, self.nacre("hidden", text=text), "")
                self.nacre("show", PHRASE + "x", text=text, status=1)

    def test_no_other_cipher_is_known_to_ssh_keygen(self):
        listed = subprocess.run(["ssh", "-Q", "cipher"], capture_output=True, text=True, check=True).stdout.split()
        self.assertEqual(set(listed) - {"rijndael-cbc@lysator.liu.se"}, set(CIPHERS))

    def assert_keygen_reads(self, text, phrase, path, comment="a comment"):
        new = os.path.join(self.folder, "printed")
        with open(new, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(text)
        line = self.keygen("-y", "-P", phrase, "-f", new).split()
        if path is not None:
            self.assertEqual(line[:2], self.read(path + ".pub").split()[:2])
        self.assertEqual(line[2:], comment.split())
        return line

    def test_ssh_keygen_reads_every_type(self):
        for path in self.files.values():
            for phrase in ("", PHRASE):
                with self.subTest(path=path, phrase=phrase):
                    text = self.nacre("write", "-", "-", "1", phrase or "-", text=self.read(path))
                    self.assert_keygen_reads(text, phrase, path)

    def test_ssh_keygen_reads_every_cipher(self):
        path = self.files["ed25519", "256"]
        for cipher in CIPHERS:
            with self.subTest(cipher=cipher):
                text = self.nacre("write", "-", cipher, "2", PHRASE, text=self.read(path))
                self.assert_keygen_reads(text, PHRASE, path)

    def test_a_key_is_printed_as_ssh_keygen_prints_it(self):
        """Except for the check number, which is random, a key without a passphrase has one form."""
        for path in self.files.values():
            text = self.read(path)
            again = self.nacre("write", "-", "-", "1", "-", text=text)
            self.assertEqual(len(again), len(text))
            self.assertEqual(again.splitlines()[:2], text.splitlines()[:2])

    def test_the_default_number_of_rounds(self):
        path = self.files["ed25519", "256"]
        self.assert_keygen_reads(self.nacre("write", "-", "-", "0", PHRASE, text=self.read(path)), PHRASE, path)
        self.assert_same_key(path, self.nacre("show", PHRASE, text=self.copy(path, N=PHRASE)))

    def test_ssh_keygen_reads_new_keys(self):
        for kind, bits in TYPES:
            with self.subTest(kind=kind, bits=bits):
                text = self.nacre("generate", kind, bits)
                line = self.assert_keygen_reads(text, "", None, "")
                printed = self.keygen("-l", "-f", os.path.join(self.folder, "printed"))
                self.assertRegex(printed, rf"\A{bits} SHA256:\S{{43}} .*\({kind.upper()}\)")
                self.assertEqual(self.nacre("show", "-", text=text).split()[:2], line)

    def test_public_lines(self):
        for path in self.files.values():
            self.assert_same_key(path, self.nacre("public", text=self.read(path + ".pub")))

    def test_more_rounds_than_anybody_waits_for_are_refused(self):
        text = self.copy(self.files["ed25519", "256"], N=PHRASE, a="1")
        body = re.sub(r"-----.*-----\n", "", text)
        data = bytearray(base64.b64decode(body))
        at = data.index(b"bcrypt") + 6 + 4 + 4 + 16
        self.assertEqual(data[at:at + 4], b"\0\0\0\1")
        data[at:at + 4] = b"\x7f\xff\xff\xff"
        text = text.replace(body, base64.encodebytes(bytes(data)).decode())
        self.assertIn("would take too long", self.nacre("show", PHRASE, text=text, status=1))


class HostKeyElsewhere(unittest.TestCase):
    """A server's host key that has a passphrase is opened, and signs, on other threads than the event loop's."""

    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory(prefix="nacre-"))
        for name, phrase in ("host", "secret"), ("user", ""):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", phrase, "-f", self.path(name)], check=True)
        os.chmod(self.path("user.pub"), 0o600)

    def path(self, name):
        return os.path.join(self.folder, name)

    def start(self, phrase):
        self.process = subprocess.Popen([os.path.join(harness.BUILD, "tests/interop/elsewhere"), self.path("host"), phrase,
                                         self.path("user.pub"), "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
        self.addCleanup(harness.end, self.process)
        self.port = self.process.stdout.readline().strip().rpartition(":")[2]
        with open(self.path("known_hosts"), "w", encoding="ascii") as known, open(self.path("host.pub"), encoding="ascii") as key:
            known.write(f"[127.0.0.1]:{self.port} {key.read()}")

    def ssh(self, *options):
        return subprocess.run(["ssh", "-F", "none", "-T", "-p", self.port, "-i", self.path("user"), "-o", "IdentitiesOnly=yes",
                               "-o", f"UserKnownHostsFile={self.path('known_hosts')}", *options, "anybody@127.0.0.1"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=harness.PATIENCE,
                              env=harness.clean_environment(self.folder))

    def test_logins_with_the_right_passphrase(self):
        self.start("secret")
        for _ in range(3):
            done = self.ssh("-o", "UpdateHostKeys=yes")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual(self.process.stdout.readline(), "signed\n")
        with open(self.path("known_hosts"), encoding="ascii") as file:
            self.assertEqual(len(file.readlines()), 1)  # ssh has not been told to forget the key

    def test_a_wrong_passphrase_ends_the_connection(self):
        self.start("wrong")
        done = self.ssh()
        self.assertEqual(done.returncode, 255)
        self.assertEqual(self.process.stdout.readline(), "refused\n")
        self.assertIsNone(self.process.poll())


if __name__ == "__main__":
    unittest.main()
