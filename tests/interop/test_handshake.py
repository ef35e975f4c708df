"""vectors/handshake.txt computed with another library: exchange hash, host key signature, keys, and every packet of both
sides, for each key exchange method. Only K is taken from the file; everything else follows from the bytes."""
import hashlib
import hmac
import os
import re
import struct
import unittest

from cryptography.hazmat.primitives import poly1305
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import harness

FILE = os.path.join(os.path.dirname(__file__), "..", "..", "vectors", "handshake.txt")
MACS = {"hmac-sha2-256": "sha256", "hmac-sha2-512": "sha512", "hmac-sha1": "sha1"}
MESSAGES_CLIENT = [20, 30, 21, 7, 5, 50, 50, 90, 98, 94, 96, 97, 1]
MESSAGES_SERVER = [20, 31, 21, 7, 6, 51, 52, 80, 91, 99, 94, 98, 96, 97]


def sessions():
    found = []
    with open(FILE) as lines:
        for line in lines:
            name, _, value = line.strip().partition(" = ")
            if name == "kex":
                found.append({"kex": value})
            elif name in ("client", "server", "K"):
                found[-1][name] = bytes.fromhex(value)
    return found


def string(data):
    return struct.pack(">I", len(data)) + data


def take_string(data, at=0):
    length = struct.unpack_from(">I", data, at)[0]
    return data[at + 4:at + 4 + length], at + 4 + length


class Plain:
    tag, skip = 0, 0

    def length(self, packet):
        return struct.unpack(">I", packet[:4])[0]

    def open(self, seq, packet, tag):
        return packet[4:]


class Gcm:
    tag = 16

    def __init__(self, key, iv, _):
        self.aead, self.iv = AESGCM(key), iv[:12]

    def length(self, packet):
        return struct.unpack(">I", packet[:4])[0]

    def open(self, seq, packet, tag):
        plain = self.aead.decrypt(self.iv, packet[4:] + tag, packet[:4])
        count = (int.from_bytes(self.iv[4:], "big") + 1) % 2**64
        self.iv = self.iv[:4] + count.to_bytes(8, "big")
        return plain


class ChaCha:
    tag = 16

    def __init__(self, key, *_):
        self.payload, self.header = key[:32], key[32:64]
        self.seq = 0

    @staticmethod
    def xor(key, seq, counter, data):
        nonce = struct.pack("<Q", counter) + struct.pack(">Q", seq)
        return Cipher(algorithms.ChaCha20(key, nonce), None).encryptor().update(data)

    def length(self, packet):
        return struct.unpack(">I", self.xor(self.header, self.seq, 0, packet[:4]))[0]

    def open(self, seq, packet, tag):
        key = self.xor(self.payload, seq, 0, bytes(32))
        poly1305.Poly1305.verify_tag(key, packet, tag)
        self.seq = seq + 1
        return self.xor(self.payload, seq, 1, packet[4:])


class Ctr:
    def __init__(self, key, iv, mac):
        name, self.mac_key = mac
        self.etm = name.endswith("-etm@openssh.com")
        self.hash = MACS[name.replace("-etm@openssh.com", "")]
        self.tag = hashlib.new(self.hash).digest_size
        self.cipher = Cipher(algorithms.AES(key), modes.CTR(iv[:16])).decryptor()
        self.first = b""

    def length(self, packet):
        if not self.etm:
            self.first = self.cipher.update(packet[:16])
        return struct.unpack(">I", packet[:4] if self.etm else self.first[:4])[0]

    def open(self, seq, packet, tag):
        plain = packet if self.etm else self.first + self.cipher.update(packet[16:])
        right = hmac.digest(self.mac_key, struct.pack(">I", seq) + plain, self.hash)
        assert hmac.compare_digest(right, tag)
        return self.cipher.update(packet[4:]) if self.etm else plain[4:]


def key_len(cipher):
    """In bytes: 24 for "aes192-ctr"."""
    return 64 if cipher.startswith("chacha") else int(re.match(r"aes(\d+)-", cipher)[1]) // 8


