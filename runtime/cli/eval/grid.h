/// Which ways of decoding are compared.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/diffusion/named_value.h"
#include "runtime/base/result.h"

namespace unmask::cli {

/// One of them.
struct Variant {
  std::string strategy;  ///< as the user wrote it: "hierarchy:low_threshold=0.6"
  std::string cache;
  bool smoothing = false;
  std::vector<diffusion::NamedValue> parameters;  ///< what it is to a job, --set included

  /// Tells it from the others.
  [[nodiscard]] std::string name() const {
    return strategy + " " + cache + (smoothing ? " smoothing" : "");
  }
};

struct Grid {
  std::vector<Variant> variants;
  std::vector<std::string> left_out;  ///< combinations that contradict themselves, a sentence each
};

/// What the command line says of it.
struct GridOptions {
  std::vector<std::string> strategies{"threshold"};  ///< NAME[:PARAMETER=VALUE]...
  std::vector<std::string> caches{"none"};           ///< the same; "default": the model's own
  std::string smoothing = "off";                     ///< off, on, both
  std::vector<std::string> set;                      ///< NAME=VALUE, of every variant
};

/// Every strategy with every cache and with smoothing or without.
///
/// is_block_causal: the attention of the model; nothing if it is not known here
/// Errors  kInvalidArgument: a strategy, cache or parameter that does not exist; nothing is left
[[nodiscard]] Result<Grid> make_grid(const GridOptions& options,
                                     std::optional<bool> is_block_causal);

/// `weaker` with what `stronger` says instead.
[[nodiscard]] std::vector<diffusion::NamedValue> merged(
    std::vector<diffusion::NamedValue> weaker, const std::vector<diffusion::NamedValue>& stronger);

}  // namespace unmask::cli
