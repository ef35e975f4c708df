"""Where servers listen: Unix sockets, both families on one port, link-local addresses."""
import contextlib
import json
import os
import pwd
import signal
import socket
import stat
import subprocess
import tempfile
import unittest

import harness
from clients import Ssh
from harness import PATIENCE, Server, until
from test_upgrade import NOBODY, Supervised, is_alive

NACRE_SERVE = os.path.join(harness.BUILD, "nacre-serve")
as_root = unittest.skipUnless(os.geteuid() == 0, "only root can change the user and make network namespaces")

HAPROXY = """
defaults
    mode tcp
    timeout connect 30s
    timeout client 5m
    timeout server 5m
listen ssh
    bind fd@{fd}
    server one unix@{path} send-proxy-v2
"""


def over(path):
    """For a client that has no way to name a Unix socket."""
    return ["-o", f"ProxyCommand=nc -U {path}"]


class ListenCase(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory(prefix="nacre-"))
        os.chmod(self.folder, 0o755)
        self.socket = os.path.join(self.folder, "ssh")

    def serve(self, *arguments, listen=None, kind=Server, **more):
        return self.enterContext(kind(*arguments, listen=listen or f"unix:{self.socket}", **more))

    def assert_log_in(self, server, login="key"):
        done = Ssh(server, login=login, options=over(self.socket)).run("exit 3")
        self.assertEqual(done.status, 3, done.err)

    def fails(self, *arguments, folder=None):
        """The sentence of a server that does not start."""
        done = subprocess.run([harness.NACRE_ECHO, *arguments], cwd=folder or self.folder, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertIn(done.returncode, (1, 2), done.stderr)
        return done.stderr


class Unix(ListenCase):
    def test_ssh_logs_in_through_it(self):
        server = self.serve("-w", "2")
        self.assertEqual(server.address, f"unix:{self.socket}")
        self.assertEqual(stat.S_IMODE(os.lstat(self.socket).st_mode), 0o660)
        for _ in range(4):
            self.assert_log_in(server)
        self.assertEqual({event["addr"] for event in server.events("auth")}, {"unix"})
        self.assertEqual(server.stop(), 0)
        self.assertTrue(stat.S_ISSOCK(os.lstat(self.socket).st_mode))  # for the next server to replace

    def test_nacre_client_and_nacre_load_connect_to_it(self):
        server = self.serve()
        address, hosts = f"unix:{self.socket}", os.path.join(self.folder, "known_hosts")
        common = ["-i", server.path("key"), "--known-hosts", hosts]
        client = [os.path.join(harness.BUILD, "nacre-client"), *common, f"{harness.USER}@{address}", "exit 3"]
        load = [os.path.join(harness.BUILD, "nacre-load"), "-q", "handshake", "-n", "20", "-c", "10", "-u", harness.USER, *common, address]

        def run(words):
            return subprocess.run(words, stdin=subprocess.DEVNULL, env=harness.clean_environment(self.folder), capture_output=True,
                                  timeout=2 * PATIENCE, check=False)
        self.assertEqual((run(client).returncode, run(load).returncode), (255, 1))  # the host is unknown
        with open(hosts, "w", encoding="ascii") as file:
            file.write(f"{address} {server.host_key}\n")
        self.assertEqual(run(client).returncode, 3)
        probed = json.loads(run([client[0], "--probe", "--json", address]).stdout)
        self.assertEqual((probed["host"], probed["port"]), (address, None))
        done = run(load)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(server.events("auth", answer="granted")), 21)
        server.stop()
        self.assertIn(b"Connection refused", run(client).stderr)

    def test_a_command_runs_through_it(self):
        server = self.serve(program=NACRE_SERVE, kind=type("Served", (Server,), {"words": ("--", "cat")}))
        done = Ssh(server, options=over(self.socket)).run(data=b"bytes")
        self.assertEqual((done.status, done.out), (0, b"bytes"), done.err)

    def test_clients_without_an_address_get_no_penalties(self):
        server = self.serve("--per-source-penalties", "authfail:600,noauth:600,min:1", "--per-source-max-startups", "1")
        for _ in range(3):
            self.assertNotEqual(Ssh(server, login="stranger", options=over(self.socket)).run("true").status, 0)
        with contextlib.ExitStack() as stack:
            for _ in range(3):
                client = stack.enter_context(socket.socket(socket.AF_UNIX))
                client.settimeout(PATIENCE)
                client.connect(self.socket)
                self.assertIn(b"SSH-2.0-", client.recv(100))
            self.assert_log_in(server)

    def test_a_key_with_from_is_of_no_use(self):
        for pattern, status in ("*", 255), ("unix", 255), ("", 3):
            with self.subTest(pattern):
                server = self.serve()
                if pattern:
                    with open(server.path("authorized_keys"), encoding="ascii") as file:
                        line = file.read()
                    with open(server.path("authorized_keys"), "w", encoding="ascii") as file:
                        file.write(f'from="{pattern}" {line}')
                self.assertEqual(Ssh(server, options=over(self.socket)).run("exit 3").status, status)
                server.stop()

    def test_a_live_socket_is_not_replaced_and_a_stale_one_is(self):
        server = Server(listen=f"unix:{self.socket}")
        self.addCleanup(server.clear)
        said = self.fails("-l", f"unix:{self.socket}", "-k", server.path("host_key"), "-p", server.path("passwords"))
        self.assertIn(f"cannot listen on unix:{self.socket}: another process listens there: stop it", said)
        self.assert_log_in(server)
        server.process.kill()
        server.process.wait()
        self.assert_log_in(self.serve())

    def test_a_file_is_not_replaced(self):
        with open(self.socket, "w", encoding="ascii") as file:
            file.write("precious")
        server = self.serve(listen="127.0.0.1:0")
        arguments = "-k", server.path("host_key"), "-p", server.path("passwords")
        for more in (), ("--supervise",):
            self.assertIn("a file that is no socket is there", self.fails("-l", f"unix:{self.socket}", *arguments, *more))
        self.assertIn("a file that is no socket is there",
                      self.fails("-l", "127.0.0.1:0", "--metrics", f"unix:{self.socket}", *arguments))
        with open(self.socket, encoding="ascii") as file:
            self.assertEqual(file.read(), "precious")

    def test_t_finds_what_is_wrong(self):
        path = os.path.join(self.folder, "nacre.conf")
        long = "/" + "x" * 107
        with open(path, "w", encoding="ascii") as file:
            file.write(f"ListenAddress unix:{self.socket},mode=777\nListenAddress unix:{self.folder}/none/ssh\n"
                       f"ListenAddress unix:{path}\nListenAddress unix:{long}\nListenAddress unix:x,mode=abc\n"
                       f"ListenAddress [fe80::1%no.such0]:22\nListenAddress 127.0.0.1:22,ipv6only\n")
        said = self.fails("-t", "-f", path)
        for line, sentence in ((2, "none: No such file or directory"), (3, "a file that is no socket is there"),
                               (4, "the path has 108 bytes, and the address of a Unix socket at most 107"),
                               (5, "'mode=abc' is not an octal mode"), (6, "is there such a network interface?"),
                               (7, "'ipv6only' is not an option of this address")):
            self.assertRegex(said, rf"(?m)^{path}:{line}: .*{sentence}".replace("?", r"\?").replace(r"(\?m", "(?m"))
        self.assertNotIn(f"{path}:1:", said)
        self.assertFalse(os.path.exists(self.socket))

    def test_a_reload_cannot_move_it(self):
        config = "ListenAddress unix:{socket}\nHostKey {{folder}}/host_key\nPasswords {{folder}}/passwords\n" \
                 "AuthorizedKeysFile {{folder}}/authorized_keys\n{more}"
        server = self.serve(config=config.format(socket=self.socket, more=""))
        server.write_config(config.format(socket=self.socket + "2", more=""))
        self.assertIn("restart", server.reload("reload_failed")[0]["reason"])
        server.write_config(config.format(socket=self.socket, more="Backlog 7\n"))
        self.assertIn("restart", server.reload("reload_failed")[0]["reason"])
        server.write_config(config.format(socket=self.socket, more="MaxAuthTries 3\n"))
        server.reload()
        self.assert_log_in(server)

    @as_root
    def test_the_group_may_connect_and_others_may_not(self):
        def prepare(server):
            os.chmod(server.folder, 0o755)
            for name in "passwords", "authorized_keys":
                os.chown(server.path(name), NOBODY.pw_uid, 0)
        server = self.serve("--user", "nobody", listen=f"unix:{self.socket},mode=620,group=daemon", before=prepare)
        status = os.lstat(self.socket)
        self.assertEqual((stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid), (0o620, 0, pwd.getpwnam("daemon").pw_gid))
        self.assert_log_in(server)
        for group, allowed in (pwd.getpwnam("daemon").pw_gid, True), (NOBODY.pw_gid, False):
            done = subprocess.run(["nc", "-NU", self.socket], user=NOBODY.pw_uid, group=group, extra_groups=[],
                                  input=b"", capture_output=True, timeout=PATIENCE, check=False)
            self.assertEqual(b"SSH-2.0-" in done.stdout, allowed, done)


