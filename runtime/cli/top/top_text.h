#pragma once

#include <string>
#include <vector>

#include "runtime/cli/top/top_snapshot.h"

namespace unmask::cli {

/// The snapshot as lines, of any length: totals, members, and the jobs that are not finished.
[[nodiscard]] std::vector<std::string> top_lines(const TopSnapshot& snapshot);

/// What draws `lines` over the frame before on a terminal of that size, from its upper left corner:
/// each line cut to one column less than the width, the last visible one saying how many did not
/// fit. It clears nothing that it does not draw over, so nothing flickers.
[[nodiscard]] std::string top_frame(const std::vector<std::string>& lines, int width, int height);

}  // namespace unmask::cli
