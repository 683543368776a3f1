"""Comparing, infilling, recordings, the cluster and keys: the page's other tabs, in Chromium against a real cluster."""

import json
import pathlib
import tempfile
import unittest

from browser import Browser
from cluster import Cluster
from selenium.webdriver.support.ui import Select
from served import PROMPT, PageTest, address_of, serve

FRAME = {"t": 0, "block": 0, "step": 1, "base": 9, "length": 4, "masked": 2, "full": True, "changes": [
    [0, "One", "committed", 0.9, 5], [1, None, "hole", None, None], [2, "a", "guess", 0.2, 7], [3, ".", "committed", 0.4, 6]]}
RECORDING = {"kind": "unmask.recording", "version": 1, "created": "2026-01-01T00:00:00Z", "model": "m", "prompt": "p", "answer": "One",
             "parameters": {"threshold": 0.5}, "figures": None,
             "frames": [FRAME, {**FRAME, "t": 40, "step": 2, "masked": 0, "full": False,
                                "changes": [[1, " two", "edited", 0.1, 8], [2, "b", "committed", 0.6, 9]]}]}


def setUpModule():
    serve()


class CompareTest(PageTest):
    def test_two_sets_of_parameters_answer_one_prompt(self):
        self.browser.script("localStorage.setItem('unmask.parameters.compare-B', JSON.stringify({ strategy: 'fixed', gen_length: 32 }))")
        self.browser.open()
        self.browser.tab("compare")
        self.browser.find("#compare > textarea").send_keys(PROMPT)
        self.browser.button("#compare > .bar", "Run both").click()
        self.browser.wait(lambda: all("tokens/s" in node.text for node in self.browser.find_all("#compare .player .figures")), "both answers")
        self.assertEqual(["19" in node.text for node in self.browser.find_all("#compare .filled")], [True, True])


class InfillTest(PageTest):
    def test_a_text_without_holes_is_refused(self):
        self.browser.tab("infill")
        self.browser.find("#infill textarea").clear()
        self.browser.find("#infill textarea").send_keys("nothing")
        self.browser.button("#infill", "Fill in").click()
        self.assertIn("no hole", self.problem("#infill"))

    def test_holes_are_filled_in_place(self):
        self.browser.tab("infill")
        self.browser.button("#infill", "Fill in").click()
        self.browser.wait(lambda: self.browser.find_all("#infill .filled mark:not(.open)") or self.problem("#infill"), "the text")
        self.assertEqual(self.problem("#infill"), "")
        text = self.browser.find("#infill .filled").text
        self.assertTrue(text.startswith("Mia has 12 apples and buys 7 more. She has ") and text.endswith(" apples."), text)


class RecordingTest(PageTest):
    def open_file(self, text):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = pathlib.Path(folder.name) / "recording.json"
        path.write_text(text)
        self.browser.find("#replay input[type=file]").send_keys(str(path))

    def cells(self):
        return [node.text.strip() for node in self.browser.find_all("#replay .canvas .cell")]

    def test_a_recording_is_played_from_its_file(self):
        self.browser.tab("replay")
        self.open_file(json.dumps(RECORDING))
        self.browser.wait(lambda: self.cells() == ["One", "two", "b", "."], "the canvas")
        self.assertIn("threshold = 0.5", self.browser.find("#replay table").text)
        scrubber = self.browser.find("#replay input[type=range]")
        scrubber.send_keys("\ue012")
        self.assertEqual(self.cells(), ["One", "·", "a", "."])
        self.assertIn("1 of 2", self.browser.find("#replay .position").text)

    def test_a_hostile_file_is_refused_with_a_sentence(self):
        self.browser.tab("replay")
        bad = [("{", "no JSON"), ("[]", "no recording"), (json.dumps({**RECORDING, "version": 9}), "version 9"),
               (json.dumps({**RECORDING, "frames": [{**FRAME, "length": 10**9}]}), "no possible length"),
               (json.dumps({**RECORDING, "frames": [{**FRAME, "changes": [[99, "x", "committed", 1, 1]]}]}), "not in its block")]
        for text, reason in bad:
            self.open_file(text)
            self.browser.wait(lambda: reason in self.problem("#replay"), f"the refusal: {reason}")
            self.assertRegex(self.problem("#replay"), r"^[A-Z].*\.$")


class ClusterTabTest(PageTest):
    def test_members_jobs_and_charts_are_shown(self):
        self.ask()
        self.browser.tab("cluster")
        self.browser.wait(lambda: "coordinator" in self.browser.find("#cluster").text, "the members")
        self.browser.wait(lambda: self.browser.find("#cluster table tbody").text.count("worker") == 2, "the workers")
        self.browser.wait(lambda: len(self.browser.find_all("#cluster canvas[width]")) == 4, "the charts")
        self.assertIn("unmask-tiny", self.browser.find("#cluster > p:not(.problem)").text)


class LookTest(PageTest):
    def check(self, where, *rules):
        found = []
        for name in ("chat", "compare", "infill", "replay", "cluster", "about"):
            self.browser.tab(name)
            found += [f"{name}: {violation}" for violation in self.browser.violations(*rules)]
            if self.browser.script("return document.documentElement.scrollWidth > innerWidth"):
                found.append(f"{name}: wider than the window")
        self.assertEqual(found, [], where)

    def test_axe_finds_nothing_in_either_theme(self):
        self.ask()
        self.browser.find("#chat .composer summary").click()
        Select(self.browser.find("#theme")).select_by_value("light")
        self.check("light")
        self.browser.tab("chat")
        Select(self.browser.find("#theme")).select_by_value("dark")
        self.check("dark", "color-contrast")

    def test_a_narrow_window_is_enough(self):
        self.browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True})
        self.addCleanup(self.browser.driver.execute_cdp_cmd, "Emulation.clearDeviceMetricsOverride", {})
        self.assertIn("19", self.ask())
        self.check("360 px")


class KeyTest(unittest.TestCase):
    def test_the_key_is_asked_for_and_kept_for_the_tab(self):
        cluster = Cluster("--api-key", "alpha", "--workers", "1")
        self.addCleanup(cluster.stop)
        browser = Browser(address_of(cluster))
        self.addCleanup(browser.close)
        browser.open("return !document.getElementById('key-form').hidden")
        browser.wait(lambda: browser.find("#problem").text.startswith("This server needs an API key"), "the sentence")
        browser.find("#key").send_keys("alpha\n")
        browser.wait(lambda: browser.script("return document.body.dataset.ready === 'true'"), "the page")
        self.assertEqual(browser.find("#problem").text, "")
        browser.open()
        self.assertFalse(browser.find("#key-form").is_displayed())
        browser.check_console()


if __name__ == "__main__":
    unittest.main(verbosity=2)
