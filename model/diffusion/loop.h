/// From a canvas with holes to one without: the diffusion loop of one sequence.

#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/diffusion/canvas.h"
#include "model/diffusion/figures.h"
#include "model/diffusion/hole_rules.h"
#include "model/diffusion/params.h"
#include "model/step.h"
#include "runtime/base/result.h"

namespace unmask::diffusion {

/// What the loop has to know of a model.
struct Vocabulary {
  std::int32_t mask_id = 0;
  std::int32_t eos_id = -1;                ///< -1: none
  std::int32_t choosable_end = INT32_MAX;  ///< ids from here on are beyond the tokenizer
  bool is_block_causal = false;  ///< a position sees its own block and those before, no other

  bool operator==(const Vocabulary&) const = default;
};

/// Why a sequence ended: an EOS was generated; the canvas is full. An EOS in a run of holes that
/// given text follows ends that run alone.
enum class Ending : std::uint8_t { kStop, kLength };

struct FinishedBlock {
  std::int32_t index = 0;  ///< counted from 0 over the sequence
  Range positions;

  bool operator==(const FinishedBlock&) const = default;
};

/// What one forward did to the canvas.
struct Applied {
  std::vector<Edit> edits;        ///< those that changed something, by position
  std::optional<Range> eos_fill;  ///< the text's end, overwritten with EOS after the edits
  std::optional<FinishedBlock> finished_block;  ///< final from here on
  std::optional<Ending> ending;                 ///< of the sequence
  /// What was decided on, where that is not what the workers answered: with credit, say.
  std::optional<CandidateColumns> adjusted;
};

/// All that changes in a sequence's life; parameters aside, enough to go on from.
struct LoopState {
  Canvas canvas;
  BlockGrid grid;
  Range block;                  ///< that is decoded now
  std::int32_t num_asked = 0;   ///< positions that were asked for; others complete the last block
  std::int32_t num_blocks = 0;  ///< finished
  std::int32_t iteration = 0;   ///< forwards so far
  std::int32_t block_iteration = 0;  ///< decisions in this block so far
  std::int32_t calls_left = 0;       ///< before the next look at the block
  std::int32_t num_forced = 0;       ///< holes filled because the strategy had no iteration left
  StrategyState strategy;
  CreditLedger credit;  ///< of the block
  CacheState cache;
  /// Per position of the block: the forward that changed it, or the last one before the block.
  std::vector<std::int32_t> changed_at;
  Plan plan;  ///< of the next forward
  std::optional<Ending> ending;
  HoleRules rules;  ///< the same from first to last

  bool operator==(const LoopState&) const = default;
};

/// One loop for every strategy, cache policy and reference: their differences are values.
///
/// A value: a copy made at a block border takes the block up again. Pure: the same candidates give
/// the same steps and edits.
class DiffusionLoop {
 public:
  /// Ids of the parameters count before those of the vocabulary.
  ///
  /// Errors  kInvalidArgument if the canvas has no hole, or parameters, attention, canvas and rules
  ///         contradict each other (see contradiction_in, unseen_text_in and rules_error)
  static Result<DiffusionLoop> create(const DiffusionParams& params, Vocabulary vocabulary,
                                      Canvas canvas, HoleRules rules = {});
  /// Goes on from what state() returned, under the same parameters and vocabulary.
  static DiffusionLoop resume(const DiffusionParams& params, Vocabulary vocabulary,
                              LoopState state);

  /// The same at a block border, where what the cache kept is lost: decides what it would have
  /// decided. Nothing if the next forward reads what only those before it could have written; such
  /// a job has to begin anew.
  static std::optional<DiffusionLoop> resume_without_cache(const DiffusionParams& params,
                                                           Vocabulary vocabulary, LoopState border);

  /// The next forward, the same one until its candidates were applied; the caller names the
  /// sequence. Nothing if the sequence has ended.
  [[nodiscard]] std::optional<SequenceStep> next() const;

