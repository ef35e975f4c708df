#!/usr/bin/env python3
"""--capture: tshark opens the file, decrypts what its version can, and counts the messages that our log counts."""
import functools
import json
import os
import re
import subprocess
import tempfile
import unittest
from getpass import getuser
from unittest import mock

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_ssh_private_key

from clients import Paramiko, Ssh
from harness import BUILD, PASSWORD, PATIENCE, USER, Server, clean_environment
from others import Sshd
from paramiko.kex_group14 import KexGroup14SHA256
from test_keylog import log_in, secrets_of
from test_load import load

CURVE, GCM = "curve25519-sha256", "aes256-gcm@openssh.com"
CHANNEL_DATA = 94
# A private number of diffie-hellman-group14, whose share begins with 10 zero bits
SHORT = 0xb7f0632cbd267ea7949f68ff73a7571a1aab9c784a4bf9783502e2ca850f3cbd
KEYSTROKES = 20

# What decrypts from which version of tshark on: kex, cipher, MAC
COMBINATIONS = [
    *(((4, 0), kex, GCM, None) for kex in (
        CURVE, "curve25519-sha256@libssh.org", "diffie-hellman-group14-sha256", "diffie-hellman-group14-sha1",
        "diffie-hellman-group16-sha512", "diffie-hellman-group18-sha512")),
    ((4, 0), CURVE, "aes128-gcm@openssh.com", None),
    *(((4, 0), CURVE, "aes256-ctr", mac) for mac in ("hmac-sha1", "hmac-sha2-512")),
    *(((4, 0), CURVE, cipher, "hmac-sha2-256") for cipher in ("aes128-ctr", "aes192-ctr", "aes256-ctr")),
    ((4, 4), "diffie-hellman-group-exchange-sha256", GCM, None),
    *(((4, 6), kex, GCM, None) for kex in ("sntrup761x25519-sha512", "mlkem768x25519-sha256")),
    ((4, 6), CURVE, "chacha20-poly1305@openssh.com", None),
]
# From 4.4 on, a packet whose MAC is not verified is shown as encrypted, and other HMACs are not implemented.
ONLY_BEFORE_4_4 = ("hmac-sha1", "hmac-sha2-512")
# In 4.4 the first three packets are missing.
NOT_IN_4_4 = "hmac-sha2-256"


@functools.cache
def version():
    printed = subprocess.run(["tshark", "--version"], check=True, capture_output=True, text=True).stdout
    return tuple(map(int, re.search(r"TShark \(Wireshark\) (\d+)\.(\d+)", printed).groups()))


def can_decrypt(least, mac):
    if mac in ONLY_BEFORE_4_4:
        return version() < (4, 4)
    if mac == NOT_IN_4_4 and (4, 4) <= version() < (4, 6):
        return False
    return version() >= least


