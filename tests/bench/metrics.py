"""What is measured, one function per group, which adds figures to the table; and the goals."""
import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time

from servers import (CIPHERS, KEX, Failed, awake, client_cpu, cost, drive_floor, floor_number, floor_packet,
                     floor_server, floor_tcp, free_port, pinned)

MIB = 1 << 20
PACKET = 32768  # bytes of data in the largest packet that nacre sends
# sizes on the wire: 32 KiB of data, and one byte, in a CHANNEL_DATA of one packet
BULK_PACKET = 32784
KEY_PACKET = {"aes128-gcm": (32, 52), "aes256-gcm": (32, 52), "chacha20-poly1305": (24, 44), "aes256-ctr": (32, 68)}
BULK = {"cat": ("echo", 2), "sink": ("sink", 1), "source": ("source", 1)}
SLICES = 4  # of a round's bytes: the machine changes from second to second, so floor and servers take turns
TAKES = {"nacre": range(SLICES), "sshd": (1,), "dropbear": (2,), "tinysshd": (3,)}  # slices; for others one, to save time
WARM_UP = 50  # logins for a single-process server to touch its memory
LOGIN_SLICES, LOGIN_SLICE = 24, 60
LOGINS = {"sshd": 15, "dropbear": 25, "tinysshd": 40}
LOGIN_CIPHER = "chacha20-poly1305"
KEYS = 4000
BUSY_KEYS = 400
BUSY_CIPHER = "aes128-gcm"
STARTS = 5
PEERS = ("sshd", "dropbear", "tinysshd")

# ---- the groups ----


