"""nacre-serve: what programs inherit, and the server as process 1."""
import os
import resource
import signal
import tempfile
import unittest

import harness
from clients import Ssh
from harness import until
from test_confined import NACRE_SERVE, NOBODY, as_root, give_to_nobody
from test_serve import Served, ServeCase


class Launched(Served):
    """nacre-serve with this command, started by a script that ends in: exec ... "$@"."""

    def __init__(self, script, *words, arguments=(), **more):
        self.words = ["--", *words]
        with tempfile.TemporaryDirectory() as folder:
            launcher = os.path.join(folder, "launcher")
            with open(launcher, "w", encoding="ascii") as file:
                file.write(f"#!/bin/sh\n{script}\n")
            os.chmod(launcher, 0o755)
            harness.Server.__init__(self, *arguments, program=launcher, inspected=True, **more)


class SessionsCase(ServeCase):
    def serve(self, *words, **more):
        more.setdefault("passwords", f"alice:{harness.PASSWORD}\nbob:{harness.PASSWORD}\n")
        return super().serve(*words, **more)

    def launch(self, script, *words, **more):
        return self.enterContext(Launched(script, *words, **more))


class Inheritance(SessionsCase):
    def test_the_limit_of_descriptors(self):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        server = self.launch(f'ulimit -Sn 100; exec {NACRE_SERVE} "$@"', "sh", "-c", "ulimit -Sn; ulimit -Hn")
        self.assertEqual(resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE), (hard, hard))
        for options in {}, {"terminal": True}:
            self.assertEqual(Ssh(server).run(**options).out.split(), [b"100", b"%d" % hard])

    def starts_in(self, mode):
        def shut(server):
            give_to_nobody(server)
            os.chmod(server.folder, mode)
        server = self.shell("pwd; cd . && ls >/dev/null && echo fine", arguments=["--user", "nobody"], before=shut)
        found = [Ssh(server).run(terminal=terminal).out.decode().split() for terminal in (False, True)]
        self.assertEqual(found[0], found[1])
        return server, found[0]

    @as_root
    def test_a_folder_that_the_user_can_read(self):
        server, found = self.starts_in(0o755)
        self.assertEqual(found, [server.folder, "fine"])

    @as_root
    def test_a_folder_that_the_user_cannot_read(self):
        home = NOBODY.pw_dir if os.path.isdir(NOBODY.pw_dir) else "/"
        self.assertEqual(self.starts_in(0o711)[1], [home, "fine"])

    @as_root
    def test_a_folder_below_one_that_the_user_cannot_enter(self):
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(os.path.join(folder, "open"), 0o755)
            os.chmod(os.path.join(folder, "open"), 0o755)
            server = self.launch(f'cd {folder}/open; exec {NACRE_SERVE} "$@"', "pwd",
                                 arguments=["--user", "nobody"], before=give_to_nobody)
            self.assertNotIn(folder, Ssh(server).run().out.decode())

    def test_a_folder_that_is_gone(self):
        with tempfile.TemporaryDirectory() as folder:
            server = self.launch(f'cd {folder}; exec {NACRE_SERVE} "$@"', "pwd", environment={"HOME": "/usr"})
        self.assertEqual(Ssh(server).run(), (0, b"/usr\n", b""))


class FirstProcess(SessionsCase):
    """As in a container."""

    def first(self, server):
        """The process that has the number 1 in its own world."""
        with open(f"/proc/{server.process.pid}/task/{server.process.pid}/children", encoding="ascii") as file:
            return int(file.read())

    def zombies(self, pid):
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            children = file.read().split()
        for child in children:
            with open(f"/proc/{child}/stat", encoding="ascii") as file:
                if file.read().rsplit(")", 1)[1].split()[0] == "Z":
                    yield child

    def contain(self, *words):
        server = self.launch(f'exec unshare --pid --fork {NACRE_SERVE} "$@"', *words)
        return server, self.first(server)

    @as_root
    def test_orphans_are_reaped(self):
        server, first = self.contain("sh", "-c", "setsid sleep 0 >/dev/null 2>&1 </dev/null & exit 5")
        for _ in range(3):
            self.assertEqual(Ssh(server).run().status, 5)
        until(lambda: not list(self.zombies(first)), lambda: f"zombies: {list(self.zombies(first))}")
        os.kill(first, signal.SIGUSR1)
        server.wait("counters")
        os.kill(first, signal.SIGTERM)
        self.assertEqual(server.process.wait(harness.PATIENCE), 0)
        self.assertEqual(len(server.events("stopped")), 1)

    @as_root
    def test_it_ends_with_the_server(self):
        server, first = self.contain("cat")
        with open(f"/proc/{first}/task/{first}/children", encoding="ascii") as file:
            os.kill(int(file.read()), signal.SIGKILL)
        self.assertEqual(server.process.wait(harness.PATIENCE), 128 + signal.SIGKILL)
        server.process.returncode = 0  # as wanted


if __name__ == "__main__":
    unittest.main()
