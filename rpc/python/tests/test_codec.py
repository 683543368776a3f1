import numbers
import unittest
from typing import Any

from unmask.decode import decode
from unmask.encode import MAX_TEXT_BYTES, encode_submit
from unmask.errors import InvalidArgument, NotFound, ProtocolError
from unmask.messages import Accepted, Block, Cell, Frame, JobResult, Submission
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


class _Int64:
    """As numpy.int64: an index, and no int."""

    def __init__(self, value: int) -> None:
        self._value = value

    def __index__(self) -> int:
        return self._value

    def __int__(self) -> int:
        return self._value


numbers.Integral.register(_Int64)


class _Float32:
    """As numpy.float32: a real number, and no float."""

    def __init__(self, value: float) -> None:
        self._value = value

    def __float__(self) -> float:
        return self._value


numbers.Real.register(_Float32)


class _Scalar:
    """As numpy.bool: a scalar that only says what it holds."""

    shape = ()

    def __init__(self, value: object) -> None:
        self._value = value

    def item(self) -> object:
        return self._value


class _Array:
    """As numpy.ndarray: entries, no truth value."""

    shape = (2,)

    def __init__(self, entries: list[Any]) -> None:
        self._entries = entries

    def __iter__(self) -> Any:
        return iter(self._entries)

    def __bool__(self) -> bool:
        raise ValueError("the truth value of an array is ambiguous")


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
        self.assertEqual(message["subscription"], {"blocks": True, "frames": True, "trace": False, "logprobs": False})
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
        holes = [{"begin": 1, "end": 2}]
        self.assertEqual(tokens, {"tokens": [5, 6, 7], "holes": holes})

    def test_a_template_goes_with_what_it_answers(self) -> None:
        message = sent("Write to Mia.", template="Dear {{name:4}},")["input"]["template"]
        asked = [{"role": "user", "content": "Write to Mia."}]
        self.assertEqual(message, {"messages": asked, "text": "Dear {{name:4}},", "format": 0})
        alone = sent(None, json_template={"a": "{{a:3}}"})["input"]["template"]
        self.assertEqual(alone, {"messages": [], "text": '{"a": "{{a:3}}"}', "format": 1})
        chat = sent(asked, json_schema='{"type": "integer"}')["input"]["template"]
        self.assertEqual(chat, {"messages": asked, "text": '{"type": "integer"}', "format": 2})

    def test_numbers_of_numpy_are_numbers(self) -> None:
        # Types as NumPy has them, for this package does not need it: scalars that are no int or
        # float of Python, and whose repr says so.
        message = sent(
            _Array([_Int64(5), _Int64(6)]),
            parameters={
                "gen_length": _Int64(64),
                "threshold": _Float32(0.9),
                "early_stop": _Scalar(False),
            },
            holes=[(_Int64(0), _Int64(1))],
            deadline=_Float32(1.5),
            priority=_Int64(-2),
        )
        self.assertEqual(message["input"]["tokens"]["tokens"], [5, 6])
        self.assertEqual(message["input"]["tokens"]["holes"], [{"begin": 0, "end": 1}])
        self.assertEqual(
            [parameter["value"] for parameter in message["parameters"]], ["64", "0.9", "false"]
        )
        self.assertEqual((message["deadlineMs"], message["priority"]), (1500, -2))

    def test_the_real_numpy_is_taken_too(self) -> None:
        try:
            import numpy as np
        except ImportError:
            self.skipTest("NumPy is not installed")
        message = sent(
            np.array([341, 281]),
            parameters={"a": np.float64(0.9), "b": np.int64(64), "c": np.bool_(True)},
            deadline=np.float32(1.5),
        )
        self.assertEqual(message["input"]["tokens"]["tokens"], [341, 281])
        self.assertEqual(
            [parameter["value"] for parameter in message["parameters"]], ["0.9", "64", "true"]
        )
        self.assertEqual(message["deadlineMs"], 1500)
        self.assertEqual(sent(list(np.array([1, 2])))["input"]["tokens"]["tokens"], [1, 2])
        for wrong in (np.array([[1, 2]]), np.array([0.5]), np.int64(3)):
            with self.assertRaises(InvalidArgument):
                submission(wrong)

    def test_what_stays_behind_and_what_goes_first_travels_too(self) -> None:
        self.assertEqual((sent("x")["isDetached"], sent("x")["priority"]), (False, 0))
        message = sent("x", detached=True, priority=3)
        self.assertEqual((message["isDetached"], message["priority"]), (True, 3))

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
            ("a template is for", [1], {"template": "{{a:1}}"}),
            ("a template is for", "x", {"template": "{{a:1}}", "raw": True}),
            ("one of template", "x", {"template": "{{a:1}}", "json_schema": {}}),
            ("template is not text but dict", "x", {"template": {}}),
            ("given as JSON is none", "x", {"json_schema": {"a": object()}}),
            ("not int", 3, {}),
            ("not NoneType", None, {}),
            ("not bytes", b"hi", {}),
            ("not dict", {"role": "user", "content": "a"}, {}),
            ("the priority is 11", "x", {"priority": 11}),
            ("the priority is no whole number", "x", {"priority": 0.5}),
            ("a deadline is a number of seconds", "x", {"deadline": "2s"}),
            ("parameter p is not text or a number but list", "x", {"parameters": {"p": [1]}}),
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

    def test_a_block_says_where_its_tokens_stand(self) -> None:
        places = [{"begin": 4, "end": 5}, {"begin": 7, "end": 8}]
        body = committed(block=2, positions={"begin": 4, "end": 8}, tokens=[8, 9], places=places)
        block = Block(2, 4, 8, (8, 9), "", ((4, 5), (7, 8)))
        self.assertEqual(decode(MessageType.COMMITTED, body), (JOB, block))

    def test_the_fills_of_a_template_come_by_name(self) -> None:
        fills = [{"name": "name", "text": "Mia"}, {"name": "body", "text": ""}]
        body = schema.Finished.new_message(job=JOB_DATA, text="Dear Mia, ", fills=fills)
        news = decode(MessageType.FINISHED, body.to_bytes())
        assert news is not None and isinstance(news[1], JobResult)
        self.assertEqual(news[1].fills, {"name": "Mia", "body": ""})

    def test_a_frame_comes_with_its_cells(self) -> None:
        cells = [{"token": 4, "isGuess": True, "confidence": 0.5, "text": "a"}, {"token": -1, "confidence": -1}]
        body = schema.Frame.new_message(job=JOB_DATA, numHoles=3, cells=cells).to_bytes()
        news = decode(MessageType.FRAME, body)
        assert news is not None
        self.assertIsInstance(news[1], Frame)
        self.assertEqual(news[1].cells, (Cell(4, True, 0.5, "a"), Cell(-1, False, None, "")))

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
