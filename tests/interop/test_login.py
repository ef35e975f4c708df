"""Logins that succeed and logins that fail; what is logged, and what is not."""
import contextlib
import os
import shutil
import time
import unittest

import harness
from clients import Dbclient, Master, Paramiko, Plink, Ssh, exchange, paramiko
from harness import PASSWORD, PATIENCE, USER

WRONG = "not-mother-of-pearl"

# Argon2id of 8 MiB and 2 passes, and of 256 MiB and 4 passes, which takes most of a second
HASHED = "pearl-oyster"
HASH = "$argon2id$v=19$m=8192,t=2,p=1$YRyI6sT4F58Z71hFsTZbgw$lHZmlp0EPxEfU6jC78lhfVrHdySKceq0OVNaEe7+SKY"
SLOW = "nautilus"
SLOW_HASH = "$argon2id$v=19$m=262144,t=4,p=1$ZtJi+DCk3u0/eGPyRsEt+w$LuM8tOvOZv6DBpHdPI7kYFktmf1QK1KrpoiYPdJFHrA"

LOGGED_IN = (0, b"hi")


def try_in(client):
    """Try to log in and run a command."""
    try:
        done = client.run("cat", b"hi")
    except paramiko.AuthenticationException:
        return 255, b""
    return done.status, done.out


