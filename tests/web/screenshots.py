"""Takes the README's pictures of the web page from a real cluster.

  UNMASK=build/release/unmask PYTHONPATH=tests/cluster build/release/web/bin/python tests/web/screenshots.py deploy/screenshots

build/release/web is the virtual environment that tests/web/run makes.
"""

import pathlib
import sys

from browser import Browser
from cluster import Cluster
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select
from served import address_of

PROMPT = "Sort these numbers from small to large: 734, 812, 778, 75, 101, 198, 638"
SLOW = {"strategy": "fixed", "steps": 8, "gen_length": 64, "block_length": 32}


def wait_for_answer(browser: Browser) -> None:
    browser.wait(lambda: browser.button("#chat .composer", "Send").is_enabled(), "the answer")


def chat(browser: Browser) -> None:
    browser.set_parameters("chat", SLOW)
    browser.find("#chat .composer textarea").send_keys(PROMPT + "\n")
    wait_for_answer(browser)
    browser.find("#chat .player input[type=range]").send_keys(Keys.HOME + 4 * Keys.ARROW_RIGHT)


def compare(browser: Browser) -> None:
    browser.set_parameters("compare-B", {"threshold": 0.5})
    browser.set_parameters("compare-A", SLOW)
    Select(browser.find("#theme")).select_by_value("dark")
    browser.tab("compare")
    browser.find("#compare > textarea").send_keys(PROMPT)
    browser.button("#compare > .bar", "Run both").click()
    browser.wait(lambda: all("tokens/s" in node.text for node in browser.find_all("#compare .player .figures")), "both answers")


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    cluster = Cluster()
    browser = Browser(address_of(cluster))
    try:
        browser.driver.set_window_size(1280, 860)
        for name, scene in (("chat", chat), ("compare", compare)):
            browser.open()
            scene(browser)
            browser.driver.save_screenshot(str(folder / f"{name}.png"))
    finally:
        browser.close()
        cluster.stop()


if __name__ == "__main__":
    main()
