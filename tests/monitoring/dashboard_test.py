#!/usr/bin/env python3
"""The dashboard is what its generator makes, Grafana can show it, Prometheus takes the rules.

    dashboard_test.py SOURCE_DIR
"""

import itertools
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else ".").resolve()
MONITORING = SOURCE / "monitoring"
GRID_COLUMNS = 24

# What a person must be able to see.
FIGURES = """
    unmask_forward_passes_total unmask_committed_tokens_total unmask_canvas_positions_total
    unmask_job_tokens_per_forward unmask_steps_per_block unmask_time_to_first_block_seconds
    unmask_block_commit_interval_seconds unmask_job_queue_seconds unmask_step_duration_seconds
    unmask_batch_canvases unmask_actor_mailbox_depth unmask_actor_restarts_total unmask_kv_pages
    unmask_collective_seconds_total unmask_collective_bytes_total unmask_rank_skew_seconds
    unmask_last_progress_timestamp_seconds unmask_build_info unmask_jobs_total unmask_jobs_running
    unmask_jobs_waiting unmask_admission_rejections_total unmask_prompt_tokens_total
    unmask_worker_forward_seconds unmask_worker_kv_pages process_cpu_seconds_total process_resident_memory_bytes
    process_open_fds process_start_time_seconds unmask_worker_info
""".split()


def run(*command, cwd=None):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def overlap(a, b):
    return (a["x"] < b["x"] + b["w"] and b["x"] < a["x"] + a["w"] and
            a["y"] < b["y"] + b["h"] and b["y"] < a["y"] + a["h"])


class DashboardTest(unittest.TestCase):
    def setUp(self):
        self.dashboard = json.loads((MONITORING / "grafana/unmask-throughput.json").read_text())
        self.panels = [panel for panel in self.dashboard["panels"] if panel["type"] != "row"]

    def test_it_is_what_the_generator_makes(self):
        code, output = run(sys.executable, MONITORING / "dashboard.py", "--check")
        self.assertEqual(code, 0, output)

    def test_it_can_be_imported_anywhere(self):
        self.assertEqual(self.dashboard["title"], "unmask: throughput")
        self.assertEqual(self.dashboard["uid"], "unmask-throughput")
        self.assertIsInstance(self.dashboard["schemaVersion"], int)
        self.assertNotIn("id", self.dashboard)
        variables = {variable["name"]: variable for variable in self.dashboard["templating"]["list"]}
        self.assertEqual(variables["datasource"]["type"], "datasource")
        self.assertEqual(variables["datasource"]["query"], "prometheus")
        for name in ("replica", "instance"):
            self.assertEqual(variables[name]["query"], f'label_values(up{{job="unmask"}}, {name})')
            self.assertTrue(variables[name]["includeAll"])

    def test_every_figure_is_of_the_chosen_processes(self):
        for panel in self.panels:
            for target in panel["targets"]:
                figures = re.findall(r"\b(?:unmask|process)_\w+", target["expr"])
                chosen = re.findall(r'\b(?:unmask|process)_\w+\{[^}]*instance=~"\$instance",replica=~"\$replica\|"\}',
                                    target["expr"])
                self.assertEqual(len(chosen), len(figures), target["expr"])

    def test_every_panel_has_its_own_id_and_place(self):
        panels = self.dashboard["panels"]
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
        for panel in panels:
            place = panel["gridPos"]
            self.assertLessEqual(place["x"] + place["w"], GRID_COLUMNS, panel["title"])
        for a, b in itertools.combinations(panels, 2):
            self.assertFalse(overlap(a["gridPos"], b["gridPos"]), f"{a['title']}, {b['title']}")

    def test_every_panel_says_what_it_shows_in_which_unit(self):
        self.assertEqual(len({panel["title"] for panel in self.panels}), len(self.panels))
        for panel in self.panels:
            self.assertTrue(panel["description"].endswith("."), panel["title"])
            self.assertTrue(panel["fieldConfig"]["defaults"]["unit"], panel["title"])

    def test_every_query_asks_the_chosen_datasource(self):
        chosen = {"type": "prometheus", "uid": "${datasource}"}
        for panel in self.panels:
            self.assertEqual(panel["datasource"], chosen, panel["title"])
            self.assertTrue(panel["targets"], panel["title"])
            ids = [target["refId"] for target in panel["targets"]]
            self.assertEqual(len(set(ids)), len(ids), panel["title"])
            for target in panel["targets"]:
                self.assertEqual(target["datasource"], chosen, panel["title"])
                self.assertTrue(target["expr"], panel["title"])
                self.assertTrue(target["legendFormat"], panel["title"])

    def test_every_figure_has_a_panel(self):
        shown = " ".join(target["expr"] for panel in self.panels for target in panel["targets"])
        for figure in FIGURES:
            self.assertRegex(shown, rf"\b{figure}(_bucket)?\b")

    def test_no_query_or_rule_takes_an_alias(self):
        # `vllm:` counters are there for tools that know no others; they say what unmask_ figures say, at a job's end.
        texts = [target["expr"] for panel in self.panels for target in panel["targets"]]
        texts.append((MONITORING / "alerts.yml").read_text())
        for text in texts:
            self.assertNotIn("vllm:", text)

    def test_no_query_or_rule_has_an_id_for_a_label(self):
        texts = [target["expr"] for panel in self.panels for target in panel["targets"]]
        texts.append((MONITORING / "alerts.yml").read_text())
        for text in texts:
            self.assertIsNone(re.search(r"\b(job_id|request_id|epoch|peer)\b *[=,)]", text), text)


class RulesTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        for file in ("monitoring/prometheus.yml", "monitoring/alerts.yml", "tests/monitoring/alerts_test.yml"):
            shutil.copy(SOURCE / file, self.folder.name)

    def promtool(self, *arguments):
        code, output = run("promtool", *arguments, cwd=self.folder.name)
        self.assertEqual(code, 0, output)

    def test_prometheus_takes_the_configuration(self):
        pathlib.Path(self.folder.name, "unmask-targets.json").write_text('[{"targets": ["127.0.0.1:1"]}]')
        self.promtool("check", "config", "prometheus.yml")

    def test_alerts_speak_when_they_must_and_only_then(self):
        self.promtool("check", "rules", "alerts.yml")
        self.promtool("test", "rules", "alerts_test.yml")


if __name__ == "__main__":
    unittest.main()
