#include "runtime/cli/bench/cluster_target.h"

#include <utility>

namespace unmask::cli {

RequestEnd request_end_of(const Result<actors::Finished>& end) {
  RequestEnd ended;
  if (!end) {
    ended.failure = end.error().message;
    return ended;
  }
  if (actors::is_early(end->reason)) {
    ended.failure =
        end->error ? end->error->message : "it ended early: " + std::string(name_of(end->reason));
  }
  const actors::JobFigures& figures = end->figures;
  ended.prompt_tokens = figures.prompt_tokens;
  ended.tokens = figures.tokens;
  ended.forwards = figures.forwards;
  ended.blocks = figures.blocks;
  ended.queue_s = std::chrono::duration<double>(figures.queue_time).count();
  return ended;
}

void ClusterTarget::begin(const actors::Submit& job, RequestEvents events) {
  rpc::JobEvents heard;
  heard.on_block = [on_block = std::move(events.on_block)](const actors::Committed& block) {
    on_block(block.positions.size());
  };
  heard.on_end = [on_end = events.on_end](const Result<actors::Finished>& end) {
    on_end(request_end_of(end));
  };
  actors::Submit submit = job;
  submit.subscription = {.blocks = true, .frames = false, .trace = false};
  const Result<> submitted = client_.submit(std::move(submit), std::move(heard));
  if (submitted) return;
  timers_.after({}, [on_end = std::move(events.on_end), error = submitted.error()] {
    on_end(request_end_of(error));
  });
}

}  // namespace unmask::cli
