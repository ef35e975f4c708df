"""A confined server: what the kernel reports about it, and that it still works."""
import os
import pwd
import resource
import shutil
import signal
import tempfile
import unittest

import harness
from clients import Ssh

NACRE_SERVE = os.path.join(harness.BUILD, "nacre-serve")
NOBODY = pwd.getpwnam("nobody")
as_root = unittest.skipUnless(os.geteuid() == 0, "only root can change the user")


def statuses(process):
    """The kernel's status of each thread."""
    tasks = f"/proc/{process.pid}/task"
    for task in os.listdir(tasks):
        with open(f"{tasks}/{task}/status", encoding="ascii") as file:
            yield dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def locked_kib(status):
    return int(status["VmLck"].split()[0])


def give_to_nobody(server, *names):
    """Open the folder to all users, and give files that root wrote to nobody."""
    os.chmod(server.folder, 0o755)
    for name in names or ("passwords", "authorized_keys"):
        os.chown(server.path(name), NOBODY.pw_uid, 0)


def kernel_has_landlock():
    import ctypes
    return ctypes.CDLL(None).syscall(444, None, 0, 1) > 0


class Confined(unittest.TestCase):

    def server(self, *arguments, **more):
        return self.enterContext(harness.Server(*arguments, **more))

    def check(self, server, users, root=False):
        """Check every thread, hashing threads and workers alike."""
        event = server.wait("confined")[0]
        self.assertEqual((event["undumpable"], event["no_core"], event["no_new_privileges"]), ("yes",) * 3, event)
        self.assertGreater(int(event["calls"]), 40, event)
        if kernel_has_landlock():
            self.assertIn(server.folder, event["files"].split(","))
        else:
            print("not run without Landlock: files that may not be read")
        threads = list(statuses(server.process))
        self.assertGreater(len(threads), 2)
        for status in threads:
            self.assertEqual((status["Seccomp"], status["NoNewPrivs"]), ("2", "1"))
            self.assertEqual(status["Uid"].split(), [str(users[0])] * 4)
            self.assertEqual(status["Gid"].split(), [str(users[1])] * 4)
            kept = 1 << 2 | 1 << 14 if root else 0  # CAP_DAC_READ_SEARCH, CAP_IPC_LOCK
            self.assertEqual(int(status["CapPrm"], 16) & ~kept, 0)
            self.assertEqual(int(status["CapEff"], 16) & ~kept, 0)
            self.assertGreater(locked_kib(status), 0)
        self.assertGreater(int(event["locked_bytes"]), 0)
        with open(f"/proc/{server.process.pid}/limits", encoding="ascii") as file:
            self.assertRegex(file.read(), r"Max core file size +0 +0 ")
        owner = os.stat(f"/proc/{server.process.pid}/maps").st_uid
        self.assertEqual(owner, 0, "other processes of this user can read its memory")
        return event

    def test_the_default_measures(self):
        server = self.server("-w", "2")
        self.check(server, (os.geteuid(), os.getegid()), os.geteuid() == 0)
        self.assertEqual(Ssh(server, "password").run("exit 7").status, 7)
        warnings = [e for e in server.events("sandbox") if "used up" not in e["reason"]]  # ulimit -l may be small
        self.assertEqual(len(warnings), 1 if os.geteuid() == 0 else 0)

    def test_replaced_files_are_read(self):
        """A new file is renamed to the old name, as careful editors do."""
        server = self.server(passwords="alice:one\n")
        for password in "two", "three":
            self.assertEqual(Ssh(server, "password", password=password).run("exit 7").status, 255)
            server.write_passwords(f"alice:{password}\n")
            self.assertEqual(Ssh(server, "password", password=password).run("exit 7").status, 7)
        self.assertEqual(Ssh(server, "stranger").run("exit 7").status, 255)
        shutil.copy(server.path("stranger.pub"), server.path("new"))
        os.chmod(server.path("new"), 0o600)
        os.rename(server.path("new"), server.path("authorized_keys"))
        self.assertEqual(Ssh(server, "stranger").run("exit 7").status, 7)
        self.assertEqual(Ssh(server).run("exit 7").status, 255)

    def test_files_of_each_user_are_read(self):
        """Also those of a user who is added later, and through a link in the folder."""
        server = self.server(authorized_keys="%u/keys")
        self.assertEqual(Ssh(server).run("exit 7").status, 255)
        os.mkdir(server.path("alice"), 0o700)
        shutil.copy(server.path("authorized_keys"), server.path("alice/keys"))
        self.assertEqual(Ssh(server).run("exit 7").status, 7)
        os.symlink(server.path("alice"), server.path("bob"))
        self.assertEqual(Ssh(server, user="bob").run("exit 7").status, 7)

    @unittest.skipUnless(kernel_has_landlock(), "this kernel has no Landlock")
    def test_a_later_link_to_another_folder_is_not_followed(self):
        """A folder that was not allowed at the start stays unreadable, and the log says so."""
        elsewhere = self.enterContext(tempfile.TemporaryDirectory(prefix="nacre-"))
        server = self.server(passwords="alice:one\n")
        with open(elsewhere + "/passwords", "w", encoding="ascii") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write("alice:two\n")
        os.unlink(server.path("passwords"))
        os.symlink(elsewhere + "/passwords", server.path("passwords"))
        self.assertEqual(Ssh(server, "password", password="two").run("exit 7").status, 255)
        self.assertIn("a sandbox allows only the folders", server.wait("passwords")[0]["reason"])

    @unittest.skipUnless(kernel_has_landlock(), "this kernel has no Landlock")
    def test_the_folder_of_the_password_file_in_use_is_allowed_and_no_other(self):
        """The one that --passwords names, or else ssh-passwords, if it exists; the key file is elsewhere."""
        elsewhere = self.enterContext(tempfile.TemporaryDirectory(prefix="nacre-"))
        named = self.enterContext(tempfile.TemporaryDirectory(prefix="nacre-"))

        def write(path, password):
            with open(path, "w", encoding="ascii") as file:
                os.fchmod(file.fileno(), 0o600)
                file.write(f"alice:{password}\n")

        def start(*arguments, default):
            def before(server):
                os.rename(server.path("authorized_keys"), elsewhere + "/keys")
                if default:
                    write(server.path("ssh-passwords"), "default")
            server = self.server(*arguments, passwords=None, authorized_keys=elsewhere + "/keys", before=before)
            folders = server.wait("confined")[0]["files"].split(",")
            self.assertIn(elsewhere, folders)
            return server, folders

        server, folders = start(default=True)
        self.assertIn(server.folder, folders)
        self.assertEqual(Ssh(server, "password", password="default").run("exit 7").status, 7)
        write(server.path("ssh-passwords"), "new")
        self.assertEqual(Ssh(server, "password", password="new").run("exit 7").status, 7)
        write(named + "/passwords", "named")
        for default in True, False:
            server, folders = start("--passwords", named + "/passwords", default=default)
            self.assertEqual(set(folders), {named, elsewhere, server.folder})  # that of the host key
            self.assertEqual(Ssh(server, "password", password="named").run("exit 7").status, 7)
        server, folders = start(default=False)
        self.assertEqual(set(folders), {elsewhere, server.folder})

    def test_a_link_that_exists_at_the_start_is_followed(self):
        elsewhere = self.enterContext(tempfile.TemporaryDirectory(prefix="nacre-"))
        os.symlink(elsewhere + "/real", elsewhere + "/unused")
        with open(elsewhere + "/real", "w", encoding="ascii") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write("alice:two\n")
        link = os.path.join(self.enterContext(tempfile.TemporaryDirectory(prefix="nacre-")), "link")
        os.symlink(elsewhere + "/real", link)
        server = self.server("--passwords", link, passwords=None)
        self.assertEqual(Ssh(server, "password", password="two").run("exit 7").status, 7)

    def test_a_folder_behind_a_link_that_changes(self):
        """Deployments switch a link in the path: current -> releases/1, then current -> releases/2. Kubernetes does it
        with ..data, through which the files themselves are links."""
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="nacre-"))
        for release in "12":
            os.makedirs(f"{folder}/releases/{release}", 0o755)
            with open(f"{folder}/releases/{release}/passwords", "w", encoding="ascii") as file:
                os.fchmod(file.fileno(), 0o600)
                file.write(f"alice:release {release}\n")
        os.symlink("releases/1", folder + "/current")
        os.symlink("current/passwords", folder + "/passwords")
        os.mkdir(folder + "/etc")
        os.symlink(folder + "/current", folder + "/etc/nacre")
        servers = [self.server("--passwords", f"{folder}/{name}", passwords=None)
                   for name in ("current/passwords", "passwords", "etc/nacre/passwords")]
        for release in "12":
            os.symlink(f"releases/{release}", folder + "/next")
            os.rename(folder + "/next", folder + "/current")
            for server in servers:
                client = Ssh(server, "password", password=f"release {release}")
                self.assertEqual(client.run("exit 7").status, 7)

    @as_root
    def test_the_server_becomes_another_user(self):
        server = self.server("--user", "nobody", "-w", "2", before=give_to_nobody)
        self.assertEqual(self.check(server, (NOBODY.pw_uid, NOBODY.pw_gid))["user"], "nobody")
        self.assertEqual(server.events("sandbox"), [])
        self.assertEqual(Ssh(server, "password").run("exit 7").status, 7)
        self.assertEqual(Ssh(server).run("exit 7").status, 7)
        self.assertEqual(Ssh(server, "password").run("exit 7").status, 7)
        server.write_passwords("alice:two\n")
        os.chown(server.path("passwords"), NOBODY.pw_uid, 0)
        self.assertEqual(Ssh(server, "password", password="two").run("exit 7").status, 7)

    @as_root
    def test_a_host_key_that_its_group_can_read(self):
        """As Kubernetes and systemd give it to a server; with --user, the group may also be the user's."""
        def give(mode, group):
            def give_now(server):
                give_to_nobody(server)
                os.chown(server.path("host_key"), 0, group)
                os.chmod(server.path("host_key"), mode)
            return give_now
        for mode, group in (0o440, 0), (0o640, 0), (0o440, NOBODY.pw_gid), (0o640, NOBODY.pw_gid):
            with self.subTest(mode=oct(mode), group=group):
                server = self.server("--user", "nobody", before=give(mode, group))
                self.assertEqual(Ssh(server).run("exit 7").status, 7)
        for mode, group in (0o444, 0), (0o460, 0), (0o440, 4321), (0o644, NOBODY.pw_gid):
            with self.subTest(mode=oct(mode), group=group):
                with self.assertRaisesRegex(AssertionError, "able by others"):
                    self.server("--user", "nobody", before=give(mode, group))

    @as_root
    def test_a_file_that_the_user_cannot_read_prevents_the_start(self):
        with self.assertRaisesRegex(AssertionError, r"nacre-echo: \S+/passwords: Permission denied: the user nobody "
                                                    "cannot read it"):
            self.server("--user", "nobody", before=lambda server: give_to_nobody(server, "authorized_keys"))

    def test_sessions_continue_without_locked_memory(self):
        """It is reported once."""
        as_nobody = {"before": give_to_nobody} if os.geteuid() == 0 else {}
        arguments = ("--user", "nobody") if as_nobody else ()
        locked = locked_kib(next(statuses(self.server(*arguments, **as_nobody).process))) * 1024
        limit = resource.getrlimit(resource.RLIMIT_MEMLOCK)
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (locked, limit[1]))
        try:
            server = self.server(*arguments, **as_nobody)
        finally:
            resource.setrlimit(resource.RLIMIT_MEMLOCK, limit)
        clients = [Ssh(server).start() for _ in range(4)]
        for client in clients:
            self.addCleanup(harness.end, client)
            harness.ask(client, b"h")
        self.assertIn("used up", server.wait("sandbox")[0]["reason"])
        for _ in range(2):
            self.assertEqual(Ssh(server, "password").run("exit 7").status, 7)
        self.assertEqual(len(server.events("sandbox")), 1)
        self.assertLessEqual(locked_kib(next(statuses(server.process))) * 1024, locked)

    def test_an_unknown_user_prevents_the_start(self):
        with self.assertRaisesRegex(AssertionError, "no-such-user: there is no such user"):
            self.server("--user", "no-such-user")

    def test_no_sandbox_takes_no_measure(self):
        server = self.server("--no-sandbox")
        for status in statuses(server.process):
            self.assertEqual((status["Seccomp"], status["NoNewPrivs"]), ("0", "0"))
        self.assertIn("off, by --no-sandbox", [e["reason"] for e in server.events("sandbox")])
        self.assertEqual(Ssh(server).run("exit 7").status, 7)

    def test_every_expected_signal_is_allowed(self):
        """The server is stopped, continued, and terminated while sessions and a password check are active."""
        for number in signal.SIGTERM, signal.SIGINT:
            server = self.server("-w", "2", passwords="bob:$argon2id$v=19$m=65536,t=4,p=1$ZtJi+DCk3u0/eGPyRsEt+w"
                                 "$LuM8tOvOZv6DBpHdPI7kYFktmf1QK1KrpoiYPdJFHrA\n")
            sessions = [Ssh(server).start() for _ in range(4)]
            for session in sessions:
                self.addCleanup(harness.end, session)
                harness.ask(session, b"x")
            guess = Ssh(server, "password", user="bob").start("cat")
            self.addCleanup(harness.end, guess)
            server.process.send_signal(signal.SIGSTOP)
            server.process.send_signal(signal.SIGCONT)
            self.assertEqual(server.stop(number), 0)
            self.assertEqual(server.events("forbidden"), [])


