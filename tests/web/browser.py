"""Chromium on the page of a gateway, for tests."""

from __future__ import annotations

import json
import pathlib
import urllib.parse

import axe_core_python
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

TIMEOUT = 30  # seconds, for anything that is waited for
AXE = pathlib.Path(axe_core_python.__file__).with_name("axe.min.js").read_text()
FLAGS = ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--window-size=1400,1000",
         "--force-prefers-reduced-motion", "--disable-background-networking", "--no-first-run")


class Browser:
    """One window at `address`; close() it. What its console says is looked at by check_console()."""

    def __init__(self, address: str) -> None:
        options = Options()
        for flag in FLAGS:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.address = address
        self._asked: list[str] = []

    def close(self) -> None:
        self.driver.quit()

    def open(self, is_ready: str = "return document.body.dataset.ready === 'true'") -> None:
        self.driver.get(self.address)
        self.wait(lambda: self.script(is_ready), "the page")

    def script(self, text: str, *words):
        return self.driver.execute_script(text, *words)

    def module(self, name: str, body: str, *words):
        """What `body` returns, with `m` for the module and `words` for the arguments."""
        found = self.driver.execute_async_script(
            f"const done = arguments[arguments.length - 1], words = arguments[0];"
            f"import('/web/{name}').then((m) => {{ {body} }}).then((value) => done({{ value }}),"
            f" (error) => done({{ error: String(error) }}));", list(words))
        if "error" in found:
            raise AssertionError(found["error"])
        return found.get("value")

    def find(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def find_all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def button(self, where: str, text: str) -> WebElement:
        return next(node for node in self.find_all(where + " button") if node.text == text)

    def wait(self, is_true, what: str) -> None:
        WebDriverWait(self.driver, TIMEOUT, poll_frequency=0.05).until(lambda _: is_true(), what)

    def tab(self, name: str) -> None:
        self.find(f"#tab-{name}").click()

    def set_parameters(self, place: str, values: dict) -> None:
        """As if they had been set before; opens the page again."""
        self.script("localStorage.setItem('unmask.parameters.' + arguments[0], arguments[1])", place, json.dumps(values))
        self.open()

    def check_console(self) -> None:
        """Nothing but answers that a test asked for: their statuses are the browser's own lines."""
        complaints = [entry for entry in self.driver.get_log("browser") if entry["source"] != "network"]
        assert not complaints, complaints

    def hosts(self) -> set[str]:
        """Of all requests since the last call."""
        found = set()
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                url = urllib.parse.urlparse(message["params"]["request"]["url"])
                if url.scheme not in ("data", "blob"):
                    found.add(url.netloc)
        return found

    def violations(self, *rules: str) -> list[str]:
        """What axe finds wrong with what is shown; by these of its rules, or all."""
        self.script(AXE)
        found = self.driver.execute_async_script(
            "const done = arguments[1], options = arguments[0].length ? { runOnly: arguments[0] } : {};"
            "axe.run(options).then((result) => done(result.violations));", list(rules))
        return [f"{entry['id']}: {node['html'][:200]}" for entry in found for node in entry["nodes"]]
