"""Forwarding through nacre-serve with stock ssh: what the options and the options of a key permit."""
import contextlib
import glob
import os
import socket
import subprocess
import unittest

import harness
from clients import Ssh
from harness import PATIENCE, until
from methods import authorize
from test_forwarding import Target, connected, free_port, goes_there_and_back, listens
from test_serve import ServeCase

PROHIBITED = b"administratively prohibited"
NO_PORT = b"remote port forwarding failed"


class Case(ServeCase):

    def server(self, *arguments, words=("sh", "-c", "exit 7")):
        return self.serve(*words, arguments=arguments)

    def target(self, *path):
        return self.enterContext(Target(*path))

    def running(self, server, *options):
        """A client that forwards, and runs nothing."""
        client = Ssh(server)
        process = subprocess.Popen(client.command(options=[*options, "-N"]), env=client.environment(),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.addCleanup(harness.end, process)
        return process

    def key(self, server, options):
        with open(server.path("key.pub"), encoding="ascii") as file:
            authorize(server, f"{options} {file.read()}")

    def reaches(self, server, where, **more):
        """Does -W? If not, the server has said that it is not allowed."""
        done = Ssh(server, **more).run(data=b"there", options=["-W", where])
        self.assertIn((done.status, done.out), ((0, b"there"), (255, b"")))
        self.assertEqual(PROHIBITED in done.err, done.status != 0, done.err)
        return done.status == 0

    def may_listen(self, server, port, host=""):
        """Does -R? The session goes on if not."""
        done = Ssh(server).run(options=["-R", f"{host and host + ':'}{port}:127.0.0.1:1"])
        self.assertEqual(done.status, 7, done.err)
        return NO_PORT not in done.err


class Directions(Case):

    def test_nothing_is_on_by_default(self):
        server, target = self.server(), self.target()
        self.assertFalse(self.reaches(server, f"127.0.0.1:{target.port}"))
        self.assertFalse(self.may_listen(server, free_port()))
        self.assertFalse(self.may_listen(server, server.path("socket")))
        self.assertEqual(server.events("forward"), [])

    def test_tcp(self):
        target = self.target()
        for value in "no", "local", "remote", "yes", "all":
            with self.subTest(value=value):
                server = self.server("--allow-tcp-forwarding", value)
                self.assertEqual(self.reaches(server, f"127.0.0.1:{target.port}"), value in ("local", "yes", "all"))
                self.assertEqual(self.may_listen(server, free_port()), value in ("remote", "yes", "all"))
                self.assertFalse(self.may_listen(server, server.path("socket")))
        self.assertEqual(len(server.wait("forward", state="connected", target=f"127.0.0.1:{target.port}")), 1)

    def test_unix_sockets(self):
        tcp = self.target()
        for value in "no", "local", "remote", "yes":
            with self.subTest(value=value):
                server = self.server("--allow-streamlocal-forwarding", value)
                path, here, there = server.path("target"), server.path("here"), server.path("there")
                target = self.target(path)
                self.running(server, "-L", f"{here}:{path}")
                if value in ("local", "yes"):
                    self.assertTrue(goes_there_and_back(connected(here)))
                    server.wait("forward", state="connected", target=path)
                else:
                    with connected(here) as s:
                        self.assertEqual(s.recv(1), b"")
                self.assertEqual(self.may_listen(server, there), value in ("remote", "yes"))
                self.assertFalse(self.reaches(server, f"127.0.0.1:{tcp.port}"))
                self.assertTrue(target)

    def test_a_unix_socket_there(self):
        server = self.server("--allow-streamlocal-forwarding", "remote")
        target = self.target(server.path("target"))
        process = self.running(server, "-R", f"{server.path('there')}:{server.path('target')}")
        self.assertTrue(goes_there_and_back(connected(server.path("there"))))
        self.assertEqual(os.stat(server.path("there")).st_mode & 0o777, 0o600)
        self.assertFalse(self.may_listen(server, server.path("there")))  # no file is replaced
        server.wait("forward", state="failed")
        harness.end(process)
        until(lambda: not os.path.exists(server.path("there")), "the socket to be removed")
        self.assertTrue(target)

    def test_local(self):
        server, target = self.server("--allow-tcp-forwarding", "local"), self.target()
        port = free_port()
        self.running(server, "-L", f"{port}:localhost:{target.port}")  # a name, which the server looks up
        self.assertTrue(all(goes_there_and_back(connected(port)) for _ in range(2)))

    def test_socks(self):
        server, target = self.server("--allow-tcp-forwarding", "local"), self.target()
        port = free_port()
        self.running(server, "-D", str(port))
        with contextlib.ExitStack() as held:
            s = held.enter_context(connected(port))
            s.sendall(b"\x05\x01\x00")
            self.assertEqual(s.recv(2), b"\x05\x00")
            s.sendall(b"\x05\x01\x00\x01\x7f\x00\x00\x01" + target.port.to_bytes(2, "big"))
            self.assertEqual(s.recv(10)[:2], b"\x05\x00")
            held.pop_all()
            self.assertTrue(goes_there_and_back(s))

    def test_remote(self):
        server, target = self.server("--allow-tcp-forwarding", "remote"), self.target()
        port = free_port()
        process = self.running(server, "-R", f"{port}:127.0.0.1:{target.port}")
        self.assertTrue(all(goes_there_and_back(connected(port)) for _ in range(2)))
        harness.end(process)
        server.wait("forward", state="stopped")
        self.assertFalse(listens(port))
        states = [e["state"] for e in server.events("forward")]
        self.assertEqual(states, ["listening", "accepted", "accepted", "stopped"])

    def test_a_jump_host(self):
        jump, server = self.server("--allow-tcp-forwarding", "local"), self.server()
        through = " ".join(Ssh(jump).command(options=["-W", "%h:%p"]))
        self.assertEqual(Ssh(server).run(options=["-o", f"ProxyCommand={through}"]).status, 7)
        config = server.path("config")
        with open(config, "w", encoding="ascii") as file:
            for name, s in ("jump", jump), ("there", server):
                file.write(f"Host {name}\n HostName {s.host}\n Port {s.port}\n User {harness.USER}\n"
                           f" IdentityFile {s.path('key')}\n UserKnownHostsFile {s.path('.ssh/known_hosts')}\n GlobalKnownHostsFile /dev/null\n"
                           " IdentitiesOnly yes\n IdentityAgent none\n BatchMode yes\n")
        done = subprocess.run(["ssh", "-F", config, "-J", "jump", "there"], stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=4 * PATIENCE, env=harness.clean_environment(server.folder))
        self.assertEqual(done.returncode, 7, done.stderr)
        self.assertEqual(len(jump.events("forward", state="connected")), 2)

    def test_a_closed_port_is_a_failure(self):
        server, port = self.server("--allow-tcp-forwarding", "local"), free_port()
        done = Ssh(server).run(options=["-W", f"127.0.0.1:{port}"])
        self.assertIn(b"connect failed: Connection refused", done.err)
        server.wait("forward", state="failed", target=f"127.0.0.1:{port}")


class Lists(Case):

    def test_permit_open(self):
        one, other = self.target(), self.target()
        server = self.server("--allow-tcp-forwarding", "yes", "--permit-open", f"127.0.0.1:{one.port},[::1]:*")
        self.assertTrue(self.reaches(server, f"127.0.0.1:{one.port}"))
        self.assertFalse(self.reaches(server, f"127.0.0.1:{other.port}"))
        self.assertFalse(self.reaches(server, f"localhost:{one.port}"))
        self.assertTrue(self.may_listen(server, free_port()))
        refused = server.events("forward", state="refused")
        self.assertEqual([e["target"] for e in refused], [f"127.0.0.1:{other.port}", f"localhost:{one.port}"])

    def test_permit_listen(self):
        port, target = free_port(), self.target()
        server = self.server("--allow-tcp-forwarding", "yes", "--permit-listen", f"localhost:{port}")
        self.assertTrue(self.may_listen(server, port))
        self.assertFalse(self.may_listen(server, port, "127.0.0.1"))
        self.assertFalse(self.may_listen(server, 0))
        self.assertTrue(self.reaches(server, f"127.0.0.1:{target.port}"))

    def test_a_malformed_list(self):
        for option, value in (("--permit-open", "here"), ("--permit-listen", "h:x"), ("--allow-tcp-forwarding", "some"),
                              ("--gateway-ports", "all")):
            with self.subTest(option=option), self.assertRaisesRegex(AssertionError, f"{option}: '{value}' is not "):
                self.server(option, value)

    def test_gateway_ports(self):
        """On which addresses the server listens, as the kernel says."""
        for value, host, expected in (("no", "*", {"127.0.0.1"}), ("clientspecified", "127.0.0.2", {"127.0.0.2"}),
                                      ("clientspecified", "*", {"0.0.0.0"}), ("clientspecified", "", {"127.0.0.1"}),
                                      ("yes", "127.0.0.2", {"0.0.0.0"})):
            with self.subTest(value=value, host=host):
                server, port = self.server("--allow-tcp-forwarding", "remote", "--gateway-ports", value), free_port()
                self.running(server, "-R", f"{host and host + ':'}{port}:127.0.0.1:1")
                server.wait("forward", state="listening")
                self.assertEqual(self.addresses(port), expected)

    def addresses(self, port):
        """The IPv4 addresses on which something listens at this port."""
        with open("/proc/net/tcp", encoding="ascii") as file:
            rows = [line.split() for line in file.readlines()[1:]]
        places = [row[1].split(":") for row in rows if row[3] == "0A"]
        return {socket.inet_ntoa(bytes.fromhex(host)[::-1]) for host, number in places if int(number, 16) == port}


class Keys(Case):

    def test_tcp(self):
        server, target, port = self.server("--allow-tcp-forwarding", "yes"), self.target(), free_port()
        where = f"127.0.0.1:{target.port}"
        for options, opens, listening in (
                ("no-pty", True, True), ("restrict", False, False), ("restrict,port-forwarding", True, True),
                ("no-port-forwarding", False, False), (f'permitopen="{where}"', True, True),
                ('permitopen="127.0.0.1:1"', False, True), ('permitopen="127.0.0.1:*"', True, True),
                (f'permitlisten="{port}"', True, True), ('permitlisten="localhost:1"', True, False),
                (f'restrict,permitopen="{where}"', False, False)):
            with self.subTest(options=options):
                self.key(server, options)
                self.assertEqual((self.reaches(server, where), self.may_listen(server, port)), (opens, listening))

    def test_a_key_permits_no_more_than_the_server(self):
        server, target = self.server("--allow-tcp-forwarding", "local", "--permit-open", "h:1"), self.target()
        self.key(server, f'permitopen="127.0.0.1:{target.port}"')
        self.assertFalse(self.reaches(server, f"127.0.0.1:{target.port}"))

    def test_unix_sockets(self):
        server = self.server("--allow-streamlocal-forwarding", "yes")
        for options, expected in ("no-port-forwarding", False), ('permitlisten="1"', True):
            with self.subTest(options=options):
                self.key(server, options)
                self.assertEqual(self.may_listen(server, server.path("there")), expected)
                until(lambda: not os.path.exists(server.path("there")), "the socket to be removed")


class Agents(Case):
    command = "sh", "-c", 'ssh-add -L; echo "$SSH_AUTH_SOCK"'

    def agent(self, server):
        """The environment of an agent with the client's key."""
        path = server.path("agent")
        process = subprocess.Popen(["ssh-agent", "-D", "-a", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(harness.end, process)
        until(lambda: harness.listening(path), "the agent to listen")
        subprocess.run(["ssh-add", "-q", server.path("key")], check=True, env={**os.environ, "SSH_AUTH_SOCK": path},
                       stdin=subprocess.DEVNULL, timeout=PATIENCE)
        return path

    def keys(self, server, agent):
        """What the program finds in the agent, and its path."""
        client = Ssh(server)
        done = subprocess.run(client.command(options=["-A", "-o", f"IdentityAgent={agent}", "-o", f"ForwardAgent={agent}"]),
                              env=client.environment(), stdin=subprocess.DEVNULL, capture_output=True, timeout=4 * PATIENCE)
        *keys, path = done.stdout.decode().splitlines()
        return [key.split()[1] for key in keys if key.startswith("ssh-")], path

    def test_the_agent(self):
        server = self.server("--allow-agent-forwarding", words=self.command)
        agent = self.agent(server)
        with open(server.path("key.pub"), encoding="ascii") as file:
            key = file.read().split()[1]
        found, path = self.keys(server, agent)
        self.assertEqual(found, [key])
        self.assertRegex(path, "^/tmp/nacre-[^/]+/agent$")
        until(lambda: not glob.glob(os.path.dirname(path)), "the folder to be removed")
        server.wait("forward", state="stopped", target=path)
        for options in "no-agent-forwarding", "restrict":
            with self.subTest(options=options):
                self.key(server, options)
                self.assertEqual(self.keys(server, agent), ([], ""))

    def test_it_needs_the_option(self):
        server = self.server("--allow-tcp-forwarding", "yes", words=self.command)
        self.assertEqual(self.keys(server, self.agent(server)), ([], ""))


class Quotas(Case):

    def test_connections_count(self):
        """Two connections take the places of two sessions, and give them back."""
        server, target = self.server("--allow-tcp-forwarding", "yes", "--per-user-max-sessions", "2"), self.target()
        port = free_port()
        self.running(server, "-L", f"{port}:127.0.0.1:{target.port}")
        held = [connected(port), connected(port)]
        server.wait("forward", 2, state="connected")
        self.assertEqual(Ssh(server).run().status, 255)
        self.assertIn(b"too many connections", Ssh(server).run(options=["-W", f"127.0.0.1:{target.port}"]).err)
        server.wait("limit", limit="per-user-max-sessions")
        for s in held:
            self.assertTrue(goes_there_and_back(s))
        until(lambda: Ssh(server).run().status == 7, "the places to be free again")

    def test_listeners_count(self):
        server = self.server("--allow-tcp-forwarding", "yes", "--per-user-max-sessions", "1", "--metrics", "0")
        process = self.running(server, "-R", f"{free_port()}:127.0.0.1:1")
        server.wait("forward", state="listening")
        self.assertEqual(Ssh(server).run().status, 255)
        harness.end(process)
        until(lambda: Ssh(server).run().status == 7, "the place to be free again")
        with socket.create_server(("127.0.0.1", 0)) as taken:  # a listener that fails gives its place to the session
            forward = f"127.0.0.1:{taken.getsockname()[1]}:127.0.0.1:1"
            until(lambda: Ssh(server).run(options=["-R", forward]).status == 7, "a session beside a listener that failed")
        self.assertEqual(len(server.events("forward", state="listening")), 1)


if __name__ == "__main__":
    unittest.main()
