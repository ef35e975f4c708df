#!/usr/bin/env python3
"""Does nacre-spec notice what it should? Plant deviations in a copy of nacre-echo, one at a time.

    spec_planted.py [NAME...]        needs `make all`; builds the copy in build/planted, prints a line for each deviation

Each row of DEVIATIONS changes one place of the product: the text `old`, which must occur exactly once in its file, becomes `new`
while the deviation is switched on. The copy has all of them, and the environment variable NACRE_PLANTED chooses one. Exactly the
cases that the row names must fail then, and no others; without a deviation none may fail. What nacre does not have is planted in
asyncssh: spec_planted_asyncssh.py.
"""
import json
import os
import re
import shutil
import subprocess
import sys

import spec_planted_asyncssh
from harness import BUILD, PASSWORD, TOP, USER, Server, ssh_keygen
from others import Other

COPY = os.path.join(BUILD, "planted")
NACRE_SPEC = os.path.join(BUILD, "nacre-spec")
HOST_KEYS = [os.path.join(COPY, "host_key_" + kind) for kind in ("rsa", "ecdsa")]
OPTIONS = ("-k", HOST_KEYS[0], "-k", HOST_KEYS[1], "--max-startups", "1000", "--rate-limits", "no", "--kex", "+diffie-hellman-*",
           "--keyboard-interactive")
# These wait for 10 seconds, and no deviation is about them.
LEFT_OUT = ("4253/6.1/length-1mib-stalls", "4253/6.1/length-early", "cc20/7/length-unverified")

