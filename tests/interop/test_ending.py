"""nacre-serve: output, then the exit status, EOF and CLOSE, whatever the program does with its output."""
import contextlib
import os
import shlex
import signal
import subprocess
import unittest

import harness
from clients import Dbclient, Master, Paramiko, Plink, Ssh
from harness import until
from terminals import Terminal
from test_serve import ServeCase, is_alive

COMMAND = ("sh", "-c", "exec sh -c \"$SSH_ORIGINAL_COMMAND\"")

# Ways to be without output while the program still works.
SILENCES = {
    "redirected": "exec >work 2>&1",
    "closed": "exec >&- 2>&-",
    "closed, with its input": "exec <&- >&- 2>&-",
    "output closed": "exec >&-",
}


class EndingCase(ServeCase):
    def setUp(self):
        self.server = self.serve(*COMMAND, arguments=["--exec"])
        self.gate = self.server.path("gate")
        os.mkfifo(self.gate)

    def script(self, silence, then="exit 5"):
        """Falls silent, and waits until the test has opened the gate."""
        return f"cd {self.server.folder}; echo out; {silence}; : <gate; echo done >finished; {then}"

    def open_gate(self):
        """Everything that the server sent before is processed by then."""
        with open(self.gate, "wb"):
            pass

    def finished(self):
        return os.path.exists(self.server.path("finished"))

    def without_cause_to_end(self, process):
        """The program is silent and its client has sent EOF: nothing ends for longer than anybody used to wait."""
        self.eof()
        with self.assertRaises(subprocess.TimeoutExpired):
            process.wait(0.4)


class Silent:
    """The tests for each client: its input has ended, and its program has closed its output but still works."""

    def begin(self, command):
        self.eof = self.server.watch("eof")
        process = self.start(command)
        self.addCleanup(harness.end, process)
        return process

    def start(self, command):
        return self.client(self.server).start(command, stdin=subprocess.DEVNULL)

    def test_the_status_arrives(self):
        for name, silence in SILENCES.items():
            with self.subTest(silence=name):
                process = self.begin(self.script(silence))
                self.without_cause_to_end(process)
                self.open_gate()
                self.assertEqual(process.wait(harness.PATIENCE), 5)
                self.assertEqual(process.stdout.read(), b"out\n")
                self.assertTrue(self.finished())
                os.remove(self.server.path("finished"))

    def test_a_signal_arrives(self):
        process = self.begin(self.script(SILENCES["closed"], "kill -TERM $$"))
        self.without_cause_to_end(process)
        self.open_gate()
        self.assertEqual((process.wait(harness.PATIENCE), self.finished()), (self.killed, True))


class SilentWithSsh(Silent, EndingCase):
    client, killed = Ssh, 255


class SilentWithPlink(Silent, EndingCase):
    client, killed = Plink, 128


class SilentWithDbclient(Silent, EndingCase):
    client, killed = Dbclient, 0  # it ignores signals


class SilentWithMaster(Silent, EndingCase):
    """ssh -n on a shared connection: a session ends when it has EOF both ways."""

    killed = 255

    def setUp(self):
        super().setUp()
        self.master = self.enterContext(Master(self.server))

    def start(self, command):
        return self.master.start(command, options=["-n"])


class SilentWithParamiko(EndingCase):
    def test_no_eof_before_the_end(self):
        with contextlib.closing(Paramiko(self.server).connect()) as transport:
            channel = transport.open_session()
            channel.settimeout(harness.PATIENCE)
            channel.exec_command(self.script(SILENCES["closed"]))
            channel.shutdown_write()
            self.assertEqual(channel.recv(100), b"out\n")
            channel.settimeout(0.4)
            with self.assertRaises(TimeoutError):
                channel.recv(100)
            channel.settimeout(harness.PATIENCE)
            self.assertFalse(channel.eof_received or channel.exit_status_ready())
            self.open_gate()
            self.assertEqual(channel.recv(100), b"")
            self.assertTrue(channel.exit_status_ready())  # it came before the EOF
            self.assertEqual((channel.recv_exit_status(), self.finished()), (5, True))


