#include "runtime/cli/job/fresh_seed.h"

#include <algorithm>

#include "model/diffusion/job_params.h"
#include "runtime/base/random.h"

namespace unmask::cli {
namespace {

constexpr int kLeftOut = 33;  // bits: a seed is for people to copy

}  // namespace

std::optional<std::string> fresh_seed(const std::vector<actors::Parameter>& parameters) {
  const bool is_given =
      std::ranges::find(parameters, "seed", &actors::Parameter::name) != parameters.end();
  if (is_given || !diffusion::is_drawn(parameters)) return std::nullopt;
  return std::to_string(random_bits() >> kLeftOut);
}

}  // namespace unmask::cli
