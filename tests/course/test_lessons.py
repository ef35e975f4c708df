"""The lessons: every question answered wrong and then right, at the terminal and from a file."""
import os
import re
import subprocess
import tempfile
import unittest

import questions
from classroom import BUILD, TOP

LESSON = os.path.join(TOP, "tests", "course", "lesson")


def version_length():
    """Of the first line that nacre-echo sends: SSH-2.0-nacre_ and the version that --version prints."""
    said = subprocess.run([os.path.join(BUILD, "nacre-echo"), "--version"], check=True, capture_output=True, text=True).stdout
    return str(len("SSH-2.0-nacre_") + len(re.search(r"\d[\w.]*", said)[0]))


# A wrong answer and the right one, from the RFCs and the sources, not from the lesson's own measurement
ANSWERS = {
    1: [("19", version_length), ("2", "8"), ("1", "0x14")],
    2: [("10", "16 bytes"), ("36", "64"), ("0", "3")],
    3: [("curve25519-sha256", "ECDH-SHA2-NISTP256"), ("1184", "1216"), ("6", "4")],
    4: [("1", "3"), ("32", "64"), ("publickey,password", "password")],
    5: [("131072", "131066"), ("96 97 98", "98, 96, 97"), ("1000000", "32768")],
    6: [("ext-info-s", "kex-strict-s kex-strict-s-v00@openssh.com ext-info-s"), ("4", "3"), ("2", "11")],
}


def literal(answer):
    return answer() if callable(answer) else answer


class Lessons(unittest.TestCase):
    def setUp(self):
        if not os.access(os.path.join(BUILD, "nacre-echo"), os.X_OK):
            self.skipTest("there is no such program: nacre-echo")

    def run_lesson(self, number, *options, typed=""):
        done = subprocess.run([LESSON, str(number), *options], input=typed, capture_output=True, text=True, check=False,
                              timeout=120)
        return done.returncode, done.stdout + done.stderr

    def check(self, number):
        """At the terminal: each question wrong first, then right."""
        typed = "".join(f"{literal(wrong)}\n{literal(right)}\n" for wrong, right in ANSWERS[number])
        status, said = self.run_lesson(number, typed=typed)
        self.assertEqual((status, said.count("Not yet."), said.count("Right.")), (0, 3, 3), said)
        self.assertIn("Three of three.", said)
        for question, (_, right) in zip(questions.QUESTIONS[number], ANSWERS[number]):
            for word in literal(right).split():
                if len(word.strip(",")) > 2 and word != "bytes":
                    self.assertNotIn(word.strip(",").lower(), question.hint.lower(), "a hint gives the answer away")

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

    def test_answers_from_a_file(self):
        right = [literal(r) for _, r in ANSWERS[1]]
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write("\n".join(right) + "\n")
            file.flush()
            status, said = self.run_lesson(1, "--answers", file.name)
        self.assertEqual((status, said.count("Right.")), (0, 3), said)

    def test_a_wrong_or_missing_answer_in_a_file_ends_the_lesson(self):
        right = literal(ANSWERS[1][0][1])
        for answers in (right, "9"), (right,), (right, "many"), ():
            with self.subTest(answers=answers), tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
                file.write("\n".join(answers) + "\n")
                file.flush()
                status, said = self.run_lesson(1, "--answers", file.name)
                self.assertEqual((status, said.count("Right.")), (1, min(len(answers), 1)), said)

    def test_an_answer_of_another_form_is_told_so(self):
        status, said = self.run_lesson(1, typed="seventeen\n")
        self.assertEqual(status, 1)
        self.assertIn("The answer is a number.", said)

    def test_every_chapter_asks_what_the_lesson_knows(self):
        for number, page in questions.CHAPTERS.items():
            with open(os.path.join(TOP, "tests", "course", page), encoding="utf-8") as file:
                asked = questions.texts(file.read())
            self.assertEqual((len(asked), len(questions.QUESTIONS[number]), len(ANSWERS[number])), (3, 3, 3), page)


if __name__ == "__main__":
    unittest.main()
