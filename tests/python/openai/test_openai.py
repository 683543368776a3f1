"""OpenAI's own client against a real cluster: what programs that were written for others see."""

import asyncio
import json
import typing
import unittest

import openai
import pydantic

from cluster import Cluster

PROMPT = "Mia has 12 apples and buys 7 more. How many apples does she have?"
CHAT = {"model": "unmask-tiny", "messages": [{"role": "user", "content": PROMPT}]}


class Person(pydantic.BaseModel):
    """What a request for a parsed answer describes."""

    name: str
    age: int
    is_adult: bool
    job: typing.Literal["clerk", "nurse", "cook"]


ABOUT = {"model": "unmask-tiny", "messages": [
    {"role": "user", "content": "Extract as JSON: Gina is a 9 year old clerk from Paris."}]}


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

    def test_an_answer_is_parsed_into_a_class(self):
        for parse in (client.chat.completions.parse, client.beta.chat.completions.parse):
            answer = parse(**ABOUT, response_format=Person, temperature=0)
            self.assertIsInstance(answer.choices[0].message.parsed, Person)
        with client.chat.completions.stream(**ABOUT, response_format=Person, temperature=0) as stream:
            for _ in stream:
                pass
            parsed = stream.get_final_completion().choices[0].message.parsed
        self.assertEqual(parsed, answer.choices[0].message.parsed)

    def test_diffusion_parameters_count_forwards(self):
        def forwards(**parameters):
            return client.chat.completions.create(
                **CHAT, max_tokens=32, extra_body={"diffusion": {"block_length": 8, "early_stop": False, **parameters}},
            ).usage.diffusion["forward_passes"]

        self.assertEqual(forwards(strategy="fixed", steps=4), 16)
        self.assertEqual(forwards(strategy="fixed", steps=8), 32)

    def test_a_stop_ends_the_text_before_it_streamed_or_not(self):
        whole = client.chat.completions.create(**CHAT).choices[0].message.content
        stop = whole[len(whole) // 2 :][:2]
        for stops in (stop, ["never to be seen", stop]):
            cut = client.chat.completions.create(**CHAT, stop=stops).choices[0]
            self.assertEqual((cut.message.content, cut.finish_reason), (whole[: whole.index(stop)], "stop"))
        streamed = [chunk.choices[0] for chunk in client.chat.completions.create(**CHAT, stop=stop, stream=True)]
        self.assertEqual("".join(choice.delta.content or "" for choice in streamed), whole[: whole.index(stop)])
        self.assertEqual(client.chat.completions.create(**CHAT, max_tokens=2).choices[0].finish_reason, "length")

    def test_what_changes_nothing_is_taken(self):
        plain = client.chat.completions.create(**CHAT).choices[0].message.content
        taken = client.chat.completions.create(
            **CHAT, user="a", metadata={"a": "b"}, store=False, service_tier="auto", logprobs=False, n=1, top_p=1,
            presence_penalty=0, frequency_penalty=0, tools=[], response_format={"type": "text"}, seed=7)
        self.assertEqual(taken.choices[0].message.content, plain)
        raw = client.chat.completions.with_raw_response.create(**CHAT, extra_headers={"X-Request-Id": "mine"})
        self.assertEqual(raw.headers["x-request-id"], "mine")

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
