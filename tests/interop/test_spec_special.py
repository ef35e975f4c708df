#!/usr/bin/env python3
"""nacre-spec: what only some servers have: certificates, second factors, prompts, X11, compression, RSA key
exchange, rekeys of their own."""
import json
import os
import unittest

from harness import PASSWORD
from others import AsyncSsh, Sshd, SshdWithPam
from test_spec import spec


def verdicts(server, profile, *words, **options):
    """The verdict of each case, by id; what the profile says about the server is a file of `name = value` lines."""
    with open(server.path("profile"), "w", encoding="ascii") as file:
        file.write(profile)
    with open(server.path("password"), "w", encoding="ascii") as file:
        file.write(server.password + "\n")
    results = server.path("results.json")
    spec("server", f"127.0.0.1:{server.port}", "--user", server.user, "--key", server.path("key"), "--password",
         server.path("password"), "--profile", server.path("profile"), "--json", results, *words, **options)
    with open(results, encoding="utf-8") as file:
        return {line["id"]: line["verdict"] for line in map(json.loads, file) if "id" in line}


class OpenSsh(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sshd = cls.enterClassContext(SshdWithPam("X11Forwarding yes\nGatewayPorts clientspecified\n"))

    def verdicts(self, *words, **options):
        return verdicts(self.sshd, f"like = openssh\nuser-ca = {self.sshd.path('ca')}\ntwo-factor = two\n"
                        "two-factor-other = other\nexpired = expired\n", *words, **options)

    def test_certificates(self):
        found = self.verdicts("cert")
        self.assertEqual(len(found), 13)
        self.assertEqual(found.pop("cert/2.2/order"), "warn")  # accepted
        self.assertEqual(set(found.values()), {"pass"}, found)

    def test_two_factors(self):
        self.assertEqual(self.verdicts("4252/5.1/partial-success", "4252/5/user-changes"),
                         {"4252/5.1/partial-success": "pass", "4252/5/user-changes": "pass"})

    def test_prompts(self):
        found = self.verdicts("4256", "4250/4.1.2/numbers-reused", "4252/6/info-response-first", "4252/5/method-abandoned")
        self.assertEqual(found.pop("4252/6/info-response-first"), "warn")  # unimplemented
        self.assertEqual(len(found), 10)
        self.assertEqual(set(found.values()), {"pass"}, found)

    def test_an_expired_password_logs_in(self):
        """... into a session that only runs passwd."""
        self.assertEqual(self.verdicts("4252/8/expired", status=1), {"4252/8/expired": "fail"})

    def test_forwarding(self):
        self.assertEqual(self.verdicts("4254/6.3.1", "4254/7.1/address-forms"),
                         {"4254/6.3.1/single-connection": "pass", "4254/7.1/address-forms": "pass"})

    def test_compression(self):
        found = self.verdicts("ossh/1.2", "4253/6.2", "-x", "4253/6.2/zlib-bomb")  # which it takes seconds to decompress
        self.assertEqual(len(found), 4)
        self.assertEqual(set(found.values()), {"pass"}, found)


class OpenSshRekeys(unittest.TestCase):
    def test_it_starts_rekeys(self):
        with Sshd("RekeyLimit 1M\n") as sshd:
            sshd.password = "none"
            found = verdicts(sshd, "like = openssh\n", "--slow", "4253/9/peer-starts", "4253/9/own-after-1gib",
                             "4344/3.1/own-limits")
            self.assertEqual(set(found.values()), {"info"}, found)
            with open(sshd.path("results.json"), encoding="utf-8") as file:
                self.assertRegex(file.read(), r'"a rekey within [0-9]{6,7} bytes"(.|\n)*"a rekey after [0-9]+ packets"')


class Asyncssh(unittest.TestCase):
    def test_compression_and_rsa_key_exchange(self):
        with AsyncSsh() as server:
            server.password = PASSWORD
            found = verdicts(server, "like = asyncssh\n", "ossh/1.2", "4253/6.2", "4432")
        for name in "4253/6.2/zlib-bomb", "4432/4/secret-range":  # it does not limit either
            self.assertEqual(found.pop(name), "warn")
        self.assertEqual(len(found), 5)
        self.assertEqual(set(found.values()), {"pass"}, found)

    def test_an_expired_password_must_be_changed(self):
        with AsyncSsh() as server:
            server.password = PASSWORD
            self.assertEqual(verdicts(server, "like = asyncssh\nexpired = expired\n", "4252/8/expired"), {"4252/8/expired": "pass"})


if __name__ == "__main__":
    unittest.main()
