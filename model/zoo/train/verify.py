"""Whether an answer is right."""

import json
import re


def _final_number(text: str):
    found = re.findall(r"-?\d+", text.split("####")[-1])
    return int(found[-1]) if found else None


def _python(text: str, cases) -> bool:
    scope = {}
    try:
        exec(compile(text, "answer", "exec"), {"__builtins__": _BUILTINS}, scope)
        functions = [value for value in scope.values() if callable(value)]
        return len(functions) == 1 and all(functions[0](*arguments) == result for arguments, result in cases)
    except Exception:  # whatever the model wrote
        return False


_BUILTINS = {f.__name__: f for f in (abs, len, max, min, range, sorted, sum)}


def _json(text: str):
    try:
        return json.loads(text)
    except ValueError:
        return None


def is_right(verifier: str, text: str, expected: str, cases=()) -> bool:
    text = text.strip()
    if verifier == "exact":
        return text == expected
    if verifier == "final_number":
        return _final_number(text) is not None and _final_number(text) == _final_number(expected)
    if verifier == "json":
        return _json(text) is not None and _json(text) == json.loads(expected)
    if verifier == "python":
        return "import" not in text and "__" not in text and "while" not in text and _python(text, cases)
    raise ValueError(f"no verifier {verifier}")
