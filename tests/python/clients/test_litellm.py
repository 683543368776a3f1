"""litellm, unmodified, against a real cluster."""

import asyncio
import os
import unittest

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # nothing is fetched

import litellm
from live import ANSWER, MODEL, PROMPT, Live

SCHEMA = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}


def setUpModule():
    global live
    litellm.telemetry = False
    litellm.suppress_debug_info = True
    live = Live()


def tearDownModule():
    live.stop()


def chat(model="openai/" + MODEL, **fields):
    return litellm.completion(model=model, api_base=live.api, api_key="none", num_retries=0,
                              **{"messages": [{"role": "user", "content": PROMPT}], **fields})


class LitellmTest(unittest.TestCase):
    def test_a_chat_is_answered_whatever_the_server_is_taken_for(self):
        for provider in ("openai/", "hosted_vllm/"):
            answer = chat(provider + MODEL)
            self.assertEqual(answer.choices[0].message.content, ANSWER)
            self.assertEqual(answer.choices[0].finish_reason, "stop")
            self.assertEqual(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens)

    def test_a_stream_is_the_same_text_and_ends_with_its_usage(self):
        chunks = list(chat(stream=True, stream_options={"include_usage": True}))
        self.assertEqual("".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices), ANSWER)
        self.assertEqual(chunks[-1].usage.completion_tokens, chat().usage.completion_tokens)

    def test_many_at_once(self):
        async def ask():
            return await asyncio.gather(*(litellm.acompletion(
                model="openai/" + MODEL, api_base=live.api, api_key="none",
                messages=[{"role": "user", "content": PROMPT}]) for _ in range(4)))

        self.assertEqual([answer.choices[0].message.content for answer in asyncio.run(ask())], [ANSWER] * 4)

    def test_parameters_schemas_and_texts(self):
        self.assertEqual(chat(extra_body={"diffusion": {"threshold": 0.9}}).choices[0].message.content, ANSWER)
        answer = chat(n=2, temperature=0.5, top_p=0.9, seed=1, stop=["?"], max_tokens=16)
        self.assertEqual(len(answer.choices), 2)
        schema = {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}}
        self.assertRegex(chat(response_format=schema).choices[0].message.content, r'^\{\s*"age": *-?\d+\s*\}$')
        text = litellm.text_completion(model="text-completion-openai/" + MODEL, api_base=live.api, api_key="none",
                                       prompt="1+1=", max_tokens=16)
        self.assertEqual(text.choices[0].finish_reason, "length" if text.usage.completion_tokens == 16 else "stop")

    def test_mistakes_are_its_exceptions(self):
        with self.assertRaisesRegex(litellm.BadRequestError, "diffusion.thresold"):
            chat(extra_body={"diffusion": {"thresold": 0.9}})
        with self.assertRaisesRegex(litellm.BadRequestError, "tools"):
            chat(tools=[{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}])
        with self.assertRaises(litellm.NotFoundError):
            chat("openai/another")
        with self.assertRaisesRegex(litellm.ContextWindowExceededError, "positions"):
            chat(messages=[{"role": "user", "content": PROMPT * 500}])


if __name__ == "__main__":
    unittest.main(verbosity=2)
