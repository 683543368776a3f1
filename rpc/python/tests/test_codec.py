import unittest
from typing import Any

from unmask.decode import decode
from unmask.encode import MAX_TEXT_BYTES, encode_submit
from unmask.errors import InvalidArgument, NotFound, ProtocolError
from unmask.messages import Accepted, Block, Frame, JobResult, Submission
from unmask.schema import MessageType, schema
from unmask.submission import make_submission, new_job_id

JOB = "0123456789abcdef0123456789abcdef"
JOB_DATA = bytes.fromhex(JOB)


def committed(**fields: Any) -> bytes:
    return bytes(schema.Committed.new_message(job=JOB_DATA, **fields).to_bytes())


def submission(job: Any, **given: Any) -> Submission:
    defaults: dict[str, Any] = {
        "job_id": JOB,
        "model": "",
        "raw": False,
        "special_tokens": False,
        "holes": (),
        "stop": (),
        "deadline": None,
        "frames": False,
        "parameters": {},
    }
    return make_submission(job, **{**defaults, **given})


def sent(job: Any, **given: Any) -> Any:
    """What the server would read."""
    with schema.Submit.from_bytes(encode_submit(submission(job, **given), 3)) as reader:
        return reader.to_dict()


class EncodeTest(unittest.TestCase):
    def test_a_prompt_travels_with_everything_beside_it(self) -> None:
        message = sent(
            "héllo",
            stop="END",
            deadline=1.5,
            frames=True,
            parameters={"gen_length": 64, "threshold": 0.4, "early_stop": False, "seed": None},
        )
        self.assertEqual(message["job"], JOB_DATA)
        self.assertEqual(message["input"], {"text": "héllo"})
        self.assertEqual(message["stop"], ["END"])
        self.assertEqual(message["deadlineMs"], 1500)
        self.assertEqual(message["resumeAfterBlock"], 3)
        self.assertEqual(message["subscription"], {"blocks": True, "frames": True, "trace": False})
        self.assertEqual(
            [(p["name"], p["value"]) for p in message["parameters"]],
            [("gen_length", "64"), ("threshold", "0.4"), ("early_stop", "false")],
        )

    def test_an_empty_prompt_is_one(self) -> None:
        self.assertEqual(sent("")["input"], {"text": ""})
        self.assertEqual(sent([])["input"], {"tokens": {"tokens": [], "holes": []}})

    def test_every_kind_of_input_is_told_apart(self) -> None:
        self.assertEqual(sent("x", raw=True)["input"], {"rawText": "x"})
        self.assertFalse(sent("x", raw=True)["specialTokens"])
        self.assertTrue(sent("x", raw=True, special_tokens=True)["specialTokens"])
        chat = [{"role": "user", "content": "hi"}]
        self.assertEqual(sent(chat)["input"], {"chat": chat})
        tokens = sent([5, 6, 7], holes=[(1, 2)])["input"]["tokens"]
        self.assertEqual(tokens, {"tokens": [5, 6, 7], "holes": [{"begin": 1, "end": 2}]})

    def test_what_the_server_would_not_read_is_refused_by_name(self) -> None:
        cases: list[tuple[str, Any, dict[str, Any]]] = [
            ("the prompt has", "x" * (MAX_TEXT_BYTES + 1), {}),
            ("the prompt is not UTF-8", "\ud800", {}),
            ("-1 is not a token id", [1, -1], {}),
            ("'x' is not a token id", [1, "x"], {}),
            ('message 1 needs a "role"', [{"role": "user", "content": "a"}, {"role": "b"}], {}),
            ("content of message 0 is not text", [{"role": "user", "content": 3}], {}),
            ("65 stop strings", "x", {"stop": ["s"] * 65}),
            ("129 parameters", "x", {"parameters": {f"p{i}": 1 for i in range(129)}}),
            ("parameter p has", "x", {"parameters": {"p": "v" * 5000}}),
            ("a deadline is between", "x", {"deadline": -1}),
            ("is not a job id", "x", {"job_id": "12"}),
            ("raw is for a prompt", [1], {"raw": True}),
            ("special_tokens is for a raw", "x", {"special_tokens": True}),
            ("holes are for", "x", {"holes": [(0, 1)]}),
        ]
        for sentence, job, given in cases:
            with self.assertRaises(InvalidArgument) as raised:
                encode_submit(submission(job, **given))
            self.assertIn(sentence, str(raised.exception))

    def test_job_ids_are_new_every_time(self) -> None:
        self.assertEqual(len({new_job_id() for _ in range(100)}), 100)


