#pragma once

#include <string>
#include <vector>

#include "actors/messages.h"

namespace unmask::cli {

/// The jobs that the text of a file has: a jobs.jsonl if its first line begins with `{`, else a
/// prompt a line. Empty lines count nothing. common: what they do not say themselves.
///
/// Errors  kInvalidArgument: no job, or a line that cannot be one, by its number
[[nodiscard]] Result<std::vector<actors::Submit>> jobs_of_dataset(const std::string& text,
                                                                  const actors::Submit& common);

/// Prompts of several lengths, for whoever has none.
[[nodiscard]] std::vector<actors::Submit> built_in_jobs(const actors::Submit& common);

/// Request number `index` of a load over `jobs`, which it takes in order and again from the first
/// one: with an id of its own, and a seed from `seed` if it draws tokens and names none.
[[nodiscard]] actors::Submit request_of(const std::vector<actors::Submit>& jobs, std::size_t index,
                                        std::uint64_t seed);

}  // namespace unmask::cli
