"""A little of everything with a server under AddressSanitizer and UndefinedBehaviorSanitizer: no error while it runs, and
no leak at its end."""
import os
import signal
import unittest

import harness
from clients import Dbclient, Master, Paramiko, Plink, Ssh
from harness import MIB, PATIENCE

SANITIZED = os.path.join(harness.BUILD, "asan", "nacre-echo")
CLIENTS = (Ssh, Plink, Dbclient, Paramiko)


@unittest.skipUnless(os.path.exists(SANITIZED), "there is no such program: make SAN=1 programs")
class Sanitized(unittest.TestCase):

    def server(self, *arguments, **more):
        environment = {"ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1",
                       "UBSAN_OPTIONS": "print_stacktrace=1"}
        return self.enterContext(harness.Server(*arguments, program=SANITIZED, environment=environment, **more))

    def test_whole_sessions(self):
        server = self.server(verbosity="-vv")
        data = harness.random_bytes(MIB)
        for client in CLIENTS:
            with self.subTest(client=client.name):
                self.assertEqual(client(server, "password").run("cat", data), (0, data, b""))
                done = client(server).run(None, data)
                self.assertEqual(b"".join(harness.chunks_of(done.out[:-len(harness.LAST_WORDS)])), data)
                self.assertEqual(len(client(server).run("chargen 1000000").out), 1000000)
                client(server).run("signal TERM")

    def test_failed_logins(self):
        server = self.server("--keyboard-interactive")
        for client in Ssh, Plink, Dbclient:
            for login in "stranger", "none":
                self.assertEqual(client(server, login).run("cat", b"hi").out, b"")
            self.assertEqual(client(server, "password", password="wrong").run("cat", b"hi").out, b"")

    def test_rekeying(self):
        server = self.server("--rekey-limit", "64K")
        data = harness.random_bytes(2 * MIB)
        for client in Ssh, Plink, Dbclient:
            with self.subTest(client=client.name):
                self.assertEqual(client(server).run("cat", data), (0, data, b""))

    def test_every_end(self):
        """Clients that are killed, stopped or idle when the server with two workers is terminated."""
        server = self.server("-w", "2")
        with Master(server) as master:
            self.assertEqual(master.run("nonsense").status, 255)
            self.assertEqual(master.run(None, subsystem="sftp").status, 255)
            sessions = [master.start() for _ in range(4)]
            sessions += [client(server).start() for client in (Ssh, Plink, Dbclient) for _ in range(2)]
            for session in sessions:
                self.addCleanup(harness.end, session)
                harness.ask(session, b"h")
            full = Ssh(server).start("chargen 100000000000")
            self.addCleanup(harness.end, full)
            full.stdout.read(MIB)
            full.send_signal(signal.SIGSTOP)
            sessions[5].kill()
            sessions[1].stdin.close()
            self.assertEqual(sessions[1].wait(PATIENCE), 0)
            self.assertEqual(server.stop(), 0)

    def test_end_in_the_middle_of_a_login(self):
        server = self.server(passwords="bob:$argon2id$v=19$m=262144,t=4,p=1$ZtJi+DCk3u0/eGPyRsEt+w"
                                       "$LuM8tOvOZv6DBpHdPI7kYFktmf1QK1KrpoiYPdJFHrA\n")
        clients = [Dbclient(server, "password", user="bob", password="nautilus").start("exit 7") for _ in range(4)]
        for process in clients:
            self.addCleanup(harness.end, process)
        server.wait("kex", 4)
        clients[0].kill()
        self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    unittest.main()