def bulk(bench):
    for kind, (tcp, passes) in BULK.items():
        for cipher in CIPHERS:
            with bench.row(f"{kind}, {cipher}", "ms / GiB") as row:
                mib = max(bench.mib // SLICES, 64)
                for i in range(SLICES):
                    seconds, _ = floor_tcp(tcp, mib * MIB, 0)
                    packets = floor_packet(cipher, BULK_PACKET, 4000) * (mib * MIB / PACKET) * passes / 1e9
                    row.add("floor", (seconds + packets) * 1024e3 / mib)
                    for name in row.servers():
                        if i not in TAKES[name]:
                            continue
                        with row.attempt(name):
                            seconds, _ = cost(bench.setup, name, kind, mib * MIB, 1, cipher=cipher)
                            row.add(name, seconds * 1024e3 / mib)


@contextlib.contextmanager
def login_servers(bench, kex):
    """Servers that take turns in slices: {name: seconds for so many logins}. bare: the floor without its primitives."""
    kinds = {"floor": kex + "+", "bare": kex}
    running = {name: floor_server(kind) for name, kind in kinds.items()} | {"nacre": bench.setup.nacre()}

    def cost_of(name, count):
        server = running[name]
        if name in kinds:
            return server.spends(lambda: drive_floor(server, kinds[name], count))
        return server.spends(lambda: bench.setup.run_load(server.port, "login", count, kex=kex, cipher=LOGIN_CIPHER))

    try:
        for name in running:
            cost_of(name, WARM_UP)
        yield cost_of
    finally:
        for server in reversed(running.values()):  # a server's figures include what was started after it
            server.used()


def logins(bench):
    """The floor is one program that computes everything in its round trips, for a client that does the same. Its parts,
    measured separately, are shown too: a loop of primitives has warm caches, and a client that computes nothing gives the
    server no time to lose them."""
    bench.setup.settle()
    for kex in KEX:
        with bench.row(f"login, {kex}", "us") as row, bench.row(f"parts added up: login, {kex}", "us") as parts:
            with row.attempt("nacre"), login_servers(bench, kex) as cost_of, awake(0):
                for _ in range(LOGIN_SLICES):
                    us = {name: cost_of(name, LOGIN_SLICE) / LOGIN_SLICE * 1e6 for name in ("floor", "nacre", "bare")}
                    row.add("floor", us["floor"])
                    parts.add("floor", us["bare"] + floor_number("login", kex, LOGIN_SLICE))
                    for each in row, parts:
                        each.add("nacre", us["nacre"])
            for name in [name for name in row.servers() if name in LOGINS]:
                with row.attempt(name):
                    seconds, _ = cost(bench.setup, name, "login", LOGINS[name] + 1, 1, kex=kex, cipher=LOGIN_CIPHER)
                    row.add(name, seconds / LOGINS[name] * 1e6)


def keys(bench):
    for cipher in "aes128-gcm", "chacha20-poly1305":
        with bench.row(f"keystroke, {cipher}", "us") as cpu, \
                bench.row(f"keystroke, {cipher}, round trip p50", "us") as p50, \
                bench.row(f"keystroke, {cipher}, round trip p99", "us") as p99:
            size, wire = KEY_PACKET[cipher]
            seconds, times = floor_tcp("key", KEYS, wire)
            results = {"floor": (seconds / KEYS * 1e6 + 2 * floor_number("packet", cipher, size, 100000) / 1e3, times)}
            for name in cpu.servers():
                with cpu.attempt(name):
                    seconds, times = cost(bench.setup, name, "keys", KEYS, 1, cipher=cipher)
                    results[name] = seconds / (KEYS - 1) * 1e6, times
            for name, (us, times) in results.items():
                cpu.add(name, us)
                p50.add(name, float(times["p50"]))
                p99.add(name, float(times["p99"]))


@contextlib.contextmanager
def noise(bench, port):
    """Four bulk transfers, and a stream of logins."""
    lines = [bench.setup.load(port, "cat", 1 << 40, "cat", cipher=BUSY_CIPHER) for _ in range(4)]
    lines.append(bench.setup.load(port, "login", 10 ** 6, at_once=4))
    running = [subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=pinned(1))
               for line in lines]
    try:
        time.sleep(0.5)
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def busy_keys(bench):
    """The clients share a core, on which the one that measures has priority, so that it waits only for the server. The
    quiet figure is for the same server and the same cores."""
    fifo = ["chrt", "-f", "1", "taskset", "-c", client_cpu()]
    with bench.row("keystroke, cores apart, quiet p50", "us") as quiet50, \
            bench.row("keystroke, cores apart, quiet p99", "us") as quiet99, \
            bench.row("work of a packet", "us") as work, \
            bench.row("keystroke beside 4 bulk and logins, p50", "us") as busy50, \
            bench.row("keystroke beside 4 bulk and logins, p99", "us") as busy99:
        with work.attempt("nacre"):
            seconds, _ = cost(bench.setup, "nacre", "cat", 256 * MIB, 1, cipher=BUSY_CIPHER)
            work.add("nacre", seconds * 1e6 / (256 * MIB / PACKET))
        for name in [n for n in ("nacre", "sshd") if n in bench.setup.servers]:
            server = bench.setup.servers[name]()
            with contextlib.suppress(PermissionError):  # other work on the machine does not count
                os.setpriority(os.PRIO_PROCESS, server.process.pid, -20)

            def measure(server=server):
                return bench.setup.run_load(server.port, "keys", BUSY_KEYS, "cat", wrap=fifo, cpu=1, cipher=BUSY_CIPHER)

            try:
                with busy99.attempt(name):
                    times = measure()
                    quiet50.add(name, float(times["p50"]))
                    quiet99.add(name, float(times["p99"]))
                    with noise(bench, server.port):
                        times = measure()
                    busy50.add(name, float(times["p50"]))
                    busy99.add(name, float(times["p99"]))
            finally:
                server.used()


def futexes(setup, count):
    """futex calls per login of a server with two workers."""
    server = setup.nacre("-w", "2")
    try:
        with tempfile.NamedTemporaryFile("r") as report:
            tracer = subprocess.Popen(["strace", "-f", "-q", "-e", "trace=futex", "-o", report.name,
                                       "-p", str(server.process.pid)], stderr=subprocess.DEVNULL)
            time.sleep(0.5)
            how = {"at_once": 4, "cipher": "chacha20-poly1305"}
            setup.run_load(server.port, "login", 20, **how)
            report.read()  # the first logins make the server read its files
            setup.run_load(server.port, "login", count, **how)
            time.sleep(0.2)
            calls = len(report.readlines())
            tracer.terminate()
            tracer.wait()
    finally:
        server.used()
    return calls / count


