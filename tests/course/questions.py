"""The answers to the chapters' questions. None is written down: each comes from a session with the server that was built.

The texts of the questions are in the chapters; here is what the reader's answer must look like, a hint for a wrong one, and
what a right one leads to.
"""
import collections
import functools
import re
import struct
import subprocess

from classroom import BUILD, Peer, Server, session, Trouble

CHAPTERS = {1: "1-identification.md", 2: "2-packets.md", 3: "3-key-exchange.md", 4: "4-authentication.md",
            5: "5-channels.md", 6: "6-rekeying.md"}

# read turns the reader's text, and the answer, into what is compared. ValueError: it has another form.
Question = collections.namedtuple("Question", "read answer hint after")


def number(text):
    """Decimal, or hexadecimal with 0x."""
    found = re.fullmatch(r"(0x[0-9a-f]+|[0-9]+)( *bytes?)?", text.strip().lower())
    if found is None:
        raise ValueError("The answer is a number.")
    return int(found[1], 16 if found[1].startswith("0x") else 10)


def words(text):
    return re.sub(r"[\s,]+", " ", text.strip().lower()).split()


def name(text):
    if len(words(text)) != 1:
        raise ValueError("The answer is one name.")
    return words(text)[0]


def names(text):
    """In any order."""
    if not words(text):
        raise ValueError("The answer is one or more names.")
    return set(words(text))


def numbers(text):
    """In this order."""
    return [number(word) for word in words(text)]


# What a trace contains ----------------------------------------------------------------------------

def messages(events, direction=None, number=None):
    return [e for e in events if e["event"] == "message" and direction in (None, e["dir"])
            and number in (None, e["number"])]


def field(message, wanted):
    """A field of a message by its RFC name."""
    for found in message["fields"]:
        if found["name"] == wanted:
            return found
    raise Trouble(f"the trace of {message['name']} has no field '{wanted}'")


@functools.cache
def recorded(*ssh_words, server_options=(), send=b"", options=()):
    return session(*ssh_words, server_options=server_options, send=send, options=options)


# 1: identification --------------------------------------------------------------------------------

def length_of_line():
    with Server() as server, Peer(server) as peer:
        return len(peer.line())


def reason_for_version_1():
    with Server() as server, Peer(server) as peer:
        peer.send_line(b"SSH-1.5-old")
        peer.line()
        return struct.unpack(">I", peer.packets()[-1].payload[1:5])[0]


def first_message():
    with Server() as server, Peer(server) as peer:
        peer.line()
        return peer.packet().payload[0]


# 2: packets ---------------------------------------------------------------------------------------

def unimplemented_size():
    with Server() as server, Peer(server) as peer:
        peer.send_line(b"SSH-2.0-me")
        peer.send_packet(b"\x13")
        peer.line()
        return peer.packets()[-1].size


def keystroke_size():
    events = recorded("cat", send=b"x", options=("Ciphers=aes128-ctr", "MACs=hmac-sha2-256"))
    return messages(events, "in", 94)[0]["packet_length"]


def sequence_number_without_strict():
    newkeys = messages(recorded("cat", send=b"x"), "out", 21)[0]
    return newkeys["seq"] + 1


# 3: key exchange ----------------------------------------------------------------------------------

def chosen():
    events = recorded("cat", options=("KexAlgorithms=ecdh-sha2-nistp256,curve25519-sha256",))
    return [e for e in events if e["event"] == "negotiated"][0]["kex"]


def hybrid_share():
    """Not every ssh has the method, so this is nacre-client's share."""
    with Server("--trace", "trace.json", "--trace-format", "json") as server:
        subprocess.run([f"{BUILD}/nacre-client", "-p", str(server.port), "-i", server.path("key"), "--known-hosts",
                        server.path("known_hosts"), "--kex", "mlkem768x25519-sha256", "alice@localhost", "exit", "0"],
                       check=True, stdin=subprocess.DEVNULL)
        init = messages(server.end_of_trace("trace.json"), "in", 30)[0]
    return field(init, "C_INIT")["len"] - 4


def letters():
    events = recorded("cat", server_options=("--unsafe-keylog", "keys.log"), options=("Ciphers=aes256-gcm@openssh.com",))
    return len({e["label"] for e in events if e["event"] == "secret"} & set("ABCDEF"))


# 4: authentication --------------------------------------------------------------------------------

def requests():
    return len(messages(recorded("cat", send=b"x"), "in", 50))


def session_id_size():
    events = recorded("cat", options=("KexAlgorithms=sntrup761x25519-sha512@openssh.com",))
    return len([e for e in events if e["event"] == "hash"][0]["session_id"]) // 2


def still_required():
    with Server("--require", "publickey,password") as server:
        said = server.ssh("cat", options=("LogLevel=DEBUG1", "BatchMode=yes")).stderr.decode()
    return re.findall(r"Authentications that can continue: (\S+)", said)[-1]


# 5: channels and windows --------------------------------------------------------------------------

def left_of_window():
    events = recorded(send=b"hello\n")
    used = sum(field(m, "data")["len"] - 4 for m in messages(events, "in", 94))
    return field(messages(events, "out", 91)[0], "initial window size")["value"] - used


def last_messages():
    sent = [m["number"] for m in messages(recorded("cat", send=b"x"), "out") if 90 <= m["number"] <= 100]
    return sent[-3:]


