#include "model/diffusion/contradiction.h"

#include <string>
#include <utility>

namespace unmask::diffusion {
namespace {

Error invalid(std::string sentence) { return {ErrorCode::kInvalidArgument, std::move(sentence)}; }

std::string driver_of(const Compat& compat) {
  const Preset* preset = preset_of(compat);
  return "driver " + std::string(preset == nullptr ? "of these habits" : preset->driver);
}

std::optional<Error> contradiction_of_cache(const CachePolicy& cache, bool is_block_causal) {
  if (std::holds_alternative<NoCache>(cache)) return std::nullopt;
  if (std::holds_alternative<BlockCache>(cache) == is_block_causal) return std::nullopt;
  return invalid(is_block_causal
                     ? "the model's attention is block-causal: cache can be block or none"
                     : "cache block needs a model whose attention is block-causal");
}

std::optional<Error> contradiction_of_draws(const DiffusionParams& params) {
  if (params.temperature == 0 && (params.top_k > 0 || params.top_p < 1)) {
    return invalid(
        "top_k and top_p say which tokens are drawn, temperature 0 that none is: set temperature "
        "above 0");
  }
  if (params.temperature > 0 && params.credit) {
    return invalid(
        "credit is for tokens that stay the best, temperature draws others: only one of them can "
        "be");
  }
  if (std::holds_alternative<LowConfidence>(params.remasking)) return std::nullopt;
  if (params.credit) {
    return invalid(
        "credit adds to confidence, remasking random ignores it: only one of them can be");
  }
  if ((statistics_of(params.strategy) & kEntropy) != 0) {
    return invalid("strategy " + std::string(name_of(params.strategy)) +
                   " goes by entropy, remasking random by nothing: only one of them can be");
  }
  return std::nullopt;
}

/// Whether the loop goes on with a block whatever its strategy says, or ends it on its own.
bool overrules_strategy(const Compat& compat) {
  return compat.unroll > 1 || compat.min_unroll > 1 || compat.fills_at_every_forward ||
         compat.refresh.cached_forward_follows;
}

}  // namespace

std::optional<Error> contradiction_in(const DiffusionParams& params, bool is_block_causal) {
  const Compat& compat = params.compat;
  if (compat.needs_block_causal && !is_block_causal) {
    return invalid(driver_of(compat) + " is for block-causal attention, that of the model is full");
  }
  if (params.cache) {
    if (auto error = contradiction_of_cache(*params.cache, is_block_causal)) return error;
  }
  if (params.smoothing && is_block_causal) {
    return invalid(
        "the model's attention is block-causal: smoothing is for full attention, where every "
        "forward sees all holes");
  }
  const bool has_cache = params.cache ? !std::holds_alternative<NoCache>(*params.cache)
                                      : is_block_causal;  // whose default is block
  if (params.cfg_scale > 0 && has_cache) {
    return invalid(
        "guidance (cfg_scale) reads the canvas twice and keeps nothing: cache must be none");
  }
  if (params.cfg_scale > 0 && params.smoothing) {
    return invalid(
        "guidance (cfg_scale) reads the canvas without its prompt, smoothing what the forward with "
        "it thought: only one of them can be");
  }
  if (auto error = contradiction_of_draws(params)) return error;
  if (edits_decided(params.strategy) && overrules_strategy(compat)) {
    return invalid("strategy " + std::string(name_of(params.strategy)) +
                   " edits a block until it says that this is done, " + driver_of(compat) +
                   " makes forwards whatever it says; drivers that ask it are unmask and "
                   "llada2_edit, with unroll 1");
  }
  return std::nullopt;
}

std::optional<Error> unseen_text_in(const Canvas& canvas, std::int32_t block_length) {
  const auto hole = canvas.first_hole();
  if (!hole) return std::nullopt;
  const std::int32_t block_end = (*hole / block_length + 1) * block_length;
  for (std::int32_t position = block_end; position < canvas.size(); ++position) {
    if (!canvas.is_pinned(position)) continue;
    return invalid("the model's attention is block-causal: the hole at position " +
                   std::to_string(*hole) + " cannot see the text given at position " +
                   std::to_string(position) + ", which is in a later block of " +
                   std::to_string(block_length) +
                   "; put the holes behind the text, raise --block-length, or ask a model whose "
                   "attention is full");
  }
  return std::nullopt;
}

}  // namespace unmask::diffusion
