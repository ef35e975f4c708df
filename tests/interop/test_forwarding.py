"""Every kind of forwarding with every client that has it, against nacre-echo and against `granting`, which grants it. The
results go to build/interop-forwarding.md, and from there with `make interop` into README.md of this folder."""
import contextlib
import random
import socket
import subprocess
import threading
import unittest

import harness
from clients import Dbclient, Master, Paramiko, Plink, Ssh, paramiko
from harness import MIB, PATIENCE, USER, until
from methods import CLIENTS, Bare, Matrix, MethodsCase, authorize

# Every row, and which of Debian 12's clients lack it
matrix = Matrix({
    "direct-tcpip (-L)": (),
    "direct-tcpip of standard input (-W)": ("paramiko",),
    "forwarded-tcpip (-R)": (),
    "direct-streamlocal (-L)": ("plink", "dbclient", "paramiko"),
    "forwarded-streamlocal (-R)": ("plink", "dbclient", "paramiko"),
})


def tearDownModule():
    matrix.write("interop-forwarding.md")


class Target:
    """A server to connect to: it reads to the end, and then sends everything back."""

    def __init__(self, path=None):
        if path:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(path)
            self.listener.listen()
        else:
            self.listener = socket.create_server(("127.0.0.1", 0))
            self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection, contextlib.suppress(OSError):
            connection.sendall(b"".join(iter(lambda: connection.recv(MIB), b"")))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)  # it ends accept
        self.listener.close()


class ParamikosSocket:
    """A paramiko channel with a socket's methods."""

    def __init__(self, channel):
        self.channel = channel
        channel.settimeout(PATIENCE)
        self.sendall, self.recv = channel.sendall, channel.recv

    def shutdown(self, _):
        self.channel.shutdown_write()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()