class Balanced(ListenCase):
    """Real haproxy connects through the socket."""

    def test_it_names_the_clients_addresses(self):
        server = self.serve("--proxy-from", "unix")
        with open(server.path("authorized_keys"), encoding="ascii") as file:
            line = file.read()
        with open(server.path("authorized_keys"), "w", encoding="ascii") as file:
            file.write(f'from="127.0.0.9" {line}')
        with socket.create_server(("127.0.0.1", 0)) as listener:
            with open(server.path("haproxy.cfg"), "w", encoding="ascii") as file:
                file.write(HAPROXY.format(fd=listener.fileno(), path=self.socket))
            balancer = subprocess.Popen(["haproxy", "-db", "-q", "-f", server.path("haproxy.cfg")],
                                        stdin=subprocess.DEVNULL, pass_fds=[listener.fileno()])
            self.addCleanup(harness.end, balancer)
            host, port = listener.getsockname()
        with open(server.path(".ssh/known_hosts"), "a", encoding="ascii") as file:
            file.write(f"[{host}]:{port} {server.host_key}\n")
        server.host, server.port = host, port
        for source, status in ("127.0.0.9", 3), ("127.0.0.8", 255):
            self.assertEqual(Ssh(server, options=["-b", source]).run("exit 3").status, status)
        granted = server.events("auth", answer="granted")
        self.assertTrue(granted and all(event["addr"].startswith("127.0.0.9:") for event in granted), granted)

    def test_without_a_header_it_is_refused(self):
        server = self.serve("--proxy-from", "192.0.2.1,unix")
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(PATIENCE)
            client.connect(self.socket)
            client.sendall(b"SSH-2.0-without\r\n")
            self.assertEqual(client.recv(100), b"Expected a header of the PROXY protocol\r\n")
        self.assertEqual(server.wait("refused")[0]["addr"], "unix")

    def test_a_list_without_unix_expects_no_header(self):
        server = self.serve("--proxy-from", "192.0.2.1,unixes")
        self.assert_log_in(server)


