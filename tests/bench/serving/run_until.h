#pragma once

#include <boost/asio/io_context.hpp>

#include "runtime/os/event_loop.h"

namespace unmask::bench {

/// Works on the loop until is_done(). Something must always be waited for.
template <class IsDone>
void run_until(EventLoop& loop, const IsDone& is_done) {
  while (!is_done()) loop.context().run_one();
}

}  // namespace unmask::bench
