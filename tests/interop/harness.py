"""A nacre-echo for each test, and its log. The clients are in clients.py, terminals in terminals.py.

    with Server() as server:                      on 127.0.0.1 and a free port, with all files in a temporary folder
        done = Ssh(server).run("cat", b"bytes")
        done.status, done.out, done.err
        server.wait("closed", reason="peer closed")

When a server ends, its log must be consistent (check_log), whatever the test is about.
"""
import ast
import atexit
import collections
import contextlib
import functools
import hashlib
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import weakref

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(TOP, os.environ.get("NACRE_BUILD", "build"))
NACRE_ECHO = os.path.join(BUILD, "nacre-echo")

USER = "alice"
PASSWORD = "mother-of-pearl"
os.umask(0o022)  # Debian 13's default for users, 002, would make some files unusable

PATIENCE = 30  # seconds for anything that should happen at once, on a busy machine

MIB = 1024 * 1024

Done = collections.namedtuple("Done", "status out err")


def until(condition, what, patience=PATIENCE):
    """Wait until a condition returns something true, and return that."""
    deadline = time.monotonic() + patience
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {patience} s: {what() if callable(what) else what}")
        time.sleep(0.01)


def listening(path):
    """Does a Unix socket accept connections? It may be there before it does."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(path) == 0


def random_bytes(size, seed=1):
    return random.Random(seed).randbytes(size)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


@functools.cache
def algorithms():
    """{kind: [name, ...]} as the server lists them, best first, including those that are off."""
    found, kind = {}, None
    listed = subprocess.run([NACRE_ECHO, "--list-algorithms"], check=True, capture_output=True, text=True)
    for line in listed.stdout.splitlines():
        if line.startswith(" "):
            found[kind].append(line.split()[0])
        else:
            kind = line
            found[kind] = []
    return found


# The echo session's answers ----------------------------------------------------------------------

def answer_to(chunk):
    """The echo session's answer to one chunk of bytes."""
    return b"echo: " + repr(chunk)[1:].encode() + b"\r\n"


LAST_WORDS = b"eof received\r\n"


def chunks_of(output):
    """The chunks in the answers, which must be exactly what Python's repr prints."""
    lines = output.split(b"\r\n")
    if lines.pop() != b"":
        raise AssertionError(f"the last line has no end: {output[-100:]!r}")
    chunks = []
    for line in lines:
        if not line.startswith(b"echo: "):
            raise AssertionError(f"not an answer: {line[:100]!r}")
        chunk = ast.literal_eval("b" + line[len(b"echo: "):].decode("ascii"))
        if answer_to(chunk) != line + b"\r\n":
            raise AssertionError(f"not as repr has it: {line[:100]!r}")
        chunks.append(chunk)
    return chunks


def ask(process, data):
    """Send one chunk to a running echo session, and check the answer."""
    process.stdin.write(data)
    process.stdin.flush()
    answer = process.stdout.readline()
    assert answer == answer_to(data), f"{data!r} was answered {answer!r}"


# The server's log --------------------------------------------------------------------------------

FIELD = re.compile(r'([a-z_]+)=(?:"((?:[^"\\]|\\.)*)"|([A-Za-z0-9._:/@+,%\[\]-]+))(?: |$)')
ESCAPE = re.compile(r'\\(?:x([0-9a-f]{2})|(.))')


def unescape(found):
    return chr(int(found[1], 16)) if found[1] else {"n": "\n", "r": "\r", "t": "\t"}.get(found[2], found[2])


def parse(line):
    """One logfmt line as a dict; AssertionError if it is malformed."""
    fields, at = {}, 0
    while at < len(line):
        found = FIELD.match(line, at)
        if found is None or found[1] in fields:
            raise AssertionError(f"not a log line: {line!r}")
        fields[found[1]] = found[3] if found[2] is None else ESCAPE.sub(unescape, found[2])
        at = found.end()
    if list(fields)[:3] != ["ts", "level", "event"]:
        raise AssertionError(f"a log line that does not begin with ts, level, event: {line!r}")
    return fields


