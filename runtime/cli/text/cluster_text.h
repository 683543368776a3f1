/// What a cluster says about itself, as tables for people.

#pragma once

#include <chrono>
#include <string>

#include "actors/messages.h"

namespace unmask::cli {

/// One line a job, with a heading; a sentence if there are none.
[[nodiscard]] std::string to_text(const actors::JobList& list);

/// What is served, by whom, how full it is, and what a restart loses.
[[nodiscard]] std::string to_text(const actors::ClusterStatus& status);

/// 850 ms, 12 s, 3 min, 2 h.
[[nodiscard]] std::string short_time(std::chrono::milliseconds duration);

}  // namespace unmask::cli
