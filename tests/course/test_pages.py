"""The pages: every command is run, and its output compared; names of functions, files and targets exist."""
import os
import re
import shlex
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import classroom
from classroom import BUILD, TOP
from pages import BLOCK, PAGES, pattern, steps, varying

COURSE = os.path.join(TOP, "tests", "course")
class Reader:
    """Two terminals: the server's output in a file, and a folder where build/course is this test's."""

    def __init__(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="nacre-pages-")
        self.folder = self.temporary.name
        self.server, self.read = None, 0
        for name in os.listdir(TOP):
            if not name.startswith(".") and name != "build":
                os.symlink(os.path.join(TOP, name), os.path.join(self.folder, name))
        os.mkdir(self.path("build"), 0o700)
        for name in os.listdir(BUILD):
            if name.startswith("nacre-"):
                os.symlink(os.path.join(BUILD, name), self.path("build", name))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.environment = {"PATH": os.environ["PATH"], "HOME": self.folder, "LC_ALL": "C.UTF-8", "TERM": "xterm",
                            "NACRE_BUILD": BUILD}

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def start(self, command):
        """make course ARGS="...": in terminal 1."""
        self.stop()
        words = shlex.split(command)
        assert words[:2] == ["make", "course"] and len(words) <= 3, command
        arguments = shlex.split(words[2].removeprefix("ARGS=")) if len(words) == 3 else []
        with open(self.path("terminal"), "wb") as file:
            self.server = subprocess.Popen([os.path.join(COURSE, "serve"), "--port", str(self.port), "--folder",
                                            self.path("build", "course"), *arguments], stdin=subprocess.DEVNULL, stdout=file,
                                           stderr=file, env=self.environment, cwd=self.folder)
        self.read = 0
        deadline = time.monotonic() + classroom.PATIENCE
        while True:
            try:
                socket.create_connection(("localhost", self.port)).close()
                return
            except OSError:
                if self.server.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"{command}: {self.terminal()}") from None
                time.sleep(0.01)

    def run(self, command):
        """One command in terminal 2: what it prints."""
        command = re.sub(r"\b2022\b", str(self.port), command)
        done = subprocess.run(["bash", "-c", command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, cwd=self.folder, env=self.environment, check=False, timeout=60)
        output = done.stdout.decode(errors="replace").replace("\r", "").replace(self.folder + "/", "")
        return output if output.endswith("\n") or not output else output + "\n"

    def terminal(self):
        with open(self.path("terminal"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self):
        if self.server is not None:
            self.server.send_signal(signal.SIGTERM)
            self.server.wait(classroom.PATIENCE)
            self.server = None

    def close(self):
        self.stop()
        self.temporary.cleanup()


class Pages(unittest.TestCase):
    maxDiff = None

    def check(self, number):
        if not os.access(os.path.join(BUILD, "nacre-echo"), os.X_OK):
            self.skipTest("there is no such program: nacre-echo")
        page = PAGES[number - 1]
        with open(page, encoding="utf-8") as file:
            text = file.read()
        reader = Reader()
        self.addCleanup(reader.close)
        blocks = [block for block in BLOCK.finditer(text) if block["kind"] != "exercise"]  # test_exercises.py runs these
        self.assertTrue(blocks)
        for block in blocks:
            where = f"{os.path.basename(page)}:{text.count(chr(10), 0, block.start()) + 1}"
            varies = varying(block)
            if block["kind"] == "trace":
                self.compare_trace(reader, block["text"].splitlines(), varies, where)
                continue
            for command, lines in steps(block["text"]):
                if block["kind"] == "server":
                    reader.start(command)
                    continue
                reader.read = len(reader.terminal())
                output = reader.run(command)
                deadline = time.monotonic() + classroom.PATIENCE / 3
                while not re.fullmatch(pattern(lines, varies), output):
                    if "trace.json" in command and time.monotonic() < deadline:
                        output = reader.run(command)  # the server writes its trace a moment later
                        continue
                    printed = "\n".join(line[:120] for line in output.splitlines())
                    self.fail(f"{where}: {command}\nprinted\n{printed}\ninstead of\n" + "\n".join(lines))

    def compare_trace(self, reader, lines, varies, where):
        """What terminal 1 has shown since the last command."""
        wanted = re.compile(pattern(lines, varies))
        deadline = time.monotonic() + classroom.PATIENCE / 3
        while not wanted.search(reader.terminal()[reader.read:]):
            if time.monotonic() > deadline:
                self.fail(f"{where}: terminal 1 shows\n{reader.terminal()[reader.read:]}")
            time.sleep(0.02)

    def test_1_identification(self):
        self.check(1)

    def test_2_packets(self):
        self.check(2)

    def test_3_key_exchange(self):
        self.check(3)

    def test_4_authentication(self):
        self.check(4)

    def test_5_channels(self):
        self.check(5)

    def test_6_rekeying(self):
        self.check(6)

    def test_a_server_that_cannot_be_started_is_explained(self):
        serve, program = os.path.join(COURSE, "serve"), os.path.join(BUILD, "nacre-echo")
        with tempfile.TemporaryDirectory() as folder, socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            for said, *options in (("is not a program", "--program", folder + "/none"),
                                   (f"port {port}: Address already in use", "--port", str(port), "--program", program)):
                done = subprocess.run([serve, "--folder", folder, *options], capture_output=True, text=True, check=False)
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertIn(said, done.stderr)

    def test_output_that_differs_is_noticed(self):
        lines, whole = ["port 22, 7 bytes", "...", "end"], "port 22, 7 bytes\none\ntwo\nend\n"
        self.assertTrue(re.fullmatch(pattern(lines, []), whole))
        self.assertTrue(re.fullmatch(pattern(lines, ["22", "7"]), whole.replace("22", "2200").replace("7", "8")))
        for other in whole.replace("7", "8"), whole.replace("end\n", ""), whole + "more\n", whole[5:], "":
            self.assertFalse(re.fullmatch(pattern(lines, ["22"]), other), other)

    def test_every_function_and_file_that_a_page_names_is_there(self):
        for page in PAGES:
            with open(page, encoding="utf-8") as file:
                text = file.read()
            for name, link in re.findall(r"\[`(\w+)`\]\(([^)#]+)\)", text):
                path = os.path.join(COURSE, link)
                self.assertTrue(os.path.isfile(path), f"{page}: {link}")
                with open(path, encoding="utf-8") as file:
                    self.assertRegex(file.read(), rf"\b{name}\b", f"{page}: {name} is not in {link}")
            for path in re.findall(r"`((?:transport|auth|connection|apps|crypto)/[\w/]+\.[chmd]+)`", text):
                self.assertTrue(os.path.isfile(os.path.join(TOP, path)), f"{page}: {path}")

    def test_every_page_has_its_parts(self):
        for page in PAGES:
            with open(page, encoding="utf-8") as file:
                headings = re.findall(r"^##? (.*)", file.read(), re.M)
            number = os.path.basename(page)[0]
            self.assertRegex(headings[0], rf"^Chapter {number}: ")
            self.assertEqual([h.split(":")[0] for h in headings[-3:]], ["Three questions", "Exercise", "What to try next"], page)
            self.assertEqual(headings[1], "What you see", page)


if __name__ == "__main__":
    unittest.main()
