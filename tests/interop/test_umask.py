#!/usr/bin/env python3
"""Files and folders that their group may write, as the umask 002 makes them: good if nobody else is in the group. Debian's sshd
judges in the same way."""
import os
import shutil
import subprocess
import tempfile
import unittest

import harness
from clients import Ssh
from others import Sshd

PERSON = 60001
PASSWD = f"root:x:0:0:::/bin/sh\nsshd:x:60009:60009:::/bin/false\nperson:*:{PERSON}:{PERSON}::{{home}}:/bin/sh\nother:*:60002:60002:::/bin/sh\n"
PRIVATE = f"root:x:0:\nperson:x:{PERSON}:\nother:x:60002:\n"
SHARED = PRIVATE.replace(f":{PERSON}:", f":{PERSON}:other")
MOUNT = 'mount --bind "$0/passwd" /etc/passwd && mount --bind "$0/group" /etc/group && exec "$@"'


def may_unshare():
    return os.geteuid() == 0 and subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode == 0


class Person(Sshd):
    """sshd with these users."""

    def __init__(self, users):
        self.wrapper = ["unshare", "-m", "sh", "-c", MOUNT, users]
        super().__init__("StrictModes yes\nAuthorizedKeysFile %h/keys\n")


@unittest.skipUnless(may_unshare(), "needs root, and unshare -m, which gives servers users of their own")
class Umask(unittest.TestCase):
    def setUp(self):
        self.users = self.enterContext(tempfile.TemporaryDirectory(prefix="nacre-"))
        self.home = os.path.join(self.users, "home")
        os.chmod(self.users, 0o755)
        os.mkdir(self.home)
        self.put("group", PRIVATE)
        self.put("passwd", PASSWD.format(home=self.home))
        # Where the tests run, a user may not be able to enter the folder of the build.
        self.program = shutil.copy(harness.NACRE_ECHO, self.users)

    def put(self, name, text):
        with open(os.path.join(self.users, name), "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(file.name, 0o755)

    def give(self, folder, mode, file_mode):
        """All of it to the person and the person's group."""
        for name in os.listdir(folder):
            os.chown(os.path.join(folder, name), PERSON, PERSON)
            if name in ("authorized_keys", "passwords", "keys"):
                os.chmod(os.path.join(folder, name), file_mode)
        os.chown(folder, PERSON, PERSON)
        os.chmod(folder, mode)

    def echo(self, mode, file_mode=0o664, becomes=("setpriv", "--reuid", str(PERSON), "--regid", str(PERSON), "--clear-groups"), after=()):
        self.put("as_person", f"""#!/bin/sh
exec unshare -m sh -c '{MOUNT}' {self.users} {" ".join(becomes)} {self.program} "$@"
""")

        def before(server):
            self.give(server.folder, mode, file_mode)
            if after:  # root reads this one
                os.chown(server.path("host_key"), 0, 0)
        return harness.Server(*after, program=os.path.join(self.users, "as_person"), before=before)

    def sshd_admits(self, mode, file_mode=0o664):
        with Person(self.users) as sshd:
            shutil.copy(sshd.path("key.pub"), os.path.join(self.home, "keys"))
            self.give(self.home, mode, file_mode)
            command = ["ssh", "-F", "none", "-p", str(sshd.port), "-i", sshd.path("key"), "-o", "BatchMode=yes", "-o",
                       f"UserKnownHostsFile={sshd.path('known_hosts')}", "person@127.0.0.1", "exit 7"]
            return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=4 * harness.PATIENCE,
                                  env=harness.clean_environment(self.users), check=False).returncode == 7

    def test_the_group_of_one_user(self):
        self.assertTrue(self.sshd_admits(0o775), "sshd")
        self.check_logins(self.echo(0o775))

    def test_a_server_that_becomes_that_user(self):
        self.check_logins(self.echo(0o775, becomes=(), after=("--user", "person")))

    def check_logins(self, server):
        with server:
            self.assertEqual(Ssh(server).run("exit 7").status, 7)
            self.assertEqual(Ssh(server, "password").run("exit 7").status, 7)
            server.wait("confined")
            # Read again by a server that no longer sees /etc
            with open(server.path("authorized_keys"), "a", encoding="ascii") as file:
                file.write("# changed\n")
            server.write_passwords("alice:another\n", 0o664)
            os.chown(server.path("passwords"), PERSON, PERSON)
            self.assertEqual(Ssh(server).run("exit 7").status, 7)
            self.assertEqual(Ssh(server, "password", password="another").run("exit 7").status, 7)
            self.assertNotIn("not used", server.tail())

    def test_a_group_with_others(self):
        self.put("group", SHARED)
        with self.assertRaisesRegex(AssertionError, "passwords: writable by others .mode 664"):
            self.echo(0o755)
        self.assertFalse(self.sshd_admits(0o755), "sshd")

    def test_the_first_group_of_others(self):
        with open(os.path.join(self.users, "passwd"), "a", encoding="ascii") as file:
            file.write(f"third:*:60003:{PERSON}:::/bin/sh\n")
        with self.assertRaisesRegex(AssertionError, "passwords: writable by others .mode 664"):
            self.echo(0o755)
        self.assertFalse(self.sshd_admits(0o755), "sshd")

    def test_a_folder_that_a_group_with_others_may_write(self):
        self.put("group", SHARED)
        with self.assertRaisesRegex(AssertionError, r"others can write to the folder \S+ .mode 775"):
            self.echo(0o775, 0o600)
        self.assertFalse(self.sshd_admits(0o775, 0o600), "sshd")

    def test_all_others_may_write(self):
        with self.assertRaisesRegex(AssertionError, r"others can write to the folder \S+ .mode 777"):
            self.echo(0o777, 0o600)
        self.assertFalse(self.sshd_admits(0o777, 0o600), "sshd")


if __name__ == "__main__":
    unittest.main()
