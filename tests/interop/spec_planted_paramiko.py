#!/usr/bin/env python3
"""Paramiko's client with one deviation, for what nacre-client does not have: spec_planted_paramiko.py NAME CLIENT WORD...

CLIENT is apps/spec/clients/connect_paramiko.py, started with these words. spec_planted_client.py uses it for each row of DEVIATIONS.
"""
import os
import runpy
import sys

import paramiko


def x11_cookie():
    """The cookie in x11-req is not hexadecimal."""
    right = paramiko.Channel.request_x11
    paramiko.Channel.request_x11 = lambda channel, **more: right(channel, **{**more, "auth_cookie": "the display's own cookie"})


# name: (what to do, the ids that must fail)
DEVIATIONS = {
    "x11-cookie": (x11_cookie, ["4254/6.3.1/own-cookie"]),
}
GROUPS = ("4254/6",)  # what runs for each of them; the rest is about what nacre-client has too


def main():
    name, sys.argv = sys.argv[1], sys.argv[2:]
    if name != "none":
        DEVIATIONS[name][0]()
    sys.path.insert(0, os.path.dirname(sys.argv[0]))
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
