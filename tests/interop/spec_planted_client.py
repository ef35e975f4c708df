#!/usr/bin/env python3
"""Does nacre-spec notice what a client does wrong? Plant deviations in a copy of nacre-client, one at a time.

    spec_planted_client.py [NAME...]        needs `make all`; builds the copy in build/planted-client

As spec_planted.py, whose deviations in the code that both roles share are used again here; the cases that notice them are others.
What nacre-client does not have is planted in Paramiko's client: spec_planted_paramiko.py.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

import spec_planted
import spec_planted_paramiko
from harness import BUILD, TOP, clean_environment
from spec_planted import LEFT_OUT, NACRE_SPEC

COPY = os.path.join(BUILD, "planted-client")

# Deviations of spec_planted.py, and the cases that notice them in a client.
SHARED = {
    "version-spaces": ["4253/4.2/ident-hashed-exactly"],
    "version-1.5": ["4253/5.1/ident-1.5"],
    "alignment": ["4253/6/misaligned-sealed", "4344/4/ctr-alignment", "5647/7.2/gcm-alignment", "ossh/1.5/etm-alignment"],
    "padding-3": ["4253/6/own-padding", "5647/7.2/own-padding"],
    "chacha-tag": ["4253/6.4/body-bit", "4253/6.4/tag-bit", "cc20/7/tag-first"],
    "mac-12-bytes": ["4253/6.4/tag-bit-last"],
    "cookie": ["4253/7.1/own-cookie"],
    "reserved": ["4253/7.1/reserved-set"],
    "kexinit-end": ["4253/7.1/list-length-lies", "4253/7.1/truncated-reserved"],
    "nul-in-list": ["4251/5/nul-in-list"],
    "boolean-1": ["4254/5.4/want-reply-2"],
    "ext-marker-again": ["8308/2.1/own-marker-first-only"],
    "strict-first-packet": [
        "strict/3.2/debug-before-kexinit", "strict/3.2/ignore-before-kexinit"],
    "strict-in-kex": [
        "strict/3.2/debug-in-kex", "strict/3.2/ignore-before-newkeys", "strict/3.2/ignore-in-kex",
        "strict/3.2/unimplemented-in-kex"],
    "x25519-zero": ["8731/3/share-small-order", "8731/3/share-zero"],
    "ext-info-count": ["8308/2.3/count-ffffffff", "8308/2.3/count-lies"],
    "unimplemented-number": [
        "4253/11.4/order", "4253/11.4/unknown-127", "4253/11.4/unknown-128", "4253/11.4/unknown-255",
        "4253/11.4/unknown-29", "4253/11.4/unknown-8", "strict/3.3/unimplemented-number"],
    "reason-0": ["4253/11.1/own-reason"],
    "window-one-more": ["4254/5.2/own-within-window"],
    "packet-one-more": ["4254/5.2/own-within-packet"],
    "close-unanswered": ["4254/5.3/close-answered", "4254/5.3/close-window-0"],
    "data-length": [
        "4254/5.2/data-length-lies", "robust/memory-string", "robust/memory-truncated"],
    "open-reason": ["4254/5.1/unknown-type"],
    "reply-unasked": [
        "4253/4.2/baseline", "4254/5.2/extended-stderr", "4254/5.3/close-delivers", "4254/5.4/unknown-no-reply",
        "4254/6.10/exit-signal-controls", "ossh/2.1/eow"],
    "global-reply-unasked": ["4254/4/unknown-no-reply"],
}

# name: (file, old, new, the ids that must fail), as in spec_planted.py
OWN = {
    "line-refused": (
        "transport/version.c", "return role == NACRE_CLIENT && *size", "return !ON && role == NACRE_CLIENT && *size", [
        "4253/4.2/lines-before-controls", "4253/4.2/lines-before-fifty", "4253/4.2/lines-before-one"]),
    "signature-unverified": ("transport/kex_sign.c", "    if (!key_verify(", "    if (!ON && !key_verify(", [
        "4253/8/hostkey-wrong-type", "4253/8/signature-other-hash", "4253/8/signature-wrong",
        "4253/8/signature-wrong-format", "4253/9/signature-wrong", "5656/3.1.2/ecdsa-r-0",
        "8332/3/rsa-format-mismatch", "8332/3/rsa-signature-length", "8332/5.3/rsa-padding",
        "8709/6/ed25519-signature-length", "8709/7/ed25519-s-beyond-l", "9941/3/ciphertext-bit",
        "mlkem/2.1/ciphertext-bit", "strict/3.3/send-reset"]),
    "rsa-padding": (  # what follows the digest, 20 bytes after the ones, is not checked
        "crypto/rsa.c", "           RSA_verify(hash_id(hash), digest, (unsigned)hash->len, sig.at, (unsigned)sig.len,\n"
        "                      k->key) == 1;",
        "           (RSA_verify(hash_id(hash), digest, (unsigned)hash->len, sig.at, (unsigned)sig.len, k->key) == 1 ||\n"
        "            (ON && __extension__({\n"
        "                uint8_t block[2 * RSA_LEN_MAX];\n                size_t i = 2;\n"
        "                int len = RSA_public_decrypt((int)sig.len, sig.at, block, k->key, RSA_NO_PADDING);\n"
        "                while (i < sig.len && block[i] == 0xff)\n                    i++;\n"
        "                len == (int)sig.len && memcmp(block + i + 20, digest, hash->len) == 0; })));",
        ["8332/5.3/rsa-padding"]),
    "host-key-unchecked": ("transport/kex_sign.c", "    return answer == HOST_KEY_ACCEPTED ?",
                           "    return ON || answer == HOST_KEY_ACCEPTED ?", [
        "4251/4.1/hostkey-changed", "4251/4.1/hostkey-strict", "4251/4.1/hostkey-unknown", "4253/9/hostkey-changes"]),
    "group-range": (
        "transport/kex_gex.c", "                         x->min, x->max);", "                         ON ? 1024 : x->min, x->max);",
        ["4419/3/gex-group-outside"]),
    "group-request": ("transport/kex_gex.c", "    x->min = BITS_MIN;", "    x->min = ON ? 1024 : BITS_MIN;",
                      ["4419/3/gex-group-outside", "8270/3/own-gex-min"]),
    "disconnect-ignored": (
        "transport/generic.c", "    buffer_clear(&t->out, t->pool); /* the peer accepts",
        "    if (ON)\n        return 0;\n    buffer_clear(&t->out, t->pool); /* the peer accepts", [
        "4253/11.1/disconnect", "4253/11.1/disconnect-controls", "4253/11.1/disconnect-then-data",
        "4253/7.1/disconnect-in-kex", "4253/7.3/disconnect-instead"]),
    "controls": ("transport/text.c", "    while (!is_between(text.at[0], characters[row].first))",
                 "    if (ON)\n        return 1;\n    while (!is_between(text.at[0], characters[row].first))", [
        "4252/5.4/banner-controls", "4253/11.1/disconnect-controls", "4253/4.2/lines-before-controls",
        "4254/5.1/failure-controls", "4254/6.10/exit-signal-controls", "4256/3.3/prompt-controls"]),
    "responses-reversed": (
        "auth/method_interactive.c", "        write_text(&w, responses[i]);", "        write_text(&w, responses[ON ? count - 1 - i : i]);",
        ["4256/3.4/order"]),
    "requests-granted": (
        "connection/channel_request.c", "granted ? SSH_MSG_CHANNEL_SUCCESS", "granted || ON ? SSH_MSG_CHANNEL_SUCCESS", [
        "4254/5.1/number-ffffffff", "4254/5.2/window-0", "4254/5.4/order", "4254/5.4/unknown-reply",
        "4254/5.4/want-reply-2", "4254/6.2/pty-at-client", "4254/6.5/shell-at-client"]),
    "x11-accepted": (
        "connection/channel_open.c", "        refuse(c, open.peer_id, why);\n    else if (!settle",
        "    {\n        if (ON && bytes_are(open.type, \"x11\"))\n"
        "            confirm(&(struct nacre_channel){.connection = c, .peer_id = open.peer_id, .id = 1});\n"
        "        else\n            refuse(c, open.peer_id, why);\n    } else if (!settle", ["4254/6.3.2/x11-unasked"]),
    "channel-before-success": (
        "transport/receive.c", "    case VERDICT_ILLEGAL:\n",
        "    case VERDICT_ILLEGAL:\n        if (ON && before == PHASE_AUTH && payload.at[0] >= 80)\n            break;\n",
        ["4252/6/channel-before-success", "4253/11.4/unknown-in-auth"]),
    "shell-refused": (
        "apps/client/channel.c", "    } else if (granted) {", "    } else if (granted || (ON && c->options->command == NULL)) {",
        ["4254/6.5/refused"]),
    "stderr": ("apps/client/channel.c", "output_write(&client_of(ch)->errors,",
               "output_write(ON ? &client_of(ch)->output : &client_of(ch)->errors,",
               ["4254/5.2/extended-stderr"]),
    "failure-is-0": ("apps/client/run.c", "    c->status = CLIENT_FAILED;\n    report_end(c, why);",
                     "    c->status = ON ? 0 : CLIENT_FAILED;\n    report_end(c, why);", [
        "4252/5.1/empty-list", "4252/5.1/unknown-methods", "4253/11.1/disconnect", "4253/11.1/disconnect-then-data",
        "4253/7.1/disconnect-in-kex", "4253/7.3/disconnect-instead", "4254/5.1/failure-any-reason"]),
}

DEVIATIONS = {**{name: (*spec_planted.DEVIATIONS[name][:3], ids) for name, ids in SHARED.items()}, **OWN}


def failing(text, *words):
    """The ids that fail with the client of this profile."""
    with tempfile.TemporaryDirectory(prefix="nacre-") as folder:
        profile, results = (os.path.join(folder, name) for name in ("profile", "results.json"))
        with open(profile, "w", encoding="ascii") as file:
            file.write(text)
        done = subprocess.run([os.path.join(COPY, "nacre-spec"), "client", "--profile", profile, "--strict", "--json", results,
                               "-j", "8", *words],
                              capture_output=True, text=True, check=False, timeout=900, env=clean_environment("/nonexistent"))
        if not os.path.exists(results):
            return [f"the run ended: {done.stderr.strip()}"]
        with open(results, encoding="utf-8") as file:
            return sorted(line["id"] for line in map(json.loads, file) if line.get("verdict") in ("fail", "error"))


def failures(number):
    """The ids that fail with this deviation."""
    return failing(f"program = env NACRE_PLANTED={number} {os.path.abspath(COPY)}/build/nacre-client\n"
                   "options = --known-hosts {known_hosts} --kex +diffie-hellman-* -p {port}\n"
                   "target = {user}@{host} {command}\n"
                   "exec = -i {key}\nterminal = -t -i {key}\nshell = -T -i {key}\npassword =\nkeyboard-interactive =\n",
                   *[word for name in LEFT_OUT for word in ("-x", name)])


def paramiko_failures(name="none"):
    clients = os.path.join(TOP, "apps/spec/clients")
    with open(os.path.join(clients, "paramiko.profile"), encoding="ascii") as file:
        text = file.read()
    planted = f"{os.path.join(TOP, 'tests/interop/spec_planted_paramiko.py')} {name} {clients}/"
    return failing(text.replace("{profile}/", planted), *spec_planted_paramiko.GROUPS)


def main():
    others = spec_planted_paramiko.DEVIATIONS
    names = [name for name in sys.argv[1:] or (*DEVIATIONS, *others) if name in DEVIATIONS or name in others]
    if names:
        os.makedirs(COPY, exist_ok=True)
    if set(names) & set(DEVIATIONS):
        spec_planted.build(COPY, "nacre-client", DEVIATIONS)
        shutil.copy(NACRE_SPEC, COPY)  # which may be built again meanwhile
        before = failures(0)
        if before:
            sys.exit(f"without a deviation: {' '.join(before)}")
    caught = 0
    for number, name in enumerate(DEVIATIONS, 1):
        if name in names:
            caught += spec_planted.judge(name, failures(number), DEVIATIONS[name][3])
    if set(names) & set(others):
        shutil.copy(NACRE_SPEC, COPY)
        before = paramiko_failures()  # what it has anyway
        print("paramiko without a deviation:", *before, flush=True)
    for name in filter(others.__contains__, names):
        caught += spec_planted.judge(name, sorted(set(paramiko_failures(name)) - set(before)), others[name][1])
    print(f"{caught} of {len(names)} deviations were caught by exactly their cases")
    return caught != len(names)


if __name__ == "__main__":
    sys.exit(main())
