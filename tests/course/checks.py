"""What the server of each exercise must do. Each check is tried with stock ssh, or with bytes made by hand."""
import base64
import contextlib
import os
import re
import socket
import struct
import subprocess
import threading

import classroom
from classroom import Peer, Server

STALL = float(os.environ.get("NACRE_COURSE_STALL", "10"))  # seconds without a byte that count as a stall


class Failed(Exception):
    """A sentence: what the server did, and what it should have done."""


def expect(condition, sentence):
    if not condition:
        raise Failed(sentence)


def last_words(done):
    """What ssh said last, for a sentence."""
    lines = [line for line in done.stderr.decode(errors="replace").splitlines() if line.strip() and "debug" not in line]
    return lines[-1].strip() if lines else f"exit status {done.returncode}"


def expect_login(server, options=(), **how):
    done = server.ssh("cat", send=b"hello\n", options=options, **how)
    expect(done.returncode == 0 and done.stdout == b"hello\n", f"ssh does not get through: {last_words(done)}")


def stock_ssh(program):
    with Server(program=program) as server:
        expect_login(server)


# 1: identification ---------------------------------------------------------------------------------

def identification(size):
    """An identification string of so many bytes with CR LF."""
    return b"SSH-2.0-" + b"x" * (size - 10)


def is_taken(packets):
    """Was the line accepted? Then the server answers a message that nobody knows: UNIMPLEMENTED (3)."""
    return packets[-1].payload[:1] == b"\x03"


def talk(server, *lines):
    with Peer(server) as peer:
        for line in lines:
            peer.send(line)
        peer.send_packet(b"\x13")
        peer.line()
        return peer.packets()


def longest_line(program):
    with Server(program=program) as server:
        line = identification(255) + b"\r\n"
        expect(is_taken(talk(server, line)), "a line of 255 bytes with CR LF was refused; RFC 4253 section 4.2 allows it")
        expect(is_taken(talk(server, line[:100], line[100:])), "a line that came in two pieces was refused")


def long_line(program):
    with Server(program=program) as server:
        for size in 256, 300, 2000:
            expect(not is_taken(talk(server, identification(size) + b"\r\n")),
                   f"a line of {size} bytes with CR LF was accepted; 255 is the most")


def endless_line(program):
    with Server(program=program) as server, Peer(server, STALL) as peer:
        peer.send(identification(400))
        peer.line()
        try:
            packets = peer.packets()
        except classroom.Trouble:
            raise Failed("400 bytes without an end of line, and the server still waits for more") from None
        expect(packets[-1].payload[:1] == b"\x01", "the server closed the connection without a DISCONNECT (1)")


# 2: packets ----------------------------------------------------------------------------------------

def plain_padding(program):
    with Server(program=program) as server, Peer(server) as peer:
        peer.send_line(b"SSH-2.0-check")
        peer.send_packet(b"\x13")
        peer.line()
        for packet in peer.packets():
            number = packet.payload[0]
            expect(packet.padding >= 4, f"message {number} has {packet.padding} bytes of padding; at least 4 are needed")
            expect(packet.size % 8 == 0, f"the packet of message {number} has {packet.size} bytes, not a multiple of 8")


