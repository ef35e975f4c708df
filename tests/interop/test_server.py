"""The program itself: options, files, addresses, workers, and its messages about mistakes."""
import os
import re
import resource
import shutil
import socket
import stat
import subprocess
import tempfile
import unittest

import harness
from clients import Dbclient, Master, Plink, Ssh
from harness import PATIENCE

NOBODY = 65534
SENTENCE = re.compile(r"nacre-echo: [^\n]{10,}\n\Z")  # one line, for a person


class ProgramCase(unittest.TestCase):
    """Tests that start the program by hand, in an empty folder."""

    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory(prefix="nacre-"))

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text, mode=0o600):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(name), mode)
        return self.path(name)

    def host_key(self):
        harness.ssh_keygen(self.path("key"))
        return self.path("key")

    def run_(self, *arguments, program=harness.NACRE_ECHO, **more):
        return subprocess.run([program, *arguments], cwd=self.folder, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=PATIENCE, **more)

    def as_nobody(self):
        """How to run the program without root: as a copy, because the user nobody may not see the build folder."""
        if os.geteuid() != 0:
            return {}
        program = shutil.copy(harness.NACRE_ECHO, self.path("program"))
        for name in ".", *os.listdir(self.folder):
            os.chown(self.path(name), NOBODY, NOBODY)
        return {"program": program, "user": NOBODY, "group": NOBODY, "extra_groups": []}

    def assert_fails(self, status, says, *arguments, **more):
        """It ends at once, with one sentence that contains these words."""
        done = self.run_("-l", "127.0.0.1:0", *arguments, **more)
        log = [line for line in done.stderr.splitlines(True) if not line.startswith("ts=")]
        self.assertEqual((done.returncode, done.stdout), (status, ""), done.stderr)
        self.assertRegex("".join(log), SENTENCE)
        for words in (says,) if isinstance(says, str) else says:
            self.assertIn(words, log[0])


class Options(ProgramCase):

    def test_help(self):
        for option in "-h", "--help":
            done = self.run_(option)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            for word in "usage: nacre-echo", "--listen", "--host-key", "--passwords", "--authorized-keys", "--workers":
                self.assertIn(word, done.stdout)

    def test_version(self):
        done = self.run_("--version")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"\Anacre-echo \d+\.\d+\S*\n\Z")

    def test_misuse(self):
        for says, *arguments in (("--nonsense", "--nonsense"), ("-x", "-x"), ("-p", "-p"), ("--workers", "--workers"),
                                 ("many", "-w", "many"), ("-1", "-w", "-1"), ("1025", "-w", "1025"),
                                 ("behind", "behind"), ("::1", "-l", "::1"), ("--listen", *["-l", "127.0.0.1:0"] * 17),
                                 ("--host-key", *["-k", "key"] * 17), ("nonsense", "--ciphers", "nonsense"),
                                 ("1000", "--rekey-limit", "1000"), ("--help", "-x")):
            with self.subTest(arguments=arguments):
                self.assert_fails(2, says, *arguments)

    def test_misuse_makes_no_files(self):
        self.run_("-x")
        self.assertEqual(os.listdir(self.folder), [])


