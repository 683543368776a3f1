#include "tests/simulation/bare_client.h"

#include <algorithm>
#include <utility>

#include "rpc/codec/codec.h"

namespace unmask::simulation {
BareClient::BareClient(Simulation& simulation, Address address, Address gateway, History& history)
    : simulation_(simulation),
      history_(history),
      links_(simulation.start(address).env(), rpc::Link::Options{},
             {[this](PeerId peer) {
                gateway_ = peer;
                for (auto& [id, job] : jobs_) send(job);
              },
              [this](PeerId /*from*/, actors::WireMessage message) {
                return take(std::move(message));
              },
              [this](PeerId /*peer*/, DownReason /*reason*/, const std::string& /*why*/) {
                gateway_.reset();
              }}) {
  links_.bind(simulation.network().attach(address, links_.transport_events()));
  simulation.network().dial(address, gateway);
}

void BareClient::submit(const JobPlan& plan) {
  Job& job = jobs_[plan.id];
  job.plan = &plan;
  history_.jobs[plan.id].submitted = simulation_.clock().now();
  history_.jobs[plan.id].resumes_by_itself = true;
  send(job);
}

void BareClient::cancel(const JobId& id) {
  Job& job = jobs_.at(id);
  if (job.is_over) return;
  job.wants_cancel = history_.jobs[id].was_cancelled = true;
  if (job.waits) {  // nobody has it
    job.is_over = true;
    history_.jobs[id].refusals.push_back({id, {ErrorCode::kCancelled, "never sent"}});
    return;
  }
  if (gateway_) (void)links_.send({*gateway_, actors::Cancel{id}});
}

void BareClient::send(Job& job) {
  if (job.is_over || !gateway_) return;
  job.waits = false;
  const std::vector<actors::Committed>& blocks = history_.jobs[job.plan->id].blocks;
  actors::Submit submit;
  submit.job = job.plan->id;
  submit.input = job.plan->input;
  submit.parameters = job.plan->parameters;
  submit.resume_after_block = blocks.empty() ? -1 : blocks.back().block;
  (void)links_.send({*gateway_, std::move(submit)});  // a link that fails comes up again
  if (job.wants_cancel) (void)links_.send({*gateway_, actors::Cancel{job.plan->id}});
}

void BareClient::try_again(const JobId& id) {
  jobs_.at(id).waits = true;
  simulation_.after(kTryAgain, [this, id] {
    if (jobs_.at(id).waits) send(jobs_.at(id));  // unless a new connection was faster
  });
}

bool BareClient::take(actors::WireMessage message) {
  if (auto* block = std::get_if<actors::Committed>(&message)) {
    history_.jobs[block->job].blocks.push_back(std::move(*block));
  } else if (auto* end = std::get_if<actors::Finished>(&message)) {
    JobHistory& job = history_.jobs[end->job];
    // Only its Cancel was answered: the job's own end comes behind its blocks.
    const bool lacks_blocks = end->figures.blocks > std::int32_t(job.blocks.size());
    if (jobs_.at(end->job).waits || (job.was_cancelled && lacks_blocks)) return true;
    const bool was_over = std::exchange(jobs_.at(end->job).is_over, true);
    // Every cancel is answered: behind the end with the same end, and behind a refusal (it was sent
    // twice, and one found the job) with the end that the coordinator knows.
    const bool is_answer = job.ends.empty() || job.ends.front().tokens == end->tokens;
    if (was_over && job.was_cancelled && is_answer) return true;
    job.ended = simulation_.clock().now();
    job.ends.push_back(std::move(*end));
  } else if (auto* refused = std::get_if<actors::Rejected>(&message)) {
    const ErrorCode code = refused->error.code;
    Job& job = jobs_.at(refused->job);
    if (job.is_over && job.wants_cancel) return true;  // the answer to the cancel
    const bool is_for_now = code == ErrorCode::kUnavailable || code == ErrorCode::kOverloaded;
    // A scenario names no other models: only a Cancel is answered so, and the Submit has an answer
    // of its own.
    if (code == ErrorCode::kNotFound) return true;
    if (is_for_now) {
      try_again(refused->job);
    } else {
      job.is_over = true;
      history_.jobs[refused->job].refusals.push_back(std::move(*refused));
    }
  } else if (!std::holds_alternative<actors::Accepted>(message) &&
             !std::holds_alternative<actors::Queued>(message)) {
    faults_.push_back("a client got a message of type " + std::to_string(rpc::type_of(message)));
  }
  return true;
}

bool BareClient::is_done() const {
  return std::ranges::all_of(jobs_, [](const auto& entry) { return entry.second.is_over; });
}

}  // namespace unmask::simulation
