#include "model/network/step_check.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace unmask::network {
namespace {

/// What is wrong, as the rest of a sentence that begins with the sequence's name.
using Fault = std::optional<std::string>;

std::int64_t size_of(const Ranges& ranges) {
  std::int64_t size = 0;
  for (const Range range : ranges) size += std::int64_t(range.end) - range.begin;
  return size;
}

Fault find_fault(const Ranges& ranges, const std::string& name, std::int32_t num_positions) {
  std::int32_t last_end = 0;
  for (const Range range : ranges) {
    if (range.begin < last_end || range.end <= range.begin || range.end > num_positions) {
      return "has a " + name + " range [" + std::to_string(range.begin) + ", " +
             std::to_string(range.end) + ") that is empty, out of order or outside its " +
             std::to_string(num_positions) + " positions";
    }
    last_end = range.end;
  }
  return {};
}

/// Both sane.
bool contains(const Ranges& outer, const Ranges& inner) {
  auto holder = outer.begin();
  for (Range range : inner) {
    while (range.begin < range.end) {
      while (holder != outer.end() && holder->end <= range.begin) ++holder;
      if (holder == outer.end() || holder->begin > range.begin) return false;
      range.begin = holder->end;  // the next holder may go on where this one ends
    }
  }
  return true;
}

Fault find_window_fault(const SequenceStep& sequence) {
  const Window& window = sequence.window;
  const struct {
    const Ranges& ranges;
    const char* name;
    bool is_computed;  // only computed positions can be in it
  } sets[] = {{window.computed, "computed", true},
              {window.visible, "visible", false},
              {window.written, "written", true},
              {window.decoded, "decoded", true},
              {window.mixed, "mixed", true}};
  for (const auto& set : sets) {
    const Fault fault = find_fault(set.ranges, set.name, sequence.num_positions);
    if (fault) return fault;
    if (set.is_computed && !contains(window.computed, set.ranges)) {
      return "has " + std::string(set.name) + " positions that are not computed";
    }
  }
  if (window.computed.empty()) return "computes nothing";
  if (window.causal_block_length < 0) return "has a negative causal block length";
  return {};
}

Fault find_id_fault(std::span<const std::int32_t> ids, std::int32_t lowest, int vocab_size,
                    const char* name) {
  for (const std::int32_t id : ids) {
    if (id < lowest || id >= vocab_size) {
      return "has the " + std::string(name) + " " + std::to_string(id) +
             ", which is not in the vocabulary of " + std::to_string(vocab_size);
    }
  }
  return {};
}

Fault find_rules_fault(const SamplingRules& rules, int vocab_size) {
  if (const Fault fault = find_id_fault(rules.never_chosen, 0, vocab_size, "never chosen token")) {
    return fault;
  }
  if (const Fault fault =
          find_id_fault(rules.not_in_confidence, 0, vocab_size, "token left out of confidence")) {
    return fault;
  }
  const auto is_ascending = [](const std::vector<std::int32_t>& ids) {
    return std::ranges::adjacent_find(ids, std::greater_equal()) == ids.end();
  };
  if (!is_ascending(rules.never_chosen) || !is_ascending(rules.not_in_confidence)) {
    return "has tokens in its rules that are not ascending";
  }
  if (rules.choosable_end < 1) return "may choose no token";
  if (!std::isfinite(rules.temperature) || rules.temperature < 0) {
    return "has a temperature that is no number, or negative";
  }
  if (rules.top_k < 0) return "draws from a negative number of tokens";
  if (!(rules.top_p >= 0 && rules.top_p <= 1)) return "has a top_p that is no probability";
  return {};
}

Fault find_columns_fault(const SequenceStep& sequence, int vocab_size) {
  const auto num_decoded = static_cast<std::size_t>(size_of(sequence.window.decoded));
  const bool wants_present = (sequence.statistics & kPresentLogit) != 0;
  if (sequence.present.size() != (wants_present ? num_decoded : 0)) {
    return "tells " + std::to_string(sequence.present.size()) + " present tokens for " +
           std::to_string(wants_present ? num_decoded : 0) + " rows";
  }
  const ListedTokens& listed = sequence.listed;
  if (listed.offsets.empty()) {
    if (!listed.tokens.empty()) return "lists tokens without offsets";
  } else if (listed.offsets.size() != num_decoded + 1 || listed.offsets.front() != 0 ||
             !std::ranges::is_sorted(listed.offsets) ||
             std::size_t(listed.offsets.back()) != listed.tokens.size()) {
    return "lists tokens with offsets that do not fit";
  }
  if (const Fault fault = find_id_fault(listed.tokens, 0, vocab_size, "listed token")) {
    return fault;
  }
  return find_id_fault(sequence.present, -1, vocab_size, "present token");
}

Fault find_guidance_fault(const SequenceStep& sequence, int vocab_size) {
  const float scale = sequence.rules.cfg_scale;
  if (!std::isfinite(scale) || scale < 0)
    return "has a guidance scale that is no number, or negative";
  if (sequence.guidance_inputs.size() != (scale > 0 ? sequence.inputs.size() : 0)) {
    return "gives " + std::to_string(sequence.guidance_inputs.size()) + " guidance inputs for " +
           std::to_string(scale > 0 ? sequence.inputs.size() : 0) + " rows";
  }
  if (scale == 0) return {};
  const Window& window = sequence.window;
  if (!window.visible.empty() || !window.written.empty() || !window.mixed.empty()) {
    return "is guided, which knows neither a cache nor soft rows";
  }
  return find_id_fault(sequence.guidance_inputs, 0, vocab_size, "guidance input");
}

Fault find_mix_fault(const SequenceStep& sequence, int vocab_size) {
  if (sequence.window.mixed.empty()) return {};
  if (!std::isfinite(sequence.mix_weight) || sequence.mix_weight < 0) {
    return "mixes soft rows with a weight that is no number, or negative";
  }
  return find_id_fault({&sequence.mask_token, 1}, 0, vocab_size, "mask token");
}

Fault find_unsupported(const SequenceStep& sequence) {
  const char* feature = nullptr;
  if (!sequence.listed.credits.empty()) feature = "credits";
  const std::uint32_t known = kEntropy | kRunnerUp | kPresentLogit;
  if ((sequence.statistics & ~known) != 0) feature = "unknown statistics";
  if (feature == nullptr) return {};
  return "asks for " + std::string(feature) + ", which this worker does not support yet";
}

Fault find_sequence_fault(const SequenceStep& sequence, const StepLimits& limits) {
  if (sequence.num_positions < 1 || sequence.num_positions > limits.max_positions) {
    return "has " + std::to_string(sequence.num_positions) + " positions; there can be 1 to " +
           std::to_string(limits.max_positions);
  }
  if (const Fault fault = find_window_fault(sequence)) return fault;
  const auto num_rows = static_cast<std::size_t>(size_of(sequence.window.computed));
  if (sequence.inputs.size() != num_rows) {
    return "gives " + std::to_string(sequence.inputs.size()) + " inputs for " +
           std::to_string(num_rows) + " rows";
  }
  if (const Fault fault = find_unsupported(sequence)) return fault;
  if (const Fault fault = find_guidance_fault(sequence, limits.vocab_size)) return fault;
  if (const Fault fault = find_mix_fault(sequence, limits.vocab_size)) return fault;
  if (const Fault fault =
          find_id_fault(sequence.inputs, kSoftRow, limits.vocab_size, "input token")) {
    return fault;
  }
  if (const Fault fault = find_rules_fault(sequence.rules, limits.vocab_size)) return fault;
  return find_columns_fault(sequence, limits.vocab_size);
}

}  // namespace