def workers(bench):
    """With two cores the client needs one, so the cost of a login with two workers is compared with the cost with one. At
    1.11 x, two workers on two cores would serve 1.8 x the logins."""
    bench.setup.settle()
    for count in 1, 2:
        with bench.row(f"login, 4 at once, {count} worker{'s' * (count > 1)}", "us") as row:
            with row.attempt("nacre"):
                seconds, _ = cost(bench.setup, "nacre", "login", 1001, 1, ("-w", str(count)), at_once=4,
                                  cipher=LOGIN_CIPHER)
                row.add("nacre", seconds / 1000 * 1e6)
    if shutil.which("strace"):
        with bench.row("futex calls a login, with 2 workers", "calls") as row, row.attempt("nacre"):
            row.add("nacre", futexes(bench.setup, 400))


def connects(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


def start_once(make_command):
    """Seconds from its start to the first connection that it accepts."""
    port = free_port()
    command = make_command(port)
    begin = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not connects(port):
            if process.poll() is not None:
                raise Failed(f"{command[0]} ended at once")
            time.sleep(0.0002)
        return time.monotonic() - begin
    finally:
        process.terminate()
        process.wait()


def start(bench):
    commands = {"nacre": bench.setup.nacre_command, "sshd": bench.setup.sshd_command,
                "dropbear": bench.setup.dropbear_command}
    with bench.row("start to listening", "ms") as row:
        for name in [n for n in commands if n in bench.setup.servers]:
            with row.attempt(name):
                row.add(name, sorted(start_once(commands[name]) for _ in range(STARTS))[STARTS // 2] * 1e3)


def size(bench):
    with bench.row("stripped program", "KiB") as row, tempfile.TemporaryDirectory() as folder:
        for name, program in bench.setup.programs.items():
            if name in bench.setup.servers:
                out = os.path.join(folder, name)
                subprocess.run(["strip", "-o", out, program], check=True)
                row.add(name, os.path.getsize(out) / 1024)


# ---- goals: (text, reached), from a row's medians; None: unknown ----


def below_all(bench, metric, m):
    """A server without the algorithm does not count. In a full run a server that was not measured counts as not
    beaten."""
    measured = [name for name in PEERS if name in m]
    if measured:
        return "below all", all(m["nacre"] < m[name] for name in measured)
    there = [name for name in PEERS if name in bench.setup.servers]
    if there and all([metric, name] in bench.lacking for name in there):
        return "no peer has it", True
    return "no peer measured", False if "sshd" in bench.required else None


def of_floor(most):
    def judge(bench, metric, m):
        text, below = below_all(bench, metric, m)
        return f"{most} x floor, {text}", m["nacre"] <= most * m["floor"] and below is not False
    return judge


def at_most(most, unit):
    return lambda _bench, _metric, m: (f"{most} {unit}", m["nacre"] <= most)


def beside_others(bench, _, m):
    bound = 3 * bench.median("keystroke, cores apart, quiet p99", "nacre") + 4 * bench.median("work of a packet", "nacre")
    return f"{bound:.0f} us: 3 x quiet + 4 packets", m["nacre"] <= bound


def as_one_worker(bench, _, m):
    most = 1.11 * bench.median("login, 4 at once, 1 worker", "nacre")
    return f"{most:.0f} us: 1.11 x 1 worker", m["nacre"] <= most


MUST = [  # the first match counts
    (r"^(cat|sink|source), ", of_floor(1.25)),
    (r"^login, curve25519", of_floor(1.35)),
    (r"^login, (mlkem768|sntrup761)", of_floor(1.3)),
    (r"^keystroke, .*round trip", below_all),
    (r"^keystroke, .*(gcm|poly1305)$", of_floor(2)),
    (r"^keystroke beside.*p99", beside_others),
    (r"^futex", at_most(0.01, "calls")),
    (r"2 workers$", as_one_worker),
    (r"^start", at_most(10, "ms")),
    (r"^stripped", at_most(500, "KiB")),
]

GROUPS = [bulk, logins, keys, busy_keys, workers, start, size]
