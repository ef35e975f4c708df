"""What test_methods.py and test_forwarding.py share: `granting`, paramiko before its login, a matrix of results."""
import contextlib
import os
import unittest

from clients import Dbclient, Paramiko, Plink, Ssh, paramiko
from harness import BUILD, PATIENCE, Server
from terminals import Terminal

CLIENTS = (Ssh, Plink, Dbclient, Paramiko)
GRANTING = os.path.join(BUILD, "tests/interop/granting")


class Granting(Server):
    """granting.c, a server built on the library."""

    has_options = False

    def __init__(self, **more):
        super().__init__(program=GRANTING, **more)


class Bare(Paramiko):
    """paramiko, connected but not logged in."""

    def bare(self):
        transport = paramiko.Transport((self.server.host, self.server.port))
        transport.start_client(timeout=PATIENCE)
        return contextlib.closing(transport)

    def key(self):
        return paramiko.Ed25519Key.from_private_key_file(self.server.path("key"))

    def works(self, transport):
        channel = transport.open_session(timeout=PATIENCE)
        channel.settimeout(PATIENCE)
        channel.exec_command("exit 7")
        return channel.recv_exit_status() == 7


def prefer(methods):
    return ["-o", "PreferredAuthentications=" + methods]


def asked(client, answers):
    """The environment for ssh to get these answers from a program instead of a user."""
    program, left = client.server.path("askpass"), client.server.path("answers")
    with open(left, "w", encoding="utf-8") as file:
        file.writelines(answer + "\n" for answer in answers)
    with open(program, "w", encoding="utf-8") as file:
        file.write(f"#!/bin/sh\necho \"$1\" >>{left}.asked\nhead -n 1 {left}\nsed -i 1d {left}\n")
    os.chmod(program, 0o700)
    return client.environment() | {"SSH_ASKPASS": program, "SSH_ASKPASS_REQUIRE": "force"}


def typed(client, dialogue, drop=()):
    """Run a client at a terminal with this dialogue: (expected output, what to type). Its exit status and output."""
    words = [word for word in client.command("exit 7") if word not in drop]
    with Terminal(words, client.environment()) as terminal:
        for question, answer in dialogue:
            terminal.expect(question)
            terminal.type(answer + b"\r")
        return terminal.end(), terminal.seen


class Matrix:
    """What each client can do, as a Markdown table. lacks: {what: the clients of Debian 12 that do not have it}; it must
    work with the others."""

    def __init__(self, lacks):
        self.lacks, self.rows = lacks, {}

    def write(self, name):
        """Write the table if it has all rows; a single test does not change the file."""
        if set(self.rows) != set(self.lacks):
            return
        with open(os.path.join(BUILD, name), "w", encoding="ascii") as file:
            file.write("| what | " + " | ".join(c.name for c in CLIENTS) + " |\n")
            file.write("| --- " + "| --- " * len(CLIENTS) + "|\n")
            for what in self.lacks:
                file.write(f"| {what} | " + " | ".join(self.rows[what][c.name] for c in CLIENTS) + " |\n")


class MethodsCase(unittest.TestCase):
    matrix = None

    def with_each(self, what, attempts):
        """Try it with each client that has it; attempts: {client: function that returns true if it works}."""
        row = self.matrix.rows[what] = {client.name: "no" for client in CLIENTS}
        for client in CLIENTS:
            if client.name in self.matrix.lacks[what]:
                row[client.name] = "-"
                continue
            with self.subTest(what=what, client=client.name):
                self.assertTrue(attempts[client](), f"{client.name}: {what}")
                row[client.name] = "yes"

    def echo(self, *arguments, **more):
        return self.enterContext(Server(*arguments, **more))

    def granting(self, **more):
        return self.enterContext(Granting(**more))


def ok(done):
    assert done.status == 7, done
    return True


def authorize(server, line):
    with open(server.path("authorized_keys"), "w", encoding="ascii") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(line)
