#!/usr/bin/env python3
"""Makes the Grafana dashboard "unmask: throughput" from a table of panels.

    monitoring/dashboard.py            writes monitoring/grafana/unmask-throughput.json
    monitoring/dashboard.py --check    fails if that file is not what the table says
    monitoring/dashboard.py --queries  prints every query as JSON, for tests
"""

import argparse
import json
import pathlib
import re
import sys
from dataclasses import dataclass, field

OUTPUT = pathlib.Path(__file__).parent / "grafana" / "unmask-throughput.json"
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
COLUMNS = 24  # of Grafana's grid
# Of the variables; what has no replica belongs to all.
CHOSEN = 'instance=~"$instance",replica=~"$replica|"'


@dataclass
class Panel:
    title: str
    description: str
    unit: str
    queries: list  # of (legend, expression)
    width: int = 8
    kind: str = "timeseries"
    height: int = 8
    options: dict = field(default_factory=dict)


def rate(metric, by=""):
    return f"sum by ({by}) (rate({metric}[$__rate_interval]))" if by else f"sum(rate({metric}[$__rate_interval]))"


def quantile(q, histogram, by=""):
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({q}, sum by ({labels}) (rate({histogram}_bucket[$__rate_interval])))"


def quantiles(histogram):
    return [(f"p{round(q * 100)}", quantile(q, histogram)) for q in (0.5, 0.9, 0.99)]


def choose(expression):
    """The expression, of the chosen instances and replicas only."""
    def labelled(match):
        labels = match["labels"][1:-1] + "," if match["labels"] else ""
        return f"{match['name']}{{{labels}{CHOSEN}}}"
    return re.sub(r"(?P<name>\b(?:unmask|process)_[a-z_]+|\bup\b)(?P<labels>\{[^}]*\})?", labelled, expression)


