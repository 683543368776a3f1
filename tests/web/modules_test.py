"""The page's modules that decide, each by itself in Chromium."""

import unittest

from served import PageTest, serve


def setUpModule():
    serve()


class ModulesTest(PageTest):
    def test_events_come_whole_however_they_are_cut(self):
        text = 'data: {"a":1}\r\n\r\n: comment\n\ndata: x\ndata: y\n\nevent: z\ndata:[DONE]\n\nda'
        for size in (1, 2, 3, 7, len(text)):
            found = self.browser.module("sse.js", """const parser = new m.EventParser(), [text, size] = words, found = [];
                for (let i = 0; i < text.length; i += size) found.push(...parser.push(text.slice(i, i + size)));
                return found;""", text, size)
            self.assertEqual(found, ['{"a":1}', "x\ny", "[DONE]"], size)

    def test_frames_fold_into_a_canvas(self):
        frames = [{"block": 0, "step": 1, "base": 5, "length": 2, "masked": 1, "changes": [[0, "a", "committed", 0.2, 1], [1, "b", "guess", 0.1, 2]]},
                  {"block": 0, "step": 3, "base": 5, "length": 2, "masked": 0, "changes": [[1, "c", "committed", 0.5, 3], [9, "?", "committed", 1, 3]]},
                  {"block": 1, "step": 4, "base": 7, "length": 1, "masked": 1, "changes": [[0, None, "remasked", None, None]]},
                  {"block": 2, "step": 5, "base": 8, "length": 2, "masked": 0, "changes": [[0, "d", "committed", 1, 4], [1, "<|endoftext|>", "committed", 1, 5]]}]
        found = self.browser.module("frames.js", """const canvas = m.emptyCanvas(), shades = [];
            for (const frame of words[0]) { m.fold(canvas, frame); shades.push(canvas.blocks[0].cells.map((cell) => m.shadeOf(cell, canvas.step, false))); }
            return { shades, figures: m.blockFigures(canvas), prefix: canvas.blocks.map(m.decidedPrefix), text: m.summaryOf(canvas) };""", frames)
        self.assertEqual(found["shades"], [["unsure", "hole"], ["old", "doubtful"], ["old", "old"], ["old", "old"]])
        self.assertEqual([(figure["steps"], figure["tokens"]) for figure in found["figures"]], [(3, 2), (1, 0), (1, 2)])
        self.assertEqual((found["prefix"], found["text"]), (["ac", "", "d"], "Step 5: 2 of 2 positions of block 3 are decided."))

    def test_markdown_runs_and_loads_nothing(self):
        hostile = ('<script>window.hit = 1</script><img src=x onerror="window.hit = 2"><a href="javascript:window.hit=3">a</a>'
                   '<svg onload="window.hit=4"></svg><p style="color:red" class="problem" id="problem">b</p>\n\n[c](https://example.org) [d](javascript:window.hit=5)\n\n'
                   "```python\nprint(1)\n```\n\n<iframe src='https://example.org'></iframe>")
        html = self.browser.module("markdown.js", """const box = document.createElement("div"); box.append(m.safeFragment(words[0]));
            document.body.append(box); const html = box.innerHTML; box.remove(); return html;""", hostile)
        for word in ("<script", "<img", '<a href="javascript:', "<svg", "<iframe", "<p style", "<p class"):
            self.assertNotIn(word, html)
        self.assertIn("&lt;script&gt;", html)
        self.assertIn('href="https://example.org"', html)
        self.assertIn('rel="noopener noreferrer"', html)
        self.assertIn('class="language-python"', html)
        self.assertIsNone(self.browser.script("return window.hit ?? null"))

    def test_snippets_quote_what_was_said(self):
        messages = [{"role": "user", "content": "it's \"so\"\n$(x)"}]
        curl = self.browser.module("snippets.js", "return m.curlOf('http://a', words[0], { threshold: 0.5 }, true)", messages)
        self.assertIn("it'\\''s", curl)
        self.assertIn('Bearer $UNMASK_API_KEY"', curl)
        python = self.browser.module("snippets.js", "return m.pythonSnippetOf('http://a', 'm', words[0], { early_stop: false, seed: null }, false)", messages)
        compile(python, "snippet", "exec")
        self.assertIn('{"early_stop": False, "seed": None}', python)

    def test_holes_of_a_text_are_found_in_order(self):
        found = self.browser.module("template.js", "return m.filledParts(words[0], [{ text: 'X' }])", "a {{one:3}} b {{two:2}} {{no}}")
        self.assertEqual(found, [{"text": "a "}, {"name": "one", "length": 3, "fill": "X"}, {"text": " b "},
                                 {"name": "two", "length": 2, "fill": None}, {"text": " {{no}}"}])

    def test_only_messages_with_an_answer_are_sent(self):
        found = self.browser.module("conversation.js", """const talk = m.newConversation(0);
            for (const [role, content] of [["user", "a"], ["assistant", ""], ["user", "b"], ["assistant", "c"], ["user", "d"]]) m.addMessage(talk, role, content);
            return m.messagesToSend(talk).map((message) => message.content);""")
        self.assertEqual(found, ["b", "c", "d"])

    def test_progress_is_counted_between_two_lists_of_jobs(self):
        found = self.browser.module("figures.js", """return [m.progressBetween([{ id: "a", tokens: 5, forwards: 2 }],
            [{ id: "a", tokens: 9, forwards: 3 }, { id: "b", tokens: 4, forwards: 1 }]),
            m.metricOf("# HELP x y\\nx_total{a=\\"b\\"} 2\\nx_total{a=\\"c\\"} 3\\nx_total_more 9\\n", "x_total"), m.metricOf("", "x")];""")
        self.assertEqual(found, [{"tokens": 8, "forwards": 2}, 5, None])


if __name__ == "__main__":
    unittest.main(verbosity=2)
