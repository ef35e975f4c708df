"""nacre-serve in sshd's place: sftp, scp, sshfs and ansible, and the environment of programs."""
import os
import subprocess
import tempfile
import unittest

import harness
from clients import Ssh
from harness import PATIENCE
from test_serve import ServeCase

SFTP = "--subsystem", "sftp=/usr/lib/openssh/sftp-server"


class Subsystems(ServeCase):

    def server(self, *arguments, words=("false",)):
        return self.serve(*words, arguments=[*SFTP, *arguments])

    def folder(self):
        return self.enterContext(tempfile.TemporaryDirectory(prefix="nacre-"))

    def options(self, server, port):
        return ["-F", "none", "-i", server.path("key"), "-o", f"UserKnownHostsFile={server.path('.ssh/known_hosts')}",
                "-o", "GlobalKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o",
                "BatchMode=yes", *([port, str(server.port)] if port else [])]

    def run_tool(self, server, *words, port="-P", **more):
        done = subprocess.run([words[0], *self.options(server, port), *words[1:]], capture_output=True,
                              env=harness.clean_environment(server.folder), timeout=4 * PATIENCE, **more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def copy(self, server, *words):
        """A file there and back again."""
        folder = self.folder()
        here, there, back = (os.path.join(folder, name) for name in ("here", "there", "back"))
        data = harness.random_bytes(300000)
        with open(here, "wb") as file:
            file.write(data)
        for source, target in (here, f"{harness.USER}@{server.host}:{there}"), (f"{harness.USER}@{server.host}:{there}", back):
            self.run_tool(server, *words, source, target)
        with open(back, "rb") as file:
            self.assertEqual(file.read(), data)

    def test_sftp(self):
        server, folder = self.server(), self.folder()
        with open(os.path.join(folder, "here"), "wb") as file:
            file.write(b"hello\n")
        script = f"cd {folder}\nput {folder}/here there\nrename there then\nls -l\nget then {folder}/back\nrm then\n"
        out = self.run_tool(server, "sftp", "-b", "-", f"{harness.USER}@{server.host}", input=script.encode()).stdout
        self.assertIn(b"then", out)
        with open(os.path.join(folder, "back"), "rb") as file:
            self.assertEqual(file.read(), b"hello\n")
        self.assertEqual(sorted(os.listdir(folder)), ["back", "here"])

    def test_scp(self):
        self.copy(self.server(), "scp", "-q")

    def test_the_older_scp(self):
        """It runs a command in place of the subsystem."""
        server = self.server("--exec", words=("sh", "-c", 'exec sh -c "$SSH_ORIGINAL_COMMAND"'))
        self.copy(server, "scp", "-q", "-O")

    @unittest.skipUnless(os.path.exists("/dev/fuse") and os.geteuid() == 0, "needs root and FUSE in the kernel")
    def test_sshfs(self):
        server, there, mount = self.server(), self.folder(), self.folder()
        options = self.options(server, None)
        pairs = [options[i + 1] for i, word in enumerate(options) if word == "-o"]
        words = ["sshfs", "-F", "none", "-p", str(server.port), "-o", f"IdentityFile={server.path('key')}"]
        for pair in pairs:
            words += ["-o", pair]
        subprocess.run([*words, f"{harness.USER}@{server.host}:{there}", mount], check=True, timeout=PATIENCE,
                       stdin=subprocess.DEVNULL)
        try:
            with open(os.path.join(mount, "file"), "w", encoding="ascii") as file:
                file.write("hello")
            with open(os.path.join(there, "file"), encoding="ascii") as file:
                self.assertEqual(file.read(), "hello")
        finally:
            subprocess.run(["umount", mount], check=True, timeout=PATIENCE)

    def test_ansible(self):
        server = self.server("--exec", words=("sh", "-c", 'exec sh -c "$SSH_ORIGINAL_COMMAND"'))
        folder = self.folder()
        inventory = os.path.join(folder, "inventory")
        with open(inventory, "w", encoding="ascii") as file:
            file.write(f"server ansible_host={server.host} ansible_port={server.port} ansible_user={harness.USER} "
                       f"ansible_ssh_private_key_file={server.path('key')} ansible_python_interpreter=/usr/bin/python3\n")
        common = " ".join(word for word in self.options(server, None) if word not in ("-i", server.path("key")))
        environment = harness.clean_environment(
            folder, ANSIBLE_SSH_COMMON_ARGS=common, ANSIBLE_NOCOLOR="1", ANSIBLE_SSH_CONTROL_PATH_DIR=folder + "/cp")
        done = subprocess.run(["ansible", "server", "-i", inventory, "-m", "copy", "-a", f"content=hello dest={folder}/copied"],
                              capture_output=True, env=environment, timeout=8 * PATIENCE, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        with open(os.path.join(folder, "copied"), encoding="ascii") as file:
            self.assertEqual(file.read(), "hello")

    def test_others_are_refused(self):
        server = self.server()
        for name in "sft", "sftpx", "netconf", "":
            done = Ssh(server).run(subsystem=name or "=")
            self.assertNotEqual(done.status, 0, name)
        self.assertEqual(server.events("started"), [])

    def test_a_forced_command_comes_first(self):
        server = self.server()
        with open(server.path("authorized_keys"), encoding="ascii") as file:
            key = file.read()
        with open(server.path("authorized_keys"), "w", encoding="ascii") as file:
            file.write('command="echo forced" ' + key)
        self.assertEqual(Ssh(server).run(subsystem="sftp").out, b"forced\n")

    def test_no_command_is_needed(self):
        """Then there is neither a shell nor another command."""
        server = self.serve(arguments=SFTP)
        self.copy(server, "scp", "-q")
        self.assertNotEqual(Ssh(server).run().status, 0)

    def test_without_the_option_there_is_none(self):
        self.assertNotEqual(Ssh(self.serve("false")).run(subsystem="sftp").status, 0)


class Environments(ServeCase):

    def variables(self, *arguments, user=harness.USER, wishes=()):
        server = self.serve("env", arguments=arguments)
        options = ["-o", "SetEnv=" + " ".join(wishes)] if wishes else []
        out = Ssh(server, user=user).run(options=options).out.decode()
        return dict(line.split("=", 1) for line in out.splitlines())

    def test_the_login(self):
        server = self.serve("env")
        key = subprocess.run(["ssh-keygen", "-l", "-f", server.path("key.pub")], check=True, capture_output=True, text=True)
        for login, user, fingerprint in ("key", "bob", key.stdout.split()[1]), ("password", harness.USER, None):
            out = Ssh(server, login=login, user=user).run().out.decode()
            found = dict(line.split("=", 1) for line in out.splitlines())
            self.assertEqual((found["REMOTE_USER"], found.get("SSH_KEY_FINGERPRINT")), (user, fingerprint))

    def test_variables_of_the_server(self):
        found = self.variables("--env", "MODE=a b=c", "--env", "EMPTY=")
        self.assertEqual((found["MODE"], found["EMPTY"]), ("a b=c", ""))

    def test_variables_of_the_client(self):
        found = self.variables("--accept-env", "APP_*", "--accept-env", "TZ",
                               wishes=["APP_MODE=1", "TZ=UTC", "OTHER=1", "REMOTE_USER=root", "PATH=/x", "LD_PRELOAD=/x"])
        self.assertEqual((found["APP_MODE"], found["TZ"], found["REMOTE_USER"]), ("1", "UTC", harness.USER))
        self.assertNotIn("OTHER", found)
        self.assertNotIn("LD_PRELOAD", found)
        self.assertEqual(found["PATH"], os.environ["PATH"])

    def test_everything_is_not_everything(self):
        found = self.variables("--accept-env", "*", wishes=["ANY=1", "LD_LIBRARY_PATH=/x", "BASH_ENV=/x", "PYTHONSTARTUP=/x"])
        self.assertEqual(found["ANY"], "1")
        self.assertFalse({"LD_LIBRARY_PATH", "BASH_ENV", "PYTHONSTARTUP"} & set(found))

    def test_a_reserved_name_is_a_mistake(self):
        with self.assertRaisesRegex(AssertionError, "no client may set this variable"):
            self.serve("env", arguments=["--accept-env", "LD_PRELOAD"])

    def test_where_programs_start(self):
        with tempfile.TemporaryDirectory(prefix="nacre-") as folder:
            os.chmod(folder, 0o755)
            server = self.serve("pwd", arguments=["--cwd", folder])
            self.assertEqual(Ssh(server).run().out.decode(), os.path.realpath(folder) + "\n")


if __name__ == "__main__":
    unittest.main()
