#include "model/infilling/filled_text.h"

#include <algorithm>
#include <climits>

#include "model/infilling/json_text.h"

namespace unmask::infilling {

FilledText::FilledText(const tokenizer::Tokenizer& tokenizer, Template given, Ranges positions)
    : given_(std::move(given)),
      positions_(std::move(positions)),
      fills_(positions_.size()),
      tokenizer_(tokenizer) {
  decoder_.emplace(tokenizer_, true);
}

/// The tokens of the hole that is being filled, then of those behind it.
std::string FilledText::append(std::int32_t end, const Ranges& places,
                               std::span<const std::int32_t> tokens) {
  std::string text;
  std::size_t next = 0;
  for (const Range place : places) {
    for (std::int32_t p = place.begin; p < place.end && next < tokens.size(); ++p, ++next) {
      text += go_on(p);
      if (hole_ < positions_.size() && p >= positions_[hole_].begin) {
        fills_[hole_] += decoder_->append(tokens.subspan(next, 1));
      }
    }
  }
  return text + go_on(end);
}

namespace {

/// The choice that begins as the tokens do: one of them, unless they were not written by the rules.
std::string nearest(const std::vector<std::string>& choices, std::string_view text) {
  const auto num_common = [text](const std::string& choice) {
    return std::ranges::mismatch(choice, text).in1 - choice.begin();
  };
  const auto exact = std::ranges::find(choices, text);
  return exact != choices.end() ? *exact : *std::ranges::max_element(choices, {}, num_common);
}

}  // namespace

/// The hole will get no more tokens. Returns what of it was not sent.
std::string FilledText::close(const Hole& hole) {
  std::string& fill = fills_[hole_];
  fill += decoder_->finish();
  decoder_.emplace(tokenizer_, true);
  switch (hole.kind) {
    case HoleKind::kText:
      return fill.substr(num_sent_);
    case HoleKind::kString:
      if (hole.max_chars > 0) fill = first_chars(fill, std::size_t(hole.max_chars));
      return json_escaped(fill);
    case HoleKind::kInteger:
    case HoleKind::kNumber:
      fill = json_number(fill, hole.kind == HoleKind::kInteger);
      return fill;
    case HoleKind::kChoice:
      fill = nearest(hole.choices, fill);
      return fill;
  }
  return {};
}

/// All that is final now that everything before `end` is.
std::string FilledText::go_on(std::int32_t end) {
  std::string text;
  for (; piece_ < given_.pieces.size(); ++piece_) {
    if (const auto* given = std::get_if<std::string>(&given_.pieces[piece_])) {
      text += *given;
      continue;
    }
    const Hole& hole = std::get<Hole>(given_.pieces[piece_]);
    if (end < positions_[hole_].end) {
      if (hole.kind == HoleKind::kText) text += fills_[hole_].substr(num_sent_);
      num_sent_ = fills_[hole_].size();
      return text;
    }
    text += close(hole);
    num_sent_ = 0;
    ++hole_;
  }
  return text;
}

std::string FilledText::finish(bool is_complete) {
  if (is_complete) return go_on(INT32_MAX);
  if (hole_ >= positions_.size() || piece_ >= given_.pieces.size()) return {};
  fills_[hole_] += decoder_->finish();
  const auto* hole = std::get_if<Hole>(&given_.pieces[piece_]);
  const bool is_sent = hole != nullptr && hole->kind == HoleKind::kText;
  return is_sent ? fills_[hole_].substr(num_sent_) : std::string();
}

}  // namespace unmask::infilling