class Files(ProgramCase):

    def test_banner_that_cannot_be_read(self):
        self.assert_fails(1, "cannot read the banner", "-k", self.host_key(), "-p", self.write("p", "alice:one\n"),
                          "--banner", self.folder)

    def test_keyboard_interactive_without_passwords(self):
        """Nobody could ever log in."""
        self.assert_fails(1, "needs a password file", "-k", self.host_key(), "-a", self.write("keys", ""),
                          "--require", "keyboard-interactive", "--keyboard-interactive")

    def test_host_key(self):
        passwords = self.write("passwords", "alice:one\n")
        key = self.host_key()
        with open(key, encoding="ascii") as file:
            good = file.read()
        for says, name in (("no such file; create a key with: ssh-keygen", "one"),
                           ("damaged: not a key in OpenSSH format;",
                            self.write("two", good[:200] + good[220:])),
                           ("empty;", self.write("three", "")),
                           ("readable by others (mode 644);", self.write("four", good, 0o644)),
                           ("writable by others (mode 622);", self.write("five", good, 0o622)),
                           ("not a private key in OpenSSH or PEM format", self.write("six", "hello\n")),
                           ("not a regular file", self.folder)):
            with self.subTest(says=says):
                self.assert_fails(1, f"nacre-echo: {name}: {says}", "-k", name, "-p", passwords)

    def test_encrypted_host_key(self):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", self.path("locked")], check=True)
        name = self.path("locked")
        passwords = self.write("passwords", "alice:one\n")
        self.assert_fails(1, (f"nacre-echo: {name}: encrypted with a passphrase, which nobody is asked for;",
                              f"ssh-keygen -p -N '' -f {name}"), "-k", name, "-p", passwords)

    def test_password_file(self):
        key = self.host_key()
        for says, name in (("no such file", "missing"), ("not a regular file", self.folder),
                           ("writable by others", self.write("world", "alice:one\n", 0o602))):
            with self.subTest(says=says):
                self.assert_fails(1, (says, name), "-k", key, "-p", name)

    def test_unreadable_password_file(self):
        arguments = "-k", self.host_key(), "-p", self.write("passwords", "alice:one\n", 0o200)
        self.assert_fails(1, ("Permission denied", "passwords"), *arguments, **self.as_nobody())

    @unittest.skipUnless(os.geteuid() == 0, "only root can give files away")
    def test_foreign_password_file(self):
        os.chmod(self.folder, 0o755)
        os.chown(self.write("passwords", "alice:one\n"), 12345, 12345)
        self.assert_fails(1, "owned by user id 12345", "-k", self.host_key(), "-p", "passwords")

    def start(self, *arguments):
        with open(self.path("log"), "wb") as log:
            process = subprocess.Popen([harness.NACRE_ECHO, "-l", "127.0.0.1:0", *arguments], cwd=self.folder,
                                       stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.addCleanup(harness.end, process)

        def listening():
            with open(self.path("log"), encoding="ascii") as log:
                events = [harness.parse(line) for line in log.read().splitlines()]
            return events if "listening" in [e["event"] for e in events] else None
        events = harness.until(listening, "not listening")
        process.terminate()
        self.assertEqual(process.wait(PATIENCE), 0)
        return {e["event"]: e for e in events}

    def test_default_files(self):
        self.write("ssh-passwords", "alice:one\n")
        made = self.start()["hostkey"]
        key = self.path("hostkeys/ssh_host_ed25519_key")
        self.assertEqual(stat.S_IMODE(os.stat(key).st_mode), 0o600)
        said = subprocess.run(["ssh-keygen", "-l", "-f", key], check=True, capture_output=True, text=True).stdout
        self.assertEqual(made["fingerprint"], said.split()[1])
        self.assertEqual(self.start()["hostkey"]["fingerprint"], made["fingerprint"])

    def test_servers_that_start_together_agree_on_a_host_key(self):
        self.write("passwords", "alice:x\n")
        command = [harness.NACRE_ECHO, "-p", "passwords", "-l", "127.0.0.1:0", "-w", "1"]
        logs = [self.enterContext(open(self.path(f"log{number}"), "a+", encoding="ascii")) for number in range(48)]
        servers = []
        self.addCleanup(lambda: [harness.end(server) for server in servers])
        for log in logs:
            servers.append(subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL, stderr=log))

        def all_listen():
            for server in servers:
                self.assertIsNone(server.poll())
            texts = []
            for log in logs:
                log.seek(0)
                texts.append(log.read())
            return texts if all("event=listening" in text for text in texts) else None
        texts = harness.until(all_listen, "some do not listen")
        self.assertEqual(len({re.search(r"fingerprint=(\S+)", text)[1] for text in texts}), 1)
        self.assertEqual(sorted(os.listdir(self.path("hostkeys"))), ["ssh_host_ed25519_key", "ssh_host_ed25519_key.pub"])

    def test_host_key_that_ssh_keygen_made(self):
        self.write("ssh-passwords", "alice:one\n")
        key = self.host_key()
        said = subprocess.run(["ssh-keygen", "-l", "-f", key], check=True, capture_output=True, text=True).stdout
        self.assertEqual(self.start("-k", key)["hostkey"]["fingerprint"], said.split()[1])


