#!/usr/bin/env python3
"""nacre-client --probe: servers say what they are known to say."""
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import unittest

from client_program import NACRE_CLIENT, ClientCase
from harness import PATIENCE, clean_environment, ssh_keygen
from others import AsyncSsh, Conch, Dropbear, Paramiko, Sshd, Tiny


class Probe(ClientCase):
    """What a server says about itself."""

    def probe(self, *words, status=0):
        done = subprocess.run([NACRE_CLIENT, "--probe", "--json", "-p", str(self.server.port), *words, "127.0.0.1"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE,
                              env=clean_environment(self.home, SSH_AUTH_SOCK="/nonexistent"))
        self.assertEqual(done.returncode, status, done.stderr)
        return json.loads(done.stdout)

    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="nacre-"))
        for kind in "rsa", "ecdsa":
            ssh_keygen(os.path.join(cls.folder, kind), kind)
        with open(os.path.join(cls.folder, "banner"), "wb") as file:
            file.write(b"one \x1b[31mred\ntw\xc3\xb6 \xff\xc2\x9b\n")
        cls.server = cls.enterClassContext(Sshd("".join(f"HostKey {os.path.join(cls.folder, kind)}\n"
                                                        for kind in ("rsa", "ecdsa")) +
                                                f"Banner {os.path.join(cls.folder, 'banner')}\n"))

    def fingerprints(self):
        said = [subprocess.run(["ssh-keygen", "-l", "-f", path], check=True, capture_output=True, text=True).stdout
                for path in (self.server.path("host"), os.path.join(self.folder, "rsa"), os.path.join(self.folder, "ecdsa"))]
        return {line.split()[1] for line in said}

    def test_what_sshd_is_known_to_say(self):
        found = self.probe("-l", "someone")
        with socket.create_connection(("127.0.0.1", self.server.port)) as s:
            self.assertEqual(found["identification"], s.makefile().readline().rstrip())
        self.assertEqual({key["fingerprint"] for key in found["host_keys"]}, self.fingerprints())
        self.assertEqual({key["type"] for key in found["host_keys"]}, {"ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256"})
        self.assertEqual((found["user"], found["methods"], found["none"]),
                         ("someone", ["publickey", "password", "keyboard-interactive"], False))
        self.assertIn("server-sig-algs", [extension["name"] for extension in found["extensions"]])
        self.assertEqual(found["text"], "one ?[31mred\ntw\xf6 ???\n")
        self.assertTrue(found["negotiated"]["strict"])
        self.assertIsNone(found["problem"])
        log = self.server.log()
        self.assertNotRegex(log, "Failed (password|publickey|keyboard)")

    def test_the_name_lists_are_those_of_sshd(self):
        found = self.probe()["kexinit"]
        with open(self.server.path("config"), encoding="ascii") as file:
            self.assertIn("HostKey", file.read())
        said = subprocess.run([shutil.which("sshd", path="/usr/sbin:/usr/bin"), "-T", "-f", self.server.path("config")],
                              check=True, capture_output=True, text=True).stdout
        settings = dict(line.split(" ", 1) for line in said.splitlines() if " " in line)
        methods = [name for name in found["kex_algorithms"] if not name.startswith(("kex-strict-", "ext-info-"))]
        self.assertEqual(methods, settings["kexalgorithms"].split(","))
        for way in "client_to_server", "server_to_client":
            self.assertEqual(found["encryption_algorithms_" + way], settings["ciphers"].split(","))
            self.assertEqual(found["mac_algorithms_" + way], settings["macs"].split(","))
            self.assertEqual(found["languages_" + way], [])
        self.assertFalse(found["first_kex_packet_follows"])

    def test_the_text_says_the_same(self):
        found = self.probe()
        done = subprocess.run([NACRE_CLIENT, "--probe", "-p", str(self.server.port), "127.0.0.1"], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=PATIENCE, env=clean_environment(self.home))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        lines = [line.strip() for line in done.stdout.splitlines()]
        for name in (found["identification"], *found["methods"], *found["kexinit"]["kex_algorithms"],
                     *(f"{key['type']} {key['fingerprint']}" for key in found["host_keys"])):
            self.assertIn(name, lines)
        self.assertNotIn("\x1b", done.stdout)

    def test_without_a_common_algorithm_the_lists_are_shown(self):
        found = self.probe("--host-key-algorithms", "ecdsa-sha2-nistp521", status=255)
        self.assertIn("curve25519-sha256", found["kexinit"]["kex_algorithms"])
        self.assertEqual((found["host_keys"], found["methods"]), ([], []))
        self.assertIn("host key", found["problem"])

    def test_hostile_text_is_cleaned(self):
        """Lines before the identification, and a KEXINIT whose names are no names, and that is cut short."""
        lists = b"\x1b[31m,b\xff\x00", b"ssh-ed25519"
        kexinit = b"\x14" + bytes(16) + b"".join(len(text).to_bytes(4, "big") + text for text in lists) + b"\xff\xff\xff\xff"
        padding = 8 - (5 + len(kexinit)) % 8 + 8
        packet = (1 + len(kexinit) + padding).to_bytes(4, "big") + bytes([padding]) + kexinit + bytes(padding)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            def serve():
                client, _ = listener.accept()
                with client:
                    client.sendall(b"line \x1b[32m\r\nSSH-2.0-x\r\n" + packet)
                    while client.recv(4096):
                        pass
            thread = threading.Thread(target=serve)
            thread.start()
            done = subprocess.run([NACRE_CLIENT, "--probe", "-p", str(listener.getsockname()[1]), "127.0.0.1"],
                                  stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE,
                                  env=clean_environment(self.home))
            thread.join()
        self.assertEqual(done.returncode, 255)
        self.assertNotIn(b"\x1b", done.stdout + done.stderr)
        self.assertIn(b"?[31m", done.stdout)
        self.assertIn(b"line ?[32m", done.stdout)

