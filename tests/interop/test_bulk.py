"""Random bytes come back through cat unchanged, with every cipher, and through many rekeys.

64 MiB per run, 256 MiB with NACRE_LONG=1."""
import contextlib
import hashlib
import os
import threading
import unittest
import unittest.mock

import harness
from clients import Dbclient, Paramiko, Plink, Ssh, paramiko
from harness import MIB

SIZE = (256 if os.environ.get("NACRE_LONG") else 64) * MIB
SLOW = SIZE // 4  # for plink, whose key exchanges are slow
VERY_SLOW = 16 * MIB  # for paramiko, which is written in Python


class Transfer:
    """The tests for each client."""

    size = SIZE
    ciphers = None  # None: those of the client

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ciphers = cls.ciphers or cls.client.ciphers()
        cls.path = cls.server.path("data")
        seen = hashlib.sha256()
        with open(cls.path, "wb") as file:
            for _ in range(cls.size // MIB):
                block = os.urandom(MIB)
                seen.update(block)
                file.write(block)
        cls.digest = seen.hexdigest()

    def cat(self, cipher, options=()):
        """Send the file through cat; return the number of key exchanges."""
        accepted = self.server.watch("connection")
        done = self.client(self.server, cipher=cipher).digest("cat", self.path, options=options)
        self.assertEqual(done, (0, self.digest, b""))
        connection = accepted()[0]["conn"]
        end = self.server.wait("disconnected", conn=connection)[0]
        self.assertEqual((end["cipher_in"], end["cipher_out"]), (cipher or end["cipher_in"],) * 2)
        self.assertGreater(int(end["bytes_in"]), self.size)
        self.assertGreater(int(end["bytes_out"]), self.size)
        return len(self.server.events("kex", conn=connection))


class Bulk(Transfer):

    def test_each_cipher(self):
        for cipher in self.ciphers:
            with self.subTest(cipher=cipher):
                self.assertEqual(self.cat(cipher), 1)


class Rekeying(Transfer):
    """A rekey after every MiB, started by the client."""

    def rekey(self, cipher):
        """Options for the client."""
        raise NotImplementedError

    def test_each_cipher_rekeying(self):
        for cipher in self.ciphers:
            with self.subTest(cipher=cipher):
                self.assertGreater(self.cat(cipher, self.rekey(cipher)), self.size // MIB // 2)


class BulkWithSsh(Bulk, Rekeying, harness.ServerCase):
    client = Ssh

    def rekey(self, cipher):
        return ["-o", "RekeyLimit=1M", "-o", "KexAlgorithms=curve25519-sha256"]  # its others take 80 ms each

    def test_rekeying_with_the_default_method(self):
        data = harness.random_bytes(8 * MIB)
        self.assertEqual(self.client(self.server, options=["-o", "RekeyLimit=1M"]).run("cat", data), (0, data, b""))
        self.assertGreater(len(self.server.events("kex", conn=self.last_connection())), 4)


class BulkWithPlink(Bulk, harness.ServerCase):
    client = Plink


class BulkWithPlinkRekeyed(Rekeying, harness.ServerCase):
    client = Plink
    size = SLOW

    def rekey(self, cipher):
        return self.client(self.server).session(self.client.setting(cipher), "RekeyBytes=1M", "KEX=ecdh,WARN")


class BulkWithPlinkAndTheLongKey(Bulk, harness.ServerCase):
    """It prefers 128 bits if the server has both."""

    client = Plink
    ciphers = (None,)
    server_arguments = ("--ciphers", "aes256-gcm@openssh.com")


class BulkWithDbclient(Bulk, harness.ServerCase):
    client = Dbclient


class BulkWithDbclientRekeyed(Rekeying, harness.ServerCase):
    """A rekey after every MiB, started by the server, because this client has no option for it."""

    client = Dbclient
    server_arguments = ("--rekey-limit", "1M")

    def rekey(self, cipher):
        return []


class PatientParamiko(Paramiko):
    """Sends EOF only when everything has come back and no key exchange is in progress: a CLOSE that reaches paramiko during
    a key exchange makes its only reader wait for itself, until it gives up after 30 s."""

    def digest(self, command, path, patience=120, options=()):
        with open(path, "rb") as file, contextlib.closing(self.connect()) as transport:
            data = file.read()
            channel = transport.open_session(timeout=harness.PATIENCE)
            channel.settimeout(patience)
            channel.exec_command(command)
            writer = threading.Thread(target=channel.sendall, args=(data,))
            writer.start()
            out = bytearray()
            while len(out) < len(data):
                out += channel.recv(MIB)
            writer.join()
            harness.until(lambda: transport.clear_to_send.is_set() and not transport.packetizer.need_rekey(),
                          "the end of the key exchange")
            channel.shutdown_write()
            out += b"".join(iter(lambda: channel.recv(MIB), b""))
            return harness.Done(channel.recv_exit_status(), harness.sha256(out), channel.recv_stderr(1))


class BulkWithParamiko(Bulk, Rekeying, harness.ServerCase):
    client = PatientParamiko
    size = VERY_SLOW

    def rekey(self, cipher):
        self.enterContext(unittest.mock.patch.object(paramiko.packet.Packetizer, "REKEY_BYTES", MIB))
        return []


if __name__ == "__main__":
    unittest.main()