class LoginCase(harness.ServerCase):
    server_options = {"verbosity": "-vv"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.secrets.append(WRONG)

    def attempts(self, client):
        """Try it: the result, and (user, method, answer) of each attempt in the log."""
        accepted = self.server.watch("connection")
        status, out = try_in(client)
        conn = accepted()[0]["conn"]
        self.server.wait("disconnected", conn=conn)
        return (status, out), [(e["user"], e["method"], e["answer"]) for e in self.server.events("auth", conn=conn)]

    def assert_in(self, client, attempts):
        self.assertEqual(self.attempts(client), (LOGGED_IN, attempts))

    def assert_out(self, client, attempts):
        (status, out), found = self.attempts(client)
        self.assertEqual((out, found), (b"", attempts))
        self.assertEqual(status, self.turned_away)
        end = self.server.events("disconnected")[-1]
        self.assertEqual((end["user"], end["phase"]), (client.user, "auth"))
        self.assertEqual(self.server.events("open", conn=end["conn"]), [])


class Login:
    """The tests for each client."""

    retries = 1  # how many times it tries one password
    turned_away = 255  # its exit status

    def test_password(self):
        self.assert_in(self.client(self.server, "password"), [(USER, "password", "granted")])

    def test_key(self):
        self.assert_in(self.client(self.server, "key"), [(USER, "publickey", "granted")])

    def test_wrong_password(self):
        self.assert_out(self.client(self.server, "password", password=WRONG),
                        [(USER, "password", "refused")] * self.retries)

    def test_unknown_user(self):
        self.assert_out(self.client(self.server, "password", user="mallory"),
                        [("mallory", "password", "refused")] * self.retries)

    def test_no_credentials(self):
        self.assert_out(self.client(self.server, "none"), [])

    def test_unauthorised_key(self):
        self.assert_out(self.client(self.server, "stranger"), [(USER, "publickey", "refused")])


class Asked(Ssh):
    """ssh with a program that supplies the password until the login succeeds."""

    def __init__(self, server, answers):
        super().__init__(server, "none", options=["-o", "PreferredAuthentications=password",
                                                  "-o", "NumberOfPasswordPrompts=20"])
        self.program, left = server.path("askpass"), server.path("answers")
        with open(left, "w", encoding="utf-8") as file:
            file.writelines(answer + "\n" for answer in answers)
        with open(self.program, "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\nhead -n 1 {left}\nsed -i 1d {left}\n")
        os.chmod(self.program, 0o700)

    def environment(self):
        return super().environment() | {"SSH_ASKPASS": self.program, "SSH_ASKPASS_REQUIRE": "force"}


class LoginWithSsh(Login, LoginCase):
    client = Ssh

    def asked(self, *passwords):
        """A client that asks for the password repeatedly and gets these answers."""
        return Asked(self.server, passwords)

    def test_six_failures_end_the_connection(self):
        (status, out), attempts = self.attempts(self.asked(*[f"{WRONG}{i}" for i in range(20)]))
        self.assertEqual((status, out, attempts), (255, b"", [(USER, "password", "refused")] * 6))
        end = self.server.events("disconnected")[-1]
        self.assertEqual((end["reason"], end["code"], end["text"]),
                         ("authentication failed", "14", "too many authentication failures"))

    def test_five_failures_do_not_end_the_connection(self):
        self.assert_in(self.asked(*[f"{WRONG}{i}" for i in range(5)], PASSWORD),
                       [(USER, "password", "refused")] * 5 + [(USER, "password", "granted")])

    def test_a_refusal_lists_the_methods(self):
        done = self.client(self.server, "none").run("cat")
        self.assertIn(b"Permission denied (publickey,password).", done.err)

    def with_keys(self, count):
        """A client with so many unauthorised keys, and then the authorised one."""
        options = ["-o", "PreferredAuthentications=publickey"]
        for i in range(count):
            path = self.server.path(f"stranger-{i}")
            if not os.path.exists(path):
                harness.ssh_keygen(path)
            options += ["-o", f"IdentityFile={path}"]
        options += ["-o", "IdentityFile=" + self.server.path("key")]
        return self.client(self.server, "none", options=options)

    def test_many_keys_before_the_right_one(self):
        """Key queries do not count as failures."""
        self.assert_in(self.with_keys(12), [(USER, "publickey", "refused")] * 12 + [(USER, "publickey", "granted")])

    def test_too_many_keys(self):
        (status, out), attempts = self.attempts(self.with_keys(25))
        self.assertEqual((status, out, attempts), (255, b"", [(USER, "publickey", "refused")] * 20))
        self.assertEqual(self.server.events("disconnected")[-1]["reason"], "authentication failed")

    def test_key_then_password(self):
        client = self.client(self.server, "password", options=["-o", "PreferredAuthentications=publickey,password",
                                                               "-o", "IdentityFile=" + self.server.path("stranger")])
        self.assert_in(client, [(USER, "publickey", "refused"), (USER, "password", "granted")])


class LoginWithPlink(Login, LoginCase):
    client = Plink
    turned_away = 1


class LoginWithDbclient(Login, LoginCase):
    client = Dbclient
    retries = 6  # until the server ends it
    turned_away = 0

    def test_no_credentials(self):
        """This client always tries a password."""
        self.assert_out(self.client(self.server, "none"), [(USER, "password", "refused")] * 6)

    def test_unauthorised_key(self):
        self.assert_out(self.client(self.server, "stranger"),
                        [(USER, "publickey", "refused")] + [(USER, "password", "refused")] * 6)


class LoginWithParamiko(Login, LoginCase):
    client = Paramiko

    def test_several_attempts_on_one_connection(self):
        transport = paramiko.Transport((self.server.host, self.server.port))
        with contextlib.closing(transport):
            transport.start_client(timeout=PATIENCE)
            with self.assertRaises(paramiko.BadAuthenticationType) as refused:
                transport.auth_none(USER)
            self.assertEqual(refused.exception.allowed_types, ["publickey", "password"])
            for user, password in (USER, WRONG), ("mallory", PASSWORD), ("", PASSWORD), (USER, ""):
                with self.assertRaises(paramiko.AuthenticationException):
                    transport.auth_password(user, password, fallback=False)
            transport.auth_password(USER, PASSWORD, fallback=False)
            channel = transport.open_session()
            channel.exec_command("cat")
            self.assertEqual(exchange(channel, b"hi"), (b"hi", b""))

    def test_nothing_opens_before_login(self):
        transport = paramiko.Transport((self.server.host, self.server.port))
        with contextlib.closing(transport):
            transport.start_client(timeout=PATIENCE)
            with self.assertRaises((paramiko.SSHException, EOFError)):
                transport.open_session(timeout=PATIENCE)


class PasswordFile(unittest.TestCase):
    """Its entries, and what happens when the file changes."""

    def server(self, passwords):
        server = self.enterContext(harness.Server(passwords=passwords, verbosity="-vv"))
        server.secrets += [HASHED, SLOW, WRONG]
        return server

    def gets_in(self, server, user, password):
        return try_in(Ssh(server, "password", user=user, password=password)) == LOGGED_IN

    def test_it_is_read_as_twisted_reads_it(self):
        server = self.server("# no comment: it is a user\n"
                             "alice:first  \t\n"
                             "alice:second\n"
                             "no colon\n"
                             "\n"
                             "carol:with:colons: and $pace\n"
                             "dörte:schlüssel\n"
                             "erin:'quoted'\r\n"
                             "frank:last line\n")
        for user, password, good in (
                ("alice", "first", True), ("alice", "first  \t", False), ("alice", "second", False),
                ("carol", "with:colons: and $pace", False), ("carol", "with", True),
                ("dörte", "schlüssel", True), ("dorte", "schlüssel", False),
                ("erin", "'quoted'", True), ("erin", "quoted", False),
                ("frank", "last line", True),
                ("# no comment", " it is a user", True), ("no colon", "", False), ("Alice", "first", False)):
            with self.subTest(user=user, password=password):
                self.assertEqual(self.gets_in(server, user, password), good)

    def test_hashed_entry(self):
        server = self.server(f"alice:{PASSWORD}\nbob:{HASH}\n")
        for user, password, good in (("bob", HASHED, True), ("bob", WRONG, False), ("bob", HASH, False),
                                     ("alice", PASSWORD, True), ("alice", HASHED, False), ("mallory", HASHED, False)):
            with self.subTest(user=user, password=password):
                self.assertEqual(self.gets_in(server, user, password), good)

    def test_entries_that_mean_no_login_elsewhere(self):
        fields = ["", "*", "!", "*LK*", "!" + HASH, "$6$abcdefgh$0123456789", "$2b$12$abcdefghijklmnopqrstuu",
                  "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o", "$argon2i$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAA"]
        lines = [f"user{number}:{field}\n" for number, field in enumerate(fields)]
        server = self.server("".join(lines) + "frank:last line without an end")
        fields.append("last line without an end")
        warned = [event["reason"] for event in server.events("passwords", level="warn")]
        for number, field in enumerate(fields):
            user = f"user{number}" if number < len(lines) else "frank"
            with self.subTest(user=user, field=field):
                self.assertTrue(any(f"passwords:{number + 1}: " in reason for reason in warned), warned)
                self.assertFalse(self.gets_in(server, user, field))
                self.assertFalse(self.gets_in(server, user, ""))
        self.assertEqual(len(server.events("passwords")), len(fields))  # each once

    def test_hashed_entry_with_each_client(self):
        server = self.server(f"bob:{HASH}\n")
        for kind in Ssh, Plink, Dbclient, Paramiko:
            with self.subTest(client=kind.name):
                self.assertEqual(try_in(kind(server, "password", user="bob", password=HASHED)), LOGGED_IN)

    def test_damaged_hash(self):
        server = self.server(f"alice:{PASSWORD}\nbob:{HASH[:40]}\n")
        self.assertRegex(server.wait("passwords")[0]["reason"], r"passwords:2: unusable password hash")
        self.assertFalse(self.gets_in(server, "bob", HASHED))
        self.assertTrue(self.gets_in(server, "alice", PASSWORD))

    def test_a_slow_hash_delays_no_other_session(self):
        server = self.server(f"bob:{SLOW_HASH}\n")
        with Master(server) as master:
            session = master.start()
            self.addCleanup(harness.end, session)
            harness.ask(session, b"h")
            done = server.watch("auth")
            slow = [Dbclient(server, "password", user="bob", password=SLOW).start("exit 7") for _ in range(3)]
            for process in slow:
                self.addCleanup(harness.end, process)
            server.wait("kex", 4)
            for i in range(20):
                harness.ask(session, b"still here %d" % i)
            self.assertEqual(server.logged("auth", user="bob"), [], "the hash was not slow enough to show anything")
            self.assertEqual([e["answer"] for e in done(3)], ["granted"] * 3)
            self.assertEqual([process.wait(PATIENCE) for process in slow], [7] * 3)

    def test_a_client_that_disconnects_while_its_password_is_checked(self):
        server = self.server(f"bob:{SLOW_HASH}\n")
        process = Dbclient(server, "password", user="bob", password=SLOW).start("exit 7")
        self.addCleanup(harness.end, process)
        server.wait("kex")
        time.sleep(0.2)  # for the password to be in flight
        process.kill()
        server.wait("disconnected")
        self.assertTrue(self.gets_in(server, "bob", SLOW))

    def test_shutdown_while_a_password_is_checked(self):
        server = self.server(f"bob:{SLOW_HASH}\n")
        process = Dbclient(server, "password", user="bob", password=SLOW).start("exit 7")
        self.addCleanup(harness.end, process)
        server.wait("kex")
        time.sleep(0.2)
        self.assertEqual(server.stop(), 0)

    def test_an_unknown_user_takes_as_long(self):
        server = self.server(f"alice:{PASSWORD}\nbob:{SLOW_HASH}\n")

        def work(user):
            begin = server.cpu()
            self.assertFalse(self.gets_in(server, user, WRONG))
            return server.cpu() - begin
        known, plain, unknown = (work(user) for user in ("bob", "alice", "mallory"))
        for other in plain, unknown:
            self.assertTrue(known / 2 < other < known * 2, (known, plain, unknown))

    def test_changes_take_effect_at_once(self):
        server = self.server("alice:one\n")
        self.assertTrue(self.gets_in(server, "alice", "one"))
        server.write_passwords("alice:two\nbob:three\n")
        self.assertFalse(self.gets_in(server, "alice", "one"))
        self.assertTrue(self.gets_in(server, "alice", "two"))
        self.assertTrue(self.gets_in(server, "bob", "three"))
        with open(server.path("passwords"), "r+", encoding="ascii") as file:  # in place, the same length
            file.write("alice:new")
        self.assertTrue(self.gets_in(server, "alice", "new"))
        self.assertFalse(self.gets_in(server, "alice", "two"))

    def test_a_file_that_becomes_unusable_lets_no_one_in(self):
        server = self.server("alice:one\n")
        for make_bad, said in ((lambda path: os.chmod(path, 0o666), "writable by others"),
                               (os.unlink, "no such file"),
                               (os.mkdir, "not a regular file")):
            with self.subTest(said=said):
                told = server.watch("passwords", level="warn")
                make_bad(server.path("passwords"))
                self.assertFalse(self.gets_in(server, "alice", "one"))
                self.assertFalse(self.gets_in(server, "alice", "one"))
                self.assertEqual([said in e["reason"] for e in told()], [True])
                if os.path.isdir(server.path("passwords")):
                    os.rmdir(server.path("passwords"))
                elif os.path.exists(server.path("passwords")):
                    os.chmod(server.path("passwords"), 0o600)
        server.write_passwords("alice:one\n")
        self.assertTrue(self.gets_in(server, "alice", "one"))

    def test_without_a_password_file(self):
        """The password method is not offered."""
        server = self.server(None)
        self.assertEqual(try_in(Ssh(server)), LOGGED_IN)
        self.assertIn(b"Permission denied (publickey).", Ssh(server, "none").run("cat").err)


class AuthorizedKeys(unittest.TestCase):

    def server(self):
        return self.enterContext(harness.Server(verbosity="-vv"))

    def gets_in(self, server, key="key", user=USER):
        return try_in(Ssh(server, key, user=user)) == LOGGED_IN

    def test_changes_take_effect_at_once(self):
        server = self.server()
        path = server.path("authorized_keys")
        self.assertFalse(self.gets_in(server, "stranger"))
        with open(path, "a", encoding="ascii") as file, open(server.path("stranger.pub"), encoding="ascii") as key:
            file.write("# another\n\n   " + key.read())
        self.assertTrue(self.gets_in(server, "stranger"))
        self.assertTrue(self.gets_in(server))
        shutil.copy(server.path("stranger.pub"), path)
        self.assertFalse(self.gets_in(server))
        os.unlink(path)
        self.assertFalse(self.gets_in(server, "stranger"))
        self.assertIn("authorized_keys", server.wait("authorized_keys")[-1]["reason"])

    def test_writable_by_others(self):
        server = self.server()
        os.chmod(server.path("authorized_keys"), 0o622)
        self.assertFalse(self.gets_in(server))
        self.assertIn("writable by others", server.wait("authorized_keys")[0]["reason"])

    def test_a_malformed_line(self):
        server = self.server()
        path = server.path("authorized_keys")
        with open(path, encoding="ascii") as file:
            good = file.read()
        with open(path, "w", encoding="ascii") as file:
            file.write("ssh-ed25519 AAAA\n" + good)
        self.assertTrue(self.gets_in(server))
        self.assertIn("authorized_keys:1: ", server.wait("authorized_keys")[0]["reason"])

    def test_a_file_for_each_user(self):
        server = self.enterContext(harness.Server(authorized_keys="%u.keys"))
        shutil.copy(server.path("key.pub"), server.path("alice.keys"))
        shutil.copy(server.path("stranger.pub"), server.path("bob.keys"))
        for key, user, good in (("key", "alice", True), ("stranger", "alice", False), ("key", "bob", False),
                                ("stranger", "bob", True), ("key", "carol", False), ("key", "../alice", False),
                                ("key", "./alice", False), ("key", "%u", False)):
            with self.subTest(key=key, user=user):
                self.assertEqual(self.gets_in(server, key, user), good)


if __name__ == "__main__":
    unittest.main()
