#include "runtime/cli/text/output_state.h"

#include <poll.h>

namespace unmask::cli {

OutputState output_state(std::FILE* file) {
  if (std::ferror(file) == 0) return OutputState::kGood;
  pollfd end{.fd = fileno(file), .events = 0, .revents = 0};
  const bool has_left = end.fd >= 0 && ::poll(&end, 1, 0) == 1 &&
                        (end.revents & (POLLERR | POLLHUP)) != 0;  // POLLNVAL: it was closed
  return has_left ? OutputState::kUnread : OutputState::kFailed;
}

}  // namespace unmask::cli
