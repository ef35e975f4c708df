#!/usr/bin/python3
"""A server made with AsyncSSH (served.py). Commands run in a shell; forwarding is allowed."""
import asyncio
import contextlib
import signal
import subprocess

import asyncssh
from served import HOST_KEYS, KEY, PASSWORD, PORT, say


class Login(asyncssh.SSHServer):
    def password_auth_supported(self):
        return True

    def validate_password(self, username, password):
        if username == "expired":
            raise asyncssh.PasswordChangeRequired("Your password \x1b[31mhas expired.")
        return password == PASSWORD

    def change_password(self, username, old_password, new_password):
        return (old_password, new_password) == (PASSWORD, "a new one")

    def kbdint_auth_supported(self):
        return True

    def get_kbdint_challenge(self, username, lang, submethods):
        return ("Two questions", "Answer \x1b[31mboth.", "", [("Colour: ", True), ("Secret: ", False)])

    def validate_kbdint_response(self, username, responses):
        return responses == ["blue", "shell"]

    def connection_requested(self, dest_host, dest_port, orig_host, orig_port):
        return True

    def server_requested(self, listen_host, listen_port):
        return True


async def pieces(reader, child):
    while True:
        with contextlib.suppress(asyncssh.TerminalSizeChanged, asyncssh.BreakReceived):
            try:
                if not (data := await reader.read(65536)):
                    return
                yield data
            except asyncssh.SignalReceived as received:
                child.send_signal(getattr(signal, f"SIG{received.signal}", signal.SIGTERM))


async def feed(process, child):
    with contextlib.suppress(OSError, asyncssh.Error):
        async for data in pieces(process.stdin, child):
            child.stdin.write(data)
            await child.stdin.drain()
    child.stdin.close()


async def forward(reader, writer, child):
    try:
        async for data in pieces(reader, child):
            writer.write(data)
            await writer.drain()
    except (OSError, asyncssh.Error):  # the client closed the channel
        child.kill()


async def run(process):
    child = await asyncio.create_subprocess_shell(process.command or "exec sh", stdin=subprocess.PIPE,
                                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(process.env) or None)
    feeding = asyncio.create_task(feed(process, child))
    await asyncio.gather(forward(child.stdout, process.stdout, child), forward(child.stderr, process.stderr, child))
    status = await child.wait()
    feeding.cancel()
    if status < 0:
        process.exit_with_signal(signal.Signals(-status).name[3:])
    else:
        process.exit(status)


async def listen():
    server = await asyncssh.create_server(Login, "127.0.0.1", PORT, server_host_keys=HOST_KEYS, encoding=None,
                                          process_factory=run, authorized_client_keys=KEY, reuse_address=True)
    say(server.sockets[0].getsockname()[1])
    await server.wait_closed()


asyncio.run(listen())
