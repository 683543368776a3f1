/// A cluster of a coordinator and a worker, as a watcher sees it.

#pragma once

#include <chrono>

#include "runtime/cli/top/top_snapshot.h"

namespace unmask::cli {

/// After `seconds`, with so many tokens committed in so many forwards.
inline TopSnapshot watched_cluster(int seconds, double tokens, double forwards) {
  TopSnapshot snapshot;
  snapshot.at = Time(std::chrono::seconds(seconds));
  snapshot.status.is_ready = true;
  snapshot.status.model = "unmask-tiny";
  snapshot.status.version = "0.1.0";
  snapshot.status.epoch = 2;
  snapshot.status.jobs_running = 1;
  snapshot.status.kv_pages_used = 3;
  snapshot.status.kv_pages_total = 64;
  actors::MemberStatus coordinator, worker;
  coordinator.process = {.slot = {.role = actors::Role::kCoordinator},
                         .pid = 10,
                         .host = "here",
                         .http = "http://127.0.0.1:1"};
  worker.process = {.slot = {.role = actors::Role::kWorker, .replica = 0, .rank = 1},
                    .pid = 11,
                    .host = "here",
                    .http = "http://127.0.0.1:2"};
  coordinator.state = worker.state = "ready";
  snapshot.status.members = {coordinator, worker};
  actors::JobSummary job;
  job.client = "client-with-a-long-name";
  job.state = actors::JobSummary::State::kRunning;
  job.tokens = 7;
  job.forwards = 4;
  job.block = 1;
  job.num_blocks = 2;
  job.age = std::chrono::milliseconds(1500);
  actors::JobSummary finished = job;
  finished.state = actors::JobSummary::State::kFinished;
  snapshot.jobs.jobs = {job, finished};
  snapshot.metrics["http://127.0.0.1:1"] = {
      {"unmask_committed_tokens_total", {}, tokens},
      {"unmask_forward_passes_total", {{"phase", "first"}}, forwards},
      {"unmask_actor_mailbox_depth", {{"actor_type", "scheduler"}}, 2},
      {"unmask_actor_mailbox_depth", {{"actor_type", "membership"}}, 1}};
  snapshot.metrics["http://127.0.0.1:2"] = {{"unmask_worker_info", {{"device", "cpu"}}, 1}};
  return snapshot;
}

}  // namespace unmask::cli
