#!/usr/bin/python3
"""A client made with AsyncSSH (connected.py)."""
import asyncio
import contextlib
import os
from asyncio import to_thread

import asyncssh
from connected import COMMAND, FORWARD, HOST, INTENT, KEY, KNOWN_HOSTS, PORT, REKEY, USER, answers, ask, complain, end, write


class Login(asyncssh.SSHClient):
    def password_auth_requested(self):
        return ask("Password: ")

    def kbdint_auth_requested(self):
        return ""

    def kbdint_challenge_received(self, name, instructions, lang, prompts):
        return answers(name, instructions, prompts)


async def feed(process):
    with contextlib.suppress(OSError):  # the channel is closed
        while data := await to_thread(os.read, 0, 65536):
            process.stdin.write(data)
            await process.stdin.drain()
        process.stdin.write_eof()


async def forward(reader, fd):
    while data := await reader.read(65536):
        await to_thread(write, fd, data)


async def run():
    more = {"rekey_bytes": REKEY} if INTENT == "rekey" else {}
    async with asyncssh.connect(HOST, PORT, username=USER, known_hosts=KNOWN_HOSTS, config=[], agent_path=None,
                                client_keys=[] if KEY == "-" else [KEY], client_factory=Login, **more) as connection:
        if INTENT == "remote-forward":
            await connection.forward_remote_port(*FORWARD, "127.0.0.1", 9)
        process = await connection.create_process(
            None if INTENT == "subsystem" else COMMAND, subsystem=COMMAND if INTENT == "subsystem" else None,
            term_type="xterm" if INTENT == "terminal" else None, encoding=None)
        asyncio.create_task(feed(process))
        await asyncio.gather(forward(process.stdout, 1), forward(process.stderr, 2))
        await process.wait_closed()
        return process.exit_status


async def main():
    """Its threads are not waited for: one reads the standard input."""
    try:
        end(await run())
    except Exception as why:
        complain(None, why, None)
        end(1)


asyncio.run(main())
