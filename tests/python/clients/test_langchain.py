"""langchain-openai, unmodified, against a real cluster."""

import asyncio
import os
import unittest

os.environ["LANGSMITH_TRACING"] = "false"  # nothing is sent elsewhere

import openai
import pydantic
from langchain_core.exceptions import ContextOverflowError
from langchain_openai import ChatOpenAI, OpenAI
from live import ANSWER, MODEL, PROMPT, Live


class Person(pydantic.BaseModel):
    """A person that a text speaks of."""

    name: str = pydantic.Field(description="the first name")
    age: int


def setUpModule():
    global live
    live = Live()


def tearDownModule():
    live.stop()


def chat(**options):
    return ChatOpenAI(model=MODEL, base_url=live.api, api_key="none", max_retries=0, **options)


class LangchainTest(unittest.TestCase):
    def test_a_chat_is_answered_with_its_usage(self):
        answer = chat(temperature=0, max_tokens=64).invoke(PROMPT)
        self.assertEqual(answer.content, ANSWER)
        self.assertEqual(answer.response_metadata["finish_reason"], "stop")
        self.assertGreater(answer.response_metadata["token_usage"]["diffusion"]["forward_passes"], 0)
        self.assertGreater(answer.usage_metadata["output_tokens"], 0)
        talk = [("system", "Be short."), ("human", "1+1="), ("ai", "2"), ("human", PROMPT)]
        self.assertTrue(chat().invoke(talk).content)

    def test_streams_and_batches(self):
        chunks = list(chat(stream_usage=True).stream(PROMPT))
        self.assertEqual("".join(chunk.content for chunk in chunks), ANSWER)
        self.assertGreater(sum((chunk.usage_metadata or {}).get("output_tokens", 0) for chunk in chunks), 0)
        self.assertEqual([answer.content for answer in chat().batch([PROMPT] * 3)], [ANSWER] * 3)

        async def ask():
            return [chunk.content async for chunk in chat().astream(PROMPT)]

        self.assertEqual("".join(asyncio.run(ask())), ANSWER)

    def test_an_answer_has_the_structure_of_a_class(self):
        person = chat(temperature=0).with_structured_output(Person).invoke(
            "Extract as JSON: Gina is a 9 year old clerk from Paris.")
        self.assertIsInstance(person, Person)

    def test_parameters_stops_and_texts(self):
        self.assertEqual(chat(extra_body={"diffusion": {"block_length": 8}}).invoke(PROMPT).content, ANSWER)
        self.assertEqual(chat().invoke(PROMPT, stop=["="]).content, ANSWER.split("=")[0])
        text = OpenAI(model=MODEL, base_url=live.api, api_key="none", max_retries=0, max_tokens=16,
                      temperature=0)
        self.assertEqual("".join(text.stream("1+1=")), text.invoke("1+1="))

    def test_logprobs_are_in_the_metadata(self):
        rows = chat().bind(logprobs=True).invoke(PROMPT).response_metadata["logprobs"]["content"]
        self.assertEqual("".join(row["token"] for row in rows), ANSWER)

    def test_too_long_a_prompt_has_its_own_exception(self):
        with self.assertRaises(ContextOverflowError):
            chat().invoke(PROMPT * 500)

    def test_mistakes_are_openai_s_exceptions(self):
        for mistaken in (chat(extra_body={"diffusion": {"x": 1}}), chat(presence_penalty=1), chat().bind(top_logprobs=3)):
            with self.assertRaises(openai.BadRequestError):
                mistaken.invoke(PROMPT)


if __name__ == "__main__":
    unittest.main(verbosity=2)
