#include "tests/simulation/library_client.h"

#include <algorithm>
#include <utility>

namespace unmask::simulation {
LibraryClient::LibraryClient(Simulation& simulation, Address address, Address gateway,
                             History& history)
    : simulation_(simulation),
      history_(history),
      client_(simulation.start(address).env(), rpc::Client::Options{}) {
  client_.bind(simulation.network().attach(address, client_.transport_events()));
  simulation.network().dial(address, gateway);
}

void LibraryClient::submit(const JobPlan& plan) {
  jobs_[plan.id].plan = &plan;
  history_.jobs[plan.id].submitted = simulation_.clock().now();
  ask_for(plan.id);
}

void LibraryClient::ask_for(const JobId& id) {
  Job& job = jobs_.at(id);
  job.waits = false;
  const std::vector<actors::Committed>& blocks = history_.jobs[id].blocks;
  actors::Submit submit;
  submit.job = id;
  submit.input = job.plan->input;
  submit.parameters = job.plan->parameters;
  submit.resume_after_block = blocks.empty() ? -1 : blocks.back().block;
  history_.jobs[id].resumes_by_itself = !blocks.empty();
  rpc::JobEvents events;
  events.on_block = [this](const actors::Committed& block) {
    history_.jobs[block.job].blocks.push_back(block);
  };
  events.on_end = [this, id](const Result<actors::Finished>& how) { end(id, how); };
  const Result<> submitted = client_.submit(std::move(submit), std::move(events));
  if (!submitted) end(id, submitted.error());
}

void LibraryClient::cancel(const JobId& id) {
  Job& job = jobs_.at(id);
  if (job.is_over) return;
  job.wants_cancel = history_.jobs[id].was_cancelled = true;
  if (job.waits) return end(id, Error{ErrorCode::kCancelled, "never sent"});
  client_.cancel(id);
}

void LibraryClient::end(const JobId& id, const Result<actors::Finished>& end) {
  Job& job = jobs_.at(id);
  JobHistory& history = history_.jobs[id];
  if (end) {
    job.is_over = true;
    history.ended = simulation_.clock().now();
    history.ends.push_back(*end);
    return;
  }
  const ErrorCode code = end.error().code;
  const bool is_for_now = code == ErrorCode::kUnavailable || code == ErrorCode::kOverloaded;
  if (is_for_now && !job.wants_cancel) {
    job.waits = true;
    simulation_.after(kTryAgain, [this, id] {
      if (jobs_.at(id).waits && !jobs_.at(id).is_over) ask_for(id);
    });
    return;
  }
  job.is_over = true;
  history.refusals.push_back({id, end.error()});
}

bool LibraryClient::is_done() const {
  return std::ranges::all_of(jobs_, [](const auto& entry) { return entry.second.is_over; });
}

std::vector<std::string> LibraryClient::faults() const {
  if (!client_.failure()) return {};
  return {"a client gave up: " + client_.failure()->message};
}

}  // namespace unmask::simulation
