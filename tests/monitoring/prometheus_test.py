#!/usr/bin/env python3
"""A real Prometheus watches a live cluster, and every panel's query is asked of it.

    prometheus_test.py UNMASK SOURCE_DIR

Starts `UNMASK up` with two workers and a Prometheus on a free port, submits jobs, then wants from
every query of the dashboard at least one number, and from the rules that they can be evaluated.
"""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

PROMPTS = ["Sort these numbers from small to large: 734, 812, 778, 75, 101, 198, 638",
           "Extract as JSON: Gina is a 9 year old clerk from Paris."]
NUM_WORKERS = 2
START_SECONDS = 240  # for a cluster, on a busy machine
ANSWER_SECONDS = 180  # for all queries together
SCRAPE_SECONDS = 1
RATE_INTERVAL = "30s"  # Grafana computes it from the scrape interval


class Failed(Exception):
    pass


def wait_for(what, seconds, condition):
    """What condition() returns once it is true."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise Failed(f"{what}: not within {seconds} s")
        time.sleep(0.2)


@contextlib.contextmanager
def started(command, log):
    """A child process that is gone in the end, and its log shown if anything failed."""
    with open(log, "wb") as output:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        yield child
    except BaseException:
        print(f"--- {log.name}\n{log.read_text(errors='replace')[-6000:]}", flush=True)
        raise
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(30)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def check_alive(child):
    if child.poll() is not None:
        raise Failed(f"{child.args[0]} ended with status {child.returncode}")


class Cluster:
    def __init__(self, unmask, child, endpoints):
        self.unmask, self.child, self.endpoints = unmask, child, endpoints
        self.num_jobs = self.num_tokens = self.num_forwards = 0

    def processes(self):
        return json.loads(self.endpoints.read_text())["processes"]

    def run_job(self):
        prompt = PROMPTS[self.num_jobs % len(PROMPTS)]
        client = json.loads(self.endpoints.read_text())["client"]
        done = subprocess.run([self.unmask, "submit", "--endpoint", client, "--json", "--gen-length", "64",
                               "--block-length", "16", prompt], capture_output=True, text=True, timeout=120, check=False)
        if done.returncode != 0:
            raise Failed(f"submit ended with {done.returncode}: {done.stdout}{done.stderr}")
        finished = json.loads(done.stdout.splitlines()[-1])
        self.num_jobs += 1
        self.num_tokens += finished["tokens"]
        self.num_forwards += finished["forwards"]


class Prometheus:
    def __init__(self, child, log):
        self.child = child
        found = wait_for("Prometheus' port", 60, lambda: check_alive(child) or re.search(
            r'msg="?Listening on"? address=(\S+)', log.read_text(errors="replace")))
        self.address = found[1]
        wait_for("Prometheus is ready", 60, self.is_ready)

    def is_ready(self):
        check_alive(self.child)
        with contextlib.suppress(OSError):
            with urllib.request.urlopen(f"http://{self.address}/-/ready", timeout=10) as answer:
                return answer.status == 200
        return False

    def get(self, path, **parameters):
        url = f"http://{self.address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise Failed(f"{path} {parameters}: {error.read().decode()}") from error

    def numbers(self, expression):
        """Of each series, without those that are NaN: nothing was observed."""
        samples = self.get("query", query=expression)["result"]
        return [float(sample["value"][1]) for sample in samples if sample["value"][1] != "NaN"]

    def num_up(self):
        targets = self.get("targets", state="active")["activeTargets"]
        return sum(target["health"] == "up" for target in targets)


def configure(source, folder):
    """The project's own configuration, only scraping faster."""
    text = (source / "monitoring/prometheus.yml").read_text()
    text = re.sub(r"(scrape|evaluation)_interval: \S+", rf"\1_interval: {SCRAPE_SECONDS}s", text)
    (folder / "prometheus.yml").write_text(text)
    (folder / "alerts.yml").write_text((source / "monitoring/alerts.yml").read_text())


def queries(source):
    command = [sys.executable, source / "monitoring/dashboard.py", "--queries"]
    listed = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return [(panel, expression.replace("$__rate_interval", RATE_INTERVAL).replace("$instance", ".*").replace("$replica", ".*"))
            for panel, expression in listed]


