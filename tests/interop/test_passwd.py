"""nacre-passwd edits a password file, from a terminal and from a pipe; its users can log in to nacre-echo."""
import fcntl
import os
import re
import stat
import subprocess
import tempfile
import unittest

import harness
from clients import Ssh
from terminals import Terminal

NOBODY = 65534
NACRE_PASSWD = os.path.join(harness.BUILD, "nacre-passwd")


class PasswdCase(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory(prefix="nacre-"))
        self.file = os.path.join(self.folder, "passwords")
        self.environment = harness.clean_environment(self.folder)

    def passwd(self, *words, data=b"", **more):
        done = subprocess.run([NACRE_PASSWD, *words], input=data, capture_output=True, env=self.environment,
                              timeout=harness.PATIENCE, **more)
        return harness.Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    def write(self, text, mode=0o600):
        with open(self.file, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)

    def text(self):
        with open(self.file, encoding="utf-8", newline="") as file:
            return file.read()


class FromAPipe(PasswdCase):
    def test_a_user_is_added_changed_and_deleted(self):
        self.assertEqual(self.passwd(self.file, "alice", data=b"secret\n"),
                         (0, f"alice was added to {self.file}\n", ""))
        self.assertRegex(self.text(), r"\Aalice:\$argon2id\$v=19\$m=65536,t=2,p=1\$[^\n]+\n\Z")
        self.assertEqual(stat.S_IMODE(os.stat(self.file).st_mode), 0o600)
        first = self.text()
        self.assertEqual(self.passwd(self.file, "alice", data=b"secret"),
                         (0, f"alice was changed in {self.file}\n", ""))
        self.assertNotEqual(self.text(), first)  # another salt
        self.assertEqual(self.passwd("-d", self.file, "alice"), (0, f"alice was deleted from {self.file}\n", ""))
        self.assertEqual(self.text(), "")
        self.assertEqual(os.listdir(self.folder), ["passwords"])

    def test_other_lines_are_kept(self):
        self.write("bob:x\r\nalice:old\n\njunk\ncarol:y")
        self.passwd(self.file, "alice", data=b"new\n")
        self.assertRegex(self.text(), r"\Abob:x\r\nalice:\$argon2id\$[^\n]+\n\njunk\ncarol:y\Z")

    def test_errors_are_sentences(self):
        self.write("bob:x\n")
        for words, data, status, says in (
                (["-d", self.file, "alice"], b"", 1, "no user alice"),
                ([self.file, "alice"], b"", 1, "no password on standard input"),
                ([self.file, "alice"], b"\n", 1, "the password is empty"),
                ([self.file, "alice"], b"\r\n", 1, "the password is empty"),
                ([self.file, "alice"], b"a\0b\n", 1, "NUL"),
                ([self.file, "alice"], b"x" * 1025 + b"\n", 1, "longer than 1024"),
                ([self.folder + "/none/p", "alice"], b"x\n", 1, "No such file"),
                ([self.file, "al:ice"], b"x\n", 2, "cannot contain ':'"),
                ([self.file, "al\nice"], b"x\n", 2, "newline"),
                ([self.file, ""], b"x\n", 2, "user name is empty"),
                ([self.file], b"x\n", 2, "give the names of one file"),
                ([self.file, "a", "b"], b"x\n", 2, "give the names of one file"),
                (["-x", self.file, "a"], b"x\n", 2, "there is no such option")):
            with self.subTest(words=words, data=data):
                done = self.passwd(*words, data=data)
                self.assertEqual((done.status, done.out), (status, ""))
                self.assertRegex(done.err, r"\Anacre-passwd: [^\n]*" + re.escape(says) + r"[^\n]*\n\Z")
                self.assertEqual(self.text(), "bob:x\n")
        self.assertEqual(os.listdir(self.folder), ["passwords"])

    def test_a_file_writable_by_others_is_refused(self):
        self.write("bob:x\n", mode=0o662)
        done = self.passwd(self.file, "alice", data=b"x\n")
        self.assertEqual(done.status, 1)
        self.assertIn("writable by others", done.err)

    def test_who_can_read_the_file_stays_the_same(self):
        """A server that runs as another user reads root's file, which was changed meanwhile."""
        if os.geteuid() != 0:
            self.skipTest("only root can become another user")
        os.chmod(self.folder, 0o755)

        def let_nobody_read(server):
            os.chmod(server.folder, 0o755)
            os.chmod(server.path("authorized_keys"), 0o644)
        for mode in 0o644, 0o640, 0o440:
            with self.subTest(mode=oct(mode)):
                self.write("alice:plain\n", mode)
                os.chown(self.file, 0, NOBODY)
                with harness.Server("--user", "nobody", "-p", self.file, passwords=None,
                                    before=let_nobody_read) as server:
                    self.assertEqual(self.passwd(self.file, "bob", data=b"secret\n").status, 0)
                    status = os.stat(self.file)
                    self.assertEqual((stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid), (mode, 0, NOBODY))
                    for user, password in ("alice", "plain"), ("bob", "secret"):
                        client = Ssh(server, login="password", user=user, password=password)
                        self.assertEqual(client.run("exit 7").status, 7)
                os.remove(self.file)

    def test_a_reader_of_the_folder_cannot_block_it(self):
        self.write("bob:x\n", 0o644)
        for held in self.folder, self.file:
            descriptor = os.open(held, os.O_RDONLY)
            self.addCleanup(os.close, descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        self.assertEqual(self.passwd(self.file, "alice", data=b"secret\n").status, 0)
        self.assertEqual(os.listdir(self.folder), ["passwords"])

    def test_help_and_version(self):
        self.assertIn("usage: nacre-passwd [OPTION]... FILE USER", self.passwd("--help").out)
        self.assertRegex(self.passwd("--version").out, r"\Anacre-passwd [0-9.]+\n\Z")


class AtATerminal(PasswdCase):
    def terminal(self, *words):
        return self.enterContext(Terminal([NACRE_PASSWD, *words], self.environment))

    def test_the_password_is_typed_twice_without_echo(self):
        terminal = self.terminal(self.file, "alice")
        terminal.expect(b"New password for alice: ")
        terminal.type(b"mother\x7f\x7fof-pearl\n")
        terminal.expect(b"Retype the password: ")
        terminal.type(b"mothof-pearl\n")
        self.assertEqual(terminal.end(), 0)
        self.assertNotIn(b"pearl", terminal.seen)
        self.assertIn(b"alice was added to", terminal.seen)
        with harness.Server(passwords=self.text()) as server:
            client = Ssh(server, login="password", password="mothof-pearl")
            self.assertEqual(client.run("exit 7").status, 7)
            client = Ssh(server, login="password", password="mother")
            self.assertEqual(client.run("exit 7").status, 255)

    def test_no_core_file_is_written(self):
        terminal = self.terminal(self.file, "alice")
        terminal.expect(b"New password for alice: ")
        with open(f"/proc/{terminal.pid}/limits", encoding="ascii") as file:
            self.assertRegex(file.read(), r"Max core file size +0 +0 ")
        terminal.type(b"\x04")
        self.assertEqual(terminal.end(), 1)

    def test_two_passwords_that_differ_change_nothing(self):
        terminal = self.terminal(self.file, "alice")
        terminal.expect(b"New password for alice: ")
        terminal.type(b"one\n")
        terminal.expect(b"Retype the password: ")
        terminal.type(b"two\n")
        self.assertEqual(terminal.end(), 1)
        self.assertIn(b"the passwords differ; nothing was changed", terminal.seen)
        self.assertFalse(os.path.exists(self.file))

    def test_end_of_input_changes_nothing(self):
        terminal = self.terminal(self.file, "alice")
        terminal.expect(b"New password for alice: ")
        terminal.type(b"\x04")
        self.assertEqual(terminal.end(), 1)
        self.assertIn(b"no password given; nothing was changed", terminal.seen)

    def test_an_interrupt_leaves_the_echo_on(self):
        """Run by a shell, which shows the state of the terminal afterwards."""
        terminal = self.enterContext(Terminal(
            ["sh", "-c", f"trap : INT; {NACRE_PASSWD} {self.file} alice; echo status $?; stty -a"], self.environment))
        terminal.expect(b"New password for alice: ")
        terminal.type(b"sec\x03")
        terminal.expect(b"status 130")
        terminal.end()
        self.assertIn(b" echo ", terminal.seen.replace(b"\r\n", b" ").replace(b";", b" "))
        self.assertFalse(os.path.exists(self.file))

    def test_under_expect(self):
        script = os.path.join(self.folder, "script.exp")
        with open(script, "w", encoding="ascii") as file:
            file.write(f"""set timeout {harness.PATIENCE}
spawn -noecho {NACRE_PASSWD} {self.file} alice
expect "New password for alice: " {{send "secret\\r"}} timeout {{exit 3}}
expect "Retype the password: " {{send "secret\\r"}} timeout {{exit 4}}
expect "alice was added" {{}} timeout {{exit 5}}
expect eof
exit [lindex [wait] 3]
""")
        done = subprocess.run(["expect", script], capture_output=True, env=self.environment,
                              stdin=subprocess.DEVNULL, timeout=2 * harness.PATIENCE)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertNotIn(b"secret", done.stdout)
        self.assertTrue(self.text().startswith("alice:$argon2id$"))


if __name__ == "__main__":
    unittest.main()
