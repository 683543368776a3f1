#include <array>
#include <cstdio>

#include "actors/messages/jobs.h"

namespace unmask::actors {

std::string Requester::name() const {
  if (!key.empty()) return key;
  std::array<char, 9> text{};
  std::snprintf(text.data(), text.size(), "%08x", unsigned(process));
  return text.data();
}

}  // namespace unmask::actors
