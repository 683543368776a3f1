#include "tests/simulation/sabotage.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

namespace unmask::simulation {
namespace {

template <typename Message>
Message* in(actors::Outgoing& outgoing) {
  return std::get_if<Message>(&outgoing.message);
}

/// The candidates of `old` at the positions of `present`, if it has them all.
void make_stale(CandidateColumns& present, const CandidateColumns& old) {
  CandidateColumns stale;
  for (const std::int32_t position : present.position) {
    const auto at = std::ranges::find(old.position, position);
    if (at == old.position.end()) return;
    const auto i = std::size_t(at - old.position.begin());
    stale.position.push_back(position);
    stale.token.push_back(old.token[i]);
    stale.logit.push_back(old.logit[i]);
    stale.log_sum_exp.push_back(old.log_sum_exp[i]);
    if (!old.entropy.empty()) stale.entropy.push_back(old.entropy[i]);
  }
  present = std::move(stale);
}

}  // namespace

Sabotage commits_a_block_twice() {
  struct State {
    int num_blocks = 0;
    std::optional<JobId> victim;
  };
  const auto state = std::make_shared<State>();
  Sabotage sabotage;
  sabotage.sent = [state](actors::Outgoing outgoing) -> std::vector<actors::Outgoing> {
    actors::Committed* block = in<actors::Committed>(outgoing);
    if (block == nullptr) return {outgoing};
    if (state->victim == block->job) ++block->block;
    if (++state->num_blocks != 3) return {outgoing};
    state->victim = block->job;
    actors::Outgoing again = outgoing;
    ++in<actors::Committed>(again)->block;
    return {outgoing, again};
  };
  return sabotage;
}

Sabotage loses_a_finished() {
  struct State {
    int num_ends = 0;
    std::optional<JobId> victim;
  };
  const auto state = std::make_shared<State>();
  Sabotage sabotage;
  sabotage.sent = [state](actors::Outgoing outgoing) -> std::vector<actors::Outgoing> {
    const actors::Finished* end = in<actors::Finished>(outgoing);
    if (end != nullptr && ++state->num_ends == 3) state->victim = end->job;
    const bool is_lost = end != nullptr && state->victim == end->job;
    if (is_lost) return {};
    return {outgoing};
  };
  return sabotage;
}

Sabotage applies_a_stale_result() {
  struct State {
    int num_results = 0;
    std::map<SequenceId, CandidateColumns> last;
  };
  const auto state = std::make_shared<State>();
  Sabotage sabotage;
  sabotage.received = [state](PeerId /*from*/, actors::WireMessage& message) {
    auto* result = std::get_if<StepResult>(&message);
    if (result == nullptr || result->sequences.empty()) return true;
    const bool is_stale = ++state->num_results % 5 == 0;
    for (SequenceResult& sequence : result->sequences) {
      const CandidateColumns present = sequence.candidates;
      const auto old = state->last.find(sequence.sequence);
      if (is_stale && old != state->last.end()) make_stale(sequence.candidates, old->second);
      state->last[sequence.sequence] = present;
    }
    return true;
  };
  return sabotage;
}

Sabotage forgets_to_close_sequences() {
  Sabotage sabotage;
  sabotage.sent = [](actors::Outgoing outgoing) -> std::vector<actors::Outgoing> {
    if (Step* step = in<Step>(outgoing)) step->closed.clear();
    return {outgoing};
  };
  return sabotage;
}

Sabotage mixes_two_jobs_up() {
  const auto jobs = std::make_shared<std::vector<JobId>>();
  Sabotage sabotage;
  sabotage.sent = [jobs](actors::Outgoing outgoing) -> std::vector<actors::Outgoing> {
    if (const actors::Accepted* accepted = in<actors::Accepted>(outgoing);
        accepted && jobs->size() < 2) {
      if (!accepted->is_resend) jobs->push_back(accepted->job);
    }
    if (actors::Committed* block = in<actors::Committed>(outgoing); block && jobs->size() == 2) {
      const auto at = std::ranges::find(*jobs, block->job);
      if (at != jobs->end()) block->job = jobs->at(at == jobs->begin() ? 1 : 0);
    }
    return {outgoing};
  };
  return sabotage;
}

}  // namespace unmask::simulation
