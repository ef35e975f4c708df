"""Every algorithm of every kind with every client that has it. The server offers one algorithm at a time, so that the
clients must use it; a client that lacks it prints so, or the server logs it (event=mismatch). The matrix is written to
build/interop-matrix.md, and from there by `make interop` to README.md in this folder.

Rekeys every 64 KiB, started by either side: 4 MiB per run, 64 MiB with NACRE_LONG=1."""
import concurrent.futures
import contextlib
import inspect
import os
import re
import socket
import subprocess
import tempfile
import unittest

import paramiko

import harness
from clients import Dbclient, Paramiko, Plink, Ssh
from harness import MIB, Server, algorithms, random_bytes, sha256

CLIENTS = (Ssh, Plink, Dbclient, Paramiko)
LONG = bool(os.environ.get("NACRE_LONG"))
MATRIX = os.path.join(harness.BUILD, "interop-matrix.md")

KINDS = ("key exchange", "host key", "public key", "cipher", "MAC")
OPTIONS = dict(zip(KINDS, ("--kex", "--host-key-algorithms", "--pubkey-algorithms", "--ciphers", "--macs")))

# The algorithms of clients that cannot list them, in Debian 12 and 13; a "-" for one of these is a failure.
HAVE = {
    "plink": {"sntrup761x25519-sha512@openssh.com", "curve25519-sha256", "ecdh-sha2-nistp256", "ecdh-sha2-nistp384",
              "ecdh-sha2-nistp521", "diffie-hellman-group-exchange-sha256", "diffie-hellman-group14-sha256",
              "ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512", "rsa-sha2-256", "aes256-ctr", "hmac-sha2-256",
              "hmac-sha1"},
    "dbclient": {"curve25519-sha256", "ecdh-sha2-nistp256", "diffie-hellman-group14-sha256", "ssh-ed25519",
                 "ecdsa-sha2-nistp256", "rsa-sha2-256", "aes256-ctr", "aes128-ctr", "hmac-sha2-256"},
}

# What only some versions have: a command, and what it prints if the client has these algorithms
SOME_HAVE = {
    "plink": (["plink", "-V"], r"Release (0\.8[3-9]|0\.9|[1-9])", {"mlkem768x25519-sha256", "sntrup761x25519-sha512"}),
    "dbclient": (["dbclient", "-V"], r"v202[5-9]", {"mlkem768x25519-sha256", "sntrup761x25519-sha512"}),
}


