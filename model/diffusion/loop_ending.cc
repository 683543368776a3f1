/// What an EOS ends, and what is the answer then.

#include <algorithm>

#include "model/diffusion/answer.h"
#include "model/diffusion/loop.h"

namespace unmask::diffusion {

/// Fast-dLLM's early stop: nothing stands behind the first EOS of a run but more of them. What was
/// decided there in this very forward is no edit then.
void DiffusionLoop::fill_behind_eos(Applied& applied) {
  for (const Range run : canvas().generated()) {
    const auto eos = canvas().find_generated(vocabulary_.eos_id, run);
    if (!eos) continue;
    const Range rest{*eos + 1, run.end};
    if (run.end < canvas().size()) {
      fill_run(rest, applied);
      continue;
    }
    if (overwrite_with_eos(rest)) applied.eos_fill = rest;
    std::erase_if(applied.edits, [&](const Edit& edit) { return edit.position > *eos; });
  }
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

/// The rest of a run behind its EOS, of a text that goes on behind the run: edits as any other.
/// Returns whether there were any.
bool DiffusionLoop::fill_run(Range rest, Applied& applied) {
  std::vector<Edit>& edits = applied.edits;
  bool has_filled = false;
  for (std::int32_t position = rest.begin; position < rest.end; ++position) {
    const bool was_edited =
        std::erase_if(edits, [&](const Edit& edit) { return edit.position == position; }) > 0;
    const bool has_changed = state_.canvas.apply({position, vocabulary_.eos_id});
    if (was_edited || has_changed) edits.push_back({position, vocabulary_.eos_id});
    has_filled |= has_changed;
  }
  std::ranges::sort(edits, {}, &Edit::position);
  return has_filled;
}

/// An EOS with no hole before it in its run fills the rest of the run, as far as `filled` goes. The
/// EOS of the tail ends the sequence instead. Looks at the running block. Returns whether anything
/// changed.
bool DiffusionLoop::end_runs(Range filled, Applied& applied) {
  bool has_filled = false;
  for (const Range run : canvas().generated()) {
    const Range part = overlap(run, state_.block);
    if (part.size() == 0 || run.end == canvas().size()) continue;
    const auto eos = canvas().find_generated(vocabulary_.eos_id, part);
    if (!eos || canvas().num_holes({part.begin, *eos}) > 0) continue;
    has_filled |= fill_run(overlap({*eos + 1, run.end}, filled), applied);
  }
  return has_filled;
}

/// LLaDA2.0's own early stop, which looks at the first EOS of all: one in the prompt is enough, if
/// it is a prompt and no text with holes.
bool DiffusionLoop::ends_at_eos(const std::vector<Edit>& edits) const {
  const std::int32_t eos_id = vocabulary_.eos_id;
  if (eos_id < 0 || std::ranges::find(edits, eos_id, &Edit::token) == edits.end()) return false;
  const auto begin = canvas().tokens().begin();
  const auto first = std::find(begin + canvas().tail().begin, canvas().tokens().end(), eos_id);
  return first != canvas().tokens().end() &&
         canvas().num_holes({0, std::int32_t(first - begin)}) == 0;
}

/// Whether the rest of the block is of no use, being behind an EOS; then it is overwritten. An EOS
/// that may be edited away ends nothing before its block is done.
bool DiffusionLoop::stop_within_block(Applied& applied) {
  const Compat& compat = params_.compat;
  if (compat.eos_early_stop && ends_at_eos(applied.edits)) return true;
  if (!compat.early_stop || !compat.stops_within_block) return false;
  if (edits_decided(params_.strategy)) return false;
  const auto eos =
      canvas().find_generated(vocabulary_.eos_id, overlap(state_.block, canvas().tail()));
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
  const bool may_stop = compat.early_stop || compat.always_stops;
  if (may_stop) end_runs({state_.block.end, canvas().size()}, applied);
  const Range last = overlap(state_.block, canvas().tail());
  bool has_eos = canvas().find_generated(vocabulary_.eos_id, last).has_value();
  if (compat.prompt_eos_counts) {
    const auto begin = canvas().tokens().begin();
    has_eos =
        std::find(begin + last.begin, begin + last.end, vocabulary_.eos_id) != begin + last.end;
  }
  const auto first_hole = canvas().first_hole(state_.block.end);
  const bool stops = has_eos && may_stop;
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
  const bool cuts = params_.compat.cut == Cut::kBehindFirstEos || canvas().is_infilling();
  return cuts ? state_.num_asked : canvas().size();
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

/// The text with its holes filled: all that was given, and of each run what stands before its EOS.
std::vector<std::int32_t> filled_tokens(const Canvas& canvas, std::int32_t eos_id,
                                        std::int32_t num_asked, bool only_generated) {
  std::vector<std::int32_t> tokens;
  std::int32_t done = 0;
  const auto append_given = [&](std::int32_t end) {
    for (; done < end; ++done) {
      if (!only_generated && canvas.is_pinned(done)) tokens.push_back(canvas.token(done));
    }
  };
  for (const Range part : answer_ranges(canvas, eos_id, num_asked)) {
    append_given(part.begin);
    for (; done < part.end; ++done) {
      if (!canvas.is_hole(done)) tokens.push_back(canvas.token(done));
    }
  }
  append_given(num_asked);
  return tokens;
}

}  // namespace

std::vector<std::int32_t> cut_tokens(const Canvas& canvas, const Compat& compat,
                                     std::int32_t eos_id, std::int32_t num_asked,
                                     bool only_generated) {
  if (canvas.is_infilling()) return filled_tokens(canvas, eos_id, num_asked, only_generated);
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
