"""What the clients made with Python's libraries have in common. All clients here are started as

    CLIENT HOST PORT USER KNOWN_HOSTS INTENT KEY [COMMAND]

KNOWN_HOSTS has the server's host keys, and no others are accepted. INTENT is one of those in ../README.md; KEY is the user's
private key, or - if INTENT is to log in otherwise. Passwords and answers are asked for on the terminal. The command's input and
output are those of the client, which ends with its exit status, and with another one than 0 if anything fails.
"""
import contextlib
import getpass
import os
import sys
import threading
import time

HOST, PORT, USER, KNOWN_HOSTS, INTENT, KEY = sys.argv[1:7]
PORT = int(PORT)
COMMAND = sys.argv[7] if len(sys.argv) > 7 else None
FORWARD = "127.0.0.1", 7777  # where the server listens for remote-forward
REKEY = 16384  # bytes, for rekey


def shown(text):
    """A text of the server's, for the terminal."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)


def ask(prompt, echo=False):
    return input(shown(prompt)) if echo else getpass.getpass(shown(prompt))


def show(*texts):
    for text in filter(None, texts):
        print(shown(text), flush=True)


def answers(title, instructions, prompts):
    show(title, instructions)
    return [ask(prompt, echo) for prompt, echo in prompts]


def feed(send, send_eof):
    with contextlib.suppress(OSError):  # the channel is closed
        for data in iter(lambda: os.read(0, 65536), b""):
            send(data)
        send_eof()


def write(fd, data):
    while data:
        data = data[os.write(fd, data):]


def forward(receive, fd):
    for data in iter(lambda: receive(65536), b""):
        write(fd, data)


def relay(send, send_eof, receive, receive_errors):
    """The standard streams, for a library whose calls wait, until both that are received have ended."""
    threading.Thread(target=feed, args=(send, send_eof), daemon=True).start()
    errors = threading.Thread(target=forward, args=(receive_errors, 2), daemon=True)
    errors.start()
    forward(receive, 1)
    errors.join()


def complain(_, why, __):
    """As sys.excepthook: what went wrong may have a text of the server's."""
    print(shown(str(why)), file=sys.stderr)
    time.sleep(0.05)  # a thread of the library may be about to answer CLOSE


sys.excepthook = complain


def end(status):
    """Without waiting for a thread that reads the standard input. No status: the server named none."""
    os._exit(status if status is not None and 0 <= status <= 255 else 255)
