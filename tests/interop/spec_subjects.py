"""The implementations that nacre-spec tests for the matrix, each as it is started here.

Each is a row of SUBJECTS. Its object is a context manager; `nacre_spec(*words)` is the command that tests it, and
`restart()` starts a server again. Another role has the same methods. Starting one raises unittest.SkipTest if it is not
installed or needs root.
"""
import collections
import functools
import glob
import importlib.util
import json
import os
import re
import shutil
import subprocess
import unittest

import others
from harness import BUILD, PASSWORD, TOP, USER, Server, end, ssh_keygen

NACRE_SPEC = os.path.join(BUILD, "nacre-spec")
# Cases take more connections, attempts and requests than any client.
LIMITS = ("--max-startups", "1000", "--rate-limits", "no", "--kex", "+diffie-hellman-*")
MORE_HOST_KEYS = "ecdsa", "rsa"

CLIENTS = os.path.join(TOP, "apps/spec/clients")
SSH2 = os.path.join(BUILD, "node/node_modules/ssh2")  # of npm: "make node-packages"

# name: as in its files and on the page; role; start: a class; package: Debian's name or npm's, "" for nacre's own; needs: what must
# be there (is_there)
Subject = collections.namedtuple("Subject", "name role start package needs", defaults=("", ""))


class Spec:
    """What all servers have in common here."""

    profile = ""

    def nacre_spec(self, *words):
        """nacre-spec with what it needs to know about the server."""
        self.put("profile", self.profile)
        options = ["--user", self.user, "--key", self.path("key"), "--profile", self.path("profile")]
        if hasattr(self, "password"):
            self.put("password", self.password + "\n")
            options += ["--password", self.path("password")]
        return [NACRE_SPEC, "server", self.where(), *options, *words]

    def put(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)


class Other(Spec):
    def where(self):
        return f"127.0.0.1:{self.port}"

    def restart(self):
        end(self.process)
        self.start(self.process.args)


class Sshd(Other, others.SshdWithPam):
    def __init__(self):
        super().__init__("X11Forwarding yes\nGatewayPorts clientspecified\n")
        self.profile = (f"like = openssh\nuser-ca = {self.path('ca')}\ntwo-factor = two\ntwo-factor-other = other\n"
                        "expired = expired\n")

    def prepare(self):
        super().prepare()
        self.wrapper[1:2] = ["-m", "--pid", "--fork", "--kill-child"]  # so that no process of a connection is left
        for kind in MORE_HOST_KEYS:
            ssh_keygen(self.path("host_" + kind), kind)
            self.settings = f"HostKey {self.path('host_' + kind)}\n{self.settings}"


class Dropbear(Other, others.Dropbear):
    host_keys = "ed25519", *MORE_HOST_KEYS
    profile = "like = dropbear\n"


class Tiny(Other, others.Tiny):
    profile = "like = tinyssh\n"


class Library(Other, others.Library):
    """One of apps/spec/servers."""

    host_keys = "ed25519", *MORE_HOST_KEYS
    password = PASSWORD

    def __init__(self):
        super().__init__()
        self.profile = f"like = {self.kind}\n"


class AsyncSsh(Library):
    kind = "asyncssh"

    def __init__(self):
        super().__init__()
        self.profile += "expired = expired\n"


class Paramiko(Library):
    kind = "paramiko"


class Conch(Library):
    kind = "conch"

    def __init__(self):
        others.Conch.check()
        super().__init__()


class Erlang(Library):
    kind = "erlang"

    def program(self):
        return ["escript", os.path.join(others.SERVERS, "serve_erlang.escript")]


class Libssh(Library):
    kind = "libssh"

    def program(self):
        return [os.path.join(BUILD, "serve_libssh")]


class Ours(Spec, Server):
    user = USER
    password = PASSWORD
    arguments = LIMITS

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.profile = f"like = {os.path.basename(self.process.args[0])}\n"

    def where(self):
        return self.address

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.clear()

    def restart(self):
        raise AssertionError(f"a case has stopped {self.process.args[0]}")  # and the run fails


class Echo(Ours):
    def __init__(self):
        super().__init__(*LIMITS)


class Serve(Ours):
    """nacre-serve, which gives each command to a shell."""

    words = ("--", "sh", "-c", 'eval "${SSH_ORIGINAL_COMMAND:-sh}"')

    def __init__(self):
        super().__init__("--exec", *LIMITS, program=os.path.join(BUILD, "nacre-serve"))