def check_panels(cluster, prometheus, asked):
    """Jobs run on until every query has a number."""
    silent = list(asked)
    deadline = time.monotonic() + ANSWER_SECONDS
    while silent:
        check_alive(cluster.child)
        cluster.run_job()
        silent = [(panel, expression) for panel, expression in silent if not prometheus.numbers(expression)]
        if silent and time.monotonic() > deadline:
            raise Failed("no data for\n" + "\n".join(f"  {panel}: {expression}" for panel, expression in silent))


def check_counts(cluster, prometheus):
    """What Prometheus says is what the client saw."""
    for figure, number in (("unmask_jobs_accepted_total", cluster.num_jobs),
                           ("unmask_jobs_total", cluster.num_jobs),
                           ("unmask_committed_tokens_total", cluster.num_tokens),
                           ("unmask_forward_passes_total", cluster.num_forwards),
                           ("unmask_kv_pages{state='used'}", 0)):
        wait_for(f"{figure} is {number}", 30, lambda: prometheus.numbers(f"sum({figure})") == [number])


def check_rules(prometheus):
    def all_were_evaluated():
        rules = [rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]]
        return rules if rules and all(rule["health"] != "unknown" for rule in rules) else None
    rules = wait_for("the rules are evaluated", 30, all_were_evaluated)
    for rule in rules:
        if rule["health"] != "ok":
            raise Failed(f"rule {rule['name']}: {rule['lastError']}")
        if rule.get("state") == "firing":
            raise Failed(f"{rule['name']} speaks about a healthy cluster: {rule['alerts']}")
    return len(rules)


def check_a_new_life_is_watched(cluster, prometheus, num_processes):
    """A worker that was started again is scraped, and nothing else is waited for."""
    victim = next(process for process in cluster.processes() if process["role"] == "worker")
    os.kill(victim["pid"], signal.SIGKILL)
    wait_for("a new life", START_SECONDS, lambda: check_alive(cluster.child) or
             victim["pid"] not in [process["pid"] for process in cluster.processes()])
    wait_for("all processes are scraped again", 60, lambda: prometheus.num_up() == num_processes and
             len(prometheus.numbers("process_start_time_seconds")) == num_processes and
             prometheus.numbers("count(up == 0)") == [])


def test(unmask, source, folder):
    endpoints, log = folder / "endpoints.json", folder / "prometheus.log"
    configure(source, folder)
    command = [unmask, "up", "--workers", str(NUM_WORKERS), "--set", "gateway.address=127.0.0.1:0",
               "--endpoints-file", endpoints, "--prometheus-targets", folder / "unmask-targets.json"]
    with started(command, folder / "cluster.log") as child:
        wait_for("the endpoints file", START_SECONDS, lambda: check_alive(child) or endpoints.exists())
        cluster = Cluster(unmask, child, endpoints)
        command = ["prometheus", f"--config.file={folder / 'prometheus.yml'}",
                   f"--storage.tsdb.path={folder / 'data'}", "--web.listen-address=127.0.0.1:0"]
        with started(command, log) as watcher:
            prometheus = Prometheus(watcher, log)
            num_processes = len(cluster.processes())
            if num_processes < NUM_WORKERS + 1:
                raise Failed(f"the endpoints file names {num_processes} processes only")
            wait_for(f"{num_processes} processes are scraped", 60, lambda: prometheus.num_up() == num_processes)
            asked = queries(source)
            check_panels(cluster, prometheus, asked)
            check_counts(cluster, prometheus)
            num_rules = check_rules(prometheus)
            check_a_new_life_is_watched(cluster, prometheus, num_processes)
    print(f"{len(asked)} queries of the dashboard have data, {num_rules} rules are evaluated, "
          f"{num_processes} processes scraped, {cluster.num_jobs} jobs")


def main():
    unmask, source = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    with tempfile.TemporaryDirectory(prefix="unmask-prometheus-") as folder:
        try:
            test(unmask, source, pathlib.Path(folder))
        except Failed as failure:
            sys.exit(f"FAILED: {failure}")


if __name__ == "__main__":
    main()
