"""Metrics and health over HTTP, for Prometheus: the answers, and readers that are slow, many or not what they should be."""
import contextlib
import fcntl
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import unittest

import harness
from clients import Ssh
from harness import BUILD, PATIENCE, TOP, until
from test_serve import Served
from test_upgrade import Supervised

READERS_MAX = 16
GET = b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n"


class Metered(unittest.TestCase):
    def start(self, *arguments, address="0", **more):
        self.server = self.enterContext(harness.Server("--metrics", address, *arguments, **more))
        self.address = self.server.wait("metrics")[0]["addr"]
        return self.server

    def connect(self):
        if self.address.startswith("unix:"):
            client = socket.socket(socket.AF_UNIX)
            client.connect(self.address[len("unix:"):])
        else:
            host, port = self.address.rsplit(":", 1)
            client = socket.create_connection((host.strip("[]"), int(port)), PATIENCE)
        client.settimeout(PATIENCE)
        return self.enterContext(client)

    def exchange(self, request, step=None):
        """Send a request, in pieces of this many bytes, and return the answer's status, header and body."""
        client = self.connect()
        for at in range(0, len(request), step or len(request)):
            client.sendall(request[at:at + (step or len(request))])
        answer = b"".join(iter(lambda: client.recv(65536), b""))
        head, _, body = answer.partition(b"\r\n\r\n")
        first, *lines = head.decode("ascii").split("\r\n")
        header = dict(line.split(": ", 1) for line in lines)
        return int(first.split()[1]), header, body

    def get(self, path=b"/metrics"):
        return self.exchange(GET % path)

    def samples(self):
        status, _, body = self.get()
        self.assertEqual(status, 200)
        return {name: float(value) for name, value in re.findall(r"^([^# ].*) (\S+)$", body.decode("ascii"), re.M)}


