"""Measures a model on the prompts of eval/ through the unmask program: a cluster of one worker, and `submit --file`.

    python3 model/zoo/measure.py --unmask build/release/unmask model/zoo/unmask-tiny --thresholds 0.9 0.7 0.5"""

import argparse
import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

ZOO = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ZOO / "train"))

from verify import is_right  # noqa: E402

START_SECONDS = 120


class Cluster:
    """`unmask up` with one worker, ready in the body of `with`."""

    def __init__(self, unmask: str, model: pathlib.Path, folder: pathlib.Path):
        self._endpoints, self._log = folder / "endpoints.json", folder / "log"
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen(
                [unmask, "up", "--workers", "1", "--model", str(model), "--endpoints-file", str(self._endpoints)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def __enter__(self) -> str:
        deadline = time.monotonic() + START_SECONDS
        while not self._endpoints.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise SystemExit(f"no cluster:\n{self._log.read_text()}")
            time.sleep(0.05)
        return json.loads(self._endpoints.read_text())["client"]

    def __exit__(self, *_) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait()


def measure(unmask: str, endpoint: str, lines: list, parameters: list, folder: pathlib.Path) -> list:
    """The results of all prompts, in their order."""
    jobs = folder / "jobs.jsonl"
    jobs.write_text("".join(json.dumps({"prompt": line["prompt"]}) + "\n" for _, line in lines))
    words = [word for parameter in parameters for word in ("--set", parameter)]
    done = subprocess.run([unmask, "submit", "--endpoint", endpoint, "--file", str(jobs), *words],
                          stdout=subprocess.PIPE, text=True)
    results = [json.loads(line) for line in done.stdout.splitlines()]
    if len(results) != len(lines):
        raise SystemExit(f"{len(results)} results of {len(lines)} jobs")
    return results


def table(lines: list, results: list, is_listing_wrong: bool) -> dict:
    """By task, then for all: prompts, percent right, tokens per forward, forwards of a prompt."""
    sums = {name: [0, 0, 0, 0] for name in (*dict.fromkeys(task for task, _ in lines), "all")}
    for (task, line), result in zip(lines, results):
        good = is_right(line["verifier"], result.get("text", ""), line["answer"], line.get("cases", ()))
        for name in (task, "all"):
            row = sums[name]
            row[0] += 1
            row[1] += good
            row[2] += result.get("tokens", 0)
            row[3] += result.get("forwards", 0)
        if is_listing_wrong and not good:
            print(json.dumps({"task": task, "prompt": line["prompt"], "answer": line["answer"],
                              "given": result.get("text", result)}))
    return {name: {"prompts": n, "right_percent": round(100 * right / n, 1),
                   "tokens_per_forward": round(tokens / max(1, forwards), 2), "forwards": round(forwards / n, 2)}
            for name, (n, right, tokens, forwards) in sums.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path, help="folder")
    parser.add_argument("--unmask", default="build/release/unmask")
    parser.add_argument("--thresholds", type=float, nargs="+", default=[0.9])
    parser.add_argument("--tasks", nargs="+", default=sorted(file.stem for file in (ZOO / "eval").glob("*.jsonl")))
    parser.add_argument("--prompts", type=int, default=120, help="of each task")
    parser.add_argument("--set", action="append", default=[], help="further parameters, NAME=VALUE")
    parser.add_argument("--list-wrong", action="store_true", help="print wrong answers")
    args = parser.parse_args()
    lines = [(task, json.loads(line)) for task in args.tasks
             for line in (ZOO / f"eval/{task}.jsonl").read_text().splitlines()[:args.prompts]]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        with Cluster(args.unmask, args.model, folder) as endpoint:
            for threshold in args.thresholds:
                parameters = ["strategy=threshold", f"threshold={threshold}", *args.set]
                rows = table(lines, measure(args.unmask, endpoint, lines, parameters, folder), args.list_wrong)
                print(f"threshold {threshold}")
                print("| task | prompts | right | tokens per forward | forwards |\n|---|---|---|---|---|")
                for task, row in rows.items():
                    print(f"| {task} | {row['prompts']} | {row['right_percent']} % | {row['tokens_per_forward']} | "
                          f"{row['forwards']} |", flush=True)


if __name__ == "__main__":
    main()