ROWS = [
    ("Throughput", [
        Panel("Tokens per second", "Tokens of finished blocks, before the first end-of-text token.", "short",
              [("tokens/s", rate("unmask_committed_tokens_total"))]),
        Panel("Tokens per forward", "Committed tokens over all forwards, refreshes included: what parallel decoding brings.", "short",
              [("tokens per forward", f"{rate('unmask_committed_tokens_total')} / {rate('unmask_forward_passes_total')}")]),
        Panel("Forwards by phase", "Forwards of one sequence each: prefill, refresh, denoise, commit.", "ops",
              [("{{phase}}", rate("unmask_forward_passes_total", "phase"))]),
        Panel("Canvas positions opened", "Positions that accepted jobs asked to be generated; what is beyond the first end of text is never committed.", "short",
              [("positions/s", rate("unmask_canvas_positions_total"))]),
        Panel("Prompt tokens per second", "Tokens of the prompts of jobs that ended.", "short",
              [("tokens/s", rate("unmask_prompt_tokens_total"))]),
        Panel("Job tokens per forward", "Per finished job: its tokens over its forwards.", "short",
              quantiles("unmask_job_tokens_per_forward")),
        Panel("Tokens per step", "Tokens that one forward of one sequence decided.", "short", quantiles("unmask_tokens_per_step")),
    ]),
    ("Jobs", [
        Panel("Jobs", "Jobs in a batch, and jobs that wait for room.", "short",
              [("running", "sum(unmask_jobs_running)"), ("waiting", "sum(unmask_jobs_waiting)")]),
        Panel("Jobs by outcome", "Jobs that ended, by how.", "ops", [("{{outcome}}", rate("unmask_jobs_total", "outcome"))]),
        Panel("Refused jobs", "Jobs that were not accepted, by reason; \"invalid\" is the client's mistake, the others are the cluster's.", "ops",
              [("{{reason}}", rate("unmask_admission_rejections_total", "reason"))]),
        Panel("HTTP requests", "Requests of OpenAI's API that ended, by status; 499: the client left.", "ops",
              [("{{path}} {{status}}", rate("unmask_http_requests_total", "path, status"))]),
        Panel("Queue time", "From acceptance to the first step.", "s", quantiles("unmask_job_queue_seconds")),
        Panel("Time to first block", "From acceptance to the first finished block.", "s", quantiles("unmask_time_to_first_block_seconds")),
        Panel("Block interval", "Between two finished blocks of a job.", "s", quantiles("unmask_block_commit_interval_seconds")),
        Panel("Steps per block", "Forwards that a finished block took.", "short", quantiles("unmask_steps_per_block")),
        Panel("Job duration", "From acceptance to the end.", "s", quantiles("unmask_job_duration_seconds")),
    ]),
    ("Steps", [
        Panel("Step duration by phase", "From a step's order to its last answer, by the phase of its first sequence: 90th percentile.", "s",
              [("{{phase}}", quantile(0.9, "unmask_step_duration_seconds", "phase"))]),
        Panel("Forward time by worker", "Computing of one step on a worker without its collectives, by its rank: 90th percentile.", "s",
              [("worker {{rank}}", quantile(0.9, "unmask_worker_forward_seconds", "rank"))]),
        Panel("Batch size", "Sequences in one step.", "short", quantiles("unmask_batch_canvases")),
        Panel("Steps in bursts", "Steps that the workers went on with by themselves, a second: with few jobs, no round trip is made for each.", "short",
              [("steps/s", rate("unmask_burst_steps_total"))]),
        Panel("Coordinator overhead", "The coordinator's own time per step, outside the workers.", "s", quantiles("unmask_step_overhead_seconds")),
        Panel("KV pages", "Pages of all replicas, used: reserved by jobs.", "short", [("{{state}}", "sum by (state) (unmask_kv_pages)")]),
        Panel("KV pages by worker", "Pages of a worker, used: holding something; those of a job that ended are freed with the next step.", "short",
              [("{{state}}, {{role}} {{rank}} {{instance}}", "unmask_worker_kv_pages")]),
        Panel("Forwards as graphs", "Forwards of a GPU that were one launch of a CUDA graph, a second; 0 on a CPU.", "short",
              [("{{role}} {{rank}} {{instance}}", "rate(unmask_worker_replayed_forwards_total[$__rate_interval])")]),
        Panel("Rank skew", "The last answer of a step minus the first: a slow rank shows here.", "s", [("skew", "max(unmask_rank_skew_seconds)")]),
        Panel("Since last progress", "Seconds without a finished step while jobs run or wait; one that grows hangs, or has no workers.", "s",
              [("{{instance}}", "(time() - unmask_last_progress_timestamp_seconds) * (unmask_jobs_running + unmask_jobs_waiting > bool 0)")]),
    ]),
    ("Collectives", [
        Panel("Collective time", "Share of each second that ranks spend in collectives, by operation.", "percentunit",
              [("{{op}}", f"avg by (op) (rate(unmask_collective_seconds_total[$__rate_interval]))")], width=12),
        Panel("Collective bytes", "Bytes that ranks receive in collectives, by operation.", "Bps",
              [("{{op}}", rate("unmask_collective_bytes_total", "op"))], width=12),
    ]),
    ("Processes", [
        Panel("CPU", "Cores that a process keeps busy.", "short",
              [("{{role}} {{rank}} {{instance}}", "rate(process_cpu_seconds_total[$__rate_interval])")]),
        Panel("Memory", "Resident memory of a process; a worker's has its weights and KV pages.", "bytes",
              [("{{role}} {{rank}} {{instance}}", "process_resident_memory_bytes")]),
        Panel("Open descriptors", "Sockets and files of a process, as a share of what it may open.", "percentunit",
              [("{{role}} {{rank}} {{instance}}", "process_open_fds / process_max_fds")]),
        Panel("Uptime", "Since a process started.", "s",
              [("{{role}} {{rank}} {{instance}}", "time() - process_start_time_seconds")]),
        Panel("Devices", "What every worker computes with: its device, weights, keys and values, and numerics.", "short",
              [("{{rank}}: {{device}}, {{weights}}, K/V {{kv_dtype}}, {{numerics}}", "unmask_worker_info")], kind="stat",
              options={"textMode": "name"}),
    ]),
    ("Actors", [
        Panel("Mailbox depth", "Messages waiting; one that only grows is an actor that cannot keep up.", "short",
              [("{{actor_type}}", "max by (actor_type) (unmask_actor_mailbox_depth)")]),
        Panel("Messages handled", "Messages that actors took from their mailboxes.", "ops",
              [("{{actor_type}}", rate("unmask_actor_messages_total", "actor_type"))]),
        Panel("Time per message", "From taking a message to the end of its handler: 99th percentile.", "s",
              [("{{actor_type}}", quantile(0.99, "unmask_actor_handle_seconds", "actor_type"))]),
        Panel("Actor restarts", "Actors that a supervisor started again.", "short",
              [("{{actor_type}}", "sum by (actor_type) (unmask_actor_restarts_total)")]),
        Panel("Lost workers and messages", "Workers declared dead, and started again by why they had ended; messages of an epoch that is over; messages that no actor handled.", "short",
              [("workers declared dead", "sum(unmask_workers_declared_dead_total)"),
               ("workers started again, {{reason}}", "sum by (reason) (unmask_worker_restarts_total)"),
               ("stale messages", "sum(unmask_stale_messages_total)"),
               ("dead letters, {{reason}}", "sum by (reason) (unmask_dead_letters_total)")]),
        Panel("Build", "Version of every process.", "short",
              [("{{instance}} {{version}}", "unmask_build_info")], kind="stat", options={"textMode": "name"}),
    ]),
]


