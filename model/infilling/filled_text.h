#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/infilling/template.h"
#include "model/step.h"
#include "model/tokenizer/text_decoder.h"

namespace unmask::infilling {

/// A template's text as its holes are filled from left to right, piece by piece. The tokenizer must
/// outlive it.
///
/// Under a template of JSON what comes of all pieces is JSON, whatever the tokens are.
class FilledText {
 public:
  /// positions: of the template's holes, in order.
  FilledText(const tokenizer::Tokenizer& tokenizer, Template given, Ranges positions);

  /// Everything before position `end` is final. `tokens` stand at `places`, and were not told
  /// before. Returns what the text goes on with.
  [[nodiscard]] std::string append(std::int32_t end, const Ranges& places,
                                   std::span<const std::int32_t> tokens);
  /// No more tokens come. is_complete: what is not filled is left empty; else the text ends there.
  [[nodiscard]] std::string finish(bool is_complete);

  /// Of the template's holes, in order; empty where nothing was filled in.
  [[nodiscard]] const std::vector<std::string>& fills() const { return fills_; }

 private:
  [[nodiscard]] std::string go_on(std::int32_t end);
  [[nodiscard]] std::string close(const Hole& hole);

  const Template given_;
  const Ranges positions_;
  std::vector<std::string> fills_;
  std::optional<tokenizer::TextDecoder> decoder_;  // of the hole
  const tokenizer::Tokenizer& tokenizer_;
  std::size_t piece_ = 0;     // that comes next, or is being filled
  std::size_t hole_ = 0;      // of the holes, that is or will be filled next
  std::size_t num_sent_ = 0;  // bytes of its fill
};

}  // namespace unmask::infilling