class Addresses(ProgramCase):

    def serves(self, server, host, port):
        server.host, server.port = host, port
        with open(server.path(".ssh/known_hosts"), "a", encoding="ascii") as file:
            file.write(f"[{host}]:{port} {server.host_key}\n")
        done = Ssh(server).run(None, b"hello\n")
        self.assertEqual(done, (0, b"echo: 'hello\\n'\r\neof received\r\n", b""))

    def test_ipv6(self):
        with harness.Server(listen="[::1]:0") as server:
            self.assertRegex(server.address, r"\A\[::1\]:\d+\Z")
            self.serves(server, "::1", server.port)
            self.assertRegex(server.wait("connection")[0]["addr"], r"\A\[::1\]:\d+\Z")

    def test_every_address_is_ipv4_too(self):
        with harness.Server(listen="[::]:0") as server:
            for host in "::1", "127.0.0.1":
                self.serves(server, host, server.port)
            self.assertEqual([re.sub(r":\d+\Z", "", e["addr"]) for e in server.wait("connection", 2)],
                             ["[::1]", "127.0.0.1"])

    def test_several(self):
        for workers in "1", "2":
            with self.subTest(workers=workers), \
                    harness.Server("-w", workers, "-l", "[::1]:0", "-l", "127.0.0.2:0") as server:
                listening = server.wait("listening", 3)
                self.assertEqual(len({e["addr"].rsplit(":", 1)[1] for e in listening}), 3)
                for event in listening:
                    host, port = event["addr"].rsplit(":", 1)
                    self.serves(server, host.strip("[]"), int(port))

    def test_port_in_use(self):
        key, passwords = self.host_key(), self.write("passwords", "alice:one\n")
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = "127.0.0.1:%d" % taken.getsockname()[1]
            for workers in "1", "2":
                self.assert_fails(1, (address, "in use"), "-k", key, "-p", passwords, "-w", workers, "-l", address)

    def test_port_in_use_by_another(self):
        with harness.Server("-w", "2") as server:
            self.assert_fails(1, (server.address, "in use"), "-k", server.path("host_key"),
                              "-p", server.path("passwords"), "-w", "2", "-l", server.address)

    def test_bad_addresses(self):
        key, passwords = self.host_key(), self.write("passwords", "alice:one\n")
        for status, *addresses in ((2, "nonsense", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", "::1:22", "127.0.0.1:ssh x"),
                                   (1, "192.0.2.1:0")):
            for address in addresses:
                with self.subTest(address=address):
                    self.assert_fails(status, address, "-k", key, "-p", passwords, "-l", address)


class Workers(unittest.TestCase):

    def talk(self, server):
        """Sessions of 24 clients at the same time, and one that moves a mebibyte."""
        processes = [client(server).start() for client in (Ssh, Plink, Dbclient) * 8]
        for process in processes:
            self.addCleanup(harness.end, process)
        for _ in range(3):
            for process in processes:
                harness.ask(process, b"hello")
        data = harness.random_bytes(harness.MIB)
        self.assertEqual(Ssh(server).run("cat", data), (0, data, b""))
        for process in processes:
            process.stdin.close()
        for process in processes:
            self.assertEqual((process.stdout.read(), process.wait(PATIENCE)), (harness.LAST_WORDS, 0))
        return len(processes) + 1

    def test_each_connection_has_a_number(self):
        """Whatever the number of workers is. They log in any order."""
        for workers in "1", "2", "0":
            with self.subTest(workers=workers), harness.Server("-w", workers) as server:
                count = self.talk(server)
                server.wait("disconnected", count)
                numbers = sorted(int(e["conn"]) for e in server.events("connection"))
                self.assertEqual(numbers, list(range(1, count + 1)))

    def working(self, workers):
        """The number of threads that work. With -q, the one that writes the log does not."""
        with harness.Server("-w", workers, verbosity="-q") as server:
            self.talk(server)
            return self.busy_threads(server.process.pid)

    @staticmethod
    def busy_threads(pid):
        """The number of threads that have woken up many times."""
        count = 0
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/status", encoding="ascii") as file:
                count += int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)$", file.read(), re.M)[1]) > 20
        return count

    def test_one_two_and_all(self):
        self.assertEqual(self.working("1"), 1)
        self.assertEqual(self.working("2"), 2)
        self.assertGreater(self.working("0"), min(os.cpu_count() - 1, 1))


