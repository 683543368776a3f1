"""OpenAI's own client against a real cluster: what programs that were written for others see."""

import asyncio
import json
import unittest

import openai

from cluster import Cluster

PROMPT = "Mia has 12 apples and buys 7 more. How many apples does she have?"
CHAT = {"model": "unmask-tiny", "messages": [{"role": "user", "content": PROMPT}]}


def setUpModule():
    global cluster, client
    cluster = Cluster()
    client = openai.OpenAI(**where())


def tearDownModule():
    client.close()
    cluster.stop()


def where():
    return {"base_url": cluster.process_of("gateway")["http"] + "/v1", "api_key": "none", "max_retries": 0}


class OpenAiTest(unittest.TestCase):
    def test_a_chat_has_text_a_reason_and_usage(self):
        answer = client.chat.completions.create(**CHAT, temperature=0, max_completion_tokens=64)
        self.assertEqual(answer.choices[0].message.content + "\n", cluster.submit(PROMPT).stdout)
        self.assertEqual(answer.choices[0].finish_reason, "stop")
        self.assertEqual(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens)
        self.assertGreater(answer.usage.diffusion["forward_passes"], 0)
        self.assertTrue(answer._request_id)

    def test_a_stream_ends_with_its_usage(self):
        whole = client.chat.completions.create(**CHAT, extra_body={"diffusion": {"block_length": 8}})
        with client.chat.completions.create(
            **CHAT, stream=True, stream_options={"include_usage": True},
            extra_body={"diffusion": {"block_length": 8}},
        ) as stream:
            chunks = list(stream)
        text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
        self.assertEqual(text, whole.choices[0].message.content)
        self.assertEqual(chunks[-1].usage.completion_tokens, whole.usage.completion_tokens)

    def test_choices_are_of_one_answer(self):
        answer = client.chat.completions.create(**CHAT, n=3, temperature=20, max_tokens=16)
        self.assertEqual([choice.index for choice in answer.choices], [0, 1, 2])
        self.assertGreater(len({choice.message.content for choice in answer.choices}), 1)

    def test_texts_are_completed_and_models_listed(self):
        self.assertEqual([model.id for model in client.models.list()], ["unmask-tiny"])
        texts = client.completions.create(model="unmask-tiny", prompt=["1+1=", "2+2="], max_tokens=16)
        self.assertEqual(len(texts.choices), 2)
        stream = client.completions.create(model="unmask-tiny", prompt="1+1=", max_tokens=16, stream=True)
        self.assertEqual("".join(chunk.choices[0].text for chunk in stream), texts.choices[0].text)

    def test_a_schema_makes_json(self):
        schema = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}
        answer = client.chat.completions.create(
            **CHAT, response_format={"type": "json_schema", "json_schema": {"name": "a", "schema": schema}})
        self.assertIsInstance(json.loads(answer.choices[0].message.content)["age"], int)

    def test_mistakes_are_the_exceptions_that_programs_expect(self):
        with self.assertRaises(openai.BadRequestError) as bad:
            client.chat.completions.create(**CHAT, extra_body={"diffusion": {"thresold": 0.5}})
        self.assertEqual(bad.exception.param, "diffusion.thresold")
        self.assertEqual(bad.exception.code, "unsupported_parameter")
        with self.assertRaises(openai.NotFoundError):
            client.chat.completions.create(**{**CHAT, "model": "gpt-4"})
        with self.assertRaises(openai.BadRequestError):
            client.chat.completions.create(**CHAT, stream=True, frequency_penalty=1)

    def test_many_at_once_get_their_own_answers(self):
        async def ask_all():
            async with openai.AsyncOpenAI(**where()) as many:
                answers = await asyncio.gather(*(many.chat.completions.create(
                    model="unmask-tiny", messages=[{"role": "user", "content": f"{i}+1="}]) for i in range(16)))
                stream = await many.chat.completions.create(**CHAT, stream=True)
                return answers, [chunk async for chunk in stream]

        answers, chunks = asyncio.run(ask_all())
        alone = [client.chat.completions.create(
            model="unmask-tiny", messages=[{"role": "user", "content": f"{i}+1="}]) for i in range(16)]
        self.assertEqual([a.choices[0].message.content for a in answers],
                         [a.choices[0].message.content for a in alone])
        self.assertEqual(chunks[-1].choices[0].finish_reason, "stop")


if __name__ == "__main__":
    unittest.main(verbosity=2)
