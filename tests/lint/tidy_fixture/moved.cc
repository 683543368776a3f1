#include <string>
#include <utility>

#include "tests/lint/tidy_fixture/names.h"

int main() {
  std::string first = "a";
  const std::string second = std::move(first);
  return int(first.size() + second.size());  // forbidden: bugprone-use-after-move
}
