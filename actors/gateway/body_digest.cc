#include "actors/gateway/body_digest.h"

#include <span>
#include <string_view>

#include "runtime/base/digest.h"

namespace unmask::actors {
namespace {

void add(Digest& digest, std::string_view text) {
  digest.add(std::uint64_t(text.size()));
  digest.add(std::as_bytes(std::span(text)));
}

void add(Digest& digest, const TextInput& input) {
  add(digest, input.text);
  digest.add(std::uint64_t(input.raw));
  digest.add(std::uint64_t(input.special_tokens));
}
void add(Digest& digest, const std::vector<tokenizer::ChatMessage>& messages) {
  digest.add(std::uint64_t(messages.size()));
  for (const tokenizer::ChatMessage& message : messages) {
    add(digest, message.role);
    add(digest, message.content);
  }
}
void add(Digest& digest, const ChatInput& input) { add(digest, input.messages); }
void add(Digest& digest, const TemplateInput& input) {
  add(digest, input.messages);
  add(digest, input.text);
  digest.add(std::uint64_t(input.format));
}
void add(Digest& digest, Range range) {
  digest.add(std::uint64_t(std::uint32_t(range.begin)) << 32 | std::uint32_t(range.end));
}
void add(Digest& digest, const std::vector<std::int32_t>& tokens) {
  digest.add(std::uint64_t(tokens.size()));
  for (const std::int32_t token : tokens) digest.add(std::uint64_t(std::uint32_t(token)));
}
void add(Digest& digest, const TokenInput& input) {
  add(digest, input.tokens);
  digest.add(std::uint64_t(input.holes.size()));
  for (const Range hole : input.holes) add(digest, hole);
  add(digest, input.rules.never_chosen);
  digest.add(std::uint64_t(input.rules.choices.size()));
  for (const diffusion::ChoiceRule& rule : input.rules.choices) {
    add(digest, rule.positions);
    add(digest, rule.choices);
  }
}

}  // namespace

std::uint64_t body_digest(const Submit& submit) {
  Digest digest;
  add(digest, submit.model);
  digest.add(std::uint64_t(submit.input.index()));
  std::visit([&](const auto& input) { add(digest, input); }, submit.input);
  digest.add(std::uint64_t(submit.parameters.size()));
  for (const Parameter& parameter : submit.parameters) {
    add(digest, parameter.name);
    add(digest, parameter.value);
  }
  digest.add(std::uint64_t(submit.stop.size()));
  for (const std::string& stop : submit.stop) add(digest, stop);
  return digest.value();
}

}  // namespace unmask::actors
