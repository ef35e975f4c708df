"""Stopping and upgrading: --drain, sockets from a parent process (LISTEN_FDS), and --supervise.

NACRE_OPERATE=1 (make operate) upgrades 50 times rather than 4.
"""
import contextlib
import json
import os
import pwd
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import harness
from clients import Ssh
from harness import PATIENCE, USER, Server, until

NACRE_SERVE = os.path.join(harness.BUILD, "nacre-serve")
NACRE_LOAD = os.path.join(harness.BUILD, "nacre-load")
NOBODY = pwd.getpwnam("nobody")
UPGRADES = 50 if os.environ.get("NACRE_OPERATE") else 4
as_root = unittest.skipUnless(os.geteuid() == 0, "only root can change the user")


class Supervised(Server):
    numbers_once = False


class Served(Supervised):
    words = ("--", "cat")


def start_session(server):
    """A session that has begun and stays."""
    session = Ssh(server).start("cat")
    assert is_alive(session)
    return session


def is_alive(session):
    session.stdin.write(b"hello\n")
    session.stdin.flush()
    return session.stdout.readline() == b"hello\n"


def is_refused(server):
    """Each worker stops accepting on its own."""
    try:
        socket.create_connection((server.host, server.port), PATIENCE).close()
    except (ConnectionRefusedError, ConnectionResetError):
        return True
    return False


class Drain(unittest.TestCase):
    def test_sessions_finish_after_sigterm(self):
        for workers in "1", "2":
            with self.subTest(workers), Server("--drain", "1h", "-w", workers) as server:
                sessions = [start_session(server) for _ in range(3)]
                for session in sessions:
                    self.addCleanup(harness.end, session)
                server.process.send_signal(signal.SIGTERM)
                self.assertEqual(server.wait("draining")[0]["connections"], "3")
                until(lambda: is_refused(server), "a worker still accepts")
                for session in sessions:
                    self.assertTrue(is_alive(session))
                    self.assertIsNone(server.process.poll())
                    session.stdin.close()
                    self.assertEqual(session.wait(PATIENCE), 0)
                self.assertEqual(server.process.wait(PATIENCE), 0)
                self.assertTrue(server.events("stopped"))

    def test_connections_in_the_queue_are_accepted_first(self):
        """More than the server accepts in one iteration of its loop; some wait for a balancer's header."""
        for more in (), ("--proxy-from", "127.0.0.1"):
            with self.subTest(more), contextlib.ExitStack() as stack, \
                    Server("--drain", "1h", "--max-startups", "1000", "--per-source-max-startups", "none", *more) as server:
                server.process.send_signal(signal.SIGSTOP)
                until(lambda: all(state == "T" for _, fields in server.threads() for state, _ in fields if state), "it runs")
                clients = [stack.enter_context(socket.create_connection((server.host, server.port), PATIENCE)) for _ in range(200)]
                server.process.send_signal(signal.SIGTERM)
                server.process.send_signal(signal.SIGCONT)
                server.wait("draining")
                for client in clients:
                    client.settimeout(PATIENCE)
                    if more:
                        client.sendall(b"PROXY UNKNOWN\r\n")
                    self.assertIn(b"SSH-2.0-", client.recv(100))
                    client.close()
                self.assertEqual(server.process.wait(PATIENCE), 0)

    def test_what_is_left_is_ended_when_the_time_is_over(self):
        with Server("--drain", "1") as server:
            session = start_session(server)
            self.addCleanup(harness.end, session)
            server.process.send_signal(signal.SIGTERM)
            self.assertNotEqual(session.wait(PATIENCE), 0)
            self.assertEqual(server.process.wait(PATIENCE), 0)
            self.assertEqual(server.events("closed")[-1]["reason"], "shutting down")

    def test_a_second_sigterm_ends_all(self):
        for arguments, signals in (("--drain", "1h"), 2), ((), 1):
            with self.subTest(arguments), Server(*arguments) as server:
                session = start_session(server)
                self.addCleanup(harness.end, session)
                server.process.send_signal(signal.SIGTERM)
                if signals == 2:
                    server.wait("draining")
                    self.assertTrue(is_alive(session))
                    server.process.send_signal(signal.SIGTERM)
                self.assertNotEqual(session.wait(PATIENCE), 0)
                self.assertEqual(server.process.wait(PATIENCE), 0)