def output_of(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    return done.stdout + done.stderr


def expected_of(client):
    """The algorithms that a client must have."""
    if client is Ssh:
        return {name for kind in ("kex", "key-sig", "cipher", "mac") for name in output_of("ssh", "-Q", kind).split()}
    if client is Paramiko:
        return {*paramiko.Transport._kex_info, *paramiko.Transport._key_info, *paramiko.Transport._cipher_info,
                *paramiko.Transport._mac_info}
    command, words, more = SOME_HAVE[client.name]
    return HAVE[client.name] | set(client.ciphers()) | (
        more if re.search(words, output_of(*command)) else set())


# What is offered by default, best first; what is "(off)" has to be named. This is the one list that is written by hand on
# purpose: all others come from the library's tables, so only this one notices a row that changes or moves by accident.
LISTED = {
    "key exchange": [
        "mlkem768x25519-sha256", "sntrup761x25519-sha512", "sntrup761x25519-sha512@openssh.com", "curve25519-sha256",
        "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256", "ecdh-sha2-nistp384 (off)", "ecdh-sha2-nistp521",
        "diffie-hellman-group-exchange-sha256 (off)", "diffie-hellman-group16-sha512 (off)",
        "diffie-hellman-group18-sha512 (off)", "diffie-hellman-group14-sha256 (off)", "diffie-hellman-group14-sha1 (off)"],
    "host key": [
        "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512",
        "rsa-sha2-256", "ssh-rsa (off)"],
    "public key": [
        "ssh-ed25519", "sk-ssh-ed25519@openssh.com", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521", "sk-ecdsa-sha2-nistp256@openssh.com", "rsa-sha2-512", "rsa-sha2-256", "ssh-rsa (off)"],
    "cipher": [
        "chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "aes256-ctr",
        "aes192-ctr", "aes128-ctr"],
    "MAC": [
        "hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512",
        "hmac-sha1-etm@openssh.com (off)", "hmac-sha1 (off)"],
}

# What a client prints if it does not have an algorithm.
LACKS = ("Unable to negotiate", "Couldn't agree", "No matching algo", "Incompatible ssh", "Unsupported KEX algorithm",
         "does not correspond to any supported algorithm")

KEY_KIND = {"ssh-ed25519": ("ed25519",), "ecdsa-sha2-nistp256": ("ecdsa", "256"),
            "ecdsa-sha2-nistp384": ("ecdsa", "384"), "ecdsa-sha2-nistp521": ("ecdsa", "521"),
            "rsa-sha2-512": ("rsa", "3072"), "rsa-sha2-256": ("rsa", "3072"), "ssh-rsa": ("rsa", "3072")}


def make_key(path, kind, *bits):
    """In PEM if possible: paramiko reads only half of the ECDSA keys in OpenSSH's own format."""
    with contextlib.suppress(FileNotFoundError):
        os.remove(path)
    command = ["ssh-keygen", "-q", *([] if kind == "ed25519" else ["-m", "PEM"]), "-t", kind, *(["-b", *bits] if bits else []), "-N", "", "-C", "", "-f", path]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def other_host_keys(folder):
    """Options for a server with host keys of every kind; it has an Ed25519 key already."""
    words = []
    for kind in ("rsa", "3072"), ("ecdsa", "256"), ("ecdsa", "384"), ("ecdsa", "521"):
        make_key(os.path.join(folder, "-".join(kind)), *kind)
        words += ["-k", os.path.join(folder, "-".join(kind))]
    return words


def arguments_for(kind, name, folder):
    """Options for a server that offers only this algorithm."""
    arguments = [OPTIONS[kind], name]
    if kind == "MAC":
        arguments += ["--ciphers", "aes256-ctr"]
    if kind == "host key":
        make_key(os.path.join(folder, "other"), *KEY_KIND[name])
        arguments += ["-k", os.path.join(folder, "other")]
    return arguments


def tell_host_key(server, folder):
    """Make the host key known to the clients, as harness.Server does for its first key."""
    with open(os.path.join(folder, "other.pub"), encoding="ascii") as file:
        server.host_key = " ".join(file.read().split()[:2])
    with open(server.path(".ssh/known_hosts"), "w", encoding="ascii") as file:
        for host in f"[{server.host}]:{server.port}", server.host:
            file.write(f"{host} {server.host_key}\n")
    said = subprocess.run(["ssh-keygen", "-l", "-f", os.path.join(folder, "other.pub")], check=True,
                          capture_output=True, text=True).stdout
    server.fingerprint = said.split()[1]


def give_user_key(server, name):
    make_key(server.path("key"), *KEY_KIND[name])
    with open(server.path("key.pub"), encoding="ascii") as new, \
            open(server.path("authorized_keys"), "w", encoding="ascii") as file:
        file.write(new.read())


class Modest(Paramiko):
    """paramiko with any kind of user key, and with the algorithms that it has off by default."""

    def connect(self):
        transport = paramiko.Transport((self.server.host, self.server.port))
        try:
            transport.start_client(timeout=harness.PATIENCE)
            for kind in paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey:
                with contextlib.suppress(paramiko.SSHException):
                    transport.auth_publickey(self.user, kind.from_private_key_file(self.server.path("key")))
                    return transport
            raise paramiko.SSHException("no key was accepted")
        except BaseException:
            transport.close()
            raise


def options_for(client, kind, name):
    """Options for clients that have it, but not by default."""
    if client is not Ssh:
        return []
    words = {"key exchange": "KexAlgorithms", "host key": "HostKeyAlgorithms", "MAC": "MACs", "cipher": "Ciphers",
             "public key": "PubkeyAcceptedAlgorithms"}
    return ["-o", f"{words[kind]}=+{name}"]


def attempt(client, server, kind, name):
    """"yes"; or "-" if the client does not have it; or what went wrong."""
    kind_of_client = Modest if client is Paramiko else client
    before = len(server.events("mismatch"))
    try:
        done = kind_of_client(server, options=options_for(client, kind, name)).run("cat", b"hello")
        problem = None if (done.status, done.out) == (0, b"hello") else f"{done.status} {done.err!r}"
    except (paramiko.SSHException, EOFError, OSError, AssertionError, subprocess.SubprocessError) as failure:
        problem = repr(failure)
    if problem is None:
        return "yes"
    if len(server.events("mismatch")) > before or any(words in problem for words in LACKS):
        return "-"
    if kind == "public key" and name not in expected_of(client):
        return "-"
    return problem


def try_all(kind, name):
    """{client's name: result} for one algorithm."""
    if name not in KEY_KIND and kind == "public key":
        return {client.name: "-" for client in CLIENTS}  # keys in hardware
    with tempfile.TemporaryDirectory() as folder, Server(*arguments_for(kind, name, folder)) as server:
        if kind == "host key":
            tell_host_key(server, folder)
        if kind == "public key":
            give_user_key(server, name)
        return {client.name: attempt(client, server, kind, name) for client in CLIENTS}


def write_matrix(results):
    with open(MATRIX, "w", encoding="ascii") as file:
        file.write("| kind | algorithm | " + " | ".join(c.name for c in CLIENTS) + " |\n")
        file.write("| --- | --- " + "| --- " * len(CLIENTS) + "|\n")
        for (kind, name), cells in results.items():
            file.write(f"| {kind} | `{name}` | " + " | ".join(cells[c.name] for c in CLIENTS) + " |\n")


class Algorithms(unittest.TestCase):
    def test_every_algorithm_works_with_every_client_that_has_it(self):
        wanted = [(kind, name) for kind, names in algorithms().items() for name in names]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            results = dict(zip(wanted, pool.map(lambda w: try_all(*w), wanted)))
        write_matrix(results)
        expected = {client.name: expected_of(client) for client in CLIENTS}
        for (kind, name), cells in results.items():
            for client, cell in cells.items():
                with self.subTest(f"{kind} {name} with {client}"):
                    self.assertIn(cell, ("yes", "-"))
                    if name in expected[client] and not name.startswith("sk-"):  # keys in hardware
                        self.assertEqual(cell, "yes")


class Lists(unittest.TestCase):
    def test_a_client_without_a_common_algorithm_is_disconnected_and_both_lists_are_logged(self):
        with Server("--kex", "ecdh-sha2-nistp384") as server:
            done = Ssh(server, options=["-o", "KexAlgorithms=curve25519-sha256"]).run("exit 0")
            self.assertEqual(done.status, 255)
            mismatch = server.wait("mismatch")[0]
            self.assertEqual(mismatch["kind"], "key exchange")
            self.assertIn("curve25519-sha256", mismatch["client"])
            self.assertIn("ecdh-sha2-nistp384", mismatch["server"])

    def test_an_unknown_name_is_an_error_that_lists_the_known_ones(self):
        for option in OPTIONS.values():
            done = subprocess.run([harness.NACRE_ECHO, option, "rot13"], capture_output=True, text=True, timeout=30)
            self.assertEqual(done.returncode, 2)
            self.assertIn("'rot13' is not known; known are", done.stderr)

    def test_prefixes_add_remove_and_put_first(self):
        def offered(spec):
            with Server("--ciphers", spec) as server:
                Ssh(server, options=["-o", "Ciphers=aes128-cbc"]).run("exit 0")
                return server.wait("mismatch")[0]["server"].split(",")
        names = algorithms()["cipher"]
        self.assertEqual(offered("-aes*gcm*"), [n for n in names if "gcm" not in n])
        self.assertEqual(offered("^aes192-ctr"), ["aes192-ctr"] + [n for n in names if n != "aes192-ctr"])
        self.assertEqual(offered("+aes192-ctr"), names)
        self.assertEqual(offered("aes128-ctr,aes256-ctr"), ["aes128-ctr", "aes256-ctr"])

    def test_the_lists_and_their_order_and_weak_algorithms_are_off(self):
        listed = subprocess.run([harness.NACRE_ECHO, "--list-algorithms"], capture_output=True, text=True, timeout=30)
        self.assertEqual((listed.returncode, listed.stderr), (0, ""))
        lines = [line for kind, names in LISTED.items() for line in (kind, *("    " + name for name in names))]
        self.assertEqual(listed.stdout.splitlines(), lines)

    def test_a_server_offers_what_is_listed_and_on(self):
        with tempfile.TemporaryDirectory() as folder:
            with Server(*other_host_keys(folder)) as server:
                said = Ssh(server, options=["-vv"]).run("exit 0").err.decode()
        proposal = said.split("peer server KEXINIT proposal")[1]
        for kind, label in (("key exchange", "KEX algorithms"), ("host key", "host key algorithms"),
                            ("cipher", "ciphers ctos"), ("cipher", "ciphers stoc"),
                            ("MAC", "MACs ctos"), ("MAC", "MACs stoc")):
            with self.subTest(label):
                names = re.search(f"^debug2: {label}: (.*)$", proposal, re.M)[1].strip().split(",")
                self.assertEqual([name for name in names if not name.startswith(("ext-info-", "kex-strict-"))],
                                 [name for name in LISTED[kind] if not name.endswith("(off)")])


class HostKeys(unittest.TestCase):
    def test_update_host_keys_teaches_a_client_the_other_keys(self):
        with tempfile.TemporaryDirectory() as folder:
            words = []
            for kind in ("ecdsa",), ("rsa", "3072"):
                make_key(os.path.join(folder, kind[0]), *kind)
                words += ["-k", os.path.join(folder, kind[0])]
            with Server(*words) as server:
                with open(server.path(".ssh/known_hosts"), "w", encoding="ascii") as file:
                    file.write(f"[{server.host}]:{server.port} {server.host_key}\n")  # no other name for the key
                process = Ssh(server, options=["-o", "UpdateHostKeys=yes"]).start("cat")
                try:
                    def known():
                        with open(server.path(".ssh/known_hosts"), encoding="ascii") as file:
                            text = file.read()
                        return "ecdsa-sha2-nistp256" in text and "ssh-rsa" in text
                    harness.until(known, "the other keys in known_hosts")
                    self.assertEqual(process.communicate(b"", timeout=harness.PATIENCE), (b"", b""))
                finally:
                    harness.end(process)


class Audit(unittest.TestCase):
    def test_ssh_audit_fails_only_the_nist_curves(self):
        """Everything that a server with a host key of every kind offers. OpenSSH offers the curves by default, too."""
        with tempfile.TemporaryDirectory() as folder:
            with Server(*other_host_keys(folder)) as server:
                done = subprocess.run(["ssh-audit", "-n", "-p", str(server.port), "127.0.0.1"], capture_output=True,
                                      text=True, timeout=120)
        audited, failed = {}, []
        for line in done.stdout.splitlines():
            found = re.match(r"\((kex|key|enc|mac)\) (\S+)", line)
            if found:
                last = found[2]
                audited.setdefault(found[1], []).append(last)
            if "[fail]" in line:  # in the same line, or in a line below
                failed.append(last)
        for section, kind in ("kex", "key exchange"), ("key", "host key"), ("enc", "cipher"), ("mac", "MAC"):
            self.assertEqual([name for name in audited[section] if not name.startswith(("ext-info-", "kex-strict-"))],
                             [name for name in LISTED[kind] if not name.endswith("(off)")], done.stdout + done.stderr)
        self.assertEqual(failed, ["ecdh-sha2-nistp256", "ecdh-sha2-nistp521", "ecdsa-sha2-nistp256",
                                  "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"], done.stdout)


def not_strict(connection):
    """paramiko without strict key exchange: old versions lack it, in new ones it can be switched off."""
    known = "strict_kex" in inspect.signature(paramiko.Transport.__init__).parameters
    return contextlib.closing(paramiko.Transport(connection, **({"strict_kex": False} if known else {})))


class Strict(unittest.TestCase):
    SAYS = "strict key exchange is required, and the peer does not support it"

    def test_a_server_that_requires_it(self):
        for required in False, True:
            with self.subTest(required=required), Server(*["--require-strict-kex"] * required) as server:
                self.assertEqual(Ssh(server).run("exit 7").status, 7)
                self.assertEqual(server.wait("kex")[0]["strict"], "yes")
                with not_strict(socket.create_connection((server.host, server.port))) as client:
                    if not required:
                        client.start_client(timeout=harness.PATIENCE)
                        self.assertEqual(server.wait("kex", 2)[1]["strict"], "no")
                        continue
                    with self.assertRaises((paramiko.SSHException, EOFError)):
                        client.start_client(timeout=harness.PATIENCE)
                    server.wait("disconnected", text=self.SAYS)
                    self.assertEqual(len(server.events("kex")), 1)

    def test_a_client_that_requires_it(self):
        key = paramiko.ECDSAKey.generate()
        for required in False, True:
            with self.subTest(required=required), socket.create_server(("127.0.0.1", 0)) as listener:
                listener.settimeout(harness.PATIENCE)
                load = subprocess.Popen(
                    [os.path.join(harness.BUILD, "nacre-load"), "-q", "-u", "alice", "--password", "-", "--insecure", "-n", "1",
                     *["--require-strict-kex"] * required, "handshake", "127.0.0.1:%d" % listener.getsockname()[1]],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                self.addCleanup(harness.end, load)
                load.stdin.write("wrong\n")
                load.stdin.close()
                with not_strict(listener.accept()[0]) as server:
                    server.add_server_key(key)
                    with contextlib.suppress(paramiko.SSHException, EOFError):
                        server.start_server(server=paramiko.ServerInterface())
                    said = load.stdout.read()
                    load.stdout.close()
                self.assertEqual(self.SAYS in said, required, said)


def protections():
    """(cipher, MAC or None): AEAD ciphers, each other cipher with the first MAC, and one cipher with each MAC."""
    names = algorithms()
    others = [cipher for cipher in names["cipher"] if cipher not in Ssh.ciphers()]
    return [(cipher, None) for cipher in Ssh.ciphers()] + [(cipher, names["MAC"][0]) for cipher in others] + \
           [(others[-1], mac) for mac in names["MAC"][1:]]


class Rekey(unittest.TestCase):
    def rekey(self, server_arguments, client_options):
        size = 64 * MIB if LONG else 4 * MIB
        data = random_bytes(size)
        with Server("--macs", "+hmac-sha1*", *server_arguments) as server, tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            for cipher, mac in protections():
                with self.subTest(f"{cipher} {mac}"):
                    options = client_options + ["-o", "KexAlgorithms=curve25519-sha256"]
                    options += ["-o", f"MACs={mac}"] if mac else []
                    done = Ssh(server, cipher=cipher, options=options).digest("cat", file.name, patience=600)
                    self.assertEqual((done.status, done.out), (0, sha256(data)), done.err)
                    conn = server.events("connection")[-1]["conn"]
                    exchanges = len(server.events("kex", conn=conn))
                    self.assertGreater(exchanges, size // (512 * 1024))

    def test_rekeying_by_the_server_loses_nothing(self):
        self.rekey(["--rekey-limit", "64K"], [])

    def test_rekeying_by_the_client_loses_nothing(self):
        self.rekey([], ["-o", "RekeyLimit=64K"])


if __name__ == "__main__":
    unittest.main()
