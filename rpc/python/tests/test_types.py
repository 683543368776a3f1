"""The package's types, as a strict checker reads them."""

import pathlib
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parents[1]


class TypesTest(unittest.TestCase):
    def test_the_package_and_its_tests_are_clean_under_mypy(self) -> None:
        # Read again only what changed; kept where the packages are.
        cache = pathlib.Path(sys.prefix) / "mypy_cache"
        checked = subprocess.run(
            [sys.executable, "-m", "mypy", "--cache-dir", cache],
            cwd=HERE,
            capture_output=True,
            text=True,
        )
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    def test_the_package_says_that_it_is_typed(self) -> None:
        import unmask

        self.assertTrue((pathlib.Path(unmask.__file__).parent / "py.typed").exists())
