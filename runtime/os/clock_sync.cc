#include "runtime/os/clock_sync.h"

#include <sys/timex.h>

namespace unmask {

ClockSync clock_sync() {
  timex asked{};  // modes = 0: reads only
  const int state = ::adjtimex(&asked);
  if (state < 0) return {};
  return {.is_known = true,
          .is_synchronized = state != TIME_ERROR && (asked.status & STA_UNSYNC) == 0,
          .max_error_us = asked.maxerror};
}

}  // namespace unmask
