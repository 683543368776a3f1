#include "runtime/cli/job/fresh_seed.h"

#include <cstdlib>

#include "runtime/base/random.h"

namespace unmask::cli {
namespace {

constexpr int kLeftOut = 33;  // bits: a seed is for people to copy

}  // namespace

std::optional<std::string> fresh_seed(const std::vector<actors::Parameter>& parameters) {
  bool draws = false;
  for (const auto& [name, value] : parameters) {
    if (name == "seed") return std::nullopt;
    if (name == "temperature") draws = std::strtod(value.c_str(), nullptr) > 0;
  }
  if (!draws) return std::nullopt;
  return std::to_string(random_bits() >> kLeftOut);
}

}  // namespace unmask::cli
