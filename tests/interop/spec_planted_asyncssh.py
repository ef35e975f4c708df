#!/usr/bin/env python3
"""asyncssh's server with one deviation, for what nacre's servers do not have: spec_planted_asyncssh.py NAME FOLDER

FOLDER has the host key `host`, the public keys `key.pub` and `ca.pub`, and the file `port` is written there. The user `expired` has
an expired password; that of everybody is harness.PASSWORD. spec_planted.py runs it for each row of DEVIATIONS.
"""
import asyncio
import contextlib
import os
import subprocess
import sys

from harness import PASSWORD


# The deviations: each changes asyncssh before the server starts. ------------------------------------

def ca_signature():
    """Any signature of a certificate is good."""
    from asyncssh.public_key import SSHKey
    right = SSHKey.verify
    SSHKey.verify = lambda key, data, signature: right(key, data, signature) or data[4:20] == b"ssh-ed25519-cert"


def certificate_checks(**ignored):
    """Certificates are checked as if what is ignored were right: _cert_type, _valid_after and _valid_before, or principals."""
    from asyncssh.public_key import SSHOpenSSHCertificate
    right = SSHOpenSSHCertificate.validate

    def validate(certificate, cert_type, principal):
        for name, value in ignored.items():
            setattr(certificate, name, value)
        return right(certificate, cert_type, principal)
    SSHOpenSSHCertificate.validate = validate


def unknown_options():
    from asyncssh.public_key import SSHOpenSSHCertificate
    right = SSHOpenSSHCertificate._decode_options
    SSHOpenSSHCertificate._decode_options = staticmethod(lambda options, decoders, critical=True: right(options, decoders, False))


def no_permissions():
    from asyncssh.connection import SSHServerConnection
    SSHServerConnection.check_certificate_permission = lambda connection, permission: True


def compression_state():
    """A rekey does not reset what is sent."""
    from asyncssh.connection import SSHConnection
    right = SSHConnection.send_newkeys

    def send_newkeys(connection, *arguments):
        before = connection._compressor
        right(connection, *arguments)
        connection._compressor = before or connection._compressor
    SSHConnection.send_newkeys = send_newkeys


def compression_flush():
    """Packets are not flushed."""
    import asyncssh.compression
    asyncssh.compression._ZLibCompress.compress = lambda compressor, data: compressor._comp.compress(data)


def rsa_secret():
    """A secret that cannot be decrypted counts as 0."""
    from asyncssh.packet import MPInt
    from asyncssh.rsa import RSAKey
    right = RSAKey.decrypt
    RSAKey.decrypt = lambda key, data, algorithm: right(key, data, algorithm) or MPInt(0)


def addresses():
    """localhost means all addresses."""
    from asyncssh.connection import SSHServerConnection
    right = SSHServerConnection.forward_local_port
    SSHServerConnection.forward_local_port = lambda connection, host, *rest, **more: right(
        connection, "" if host in ("localhost", "127.0.0.1") else host, *rest, **more)


def single_connections():
    """What asyncssh lacks, so that the server conforms: after x11-req with single connection, one channel is opened."""
    from asyncssh import ChannelOpenError
    from asyncssh.channel import SSHServerChannel
    from asyncssh.connection import SSHServerConnection
    requested, create = SSHServerChannel._process_x11_req_request, SSHServerConnection.create_x11_connection

    def request(channel, packet):
        start = packet._idx
        channel._conn.x11_left = 1 if packet.get_boolean() else None
        packet._idx = start
        return requested(channel, packet)

    async def create_one(connection, *arguments, **more):
        if connection.x11_left == 0:
            raise ChannelOpenError(1, "single connection")
        if connection.x11_left is not None:
            connection.x11_left -= 1
        return await create(connection, *arguments, **more)
    SSHServerChannel._process_x11_req_request = request
    SSHServerConnection.create_x11_connection = create_one


def any_number_of_connections():
    Login.single_connections = False


def expired():
    Login.expires = False


# name: (what to do, the ids that must fail)
DEVIATIONS = {
    "cert-signature": (ca_signature, ["cert/3.1/ca-signature"]),
    "cert-role": (lambda: certificate_checks(_cert_type=1), ["cert/3.1/role"]),
    "cert-time": (lambda: certificate_checks(_valid_after=0, _valid_before=2 ** 64 - 1), ["cert/3.1/expired"]),
    "cert-principal": (lambda: certificate_checks(principals=[]), ["cert/3.1/principal"]),
    "cert-options": (unknown_options, ["cert/2.1.1/critical"]),
    "cert-permissions": (no_permissions, ["cert/2.3/no-permit"]),
    "zlib-state": (compression_state, ["4253/6.2/zlib-rekey"]),
    "zlib-flush": (compression_flush, ["4253/6.2/zlib-flush", "4253/6.2/zlib-rekey", "ossh/1.2/zlib-delayed"]),
    "rsa-secret": (rsa_secret, ["4432/4/secret-garbage"]),
    "addresses": (addresses, ["4254/7.1/address-forms"]),
    "expired": (expired, ["4252/8/expired"]),
    "x11-single": (any_number_of_connections, ["4254/6.3.1/single-connection"]),
}
# What runs for each of them; the rest is about what nacre has too.
GROUPS = ("cert", "4253/6.2", "ossh/1.2", "4432", "4254/6.3.1", "4254/7.1", "4252/8")
PROFILE = "like = asyncssh\nuser-ca = {}\nexpired = expired\n"


# The server ----------------------------------------------------------------------------------------

class Login:
    expires = True
    single_connections = True


def make_login():
    import asyncssh

    class Server(asyncssh.SSHServer):
        def password_auth_supported(self):
            return True

        def validate_password(self, username, password):
            if username == "expired" and Login.expires:
                raise asyncssh.PasswordChangeRequired("Your password has expired.")
            return password == PASSWORD

        def server_requested(self, listen_host, listen_port):
            return True

        def connection_requested(self, dest_host, dest_port, orig_host, orig_port):
            return True
    return Server


async def run(process):
    display = process.channel.get_x11_display()
    child = await asyncio.create_subprocess_shell(process.command or "true", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                                  env={**os.environ, "DISPLAY": display} if display else None)

    async def feed():
        with contextlib.suppress(Exception):
            while data := await process.stdin.read(65536):
                child.stdin.write(data)
                await child.stdin.drain()
        child.stdin.close()
    feeding = asyncio.create_task(feed())
    with contextlib.suppress(OSError):
        while data := await child.stdout.read(65536):
            process.stdout.write(data)
            await process.stdout.drain()
    process.exit(await child.wait())
    feeding.cancel()


async def serve(folder):
    import asyncssh

    with open(os.path.join(folder, "authorized"), "w", encoding="ascii") as out:
        for name, options in ("key", ""), ("ca", "cert-authority "):
            with open(os.path.join(folder, name + ".pub"), encoding="ascii") as file:
                out.write(options + file.read())
    server = await asyncssh.create_server(make_login(), "127.0.0.1", 0, server_host_keys=[os.path.join(folder, "host")],
                                          authorized_client_keys=os.path.join(folder, "authorized"), encoding=None,
                                          process_factory=run, agent_forwarding=False, x11_forwarding=True,
                                          x11_auth_path=os.path.join(folder, "xauthority"))
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.wait_closed()


def main():
    name, folder = sys.argv[1:]
    if name != "none":
        DEVIATIONS[name][0]()
    if Login.single_connections:
        single_connections()
    asyncio.run(serve(folder))


if __name__ == "__main__":
    main()
