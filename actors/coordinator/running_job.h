#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/coordinator/replica.h"
#include "actors/messages.h"
#include "model/diffusion/loop.h"
#include "runtime/actor/clock.h"

namespace unmask::actors {

/// What admission has to know of the model that is served.
struct JobModel {
  diffusion::Vocabulary vocabulary;
  std::int32_t vocab_size = 0;     ///< token ids are below this
  std::int32_t max_positions = 0;  ///< of the checkpoint
};

[[nodiscard]] inline std::chrono::microseconds between(Time from, Time to) {
  return std::chrono::duration_cast<std::chrono::microseconds>(to - from);
}

/// How a job ends.
struct JobEnd {
  FinishReason reason = FinishReason::kLength;
  std::optional<Error> error;
};

/// A job between its acceptance and its end, as the coordinator holds it.
struct RunningJob {
  explicit RunningJob(diffusion::DiffusionLoop started)
      : loop(std::move(started)), border(loop.state()) {}

  static constexpr std::size_t kMaxGateways = 8;

  /// Nobody hears of a job before the store has it, nor of its end before that is stored.
  enum class Stage : std::uint8_t { kStoring, kOpen, kEnding };

  JobId id;
  Requester requester;
  bool is_detached = false;
  std::int32_t priority = 0;
  std::optional<Time> orphaned_at;  ///< no gateway hears of it since then
  std::uint64_t body_digest = 0;
  Stage stage = Stage::kStoring;
  std::optional<FinishReason> early_end;  ///< wanted while it was being stored
  std::optional<JobEnd> end;              ///< of a job that is ending
  std::vector<PeerId> gateways;  ///< that hear of it, the latest last; at most kMaxGateways
  Subscription subscription;
  diffusion::DiffusionLoop loop;
  diffusion::LoopState border;  ///< of the loop at the last block border
  std::int32_t num_losses = 0;  ///< of groups that were computing it, since that border
  Reservation reserved;         ///< for the worst case
  Time accepted_at{};
  std::optional<Time> started_at;
  Time last_block_at{};
  std::optional<Time> deadline;

  std::optional<std::int32_t> replica;  ///< where it runs; none while it waits
  SequenceId sequence = 0;
  bool is_on_workers = false;  ///< a step with its sequence was sent: they may hold pages for it
  std::optional<SequenceStep> next;  ///< planned, waits for room in a step

  std::int32_t block = 0;        ///< committed so far
  std::int32_t num_storing = 0;  ///< of these, of which the store has not answered yet
  /// Where the first block begins that the store refused: the answer ends there.
  std::optional<std::int32_t> unstored_from;
  std::int32_t num_replayed = 0;    ///< blocks that an earlier life of the coordinator committed
  std::int32_t block_forwards = 0;  ///< of the running block
  JobFigures figures;
  std::vector<float> logprobs;  ///< by position, if subscribed; see Committed

  void add_gateway(PeerId gateway);
  [[nodiscard]] Demand demand() const {
    const diffusion::MaxUse use = loop.max_use();
    return {loop.canvas().size(), use.num_computed, use.num_cached, use.num_soft};
  }
  /// The loop has ended, and the store took every block.
  [[nodiscard]] bool is_complete() const { return loop.has_ended() && !unstored_from; }
  /// The answer at the job's end: what the loop says, or, if it was ended before, what is
  /// committed. Never a hole.
  [[nodiscard]] std::vector<std::int32_t> answer() const;
};

/// The job that a sequence on workers belongs to; null if it ended, or left them, meanwhile.
[[nodiscard]] RunningJob* find_running(std::map<JobId, RunningJob>& jobs, JobId id,
                                       SequenceId sequence);

/// Errors  kInvalidArgument: an unknown parameter, a value out of range
[[nodiscard]] Result<diffusion::DiffusionParams> params_of(const Admit& admit);

/// Errors  kInvalidArgument: token ids outside the vocabulary (of the prompt, mask, EOS, EoT), no
///         mask id, no EOS where the job counts with one, a canvas beyond the context, no hole
[[nodiscard]] Result<diffusion::DiffusionLoop> make_loop(const TokenInput& input,
                                                         const diffusion::DiffusionParams& params,
                                                         const JobModel& model);

/// The positions inside `positions` whose tokens belong to the answer: those that are decided,
/// before the first EOS of their run.
[[nodiscard]] Ranges places_in(const diffusion::DiffusionLoop& loop, Range positions);

/// The tokens there.
[[nodiscard]] std::vector<std::int32_t> answer_in(const diffusion::DiffusionLoop& loop,
                                                  Range positions);

/// The blocks of the canvas from the first hole to the last.
[[nodiscard]] std::int32_t num_blocks(const diffusion::DiffusionLoop& loop);

}  // namespace unmask::actors
