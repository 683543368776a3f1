#include "actors/body_digest.h"

#include <string_view>

namespace unmask {
namespace {

class Fnv {
 public:
  void add(std::string_view text) {
    add(std::uint64_t(text.size()));
    for (const char c : text) step(std::uint8_t(c));
  }
  void add(std::uint64_t value) {
    for (int i = 0; i < 8; ++i) step(std::uint8_t(value >> (8 * i)));
  }
  [[nodiscard]] std::uint64_t value() const { return hash_; }

 private:
  void step(std::uint8_t byte) { hash_ = (hash_ ^ byte) * 0x100000001b3ULL; }

  std::uint64_t hash_ = 0xcbf29ce484222325ULL;
};

void add(Fnv& fnv, const TextInput& input) {
  fnv.add(input.text);
  fnv.add(std::uint64_t(input.raw));
}
void add(Fnv& fnv, const ChatInput& input) {
  fnv.add(input.turns.size());
  for (const ChatTurn& turn : input.turns) {
    fnv.add(turn.role);
    fnv.add(turn.content);
  }
}
void add(Fnv& fnv, const TokenInput& input) {
  fnv.add(input.tokens.size());
  for (const std::int32_t token : input.tokens) fnv.add(std::uint64_t(std::uint32_t(token)));
  for (const Range& hole : input.holes) {
    fnv.add(std::uint64_t(std::uint32_t(hole.begin)) << 32 | std::uint32_t(hole.end));
  }
}

}  // namespace

std::uint64_t body_digest(const Submit& submit) {
  Fnv fnv;
  fnv.add(submit.model);
  fnv.add(submit.input.index());
  std::visit([&](const auto& input) { add(fnv, input); }, submit.input);
  fnv.add(submit.parameters.size());
  for (const Parameter& parameter : submit.parameters) {
    fnv.add(parameter.name);
    fnv.add(parameter.value);
  }
  for (const std::string& stop : submit.stop) fnv.add(stop);
  return fnv.value();
}

}  // namespace unmask
