"""The cluster and the browser of a test module."""

from __future__ import annotations

import unittest

from browser import Browser
from cluster import Cluster

PROMPT = "Mia has 12 apples and buys 7 more. How many apples does she have?"
# One forward a token, and no end before the last one: seconds.
LONG = {"gen_length": 256, "strategy": "fixed", "steps": 16, "block_length": 16, "early_stop": False}


def address_of(cluster: Cluster) -> str:
    return cluster.process_of("gateway")["http"]


class PageTest(unittest.TestCase):
    """Each case begins with a page as it is for who comes the first time."""

    cluster: Cluster
    browser: Browser

    def setUp(self) -> None:
        self.browser.driver.get(self.browser.address + "/web/icon.svg")
        self.browser.driver.execute_async_script(
            "const done = arguments[0]; localStorage.clear(); sessionStorage.clear();"
            "const request = indexedDB.deleteDatabase('unmask'); request.onsuccess = request.onerror = () => done();")
        self.browser.driver.set_window_size(1400, 1000)
        self.browser.open()

    def tearDown(self) -> None:
        self.browser.check_console()
        self.assertEqual(self.browser.hosts(), {self.browser.address.removeprefix("http://")})

    def say(self, text: str) -> None:
        self.browser.find("#chat .composer textarea").send_keys(text + "\n")

    def messages(self) -> list[str]:
        return [node.text for node in self.browser.find_all("#chat .message .body")]

    def is_done(self) -> bool:
        return self.browser.button("#chat .composer", "Send").is_enabled()

    def ask(self, text: str = PROMPT) -> str:
        self.say(text)
        self.browser.wait(self.is_done, "the answer")
        return self.messages()[-1]

    def problem(self, where: str) -> str:
        return " ".join(node.text for node in self.browser.find_all(where + " .problem") if node.text)


def serve() -> None:
    """For setUpModule(): the cluster and the browser of all cases of the module."""
    PageTest.cluster = Cluster()
    unittest.addModuleCleanup(PageTest.cluster.stop)
    PageTest.browser = Browser(address_of(PageTest.cluster))
    unittest.addModuleCleanup(PageTest.browser.close)