def free_port():
    """A port that nobody uses, below those from which the kernel picks for connections: another test's connection may
    take one of those before our program listens."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as free, contextlib.suppress(OSError):
            free.bind(("127.0.0.1", port))
            return port


def connected(where):
    """Connect to a port or path as soon as a server listens there."""
    def attempt():
        s = socket.socket(socket.AF_UNIX if isinstance(where, str) else socket.AF_INET)
        try:
            s.connect(where if isinstance(where, str) else ("127.0.0.1", where))
            return s
        except OSError:
            s.close()
            return None
    s = until(attempt, f"no server listens on {where}")
    s.settimeout(PATIENCE)
    return s


def listens(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


DATA = harness.random_bytes(2 * MIB)


def goes_there_and_back(s):
    """Send data and the end of input, and read everything back: true if it is the same."""
    with s:
        writer = threading.Thread(target=lambda: (s.sendall(DATA), s.shutdown(socket.SHUT_WR)))
        writer.start()
        came = b"".join(iter(lambda: s.recv(MIB), b""))
        writer.join()
    assert came == DATA, f"{len(came)} bytes of {len(DATA)}"
    return True


class Forwarding(MethodsCase):
    matrix = matrix

    def running(self, client, *options, command=None):
        """A client that forwards, and runs a command or none."""
        words = client.command(command, options=[*options, *(() if command else ("-N",))])
        process = subprocess.Popen(words, env=client.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        self.addCleanup(harness.end, process)
        return process

    def test_direct_tcpip(self):
        server, target = self.granting(), self.enterContext(Target())

        def local(client):
            port = free_port()
            self.running(client(server), "-L", f"{port}:127.0.0.1:{target.port}")
            return all(goes_there_and_back(connected(port)) for _ in range(3))

        def with_paramiko():
            with contextlib.closing(Paramiko(server).connect()) as transport:
                return goes_there_and_back(ParamikosSocket(transport.open_channel(
                    "direct-tcpip", ("127.0.0.1", target.port), ("127.0.0.1", 5))))

        self.with_each("direct-tcpip (-L)", {**{c: lambda c=c: local(c) for c in (Ssh, Plink, Dbclient)},
                                             Paramiko: with_paramiko})
        self.assertEqual({e["port"] for e in server.events("direct")}, {str(target.port)})

    def test_standard_input_forwarded(self):
        server, target = self.granting(), self.enterContext(Target())
        where = f"127.0.0.1:{target.port}"

        def there_and_back(client, *options):
            process = subprocess.run(client.command(options=options), env=client.environment(), input=DATA,
                                     capture_output=True, timeout=2 * PATIENCE)
            self.assertEqual(process.stdout, DATA, process.stderr)
            return True

        self.with_each("direct-tcpip of standard input (-W)", {
            Ssh: lambda: there_and_back(Ssh(server), "-W", where),
            Plink: lambda: there_and_back(Plink(server), "-nc", where),
            Dbclient: lambda: there_and_back(Dbclient(server), "-B", where)})

    def test_forwarded_tcpip(self):
        server, target = self.granting(), self.enterContext(Target())

        def remote(client):
            port, told = free_port(), server.watch("forwarding")
            self.running(client(server), "-R", f"{port}:127.0.0.1:{target.port}")
            self.assertEqual(told()[0]["port"], str(port))
            return all(goes_there_and_back(connected(port)) for _ in range(3))

        def with_paramiko():
            with contextlib.closing(Paramiko(server).connect()) as transport:
                port = transport.request_port_forward("127.0.0.1", 0)
                s = connected(port)
                channel = transport.accept(PATIENCE)
                s.sendall(b"there")
                s.shutdown(socket.SHUT_WR)
                channel.settimeout(PATIENCE)
                self.assertEqual(b"".join(iter(lambda: channel.recv(100), b"")), b"there")
                channel.sendall(b"and back")
                channel.close()
                self.assertEqual(b"".join(iter(lambda: s.recv(100), b"")), b"and back")
                s.close()
                transport.cancel_port_forward("127.0.0.1", port)
                with socket.socket() as again:
                    self.assertNotEqual(again.connect_ex(("127.0.0.1", port)), 0)
            return True

        self.with_each("forwarded-tcpip (-R)", {**{c: lambda c=c: remote(c) for c in (Ssh, Plink, Dbclient)},
                                                Paramiko: with_paramiko})

    def test_a_port_that_the_server_picks(self):
        server, target = self.granting(), self.enterContext(Target())
        process = self.running(Ssh(server), "-R", f"0:127.0.0.1:{target.port}")
        self.assertRegex(process.stderr.readline(), rb"Allocated port \d+ for remote forward")
        port = int(server.wait("forwarding")[0]["port"])
        self.assertTrue(goes_there_and_back(connected(port)))
        harness.end(process)
        until(lambda: not listens(port), "the port to be closed with the connection")

    def test_a_forward_comes_and_goes(self):
        server, target = self.granting(), self.enterContext(Target())
        with Master(server) as master:
            port = free_port()
            for word, there in ("forward", True), ("cancel", False), ("forward", True):
                done = subprocess.run(["ssh", "-F", "none", "-S", master.socket, "-O", word, "-R",
                                       f"{port}:127.0.0.1:{target.port}", "x"], capture_output=True, timeout=PATIENCE,
                                      env=master.client.environment())
                self.assertEqual(done.returncode, 0, done)
                until(lambda there=there: listens(port) == there, f"{word} to be done")
            self.assertTrue(goes_there_and_back(connected(port)))

    def test_streamlocal(self):
        server = self.granting()
        target = self.enterContext(Target(server.path("target")))
        self.assertTrue(target)

        def local():
            self.running(Ssh(server), "-L", f"{server.path('here')}:{server.path('target')}")
            return all(goes_there_and_back(connected(server.path("here"))) for _ in range(2))

        def remote():
            self.running(Ssh(server), "-R", f"{server.path('there')}:{server.path('target')}")
            return all(goes_there_and_back(connected(server.path("there"))) for _ in range(2))

        self.with_each("direct-streamlocal (-L)", {Ssh: local})
        self.with_each("forwarded-streamlocal (-R)", {Ssh: remote})

    def test_many_at_once(self):
        server, target = self.granting(), self.enterContext(Target())
        port = free_port()
        self.running(Ssh(server), "-L", f"{port}:127.0.0.1:{target.port}")
        connected(port).close()
        results = []
        threads = [threading.Thread(target=lambda: results.append(goes_there_and_back(connected(port))))
                   for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(results, [True] * 16)

    def test_a_closed_port(self):
        server = self.granting()
        done = Ssh(server).run(options=["-W", f"127.0.0.1:{free_port()}"])
        self.assertEqual(done.status, 255)
        self.assertIn(b"open failed: connect failed: Connection refused", done.err)

    def test_refused_by_default(self):
        """nacre-echo refuses forwarding; its sessions continue."""
        server = self.echo()
        done = Ssh(server).run(options=["-W", "127.0.0.1:1"])
        self.assertEqual(done.status, 255)
        self.assertIn(b"open failed: administratively prohibited: forwarding is not allowed here", done.err)
        done = subprocess.run(Plink(server).command(options=["-nc", "127.0.0.1:1"]), capture_output=True,
                              env=Plink(server).environment(), timeout=PATIENCE, stdin=subprocess.DEVNULL)
        self.assertIn(b"forwarding is not allowed here", done.stderr)
        done = Ssh(server).run("exit 7", options=["-R", f"{free_port()}:127.0.0.1:1"])
        self.assertEqual(done.status, 7)
        self.assertIn(b"remote port forwarding failed", done.err)
        done = Ssh(server).run("exit 7", options=["-R", f"{server.path('x')}:{server.path('y')}"])
        self.assertIn(b"remote port forwarding failed", done.err)
        done = Ssh(server).run("exit 7", options=["-R", f"{free_port()}:127.0.0.1:1", "-o", "ExitOnForwardFailure=yes"])
        self.assertEqual(done.status, 255)
        with contextlib.closing(Paramiko(server).connect()) as transport:
            for kind, code in ("direct-tcpip", 1), ("direct-streamlocal@openssh.com", 1), ("tunnel@example.com", 3):
                with self.assertRaises(paramiko.ChannelException) as refused:
                    transport.open_channel(kind, ("127.0.0.1", 1), ("127.0.0.1", 1))
                self.assertEqual(refused.exception.code, code)
            with self.assertRaises(paramiko.SSHException):
                transport.request_port_forward("127.0.0.1", 0)
            self.assertTrue(Bare(server).works(transport))

    def test_each_user_has_their_own_permissions(self):
        server, target = self.granting(), self.enterContext(Target())
        for user, good in (USER, True), ("bob", False):
            with self.subTest(user=user):
                self.assertEqual(Ssh(server, user=user).run("exit 7").status, 7)
                done = Ssh(server, user=user).run(data=b"there", options=["-W", f"127.0.0.1:{target.port}"])
                self.assertEqual((done.status, done.out), (0, b"there") if good else (255, b""))
                done = Ssh(server, user=user).run("exit 7", options=["-R", f"0:127.0.0.1:{target.port}"])
                self.assertEqual(b"remote port forwarding failed" in done.err, not good)

    def test_what_a_key_allows(self):
        """An application can enforce permitopen= and similar options: it receives them."""
        server, target = self.granting(), self.enterContext(Target())
        with open(server.path("key.pub"), encoding="ascii") as file:
            key = file.read()
        here = f"127.0.0.1:{target.port}"
        for options, opens, listens in (("no-pty", True, True), ("restrict", False, False),
                                        ("restrict,port-forwarding", True, True), ("no-port-forwarding", False, False),
                                        (f'permitopen="{here}"', True, True), ('permitopen="127.0.0.1:1"', False, True),
                                        ('permitlisten="localhost:1"', True, False)):
            with self.subTest(options=options):
                authorize(server, f"{options} {key}")
                done = Ssh(server).run(data=b"there", options=["-W", here])
                self.assertEqual((done.status, done.out), (0, b"there") if opens else (255, b""))
                self.assertEqual(b"forwarding there is not allowed" in done.err, not opens)
                done = Ssh(server).run("exit 7", options=["-R", f"{free_port()}:{here}"])
                self.assertEqual(b"remote port forwarding failed" in done.err, not listens)

    def test_no_more_sessions(self):
        server = self.echo()
        with contextlib.closing(Paramiko(server).connect()) as transport:
            first = transport.open_session()
            transport.global_request("no-more-sessions@openssh.com", wait=False)
            first.exec_command("exit 7")  # an open session stays open
            self.assertEqual(first.recv_exit_status(), 7)
            with self.assertRaises((paramiko.SSHException, EOFError)):  # a second one ends the connection
                transport.open_session()
        server.wait("disconnected", reason="protocol error")
        Ssh(server, options=["-vv"]).run("exit 7")  # ssh sends it by itself
        with Master(server) as master:  # but not if more sessions may follow
            self.assertEqual([master.run("exit 7").status for _ in range(2)], [7, 7])


class Requests(MethodsCase):
    matrix = matrix

    def test_requests_from_the_server(self):
        """xon-xoff, eow@openssh.com and an unknown request disturb no client."""
        server = self.granting()
        for client in CLIENTS:
            with self.subTest(client=client.name):
                done = client(server).run("news", b"" if client is Ssh else b"there and back")  # ssh: eow ends its input
                self.assertEqual((done.status, done.out), (0, b"" if client is Ssh else b"there and back"))


if __name__ == "__main__":
    unittest.main()
