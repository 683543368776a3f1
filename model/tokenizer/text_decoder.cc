#include "model/tokenizer/text_decoder.h"

#include "runtime/base/utf8.h"

namespace unmask::tokenizer {
namespace {

constexpr std::string_view kReplacement = "\ufffd";

}  // namespace

void Utf8Decoder::append(std::string_view bytes, std::string& text) {
  held_ += bytes;
  std::string_view rest = held_;
  while (!rest.empty()) {
    const Utf8Part part = first_utf8_part(rest);
    if (!part.is_whole() && part.length == rest.size() && part.needed > 0) break;
    text += part.is_whole() ? rest.substr(0, part.length) : kReplacement;
    rest.remove_prefix(part.length);
  }
  held_.erase(0, held_.size() - rest.size());
}

void Utf8Decoder::finish(std::string& text) {
  if (!held_.empty()) text += kReplacement;
  held_.clear();
}

std::string TextDecoder::append(std::span<const std::int32_t> tokens) {
  std::string text;
  for (const std::int32_t token : tokens) {
    if (skips_special_ && tokenizer_.is_special(token)) continue;
    decoder_.append(tokenizer_.bytes_of(token), text);
  }
  return text;
}

std::string TextDecoder::finish() {
  std::string text;
  decoder_.finish(text);
  return text;
}

std::string decode(const Tokenizer& tokenizer, std::span<const std::int32_t> tokens,
                   bool skips_special) {
  TextDecoder decoder(tokenizer, skips_special);
  std::string text = decoder.append(tokens);
  text += decoder.finish();
  return text;
}

}  // namespace unmask::tokenizer
