"""A server behind load balancers: haproxy and nginx, which tell it the clients' addresses."""
import contextlib
import socket
import subprocess
import unittest

import harness
from clients import Ssh
from harness import PATIENCE, until
from test_forwarding import free_port

HAPROXY = """
defaults
    mode tcp
    timeout connect 30s
    timeout client 5m
    timeout server 5m
frontend ssh
    bind fd@{fd}
    default_backend nacre
backend nacre
    server one {address} {sends}
"""

NGINX = """
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr;
events {{ }}
stream {{
    server {{
        listen 127.0.0.1:{port};
        proxy_pass {address};
        proxy_protocol on;
    }}
}}
"""


class Behind:
    """What a client needs to know about a server, with the balancer's port."""

    def __init__(self, server, port):
        self.port, self.server = port, server
        with open(server.path(".ssh/known_hosts"), "a", encoding="ascii") as file:
            file.write(f"[{server.host}]:{port} {server.host_key}\n")

    def __getattr__(self, name):
        return getattr(self.server, name)


class ProxyCase(unittest.TestCase):
    penalties = "--per-source-penalties", "noauth:600,authfail:600"

    def serve(self, *arguments):
        return self.enterContext(harness.Server("--proxy-from", "127.0.0.1", *arguments))

    def run_program(self, words, **more):
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, **more)
        self.addCleanup(harness.end, process)
        return process

    def haproxy(self, server, sends):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            path = server.path("haproxy.cfg")
            with open(path, "w", encoding="ascii") as file:
                file.write(HAPROXY.format(fd=listener.fileno(), address=server.address, sends=sends))
            self.run_program(["haproxy", "-db", "-q", "-f", path], pass_fds=[listener.fileno()])
            return Behind(server, listener.getsockname()[1])

    def nginx(self, server):
        port = free_port()
        path = server.path("nginx.conf")
        with open(path, "w", encoding="ascii") as file:
            file.write(NGINX.format(folder=server.folder, port=port, address=server.address))
        nginx = self.run_program(["nginx", "-c", path, "-p", server.folder, "-e", "stderr"], stderr=subprocess.DEVNULL)

        def is_up():
            self.assertIsNone(nginx.poll(), "nginx has ended")
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), PATIENCE):
                return True
            return False
        until(is_up, "nginx does not listen")
        self.addCleanup(nginx.wait)
        self.addCleanup(nginx.terminate)  # its worker ends with it
        return Behind(server, port)

    def assert_log_in(self, server, behind, source="127.0.0.9"):
        granted = server.watch("auth", answer="granted")
        done = Ssh(behind, options=["-b", source]).run(data=b"hello\n")
        self.assertEqual(done.status, 0, done.err)
        event = granted()[-1]
        self.assertTrue(event["addr"].startswith(source + ":"), event)


class Haproxy(ProxyCase):

    def test_version_1(self):
        server = self.serve()
        self.assert_log_in(server, self.haproxy(server, "send-proxy"))

    def test_version_2(self):
        server = self.serve()
        self.assert_log_in(server, self.haproxy(server, "send-proxy-v2"))

    def test_extensions_of_version_2(self):
        server = self.serve()
        self.assert_log_in(server, self.haproxy(
            server, "send-proxy-v2 proxy-v2-options unique-id,crc32c"))

    def test_without_the_header_it_is_refused(self):
        server = self.serve()
        done = Ssh(self.haproxy(server, "")).run()
        self.assertEqual(done.status, 255)
        self.assertEqual(server.wait("refused")[0]["limit"], "proxy-from")
        self.assertEqual(server.events("connection"), [])

    def test_health_checks_are_not_penalised(self):
        """With LOCAL and with UNKNOWN, and those that leave as soon as they are connected."""
        for sends in ("send-proxy", "send-proxy-v2"):
            for check in ("check", "check check-send-proxy"):
                server = self.serve(*self.penalties)
                behind = self.haproxy(server, f"{sends} {check} inter 20ms")
                for _ in range(3):
                    self.assert_log_in(server, behind)
                self.assertEqual(server.events("penalised"), [])

    def test_a_penalty_is_for_the_client_alone(self):
        server = self.serve("--per-source-net-block-size", "32:64", *self.penalties)
        behind = self.haproxy(server, "send-proxy-v2")
        done = Ssh(behind, login="stranger", options=["-b", "127.0.0.8"]).run()
        self.assertEqual(done.status, 255)
        server.wait("disconnected")
        refused = server.watch("refused")
        done = Ssh(behind, options=["-b", "127.0.0.8"]).run()
        self.assertEqual(done.status, 255)
        event = refused()[0]
        self.assertEqual(event["limit"], "per-source-penalties")
        self.assertTrue(event["addr"].startswith("127.0.0.8:"), event)
        self.assert_log_in(server, behind)

    def test_from_in_authorized_keys(self):
        server = self.serve()
        path = server.path("authorized_keys")
        with open(path, encoding="ascii") as file:
            key = file.read()
        with open(path, "w", encoding="ascii") as file:
            file.write(f'from="127.0.0.9" {key}')
        behind = self.haproxy(server, "send-proxy-v2")
        self.assert_log_in(server, behind)
        self.assertEqual(Ssh(behind, options=["-b", "127.0.0.10"]).run().status, 255)


class Nginx(ProxyCase):

    def test_stream(self):
        server = self.serve()
        self.assert_log_in(server, self.nginx(server))


class Elsewhere(ProxyCase):
    """Who is no balancer cannot pretend to be one."""

    def test_a_header_from_elsewhere_is_refused(self):
        server = self.serve()
        with socket.create_connection((server.host, server.port), PATIENCE, ("127.0.0.3", 0)) as connection:
            connection.sendall(b"PROXY TCP4 192.0.2.1 198.51.100.1 51234 22\r\n")
            with contextlib.suppress(ConnectionResetError):
                while connection.recv(4096):
                    pass
        ended = server.wait("disconnected")[0]
        self.assertTrue(ended["addr"].startswith("127.0.0.3:"), ended)

    def test_a_malformed_list(self):
        with self.assertRaisesRegex(AssertionError, "--proxy-from: cannot parse"):
            harness.Server("--proxy-from", "127.0.0.1/33")

    def test_slow_headers_delay_nobody(self):
        server = self.serve("--handshake-time", "1")
        waiting = [socket.create_connection((server.host, server.port), PATIENCE) for _ in range(100)]
        for connection in waiting:
            self.addCleanup(connection.close)
            connection.sendall(b"PROXY ")
        self.assert_log_in(server, self.haproxy(server, "send-proxy"))
        for connection in waiting:
            with contextlib.suppress(ConnectionResetError):
                while connection.recv(4096):
                    pass


if __name__ == "__main__":
    unittest.main()
