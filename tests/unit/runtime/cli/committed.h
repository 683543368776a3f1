#pragma once

#include <string>

#include "actors/messages.h"

namespace unmask::cli {

/// A block of a job that has this text.
inline actors::Committed committed(const std::string& text) {
  actors::Committed block;
  block.text = text;
  return block;
}

}  // namespace unmask::cli
