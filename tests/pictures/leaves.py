"""The session of the page: every byte on the wire, what it is before encryption, and the field that it belongs to.

The bytes are those of vectors/handshake.txt, decrypted by tests/interop/test_handshake.py with Python's cryptography; the fields
are from the trace code (bytes.c). Both must agree about every message.
"""
import json
import os
import sys

import facts
import sentences

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "interop"))
import test_handshake as handshake  # noqa: E402

METHOD = "curve25519-sha256"


class Leaf:
    """A few bytes that mean one thing."""

    def __init__(self, name, size, kind, sentence, value=""):
        self.name, self.size, self.kind, self.sentence, self.value = name, size, kind, sentence, value
        self.plain = self.wire = b""


class Packet:
    """One packet, or the identification line. `message`: the trace code's object, or None for a line."""

    def __init__(self, side, message, leaves, wire, plain):
        self.side, self.message, self.leaves, self.wire = side, message, leaves, wire
        at = 0
        for leaf in leaves:
            leaf.wire, leaf.plain = wire[at:at + leaf.size], plain[at:at + leaf.size]
            at += leaf.size
        assert at == len(wire), (message and message["name"], at, len(wire))
        self.encrypted = plain[:len(wire) - (32 if len(plain) < len(wire) else 0)] != wire[:len(plain)]


def kind_of(message):
    """The key of a message in sentences.MESSAGES."""
    for key in (f"{message['name']} {message.get('kind')}", f"{message['name']} {message['dir']}", message["name"]):
        if key in sentences.MESSAGES:
            return key
    raise KeyError(message["name"])


def field_sentence(message, path, context):
    """The most exact row of sentences.FIELDS."""
    name, whole = path[-1], "/".join([message["name"], *path])
    keys = [f"{whole} {message['dir']}", f"{message['name']}/{name} {context}", whole, f"{message['name']}/{name} {message['dir']}",
            f"{message['name']}/{name}", name]
    for key in keys:
        if key in sentences.FIELDS:
            return sentences.FIELDS[key]
    raise KeyError(keys)


def shown(field):
    """The value as a person reads it."""
    if "list" in field:
        return ", ".join(field["list"])
    if "text" in field:
        return json.dumps(field["text"])
    if "value" in field:
        return {True: "TRUE", False: "FALSE"}[field["value"]] if isinstance(field["value"], bool) else f"{field['value']:,}"
    return ""


def field_leaves(message, field, path, context):
    """A string is its length and what follows; fields inside take the place of the latter."""
    path = path + [field["name"]]
    if field["type"] not in ("string", "name-list", "mpint"):
        return [Leaf(field["name"], field["len"], "value", field_sentence(message, path, context), shown(field))]
    size = field["len"] - 4
    length = sentences.FRAME["length" if size else "empty"].format(value=size, what=field["type"].replace("-", " "))
    leaves = [Leaf(f"length of {field['name']}", 4, "length", length)]
    if "fields" in field:
        leaves[0].sentence += " " + field_sentence(message, path, context)
        for inner in field["fields"]:
            leaves += field_leaves(message, inner, path, context)
    elif size:
        leaves.append(Leaf(field["name"], size, "value", field_sentence(message, path, context), shown(field)))
    else:
        leaves[0].name, leaves[0].sentence = field["name"], length + " " + field_sentence(message, path, context)
    return leaves


def payload_leaves(message):
    number = sentences.FRAME["message number"].format(value=message["number"], name=message["name"])
    leaves, context = [Leaf("message number", 1, "number", number)], None
    for field in message["fields"]:
        context = field.get("text", context) if field["name"] == "extension-name" else context
        leaves += field_leaves(message, field, [], context)
    assert sum(leaf.size for leaf in leaves) == message["length"]
    return leaves


def packet_leaves(message, plain, mac, letter):
    """plain: padding_length, payload and padding"""
    frame, padding = sentences.FRAME, plain[0]
    etm = "packet_length etm" if mac else "packet_length"
    leaves = [Leaf("packet_length", 4, "frame", frame[etm].format(value=len(plain), mac="")),
              Leaf("padding_length", 1, "frame", frame["padding_length"].format(value=padding, block=16 if mac else 8))]
    leaves += payload_leaves(message)
    leaves.append(Leaf("random padding", padding, "frame", frame["padding"]))
    if mac:
        leaves.append(Leaf("MAC", mac, "mac", frame["MAC"].format(letter=letter, seq=message["seq"], covered=4 + len(plain))))
    return leaves


class Exchange:
    """What both sides compute between KEX_ECDH_REPLY and NEWKEYS."""

    def __init__(self, client, server, k):
        self.client, self.server, self.k = client, server, k
        self.digest = handshake.hash_of(METHOD)

    def compute(self, messages):
        """messages: both KEXINITs, then both messages of the method"""
        i_c, i_s, init, reply = messages
        host_key, after = handshake.take_string(reply, 1)
        _, end = handshake.take_string(reply, after)
        self.fields = [("V_C", "string", handshake.string(self.client.version)), ("V_S", "string", handshake.string(self.server.version)),
                       ("I_C", "string", handshake.string(i_c)), ("I_S", "string", handshake.string(i_s)),
                       ("K_S", "string", handshake.string(host_key)), ("Q_C", "string", init[1:]), ("Q_S", "string", reply[after:end]),
                       ("K", "mpint", self.k)]
        self.h = self.digest(b"".join(value for _, _, value in self.fields)).digest()
        self.names = handshake.lists(i_c)

    def key(self, letter, length):
        return handshake.derive(self.digest, self.k, self.h, letter.encode(), length)

    def protection(self, letters):
        return handshake.protection(self.names[2][0], self.names[4][0], self.digest, self.k, self.h,
                                    [letter.encode() for letter in letters])


def identification(side, line):
    leaves = [Leaf(name, len(part), "value" if name != "CR LF" else "frame", sentence,
                   json.dumps(part.decode()) if name != "CR LF" else "") for part, name, sentence in sentences.IDENTIFICATION]
    assert b"".join(part for part, _, _ in sentences.IDENTIFICATION) == line
    return Packet(side, None, leaves, line, line)


def read():
    """([Packet], Exchange) of the whole session, in the order in which the server sends and receives."""
    vector = next(session for session in handshake.sessions() if session["kex"] == METHOD)
    sides = {"in": handshake.Side(vector["client"]), "out": handshake.Side(vector["server"])}
    exchange, first = Exchange(sides["in"], sides["out"], vector["K"]), {}
    packets = [identification(dir_, sides[dir_].version + b"\r\n") for dir_ in ("in", "out")]
    for message in map(json.loads, facts.text_lines("bytes", "{")):
        side, letters = sides[message["dir"]], "ACE" if message["dir"] == "in" else "BDF"
        before, mac = side.data, side.protection.tag
        payload = side.next()
        assert payload.hex() == message["payload"], message["name"]
        wire = before[:len(before) - len(side.data)]
        plain = len(side.plain).to_bytes(4, "big") + side.plain
        packets.append(Packet(message["dir"], message, packet_leaves(message, side.plain, mac, letters[2]), wire, plain))
        first.setdefault((message["number"], message["dir"]), payload)
        if message["number"] == 31:
            exchange.compute([first[20, "in"], first[20, "out"], first[30, "in"], first[31, "out"]])
        if message["number"] == 21:
            side.take_keys(exchange.protection(letters))
    for dir_, name in (("in", "client"), ("out", "server")):
        assert sides[dir_].data == b""
        assert b"".join(packet.wire for packet in packets if packet.side == dir_) == vector[name]
    return packets, exchange
