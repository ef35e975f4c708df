"""nacre-serve: programs on terminals, and inside a real one."""
import contextlib
import os
import re
import shlex
import signal
import subprocess
import time
import unittest

import harness
from clients import Dbclient, Ssh
from harness import until
from terminals import Terminal, Tmux
from test_serve import ServeCase, is_alive, request


class OnATerminal(ServeCase):
    def test_size_name_and_modes(self):
        server = self.shell("tty; echo $TERM; test \"$(tty)\" = \"$SSH_TTY\" && echo same; stty -a; exit 3")
        terminal = self.terminal(server, columns=100, rows=30)
        subprocess.run(["true"], check=True)
        self.assertEqual(terminal.end(), 3)
        for text in b"/dev/pts/", b"xterm", b"same", b"rows 30; columns 100", b" icanon", b"intr = ^C":
            self.assertIn(text, terminal.seen)

    def test_modes_of_the_clients_terminal(self):
        server = self.serve("stty", "-a")
        script = f"stty intr ^G -ixon susp undef -imaxbel; exec {shlex.join(Ssh(server).command(terminal=True))}"
        terminal = self.enterContext(Terminal(["sh", "-c", script], Ssh(server).environment()))
        self.assertEqual(terminal.end(), 0)
        for text in b"intr = ^G", b"susp = <undef>", b"-ixon", b"-imaxbel":
            self.assertIn(text, terminal.seen)

    def test_a_shell(self):
        server = self.serve("bash", "--norc", "-i", environment={"HOME": "/"})
        for client in Ssh, Dbclient:
            with self.subTest(client=client.name):
                terminal = self.terminal(server, client)
                terminal.expect(b"$ " if os.geteuid() else b"# ")
                terminal.type(b"stty size; jobs -l; echo =$((6*7))=\r")
                terminal.expect(b"=42=")
                terminal.type(b"sleep 1000\r")
                terminal.expect(b"sleep 1000")
                time.sleep(0.3)
                terminal.type(b"\x03")  # reaches sleep, not the shell
                terminal.type(b"echo status=$?\r")
                terminal.expect(b"status=130")
                terminal.resize(132, 43)
                server.wait("request", type="window-change", columns=132, rows=43, answer="granted")
                terminal.type(b"stty size\r")
                terminal.expect(b"43 132")
                terminal.type(b"exit 3\r")
                self.assertEqual(terminal.end(), 3)

    def test_a_killed_client_leaves_no_child(self):
        server = self.serve("bash", "--norc", "-i")
        terminal = self.terminal(server)
        terminal.type(b"sleep 1000 & sleep 1001\r")
        shell = server.pid()
        until(lambda: len(self.session_of(shell)) == 3, "a shell and two programs")
        pids = self.session_of(shell)
        terminal.kill()
        until(lambda: not any(map(is_alive, pids)), lambda: f"still there: {list(filter(is_alive, pids))}")
        until(lambda: not server.children(), "the shell to be taken note of")

    def test_a_killed_client_without_a_terminal(self):
        server = self.shell("sleep 1000 & sleep 1001")
        process = Ssh(server).start()
        self.addCleanup(harness.end, process)
        shell = server.pid()
        until(lambda: len(self.session_of(shell)) == 3, "a shell and two programs")
        pids = self.session_of(shell)
        process.kill()
        until(lambda: not any(map(is_alive, pids)), lambda: f"still there: {list(filter(is_alive, pids))}")

    def session_of(self, leader):
        out = subprocess.run(["ps", "-o", "pid=", "-s", str(leader)], capture_output=True, text=True, check=False).stdout
        return [int(pid) for pid in out.split()]

    def test_the_end_of_input_is_entered_as_control_d(self):
        """ssh -tt with input that ends."""
        for data in b"", b"one\n", b"one\ntwo":
            with self.subTest(data=data):
                server = self.shell("stty -echo; cat; exit 7")
                done = Ssh(server).run(None, data, terminal=True)
                self.assertEqual((done.status, done.out.replace(b"\r\n", b"\n")[:len(data)]), (7, data))

    def test_output_is_complete(self):
        server = self.shell("stty -opost; seq 100000; exit 2")
        done = Ssh(server).run(terminal=True)
        self.assertEqual(done.status, 2)
        self.assertEqual(done.out, b"".join(b"%d\n" % i for i in range(1, 100001)))

    def test_break(self):
        """RFC 4335: the line discipline does what it is set to do, here send the signal of Control-C."""
        server = self.shell("trap 'echo got INT; exit 3' INT; stty brkint -ignbrk; echo ready; while :; do sleep 1; done")
        terminal = self.terminal(server)
        terminal.expect(b"ready")
        terminal.type(b"\r~B")
        event = server.wait("request", type="break")[0]
        self.assertEqual(event["answer"], "granted")
        terminal.expect(b"got INT")
        self.assertEqual(terminal.end(), 3)

    def test_break_as_a_byte(self):
        server = self.shell("stty raw -brkint -ignbrk -parmrk; echo ready; head -c 3 | od -An -tx1")
        terminal = self.terminal(server)
        terminal.expect(b"ready")
        terminal.type(b"a\r")
        terminal.expect(b"a^M")  # its echo: ssh sends the request before what was typed with it
        terminal.type(b"~B")
        self.assertEqual(server.wait("request", type="break")[0]["answer"], "granted")
        terminal.expect(b" 61 0d 00")
        self.assertEqual(terminal.end(), 0)