  /// Takes the candidates of next(). Not after the end.
  ///
  /// Errors  kInternal if they are not what was asked for or not numbers (a broken worker or
  ///         forward); nothing is changed then
  Result<Applied> apply(const CandidateColumns& columns);

  [[nodiscard]] const Canvas& canvas() const { return state_.canvas; }
  [[nodiscard]] const LoopState& state() const { return state_; }
  [[nodiscard]] const DiffusionParams& params() const { return params_; }
  [[nodiscard]] const Vocabulary& vocabulary() const { return vocabulary_; }
  [[nodiscard]] bool has_ended() const { return state_.ending.has_value(); }
  [[nodiscard]] Figures figures() const;
  /// What it takes of workers at most.
  [[nodiscard]] MaxUse max_use() const;
  /// What stands from here on is no part of the answer.
  [[nodiscard]] std::int32_t answer_end() const;
  /// The whole canvas, cut as the compat says.
  [[nodiscard]] std::vector<std::int32_t> final_tokens() const;
  /// What was generated of it.
  [[nodiscard]] std::vector<std::int32_t> generated_tokens() const;

 private:
  DiffusionLoop(const DiffusionParams& params, Vocabulary vocabulary, LoopState state);

  void smooth(SequenceStep& step) const;
  void guide(SequenceStep& step) const;
  void draw(SamplingRules& rules) const;
  [[nodiscard]] Ranges may_be_holes(Range range) const;
  [[nodiscard]] Ranges computed() const;
  [[nodiscard]] bool is_active(std::int32_t position) const;
  [[nodiscard]] Ranges decoded() const;
  [[nodiscard]] ListedTokens listed() const;
  [[nodiscard]] ListedTokens listed_by_rules(const Ranges& decoded) const;
  [[nodiscard]] CandidateColumns choose_by_rules(const CandidateColumns& columns) const;
  [[nodiscard]] bool has_choices(std::int32_t position) const;
  [[nodiscard]] std::vector<std::int32_t> present_at(const CandidateColumns& columns) const;
  [[nodiscard]] std::optional<Error> find_fault(const CandidateColumns& columns) const;
  [[nodiscard]] std::vector<std::int32_t> ids_without_confidence() const;
  void take_confidence(CandidateColumns& columns) const;
  void randomize_confidence(CandidateColumns& columns) const;
  [[nodiscard]] CandidateColumns fuse(const CandidateColumns& columns);
  bool decide_and_edit(const CandidateColumns& columns, std::vector<Edit>& edits);
  void force_best(const CandidateColumns& columns, std::vector<Edit>& edits);
  void force_all(const CandidateColumns& columns, std::vector<Edit>& edits);
  void force(Edit edit, std::vector<Edit>& edits);
  void fill_behind_eos(Applied& applied);
  bool overwrite_with_eos(Range range);
  bool fill_run(Range rest, Applied& applied);
  bool end_runs(Range filled, Applied& applied);
  void note_changes(const Applied& applied);
  void look_at_block(bool is_block_done, Applied& applied);
  bool stop_within_block(Applied& applied);
  [[nodiscard]] bool ends_at_eos(const std::vector<Edit>& edits) const;
  void leave_block(Applied& applied);
  void finish_block(Applied& applied);
  void end(Applied& applied);
  void enter_block(std::int32_t first_hole);
  [[nodiscard]] PlanInput plan_input() const;
  void plan_next();
  [[nodiscard]] std::int32_t num_calls() const;

  DiffusionParams params_;
  Vocabulary vocabulary_;
  LoopState state_;
};

/// How long a canvas becomes of which `num_asked` positions are asked for, prompt included.
std::int64_t num_positions(const DiffusionParams& params, std::int64_t num_asked);

/// The tokens of `canvas` that are the answer, cut as `compat` says, if `num_asked` positions of it
/// were asked for; all of them, or the generated.
std::vector<std::int32_t> cut_tokens(const Canvas& canvas, const Compat& compat,
                                     std::int32_t eos_id, std::int32_t num_asked,
                                     bool only_generated);

}  // namespace unmask::diffusion
