#pragma once

#include <functional>
#include <memory>

#include "runtime/os/event_loop.h"

namespace unmask {

/// Hears single keys on this process's stdin, which shows none of them as long as this lives.
/// Nothing where stdin is no terminal.
class KeyPresses {
 public:
  /// on_key: on the control thread. The loop outlives this.
  KeyPresses(EventLoop& loop, std::function<void(char key)> on_key);
  ~KeyPresses();
  KeyPresses(const KeyPresses&) = delete;
  KeyPresses& operator=(const KeyPresses&) = delete;

 private:
  struct Wait;
  std::shared_ptr<Wait> wait_;
};

}  // namespace unmask