def longest_data():
    sent = messages(recorded("chargen 1000000"), "out", 94)
    return max(field(m, "data")["len"] - 4 for m in sent)


# 6: rekeying and closing --------------------------------------------------------------------------

def rekeyed():
    return recorded("cat", send=bytes(3 << 20), options=("RekeyLimit=1M",))


def only_first():
    lists = [field(m, "kex_algorithms")["list"] for m in messages(rekeyed(), "out", 20)]
    return ",".join(sorted(set(lists[0]) - set(lists[1])))


def messages_of_rekey():
    numbers = [m["number"] for m in messages(rekeyed(), "out")]
    begin = numbers.index(20, numbers.index(21))
    return numbers.index(21, begin) - begin + 1


def last_reason():
    return field(messages(recorded("cat", send=b"x"), "in", 1)[0], "reason code")["value"]


QUESTIONS = {
    1: [Question(number, length_of_line,
                 "RFC 4253 section 8 names V_S and says which two bytes at the end of the line are not part of it.",
                 "V_S is the line without CR LF. A peer that hashes one byte more gets another H, and no login."),
        Question(number, reason_for_version_1,
                 "The last packet that nc shows is the DISCONNECT. After the message number 01 comes a uint32.",
                 "PROTOCOL_VERSION_NOT_SUPPORTED, RFC 4253 section 11.1."),
        Question(number, first_message,
                 "After CR LF come packet_length (4 bytes) and padding_length (1 byte). The next byte is the message number.",
                 "KEXINIT. The server need not wait for the client's line: RFC 4253 section 5.1 allows it.")],
    2: [Question(number, unimplemented_size,
                 "The payload has a byte and a uint32. Add the two length fields and at least 4 bytes of padding, and round up "
                 "to a multiple of 8.",
                 "4 + 1 + 5 is 10, and 6 bytes of padding make 16."),
        Question(number, keystroke_size,
                 "The payload is byte, uint32, string. The block of AES has 16 bytes, the length field counts here, and the MAC "
                 "is not padded.",
                 "4 + 1 + 10 and 17 bytes of padding are two blocks, and the MAC has 32 bytes: 64 bytes for one."),
        Question(number, sequence_number_without_strict,
                 "Then nothing happens to the count at NEWKEYS. Which number has NEWKEYS itself?",
                 "The count would just go on. Terrapin shifted it: CVE-2023-48795.")],
    3: [Question(name, chosen,
                 "RFC 4253 section 7.1 says whose order decides. Try it, with -o KexAlgorithms=...",
                 "The first name on the client's list that the server has too. The server's own order decides nothing."),
        Question(number, hybrid_share,
                 "The share is an ML-KEM-768 encapsulation key followed by an X25519 public key: FIPS 203 and RFC 7748 have "
                 "their lengths.",
                 "1184 bytes for ML-KEM and 32 for X25519."),
        Question(number, letters,
                 "RFC 4253 section 7.2 has six. Which two does a cipher not need that authenticates by itself?",
                 "A and B are the IVs, C and D the keys. E and F would be for MACs.")],
    4: [Question(number, requests,
                 "The first asks for the list of methods (none), and there is one that only asks whether the key would do.",
                 "none, the query, and the proof."),
        Question(number, session_id_size,
                 "The session identifier is the first exchange hash. Which hash does this method end with?",
                 "SHA-512 gives 64 bytes; with curve25519-sha256 they are 32."),
        Question(names, still_required,
                 "The name-list of USERAUTH_FAILURE names what can continue, not what was done.",
                 "And partial success is TRUE: the key counted. RFC 4252 section 5.1.")],
    5: [Question(number, left_of_window,
                 "CHANNEL_OPEN_CONFIRMATION has the initial window. Which of the two messages uses some of it, and how much?",
                 "Six bytes less than 128 KiB. Only data counts: not its header, and not EOF."),
        Question(numbers, last_messages,
                 "One is a CHANNEL_REQUEST of the server's: it says how the program ended. CLOSE comes last.",
                 "exit-status, EOF, CLOSE. After CLOSE nothing may be sent, so the exit status must come before it."),
        Question(number, longest_data,
                 "The window is wider. What else did ssh say in CHANNEL_OPEN?",
                 "ssh's maximum packet size. The window limits all bytes together, this limits one message.")],
    6: [Question(names, only_first,
                 "Compare the two KEXINIT of the server: three names, which are no key exchange methods.",
                 "They speak about the connection, so the first KEXINIT is enough."),
        Question(number, messages_of_rekey,
                 "Look at the arrows of the server only. And what must wait, waits.",
                 "KEXINIT, the reply, NEWKEYS. The data of the transfer is queued meanwhile."),
        Question(number, last_reason,
                 "ssh sends a DISCONNECT when its last channel is closed. Its first field is the reason.",
                 "BY_APPLICATION. Closing a channel does not end the connection; this does.")],
}


def texts(chapter_text):
    """The questions as the chapter has them: the items of the numbered list below the heading."""
    part = chapter_text.split("\n## Three questions\n", 1)[1].split("\n## ", 1)[0]
    items = re.split(r"^\d\. ", part, flags=re.M)[1:]
    return [" ".join(re.split(r"\n\n", item, maxsplit=1)[0].split()) for item in items]
