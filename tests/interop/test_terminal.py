"""Sessions at a terminal: keystrokes, window sizes, the escape sequence."""
import contextlib
import unittest

import harness
from clients import Dbclient, Paramiko, Plink, Ssh, exchange
from harness import answer_to
from terminals import Terminal, Tmux


class AtATerminal:
    """The tests for each client that runs on a terminal."""

    term = "xterm"

    def terminal(self, columns=80, rows=24):
        """Log in on a terminal of that size: the terminal, and the number of its connection."""
        before = len(self.server.events("request", type="shell"))
        client = self.client(self.server)
        terminal = self.enterContext(Terminal(client.command(terminal=True), client.environment(), columns, rows))
        return terminal, self.server.wait("request", before + 1, type="shell")[-1]["conn"]

    def press(self, terminal, key):
        terminal.type(key)
        terminal.expect(answer_to(key))

    def leave(self, terminal, conn):
        terminal.kill()
        self.server.wait("disconnected", conn=conn)

    def test_each_keystroke_is_answered(self):
        terminal, conn = self.terminal()
        self.press(terminal, b"h")
        for key in b"i", b"'", b'"', b"\r", b"\x03", b"\x04", b"\x1a", b"\x11", b"\x13", b"\x1b[A", "é".encode():
            self.press(terminal, key)
        self.leave(terminal, conn)

    def test_terminal_is_known(self):
        terminal, conn = self.terminal(columns=100, rows=30)
        self.assertEqual([(e["what"], e["columns"], e["rows"], e["answer"]) for e in
                          self.server.events("request", conn=conn, type="pty-req")],
                         [(self.term, "100", "30", "granted")])
        self.leave(terminal, conn)

    def test_window_changes_are_logged(self):
        terminal, conn = self.terminal()
        for columns, rows in (132, 43), (1, 1), (80, 24), (500, 200):
            terminal.resize(columns, rows)
            self.server.wait("request", conn=conn, type="window-change", columns=columns, rows=rows, answer="granted")
        self.press(terminal, b"x")
        self.leave(terminal, conn)

    def test_closed_terminal(self):
        """As if its window had been closed."""
        terminal, conn = self.terminal()
        self.press(terminal, b"h")
        terminal.hang_up()
        self.assertIn(self.server.wait("closed", conn=conn)[0]["reason"],
                      ("disconnected by peer", "connection lost", "we closed"))
        self.server.wait("disconnected", conn=conn)


class Escape:
    """The tests for clients with the escape sequence ~."""

    def hang_up(self, terminal):
        self.press(terminal, b"\r")
        terminal.type(b"~.")

    def test_tilde_dot_hangs_up(self):
        terminal, conn = self.terminal()
        self.press(terminal, b"h")
        self.hang_up(terminal)
        self.assertEqual(terminal.end(), self.hung_up)
        closed = self.server.wait("closed", conn=conn)
        self.assertEqual([e["reason"] for e in closed], [self.hung_up_reason])
        self.server.wait("disconnected", conn=conn, reason=self.hung_up_reason)

    def test_a_tilde_elsewhere_is_ordinary_input(self):
        terminal, conn = self.terminal()
        for key in b"h", b"~", b".":
            self.press(terminal, key)
        self.leave(terminal, conn)


class SshAtATerminal(AtATerminal, Escape, harness.ServerCase):
    client = Ssh
    hung_up = 255
    hung_up_reason = "disconnected by peer"

    def test_tilde_dot_prints_a_message(self):
        terminal, conn = self.terminal()
        self.hang_up(terminal)
        terminal.expect(b"Connection to 127.0.0.1 closed.\r")
        closed = self.server.wait("closed", conn=conn)[0]
        self.assertEqual((closed["code"], closed["text"]), ("11", "disconnected by user"))


class PlinkAtATerminal(AtATerminal, harness.ServerCase):
    client = Plink


class DbclientAtATerminal(AtATerminal, Escape, harness.ServerCase):
    client = Dbclient
    hung_up = 1
    hung_up_reason = "connection lost"

    def hang_up(self, terminal):
        """It recognises the sequence only if the characters arrive one at a time, and does not echo ~."""
        for _ in range(20):
            for key in b"\r", b"~", b".":
                terminal.type(key)
                if terminal.is_over(0.2):
                    return


class ParamikoAtATerminal(harness.ServerCase):
    client = Paramiko

    def test_terminal(self):
        with contextlib.closing(self.client(self.server).connect()) as transport:
            channel = transport.open_session()
            channel.get_pty("vt100", 100, 30, 640, 480)
            channel.invoke_shell()
            channel.send(b"h")
            self.assertEqual(channel.recv(100), answer_to(b"h"))
            channel.resize_pty(132, 43)
            conn = self.last_connection()
            self.server.wait("request", conn=conn, type="pty-req", what="vt100", columns=100, rows=30)
            self.server.wait("request", conn=conn, type="window-change", columns=132, rows=43, answer="granted")

    def test_no_window_change_without_a_terminal(self):
        with contextlib.closing(self.client(self.server).connect()) as transport:
            channel = transport.open_session()
            channel.invoke_shell()
            channel.resize_pty(132, 43)
            self.assertEqual(exchange(channel, b"x"), (answer_to(b"x") + harness.LAST_WORDS, b""))
            self.assertEqual(self.server.events("request", conn=self.last_connection(), type="window-change",
                                                answer="granted"), [])


class InTmux(harness.ServerCase):
    """A real terminal."""

    def test_a_session(self):
        with Tmux(self.server, Ssh(self.server).command(terminal=True)) as window:
            conn = self.server.wait("request", type="shell")[-1]["conn"]
            self.server.wait("request", conn=conn, type="pty-req", what="screen", columns=80, rows=24)
            window.type("h")
            window.expect("echo: 'h'\n")
            window.type("i")
            window.expect("echo: 'h'\necho: 'i'\n")
            window.resize(100, 40)
            self.server.wait("request", conn=conn, type="window-change", columns=100, rows=40)
            window.resize(60, 20)
            self.server.wait("request", conn=conn, type="window-change", columns=60, rows=20)
            window.type("Enter")
            window.expect("echo: 'i'\necho: '\\r'\n")
            window.type("~")
            window.type(".")
            window.expect("Connection to 127.0.0.1 closed.")
            self.assertEqual(self.server.wait("closed", conn=conn)[0]["reason"], "disconnected by peer")

    def test_closed_window(self):
        with Tmux(self.server, Ssh(self.server).command(terminal=True)) as window:
            conn = self.server.wait("request", type="shell")[-1]["conn"]
            window.type("h")
            window.expect("echo: 'h'\n")
        self.server.wait("closed", conn=conn)
        self.server.wait("disconnected", conn=conn)


if __name__ == "__main__":
    unittest.main()