@functools.cache
def documented():
    """What nacre-log(5) says: for each event its levels, and the fields that it may have."""
    with open(os.path.join(TOP, "apps/man/log_events.mdoc"), encoding="ascii") as file:
        text = file.read().split(".Ss Fields")[0]
    return {name: (levels, {*re.findall(r"^\.Cm (\w+)", rest, re.M)}, "one for each limit" in rest)
            for name, levels, rest in re.findall(r"^\.It Sy (\w+) Pq ([a-z, ]+)\n(.*?)(?=^\.It|\Z)", text, re.M | re.S)}


# Fields that not every line of an event has; of all others, none may be missing.
ALGORITHM_FIELDS = "kex host_key cipher_in cipher_out mac_in mac_out"
OPTIONAL_FIELDS = {name: set(fields.split()) for name, fields in {
    "hostkey": "file",
    "reloaded": "file",
    "upgrade": "pid reason",
    "log_dropped": "reason",
    "refused": "unlogged",
    "kex": "mac_in mac_out",
    "auth": "addr user method answer reason",
    "disconnected": "user phase bytes_in bytes_out code text " + ALGORITHM_FIELDS,
    "request": "what columns rows",
    "closed": "code text",
    "forward": "reason",
    "exited": "signal status",
    "outlived": "processes",
}.items()}


def check_documented(event):
    _, fields, limits = documented()[event["event"]]
    others = set(event) - fields - {"ts", "level", "event", "truncated"}
    assert not others or limits, f"fields that nacre-log(5) does not have: {others} of {event}"
    missing = fields - set(event) - OPTIONAL_FIELDS.get(event["event"], set())
    assert not missing or "truncated" in event, f"without fields that nacre-log(5) has: {missing} of {event}"


def check_log(events):
    """Each channel has exactly one closed, its last event; a connection has no event after disconnected."""
    channels, ended = {}, set()
    for event in events:
        conn = event.get("conn")
        if conn is None:
            continue
        assert conn not in ended, f"after the end of its connection: {event}"
        if event["event"] == "disconnected":
            ended.add(conn)
            still = [chan for (c, chan) in channels if c == conn]
            assert not still, f"disconnected before closed of channel {still}: {event}"
        if "chan" not in event:
            continue
        key = (conn, event["chan"])
        if event["event"] == "open":
            assert key not in channels, f"opened twice: {event}"
            channels[key] = []
        assert key in channels, f"a channel that is not open: {event}"
        once = event["event"] in ("open", "eof", "close", "closed")
        assert not (once and event["event"] in channels[key]), f"twice: {event}"
        channels[key].append(event["event"])
        if event["event"] == "closed":
            del channels[key]
    assert not channels, f"never closed: {channels}"


# The server --------------------------------------------------------------------------------------

def ssh_keygen(path, kind="ed25519", *options):
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "", "-f", path, *options], check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def clean_environment(home, **more):
    """An environment without the user's agent, configuration and display."""
    return {"PATH": os.environ["PATH"], "HOME": home, "LC_ALL": "C.UTF-8", "TERM": "xterm", **more}


