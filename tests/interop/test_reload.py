"""SIGHUP: a server reads its configuration file and what is named in it again, all or nothing."""
import os
import pwd
import shutil
import subprocess
import tempfile
import unittest

import harness
from clients import Ssh
from harness import PASSWORD, PATIENCE, USER, Server

NACRE_SERVE = os.path.join(harness.BUILD, "nacre-serve")
NOBODY = pwd.getpwnam("nobody")
as_root = unittest.skipUnless(os.geteuid() == 0, "only root can change the user")

BASE = """\
ListenAddress 127.0.0.1:0
HostKey {folder}/host_key
Passwords {folder}/passwords
AuthorizedKeysFile {folder}/authorized_keys
PerSourcePenalties no
AuthDelay 0
"""


def write(server, name, text, mode=0o644):
    with open(server.path(name), "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(server.path(name), mode)


def reasons(server, count=1):
    """Why the next reload fails: so many reasons."""
    before = len(server.events("reload_failed"))
    server.reload("reload_failed")
    server.wait("reload_failed", before + count)
    return [event["reason"] for event in server.events("reload_failed")[before:]]


class Reload(unittest.TestCase):
    def assert_alive(self, session, line):
        session.stdin.write(line)
        session.stdin.flush()
        self.assertEqual(session.stdout.readline(), line)

    def banner(self, server):
        return Ssh(server).run("exit 0").err.decode()

    def test_new_sessions_have_the_new_configuration_and_old_ones_live_on(self):
        def prepare(server):
            write(server, "old", "old banner\n")
            write(server, "new", "new banner\n")
        with Server(config=BASE + "Banner {folder}/old\n", before=prepare) as server:
            session = Ssh(server).start("cat")
            self.addCleanup(harness.end, session)
            self.assert_alive(session, b"one\n")
            server.write_config(BASE + "Banner {folder}/new\nCiphers aes128-ctr\nMaxSessions 1\n")
            self.assertEqual(server.reload()[0]["file"], server.path("nacre.conf"))
            self.assertIn("new banner", self.banner(server))
            self.assertEqual(server.events("kex")[-1]["cipher_in"], "aes128-ctr")
            self.assert_alive(session, b"two\n")
            session.stdin.close()
            self.assertEqual(session.wait(PATIENCE), 0)

    def test_files_that_are_named_in_the_file_are_read_again(self):
        def prepare(server):
            write(server, "banner", "old banner\n")
        with Server(config=BASE + "Banner {folder}/banner\n", before=prepare) as server:
            self.assertIn("old banner", self.banner(server))
            write(server, "banner", "changed banner\n")
            server.reload()
            self.assertIn("changed banner", self.banner(server))
            write(server, "others", "bob:another password\n", 0o600)
            server.write_config(BASE.replace("/passwords", "/others"))
            server.reload()
            server.secrets.append("another password")
            bob = Ssh(server, "password", user="bob", password="another password")
            self.assertEqual(bob.run("exit 3").status, 3)
            self.assertNotEqual(Ssh(server, "password").run("exit 3").status, 3)

    def test_included_files_are_found_again(self):
        def prepare(server):
            os.mkdir(server.path("conf.d"))
            write(server, "one", "banner one\n")
        with Server(config=BASE + "Include conf.d/*.conf\n", before=prepare) as server:
            self.assertNotIn("banner one", self.banner(server))
            write(server, "conf.d/1.conf", f"Banner {server.folder}/one\n")
            server.reload()
            self.assertIn("banner one", self.banner(server))

    def test_what_is_wrong_is_logged_and_nothing_changes(self):
        def prepare(server):
            write(server, "old", "old banner\n")
            write(server, "new", "new banner\n")
        with Server(config=BASE + "Banner {folder}/old\n", before=prepare) as server:
            conf = server.path("nacre.conf")
            server.write_config(BASE + "Banner {folder}/new\nMaxSessions many\nPort 22\n")
            said = reasons(server)
            said = reasons(server, 2)
            self.assertIn(f"{conf}:8: MaxSessions: 'many' is not a number from 1 to 1000000", said)
            self.assertIn(f"{conf}:9: there is no keyword 'Port'", "\n".join(said))
            server.write_config(BASE.replace("/host_key", "/none") + "Banner {folder}/new\n")
            self.assertIn(f"{conf}:2: {server.path('none')}: no such file", reasons(server)[-1])
            os.chmod(conf, 0o666)
            self.assertIn("writable by others", reasons(server)[-1])
            self.assertIn("old banner", self.banner(server))
            server.write_config(BASE + "Banner {folder}/new\n")
            server.reload()
            self.assertIn("new banner", self.banner(server))

    def test_what_cannot_change_says_restart(self):
        with Server(config=BASE) as server, tempfile.TemporaryDirectory(prefix="nacre-") as outside:
            for line in "User nobody", "Workers 2", "NoSandbox yes", f"Trace {server.folder}/trace":
                with self.subTest(line):
                    server.write_config(BASE + line + "\n")
                    self.assertIn(f"nacre.conf:7: {line.split()[0]} cannot change", reasons(server)[-1])
                    self.assertIn("restart", server.events("reload_failed")[-1]["reason"])
            server.write_config(BASE.replace("127.0.0.1:0", "127.0.0.1:1"))
            self.assertIn("ListenAddress cannot change", reasons(server)[-1])
            server.write_config(BASE + "Workers 1\nNoSandbox no\n")  # the defaults
            server.reload()
            shutil.copy(server.path("passwords"), outside)
            server.write_config(BASE.replace("{folder}/passwords", outside + "/passwords"))
            if server.events("confined")[0]["files"] != "no":
                self.assertIn("outside of the folders that the sandbox allows: restart", reasons(server)[0])

    def test_limits_and_the_log_level(self):
        with Server(config=BASE, verbosity=None) as server:
            session = Ssh(server).start("cat")
            self.addCleanup(harness.end, session)
            self.assert_alive(session, b"one\n")
            server.write_config(BASE + "MaxConnections 1\nLogLevel debug\n")
            server.reload()
            self.assertNotEqual(Ssh(server).run("exit 0").status, 0)
            server.wait("refused", limit="max-connections")
            server.write_config(BASE + "LogLevel debug\n")
            server.reload()
            self.assertEqual(Ssh(server).run("exit 3").status, 3)
            self.assertTrue(server.events("phase"))
            self.assert_alive(session, b"two\n")
            session.stdin.close()
            self.assertEqual(session.wait(PATIENCE), 0)

    def test_the_number_of_sessions_of_nacre_serve(self):
        base = BASE + "Command cat\n"
        with Server(config=base, program=NACRE_SERVE) as server:
            session = Ssh(server).start(None)
            self.addCleanup(harness.end, session)
            self.assert_alive(session, b"one\n")
            server.write_config(base + "PerUserMaxSessions 1\n")
            server.reload()
            self.assertNotEqual(Ssh(server).run(None).status, 0)
            server.write_config(base.replace("Command cat", "Command id"))
            self.assertIn("Command cannot change", reasons(server)[-1])
            session.stdin.close()
            self.assertEqual(session.wait(PATIENCE), 0)

    def test_a_server_without_a_file_reads_its_host_keys_again(self):
        with Server() as server:
            os.remove(server.path("host_key"))
            harness.ssh_keygen(server.path("host_key"))
            self.assertEqual(server.reload()[0]["hostkeys"], "1")
            self.assertNotEqual(Ssh(server).run("exit 0").status, 0)  # another key than in known_hosts
            self.assertEqual(len(server.events("hostkey")), 2)

    @as_root
    def test_an_unchanged_host_key_need_not_be_readable(self):
        def prepare(server):
            os.chmod(server.folder, 0o755)
            for name in "passwords", "authorized_keys":
                os.chown(server.path(name), NOBODY.pw_uid, 0)
            harness.ssh_keygen(server.path("second"))
        base = BASE + "User nobody\n"
        with Server(config=base, before=prepare) as server:
            server.reload()
            self.assertEqual(Ssh(server).run("exit 3").status, 3)
            server.write_config(base + "HostKey {folder}/second\n")
            self.assertIn("restart the server to use the key", reasons(server)[-1])
            os.utime(server.path("host_key"))
            server.write_config(base)
            self.assertIn("restart the server to use the key", reasons(server)[-1])
            self.assertEqual(Ssh(server).run("exit 3").status, 3)


class Rotation(unittest.TestCase):
    """UpdateHostKeys of ssh_config(5): two keys of one type, of which the first signs."""

    def known(self, server):
        """The keys that the client knows of the server."""
        with open(server.path("known"), encoding="ascii") as file:
            return {line.split()[2] for line in file if line.startswith(f"[{server.host}]:{server.port} ")}

    def public(self, server, name):
        with open(server.path(name + ".pub"), encoding="ascii") as file:
            return file.read().split()[1]

    def connect(self, server):
        # known_hosts is updated after the login, so the session lasts until then.
        done = Ssh(server).run("cat", b"x" * 100, options=[
            "-o", f"UserKnownHostsFile={server.path('known')}", "-o", "UpdateHostKeys=yes", "-o", "HashKnownHosts=no"])
        self.assertEqual((done.status, len(done.out)), (0, 100), done.err)

    def test_a_key_is_replaced_without_a_question(self):
        def prepare(server):
            harness.ssh_keygen(server.path("next"))
        with Server(config=BASE, before=prepare) as server:
            old, new = self.public(server, "host_key"), self.public(server, "next")
            with open(server.path("known"), "w", encoding="ascii") as file:
                file.write(f"[{server.host}]:{server.port} ssh-ed25519 {old}\n")
            listed = "HostKey {folder}/host_key\n"
            server.write_config(BASE.replace(listed, listed + "HostKey {folder}/next\n"))
            self.assertEqual(server.reload()[0]["hostkeys"], "2")
            self.connect(server)
            self.assertEqual(self.known(server), {old, new})
            server.write_config(BASE.replace(listed, "HostKey {folder}/next\n" + listed))
            server.reload()
            self.assertEqual(self.signing_key(server), new)
            self.connect(server)
            self.assertEqual(self.known(server), {old, new})
            server.write_config(BASE.replace(listed, "HostKey {folder}/next\n"))
            server.reload()
            self.connect(server)
            self.assertEqual(self.known(server), {new})

    def signing_key(self, server):
        said = subprocess.run(["ssh-keyscan", "-t", "ed25519", "-p", str(server.port), server.host], check=True,
                              capture_output=True, text=True, timeout=PATIENCE).stdout
        return next(line.split()[2] for line in said.splitlines() if not line.startswith("#"))


if __name__ == "__main__":
    unittest.main()
