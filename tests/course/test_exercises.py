"""The exercises: the faulty copy fails its check, the shortcut that comes to mind fails it too, and the solution passes."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import checks
from classroom import BUILD, TOP
from pages import BLOCK, PAGES, pattern, steps, varying

EXERCISE = os.path.join(TOP, "tests", "course", "exercise")
PATCHES = os.path.join(TOP, "tests", "course", "exercises")
os.environ["NACRE_COURSE_STALL"] = "3"  # some copies have to stand still before their check can fail


def patch(name, folder, *options):
    done = subprocess.run(["patch", "-p1", "-s", "-f", "--no-backup-if-mismatch", "-i", os.path.join(PATCHES, name), *options],
                          cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"tests/course/exercises/{name} no longer fits the sources: {done.stdout}")


class Exercises(unittest.TestCase):
    def setUp(self):
        if not os.access(os.path.join(BUILD, "nacre-echo"), os.X_OK):
            self.skipTest("there is no such program: nacre-echo")
        self.temporary = tempfile.TemporaryDirectory(prefix="nacre-exercises-")
        self.addCleanup(self.temporary.cleanup)

    def run_exercise(self, number, *options):
        done = subprocess.run([EXERCISE, str(number), *options], capture_output=True, text=True, check=False, timeout=300)
        return done.returncode, done.stdout + done.stderr

    def compare_page(self, number, said):
        """The chapter shows how the copy fails."""
        with open(PAGES[number - 1], encoding="utf-8") as file:
            block, = (block for block in BLOCK.finditer(file.read()) if block["kind"] == "exercise")
        (command, lines), = steps(block["text"])
        self.assertEqual(command, f"make exercise N={number}")
        self.assertRegex(said, re.compile(pattern(lines, varying(block)) + r"\Z"))

    def check(self, number):
        folder = os.path.join(self.temporary.name, "copy")
        here = "--folder", folder
        status, said = self.run_exercise(number, *here)
        self.assertEqual(status, 0, said)
        self.assertIn("That is how it should fail", said)
        self.assertNotIn("is solved", said)
        self.compare_page(number, said)
        parts = len(checks.CHECKS[number])

        patch(f"{number}-shortcut.patch", folder)
        status, said = self.run_exercise(number, *here)
        self.assertEqual((status, said.count("FAILED")), (1, 1), said)
        self.assertIn("Not yet.", said)

        patch(f"{number}-shortcut.patch", folder, "-R")
        patch(f"{number}-solution.patch", folder)
        status, said = self.run_exercise(number, *here)
        self.assertEqual((status, said.count(": ok\n")), (0, parts), said)
        self.assertIn(f"Exercise {number} is solved.", said)

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

    def test_what_was_built_passes_every_check(self):
        for number, parts in checks.CHECKS.items():
            for what, check in parts:
                with self.subTest(number=number, what=what):
                    check(os.path.join(BUILD, "nacre-echo"))

    def test_a_folder_that_is_something_else_is_left_alone(self):
        path = os.path.join(self.temporary.name, "file")
        with open(path, "w", encoding="ascii") as file:
            file.write("mine\n")
        status, said = self.run_exercise(1, "--folder", self.temporary.name)
        self.assertEqual(status, 1)
        self.assertIn("is not the copy for exercise 1", said)
        self.assertEqual(os.listdir(self.temporary.name), ["file"])

    def test_the_copy_is_never_inside_of_the_tree(self):
        status, said = self.run_exercise(1, "--folder", os.path.join(TOP, "exercise"))
        self.assertEqual(status, 1)
        self.assertIn("inside of the tree", said)
        self.assertFalse(os.path.exists(os.path.join(TOP, "exercise")))

    def test_a_patch_that_no_longer_fits_is_named(self):
        tree = os.path.join(self.temporary.name, "tree")
        shutil.copytree(os.path.join(TOP, "tests", "course"), os.path.join(tree, "tests", "course"))
        for name in "Makefile", "crypto", "transport", "auth", "connection", "apps", "vectors":
            os.symlink(os.path.join(TOP, name), os.path.join(tree, name))
        faulty = os.path.join(tree, "tests", "course", "exercises", "1.patch")
        with open(faulty, encoding="ascii") as file:
            text = file.read()
        with open(faulty, "w", encoding="ascii") as file:
            file.write(re.sub(r"^-(.*)", r"-not \1", text, count=2, flags=re.M))
        done = subprocess.run([os.path.join(tree, "tests", "course", "exercise"), "1", "--folder", self.temporary.name + "/copy"],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("1.patch no longer fits the sources", done.stderr)

    def test_no_patch_changes_more_than_one_file(self):
        for name in os.listdir(PATCHES):
            with open(os.path.join(PATCHES, name), encoding="ascii") as file:
                text = file.read()
            self.assertEqual(len(re.findall(r"^--- a/", text, re.M)), 1, name)
            self.assertEqual(len(set(re.findall(r"^(?:---|\+\+\+) [ab]/(.*)", text, re.M))), 1, name)


if __name__ == "__main__":
    unittest.main()
