#!/usr/bin/python3
"""A client made with Paramiko (connected.py)."""
import sys
import time

import paramiko
from connected import COMMAND, FORWARD, HOST, INTENT, KEY, KNOWN_HOSTS, PORT, USER, answers, ask, end, relay
from cryptography.hazmat.primitives import serialization


def read_key():
    if not KEY.endswith("id_rsa"):
        return paramiko.Ed25519Key.from_private_key_file(KEY)
    with open(KEY, "rb") as file:  # PKCS #8, which Paramiko does not read itself
        return paramiko.RSAKey(key=serialization.load_pem_private_key(file.read(), None))


def log_in(transport):
    if INTENT == "password":
        wanted = transport.auth_password(USER, ask("Password: "), fallback=False)
    elif INTENT == "keyboard-interactive":
        wanted = transport.auth_interactive(USER, answers)
    else:
        wanted = transport.auth_publickey(USER, read_key())
    if "password" in wanted:
        transport.auth_password(USER, ask("Password: "), fallback=False)


def start(channel):
    if INTENT == "terminal":
        channel.get_pty()
    if INTENT == "x11":
        channel.request_x11()
    if INTENT == "subsystem":
        channel.invoke_subsystem(COMMAND)
    elif COMMAND is None:
        channel.invoke_shell()
    else:
        channel.exec_command(COMMAND)


def run(transport):
    transport.start_client()
    if not paramiko.HostKeys(KNOWN_HOSTS).check(f"[{HOST}]:{PORT}", transport.get_remote_server_key()):
        sys.exit("The server has another host key.")
    log_in(transport)
    if INTENT == "remote-forward":
        transport.request_port_forward(*FORWARD, handler=lambda *_: None)
    channel = transport.open_session()
    start(channel)
    relay(channel.sendall, channel.shutdown_write, channel.recv, channel.recv_stderr)
    status = channel.recv_exit_status()
    channel.close()
    time.sleep(0.05)  # the transport's thread may be about to send CLOSE
    transport.close()
    end(status)


run(paramiko.Transport((HOST, PORT)))