class Serve(unittest.TestCase):
    """Programs inherit the user from their server, and no other measure."""

    def serve(self, *arguments, command, **more):
        class Served(harness.Server):
            words = ("--", *command)
        return self.enterContext(Served(*arguments, program=NACRE_SERVE, **more))

    def test_programs_are_not_confined(self):
        server = self.serve(command=["/bin/sh", "-c", "cat /proc/self/status; ulimit -c"])
        hard = resource.getrlimit(resource.RLIMIT_CORE)
        said = Ssh(server).run(None).out.decode()
        self.assertRegex(said, r"(?m)^NoNewPrivs:\t0$")
        self.assertRegex(said, r"(?m)^Seccomp:\t0$")
        self.assertEqual(said.split()[-1], "unlimited" if hard[0] == -1 else str(hard[0] // 512 * (hard[0] > 0)))
        self.assertEqual(server.events("confined")[0]["undumpable"], "yes")
        self.assertEqual(os.stat(f"/proc/{server.process.pid}/maps").st_uid, 0)

    @as_root
    def test_programs_run_as_the_user(self):
        server = self.serve("--user", "nobody", command=["/bin/sh", "-c", "id; echo $USER $LOGNAME $HOME $SHELL"],
                            before=give_to_nobody)
        for options in {}, {"options": ("-tt",)}:
            out = Ssh(server).run(None, **options).out.decode().replace("\r", "")
            self.assertIn(f"uid={NOBODY.pw_uid}(nobody) gid={NOBODY.pw_gid}", out)
            self.assertNotIn("(root)", out)
            self.assertIn(f"nobody nobody {NOBODY.pw_dir} {NOBODY.pw_shell}", out)


if __name__ == "__main__":
    unittest.main()