class Answers(Metered):
    def test_the_text_is_what_prometheus_expects(self):
        self.start()
        Ssh(self.server).run("cat", b"x")
        status, header, body = self.get()
        self.assertEqual(status, 200)
        self.assertEqual(header["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        self.assertEqual(int(header["Content-Length"]), len(body))
        checked = subprocess.run(["promtool", "check", "metrics"], input=body, capture_output=True, check=False)
        self.assertEqual((checked.returncode, checked.stdout, checked.stderr), (0, b"", b""))
        bad = subprocess.run(["promtool", "check", "metrics"], input=body.replace(b"_total", b""), capture_output=True, check=False)
        self.assertNotEqual(bad.returncode, 0)

    def test_metrics_are_those_of_the_manual(self):
        self.start()
        with open(os.path.join(TOP, "apps/man/metrics_table.mdoc"), encoding="ascii") as file:
            documented = re.findall(r"^\.It Sy (\w+) Pq (\w+)$", file.read(), re.M)
        served = re.findall(r"^# TYPE (\w+) (\w+)$", self.get()[2].decode("ascii"), re.M)
        self.assertEqual(served, documented)
        self.assertGreater(len(served), 15)
        self.assertTrue(all(name.startswith("nacre_") for name, _ in served))

    def test_what_a_client_does_is_counted(self):
        server = self.start("-w", "2")
        before = self.samples()
        self.assertEqual(before["nacre_connections_accepted_total"], 0)
        with contextlib.ExitStack() as stack:
            running = stack.enter_context(Ssh(server).start())
            harness.ask(running, b"hello\n")
            during = self.samples()
            self.assertEqual(during["nacre_connections"], 1)
            self.assertEqual(during["nacre_startups"], 0)
            self.assertEqual(during["nacre_channels"], 1)
            running.stdin.close()
            running.wait(PATIENCE)
        Ssh(server, "stranger").run("cat")
        server.wait("disconnected", 2)
        after = until(lambda: (s := self.samples())["nacre_connections"] == 0 and s, "a connection is left")
        event = server.events("disconnected")
        attempt = 'nacre_login_attempts_total{method="publickey",result="%s"}'
        self.assertEqual(after["nacre_connections_accepted_total"], 2)
        self.assertEqual(after["nacre_logins_total"], 1)
        self.assertEqual(after[attempt % "granted"], 1)
        self.assertEqual(after[attempt % "refused"],
                         len(server.events("auth", method="publickey", answer="refused")))
        self.assertEqual(after["nacre_received_bytes_total"], sum(int(e["bytes_in"]) for e in event))
        self.assertEqual(after["nacre_sent_bytes_total"], sum(int(e["bytes_out"]) for e in event))
        self.assertEqual((after["nacre_channels_opened_total"], after["nacre_channels"]), (1, 0))
        self.assertEqual((after["nacre_key_exchanges_total"], after["nacre_rekeys_total"]), (2, 0))
        self.assertEqual((after["nacre_handshake_seconds_count"], after["nacre_login_seconds_count"]), (2, 1))
        self.assertGreater(after["nacre_login_seconds_sum"], 0)
        self.assertEqual(after['nacre_login_seconds_bucket{le="+Inf"}'], 1)
        for kind in "kex", "host_key", "cipher_in", "cipher_out":
            self.assertEqual(after['nacre_algorithms_chosen_total{kind="%s",name="%s"}' % (kind, event[0][kind])], 2)

    def test_rekeys_and_limits_are_counted(self):
        server = self.start("--rekey-limit", "64k")
        Ssh(server).run("cat", harness.random_bytes(1 << 20))
        server.wait("disconnected")
        samples = self.samples()
        self.assertGreater(samples["nacre_rekeys_total"], 1)
        self.assertEqual(samples["nacre_key_exchanges_total"], len(server.events("kex")))

    def test_refusals_are_counted_by_limit(self):
        server = self.start("--max-connections", "1")
        host, port = server.host, server.port
        with socket.create_connection((host, port), PATIENCE) as first:
            first.recv(4)
            with socket.create_connection((host, port), PATIENCE) as second:
                second.settimeout(PATIENCE)
                with contextlib.suppress(ConnectionError):
                    while second.recv(100):
                        pass
            name = server.wait("refused")[0]["limit"]
            self.assertEqual(self.samples()['nacre_limits_reached_total{limit="%s"}' % name], 1)

    def test_nacre_serve_has_them_too(self):
        server = self.enterContext(Served("/bin/cat", arguments=("--metrics", "0")))
        self.address = server.wait("metrics")[0]["addr"]
        self.assertEqual(Ssh(server).run(None, b"x").out, b"x")
        server.wait("disconnected")
        self.assertEqual(self.samples()["nacre_channels_opened_total"], 1)

    def test_health_fails_while_the_server_drains(self):
        server = self.start("--drain", "60")
        status, _, body = self.get(b"/healthz")
        self.assertEqual((status, body), (200, b"200 OK\n"))
        with Ssh(server).start() as running:
            harness.ask(running, b"hello\n")
            server.process.send_signal(signal.SIGTERM)
            server.wait("draining")
            self.assertEqual(self.get(b"/healthz")[0], 503)
            self.assertEqual(self.get()[0], 200)
            running.stdin.close()
            running.wait(PATIENCE)
        self.assertEqual(server.process.wait(PATIENCE), 0)

    def test_other_requests_are_refused(self):
        self.start()
        for request, expected in (
                (GET % b"/", 404), (GET % b"/metricsx", 404), (GET % b"/metrics/", 404), (GET % b"/metrics?x=1", 200),
                (GET % b"http://x/metrics", 400), (b"POST /metrics HTTP/1.1\r\n\r\n", 405),
                (b"POST /metrics HTTP/1.1\r\nContent-Length: 20000\r\n\r\n" + b"x" * 20000, 405),
                (b"GET /metrics HTTP/1.0\n\n", 200), (b"GET /metrics HTTP/2\r\n\r\n", 400), (b"GET /metrics\r\n\r\n", 400),
                (b"\r\n\r\n", 400), (b"\0\xff \r\n\r\n", 400), (b"SSH-2.0-x\r\n\r\n", 400),
                (b"get /metrics HTTP/1.1\r\n\r\n", 405),
                (b"GET /metrics HTTP/1.1\r\n" + b"X: y\r\n" * 2000, 431), (b"x" * 4096, 431)):
            with self.subTest(request=request[:40]):
                self.assertEqual(self.exchange(request)[0], expected)
        self.assertEqual(self.exchange(b"PUT /metrics HTTP/1.1\r\n\r\n")[1]["Allow"], "GET, HEAD")
        self.assertEqual(self.exchange(GET % b"/healthz", step=1)[0], 200)
        status, header, body = self.exchange(b"HEAD /metrics HTTP/1.1\r\n\r\n")
        self.assertEqual((status, body), (200, b""))
        self.assertGreater(int(header["Content-Length"]), 1000)


class Readers(Metered):
    def test_slow_ones_are_cut_off(self):
        server = self.start()
        silent, partial, deaf = self.connect(), self.connect(), self.connect()
        partial.sendall(b"GET /metr")
        deaf.sendall(GET % b"/metrics")  # it reads nothing
        self.assertEqual(Ssh(server).run("cat", b"x").status, 0)
        self.assertEqual(silent.recv(1), b"")
        self.assertEqual(partial.recv(1), b"")
        until(lambda: not self.connected(), "a reader is still connected")

    def connected(self):
        """Does the server have connections to its port of metrics?"""
        port = int(self.address.rsplit(":", 1)[1])
        with open("/proc/net/tcp", encoding="ascii") as file:
            rows = [line.split() for line in file][1:]
        return any(int(row[1].split(":")[1], 16) == port and row[3] in ("01", "08") for row in rows)  # ESTABLISHED, CLOSE_WAIT

    def test_the_next_one_takes_the_place_of_the_oldest(self):
        server = self.start()
        idle = [self.connect() for _ in range(READERS_MAX * 3)]
        self.assertEqual(self.get()[0], 200)
        for client in idle[:READERS_MAX]:
            with contextlib.suppress(ConnectionResetError):
                self.assertEqual(client.recv(1), b"")
        self.assertEqual(Ssh(server).run("cat", b"x").out, b"x")

    def test_many_delay_no_session(self):
        server = self.start()
        with Ssh(server).start() as running:
            for _ in range(100):
                self.connect().sendall(GET % b"/metrics")
                harness.ask(running, b"hello\n")
            running.stdin.close()
            running.wait(PATIENCE)


class Dashboard(unittest.TestCase):
    """apps/packaging/grafana.json"""

    def test_each_query_is_valid_and_names_metrics_that_exist(self):
        with open(os.path.join(TOP, "apps/man/metrics_table.mdoc"), encoding="ascii") as file:
            kinds = dict(re.findall(r"^\.It Sy (\w+) Pq (\w+)$", file.read(), re.M))
        known = {name for name, kind in kinds.items() if kind != "histogram"}
        known |= {name + end for name, kind in kinds.items() if kind == "histogram" for end in ("_bucket", "_sum", "_count")}
        with open(os.path.join(TOP, "apps/packaging/grafana.json"), encoding="ascii") as file:
            queries = [target["expr"] for panel in json.load(file)["panels"] for target in panel["targets"]]
        self.assertGreater(len(queries), 10)
        for query in queries:
            names = set(re.findall(r"nacre_\w+", query))
            self.assertTrue(names and names <= known, f"{names - known} in {query}")
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:  # JSON is YAML
            json.dump({"groups": [{"name": "dashboard", "rules": [
                {"record": f"query:{i}", "expr": query.replace("$__rate_interval", "1m")} for i, query in enumerate(queries)]}]}, file)
            file.flush()
            subprocess.run(["promtool", "check", "rules", file.name], check=True, stdout=subprocess.DEVNULL)


class Places(Metered):
    def test_a_port_alone_is_on_the_loopback_address(self):
        self.start()
        self.assertRegex(self.address, r"^127\.0\.0\.1:[1-9]\d*$")

    def test_an_address_can_be_written_out(self):
        for address, expected in ("[::1]:0", r"^\[::1\]:[1-9]\d*$"), ("127.0.0.2:0", r"^127\.0\.0\.2:[1-9]\d*$"):
            self.start(address=address)
            self.assertRegex(self.address, expected)
            self.assertEqual(self.get()[0], 200)

    def test_a_unix_socket_replaces_a_stale_one_but_no_live_one(self):
        folder = tempfile.mkdtemp(prefix="nacre-")
        self.addCleanup(shutil.rmtree, folder)
        path = folder + "/metrics"
        for first in True, False:  # the first one leaves its socket
            server = self.start(address="unix:" + path)
            self.assertEqual(self.address, "unix:" + path)
            self.assertEqual(os.stat(path).st_mode & 0o777, 0o660)
            self.assertEqual(self.get()[0], 200)
            if first:
                server.process.terminate()
                server.process.wait(PATIENCE)
        said = self.fails("--metrics", "unix:" + path)
        self.assertIn(f"--metrics: cannot listen on unix:{path}: another process listens there", said)
        self.assertEqual(self.get()[0], 200)

    def fails(self, *arguments):
        lender = self.enterContext(harness.Server())
        done = subprocess.run([f"{BUILD}/nacre-echo", "-l", "127.0.0.1:0", "-k", lender.path("host_key"), "-a",
                               lender.path("authorized_keys"), *arguments], capture_output=True, text=True, timeout=PATIENCE,
                              check=False)
        self.assertIn(done.returncode, (1, 2))
        return done.stderr

    def test_what_cannot_be_is_a_sentence(self):
        self.start()
        for address, expected in (
                (":9100", "is not PORT, ADDR:PORT"), ("65536", "is not PORT"), ("unix:", "unix:: the path is missing"), ("", "is not PORT"),
                ("unix:" + "x" * 108, "the path has 108 bytes"), ("unix:/nowhere/x", "No such file or directory"),
                (self.address, "Address already in use")):
            with self.subTest(address=address):
                self.assertIn(expected, " ".join(self.fails("--metrics", address).split()))

    def test_without_the_option_nothing_listens(self):
        server = self.enterContext(harness.Server())
        self.assertEqual(server.events("metrics"), [])


class Upgraded(Metered):
    """With --supervise, the parent holds this socket too."""

    def upgrade(self):
        done = len(self.server.events("upgrade", answer="done"))
        drained = len(self.server.events("draining"))
        self.server.process.send_signal(signal.SIGUSR2)
        self.server.wait("upgrade", done + 1, answer="done")
        self.server.wait("draining", drained + 1)

    def start_supervised(self, *arguments, **more):
        server = self.enterContext(Supervised("--supervise", "--metrics", *arguments, **more))
        self.server, self.address = server, server.wait("metrics")[0]["addr"]
        return server

    def test_the_new_process_has_the_socket(self):
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="nacre-"))
        for address in "0", f"unix:{folder}/metrics":
            with self.subTest(address):
                server = self.start_supervised(address)
                old = Ssh(server).start()
                self.addCleanup(harness.end, old)
                harness.ask(old, b"hello\n")
                self.assertEqual(self.samples()["nacre_logins_total"], 1)
                for _ in range(2):
                    self.upgrade()
                    self.assertEqual({event["addr"] for event in server.events("metrics")}, {self.address})
                    for _ in range(20):  # never the old process, which drains
                        self.assertEqual(self.get(b"/healthz")[0], 200)
                        self.assertEqual(self.samples()["nacre_logins_total"], 0)
                harness.ask(old, b"hello\n")
                self.assertEqual(server.stop(), 0)

    def test_no_reader_is_refused_meanwhile(self):
        server, failures, answers, over = self.start_supervised("0"), [], [], []

        def read():
            while not over:
                try:
                    answers.append(self.get(b"/metrics")[0])
                except (OSError, ValueError) as error:
                    failures.append(error)
        thread = threading.Thread(target=read)
        thread.start()
        try:
            for _ in range(3):
                self.upgrade()
        finally:
            over.append(True)
            thread.join()
        self.assertEqual((failures, set(answers)), ([], {200}))
        self.assertEqual(server.stop(), 0)

    def test_the_address_may_be_in_use(self):
        self.start()
        self.assertIn(f"--metrics: cannot listen on {self.address}: Address already in use",
                      Places.fails(self, "--metrics", self.address, "--supervise"))

    def test_a_named_socket_is_the_one_for_metrics(self):
        server = self.enterContext(harness.Server())  # its files
        with socket.create_server(("127.0.0.1", 0)) as ssh, socket.create_server(("127.0.0.1", 0)) as metrics:
            above = [fcntl.fcntl(one.fileno(), fcntl.F_DUPFD, 10) for one in (metrics, ssh)]
            for fd in above:
                self.addCleanup(os.close, fd)
            script = "LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=metrics:ssh exec \"$@\" 3<&%d 4<&%d" % tuple(above)
            for more in (), ("--metrics", "127.0.0.1:1"), ("--supervise",):
                process = subprocess.Popen(["bash", "-c", script, "bash", harness.NACRE_ECHO, "-k", "host_key", "-p", "passwords", *more],
                                           cwd=server.folder, pass_fds=above,
                                           stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                self.addCleanup(harness.end, process)
                with socket.create_connection(ssh.getsockname(), PATIENCE) as client:
                    client.settimeout(PATIENCE)
                    self.assertIn(b"SSH-2.0-", client.recv(100))
                self.address = "127.0.0.1:%d" % metrics.getsockname()[1]
                self.assertEqual(self.samples()["nacre_connections_accepted_total"], 1)
                process.terminate()
                self.assertEqual(process.wait(PATIENCE), 0)


if __name__ == "__main__":
    unittest.main()
