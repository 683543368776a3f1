#include "runtime/os/descriptors.h"

#include <sys/resource.h>

#include <algorithm>

namespace unmask {
namespace {

constexpr std::size_t kReserve = 128;
constexpr std::size_t kUsefulLimit = 65'536;  // more would only cost the kernel memory
constexpr std::size_t kUnknown = 256;         // what every system gives

}  // namespace

ConnectionLimits share_descriptors(std::size_t limit, std::size_t wanted_http,
                                   std::size_t wanted_zmq) {
  const std::size_t free = limit > 2 * kReserve ? limit - kReserve : limit / 2;
  if (wanted_http + wanted_zmq <= free) return {wanted_http, wanted_zmq};
  // What one does not want is the other's.
  const std::size_t http =
      std::min(wanted_http, std::max(free / 2, free - std::min(free, wanted_zmq)));
  return {std::max<std::size_t>(http, 1),
          std::max<std::size_t>(std::min(wanted_zmq, free - http), 1)};
}

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kUnknown;
  rlimit raised = limit;
  raised.rlim_cur = std::max(limit.rlim_cur, std::min<rlim_t>(limit.rlim_max, kUsefulLimit));
  if (raised.rlim_cur > limit.rlim_cur && setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  return std::size_t(std::min<rlim_t>(limit.rlim_cur, kUsefulLimit));
}

}  // namespace unmask
