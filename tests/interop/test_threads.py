"""The servers under ThreadSanitizer: two workers, hashing threads, child processes, replaced files, and the end in the
middle of it all. There must be no data race."""
import contextlib
import glob
import os
import shutil
import subprocess
import tempfile
import threading
import unittest

import harness
from clients import Master, Ssh
from harness import PATIENCE

WATCHED = os.path.join(harness.BUILD, "tsan", "nacre-echo")
WATCHED_SERVE = os.path.join(harness.BUILD, "tsan", "nacre-serve")
NACRE_LOAD = os.path.join(harness.BUILD, "nacre-load")
HASH = ("$argon2id$v=19$m=8192,t=1,p=1$zWhtAj6nzYbcOJz0tT+Gsg"
        "$+6DSfaDMKgtqIRDhpcoYuUGhjw3RMxwZvzKLRCYHFrA")  # of a password that is never tried


class Served(harness.Server):
    """nacre-serve with a shell that runs the command."""

    words = ("--", "sh", "-c", 'eval "$SSH_ORIGINAL_COMMAND"')


@unittest.skipUnless(os.path.exists(WATCHED), "there is no such program: make SAN=thread programs")
class Threads(unittest.TestCase):

    def server(self, *arguments, make=harness.Server, program=WATCHED, **more):
        """A server; the test fails if its log has a data race."""
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="nacre-"))
        # ThreadSanitizer does not see synchronisation in libraries that were not compiled for it.
        environment = {"TSAN_OPTIONS": "exitcode=66:second_deadlock_stack=1:ignore_noninstrumented_modules=1:"
                                       f"log_path={folder}/race"}
        server = self.enterContext(make("-w", "2", *arguments, program=program, environment=environment, **more))
        self.addCleanup(self.assert_no_race, server, folder)
        return server

    def assert_no_race(self, server, folder):
        if server.process.poll() is None:
            server.stop()
        for name in glob.glob(folder + "/race*"):
            with open(name, encoding="utf-8", errors="replace") as file:
                self.fail(file.read()[:8000])
        self.assertEqual(server.process.returncode, 0)

    def load(self, server, *words, statuses=(0,)):
        done = subprocess.run([NACRE_LOAD, "-q", "--insecure", "-u", harness.USER, *words, f"127.0.0.1:{server.port}"],
                              capture_output=True, env=harness.clean_environment(server.folder), timeout=4 * PATIENCE)
        self.assertIn(done.returncode, statuses, done.stderr)

    def at_once(self, *jobs):
        """Run each function on its own thread; an exception fails the test."""
        wrong = []

        def run(job):
            try:
                job()
            except BaseException as error:  # pylint: disable=broad-except
                wrong.append(error)
        threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if wrong:
            raise wrong[0]

    def test_load(self):
        """Logins by key, password and hash, bulk transfers, and all files replaced at the same time."""
        text = f"{harness.USER}:{harness.PASSWORD}\nbob:{HASH}\n"
        server = self.server(passwords=text)
        key = ("-i", server.path("key"))
        over = threading.Event()

        def replace_files():
            while not over.wait(0.02):
                server.write_passwords(text)
                shutil.copy(server.path("key.pub"), server.path("new"))
                os.chmod(server.path("new"), 0o600)
                os.rename(server.path("new"), server.path("authorized_keys"))

        def passwords():
            for _ in range(6):
                self.assertEqual(Ssh(server, "password").run("exit 7").status, 7)

        def guesses():
            for _ in range(6):
                self.assertEqual(Ssh(server, "password", user="bob", password="wrong").run("exit 7").status, 255)

        def work():
            try:
                self.at_once(lambda: self.load(server, *key, "handshake", "-n", "60", "-c", "4"),
                             lambda: self.load(server, *key, "bulk", "-b", "2M", "-c", "4"),
                             lambda: self.load(server, *key, "channels", "-n", "100", "-c", "8"),
                             passwords, guesses)
            finally:
                over.set()
        self.at_once(work, replace_files)
        self.assertEqual(server.stop(), 0)

    def test_the_end_in_the_middle(self):
        """It is terminated during hashes, transfers and new connections."""
        server = self.server(passwords=f"bob:{HASH}\n")
        key = ("-i", server.path("key"))
        clients = [Ssh(server, "password", user="bob", password="wrong").start("exit 7") for _ in range(4)]
        clients += [Ssh(server).start("chargen 100000000000") for _ in range(2)]
        for process in clients:
            self.addCleanup(harness.end, process)
        for process in clients[4:]:
            process.stdout.read(harness.MIB)
        stopper = threading.Timer(0.3, lambda: server.process.terminate())
        stopper.start()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.load(server, *key, "handshake", "-n", "100000", "-c", "4", statuses=(0, 1))
        stopper.join()
        for process in clients[4:]:
            process.kill()
        self.assertEqual(server.process.wait(PATIENCE), 0)

    @unittest.skipUnless(os.path.exists(WATCHED_SERVE), "there is no such program: make SAN=thread programs")
    def test_children(self):
        """Programs on pipes and terminals, from several clients on both workers; some are killed, and the server is
        terminated while others run."""
        server = self.server("--exec", make=Served, program=WATCHED_SERVE, passwords=f"bob:{HASH}\n")
        with open(server.path("bulk"), "wb") as file:
            file.write(harness.random_bytes(harness.MIB))
        sent = harness.sha256(harness.random_bytes(harness.MIB))

        def pipes():
            for _ in range(4):
                self.assertEqual(Ssh(server).digest("cat; exit 7", server.path("bulk"))[:2], (7, sent))

        def many():
            with Master(server) as master:
                running = [master.start(f"sleep 0.2; exit {i}") for i in range(8)]
                self.assertEqual([self.ended(process) for process in running], list(range(8)))

        def terminals():
            for _ in range(4):
                self.assertEqual(Ssh(server).run("kill -TERM $$", terminal=True).status, 255)

        def killed():
            for i in range(4):
                process = Ssh(server).start("echo ready; exec sleep 1000", options=["-tt"] if i % 2 else [])
                self.addCleanup(harness.end, process)
                self.assertEqual(process.stdout.readline().strip(), b"ready")
                process.kill()

        def guesses():
            for _ in range(4):
                self.assertEqual(Ssh(server, "password", user="bob", password="wrong").run("exit 7").status, 255)

        self.at_once(pipes, many, terminals, killed, guesses)
        clients = [Ssh(server).start("echo ready; exec cat /dev/zero") for _ in range(2)]
        clients += [Ssh(server).start("echo ready; exec sleep 1000", options=["-tt"]) for _ in range(2)]
        for process in clients:
            self.addCleanup(harness.end, process)
            self.assertEqual(process.stdout.readline().strip(), b"ready")
        stopper = threading.Timer(0.3, server.process.terminate)
        stopper.start()
        at_end = [Ssh(server).start("exit 7") for _ in range(8)]
        for process in at_end:
            self.addCleanup(harness.end, process)
        for process in clients[:2]:
            process.stdout.read(harness.MIB)
        stopper.join()
        for process in clients[:2]:  # a client that does not read delays the end only for a while
            process.kill()
        self.assertEqual(server.process.wait(PATIENCE), 0)

    def ended(self, process):
        self.addCleanup(harness.end, process)
        return process.wait(PATIENCE)


if __name__ == "__main__":
    unittest.main()
