"""What `cmake --install` puts into a prefix, from outside.

  UNMASK=build/release/unmask python3 tests/cluster/install_test.py
"""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

BUILD = pathlib.Path(os.environ["UNMASK"]).resolve().parent
TIMEOUT = 120  # seconds, of one command


class InstallTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.prefix = pathlib.Path(folder.name) / "usr"
        subprocess.run(["cmake", "--install", BUILD, "--prefix", cls.prefix], check=True,
                       stdout=subprocess.DEVNULL, timeout=TIMEOUT)

    def installed(self, *words):
        """What the installed program says, somewhere else than in a checkout."""
        return subprocess.run([self.prefix / "bin/unmask", *words], cwd="/", check=True,
                              capture_output=True, text=True, timeout=TIMEOUT).stdout

    def complete(self, *words):
        """What bash offers behind these words."""
        script = (f'. "{self.prefix}/share/bash-completion/completions/unmask"\n'
                  'COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))\n_unmask\n'
                  'printf "%s\\n" "${COMPREPLY[@]}"')
        return subprocess.run(["bash", "-c", script, "bash", "unmask", *words], check=True,
                              capture_output=True, text=True, cwd="/").stdout.split()

    def test_the_program_finds_the_model_that_came_with_it(self):
        self.assertIn(str(self.prefix / "share/unmask/unmask-tiny"), self.installed("models"))
        self.assertIn("632", self.installed("run", "--gen-length", "32", "What is 347 + 285?"))

    def test_the_program_finds_the_tasks_that_came_with_it(self):
        with tempfile.TemporaryDirectory() as out:
            self.assertIn("| threshold |", self.installed("eval", "--out", out, "--tasks", "arithmetic", "--limit", "1"))
        refused = subprocess.run([self.prefix / "bin/unmask", "eval", "--out", "/nowhere", "--tasks", "gsm8k"],
                                 capture_output=True, text=True, cwd="/", timeout=TIMEOUT)
        self.assertIn("--data", refused.stderr)

    def test_bash_completes_commands_and_their_flags(self):
        self.assertIn("submit", self.complete("su"))
        self.assertEqual(self.complete("config", "ex"), ["explain"])
        self.assertEqual(self.complete("run", "--gen"), ["--gen-length"])
        self.assertEqual(self.complete("submit", "--detach", "--pri"), ["--priority"])
        self.assertNotIn("--priority", self.complete("run", "--"))

    def test_other_shells_can_read_theirs(self):
        for shell, file in (("zsh", "zsh/site-functions/_unmask"),
                            ("fish", "fish/vendor_completions.d/unmask.fish")):
            path = self.prefix / "share" / file
            self.assertIn("gen-length", path.read_text())
            if shutil.which(shell):
                subprocess.run([shell, "-n", path], check=True, timeout=TIMEOUT)

    def test_the_manual_has_every_command_and_reads_without_a_warning(self):
        page = self.prefix / "share/man/man1/unmask.1"
        text = page.read_text()
        for command in ("run", "submit", "config show", "trace diff"):
            self.assertIn(f".SS unmask {command}\n", text)
        if shutil.which("groff"):
            read = subprocess.run(["groff", "-man", "-ww", "-Tutf8", "-z", page], check=True,
                                  capture_output=True, text=True, timeout=TIMEOUT)
            self.assertEqual(read.stderr, "")


if __name__ == "__main__":
    unittest.main()
