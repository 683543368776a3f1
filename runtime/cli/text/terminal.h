#pragma once

namespace unmask::cli {

/// What stands behind a descriptor that output goes to.
struct Terminal {
  bool is_tty = false;       ///< somebody reads it as it comes; it obeys control characters
  bool is_terminal = false;  ///< and the cursor can be moved
  bool has_color = false;    ///< and NO_COLOR is not set
  int width = 80;
  int height = 24;
};

[[nodiscard]] Terminal terminal_of(int descriptor);

}  // namespace unmask::cli