def encrypted_padding(cipher, mac):
    options = f"Ciphers={cipher}", f"MACs={mac}"

    def check(program):
        with Server(program=program) as server:
            process = subprocess.Popen(server.ssh_command("cat", options=options), stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            try:
                for size in range(1, 34):  # every length modulo 16, each in a packet of its own
                    with contextlib.suppress(BrokenPipeError):
                        process.stdin.write(b"x" * size)
                        process.stdin.flush()
                    back = process.stdout.read(size)
                    if len(back) < size:
                        _, errors = process.communicate(timeout=classroom.PATIENCE)
                        done = subprocess.CompletedProcess([], process.returncode, b"", errors)
                        raise Failed(f"{size} bytes do not come back: {last_words(done)}")
            finally:
                process.kill()
                process.communicate()
    return check


# 3: key exchange -----------------------------------------------------------------------------------

def keys(kex, cipher, mac="hmac-sha2-256"):
    def check(program):
        with Server("--kex", "+" + kex, program=program) as server:
            expect_login(server, (f"KexAlgorithms={kex}", f"Ciphers={cipher}", f"MACs={mac}"))
    return check


# 4: authentication ---------------------------------------------------------------------------------

def key_login(kind, *options):
    def check(program):
        with Server(program=program) as server:
            path = server.path("key")
            if kind != "ed25519":
                os.remove(path)
                os.remove(path + ".pub")
                classroom.make_key(path, kind)
            expect_login(server, ("PreferredAuthentications=publickey", *options))
    return check


def false_agent(listener, blob):
    """An agent that has the key and no private half: it signs everything with zeros. draft-ietf-sshm-ssh-agent."""
    def string(data):
        return struct.pack(">I", len(data)) + data

    signature = string(string(b"ssh-ed25519") + string(bytes(64)))
    answers = {11: b"\x0c" + struct.pack(">I", 1) + string(blob) + string(b"forged"),  # the list of keys
               13: b"\x0e" + signature}
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listener.accept()
            with connection, connection.makefile("rb") as file:
                while len(head := file.read(5)) == 5:
                    file.read(struct.unpack(">I", head[:4])[0] - 1)
                    connection.sendall(string(answers.get(head[4], b"\x05")))  # 5: failure


def public_blob(server):
    with open(server.path("key.pub"), encoding="ascii") as file:
        return base64.b64decode(file.read().split()[1])


def forged(program):
    with Server(program=program) as server, socket.socket(socket.AF_UNIX) as listener:
        path = server.path("agent")
        listener.bind(path)
        listener.listen()
        threading.Thread(target=false_agent, args=(listener, public_blob(server)), daemon=True).start()
        done = server.ssh("cat", options=(f"IdentityAgent={path}", "IdentityFile=none", "IdentitiesOnly=no",
                                          "PreferredAuthentications=publickey"))
        expect("Server accepts key" not in last_words(done) and done.returncode == 255,
               "a signature of zeros logs in: whoever knows the public key gets in")
        server.wait("event=disconnected")
        expect("method=publickey answer=granted" not in server.log() and "wrong signature" in server.log(),
               "a signature of zeros was not refused as a wrong signature")


# 5: channels and windows ---------------------------------------------------------------------------

def transfer(server, size, *words, options=()):
    """Send bytes through ssh; (CompletedProcess, bytes that came back). Failed when none comes for a while."""
    process = subprocess.Popen(server.ssh_command(*words, options=("LogLevel=DEBUG2", *options)), stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    back, errors, moved = [0], [], threading.Event()

    def feed():
        with contextlib.suppress(OSError):
            for _ in range(size // 65536):
                process.stdin.write(bytes(65536))
                moved.set()
            process.stdin.close()

    def drain():
        while chunk := process.stdout.read1(65536):
            back[0] += len(chunk)
            moved.set()

    threads = [threading.Thread(target=work, daemon=True) for work in
               (feed, drain, lambda: errors.extend(process.stderr.readlines()))]
    for thread in threads:
        thread.start()
    try:
        while threads[1].is_alive():
            threads[1].join(0.05)
            if moved.is_set():
                moved.clear()
            elif threads[1].is_alive() and not moved.wait(STALL) and threads[1].is_alive():
                raise Failed(f"the transfer stands still: {back[0]} of {size} bytes came back, and for {STALL:.0f} seconds no more")
        process.wait(classroom.PATIENCE)
    finally:
        process.kill()
        process.wait()
        for thread in threads:
            thread.join()
        for pipe in process.stdout, process.stderr:
            pipe.close()
    return subprocess.CompletedProcess([], process.returncode, b"", b"".join(errors)), back[0]


MIB = 1024 * 1024
GROWTH = 16 * MIB  # bytes by which a window may become wider than it was at first


def through(program):
    with Server(program=program) as server:
        done, back = transfer(server, 6 * MIB, "cat")
        expect(done.returncode == 0 and back == 6 * MIB,
               f"{back} of {6 * MIB} bytes came back, and then: {last_words(done)}")


def promises(program):
    with Server(program=program) as server:
        done, _ = transfer(server, 6 * MIB, "discard")
        expect(done.returncode == 0, f"6 MiB cannot be sent: {last_words(done)}")
        adjusts = [int(n) for n in re.findall(rb"channel 0: rcvd adjust (\d+)", done.stderr)]
        expect(sum(adjusts) <= 6 * MIB + GROWTH,
               f"{sum(adjusts)} bytes of window for {6 * MIB} bytes of data: the same bytes are promised again and again")
        expect(len(adjusts) <= 100, f"{len(adjusts)} WINDOW_ADJUST for 6 MiB: every second message would be one")


# 6: rekeying ---------------------------------------------------------------------------------------

def rekeys(server_options=(), ssh_options=()):
    def check(program):
        with Server(*server_options, program=program) as server:
            done, back = transfer(server, 4 * MIB, "cat", options=ssh_options)
            expect(done.returncode == 0 and back == 4 * MIB,
                   f"{back} of {4 * MIB} bytes came back, and then: {last_words(done)}")
            exchanges = done.stderr.count(b"SSH2_MSG_NEWKEYS received")
            expect(exchanges >= 3, f"only {exchanges} key exchanges for 4 MiB, although one is due for each MiB")
    return check


CHECKS = {
    1: [("stock ssh", stock_ssh),
        ("the longest line that is allowed", longest_line),
        ("a line that is too long", long_line),
        ("a line without an end", endless_line)],
    2: [("packets in plain text", plain_padding),
        ("aes128-ctr, MAC over the plain text", encrypted_padding("aes128-ctr", "hmac-sha2-256")),
        ("aes128-ctr, encrypt-then-MAC", encrypted_padding("aes128-ctr", "hmac-sha2-256-etm@openssh.com")),
        ("chacha20-poly1305", encrypted_padding("chacha20-poly1305@openssh.com", "hmac-sha2-256")),
        ("aes256-gcm", encrypted_padding("aes256-gcm@openssh.com", "hmac-sha2-256"))],
    3: [("keys of 32 bytes from SHA-256", keys("curve25519-sha256", "aes256-gcm@openssh.com")),
        ("keys of 64 bytes from SHA-256", keys("curve25519-sha256", "chacha20-poly1305@openssh.com")),
        ("a MAC key of 64 bytes", keys("ecdh-sha2-nistp256", "aes256-ctr", "hmac-sha2-512")),
        ("keys of 64 bytes from SHA-384", keys("ecdh-sha2-nistp384", "chacha20-poly1305@openssh.com")),
        ("keys of 64 bytes from SHA-512", keys("sntrup761x25519-sha512@openssh.com", "chacha20-poly1305@openssh.com"))],
    4: [("an Ed25519 key, bound to the host key", key_login("ed25519", "PubkeyAuthentication=host-bound")),
        ("an Ed25519 key, as in the RFC", key_login("ed25519", "PubkeyAuthentication=unbound")),
        ("an RSA key with SHA-512", key_login("rsa", "PubkeyAcceptedAlgorithms=rsa-sha2-512")),
        ("an ECDSA key", key_login("ecdsa")),
        ("a forged signature", forged)],
    5: [("a few bytes", stock_ssh),
        ("6 MiB there and back", through),
        ("what the server promises", promises)],
    6: [("a session without a rekey", stock_ssh),
        ("rekeys that ssh begins", rekeys(ssh_options=("RekeyLimit=1M",))),
        ("rekeys that the server begins", rekeys(("--rekey-limit", "1M"))),
        ("rekeys with AES-GCM", rekeys(ssh_options=("RekeyLimit=1M", "Ciphers=aes256-gcm@openssh.com")))],
}
