#pragma once

#include <string>

#include "model/step.h"

namespace unmask::cache {

/// As errors call a sequence.
inline std::string name_of(const SequenceStep& sequence) {
  return "sequence " + std::to_string(sequence.sequence);
}

}  // namespace unmask::cache