# name: (file, old, new, the ids that must fail). In `new`, ON is whether the deviation is switched on.
DEVIATIONS = {
    # identification: RFC 4253 section 4.2
    "version-spaces": (
        "transport/version.c", "        return judge(*line);",
        "        { while (ON && line->len > 0 && line->at[line->len - 1] == ' ') line->len--; return judge(*line); }",
        ["4253/4.2/ident-hashed-exactly"]),
    "version-1.5": (
        "transport/version.c", '!starts_with(line, "SSH-2.0-")', '!starts_with(line, ON ? "SSH-" : "SSH-2.0-")',
        ["4253/5.1/ident-1.5"]),
    # packets and their protection: sections 6 to 6.4
    "alignment": (
        "transport/packet.c", "aligned_part(d, packet_length) % d->cipher->block_len == 0;",
        "(ON || aligned_part(d, packet_length) % d->cipher->block_len == 0);",
        ["4253/6/misaligned-sealed", "4344/4/ctr-alignment", "5647/7.2/gcm-alignment", "ossh/1.5/etm-alignment"]),
    "padding-3": (
        "transport/packet.c", "    if (padding < PADDING_MIN)\n        padding += block;",
        "    if (padding < (ON ? 1U : PADDING_MIN))\n        padding += block;",
        ["4253/6/own-padding", "5647/7.2/own-padding"]),
    "chacha-tag": (
        "transport/cipher_chacha20_poly1305.c", "!secrets_equal(tag, packet + sealed, TAG)",
        "(!ON && !secrets_equal(tag, packet + sealed, TAG))",
        ["4253/6.4/body-bit", "4253/6.4/tag-bit", "cc20/7/tag-first"]),
    "mac-12-bytes": (
        "transport/cipher_aes_ctr.c", "secrets_equal(mac, packet.at + packet.len, s->mac_len)",
        "secrets_equal(mac, packet.at + packet.len, ON ? 12 : s->mac_len)", ["4253/6.4/tag-bit-last"]),
    "ignore-kept": (  # 200 bytes for each one
        "transport/generic.c", "int on_ignore(struct transport *t, struct reader *r)\n{\n",
        "int on_ignore(struct transport *t, struct reader *r)\n{\n    if (ON) {\n        extern void *calloc(unsigned long, unsigned "
        "long);\n        *(volatile char *)calloc(1, 200) = 1;\n    }\n", ["4253/11.2/ignore-flood"]),
    # KEXINIT: section 7.1
    "cookie": (
        "transport/kexinit.c", "    random_fill(t->config->random, cookie, sizeof cookie);",
        "    random_fill(t->config->random, cookie, sizeof cookie);\n    if (ON)\n        cookie[0] = cookie[1] = 0, "
        "memset(cookie, 0, sizeof cookie);", ["4253/7.1/own-cookie"]),
    "reserved": (
        "transport/kexinit.c", "    (void)read_u32(&r);\n", "    if (read_u32(&r) != 0 && ON)\n        return false;\n",
        ["4253/7.1/reserved-set"]),
    "kexinit-end": (
        "transport/kexinit.c", "    return read_done(&r);\n}\n\nstatic bool is_marker",
        "    return ON || read_done(&r);\n}\n\nstatic bool is_marker",
        ["4253/7.1/list-length-lies", "4253/7.1/truncated-reserved"]),
    "host-key-order": (
        "transport/kexinit.c", "algorithm_choose(ALGORITHM_HOST_KEY, client->lists[HOST_KEY], server->lists[HOST_KEY])",
        "algorithm_choose(ALGORITHM_HOST_KEY, (ON ? server : client)->lists[HOST_KEY], (ON ? client : "
        "server)->lists[HOST_KEY])", ["4253/7.1/client-order-wins", "4253/9/algorithms-change"]),
    "nul-in-list": (
        "transport/wire.c", "    return is_name(list) ? list : refuse(r);\n}\n\nstruct bytes read_mpint",
        "    if (ON && list.len > 0 && list.at[list.len - 1] == 0)\n        list.len--;\n    return is_name(list) ? list : "
        "refuse(r);\n}\n\nstruct bytes read_mpint", ["4251/5/nul-in-list"]),
    "boolean-1": (
        "transport/wire.c", "return read_u8(r) != 0;", "return ON ? read_u8(r) == 1 : read_u8(r) != 0;",
        ["4251/5/boolean-2", "4252/7/proof-boolean-2", "4254/5.4/want-reply-2"]),
    "ext-marker-again": (
        "transport/kexinit.c", "if (list == KEX && t->kex->first)", "if (list == KEX && (ON || t->kex->first))",
        ["8308/2.1/own-marker-first-only"]),
    # guesses: section 7
    "guess-host-key": (
        "transport/kexinit.c", "!bytes_equal(first_of(lists[NACRE_CLIENT].lists[HOST_KEY]),",
        "!ON && !bytes_equal(first_of(lists[NACRE_CLIENT].lists[HOST_KEY]),", ["4253/7/guess-wrong-hostkey"]),
    "guess-used": (
        "transport/kex.c", "    if (t->kex->drop_guess) {", "    if (!ON && t->kex->drop_guess) {",
        ["4251/5/boolean-2", "4253/7/guess-in-rekey", "4253/7/guess-wrong-but-same", "4253/7/guess-wrong-hostkey",
         "4253/7/guess-wrong-method", "4253/7/guess-wrong-size", "strict/3.2/wrong-guess"]),
    "out-of-order": (
        "transport/kex.c", "    if (number != step->expects)\n", "    if (ON && number != step->expects)\n        return 0;\n"
        "    if (number != step->expects)\n", ["4253/7.1/reply-from-client", "4419/3/gex-init-first", "4419/3/gex-request-twice"]),
    # strict kex
    "strict-first-packet": (
        "transport/kex.c", "t->negotiated.strict && t->receiving.seq != 1", "t->negotiated.strict && !ON && t->receiving.seq != 1",
        ["strict/3.2/debug-before-kexinit", "strict/3.2/ignore-before-kexinit"]),
    "strict-in-kex": (
        "transport/phase.c", "if (strict && (phase & FIRST_EXCHANGE) && !row->strict)",
        "if (!ON && strict && (phase & FIRST_EXCHANGE) && !row->strict)",
        ["strict/3.2/debug-in-kex", "strict/3.2/ignore-before-newkeys", "strict/3.2/ignore-in-kex",
         "strict/3.2/unimplemented-in-kex"]),
    # shares: section 8, RFC 8731
    "share-longer": (
        "transport/kex_ecdh.c", "share.len <= len : share.len == len;", "share.len <= len : (ON ? share.len >= len : share.len == len);",
        ["8731/3/share-33", "9941/3/init-length", "mlkem/2.1/init-length"]),
    "x25519-zero": (
        "crypto/x25519.c", "    memset(out, 0, X25519_LEN);\n    return false;", "    memset(out, 0, X25519_LEN);\n    return ON;",
        ["8731/3/share-small-order", "8731/3/share-zero", "9941/3/x25519-zero", "mlkem/2.1/x25519-zero"]),
    # RFC 8308
    "ext-info-count": (
        "transport/extension.c", 'return read_done(r) ? 0 : transport_malformed(t, "EXT_INFO is malformed");',
        'return ON || read_done(r) ? 0 : transport_malformed(t, "EXT_INFO is malformed");',
        ["8308/2.3/count-ffffffff", "8308/2.3/count-lies"]),
    "ext-info-unasked": (
        "transport/kexinit.c", "t->peer.wants_ext_info = name_list_has", "t->peer.wants_ext_info = ON || name_list_has",
        ["8308/2.2/own-only-if-asked"]),
    "sig-algs": (
        "transport/extension.c", "        write_our_names(t, &w, ALGORITHM_PUBLIC_KEY);",
        '        if (ON)\n            write_bytes(&w, bytes_of("rsa-sha2-256"));\n        else\n            write_our_names(t, '
        "&w, ALGORITHM_PUBLIC_KEY);", ["4252/7/proof-each-type", "8308/3.1/own-sig-algs"]),
    # RFC 4253 sections 10 and 11, PING
    "service": (
        "transport/generic.c", "    if (!is_auth(t, name))\n        return transport_fail(t, SSH_DISCONNECT_SERVICE_NOT_AVAILABLE,",
        "    if (!ON && !is_auth(t, name))\n        return transport_fail(t, SSH_DISCONNECT_SERVICE_NOT_AVAILABLE,",
        ["4253/10/connection-first", "4253/10/unknown-service"]),
    "unimplemented-number": (
        "transport/generic.c", "write_u32(&w, t->receiving.seq - 1);", "write_u32(&w, t->receiving.seq - !ON);",
        ["4253/11.4/order", "4253/11.4/unknown-127", "4253/11.4/unknown-128", "4253/11.4/unknown-255", "4253/11.4/unknown-29",
         "4253/11.4/unknown-79", "4253/11.4/unknown-8", "strict/3.3/unimplemented-number"]),
    "reason-0": (
        "transport/send.c", "    write_u32(&w, reason);", "    write_u32(&w, ON ? 0 : reason);", ["4253/11.1/own-reason"]),
    "pong-empty": (
        "transport/extension.c", "    write_string(&w, data);\n    transport_send(t, &w);\n    return 0;",
        "    write_string(&w, ON ? (struct bytes){NULL, 0} : data);\n    transport_send(t, &w);\n    return 0;",
        ["ping/4/pings-in-order"]),
    # RFC 4252
    "late-request": (
        "transport/receive.c", "    case VERDICT_IGNORE:\n        break;",
        "    case VERDICT_IGNORE:\n        if (ON)\n            send_unimplemented(t);\n        break;", ["4252/5.1/success-once"]),
    "channel-before-login": (
        "transport/receive.c", "    case VERDICT_ILLEGAL:\n",
        "    case VERDICT_ILLEGAL:\n        if (ON && before == PHASE_AUTH && payload.at[0] >= 80)\n            break;\n",
        ["4252/6/channel-before-auth", "4252/6/global-before-auth", "4252/6/request-before-auth", "4253/11.4/unknown-in-auth"]),
    "success-from-client": (
        "transport/receive.c", "        (void)transport_fail(t, SSH_DISCONNECT_PROTOCOL_ERROR, \"message not allowed at this point\");",
        "        if (ON && before == PHASE_AUTH && payload.at[0] == SSH_MSG_USERAUTH_SUCCESS) {\n"
        "            transport_set_phase(t, PHASE_CONNECTION);\n            (void)transport_start_service(t, SERVICE_CONNECTION);\n"
        "            break;\n        }\n"
        "        (void)transport_fail(t, SSH_DISCONNECT_PROTOCOL_ERROR, \"message not allowed at this point\");",
        ["4252/6/success-from-client", "hkup/2.1/own-hostkeys"]),
    "signature": (
        "auth/method_publickey.c", "!w.bad && key_verify(", "!w.bad && (ON || key_verify(",
        ["4252/7/proof-other-service", "4252/7/proof-other-session", "4252/7/proof-other-user", "4252/7/proof-wrong"]),
    # RFC 4256, and two factors: RFC 4252 sections 5 and 5.1
    "prompt-empty": (
        "auth/method_interactive.c", "        write_string(&w, text_clipped(prompts[i].text, TEXT_MAX));",
        "        write_string(&w, ON ? (struct bytes){NULL, 0} : text_clipped(prompts[i].text, TEXT_MAX));",
        ["4256/3.2/own-prompts"]),
    "factors-kept": (
        "auth/server.c", "        a->done = 0;\n", "        a->done = ON ? a->done : 0;\n",
        ["4252/5/user-changes"]),
    "factors-listed": (
        "auth/reply.c", "           !(a->done & bit_of(a, name));\n",
        "           (ON || !(a->done & bit_of(a, name)));\n", ["4252/5.1/partial-success"]),
    "lists-none": (
        "auth/reply.c", "    write_string_end(&w, begin);\n    write_bool(&w, partial);",
        '    if (ON)\n        write_bytes(&w, bytes_of(",none"));\n    write_string_end(&w, begin);\n    write_bool(&w, partial);',
        ["4252/4/own-no-none"]),
    # RFC 4254
    "window-one-more": (
        "connection/channel_data.c", "    ch->peer_window += bytes;", "    ch->peer_window += bytes + (ON && bytes > 0 && ch->peer_window + bytes < UINT32_MAX);",
        ["4254/5.2/own-within-window"]),
    "packet-one-more": (
        "connection/channel_data.c", "smaller(ch->peer_window, ch->peer_max_packet)",
        "smaller(ch->peer_window, ch->peer_max_packet + (ON && ch->peer_max_packet < 32768))", ["4254/5.2/own-within-packet"]),
    "close-unanswered": (
        "connection/channel_close.c", "    send_bare(ch, SSH_MSG_CHANNEL_CLOSE);",
        "    if (!ON || !ch->got_close)\n        send_bare(ch, SSH_MSG_CHANNEL_CLOSE);",
        ["4254/5.3/close-answered", "4254/5.3/close-window-0"]),
    "data-length": (
        "connection/channel_data.c", "    if (!read_done(r))\n        return transport_malformed(ch->connection->transport, \"CHANNEL_DATA is malformed\");",
        "    if (!ON && !read_done(r))\n        return transport_malformed(ch->connection->transport, \"CHANNEL_DATA is malformed\");",
        ["4254/5.2/data-length-lies", "robust/memory-string", "robust/memory-truncated"]),
    "open-reason": (
        "connection/channel_open.c", "    write_u32(&w, why.reason);", "    write_u32(&w, ON ? 0 : why.reason);",
        ["4254/5.1/own-reason", "4254/5.1/unknown-type", "4254/7.2/direct"]),
    "reply-unasked": (
        "connection/channel_request.c", "    if (!want_reply || ch->sent_close)\n", "    if ((!want_reply && !ON) || ch->sent_close)\n",
        ["4254/5.4/unknown-no-reply", "4335/3/break-no-reply", "ossh/2.1/eow"]),
    "global-reply-unasked": (
        "connection/global.c", "        reply.state = REPLY_NONE;\n    return answer(c, reply);",
        "        reply.state = ON ? REPLY_FAILURE : REPLY_NONE;\n    return answer(c, reply);", ["4254/4/unknown-no-reply"]),
    "second-program": (
        "connection/channel_request.c", "return (starts_program(kind) && ch->has_program) ||",
        "return (!ON && starts_program(kind) && ch->has_program) ||", ["4254/6.5/one-program"]),
    "exit-signal": (
        "connection/channel_request.c", "        write_text(&w, ch->exit_signal);", '        write_text(&w, ON ? "KILL" : ch->exit_signal);',
        ["4254/6.10/exit-signal"]),
}

