#include "tests/simulation/checks.h"

#include <algorithm>
#include <span>

namespace unmask::simulation {
namespace {

using Sentences = std::vector<std::string>;

/// So long a group may get jobs though one of its workers is gone: until its silence is noticed.
constexpr Duration kNewsOfDeath = std::chrono::seconds(5);

/// How many workers were gone, or declared dead, before the job ended. That it was told is no
/// condition: a coordinator may hear of a failed group and end before it knows whom it lost.
auto num_deaths_near(const History& history, const JobHistory& job) {
  const auto is_near = [&](Time death) {
    return death >= job.submitted - kNewsOfDeath && death <= job.ended;
  };
  return std::ranges::count_if(history.deaths, is_near) +
         std::ranges::count_if(history.worker_ends, is_near);
}

/// A job goes on when its workers are lost, but not if that happens twice in one block.
bool may_have_failed(const History& history, const JobHistory& job) {
  const std::optional<Error>& error = job.ends.front().error;
  return error && error->message.starts_with("poison") && num_deaths_near(history, job) >= 2;
}

/// Blocks come in order, each once, and are the oracle's.
void check_stream(const JobHistory& job, const ExpectedAnswer& expected, Sentences& found) {
  for (std::size_t i = 0; i < job.blocks.size(); ++i) {
    const actors::Committed& block = job.blocks[i];
    if (block.block != std::int32_t(i)) {
      found.push_back("block " + std::to_string(block.block) + " came in place " +
                      std::to_string(i));
      return;
    }
    if (i >= expected.blocks.size() || block.tokens != expected.blocks[i]) {
      found.push_back("block " + std::to_string(i) + " has other tokens than alone");
    }
  }
}

void check_whole(const JobHistory& job, const ExpectedAnswer& expected, Sentences& found) {
  const actors::Finished& end = job.ends.front();
  if (end.reason != expected.reason) {
    found.push_back("it ended with " + std::string(name_of(end.reason)) + ", alone with " +
                    std::string(name_of(expected.reason)));
  }
  if (end.tokens != expected.tokens) found.emplace_back("it has other tokens than alone");
  if (job.blocks.size() != expected.blocks.size()) {
    found.push_back(std::to_string(job.blocks.size()) + " blocks were streamed, alone it has " +
                    std::to_string(expected.blocks.size()));
  }
  if (end.figures.forwards != expected.forwards) {
    found.push_back("it took " + std::to_string(end.figures.forwards) + " forwards, alone " +
                    std::to_string(expected.forwards));
  }
}

/// Whether nobody may know the job any more but its client, as all others began anew meanwhile.
bool may_be_forgotten(const History& history, const JobHistory& job) {
  const auto is_within = [&](Time end) { return end >= job.submitted && end <= job.ended; };
  return std::ranges::any_of(history.gateway_ends, is_within) &&
         std::ranges::any_of(history.coordinator_ends, is_within);
}

/// A job that was ended before its time has the blocks that were streamed, and nothing else. Those
/// of them that its servers have forgotten are missing unless a library followed the job.
void check_part(const History& history, const JobHistory& job, Sentences& found) {
  const actors::Finished& end = job.ends.front();
  const auto num_told = std::size_t(end.figures.blocks);
  const bool may_lack = job.resumes_by_itself && may_be_forgotten(history, job);
  if (num_told > job.blocks.size() || (num_told < job.blocks.size() && !may_lack)) {
    found.push_back("it ended with " + std::to_string(num_told) + " blocks, " +
                    std::to_string(job.blocks.size()) + " were streamed");
    return;
  }
  std::vector<std::int32_t> streamed;
  for (const actors::Committed& block : std::span(job.blocks).first(num_told)) {
    streamed.insert(streamed.end(), block.tokens.begin(), block.tokens.end());
  }
  if (end.tokens != streamed) found.emplace_back("its tokens are not those of its blocks");
  if (end.figures.tokens != std::int32_t(end.tokens.size())) {
    found.push_back("it says that it has " + std::to_string(end.figures.tokens) + " tokens, not " +
                    std::to_string(end.tokens.size()));
  }
}

void check_job(const History& history, const JobHistory& job, const ExpectedAnswer& expected,
               Sentences& found) {
  check_stream(job, expected, found);
  const std::size_t num_ends = job.ends.size() + job.refusals.size();
  if (num_ends != 1) {
    std::string how;
    for (const actors::Finished& end : job.ends) how += ", " + std::string(name_of(end.reason));
    for (const actors::Rejected& rejection : job.refusals)
      how += ", refused: " + rejection.error.message;
    found.push_back("it ended " + std::to_string(num_ends) + " times" + how);
    return;
  }
  if (job.ends.empty()) {
    const Error& error = job.refusals.front().error;
    if (!job.was_cancelled) found.push_back("it was refused: " + error.message);
    return;
  }
  const actors::Finished& end = job.ends.front();
  if (end.reason == actors::FinishReason::kError) {
    if (!may_have_failed(history, job)) {
      found.push_back("it failed though its workers were not lost twice: " +
                      (end.error ? end.error->message : std::string("no reason was given")));
    }
    check_part(history, job, found);
  } else if (end.reason == actors::FinishReason::kCancelled && job.was_cancelled) {
    check_part(history, job, found);
  } else {
    check_whole(job, expected, found);
  }
}

void check_cluster(const Scenario& scenario, const History& history, Sentences& found) {
  const auto expect = [&](bool holds, const std::string& sentence) {
    if (!holds) found.push_back(sentence);
  };
  for (const std::string& what : history.unexpected) found.push_back("unexpected: " + what);
  for (const std::string& what : history.devices.refusals) found.push_back("step refused: " + what);
  expect(scenario.is_deadly || history.deaths.empty(),
         std::to_string(history.deaths.size()) + " workers were declared dead though all lived");
  expect(scenario.is_deadly || history.worker_ends.empty(),
         std::to_string(history.worker_ends.size()) + " workers ended though nothing ended them");
  expect(history.devices.empty_steps == 0, "a step was sent for an empty batch");
  expect(history.pages_used == 0,
         std::to_string(int(history.pages_used)) + " pages are not free at the end");
  expect(history.jobs_held == 0,
         "the coordinator holds " + std::to_string(int(history.jobs_held)) + " jobs at the end");
  const auto num_cancelled = std::ranges::count_if(
      history.jobs, [](const auto& entry) { return entry.second.was_cancelled; });
  // A sequence that was cancelled while it found no room is closed with a step that never came.
  expect(history.leaked_sequences <= num_cancelled * scenario.group_size,
         std::to_string(history.leaked_sequences) + " sequences keep pages on workers");
  expect(history.open_links == history.expected_links,
         std::to_string(history.open_links) + " links are open at the end, there should be " +
             std::to_string(history.expected_links));
  expect(history.dead_letters == 0,
         std::to_string(int(history.dead_letters)) + " dead letters in processes that live");
}

}  // namespace

std::vector<std::string> violations(const Scenario& scenario, const History& history,
                                    const std::vector<ExpectedAnswer>& expected) {
  Sentences all;
  check_cluster(scenario, history, all);
  for (std::size_t i = 0; i < scenario.jobs.size(); ++i) {
    Sentences found;
    const auto job = history.jobs.find(scenario.jobs[i].id);
    if (job == history.jobs.end()) {
      found.emplace_back("nobody ever heard of it");
    } else {
      check_job(history, job->second, expected[i], found);
    }
    for (const std::string& sentence : found) {
      all.push_back("job " + std::to_string(i) + ": " + sentence);
    }
  }
  return all;
}

}  // namespace unmask::simulation