class Inherited(unittest.TestCase):
    """The protocol of sd_listen_fds(3), with a shell in the part of systemd."""

    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory(prefix="nacre-"))

    def run_with(self, sock, fds="1", pid="$$", arguments=()):
        """Run nacre-echo with the socket as descriptor 3; returns the process."""
        script = f"LISTEN_PID={pid} LISTEN_FDS={fds} exec \"$@\" 3<&{sock.fileno()} 4<&-"
        process = subprocess.Popen(["sh", "-c", script, "sh", harness.NACRE_ECHO, *arguments], cwd=self.folder,
                                   pass_fds=[sock.fileno()], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.addCleanup(harness.end, process)
        return process

    def arguments(self):
        harness.ssh_keygen(os.path.join(self.folder, "key"))
        with open(os.path.join(self.folder, "passwords"), "w", encoding="ascii") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write("alice:secret\n")
        return ["-k", "key", "-p", "passwords"]

    def greeting(self, address):
        with socket.create_connection(address, PATIENCE) as client:
            client.settimeout(PATIENCE)
            return client.recv(100)

    def test_the_sockets_of_the_parent_are_used(self):
        arguments = self.arguments()
        for workers in "1", "3":
            with self.subTest(workers), socket.create_server(("127.0.0.1", 0)) as listener:
                process = self.run_with(listener, arguments=[*arguments, "-w", workers])
                for _ in range(8):
                    self.assertIn(b"SSH-2.0-", self.greeting(listener.getsockname()))
                process.terminate()
                self.assertEqual(process.wait(PATIENCE), 0)
                self.assertIn(f"event=listening addr=127.0.0.1:{listener.getsockname()[1]}".encode(),
                              process.stderr.read())

    def test_a_connection_waits_in_the_queue_for_the_next_process(self):
        arguments = self.arguments()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            first = self.run_with(listener, arguments=arguments)
            self.greeting(listener.getsockname())
            first.terminate()
            self.assertEqual(first.wait(PATIENCE), 0)
            with socket.create_connection(listener.getsockname(), PATIENCE) as client:
                self.run_with(listener, arguments=arguments)
                client.settimeout(PATIENCE)
                self.assertIn(b"SSH-2.0-", client.recv(100))

    def test_what_is_not_for_this_process_is_ignored(self):
        arguments = self.arguments()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            process = self.run_with(listener, pid="1", arguments=[*arguments, "-l", "127.0.0.1:0"])
            said = b""
            while b"event=listening" not in said:
                said = process.stderr.readline()
                self.assertNotEqual(said, b"")
            self.assertNotIn(b":%d" % listener.getsockname()[1], said)

    def test_what_is_no_listening_socket_is_refused(self):
        arguments = self.arguments()
        with socket.socket() as idle:
            process = self.run_with(idle, arguments=arguments)
            self.assertEqual(process.wait(PATIENCE), 1)
            self.assertIn(b"nacre-echo: descriptor 3 is not a stream socket that listens", process.stderr.read())
            process = self.run_with(idle, fds="2", arguments=arguments)
            self.assertEqual(process.wait(PATIENCE), 1)
            self.assertIn(b"nacre-echo: LISTEN_FDS: descriptor 4: Bad file descriptor", process.stderr.read())
            process = self.run_with(idle, fds="many", arguments=arguments)
            self.assertIn(b"LISTEN_FDS: 'many' is not a number", process.stderr.read())


class Knocking:
    """Clients that connect without pause, and read the identification and the first packet."""

    def __init__(self, address, count=4):
        self.address, self.failures, self.connections, self.over = address, [], 0, False
        self.threads = [threading.Thread(target=self.knock) for _ in range(count)]

    def knock(self):
        while not self.over:
            try:
                with socket.create_connection(self.address, PATIENCE) as client:
                    client.settimeout(PATIENCE)
                    client.sendall(b"SSH-2.0-knocking\r\n")
                    said = b""
                    while len(said) < 200:
                        more = client.recv(4096)
                        if not more:
                            raise ConnectionError(f"closed after {said!r}")
                        said += more
                self.connections += 1
            except OSError as error:
                self.failures.append(repr(error))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over = True
        for thread in self.threads:
            thread.join()


class Upgrade(unittest.TestCase):
    arguments = ("--supervise", "--per-source-penalties", "no", "--per-source-max-startups", "none",
                 "--max-startups", "100000")

    def upgrade(self, server):
        """Upgrade once; returns the seconds until the new process accepts connections."""
        begun, done = time.monotonic(), len(server.events("upgrade", answer="done"))
        server.process.send_signal(signal.SIGUSR2)
        server.wait("upgrade", done + 1, answer="done")
        return time.monotonic() - begun

    def log_in(self, server, figures):
        """Whole sessions, one after another, until `figures` has a last entry."""
        while not figures or figures[-1] is not None:
            done = subprocess.run([NACRE_LOAD, "--json", "-q", "handshake", "-n", "8", "-i", server.path("key"), "-u", USER,
                                   "--known-hosts", server.path(".ssh/known_hosts"), server.address],
                                  capture_output=True, timeout=4 * PATIENCE, check=False)
            figures.append((done.returncode, done.stdout, done.stderr))
            if self.over:
                figures.append(None)

    def check_upgrades(self, server, count):
        session = start_session(server)
        self.addCleanup(harness.end, session)
        self.over, figures = False, []
        logins = threading.Thread(target=self.log_in, args=(server, figures))
        with Knocking((server.host, server.port)) as knocking:
            logins.start()
            times = [self.upgrade(server) for _ in range(count)]
            self.assertTrue(is_alive(session))
            self.over = True
            logins.join()
        self.assertEqual(knocking.failures, [])
        self.assertGreater(knocking.connections, count)
        for status, out, err in figures[:-1]:
            self.assertEqual(status, 0, (out, err))
        self.assertTrue(is_alive(session))  # with the first process
        session.stdin.close()
        self.assertEqual(session.wait(PATIENCE), 0)
        if os.environ.get("NACRE_OPERATE"):
            print(json.dumps({"upgrades": count, "connections": knocking.connections, "refused or reset": 0,
                              "logins": 8 * (len(figures) - 1), "seconds until ready, median": sorted(times)[count // 2]}))

    def test_no_connection_is_refused_or_reset(self):
        with Supervised(*self.arguments) as server:
            self.check_upgrades(server, UPGRADES)

    def test_nor_with_several_workers(self):
        with Supervised(*self.arguments, "-w", "2") as server:
            self.check_upgrades(server, UPGRADES)

    @as_root
    def test_nor_as_another_user(self):
        def prepare(server):
            os.chmod(server.folder, 0o755)
            for name in "passwords", "authorized_keys":
                os.chown(server.path(name), NOBODY.pw_uid, 0)
        with Supervised(*self.arguments, "--user", "nobody", before=prepare) as server:
            self.check_upgrades(server, UPGRADES)

    def test_the_old_process_ends_when_its_sessions_have(self):
        with Supervised("--supervise") as server:
            session = start_session(server)
            self.addCleanup(harness.end, session)
            self.upgrade(server)
            self.assertEqual(server.wait("draining")[0]["connections"], "1")
            self.assertEqual(server.events("stopped"), [])
            session.stdin.close()
            self.assertEqual(session.wait(PATIENCE), 0)
            server.wait("stopped")
            self.assertEqual(Ssh(server).run("exit 3").status, 3)

    def test_a_new_process_that_cannot_start_changes_nothing(self):
        config = "ListenAddress 127.0.0.1:0\nHostKey {folder}/host_key\nPasswords {folder}/passwords\n" \
                 "AuthorizedKeysFile {folder}/authorized_keys\nSupervise yes\n"
        with Supervised(config=config) as server:
            server.write_config(config + "Nonsense yes\n")
            server.process.send_signal(signal.SIGUSR2)
            self.assertIn("ended before it accepted", server.wait("upgrade", answer="failed")[0]["reason"])
            self.assertEqual(Ssh(server).run("exit 3").status, 3)
            server.write_config(config)
            self.upgrade(server)
            self.assertEqual(Ssh(server).run("exit 3").status, 3)

    def test_signals_reach_the_server(self):
        with Supervised("--supervise", "--drain", "1h") as server:
            server.reload()
            server.process.send_signal(signal.SIGUSR1)
            server.wait("counters")
            old = start_session(server)
            self.addCleanup(harness.end, old)
            self.upgrade(server)
            new = start_session(server)
            self.addCleanup(harness.end, new)
            server.process.send_signal(signal.SIGTERM)
            server.wait("draining", 2)
            until(lambda: is_refused(server), "a process still accepts")
            self.assertTrue(is_alive(old) and is_alive(new))
            server.process.send_signal(signal.SIGTERM)
            self.assertNotEqual(new.wait(PATIENCE), 0)
            self.assertNotEqual(old.wait(PATIENCE), 0)
            self.assertEqual(server.process.wait(PATIENCE), 0)

    def test_the_server_drains_when_its_supervisor_is_killed(self):
        """... so that another one can have its ports at once."""
        with tempfile.TemporaryDirectory(prefix="nacre-") as folder:
            server = Supervised("--supervise", "--metrics", f"unix:{folder}/metrics", "-w", "2")
            self.addCleanup(server.clear)
            old = start_session(server)
            self.addCleanup(harness.end, old)
            self.upgrade(server)
            new = start_session(server)
            self.addCleanup(harness.end, new)
            server.process.kill()
            server.process.wait()
            until(lambda: server.logged("trouble"), "the server does not notice")
            self.assertIn("the process that supervised this one has ended", server.logged("trouble")[0]["reason"])
            until(lambda: is_refused(server), "the server still accepts")
            with Supervised("--supervise", "--metrics", f"unix:{folder}/metrics", listen=server.address) as another:
                self.assertEqual(Ssh(another).run("exit 3").status, 3)
                for session in old, new:
                    self.assertTrue(is_alive(session))
                    session.stdin.close()
                    self.assertEqual(session.wait(PATIENCE), 0)
            until(lambda: len(server.logged("stopped")) == 2, "a process does not end")
            self.assertEqual(len(server.logged("trouble")), 1)  # not from the one that was replaced

    def test_programs_of_nacre_serve_go_on(self):
        with Served("--supervise", program=NACRE_SERVE) as server:
            session = Ssh(server).start(None)
            self.addCleanup(harness.end, session)
            self.assertTrue(is_alive(session))
            self.upgrade(server)
            self.assertTrue(is_alive(session))
            self.assertEqual(Ssh(server).run(None, b"new").out, b"new")
            session.stdin.close()
            self.assertEqual(session.wait(PATIENCE), 0)
            until(lambda: server.events("stopped"), "the old process does not end")


if __name__ == "__main__":
    unittest.main()