def tshark(path, *words):
    done = subprocess.run(["tshark", "-r", path, *words], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def channel_data(path):
    """How many CHANNEL_DATA messages it decrypts, in both directions."""
    return len(tshark(path, "-Y", f"ssh.message_code == {CHANNEL_DATA}", "-T", "fields", "-e", "frame.number"))


def logged(server):
    """The same, as the log of -vv counts them."""
    return len(server.events("received", message=CHANNEL_DATA)) + len(server.events("sent", message=CHANNEL_DATA))


def type_at(server, *words, count=KEYSTROKES):
    load("rtt", f"{server.host}:{server.port}", "-u", USER, "-i", server.path("key"), "--insecure", "-n", count, *words)


class ShortSecret(Exception):
    """For one session in 512, Wireshark 4.0 cannot have the right K: see key_lines.c."""


def need_usable(*key_logs):
    """All methods that 4.0 decrypts have a private number, which is the only line it reads."""
    if version() < (4, 4) and any("" in secrets_of(key_log).values() for key_log in key_logs):
        raise ShortSecret


def again_if_short(test):
    @functools.wraps(test)
    def run(*words):
        while True:
            try:
                return test(*words)
            except ShortSecret:
                pass
    return run


class Capture(unittest.TestCase):
    def check(self, server, *paths):
        """Each capture is decrypted to its end."""
        expected = logged(server)
        self.assertGreaterEqual(expected, 2)
        for path in paths:
            shown = tshark(path, "-Y", "ssh")
            self.assertEqual(sum("Channel Data" in line for line in shown), expected)
            self.assertFalse([line for line in shown if "Encrypted packet (len=" in line])

    @again_if_short
    def check_combination(self, *words):
        """The server's capture and the client's, of which each opens by itself."""
        with tempfile.TemporaryDirectory() as folder:
            ours, theirs = os.path.join(folder, "ours.pcapng"), os.path.join(folder, "theirs.pcapng")
            with Server("--unsafe-keylog", "keys", "--capture", ours, *words, verbosity="-vv") as server:
                type_at(server, *words, "--capture", theirs, "--unsafe-keylog", server.path("client-keys"))
                server.stop()
                need_usable(server.path("keys"), server.path("client-keys"))
                self.check(server, ours, theirs)

    def test_every_combination_that_this_tshark_decrypts(self):
        done = 0
        for least, kex, cipher, mac in COMBINATIONS:
            if not can_decrypt(least, mac):
                continue
            words = ["--kex", kex, "--ciphers", cipher, *(("--macs", mac) if mac else ())]
            with self.subTest(" ".join(words)):
                self.check_combination(*words)
                done += 1
        print(f"decrypted by tshark {version()[0]}.{version()[1]}: {done} of {len(COMBINATIONS)} combinations")
        self.assertGreater(done, 5)

    def test_a_share_that_begins_with_zeros(self):
        """For K, Wireshark has only as much space as the other side's share has, if it knows the private number."""
        with Server("--unsafe-keylog", "keys", "--capture", "s.pcapng", "--kex", "diffie-hellman-group14-sha256", "--ciphers",
                    "aes256-ctr", "--macs", "hmac-sha2-256", verbosity="-vv") as server:
            with mock.patch.object(KexGroup14SHA256, "_generate_x", lambda kex: setattr(kex, "x", SHORT)):
                self.assertEqual(Paramiko(server).run("cat", b"hello\n").out, b"hello\n")
            server.stop()
            self.assertEqual(list(secrets_of(server.path("keys")).values()), [""])
            if version() >= (4, 4):
                self.assertGreater(channel_data(server.path("s.pcapng")), 0)

    @again_if_short
    def test_ssh(self):
        with Server("--unsafe-keylog", "keys", "--capture", "s.pcapng", "--kex", CURVE, "--ciphers", GCM,
                    verbosity="-vv") as server:
            self.assertEqual(Ssh(server).run("cat", b"hello\n").out, b"hello\n")
            server.stop()
            need_usable(server.path("keys"))
            self.check(server, server.path("s.pcapng"))
            payloads = tshark(server.path("s.pcapng"), "-Y", f"ssh.message_code == {CHANNEL_DATA}", "-T", "fields", "-e",
                              "ssh.payload")
            self.assertEqual(payloads, ["5e000000000000000668656c6c6f0a"] * 2)

    @again_if_short
    def test_study(self):
        """Both ends at once: every message of the trace is in the capture, decrypted, also of a transfer."""
        with Server("--study", "study", verbosity="-vv") as server:
            theirs = server.path("theirs")
            load("bulk", server.address, "-u", USER, "-i", server.path("key"), "--insecure", "-b", "200k", "--study", theirs)
            server.stop()
            need_usable(server.path("study/keys.log"), os.path.join(theirs, "keys.log"))
            self.assertEqual(len(server.events("keylog", level="warn")), 1)
            for folder in server.path("study"), theirs:
                self.assertEqual(sorted(os.listdir(folder)), ["keys.log", "session.pcapng", "trace.json"])
                with open(os.path.join(folder, "trace.json"), encoding="utf-8") as file:
                    events = [json.loads(line) for line in file]
                self.assertTrue(events[0]["secrets"])
                traced = sum(event.get("event") == "message" and event["number"] == CHANNEL_DATA for event in events)
                self.assertGreaterEqual(traced, 400)
                self.assertEqual(traced, logged(server))
                self.check(server, os.path.join(folder, "session.pcapng"))

    @again_if_short
    def test_a_study_of_any_server(self):
        """nacre-client and OpenSSH's sshd, which knows nothing of it."""
        with Sshd() as server, tempfile.TemporaryDirectory() as folder:
            study = os.path.join(folder, "study")
            done = subprocess.run([os.path.join(BUILD, "nacre-client"), "--study", study, "--insecure", "-p", str(server.port),
                                   "-i", server.path("key"), "127.0.0.1", "echo 'hello'"], check=True, capture_output=True,
                                  stdin=subprocess.DEVNULL, timeout=PATIENCE, env=clean_environment(folder, USER=getuser()))
            self.assertEqual(done.stdout, b"hello\n")
            self.assertIn(b"never use --study in production", done.stderr)
            need_usable(os.path.join(study, "keys.log"))
            shown = tshark(os.path.join(study, "session.pcapng"), "-Y", "ssh")
            self.assertEqual(sum("Channel Data" in line for line in shown), 1)
            self.assertFalse([line for line in shown if "Encrypted packet (len=" in line])

    @again_if_short
    def check_streams(self, listen):
        with Server("--unsafe-keylog", "keys", "--capture", "s.pcapng", "--kex", CURVE, "--ciphers", GCM, "--workers", "3",
                    listen=listen, verbosity="-vv") as server:
            load("bulk", server.address, "-u", USER, "-i", server.path("key"), "--insecure", "-c", 5, "-b", "20k")
            server.stop()
            need_usable(server.path("keys"))
            path = server.path("s.pcapng")
            bad = "ip.checksum.status == 0 || tcp.checksum.status == 0 || tcp.analysis.flags"
            self.assertEqual(tshark(path, "-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-Y", bad), [])
            self.assertEqual(channel_data(path), logged(server))
            for flag, count in ("syn", 10), ("fin", 10):
                self.assertEqual(len(tshark(path, "-Y", f"tcp.flags.{flag} == 1")), count)
            self.assertEqual(sorted(set(tshark(path, "-T", "fields", "-e", "tcp.stream"))), list("01234"))

    def test_streams_and_checksums_are_right(self):
        """Several connections at a time, with each version of IP."""
        for listen in "127.0.0.1:0", "[::1]:0":
            with self.subTest(listen):
                self.check_streams(listen)

    @again_if_short
    def test_without_a_key_log_nothing_secret_is_in_it(self):
        """The password, and what the client's key log says about the session."""
        with Server("--capture", "s.pcapng", "--kex", CURVE) as server:
            with open(server.path("secret"), "w", encoding="ascii") as file:
                file.write(PASSWORD + "\n")
            load("rtt", f"{server.host}:{server.port}", "-u", USER, "--password", server.path("secret"), "--insecure",
                 "-n", 1, "--unsafe-keylog", server.path("keys"), "--capture", server.path("decrypted.pcapng"), "--kex", CURVE)
            server.stop()
            (shared, private), = secrets_of(server.path("keys")).items()
            if not private:
                raise ShortSecret
            with open(server.path("host_key"), "rb") as file:
                seed = load_ssh_private_key(file.read(), None).private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
            with open(server.path("s.pcapng"), "rb") as file:
                content = file.read()
            with open(server.path("decrypted.pcapng"), "rb") as file:
                self.assertIn(shared.encode(), file.read())
            self.assertGreater(len(content), 2000)
            for secret in PASSWORD.encode(), bytes.fromhex(shared)[-32:], bytes.fromhex(private), seed:
                self.assertNotIn(secret, content)
                self.assertNotIn(secret.hex().encode(), content)
            self.assertEqual(channel_data(server.path("s.pcapng")), 0)
            self.assertGreater(len(tshark(server.path("s.pcapng"), "-Y", "ssh.kex_algorithms")), 1)

    @again_if_short
    def test_a_key_log_of_the_client_opens_the_servers_capture(self):
        with Server("--capture", "s.pcapng", "--kex", CURVE, "--ciphers", GCM, verbosity="-vv") as server:
            type_at(server, "--unsafe-keylog", server.path("keys"))
            server.stop()
            need_usable(server.path("keys"))
            found = tshark(server.path("s.pcapng"), "-o", f"ssh.keylog_file:{server.path('keys')}", "-Y",
                           f"ssh.message_code == {CHANNEL_DATA}")
            self.assertEqual(len(found), logged(server))


if __name__ == "__main__":
    unittest.main()