# What belongs to the row: the end of what "signature" opens, and the room for the name that "lists-none" adds.
ALSO = {"signature": ("auth/method_publickey.c", "q->signature, written_bytes(&w));", "q->signature, written_bytes(&w)));"),
        "lists-none": ("auth/reply.c", '"publickey,password,keyboard-interactive"', '"publickey,password,keyboard-interactive,none"')}

# Included before every source file of the copy.
SWITCH = """
extern char *getenv(const char *name);
extern int atoi(const char *text);
static inline int planted(int number)
{
    static int chosen = -1;
    if (chosen < 0)
        chosen = getenv("NACRE_PLANTED") ? atoi(getenv("NACRE_PLANTED")) : 0;
    return chosen == number;
}
"""


def change(path, old, new):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if text.count(old) != 1:
        sys.exit(f"{path}: the text of a deviation occurs {text.count(old)} times, not once: {old!r}")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace(old, new))


def build(copy, program, deviations):
    """A copy of the tree with all deviations, each behind its switch, and the program from it."""
    shutil.rmtree(copy, ignore_errors=True)
    files = subprocess.run(["git", "ls-files", "-z"], cwd=TOP, check=True, capture_output=True, text=True).stdout
    for name in filter(None, files.split("\0")):
        if os.path.isfile(os.path.join(TOP, name)):
            os.makedirs(os.path.dirname(os.path.join(copy, name)), exist_ok=True)
            shutil.copy(os.path.join(TOP, name), os.path.join(copy, name))
    for number, (name, (path, old, new, _)) in enumerate(deviations.items(), 1):
        change(os.path.join(copy, path), old, re.sub(r"\bON\b", f"planted({number})", new))
        if name in ALSO:
            change(os.path.join(copy, ALSO[name][0]), *ALSO[name][1:])
    with open(os.path.join(copy, "planted.h"), "w", encoding="ascii") as file:
        file.write(SWITCH)
    flags = f"CFLAGS=-O1 -g0 -include {copy}/planted.h -Wno-error -Wno-parentheses -Wno-conversion"
    subprocess.run(["make", "-s", "-j2", f"build/{program}", "BUILD=build", flags], cwd=copy, check=True,
                   stdout=subprocess.DEVNULL, env={**os.environ, "MAKEFLAGS": ""})