class Client:
    """A client, which nacre-spec starts itself; nacre-client is where nacre-spec is."""

    def __init__(self, profile):
        self.profile = profile

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def nacre_spec(self, *words):
        path = f"PATH={BUILD}:{os.environ['PATH']}"
        return ["env", path, NACRE_SPEC, "client", "--profile", self.profile, *words]


def client(name, profile, package="", needs=""):
    return Subject(name, "client", functools.partial(Client, profile), package, needs)


def library(kind, package, needs):
    """One of apps/spec/clients."""
    return client(f"{kind}-client", os.path.join(CLIENTS, f"{kind}.profile"), package, needs)


SUBJECTS = [
    Subject("nacre-echo", "server", Echo),
    Subject("nacre-serve", "server", Serve),
    Subject("sshd", "server", Sshd, "openssh-server", "sshd"),
    Subject("dropbear", "server", Dropbear, "dropbear-bin", "dropbear"),
    Subject("tinysshd", "server", Tiny, "tinysshd", "tinysshd"),
    Subject("asyncssh", "server", AsyncSsh, "python3-asyncssh", "asyncssh"),
    Subject("paramiko", "server", Paramiko, "python3-paramiko", "paramiko"),
    Subject("conch", "server", Conch, "python3-twisted", "twisted"),
    Subject("erlang", "server", Erlang, "erlang-ssh", "escript"),
    Subject("libssh", "server", Libssh, "libssh-4", os.path.join(BUILD, "serve_libssh")),
    client("nacre-client", "nacre-client"),
    client("ssh", "openssh", "openssh-client", "ssh"),
    client("dbclient", "dropbear", "dropbear-bin", "dbclient"),
    client("plink", "putty", "putty-tools", "plink"),
    library("paramiko", "python3-paramiko", "paramiko"),
    library("asyncssh", "python3-asyncssh", "asyncssh"),
    library("conch", "python3-twisted", "conch3"),
    library("go", "golang-golang-x-crypto-dev", "go /usr/share/gocode/src/golang.org/x/crypto/ssh"),
    library("erlang", "erlang-ssh", "erlc /usr/lib/erlang/lib/ssh-*"),
    library("ruby", "ruby-net-ssh", "ruby /usr/share/rubygems-integration/all/gems/net-ssh-*"),
    library("jsch", "libjsch-java", "javac /usr/share/java/jsch.jar"),
    library("node", "npm:ssh2", f"node {SSH2}"),
    library("libssh", "libssh-4", "cc /usr/include/libssh/libssh.h"),
    library("libssh2", "libssh2-1-dev", "cc /usr/include/libssh2.h"),
]


def is_there(need):
    """A pattern of files, a program, or a module of Python's."""
    if "/" in need:
        return bool(glob.glob(need))
    path = "/usr/sbin:/usr/bin:" + os.environ["PATH"]
    return shutil.which(need, path=path) is not None or importlib.util.find_spec(need) is not None


def start(subject):
    """The subject, running; unittest.SkipTest if it is not installed."""
    if not all(map(is_there, subject.needs.split())):
        raise unittest.SkipTest(f"{subject.package} is not installed")
    return subject.start()


def system():
    """The name and the version of the system: "Debian 12.11"."""
    with open("/etc/os-release", encoding="utf-8") as file:
        facts = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', file.read(), re.M))
    version = facts.get("VERSION_ID", "")
    if facts.get("ID") == "debian" and os.path.exists("/etc/debian_version"):
        with open("/etc/debian_version", encoding="ascii") as file:
            version = file.read().strip()
    return f"{facts.get('NAME', 'unknown').split()[0]} {version}".strip()


def version(subject):
    """The version of the package that was tested, or of nacre's own program."""
    if not subject.package:
        said = subprocess.run([NACRE_SPEC, "--version"], capture_output=True, text=True, check=True).stdout
        return said.split()[-1]
    if subject.package.startswith("npm:"):
        with open(os.path.join(SSH2, "package.json"), encoding="utf-8") as file:
            return f"{subject.package} {json.load(file)['version']}"
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}", subject.package], capture_output=True, text=True,
                          check=False)
    return done.stdout or "unknown"
