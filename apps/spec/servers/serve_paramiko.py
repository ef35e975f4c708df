#!/usr/bin/python3
"""A server made with Paramiko (served.py). Commands run in a shell; forwarding is not allowed."""
import os
import socket
import threading
from subprocess import PIPE, Popen

import paramiko
from served import HOST_KEYS, KEY, PASSWORD, PORT, forward, say

KINDS = {"host": paramiko.Ed25519Key, "host_ecdsa": paramiko.ECDSAKey, "host_rsa": paramiko.RSAKey}

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


def run(channel, command):
    child = Popen(command, shell=True, bufsize=0, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    streams = ((channel.recv, child.stdin.write, child.stdin.close),
               (child.stdout.read, channel.sendall, child.stdout.close),
               (child.stderr.read, channel.sendall_stderr, child.stderr.close))
    threads = [threading.Thread(target=forward, args=stream, daemon=True) for stream in streams]
    for thread in threads:
        thread.start()
    for thread in threads[1:]:
        thread.join()
    channel.send_exit_status(child.wait() & 0xff)
    channel.close()


keys = [KINDS[os.path.basename(name)](filename=name) for name in HOST_KEYS]
listener = socket.create_server(("127.0.0.1", PORT), backlog=100)
say(listener.getsockname()[1])
transports = []
while True:
    transport = paramiko.Transport(listener.accept()[0])
    for key in keys:
        transport.add_server_key(key)
    transport.start_server(threading.Event(), Login())
    transports = [old for old in transports if old.is_alive()] + [transport]