class ProbeOfEach(ClientCase):
    """Every other server: what it certainly has, and that nobody was logged in."""

    servers = {  # identification, a key exchange method, the methods of login
        Dropbear: ("SSH-2.0-dropbear", "curve25519-sha256", ["publickey", "password"]),
        Tiny: ("SSH-2.0-tinyssh", "sntrup761x25519-sha512@openssh.com", ["publickey"]),
        AsyncSsh: ("SSH-2.0-AsyncSSH", "curve25519-sha256", ["publickey", "keyboard-interactive", "password"]),
        Paramiko: ("SSH-2.0-paramiko", "curve25519-sha256@libssh.org", ["publickey", "password"]),
        Conch: ("SSH-2.0-Twisted", "curve25519-sha256", ["password", "publickey"]),
    }

    @classmethod
    def setUpClass(cls):
        pass

    def test_each(self):
        for kind, (identification, kex, methods) in self.servers.items():
            with self.subTest(kind.__name__), kind() as self.server:
                done = subprocess.run([NACRE_CLIENT, "--probe", "--json", "-p", str(self.server.port), "127.0.0.1"],
                                      stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE,
                                      env=clean_environment(self.home))
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                found = json.loads(done.stdout)
                self.assertTrue(found["identification"].startswith(identification), found["identification"])
                self.assertIn(kex, found["kexinit"]["kex_algorithms"])
                self.assertEqual(sorted(found["methods"]), sorted(methods))
                with open(self.server.path("known_hosts"), encoding="ascii") as file:
                    known = subprocess.run(["ssh-keygen", "-l", "-f", "-"], input=file.read(), check=True, capture_output=True,
                                           text=True).stdout.split()[1]
                self.assertEqual([(key["type"], key["fingerprint"]) for key in found["host_keys"]], [("ssh-ed25519", known)])
                promised = {key["algorithm"] for key in found["host_keys_missing"]}
                self.assertLessEqual(promised, {"rsa-sha2-256", "ssh-rsa"} if kind is Dropbear else set())
                self.assertNotIn(getattr(kind, "accepted", "Accepted"), self.server.log())


if __name__ == "__main__":
    unittest.main()