def failing(address, user, path, profile, *words):
    """The ids that fail. path(name) is a file of the server's folder, which has the key that logs in."""
    for name, text in ("password", PASSWORD + "\n"), ("profile", profile):
        with open(path(name), "w", encoding="ascii") as file:
            file.write(text)
    results = path("results.json")
    done = subprocess.run([NACRE_SPEC, "server", address, "-u", user, "-i", path("key"), "--password", path("password"),
                           "--profile", path("profile"), "--json", results, "-j", "8", *words],
                          capture_output=True, text=True, check=False, timeout=600)
    if done.returncode not in (0, 1, 4) or not os.path.exists(results):
        return [f"the run ended: {done.stderr.strip()}"]
    with open(results, encoding="utf-8") as file:
        return sorted(line["id"] for line in map(json.loads, file)
                      if line.get("verdict") in ("fail", "error") or "growth of" in line.get("observed", ""))


def echo_failures(name=None):
    """... of the copy of nacre-echo with this deviation."""
    number = list(DEVIATIONS).index(name) + 1 if name else 0
    two_factors = name is not None and name.startswith("factors")
    options, profile = OPTIONS, "like = nacre-echo\n"
    words = [word for left_out in LEFT_OUT for word in ("-x", left_out)]
    if two_factors:
        options = (*OPTIONS, "--require", "publickey,password")
        profile += f"two-factor = {USER}\ntwo-factor-other = bob\n"
        words = ["4252/5.1/partial-success", "4252/5/user-changes"]
    server = Server(*options, program=os.path.join(COPY, "build/nacre-echo"), environment={"NACRE_PLANTED": str(number)},
                    passwords=f"{USER}:{PASSWORD}\nbob:{PASSWORD}\n")
    try:
        return failing(server.address, USER, server.path, profile, *words)
    finally:
        server.clear()