Refusals check_step(const Step& step, const StepLimits& limits) {
  Refusals refusals(step.sequences.size());
  std::set<SequenceId> names;
  std::int64_t num_rows = 0;
  for (std::size_t i = 0; i < step.sequences.size(); ++i) {
    const SequenceStep& sequence = step.sequences[i];
    Fault fault = find_sequence_fault(sequence, limits);
    const auto more_rows =
        fault ? 0 : std::int64_t(sequence.inputs.size() + sequence.guidance_inputs.size());
    if (!names.insert(sequence.sequence).second) {
      fault = "is in the step twice";
    } else if (num_rows + more_rows > limits.max_rows) {
      fault = "makes " + std::to_string(num_rows + more_rows) +
              " rows of the step; there can be at most " + std::to_string(limits.max_rows);
    }
    if (!fault) {
      num_rows += more_rows;
      continue;
    }
    refusals[i] = Error{ErrorCode::kInvalidArgument,
                        "sequence " + std::to_string(sequence.sequence) + " " + *fault};
  }
  return refusals;
}

Step without_refused(const Step& step, const Refusals& refusals) {
  Step sane{step.epoch, step.seq, {}, step.closed, step.burst};
  for (std::size_t i = 0; i < step.sequences.size(); ++i) {
    if (!refusals[i]) sane.sequences.push_back(step.sequences[i]);
  }
  return sane;
}

std::vector<SequenceResult> with_refused(const Step& step, std::vector<SequenceResult> computed,
                                         const Refusals& refusals) {
  std::vector<SequenceResult> all;
  auto next = computed.begin();
  for (std::size_t i = 0; i < step.sequences.size(); ++i) {
    const SequenceStep& sequence = step.sequences[i];
    all.push_back(refusals[i]
                      ? SequenceResult{sequence.sequence, sequence.iteration, {}, refusals[i]}
                      : std::move(*next++));
  }
  return all;
}

}  // namespace unmask::network
