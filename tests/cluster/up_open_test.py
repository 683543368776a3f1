"""`unmask up --open` with a browser that tells what it was asked for. Needs nothing but Python's own library.

  UNMASK=build/release/unmask python3 tests/cluster/up_open_test.py
"""

import os
import pathlib
import select
import tempfile
import unittest

from cluster import TIMEOUT, Cluster


class UpOpenTest(unittest.TestCase):
    def test_the_browser_gets_the_page_as_it_really_is(self):
        with tempfile.TemporaryDirectory() as folder:
            asked = pathlib.Path(folder) / "asked"
            browser = pathlib.Path(folder) / "browser"
            browser.write_text(f'#!/bin/sh\necho "$1" > {asked}.part && mv {asked}.part {asked}\n')
            browser.chmod(0o755)
            cluster = Cluster("--open", "--workers", "1", environment={"BROWSER": str(browser)})
            cluster.wait_until(asked.exists, "the browser")
            http = cluster.process_of("gateway")["http"]
            log = cluster.stop()
            self.assertEqual(asked.read_text().strip(), http + "/")
        self.assertIn(f"OpenAI API   {http}/v1\n", log)
        self.assertIn(f"page         {http}/\n", log)
        self.assertNotIn("not opened", log)

    def test_a_browser_that_its_opener_leaves_behind_outlives_the_cluster(self):
        with tempfile.TemporaryDirectory() as folder:
            asks, answers = pathlib.Path(folder) / "asks", pathlib.Path(folder) / "answers"
            for fifo in (asks, answers):
                os.mkfifo(fifo)
            opener = pathlib.Path(folder) / "opener"
            # What it leaves behind waits until somebody writes.
            opener.write_text(f"#!/bin/sh\n(read line < {asks}; echo $line > {answers}) &\n")
            opener.chmod(0o755)
            cluster = Cluster("--open", "--workers", "1", environment={"BROWSER": str(opener)})
            said = os.open(answers, os.O_RDONLY | os.O_NONBLOCK)
            with open(asks, "w", encoding="ascii") as browser:  # it is there
                self.assertNotIn("not opened", cluster.stop())
                browser.write("alive\n")
            self.assertEqual(select.select([said], [], [], TIMEOUT)[0], [said])
            self.assertEqual(os.read(said, 100), b"alive\n")
            os.close(said)

    def test_without_a_display_it_says_so_and_goes_on(self):
        nothing = {"BROWSER": "", "DISPLAY": "", "WAYLAND_DISPLAY": ""}
        cluster = Cluster("--open", "--workers", "1", environment=nothing)
        log = cluster.stop()
        self.assertIn("unmask: the page is not opened: there is no display here, and no $BROWSER\n", log)


if __name__ == "__main__":
    unittest.main()
