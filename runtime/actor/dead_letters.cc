#include "runtime/actor/dead_letters.h"

namespace unmask {

DeadLetters::DeadLetters(Metrics& metrics) {
  constexpr std::array kReasons{"full", "closed", "crashed", "timers"};
  for (std::size_t i = 0; i < kReasons.size(); ++i) {
    counters_[i] =
        &metrics.counter("unmask_dead_letters_total", "Messages that no actor handled, by reason.",
                         {{"reason", kReasons[i]}});
  }
}

void DeadLetters::count(DeadLetterReason reason, std::size_t num_messages) {
  if (num_messages > 0) counters_[std::size_t(reason)]->add(double(num_messages));
}

}  // namespace unmask
