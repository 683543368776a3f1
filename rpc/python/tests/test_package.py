"""The package as a folder: whole by itself, and harmless when it is not."""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import unmask

HERE = pathlib.Path(__file__).resolve().parents[1]
PACKAGE = HERE / "src/unmask"


class PackageTest(unittest.TestCase):
    def test_its_schema_is_the_project_s(self) -> None:
        subprocess.run([HERE / "copy_schema", "--check"], check=True)

    def test_no_file_of_it_is_a_link(self) -> None:
        self.assertEqual([str(path) for path in HERE.rglob("*") if path.is_symlink()], [])

    def test_its_version_is_the_project_s(self) -> None:
        project = (HERE.parents[1] / "CMakeLists.txt").read_text()
        version = re.search(r"project\(unmask\s+VERSION (\S+)", project)
        assert version is not None
        self.assertEqual(unmask.__version__, version[1])

    def test_a_damaged_schema_is_an_import_error_and_does_not_end_the_interpreter(self) -> None:
        whole = (PACKAGE / "protocol.capnp").read_bytes()
        for damaged in (b"../../../protocol.capnp", whole[: len(whole) // 2], b"", None):
            with tempfile.TemporaryDirectory() as folder:
                copy = pathlib.Path(folder) / "unmask"
                shutil.copytree(PACKAGE, copy)
                (copy / "protocol.capnp").unlink()
                if damaged is not None:
                    (copy / "protocol.capnp").write_bytes(damaged)
                script = "try: import unmask\nexcept ImportError as error: print(error)"
                ended = subprocess.run(
                    [sys.executable, "-c", script],
                    cwd=folder,
                    capture_output=True,
                    text=True,
                    check=True,
                )
                self.assertIn("unmask is not whole", ended.stdout, ended.stderr)
