#!/usr/bin/python3
"""A server made with AsyncSSH (served.py). Commands run in a shell; forwarding is allowed."""
import contextlib
import signal
from asyncio import create_task, gather, run
from asyncio.subprocess import PIPE, create_subprocess_shell

import asyncssh
from served import HOST_KEYS, KEY, PASSWORD, PORT, copy, say

ENDED = OSError, asyncssh.Error  # the command, or the channel
IGNORED = asyncssh.BreakReceived, asyncssh.SignalReceived, asyncssh.TerminalSizeChanged


class Login(asyncssh.SSHServer):
    def allow(self, *_):
        return True

    password_auth_supported = kbdint_auth_supported = connection_requested = server_requested = allow

    def validate_password(self, username, password):
        if username == "expired":
            raise asyncssh.PasswordChangeRequired("Your password \x1b[31mhas expired.")
        return password == PASSWORD

    def change_password(self, username, old_password, new_password):
        return (old_password, new_password) == (PASSWORD, "a new one")

    def get_kbdint_challenge(self, username, lang, submethods):
        return ("Two questions", "Answer \x1b[31mboth.", "", [("Colour: ", True), ("Secret: ", False)])

    def validate_kbdint_response(self, username, responses):
        return responses == ["blue", "shell"]


async def serve(process):
    child = await create_subprocess_shell(process.command or "exec sh", stdin=PIPE, stdout=PIPE, stderr=PIPE,
                                          env=dict(process.env) or None)
    feeding = create_task(copy(process.stdin, child.stdin, ENDED, IGNORED))
    feeding.add_done_callback(lambda _: child.stdin.close())
    if not all(await gather(copy(child.stdout, process.stdout, ENDED), copy(child.stderr, process.stderr, ENDED))):
        with contextlib.suppress(ProcessLookupError):
            child.kill()
    status = await child.wait()
    feeding.cancel()
    if status < 0:
        process.exit_with_signal(signal.Signals(-status).name[3:])
    else:
        process.exit(status)


async def listen():
    server = await asyncssh.create_server(Login, "127.0.0.1", PORT, server_host_keys=HOST_KEYS, encoding=None,
                                          process_factory=serve, authorized_client_keys=KEY, reuse_address=True)
    say(server.sockets[0].getsockname()[1])
    await server.wait_closed()


run(listen())
