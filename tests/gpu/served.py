"""A cluster on GPUs, the jobs it is given and what its /metrics say."""

import contextlib
import json
import tempfile
import urllib.request

from cluster import Cluster
from commands import Failed, output_of


@contextlib.contextmanager
def served(*words, environment=None):
    """`unmask up --device cuda`, which ends with the block, whatever ends that."""
    cluster = Cluster("--device", "cuda", *map(str, words), environment=environment)
    try:
        yield cluster
    except BaseException:
        cluster.kill()
        raise
    cluster.stop()


def answers(cluster, *words):
    try:
        lines = output_of(cluster.submit_command(*map(str, words))).splitlines()
    except Failed as error:
        raise Failed(f"{error}\n{cluster.log[-4000:]}") from error
    return [json.loads(line) for line in lines]


def answer(cluster, *words):
    """What `unmask submit --json` says of a job."""
    return answers(cluster, "--json", *words)[0]


def answers_at_once(cluster, prompts, *words):
    """The same of several jobs, all in flight together."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        file.write("".join(json.dumps({"prompt": prompt}) + "\n" for prompt in prompts))
        file.flush()
        return answers(cluster, "--file", file.name, "--concurrency", len(prompts), *words)


def page_of(cluster, role):
    """/metrics of the first process of this role."""
    with urllib.request.urlopen(cluster.process_of(role)["http"] + "/metrics", timeout=10) as page:
        return page.read().decode()


def sum_of(page, series):
    """Of all that have this name, whatever their labels."""
    lines = (line for line in page.splitlines() if line.startswith((series + "{", series + " ")))
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)
