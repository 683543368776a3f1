"""The page's chat, its canvas and its parameters, in Chromium against a real cluster.

  UNMASK=build/release/unmask tests/web/run build/release/web
"""

import json
import unittest

from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select
from served import LONG, PROMPT, PageTest, serve


def setUpModule():
    serve()


class ChatTest(PageTest):
    def test_a_question_is_answered_with_figures_and_is_there_after_a_reload(self):
        self.assertIn("19", self.ask())
        figures = self.browser.find("#chat .message .figures").text
        self.assertRegex(figures, r"^\d+ tokens in \d+ steps?, [\d.]+ tokens per forward, [\d.]+ s, [\d.]+ tokens/s$")
        said = self.messages()
        self.browser.open()
        self.assertEqual(self.messages(), said)
        self.assertEqual(self.browser.find("#chat .message .figures").text, figures)

    def test_a_conversation_goes_on_from_an_edited_message(self):
        self.ask()
        self.ask("Reverse the word: unmask")
        self.browser.button("#chat .message.user", "Edit").click()
        text = self.browser.find("#chat .message textarea")
        text.clear()
        text.send_keys("Mia has 2 apples and buys 3 more. How many apples does she have?")
        self.browser.button("#chat .message.user", "Send").click()
        self.browser.wait(lambda: self.is_done() and len(self.messages()) == 2, "the answer")
        self.assertIn("5", self.messages()[1])
        before = self.messages()
        self.browser.button("#chat .message.assistant", "Regenerate").click()
        self.browser.wait(lambda: self.is_done() and len(self.messages()) == 2, "the answer again")
        self.assertEqual(self.messages(), before)

    def test_conversations_are_named_and_deleted(self):
        self.ask()
        self.browser.button("#chat", "Rename").click()
        name = self.browser.find("#chat .conversations input")
        name.send_keys(Keys.CONTROL + "a")
        name.send_keys("Apples\n")
        self.browser.wait(lambda: self.browser.find("#chat .conversations .open").text == "Apples", "the name")
        self.browser.button("#chat", "New conversation").click()
        self.assertEqual(self.messages(), [])
        self.assertEqual([node.text for node in self.browser.find_all("#chat .conversations .open")], ["New conversation", "Apples"])
        self.browser.button("#chat .conversations", "Apples").click()
        self.browser.button("#chat", "Delete").click()
        self.browser.button("#chat", "Delete for good").click()
        self.browser.wait(lambda: self.messages() == [], "the end of it")
        self.browser.open()
        self.assertEqual(self.messages(), [])

    def test_what_came_stays_when_an_answer_is_stopped(self):
        self.browser.set_parameters("chat", LONG)
        self.say(PROMPT)
        self.browser.wait(lambda: len(self.messages()) == 2 and self.messages()[1], "some text")
        self.browser.button("#chat .composer", "Stop").click()
        self.browser.wait(self.is_done, "the end")
        self.assertTrue(self.browser.find("#chat .message .figures").text.startswith("Stopped."))
        said = self.messages()
        self.assertTrue(said[1])
        self.cluster.wait_until(lambda: not self.cluster.is_busy(), "the end of the job")
        self.browser.open()
        self.assertEqual(self.messages(), said)

    def test_a_refusal_is_a_sentence(self):
        self.browser.set_parameters("chat", {"gen_length": 100_000})
        self.ask()
        problem = self.problem("#chat .message")
        self.assertRegex(problem, r"^[A-Z][^{}]*\.$")

    def test_everything_can_be_done_by_keys(self):
        tab = self.browser.find("#tab-chat")
        tab.send_keys(Keys.ARROW_RIGHT)
        self.assertTrue(self.browser.find("#compare").is_displayed())
        self.browser.driver.switch_to.active_element.send_keys(Keys.END)
        self.assertTrue(self.browser.find("#about").is_displayed())


class CanvasTest(PageTest):
    def shades(self):
        return [set(node.get_attribute("class").split()) for node in self.browser.find_all("#chat .canvas .cell")]

    def test_text_forms_out_of_order_and_can_be_played_again(self):
        self.browser.set_parameters("chat", {**LONG, "gen_length": 48})
        self.say(PROMPT)
        self.browser.wait(lambda: any("hole" in shade for shade in self.shades()) and any("hole" not in shade for shade in self.shades()),
                          "a canvas half filled in")
        self.browser.wait(self.is_done, "the answer")
        self.assertEqual(len(self.shades()), 48)
        self.assertFalse(any("hole" in shade for shade in self.shades()))
        scrubber = self.browser.find("#chat .player input[type=range]")
        last = scrubber.get_attribute("max")
        scrubber.send_keys(Keys.HOME + Keys.ARROW_RIGHT)
        self.assertTrue(any("hole" in shade for shade in self.shades()))
        Select(self.browser.find("#chat .player select")).select_by_value("4")
        self.browser.button("#chat .player", "Play").click()
        self.browser.wait(lambda: scrubber.get_attribute("value") == last and self.browser.find("#chat .play").text == "Play", "the end")
        self.assertIn("block 3", self.browser.find("#chat .strip").text)
        self.assertIn("decided", self.browser.find("#chat .summary").text)
        self.browser.open()
        self.assertEqual(len(self.shades()), 48)


class ParametersTest(PageTest):
    def panel(self):
        self.browser.find("#chat .composer summary").click()

    def field(self, name):
        return self.browser.find(f'#chat .parameters [data-row="{name}"]')

    def test_the_controls_are_those_of_the_server(self):
        self.panel()
        Select(self.field("strategy")).select_by_value("fixed")
        self.assertTrue(self.field("steps").is_displayed())
        self.assertEqual(self.browser.find_all('#chat [data-row="threshold"]'), [])
        self.field("gen_length").send_keys("0\t")
        self.assertRegex(self.problem("#chat .parameters"), r"^gen_length is .* from 1 to \d+\.$")
        self.field("gen_length").clear()
        self.field("gen_length").send_keys("32\t")
        self.assertEqual(self.problem("#chat .parameters"), "")
        stored = json.loads(self.browser.script("return localStorage.getItem('unmask.parameters.chat')"))
        self.assertEqual(stored, {"strategy": "fixed", "gen_length": 32})

    def test_the_server_s_presets_are_there(self):
        self.panel()
        Select(self.browser.find("#chat .presets select")).select_by_value("fast")
        self.assertEqual(self.field("threshold").get_attribute("value"), "0.5")
        Select(self.browser.find("#chat .presets select")).select_by_value("balanced")
        self.assertEqual(Select(self.field("strategy")).first_selected_option.text, "credit")

    def test_a_preset_is_kept_in_the_browser(self):
        self.panel()
        self.field("gen_length").send_keys("24\t")
        self.browser.find("#chat .presets input").send_keys("Short")
        self.browser.button("#chat .presets", "Save preset").click()
        self.browser.button("#chat .presets", "Reset all").click()
        self.assertEqual(self.field("gen_length").get_attribute("value"), "")
        self.browser.open()
        self.panel()
        Select(self.browser.find("#chat .presets select")).select_by_value("Short")
        self.assertEqual(self.field("gen_length").get_attribute("value"), "24")
        self.ask()
        self.assertRegex(self.browser.find("#chat .message .figures").text, r"^\d+ tokens in")


if __name__ == "__main__":
    unittest.main(verbosity=2)
