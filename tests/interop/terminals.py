"""Programs on a terminal: Terminal, a bare one, and Tmux, a window whose screen can be read."""
import fcntl
import itertools
import os
import pty
import select
import shlex
import signal
import struct
import subprocess
import termios
import time

from harness import PATIENCE, clean_environment, until


class Terminal:
    """A program on a pseudo-terminal: type keystrokes and expect output."""

    def __init__(self, command, environment, columns=80, rows=24, folder=None):
        self.seen, self.pending, self.status = b"", b"", None
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                if folder is not None:
                    os.chdir(folder)
                os.execvpe(command[0], command, environment)
            finally:
                os._exit(127)
        self.resize(columns, rows)

    def resize(self, columns, rows):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys):
        os.write(self.fd, keys)

    def _read(self, deadline):
        """More of the program's output; b"" at its end."""
        if not select.select([self.fd], [], [], max(0, deadline - time.monotonic()))[0]:
            raise AssertionError(f"not within {PATIENCE} s on the terminal; there was {self.seen!r}")
        try:
            return os.read(self.fd, 65536)
        except OSError:  # EIO: no process has the other side open
            return b""

    def expect(self, text):
        """Read up to and including this text."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.pending:
            new = self._read(deadline)
            if not new:
                raise AssertionError(f"{text!r} is not on the terminal; there was {self.seen!r}")
            self.pending += new
            self.seen += new
        at = self.pending.index(text) + len(text)
        before, self.pending = self.pending[:at], self.pending[at:]
        return before

    def end(self):
        """Read to the end; the exit status, or minus the signal."""
        deadline = time.monotonic() + PATIENCE
        for new in iter(lambda: self._read(deadline), b""):
            self.pending += new
            self.seen += new
        return self._reap(0)

    def _reap(self, flags):
        if self.status is None:
            pid, status = os.waitpid(self.pid, flags)
            if pid == self.pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status

    def is_over(self, patience=0.0):
        """Has the program ended? Waits up to `patience` seconds."""
        deadline = time.monotonic() + patience
        while self._reap(os.WNOHANG) is None and time.monotonic() < deadline:
            time.sleep(0.01)
        return self.status is not None

    def kill(self):
        if self._reap(os.WNOHANG) is None:
            os.kill(self.pid, signal.SIGKILL)
            self._reap(0)

    def hang_up(self):
        """Close the terminal."""
        if self.fd >= 0:
            os.close(self.fd)
        self.fd = -1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        self.hang_up()


class Tmux:
    """A program in a window of its own tmux server."""

    count = itertools.count()

    def __init__(self, server, command, columns=80, rows=24):
        self.environment = clean_environment(server.folder)
        self.socket = server.path(f"tmux-{next(self.count)}")
        with open(server.path("tmux.conf"), "w", encoding="ascii") as file:
            file.write("set -g status off\nset -g remain-on-exit on\nset -g default-terminal screen\n")
        self.tmux("-f", server.path("tmux.conf"), "new-session", "-d", "-x", str(columns), "-y", str(rows),
                  "exec " + shlex.join(command))

    def tmux(self, *words):
        return subprocess.run(["tmux", "-S", self.socket, *words], check=True, capture_output=True, text=True,
                              env=self.environment, timeout=PATIENCE).stdout

    def type(self, *keys):
        self.tmux("send-keys", *keys)

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def expect(self, text):
        until(lambda: text in self.screen(), lambda: f"{text!r} on the screen:\n{self.screen()}")

    def resize(self, columns, rows):
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tmux("kill-server")
