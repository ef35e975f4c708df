"""Configuration files: a server that is started with one, -t and -T; sshd accepts the keywords that are its own."""
import os
import subprocess
import tempfile
import unittest

import harness
from clients import Ssh
from harness import PASSWORD, PATIENCE, USER, Server

NACRE_SERVE = os.path.join(harness.BUILD, "nacre-serve")

# Keywords of sshd_config, with values that mean the same there
OF_SSHD = """\
# both programs read this
ListenAddress 127.0.0.1:{port}
HostKey "{folder}/host key"
AuthorizedKeysFile {folder}/keys/%u
KbdInteractiveAuthentication yes
AuthenticationMethods publickey,password
AllowUsers alice bob@192.0.2.0/24
DenyUsers root
Banner = {folder}/banner
KexAlgorithms curve25519-sha256,ecdh-sha2-nistp256
HostKeyAlgorithms ssh-ed25519
PubkeyAcceptedAlgorithms ssh-ed25519,rsa-sha2-256
Ciphers aes256-ctr,aes128-ctr
MACs -hmac-sha1
RekeyLimit 1G 1h
LogLevel info
MaxStartups 10:30:60
PerSourceMaxStartups 5
PerSourceNetBlockSize 24:56
LoginGraceTime 1m
MaxAuthTries 4
MaxSessions 9
ClientAliveInterval 30s
ClientAliveCountMax 4
"""


class Config(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory(prefix="nacre-"))
        harness.ssh_keygen(self.path("host key"))
        self.write("passwords", f"{USER}:{PASSWORD}\n")
        self.write("banner", "welcome\n", 0o644)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text, mode=0o600):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(name), mode)
        return self.path(name)

    def run_(self, *arguments, program=harness.NACRE_ECHO):
        return subprocess.run([program, *arguments], cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=PATIENCE, check=False)

    def assert_silent(self, done):
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_the_keywords_of_sshd_have_values_that_sshd_accepts(self):
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)
        text = OF_SSHD.format(folder=self.folder, port=2022)
        file = self.write("both.conf", text)
        self.assert_silent(self.run_("-t", "-f", file, program="/usr/sbin/sshd"))
        self.assert_silent(self.run_("-t", "-f", file, "-p", self.path("passwords")))
        printed = self.run_("-T", "-f", file).stdout.splitlines()
        for line in text.splitlines()[1:]:
            self.assertIn(line.replace(" = ", " ").replace("1G 1h", "1G,1h").replace("alice bob", "alice,bob"), printed)

    def test_a_server_is_started_with_a_file(self):
        with tempfile.TemporaryDirectory(prefix="nacre-") as folder:
            file = os.path.join(folder, "nacre.conf")
            with open(file, "w", encoding="ascii") as out:
                out.write(f"Banner {self.folder}/banner\nInclude conf.d/*\n")
            os.mkdir(os.path.join(folder, "conf.d"))
            with open(os.path.join(folder, "conf.d/1"), "w", encoding="ascii") as out:
                out.write("MaxAuthTries 2\nciphers aes128-ctr\n")
            with Server("-f", file) as server:
                done = Ssh(server).run("cat", b"bytes")
                self.assertEqual((done.status, done.out), (0, b"bytes"))
                self.assertIn(b"welcome", done.err)
                self.assertEqual(server.wait("kex")[0]["cipher_in"], "aes128-ctr")

    def test_t_checks_a_file_beside_a_server_that_uses_it(self):
        with Server() as server:
            file = self.write("a.conf", f"ListenAddress {server.address}\nHostKey '{self.path('host key')}'\n"
                                        f"Passwords {self.path('passwords')}\n")
            self.assert_silent(self.run_("-t", "-f", file))
            self.assertEqual(Ssh(server).run("exit 3").status, 3)

    def test_the_command_of_serve_is_a_keyword(self):
        file = self.write("a.conf", f"HostKey '{self.path('host key')}'\nPasswords {self.path('passwords')}\n"
                                    "Command sh -c 'exit 3' # a comment\n")
        self.assert_silent(self.run_("-t", "-f", file, program=NACRE_SERVE))
        self.assertIn("Command sh -c \"exit 3\"\n", self.run_("-T", "-f", file, program=NACRE_SERVE).stdout)
        self.assertIn("Command cat\n", self.run_("-T", "-f", file, "--", "cat", program=NACRE_SERVE).stdout)
        self.write("a.conf", f"HostKey '{self.path('host key')}'\nPasswords none\nCommand no-such-program\n")
        done = self.run_("-t", "-f", file, program=NACRE_SERVE)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{file}:3: no-such-program: no such program", done.stderr)
        self.assertIn(f"{file}:2: none: no such file", done.stderr)
        done = self.run_("-t", program=NACRE_SERVE)
        self.assertEqual(done.returncode, 2)
        self.assertIn("name the command to serve", done.stderr)

    def test_serve_runs_the_command_of_the_file(self):
        file = self.write("serve.conf", "Command sh -c 'echo from the file'\n")
        with Server("-f", file, program=NACRE_SERVE) as server:
            self.assertEqual(Ssh(server).run(None).out, b"from the file\n")

    def test_users_who_may_and_may_not_log_in(self):
        """A user who is kept out sees what one with a wrong password sees."""
        said = []
        for line in "AllowUsers bob", "AllowUsers alice@192.0.2.1", "DenyUsers al*":
            file = self.write("a.conf", line + "\n")
            with Server("-f", file) as server:
                self.assertEqual(Ssh(server).run("exit 3").status, 255, line)
                for password in PASSWORD, "wrong":
                    done = Ssh(server, "password", password=password).run("exit 3")
                    said.append((done.status, done.out, done.err.replace(str(server.port).encode(), b"")))
        self.assertEqual(len(set(said)), 1)
        file = self.write("a.conf", "AllowUsers bob alice@127.0.0.0/8\nDenyUsers bob\n")
        with Server("-f", file) as server:
            self.assertEqual(Ssh(server).run("exit 3").status, 3)
            self.assertEqual(Ssh(server, "password").run("exit 3").status, 3)

    def test_what_is_wrong_with_a_file_is_said_at_the_start_too(self):
        file = self.write("a.conf", "MaxSessions many\nPort 22\n")
        done = self.run_("-f", file)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(len(done.stderr.splitlines()), 2)
        self.assertIn(f"{file}:2: there is no keyword 'Port'", done.stderr)
        file = self.write("a.conf", "HostKey none\n")
        self.assertIn(f"nacre-echo: {file}:1: none: no such file", self.run_("-f", file).stderr)

    def test_the_installed_examples_are_accepted_and_change_nothing(self):
        for program in harness.NACRE_ECHO, NACRE_SERVE:
            example = os.path.join(harness.TOP, "apps/man", os.path.basename(program) + ".conf")
            with open(example, encoding="utf-8") as file:
                copy = self.write("example", file.read())
            self.assertEqual(self.run_("-T", "-f", copy, program=program).stdout,
                             self.run_("-T", program=program).stdout)


if __name__ == "__main__":
    unittest.main()