class PlantedAsyncSsh(Other):
    """spec_planted_asyncssh.py, which makes its own port."""

    def __init__(self, name):
        super().__init__()
        for key in "host", "ca":
            ssh_keygen(self.path(key))
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "spec_planted_asyncssh.py")
        with open(self.path("log"), "wb") as log:
            self.process = subprocess.Popen([sys.executable, "-W", "ignore", program, name, self.folder],
                                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, start_new_session=True)
        self.port = int(self.process.stdout.readline())


def asyncssh_failures(name="none"):
    with PlantedAsyncSsh(name) as server:
        return failing(f"127.0.0.1:{server.port}", server.user, server.path,
                       spec_planted_asyncssh.PROFILE.format(server.path("ca")), *spec_planted_asyncssh.GROUPS)


def judge(name, found, expected):
    """Print whether exactly these cases fail."""
    right = set(found) == set(expected)
    print("caught" if right else "WRONG ", name, *found, flush=True)
    for problem, ids in ("missed", set(expected) - set(found)), ("more", set(found) - set(expected)):
        if ids:
            print("       ", problem, *sorted(ids), flush=True)
    return right


def main():
    others = spec_planted_asyncssh.DEVIATIONS
    names = sys.argv[1:] or [*DEVIATIONS, *others]
    names = [name for name in names if name in DEVIATIONS or name in others]  # others are of spec_planted_client.py
    caught = 0
    if set(names) & set(DEVIATIONS):
        build(COPY, "nacre-echo", DEVIATIONS)
        for path in HOST_KEYS:
            ssh_keygen(path, path.rpartition("_")[2])
        before = echo_failures()
        if before:
            sys.exit(f"without a deviation: {' '.join(before)}")
    for name in filter(DEVIATIONS.__contains__, names):
        caught += judge(name, echo_failures(name), DEVIATIONS[name][3])
    if set(names) & set(others):
        before = asyncssh_failures()  # what it has anyway
        print("asyncssh without a deviation:", *before, flush=True)
    for name in filter(others.__contains__, names):
        caught += judge(name, sorted(set(asyncssh_failures(name)) - set(before)), others[name][1])
    print(f"{caught} of {len(names)} deviations were caught by exactly their cases")
    return caught != len(names)


if __name__ == "__main__":
    sys.exit(main())