class DecodeTest(unittest.TestCase):
    def test_a_block_comes_with_its_text(self) -> None:
        body = committed(block=2, positions={"begin": 4, "end": 6}, tokens=[8, 9], text="né")
        self.assertEqual(decode(MessageType.COMMITTED, body), (JOB, Block(2, 4, 6, (8, 9), "né")))

    def test_a_frame_comes_with_its_changes(self) -> None:
        changes = [{"position": 4, "token": -1, "confidence": 0.5, "text": ""}]
        body = schema.Frame.new_message(job=JOB_DATA, numHoles=3, changes=changes).to_bytes()
        news = decode(MessageType.FRAME, body)
        assert news is not None
        self.assertIsInstance(news[1], Frame)
        self.assertEqual(news[1].changes[0].token, -1)

    def test_an_end_is_a_result_or_the_server_s_error(self) -> None:
        figures = {"tokens": 10, "forwards": 4, "durationUs": 2_000_000}
        body = schema.Finished.new_message(job=JOB_DATA, reason=1, text="t", figures=figures)
        result = decode(MessageType.FINISHED, body.to_bytes())
        assert result is not None and isinstance(result[1], JobResult)
        self.assertEqual(result[1].finish_reason, "length")
        self.assertEqual(result[1].figures.tokens_per_forward, 2.5)
        self.assertEqual(result[1].figures.tokens_per_second, 5.0)
        body = schema.Rejected.new_message(job=JOB_DATA, error={"code": 1, "message": "no job"})
        error = decode(MessageType.REJECTED, body.to_bytes())
        assert error is not None
        self.assertIsInstance(error[1], NotFound)
        self.assertEqual(str(error[1]), "no job")

    def test_what_clients_do_not_know_is_ignored(self) -> None:
        self.assertIsNone(decode(28, b"whatever"))
        self.assertIsNone(decode(999, b""))

    def test_every_truncation_is_refused(self) -> None:
        body = committed(tokens=[1, 2, 3], text="some text of a block")
        for size in range(len(body)):
            with self.assertRaises(ProtocolError, msg=str(size)):
                decode(MessageType.COMMITTED, body[:size])

    def test_broken_bytes_are_an_error_or_a_value_and_nothing_else(self) -> None:
        body = committed(tokens=[1, 2, 3], text="some text of a block")
        refused = 0
        for at in range(len(body)):
            for value in (0, 0x7F, 0x80, 0xFF):
                broken = body[:at] + bytes([value]) + body[at + 1 :]
                try:
                    decode(MessageType.COMMITTED, broken)
                except ProtocolError:
                    refused += 1
        self.assertGreater(refused, 50)

    def test_numbers_that_mean_nothing_are_refused(self) -> None:
        for kind, message in (
            (MessageType.FINISHED, schema.Finished.new_message(job=JOB_DATA, reason=9)),
            (MessageType.REJECTED, schema.Rejected.new_message(job=JOB_DATA, error={"code": 77})),
            (MessageType.COMMITTED, schema.Committed.new_message(job=b"short")),
            (
                MessageType.JOB_LIST,
                schema.JobList.new_message(jobs=[{"job": JOB_DATA, "state": 8}]),
            ),
        ):
            with self.assertRaises(ProtocolError):
                decode(kind, message.to_bytes())

    def test_acceptance_tells_a_resend(self) -> None:
        body = schema.Accepted.new_message(job=JOB_DATA, isResend=True, promptTokens=3)
        self.assertEqual(decode(MessageType.ACCEPTED, body.to_bytes()), (JOB, Accepted(True, 3, 0)))


if __name__ == "__main__":
    unittest.main()
