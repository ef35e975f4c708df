"""What the servers made with Python's libraries have in common: they are started as SERVER FOLDER [PORT].

FOLDER has the private host keys host*, the public key key.pub that may log in, and the password of every user. The server
prints its port, and serves on the loopback interface until it is terminated.
"""
import contextlib
import glob
import os
import sys

FOLDER = sys.argv[1]
PORT = int(sys.argv[2]) if len(sys.argv) > 2 else 0
HOST_KEYS = sorted(name for name in glob.glob(os.path.join(FOLDER, "host*")) if not name.endswith(".pub"))
KEY = os.path.join(FOLDER, "key.pub")

with open(os.path.join(FOLDER, "password"), encoding="utf-8") as file:
    PASSWORD = file.readline().rstrip("\n")


def say(port):
    print(port, flush=True)


def forward(read, write, close):
    with contextlib.suppress(OSError):  # the command has ended, or the client has closed the channel
        for data in iter(lambda: read(65536), b""):
            write(data)
    close()


async def copy(reader, writer, ended, ignored=()):
    """All that there is, for asyncio. False: an exception in ended. Those in ignored are events of a terminal."""
    while True:
        try:
            data = await reader.read(65536)
            if not data:
                return True
            writer.write(data)
            await writer.drain()
        except ignored:
            continue
        except ended:
            return False
