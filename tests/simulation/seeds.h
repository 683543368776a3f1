#pragma once

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

namespace unmask::simulation {

/// Which seeds to run, as the environment says:
///   UNMASK_SIM_SEEDS=N  so many (default 20), UNMASK_SIM_FIRST=F  from this one on (default 0)
///   UNMASK_SIM_SEED=K   only this one
struct Seeds {
  std::uint64_t first = 0;
  std::uint64_t count = 20;
};

inline std::optional<std::uint64_t> number_from_environment(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr || *text == '\0') return std::nullopt;
  return std::strtoull(text, nullptr, 10);
}

inline std::optional<std::uint64_t> single_seed() {
  return number_from_environment("UNMASK_SIM_SEED");
}

/// The part-th of num_parts parts.
inline Seeds seeds_of_part(std::uint64_t part, std::uint64_t num_parts) {
  const Seeds all{number_from_environment("UNMASK_SIM_FIRST").value_or(0),
                  number_from_environment("UNMASK_SIM_SEEDS").value_or(Seeds{}.count)};
  const std::uint64_t begin = all.count * part / num_parts;
  const std::uint64_t end = all.count * (part + 1) / num_parts;
  return {all.first + begin, end - begin};
}

}  // namespace unmask::simulation