def children(pid):
    """The processes that this one's first thread has started."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return list(map(int, file.read().split()))


def end(process):
    """Kill a process, unless it has ended, and reap it."""
    if process.poll() is None:
        process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()


# A test program that is interrupted or terminated ends its servers.
signal.signal(signal.SIGTERM, signal.default_int_handler)
# In the background of a script these are ignored, and all child processes would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)
servers = weakref.WeakSet()
atexit.register(lambda: [server.clear() for server in servers])


class Server:
    """A nacre-echo that listens when the constructor returns.

    passwords: the text of the password file; None: no file. The folder also has two user keys: "key" is authorised,
    "stranger" is not. arguments come before the default ones; listen None: no default -l. before(server) is called when the
    files exist and the program has not started. inspected: the test reads the server's memory or descriptors, which only
    root may do if it is confined. config: the text of a configuration file, in place of the options for keys, passwords and
    the address.
    """

    words = ()  # after all options
    numbers_once = True  # a connection has a number of its own: there is one process
    has_options = True  # nacre-echo's options

    def __init__(self, *arguments, passwords=f"{USER}:{PASSWORD}\n", listen="127.0.0.1:0", environment=None,
                 verbosity="-v", authorized_keys="authorized_keys", program=NACRE_ECHO, before=None,
                 inspected=False, config=None):
        self.folder = tempfile.mkdtemp(prefix="nacre-")
        self.process = None
        servers.add(self)
        self.secrets = [PASSWORD]  # they must not be in the log
        self._read, self._events, self._rest = 0, [], b""
        try:
            for key in "host_key", "key", "stranger":
                ssh_keygen(self.path(key))
            shutil.copy(self.path("key.pub"), self.path("authorized_keys"))
            os.chmod(self.path("authorized_keys"), 0o600)
            if self.has_options and (inspected or verbosity == "-q") and os.geteuid() != 0:
                arguments = "--no-sandbox", *arguments
            if self.has_options:  # tests cause many failed logins from one address
                for option, value in ("--per-source-penalties", "no"), ("--auth-delay", "0"):
                    arguments = arguments if option in arguments else (*arguments, option, value)
            command = [program, *arguments, "-k", self.path("host_key"), "-a", self.path(authorized_keys)]
            if passwords is not None:
                self.write_passwords(passwords)
                command += ["-p", self.path("passwords")]
            if config is not None:
                command = [program, *arguments, "-f", self.path("nacre.conf")]
                self.write_config(config)
            if before is not None:
                before(self)
            command += ["-l", listen] if listen and config is None else []
            command += [verbosity] if verbosity else []
            command += self.words
            with open(self.path("log"), "wb") as log:
                self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                                cwd=self.folder, env={**os.environ, **(environment or {})})
            self.address = self.wait("listening")[0]["addr"] if verbosity != "-q" else self.find_address()
            if self.address.startswith("unix:"):
                self.host, self.port = "unix", 22  # only a name for its host key
            else:
                self.host, port = self.address.rsplit(":", 1)
                self.host, self.port = self.host.strip("[]"), int(port)
            self._tell_host_key()
        except BaseException:
            self.clear()
            raise

    def path(self, name):
        return os.path.join(self.folder, name)

    def find_address(self):
        """Where it listens, from the kernel's table of sockets, if the log does not say so."""
        folder = f"/proc/{self.process.pid}"

        def find():
            links = []
            for fd in os.listdir(folder + "/fd"):
                with contextlib.suppress(FileNotFoundError):
                    links.append(os.readlink(f"{folder}/fd/{fd}"))
            with open(folder + "/net/tcp", encoding="ascii") as file:
                for line in file:
                    words = line.split()
                    if words[3] == "0A" and f"socket:[{words[9]}]" in links:  # it listens
                        return "127.0.0.1:%d" % int(words[1].split(":")[1], 16)
            return None
        return until(find, "it does not listen")

    def _tell_host_key(self):
        """For OpenSSH, for Dropbear (which looks up the host without a port) and for PuTTY (the fingerprint)."""
        with open(self.path("host_key.pub"), encoding="ascii") as file:
            self.host_key = " ".join(file.read().split()[:2])
        os.mkdir(self.path(".ssh"), 0o700)
        with open(self.path(".ssh/known_hosts"), "w", encoding="ascii") as file:
            for host in f"[{self.host}]:{self.port}", self.host:
                file.write(f"{host} {self.host_key}\n")
        said = subprocess.run(["ssh-keygen", "-l", "-f", self.path("host_key.pub")], check=True,
                              capture_output=True, text=True).stdout
        self.fingerprint = said.split()[1]

    def write_passwords(self, text, mode=0o600):
        """Replace the password file in one step."""
        path = self.path("passwords")
        with open(path + ".new", "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)
        os.rename(path + ".new", path)

    def write_config(self, text):
        """Replace the configuration file in one step. {folder} in the text is the server's folder."""
        path = self.path("nacre.conf")
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(text.replace("{folder}", self.folder))
        os.chmod(path + ".new", 0o644)
        os.rename(path + ".new", path)

    def reload(self, event="reloaded"):
        """Send SIGHUP and wait for the event that follows; returns the new ones."""
        before = len(self.events(event))
        self.process.send_signal(signal.SIGHUP)
        self.wait(event, before + 1)
        return self.events(event)[before:]

    # The log

    def log_bytes(self):
        with open(self.path("log"), "rb") as file:
            return file.read()

    def threads(self):
        """Each thread's state, and how often it has slept and was interrupted."""
        found = []
        for task in os.listdir(f"/proc/{self.process.pid}/task"):
            with open(f"/proc/{self.process.pid}/task/{task}/status", encoding="ascii") as file:
                found.append((task, re.findall(r"^State:\s+(.)|_ctxt_switches:\s+(\d+)$", file.read(), re.M)))
        return found

    def rest(self, patience=1):
        """Wait until no thread has anything to do: one of them writes what the others log."""
        before, end = None, time.monotonic() + patience
        while time.monotonic() < end:
            try:
                now = self.threads()
            except OSError:  # it has ended
                return
            if now == before and not any(state == "R" for _, fields in now for state, _ in fields):
                return
            before = now
            time.sleep(0.002)

    def events(self, event=None, **fields):
        """The events of this kind, with these fields, that were logged so far."""
        self.rest()
        return self.logged(event, **fields)

    def logged(self, event=None, **fields):
        """The same, without the lines that a server which is at work may still write."""
        with open(self.path("log"), "rb") as file:
            file.seek(self._read)
            new = file.read()
        self._read += len(new)
        *lines, self._rest = (self._rest + new).split(b"\n")
        if not self.numbers_once:  # a process that could not start says why
            lines = [line for line in lines if line.startswith(b"ts=")]
        self._events += [parse(line.decode("ascii")) for line in lines]
        return [e for e in self._events if (event is None or e["event"] == event)
                and all(e.get(k) == str(v) for k, v in fields.items())]

    def wait(self, event, count=1, patience=PATIENCE, **fields):
        """Wait until so many of these events were logged, and return them."""
        def enough():
            if self.process.poll() is not None and len(self.logged(event, **fields)) < count:
                raise AssertionError(f"nacre-echo ended with status {self.process.returncode}:\n" + self.tail())
            found = self.logged(event, **fields)
            return found if len(found) >= count else None
        return until(enough, lambda: f"{count} x event={event} {fields} in the log:\n{self.tail()}", patience)

    def watch(self, event, **fields):
        """A function that waits for so many more of these events, from now on, and returns them."""
        before = len(self.events(event, **fields))
        return lambda count=1: self.wait(event, before + count, **fields)[before:]

    def tail(self):
        return self.log_bytes().decode(errors="replace")[-4000:]

    def memory(self):
        """(resident set, proportional set) of the process in bytes."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            rss = int(re.search(r"^VmRSS:\s+(\d+) kB$", file.read(), re.M)[1])
        with open(f"/proc/{self.process.pid}/smaps_rollup", encoding="ascii") as file:
            pss = int(re.search(r"^Pss:\s+(\d+) kB$", file.read(), re.M)[1])
        return rss * 1024, pss * 1024

    def cpu(self):
        """Seconds of CPU time that the process has used."""
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            times = file.read().rsplit(") ", 1)[1].split()[11:13]
        return sum(map(int, times)) / os.sysconf("SC_CLK_TCK")

    # The end

    def stop(self, number=signal.SIGTERM):
        """End it with a signal, and return its exit status."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def check(self):
        log = self.log_bytes()
        for secret in self.secrets:
            assert secret.encode() not in log, "a secret is in the log"
        if self.numbers_once:
            check_log(self.events())
        if self.has_options:
            for event in self.events():
                check_documented(event)

    def clear(self):
        if self.process is not None:
            end(self.process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                if self.process.poll() is None:
                    self.stop()
                assert self.process.returncode == 0, f"exit status {self.process.returncode}:\n{self.tail()}"
                self.check()
        except BaseException:
            print(self.tail(), flush=True)
            raise
        finally:
            self.clear()


class ServerCase(unittest.TestCase):
    """Tests that share one server per class, self.server, and perhaps a kind of client."""

    server_arguments = ()
    server_options = {}
    client = None

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server(*cls.server_arguments, **cls.server_options))

    def last_connection(self):
        """The number of the latest connection."""
        return self.server.events("connection")[-1]["conn"]
