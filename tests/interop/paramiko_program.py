#!/usr/bin/env python3
"""paramiko as a separate program, which tests can stop and kill.

    paramiko_program.py HOST PORT USER KEY_FILE HOST_KEY [COMMAND]

Standard input goes to the command or the shell, and its output to standard output. Exits with its status.
"""
import os
import sys
import threading
import time
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # about old ciphers
    import paramiko

CHUNK = 65536


def send(channel):
    """Send standard input as it arrives, and then EOF."""
    try:
        for data in iter(lambda: os.read(0, CHUNK), b""):
            channel.sendall(data)
        channel.shutdown_write()
    except OSError:  # the other end may close first
        pass


def main(host, port, user, key_file, host_key, command=None):
    transport = paramiko.Transport((host, int(port)))
    transport.start_client()
    found = transport.get_remote_server_key()
    if f"{found.get_name()} {found.get_base64()}" != host_key:
        raise SystemExit("another host key")
    transport.auth_publickey(user, paramiko.Ed25519Key.from_private_key_file(key_file))
    channel = transport.open_session()
    if command:
        channel.exec_command(command)
    else:
        channel.invoke_shell()
    threading.Thread(target=send, args=(channel,), daemon=True).start()
    with open(1, "wb", buffering=0, closefd=False) as out:
        for data in iter(lambda: channel.recv(CHUNK), b""):
            while data:
                data = data[out.write(data):]
    status = channel.recv_exit_status()
    while not channel.closed and transport.is_active():
        time.sleep(0.01)
    if transport.is_active():  # the reply is read after CLOSE was sent
        transport.global_request("nothing@example.com", wait=True)
    transport.close()
    os._exit(status if status >= 0 else 255)  # a thread may still wait for standard input


if __name__ == "__main__":
    main(*sys.argv[1:])
