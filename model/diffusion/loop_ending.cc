/// What an EOS ends, and what is the answer then.

#include <algorithm>

#include "model/diffusion/loop.h"

namespace unmask::diffusion {

/// Fast-dLLM's early stop: nothing stands behind the first EOS but more of them. What was decided
/// there in this very forward is no edit then.
void DiffusionLoop::fill_behind_eos(Applied& applied) {
  const auto eos = canvas().find_generated(vocabulary_.eos_id, canvas().whole());
  if (!eos) return;
  const Range rest{*eos + 1, canvas().size()};
  if (overwrite_with_eos(rest)) applied.eos_fill = rest;
  std::erase_if(applied.edits, [&](const Edit& edit) { return edit.position > *eos; });
}

/// Returns whether anything changed.
bool DiffusionLoop::overwrite_with_eos(Range range) {
  bool has_changed = false;
  for (std::int32_t position = range.begin; position < range.end; ++position) {
    if (canvas().is_pinned(position)) continue;
    has_changed |= state_.canvas.apply({position, vocabulary_.eos_id});
  }
  return has_changed;
}

/// LLaDA2.0's own early stop, which looks at the first EOS of all: one in the prompt is enough.
bool DiffusionLoop::ends_at_eos(const std::vector<Edit>& edits) const {
  const std::int32_t eos_id = vocabulary_.eos_id;
  if (eos_id < 0 || std::ranges::find(edits, eos_id, &Edit::token) == edits.end()) return false;
  const auto first = std::ranges::find(canvas().tokens(), eos_id);
  return canvas().num_holes({0, std::int32_t(first - canvas().tokens().begin())}) == 0;
}

/// Whether the rest of the block is of no use, being behind an EOS; then it is overwritten. An EOS
/// that may be edited away ends nothing before its block is done.
bool DiffusionLoop::stop_within_block(Applied& applied) {
  const Compat& compat = params_.compat;
  if (compat.eos_early_stop && ends_at_eos(applied.edits)) return true;
  if (!compat.early_stop || !compat.stops_within_block) return false;
  if (edits_decided(params_.strategy)) return false;
  const auto eos = canvas().find_generated(vocabulary_.eos_id, state_.block);
  if (!eos || canvas().num_holes({state_.block.begin, *eos}) > 0) return false;
  const Range rest{*eos + 1, state_.block.end};
  if (canvas().num_holes(rest) == 0) return false;
  overwrite_with_eos(rest);
  applied.eos_fill = rest;
  return true;
}

void DiffusionLoop::finish_block(Applied& applied) {
  const Compat& compat = params_.compat;
  applied.finished_block = FinishedBlock{state_.num_blocks++, state_.block};
  bool has_eos = canvas().find_generated(vocabulary_.eos_id, state_.block).has_value();
  if (compat.prompt_eos_counts) {
    const auto begin = canvas().tokens().begin();
    has_eos = std::find(begin + state_.block.begin, begin + state_.block.end, vocabulary_.eos_id) !=
              begin + state_.block.end;
  }
  const auto first_hole = canvas().first_hole(state_.block.end);
  const bool stops = has_eos && (compat.early_stop || compat.always_stops);
  if (!stops && first_hole) return enter_block(*first_hole);

  const Range rest{state_.block.end, canvas().size()};
  if (stops && compat.early_stop && compat.fills_with_eos && rest.size() > 0) {
    overwrite_with_eos(rest);
    applied.eos_fill = rest;
  }
  end(applied);
}

void DiffusionLoop::end(Applied& applied) {
  const bool has_eos = canvas().find_generated(vocabulary_.eos_id, canvas().whole()).has_value();
  state_.ending = has_eos ? Ending::kStop : Ending::kLength;
  state_.plan = {};
  applied.ending = state_.ending;
}

std::int32_t DiffusionLoop::answer_end() const {
  return params_.compat.cut == Cut::kBehindFirstEos ? state_.num_asked : canvas().size();
}

std::vector<std::int32_t> DiffusionLoop::final_tokens() const {
  return cut_tokens(canvas(), params_.compat, vocabulary_.eos_id, state_.num_asked, false);
}

std::vector<std::int32_t> DiffusionLoop::generated_tokens() const {
  return cut_tokens(canvas(), params_.compat, vocabulary_.eos_id, state_.num_asked, true);
}

namespace {

/// Where the answer ends at the latest.
std::int32_t cut_at(const Canvas& canvas, const Compat& compat, std::int32_t eos_id,
                    std::int32_t num_asked, bool only_generated) {
  if (compat.cut == Cut::kAtFirstEos) {
    return canvas.find_generated(eos_id, canvas.whole()).value_or(canvas.size());
  }
  if (compat.cut != Cut::kBehindFirstEos) return canvas.size();
  const auto eos = canvas.find_generated(eos_id, {0, num_asked});
  if (!eos) return num_asked;
  if (!compat.eos_early_stop || only_generated) return *eos + 1;
  const auto first = std::ranges::find(canvas.tokens(), eos_id);
  return std::int32_t(first - canvas.tokens().begin()) + 1;
}

}  // namespace

std::vector<std::int32_t> cut_tokens(const Canvas& canvas, const Compat& compat,
                                     std::int32_t eos_id, std::int32_t num_asked,
                                     bool only_generated) {
  const std::int32_t end = cut_at(canvas, compat, eos_id, num_asked, only_generated);
  std::vector<std::int32_t> tokens;
  for (std::int32_t position = 0; position < end; ++position) {
    if (only_generated && canvas.is_pinned(position)) continue;
    if (compat.cut == Cut::kEveryEosGone && canvas.token(position) == eos_id) continue;
    tokens.push_back(canvas.token(position));
  }
  return tokens;
}

}  // namespace unmask::diffusion
