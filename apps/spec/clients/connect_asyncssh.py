#!/usr/bin/python3
"""A client made with AsyncSSH (connected.py)."""
import asyncio
import sys

import asyncssh
from connected import COMMAND, FORWARD, HOST, INTENT, KEY, KNOWN_HOSTS, PORT, REKEY, USER, answers, ask, end


class Login(asyncssh.SSHClient):
    def password_auth_requested(self):
        return ask("Password: ")

    def kbdint_auth_requested(self):
        return ""

    def kbdint_challenge_received(self, name, instructions, lang, prompts):
        return answers(name, instructions, prompts)


async def run():
    keys = [] if KEY == "-" else [KEY]
    more = {"rekey_bytes": REKEY} if INTENT == "rekey" else {}
    async with asyncssh.connect(HOST, PORT, username=USER, known_hosts=KNOWN_HOSTS, client_keys=keys, config=[], agent_path=None,
                                client_factory=Login, **more) as connection:
        if INTENT == "remote-forward":
            await connection.forward_remote_port(*FORWARD, "127.0.0.1", 9)
        process = await connection.create_process(
            None if INTENT == "subsystem" else COMMAND, subsystem=COMMAND if INTENT == "subsystem" else None,
            term_type="xterm" if INTENT == "terminal" else None, encoding=None, stdin=sys.stdin.buffer, stdout=sys.stdout.buffer, stderr=sys.stderr.buffer)
        await process.wait()
        return process.exit_status


end(asyncio.run(run()))