class InTmux(ServeCase):
    """A real terminal."""

    def window(self, server, columns=80, rows=24):
        return self.enterContext(Tmux(server, Ssh(server).command(terminal=True), columns, rows))

    def test_vim_redraws_after_a_resize(self):
        server = self.serve("vim", "-u", "NONE", "-N", "--cmd", "set ruler laststatus=2 statusline=%{&columns}x%{&lines}")
        window = self.window(server)
        window.expect("80x24")
        window.resize(100, 40)
        window.expect("100x40")
        window.resize(60, 20)
        window.expect("60x20")
        window.type("ihello", "Escape")
        window.expect("hello")
        window.type(":cq 5", "Enter")
        self.assertEqual(server.wait("exited")[0]["status"], "5")

    def test_top_redraws_after_a_resize(self):
        """On the larger screen it lists more processes than the smaller one has lines."""
        for _ in range(40):
            self.addCleanup(harness.end, subprocess.Popen(["sleep", "1000"]))
        server = self.serve("top", "-d", "1000")
        window = self.window(server)
        window.expect("load average")
        window.expect("COMMAND")

        def listed():
            return len(re.findall(r"(?m)^ *\d+ +\w+ ", window.screen()))
        until(lambda: listed() > 10, "top's list")
        self.assertLess(listed(), 24)
        window.resize(100, 40)
        server.wait("request", type="window-change", columns=100, rows=40)
        until(lambda: listed() > 24, lambda: f"top on the larger screen:\n{window.screen()}")
        window.type("q")
        self.assertEqual(server.wait("exited")[0]["status"], "0")

    def test_a_shell(self):
        """A whole session: vim, a resize, Control-C, and the exit status."""
        server = self.serve("bash", "--norc", "-i", environment={"HOME": "/", "PS1": "> "})
        words = shlex.join(Ssh(server).command(terminal=True))
        window = self.enterContext(Tmux(server, ["sh", "-c", f"{words}; echo status=$?; exec sleep 1000"]))
        window.type("stty size; echo $TERM; tty", "Enter")
        window.expect("24 80\nscreen\n/dev/pts/")
        window.type("vim -u NONE -N --cmd 'set laststatus=2 statusline=%{&columns}x%{&lines}'", "Enter")
        window.expect("80x24")
        window.resize(90, 30)
        window.expect("90x30")
        window.type(":q!", "Enter")
        until(lambda: not harness.children(server.pid()), "vim to end")
        window.type("stty size", "Enter")
        window.expect("30 90")
        window.type("clear; echo run=$((6*7)); sleep 1000", "Enter")
        window.expect("run=42")
        until(lambda: "sleep" in self.names_below(server.pid()), "the program to run")
        window.type("C-c")
        until(lambda: not harness.children(server.pid()), "the program to end")
        window.type("echo after=$?", "Enter")
        window.expect("after=130")
        window.type("exit 3", "Enter")
        window.expect("status=3")
        self.assertEqual(server.wait("exited")[0]["status"], "3")

    def test_a_client_killed_in_its_window_leaves_no_child(self):
        """Not with bash: a hangup just before it waits for a program reaches the program only when that ends by itself."""
        server = self.serve("sh", "-c", "sleep 1000 & sleep 1001; true")
        window = self.window(server)
        shell = server.pid()
        until(lambda: self.names_below(shell).count("sleep") == 2, "two programs")
        pids = [shell, *harness.children(shell)]
        os.kill(int(window.tmux("list-panes", "-F", "#{pane_pid}")), signal.SIGKILL)
        until(lambda: not any(map(is_alive, pids)), lambda: f"still there: {list(filter(is_alive, pids))}")

    def names_below(self, pid):
        names = []
        for child in harness.children(pid):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                with open(f"/proc/{child}/comm", encoding="ascii") as file:
                    names.append(file.read().strip())
        return names

    def test_control_c_reaches_the_child(self):
        server = self.serve("sh", "-c", "echo ready; exec sleep 1000")
        window = self.window(server)
        window.expect("ready")
        window.type("C-c")
        self.assertEqual(server.wait("exited")[0]["signal"], "INT")


if __name__ == "__main__":
    unittest.main()
