#include "tests/bench/gateway/scripted_coordinator.h"

#include <charconv>
#include <cmath>

#include "runtime/base/check.h"

namespace unmask::bench {
namespace {

constexpr std::chrono::microseconds kTryAgain{200};  // where the gateway's mailbox is full
constexpr std::int32_t kPromptTokens = 8, kBlockTokens = 16;

/// Spreads the jobs over an interval, however many there are.
double phase_of(int job) {
  constexpr double kGoldenRatio = 0.6180339887;
  return std::fmod(kGoldenRatio * job, 1.0);
}

}  // namespace

void ScriptedCoordinator::set_script(const BlockScript& script) {
  script_ = script;
  accepted_at_.clear();
}

Time ScriptedCoordinator::due(const Place& place) const {
  const double intervals = phase_of(place.job) + place.block + 1;
  return accepted_at_.at(std::size_t(place.job)) +
         std::chrono::duration_cast<Duration>(intervals * script_.interval);
}

void ScriptedCoordinator::take(const actors::Outgoing& outgoing) {
  if (const auto* wanted = std::get_if<actors::Admit>(&outgoing.message)) admit(*wanted);
  if (const auto* cancel = std::get_if<actors::Cancel>(&outgoing.message)) {
    finish(cancel->job, actors::FinishReason::kCancelled);
  }
}

void ScriptedCoordinator::admit(const actors::Admit& admit) {
  const Job job{admit.job, int(accepted_at_.size()), clock_.now()};
  accepted_at_.push_back(job.accepted_at);
  send(actors::Accepted{job.id, false, kPromptTokens,
                        kPromptTokens + script_.num_blocks * kBlockTokens});
  if (script_.num_blocks > 0) send_next(job, 0);
}

void ScriptedCoordinator::send_next(Job job, int block) {
  const Duration wait = std::max(due({job.index, block}) - clock_.now(), Duration(0));
  timers_.after(wait, [this, job, block] {
    const std::string text = "#" + std::to_string(job.index) + ":" + std::to_string(block) + ";";
    const auto tokens = tokenizer_.encode(text, false);
    UNMASK_CHECK(tokens);
    const std::int32_t begin = kPromptTokens + block * kBlockTokens;
    const Range positions{begin, begin + kBlockTokens};
    send(actors::Committed{job.id, block, positions, *tokens, {}, {positions}});
    if (block + 1 < script_.num_blocks) return send_next(job, block + 1);
    finish(job.id, actors::FinishReason::kLength);
  });
}

void ScriptedCoordinator::finish(JobId job, actors::FinishReason reason) {
  actors::Finished end;
  end.job = job;
  end.reason = reason;
  end.figures.blocks = script_.num_blocks;
  send(std::move(end));
}

void ScriptedCoordinator::send(actors::WireMessage message) {
  const auto outcome = gateway_.deliver(kPeer, message);
  UNMASK_CHECK(outcome != actors::Dispatch::Outcome::kUnexpected);
  if (outcome == actors::Dispatch::Outcome::kTaken) return;
  timers_.after(kTryAgain, [this, message = std::move(message)] { send(message); });
}

std::vector<ScriptedCoordinator::Place> take_places(std::string& text) {
  std::vector<ScriptedCoordinator::Place> places;
  std::size_t read = 0;
  for (std::size_t begin = text.find('#'); begin != std::string::npos;
       begin = text.find('#', read)) {
    const std::size_t end = text.find(';', begin);
    if (end == std::string::npos) break;
    const std::size_t colon = text.find(':', begin);
    ScriptedCoordinator::Place place;
    std::from_chars(text.data() + begin + 1, text.data() + colon, place.job);
    std::from_chars(text.data() + colon + 1, text.data() + end, place.block);
    places.push_back(place);
    read = end + 1;
  }
  text.erase(0, read);
  return places;
}

}  // namespace unmask::bench