class Log(unittest.TestCase):

    def test_quiet(self):
        """Only warnings are logged."""
        with harness.Server(verbosity="-q") as server:
            self.assertEqual(Ssh(server, "password").run(None, b"hello\n").status, 0)
            os.unlink(server.path("passwords"))
            self.assertEqual(Ssh(server, "password").run(None).status, 255)
            self.assertEqual(server.stop(), 0)  # that ends the log
            self.assertEqual([e["event"] for e in server.events()],
                             ["sandbox", "passwords"])  # root stays root, or there is no sandbox
            self.assertIn(server.path("passwords"), server.events("passwords")[0]["reason"])

    def test_levels(self):
        kinds = {}
        for verbosity in "", "-v", "-vv":
            with harness.Server(verbosity=verbosity) as server:
                Ssh(server, "password").run("cat", b"something that is typed")
                server.wait("disconnected")
                self.assertNotIn(b"something that is typed", server.log_bytes())
                kinds[verbosity] = {e["event"] for e in server.events()}
        self.assertLess(kinds[""], kinds["-v"])
        self.assertLess(kinds["-v"], kinds["-vv"])
        self.assertLessEqual({"listening", "connection", "kex", "auth", "open", "request", "eof", "closed",
                              "disconnected"}, kinds[""])
        self.assertLessEqual({"received", "sent"}, kinds["-vv"])
        self.assertFalse({"received", "sent"} & kinds["-v"])

    def test_the_end_of_a_session_is_logged_with_its_details(self):
        with harness.Server() as server:
            Ssh(server, "password", cipher="aes256-gcm@openssh.com").run("exit 7", options=["-o", "KexAlgorithms=curve25519-sha256"])
            end = server.wait("disconnected")[0]
            for name, value in {"conn": "1", "user": "alice", "phase": "connection", "kex": "curve25519-sha256",
                                "host_key": "ssh-ed25519", "cipher_in": "aes256-gcm@openssh.com",
                                "cipher_out": "aes256-gcm@openssh.com", "reason": "disconnected by peer"}.items():
                self.assertEqual(end[name], value)
            self.assertRegex(end["addr"], r"\A127\.0\.0\.1:\d+\Z")
            self.assertGreater(int(end["bytes_in"]), 1000)
            self.assertGreater(int(end["bytes_out"]), 500)
            self.assertIn("OpenSSH", server.events("kex")[0]["version"])
            self.assertEqual(server.events("kex")[0]["strict"], "yes")

    def test_a_log_without_a_reader(self):
        """The server survives when its log is a closed pipe."""
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="nacre-"))
        with harness.Server() as server:
            process = subprocess.Popen([harness.NACRE_ECHO, "-l", "127.0.0.1:0", "-k", server.path("host_key"), "-a",
                                        server.path("authorized_keys"), "-p", server.path("passwords")], cwd=folder,
                                       stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            self.addCleanup(harness.end, process)
            for line in process.stderr:
                event = harness.parse(line.rstrip("\n"))
                if event["event"] == "listening":
                    break
            process.stderr.close()
            process.stderr = None
            server.port = int(event["addr"].rsplit(":", 1)[1])
            with open(server.path(".ssh/known_hosts"), "a", encoding="ascii") as file:
                file.write(f"[127.0.0.1]:{server.port} {server.host_key}\n")
            for _ in range(2):
                self.assertEqual(Ssh(server).run(None, b"hello\n").out, b"echo: 'hello\\n'\r\neof received\r\n")
            process.terminate()
            self.assertEqual(process.wait(PATIENCE), 0)

    def test_hostile_names(self):
        """What a peer sends cannot forge a line or a field."""
        with harness.Server() as server:
            for user in 'x" event=closed reason="', "x\nts=0 level=info event=closed", "\x1b[31mred", "y" * 400:
                Dbclient(server, "none", user=user).run("cat")
            self.assertIn('x" event=closed reason="', {e["user"] for e in server.wait("disconnected", 4)})
            self.assertEqual(server.events("closed"), [])


class HostKeys(unittest.TestCase):

    def test_a_key_given_twice_is_announced_once(self):
        with harness.Server("-k", "host_key") as server:
            done = Ssh(server).run("exit 7", options=["-v", "-o", "UpdateHostKeys=yes"])
            self.assertEqual(done.status, 7)
            self.assertIn(b"hostkeys-00@openssh.com", done.err)
            self.assertNotIn(b"duplicate", done.err)


class Limits(unittest.TestCase):

    def test_out_of_descriptors(self):
        """The new connection is refused, the others continue, and the server does not spin."""
        with harness.Server(inspected=True) as server:
            with Master(server) as master:
                session = master.start()
                self.addCleanup(harness.end, session)
                harness.ask(session, b"h")
                used = len(os.listdir(f"/proc/{server.process.pid}/fd"))
                resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (used + 2, used + 2))
                many = [socket.create_connection((server.host, server.port), PATIENCE) for _ in range(10)]
                server.wait("trouble")
                harness.ask(session, b"still here")
                for connection in many:
                    connection.close()
                server.wait("disconnected", 2)
                self.assertEqual(Ssh(server).run("exit 7").status, 7)

    def test_garbage(self):
        """Input that is not SSH ends only that connection, with a reason."""
        with harness.Server() as server:
            with Master(server) as master:
                for garbage in (b"GET / HTTP/1.0\r\n\r\n", b"\0" * 100000, b"SSH-1.5-old\r\n", b"SSH-2.0-x\r\n" + b"\xff" * 100,
                                b"x" * 100000, b"SSH-2.0-x\r\n" + b"\0\0\0\x0c\x0a\x14" + b"\0" * 10, b"\r\n" * 5000):
                    over = server.watch("disconnected")
                    with socket.create_connection((server.host, server.port), PATIENCE) as connection:
                        try:
                            connection.sendall(garbage)
                            connection.shutdown(socket.SHUT_WR)
                            while connection.recv(65536):
                                pass
                        except OSError:  # the server has closed the connection
                            pass
                    self.assertNotEqual(over()[0]["reason"], "")
                self.assertEqual(master.run("exit 7").status, 7)


if __name__ == "__main__":
    unittest.main()
