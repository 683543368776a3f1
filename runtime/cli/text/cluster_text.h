/// What a cluster says about itself, as tables for people.

#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "actors/messages.h"

namespace unmask::cli {

/// One line a job, with a heading; a sentence if there are none.
[[nodiscard]] std::string to_text(const actors::JobList& list);

/// What is served, by whom, how full it is, and what a restart loses.
[[nodiscard]] std::string to_text(const actors::ClusterStatus& status);

using TableRow = std::vector<std::string>;

/// Columns as wide as their widest cell, two spaces apart; a line a row.
[[nodiscard]] std::string table_of(const std::vector<TableRow>& rows);

/// 850 ms, 12 s, 3 min, 2 h.
[[nodiscard]] std::string short_time(std::chrono::milliseconds duration);

}  // namespace unmask::cli