class Background(EndingCase):
    """A program that ends while a process in the background still holds its output."""

    holder = "sh -c 'trap \"\" HUP; echo $$ >holder; exec sleep 1000' & while ! test -s holder; do :; done"

    def script(self, *_):
        return f"cd {self.server.folder}; {self.holder}; echo out; exit 5"

    def held(self):
        with open(self.server.path("holder"), encoding="ascii") as file:
            pid = int(file.read())
        self.addCleanup(lambda: is_alive(pid) and os.kill(pid, signal.SIGKILL))
        return pid

    def on_terminal(self, command, client=Ssh):
        c = client(self.server)
        return self.enterContext(Terminal(c.command(command, terminal=True), c.environment()))

    def test_with_a_terminal_the_session_ends_at_once(self):
        for client in Ssh, Plink, Dbclient:
            with self.subTest(client=client.name):
                terminal = self.on_terminal(self.script(), client)
                self.assertEqual(terminal.end(), 5)
                self.assertIn(b"out", terminal.seen)
                self.assertTrue(is_alive(self.held()))
                os.remove(self.server.path("holder"))

    def test_with_a_terminal_all_output_of_the_program_arrives(self):
        command = f"cd {self.server.folder}; stty -opost; {self.holder}; seq 100000; exit 2"
        done = Ssh(self.server).run(command, terminal=True)
        self.held()
        self.assertEqual((done.status, done.out), (2, b"".join(b"%d\n" % i for i in range(1, 100001))))

    def test_with_a_terminal_a_background_writer_does_not_prolong_it(self):
        command = f"cd {self.server.folder}; sh -c 'trap \"\" HUP; echo $$ >holder; exec yes' & : <gate; exit 5"
        terminal = self.on_terminal(command)
        terminal.expect(b"y\r\n")
        self.open_gate()
        self.assertEqual(terminal.end(), 5)
        pid = self.held()
        until(lambda: not is_alive(pid), "the writer's terminal to be gone")

    def test_without_a_terminal_it_lasts_until_the_output_is_closed(self):
        for client in Ssh, Plink, Dbclient:
            with self.subTest(client=client.name):
                exited = self.server.watch("exited")
                process = client(self.server).start(self.script(), stdin=subprocess.DEVNULL)
                self.addCleanup(harness.end, process)
                exited()
                with self.assertRaises(subprocess.TimeoutExpired):
                    process.wait(0.4)
                os.kill(self.held(), signal.SIGKILL)
                self.assertEqual((process.wait(harness.PATIENCE), process.stdout.read()), (5, b"out\n"))
                os.remove(self.server.path("holder"))

    def test_without_output_it_does_not_matter(self):
        script = shlex.quote("trap '' HUP; echo $$ >holder; exec sleep 1000")
        command = f"cd {self.server.folder}; sh -c {script} >&- 2>&- & while ! test -s holder; do :; done; exit 5"
        for client in Ssh, Plink, Dbclient:
            with self.subTest(client=client.name):
                process = client(self.server).start(command, stdin=subprocess.DEVNULL)
                self.addCleanup(harness.end, process)
                self.assertEqual(process.wait(harness.PATIENCE), 5)
                self.assertTrue(is_alive(self.held()))
                os.remove(self.server.path("holder"))


class HangUp(ServeCase):
    """A client that goes away before its program has ended."""

    deaf = "trap '' HUP; echo ready; while :; do sleep 0.05; done"

    def leave(self, server, **more):
        """Start a program, wait for its first line, and kill the client: the program's number."""
        started = server.watch("started")
        process = Ssh(server).start(**more)
        self.assertEqual(process.stdout.readline(), b"ready\n")
        pid = int(started()[0]["pid"])
        self.addCleanup(lambda: is_alive(pid) and os.kill(pid, signal.SIGKILL))
        return process, pid

    def test_a_program_that_outlives_it_is_logged(self):
        server = self.shell(self.deaf)
        process, pid = self.leave(server)
        harness.end(process)
        self.assertEqual([e["pid"] for e in server.wait("outlived")], [str(pid)])
        self.assertIn(server.events("outlived")[0]["processes"], ("1", "2"))  # perhaps a sleep
        os.kill(pid, signal.SIGKILL)
        server.wait("exited", pid=pid)
        self.assertEqual(len(server.events("outlived")), 1)

    def test_others_that_outlive_the_program_are_counted(self):
        """The program ends, and two processes in the background do not, one of them in a group of its own."""
        server = self.shell("trap '' HUP; sleep 1000 & echo $! >first; set -m; sleep 1000 & echo $! >second; trap - HUP; "
                            "echo ready; wait")
        process, pid = self.leave(server)
        for name in "first", "second":
            with open(server.path(name), encoding="ascii") as file:
                other = int(file.read())
            self.addCleanup(lambda other=other: is_alive(other) and os.kill(other, signal.SIGKILL))
        harness.end(process)
        server.wait("exited", pid=pid)
        self.assertEqual([(e["pid"], e["processes"]) for e in server.wait("outlived")], [(str(pid), "2")])

    def test_a_program_that_ends_is_not(self):
        server = self.shell("trap 'sleep 0.3; exit 0' HUP; echo ready; while :; do sleep 0.05; done")
        process, pid = self.leave(server)
        harness.end(process)
        server.wait("exited", pid=pid)
        self.assertEqual(server.stop(), 0)
        self.assertEqual(server.events("outlived"), [])

    def test_when_the_server_stops(self):
        server = self.shell(f"if test -n \"$LC_DEAF\"; then {self.deaf}; else echo ready; exec sleep 1000; fi")
        others = [self.leave(server) for _ in range(3)]
        process, pid = self.leave(server, options=["-o", "SetEnv=LC_DEAF=1"])
        self.assertEqual(server.stop(), 0)
        for client, _ in [*others, (process, pid)]:
            harness.end(client)
        self.assertEqual([e["pid"] for e in server.events("outlived")], [str(pid)])
        self.assertEqual({e["pid"] for e in server.events("exited")}, {str(other) for _, other in others})


if __name__ == "__main__":
    unittest.main()