class Side:
    """One side's bytes, decrypted packet by packet."""

    def __init__(self, data):
        line, _, self.data = data.partition(b"\r\n")
        self.version, self.seq, self.protection, self.messages = line, 0, Plain(), []

    def next(self):
        length = self.protection.length(self.data)
        packet, rest = self.data[:4 + length], self.data[4 + length:]
        tag, self.data = rest[:self.protection.tag], rest[self.protection.tag:]
        self.plain = plain = self.protection.open(self.seq, packet, tag)
        self.seq += 1
        message = plain[1:len(plain) - plain[0]]
        self.messages.append(message)
        return message

    def take_keys(self, protection):
        self.protection, self.seq = protection, 0  # strict kex


def lists(kexinit):
    names, at = [], 17
    for _ in range(10):
        names_, at = take_string(kexinit, at)
        names.append(names_.decode().split(","))
    return names


def hash_of(kex):
    if kex.endswith("-sha1"):
        return hashlib.sha1
    if "nistp384" in kex:
        return hashlib.sha384
    if "sha512" in kex or "nistp521" in kex:
        return hashlib.sha512
    return hashlib.sha256


def derive(digest, k, h, letter, length):
    key = digest(k + h + letter + h).digest()
    while len(key) < length:
        key += digest(k + h + key).digest()
    return key[:length]


def exchange(kex, client, server):
    """The method's messages: what the exchange hash has between K_S and K; host key; signature."""
    if "group-exchange" in kex:
        request, group, init = client.next(), server.next(), client.next()
        reply = server.next()
        between = request[1:] + group[1:] + init[1:]
    else:
        init, reply = client.next(), server.next()
        between = init[1:]
    host_key, at = take_string(reply, 1)
    share, after = take_string(reply, at)
    signature, _ = take_string(reply, after)
    return between + reply[at:after], host_key, signature


def protection(cipher, mac, digest, k, h, letters):
    iv, key, mac_key = (derive(digest, k, h, letter, 64) for letter in letters)
    key = derive(digest, k, h, letters[1], key_len(cipher))
    if cipher.startswith("chacha"):
        return ChaCha(key)
    if "gcm" in cipher:
        return Gcm(key, iv, None)
    name = mac.replace("-etm@openssh.com", "")
    return Ctr(key, iv, (mac, mac_key[:hashlib.new(MACS[name]).digest_size]))


class Handshakes(unittest.TestCase):
    def test_every_session_follows_the_standards(self):
        for session in sessions():
            with self.subTest(session["kex"]):
                self.check(session)

    def check(self, session):
        client, server, k = Side(session["client"]), Side(session["server"]), session["K"]
        i_c, i_s = client.next(), server.next()
        names = lists(i_c)
        self.assertEqual(names[0][0], session["kex"])
        digest = hash_of(session["kex"])
        between, host_key, signature = exchange(session["kex"], client, server)
        h = digest(string(client.version) + string(server.version) + string(i_c) + string(i_s) +
                   string(host_key) + between + k).digest()
        point = take_string(host_key, take_string(host_key)[1])[0]
        Ed25519PublicKey.from_public_bytes(point).verify(
            take_string(signature, take_string(signature)[1])[0], h)
        for side, letters in ((client, b"ACE"), (server, b"BDF")):
            self.assertEqual(side.next(), bytes([21]))
            side.take_keys(protection(names[2][0], names[4][0], digest, k, h,
                                      [bytes([letter]) for letter in letters]))
            while side.data:
                side.next()
        numbers = [[m[0] for m in side.messages] for side in (client, server)]
        extra = [[34, 32], [31, 33]] if "group-exchange" in session["kex"] else [[30], [31]]
        self.assertEqual(numbers[0], [20] + extra[0] + MESSAGES_CLIENT[2:])
        self.assertEqual(numbers[1], [20] + extra[1] + MESSAGES_SERVER[2:])

    def test_every_method_is_in_the_file(self):
        self.assertEqual(len({s["kex"] for s in sessions()}), len(sessions()))
        self.assertGreaterEqual(len(sessions()), 13)

    def test_every_cipher_is_in_the_file_and_every_mac_with_one_that_needs_it(self):
        offered = [lists(Side(session["client"]).next()) for session in sessions()]
        self.assertEqual({names[2][0] for names in offered}, set(harness.algorithms()["cipher"]))
        self.assertEqual({names[4][0] for names in offered if names[2][0].endswith("-ctr")},
                         set(harness.algorithms()["MAC"]))


if __name__ == "__main__":
    unittest.main()
