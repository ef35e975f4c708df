#!/usr/bin/env python3
"""Servers of Python's SSH libraries that run commands: serving.py KIND FOLDER.

KIND is asyncssh, paramiko or conch. FOLDER has the host key `host` and the public key `key.pub` that may log in; the
password of every user is harness.PASSWORD. Prints the port, and serves until it is terminated.
"""
import asyncio
import contextlib
import getpass
import os
import signal
import socket
import subprocess
import sys
import threading

from harness import PASSWORD


# asyncssh ----------------------------------------------------------------------------------------

def serve_asyncssh(folder):
    import asyncssh

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

    async def feed(process, child):
        with contextlib.suppress(OSError, asyncssh.Error):
            async for data in pieces(process.stdin):
                child.stdin.write(data)
                await child.stdin.drain()
        child.stdin.close()

    async def forward(reader, writer, child):
        try:
            async for data in pieces(reader):
                writer.write(data)
                await writer.drain()
        except (OSError, asyncssh.Error):  # the client closed the channel
            child.kill()

    async def pieces(reader):
        while data := await reader.read(65536):
            yield data

    async def run(process):
        child = await asyncio.create_subprocess_shell(process.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                                      stderr=subprocess.PIPE)
        feeding = asyncio.create_task(feed(process, child))
        await asyncio.gather(forward(child.stdout, process.stdout, child), forward(child.stderr, process.stderr, child))
        status = await child.wait()
        feeding.cancel()
        if status < 0:
            process.exit_with_signal(signal.Signals(-status).name[3:])
        else:
            process.exit(status)

    async def listen():
        server = await asyncssh.create_server(
            Login, "127.0.0.1", 0, server_host_keys=[os.path.join(folder, "host")], encoding=None, process_factory=run,
            authorized_client_keys=os.path.join(folder, "key.pub"))
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.wait_closed()

    asyncio.run(listen())


# paramiko ----------------------------------------------------------------------------------------

def serve_paramiko(folder):
    import paramiko

    with open(os.path.join(folder, "key.pub"), encoding="ascii") as file:
        allowed = file.read().split()[1]

    class Login(paramiko.ServerInterface):
        def check_auth_password(self, username, password):
            return paramiko.AUTH_SUCCESSFUL if password == PASSWORD else paramiko.AUTH_FAILED

        def check_auth_publickey(self, username, key):
            return paramiko.AUTH_SUCCESSFUL if key.get_base64() == allowed else paramiko.AUTH_FAILED

        def get_allowed_auths(self, username):
            return "publickey,password"

        def check_channel_request(self, kind, chanid):
            return paramiko.OPEN_SUCCEEDED if kind == "session" else paramiko.OPEN_FAILED_UNKNOWN_CHANNEL_TYPE

        def check_channel_exec_request(self, channel, command):
            threading.Thread(target=run, args=(channel, command), daemon=True).start()
            return True

    def run(channel, command):
        child = subprocess.Popen(command, shell=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE)

        def feed():
            for data in iter(lambda: channel.recv(65536), b""):
                try:
                    child.stdin.write(data)
                except BrokenPipeError:
                    break
            child.stdin.close()

        def forward(stream, send):
            for data in iter(lambda: stream.read1(65536), b""):
                try:
                    send(data)
                except OSError:  # the client closed the channel
                    child.kill()
                    break

        threads = [threading.Thread(target=forward, args=(child.stdout, channel.sendall)),
                   threading.Thread(target=forward, args=(child.stderr, channel.sendall_stderr))]
        threading.Thread(target=feed, daemon=True).start()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        channel.send_exit_status(child.wait() & 0xff)
        channel.close()

    key = paramiko.Ed25519Key(filename=os.path.join(folder, "host"))
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    transports = []
    while True:
        transport = paramiko.Transport(listener.accept()[0])
        transport.add_server_key(key)
        transport.start_server(threading.Event(), Login())
        transports.append(transport)


# Conch -------------------------------------------------------------------------------------------

def serve_conch(folder):
    from twisted.conch import unix
    from twisted.conch.checkers import InMemorySSHKeyDB, SSHPublicKeyChecker
    from twisted.conch.ssh import factory, keys
    from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
    from twisted.cred.portal import Portal
    from twisted.internet import reactor
    class Realm(unix.UnixSSHRealm):
        def requestAvatar(self, username, mind, *interfaces):
            return super().requestAvatar(username.decode(), mind, *interfaces)

    user = getpass.getuser()
    key = keys.Key.fromFile(os.path.join(folder, "host"))
    server = factory.SSHFactory()
    server.publicKeys = {key.sshType(): key.public()}
    server.privateKeys = {key.sshType(): key}
    server.portal = Portal(Realm(), [
        SSHPublicKeyChecker(InMemorySSHKeyDB({user.encode(): [keys.Key.fromFile(os.path.join(folder, "key.pub"))]})),
        InMemoryUsernamePasswordDatabaseDontUse(**{user: PASSWORD.encode()})])
    port = reactor.listenTCP(0, server, interface="127.0.0.1")
    print(port.getHost().port, flush=True)
    reactor.run()


if __name__ == "__main__":
    {"asyncssh": serve_asyncssh, "paramiko": serve_paramiko, "conch": serve_conch}[sys.argv[1]](sys.argv[2])