class Upgraded(ListenCase):
    def upgrade(self, server):
        done = len(server.events("upgrade", answer="done"))
        server.process.send_signal(signal.SIGUSR2)
        server.wait("upgrade", done + 1, answer="done")

    def test_the_socket_survives_an_upgrade(self):
        server = self.serve("--supervise", "-w", "2", kind=Supervised)
        before = os.lstat(self.socket)
        old = Ssh(server, options=over(self.socket)).start("cat")
        self.addCleanup(harness.end, old)
        self.assertTrue(is_alive(old))
        self.upgrade(server)
        self.assert_log_in(server)
        self.assertTrue(is_alive(old))
        old.stdin.close()
        self.assertEqual(old.wait(PATIENCE), 0)
        server.wait("stopped")  # the old process
        self.assertTrue(os.path.samestat(before, os.lstat(self.socket)))
        self.assert_log_in(server)
        self.upgrade(server)
        self.assert_log_in(server)

    def test_systemd_passes_one(self):
        server = self.serve(listen="127.0.0.1:0")  # its files
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.socket)
            listener.listen()
            script = f"LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\" 3<&{listener.fileno()}"
            process = subprocess.Popen(["sh", "-c", script, "sh", harness.NACRE_ECHO, "-k", "host_key", "-a",
                                        "authorized_keys", "-p", "passwords"], cwd=server.folder,
                                       pass_fds=[listener.fileno()], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
            self.addCleanup(harness.end, process)
            self.assert_log_in(server)
            process.terminate()
            self.assertEqual(process.wait(PATIENCE), 0)
            self.assertIn(f"event=listening addr=unix:{self.socket}".encode(), process.stderr.read())


class Families(ListenCase):
    def greeting(self, host, port):
        with socket.create_connection((host, port), PATIENCE) as client:
            client.settimeout(PATIENCE)
            return client.recv(100)

    def refuses(self, host, port):
        with self.assertRaises(ConnectionRefusedError):
            self.greeting(host, port)

    @staticmethod
    def free_port():
        with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as listener:
            return listener.getsockname()[1]

    def test_both_wildcards_have_the_same_port(self):
        for more in (), ("--supervise",):
            with self.subTest(more):
                port = self.free_port()
                server = self.serve("-l", f"0.0.0.0:{port}", *more, listen=f"[::]:{port}", kind=Supervised)
                self.assertEqual([event["addr"] for event in server.wait("listening", 2)],
                                 [f"0.0.0.0:{port}", f"[::]:{port}"])
                for host in "127.0.0.1", "::1":
                    self.assertIn(b"SSH-2.0-", self.greeting(host, port))
                server.stop()

    def test_ipv6_only(self):
        for more in (), ("--supervise",):
            with self.subTest(more):
                port = self.free_port()
                server = self.serve(*more, listen=f"[::]:{port},ipv6only", kind=Supervised)
                self.assertIn(b"SSH-2.0-", self.greeting("::1", port))
                self.refuses("127.0.0.1", port)
                server.stop()

    def test_another_ipv4_address_is_in_use_by_the_wildcard(self):
        server, port = self.serve(listen="127.0.0.1:0"), self.free_port()
        said = self.fails("-l", f"[::]:{port}", "-l", f"127.0.0.1:{port}", "-k", server.path("host_key"), "-p", server.path("passwords"))
        self.assertIn(f"cannot listen on 127.0.0.1:{port}: [::]:{port} accepts IPv4 too: write [::]:{port},ipv6only", said)

    def test_connections_are_spread_over_the_workers(self):
        """Also those that arrive one by one, when all workers are idle."""
        for listen in "127.0.0.1:0", f"unix:{self.socket}":
            server = self.serve("-w", "2", "--max-startups", "1000", listen=listen, inspected=True)
            until(lambda: len(set(self.watched(server))) == 1, "a worker has not begun")
            before = self.watched(server)
            with contextlib.ExitStack() as stack:
                for _ in range(20):
                    server.rest()
                    client = stack.enter_context(socket.socket(socket.AF_INET if server.port != 22 else socket.AF_UNIX))
                    client.settimeout(PATIENCE)
                    client.connect((server.host, server.port) if server.port != 22 else self.socket)
                    self.assertIn(b"SSH-2.0-", client.recv(100))
                spread = [now - then for now, then in zip(self.watched(server), before)]
            self.assertEqual((len(spread), sum(spread)), (2, 20), spread)
            self.assertGreaterEqual(min(spread), 5)
            server.stop()

    @staticmethod
    def watched(server):
        """How many descriptors each event loop watches."""
        folder, counts = f"/proc/{server.process.pid}", []
        for fd in sorted(os.listdir(folder + "/fd"), key=int):
            with contextlib.suppress(FileNotFoundError):
                if os.readlink(f"{folder}/fd/{fd}") == "anon_inode:[eventpoll]":
                    with open(f"{folder}/fdinfo/{fd}", encoding="ascii") as file:
                        counts.append(file.read().count("tfd:"))
        return counts

    def test_the_queue_is_as_long_as_backlog_says(self):
        for listen in "127.0.0.1:0", f"unix:{self.socket}":
            for arguments, expected in ((), "1024"), (("--backlog", "7"), "7"), (("--backlog", "7", "--supervise"), "7"):
                server = self.serve(*arguments, listen=listen, kind=Supervised)
                rows = subprocess.run(["ss", "-ltnxH"], check=True, capture_output=True, text=True).stdout.splitlines()
                address = server.address.removeprefix("unix:")
                queues = [row.split()[3] for row in rows if address in row.split() or row.split()[4] == address]
                self.assertEqual(queues, [expected])
                server.stop()


@as_root
class LinkLocal(ListenCase):
    """Two network namespaces with a cable between them."""

    def setUp(self):
        super().setUp()
        self.namespaces = [self.namespace(), self.namespace()]
        one, other = self.namespaces
        self.run_in(one, "ip", "link", "add", "wire0", "address", "02:00:00:00:00:01", "type", "veth", "peer", "name", "wire1",
                    "address", "02:00:00:00:00:02", "netns", str(other.pid))
        for holder, name, address in (one, "wire0", "fe80::a"), (other, "wire1", "fe80::b"):
            self.run_in(holder, "ip", "address", "add", address + "/64", "dev", name, "nodad")
            self.run_in(holder, "ip", "link", "set", name, "up")
            self.run_in(holder, "ip", "link", "set", "lo", "up")

    def namespace(self):
        holder = subprocess.Popen(["unshare", "-n", "sh", "-c", "echo; exec cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(harness.end, holder)
        self.assertEqual(holder.stdout.readline(), b"\n")
        return holder

    @staticmethod
    def inside(holder):
        return ["nsenter", "-t", str(holder.pid), "-n", "--"]

    def run_in(self, holder, *words):
        done = subprocess.run([*self.inside(holder), *words], capture_output=True, timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, 0, done)
        return done

    def program(self, holder):
        """nacre-echo there, with the process ID that it is started with."""
        path = os.path.join(self.folder, "nacre-echo")
        with open(path, "w", encoding="ascii") as file:
            file.write(f"#!/bin/sh\nexec {' '.join(self.inside(holder))} {harness.NACRE_ECHO} \"$@\"\n")
        os.chmod(path, 0o755)
        return path

    def test_ssh_logs_in_to_an_address_of_an_interface(self):
        one, other = self.namespaces
        for more in ("-w", "3", "--metrics", "[fe80::a%wire0]:0"), ("--supervise",):
            with self.subTest(more):
                server = self.serve(*more, listen="[fe80::a%wire0]:2022", program=self.program(one), kind=Supervised)
                self.assertEqual(server.address, "[fe80::a%wire0]:2022")
                server.host = "fe80::a%wire1"
                with open(server.path(".ssh/known_hosts"), "a", encoding="ascii") as file:
                    file.write(f"[{server.host}]:2022 {server.host_key}\n")
                ssh = Ssh(server)
                done = subprocess.run([*self.inside(other), *ssh.command("exit 3")], env=ssh.environment(), stdin=subprocess.DEVNULL,
                                      capture_output=True, timeout=2 * PATIENCE, check=False)
                self.assertEqual(done.returncode, 3, done.stderr)
                self.assertRegex(server.events("auth", answer="granted")[0]["addr"], r"^\[fe80::b%wire0\]:\d+$")
                server.stop()

    def test_nacre_client_and_nacre_load_connect_to_one(self):
        one, other = self.namespaces
        server = self.serve(listen="[fe80::a%wire0]:2022", program=self.program(one))
        common = ["-i", server.path("key"), "--insecure", "--yes-remote"]
        self.run_in(other, os.path.join(harness.BUILD, "nacre-load"), "-q", "handshake", "-n", "2", "-u", harness.USER, *common,
                    "[fe80::a%wire1]:2022")
        self.run_in(other, os.path.join(harness.BUILD, "nacre-client"), "-p", "2022", *common[:3],
                    f"{harness.USER}@fe80::a%wire1", "exit 0")
        self.assertEqual(len(server.events("auth", answer="granted")), 3)


if __name__ == "__main__":
    unittest.main()
