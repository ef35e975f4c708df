#!/usr/bin/python3
"""A server made with Paramiko (served.py). Commands run in a shell; forwarding is not allowed."""
import socket
import subprocess
import threading

import paramiko
from served import HOST_KEYS, KEY, PASSWORD, PORT, say

with open(KEY, encoding="ascii") as file:
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


def feed(channel, child):
    for data in iter(lambda: channel.recv(65536), b""):
        try:
            child.stdin.write(data)
        except BrokenPipeError:
            break
    child.stdin.close()


def forward(stream, send, child):
    for data in iter(lambda: stream.read1(65536), b""):
        try:
            send(data)
        except OSError:  # the client closed the channel
            child.kill()
            break


def run(channel, command):
    child = subprocess.Popen(command, shell=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    threads = [threading.Thread(target=forward, args=(child.stdout, channel.sendall, child)),
               threading.Thread(target=forward, args=(child.stderr, channel.sendall_stderr, child))]
    threading.Thread(target=feed, args=(channel, child), daemon=True).start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    channel.send_exit_status(child.wait() & 0xff)
    channel.close()


def host_key(name):
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            return kind(filename=name)
        except (paramiko.SSHException, ValueError, AttributeError):
            continue
    raise SystemExit(f"{name}: not a host key")


keys = [host_key(name) for name in HOST_KEYS]
listener = socket.create_server(("127.0.0.1", PORT), backlog=100)
say(listener.getsockname()[1])
transports = []
while True:
    transport = paramiko.Transport(listener.accept()[0])
    for key in keys:
        transport.add_server_key(key)
    transport.start_server(threading.Event(), Login())
    transports = [old for old in transports if old.is_alive()] + [transport]