def target(index, legend, expression):
    return {"refId": chr(ord("A") + index), "datasource": DATASOURCE, "expr": choose(expression), "legendFormat": legend}


def panel_json(panel, panel_id, x, y):
    defaults = {"unit": panel.unit, "min": 0}
    if panel.kind == "timeseries":
        defaults["custom"] = {"fillOpacity": 10, "showPoints": "never"}
    return {
        "id": panel_id,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": DATASOURCE,
        "gridPos": {"x": x, "y": y, "w": panel.width, "h": panel.height},
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": panel.options,
        "targets": [target(i, legend, expression) for i, (legend, expression) in enumerate(panel.queries)],
    }


def variable(name, label):
    query = f'label_values(up{{job="unmask"}}, {name})'
    return {"name": name, "label": label, "type": "query", "datasource": DATASOURCE, "query": query, "definition": query,
            "refresh": 2, "sort": 3, "multi": True, "includeAll": True, "allValue": ".*",
            "current": {"text": "All", "value": "$__all"}}


def dashboard():
    panels, panel_id, y = [], 1, 0
    for title, row in ROWS:
        panels.append({"id": panel_id, "type": "row", "title": title, "collapsed": False,
                       "gridPos": {"x": 0, "y": y, "w": COLUMNS, "h": 1}, "panels": []})
        panel_id, y, x = panel_id + 1, y + 1, 0
        for panel in row:
            if x + panel.width > COLUMNS:
                x, y = 0, y + panel.height
            panels.append(panel_json(panel, panel_id, x, y))
            panel_id, x = panel_id + 1, x + panel.width
        y += row[-1].height
    return {
        "uid": "unmask-throughput",
        "title": "unmask: throughput",
        "tags": ["unmask"],
        "schemaVersion": 38,
        "version": 1,
        "editable": True,
        "refresh": "5s",
        "time": {"from": "now-15m", "to": "now"},
        "templating": {"list": [{"name": "datasource", "type": "datasource", "query": "prometheus",
                                 "label": "Prometheus", "current": {}},
                                variable("replica", "Replica"), variable("instance", "Instance")]},
        "annotations": {"list": []},
        "panels": panels,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--queries", action="store_true")
    arguments = parser.parse_args()
    text = json.dumps(dashboard(), indent=1) + "\n"
    if arguments.queries:
        queries = [(panel.title, choose(expression)) for _, row in ROWS for panel in row for _, expression in panel.queries]
        print(json.dumps(queries, indent=1))
    elif arguments.check:
        if OUTPUT.read_text() != text:
            sys.exit(f"{OUTPUT} is not what monitoring/dashboard.py makes; run it")
    else:
        OUTPUT.write_text(text)
        print(f"wrote {OUTPUT}")


if __name__ == "__main__":
    main()
