#include "model/infilling/template_tokens.h"

#include <algorithm>
#include <optional>
#include <string>

namespace unmask::infilling {
namespace {

using diffusion::ChoiceRule;
using diffusion::kEndOfRun;
using tokenizer::Tokenizer;

constexpr std::size_t kMaxChoiceTokens = 1 << 17;

Error cannot_write(const Hole& hole, const std::string& what) {
  return {ErrorCode::kInvalidArgument,
          "the hole '" + hole.name + "' cannot be filled: the model's tokenizer " + what};
}

/// Tokens of which no JSON string may have one between its quotes.
std::vector<std::int32_t> tokens_that_end_strings(const Tokenizer& tokenizer) {
  const auto ends_string = [](char c) {
    return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
  };
  std::vector<std::int32_t> ids;
  for (std::int32_t id = 0; id < tokenizer.size(); ++id) {
    // Special ones are no text.
    if (!tokenizer.is_special(id) && std::ranges::any_of(tokenizer.bytes_of(id), ends_string)) {
      ids.push_back(id);
    }
  }
  return ids;
}

/// The tokens that are one of these characters each.
std::vector<std::int32_t> tokens_of_chars(const Tokenizer& tokenizer, std::string_view chars) {
  std::vector<std::int32_t> ids;
  for (std::int32_t id = 0; id < tokenizer.size(); ++id) {
    const std::string_view bytes = tokenizer.bytes_of(id);
    if (tokenizer.is_special(id) || bytes.size() != 1) continue;
    if (chars.find(bytes[0]) != std::string_view::npos) ids.push_back(id);
  }
  return ids;
}

/// What may stand at the first position of a number, and at the others.
struct NumberTokens {
  std::vector<std::int32_t> digits, sign, point;

  explicit NumberTokens(const Tokenizer& tokenizer)
      : digits(tokens_of_chars(tokenizer, "0123456789")),
        sign(tokens_of_chars(tokenizer, "-")),
        point(tokens_of_chars(tokenizer, ".")) {}

  [[nodiscard]] std::vector<std::int32_t> first(bool is_only) const {
    std::vector<std::int32_t> tokens = digits;
    if (!is_only) tokens.insert(tokens.end(), sign.begin(), sign.end());
    return tokens;
  }
  [[nodiscard]] std::vector<std::int32_t> later(bool is_integer) const {
    std::vector<std::int32_t> tokens = digits;
    if (!is_integer) tokens.insert(tokens.end(), point.begin(), point.end());
    tokens.push_back(kEndOfRun);
    return tokens;
  }
};

/// The choices as tokens, those that are shorter ended by EOS.
Result<ChoiceRule> choice_of(const Hole& hole, std::int32_t begin, const Tokenizer& tokenizer) {
  std::vector<std::vector<std::int32_t>> choices;
  auto longest = std::size_t(hole.num_tokens);
  for (const std::string& choice : hole.choices) {
    Result<std::vector<std::int32_t>> tokens = tokenizer.encode(choice, false);
    if (!tokens) return tokens.error();
    longest = std::max(longest, tokens->size());
    choices.push_back(std::move(*tokens));
  }
  if (longest * choices.size() > kMaxChoiceTokens) {
    return cannot_write(hole, "makes too many tokens of its choices");
  }
  ChoiceRule rule{{begin, begin + std::int32_t(longest)}, {}};
  for (std::vector<std::int32_t>& choice : choices) {
    choice.resize(longest, kEndOfRun);
    rule.choices.insert(rule.choices.end(), choice.begin(), choice.end());
  }
  return rule;
}

/// Builds the canvas from left to right.
class CanvasWriter {
 public:
  CanvasWriter(std::vector<std::int32_t> prompt, const Tokenizer& tokenizer)
      : tokenizer_(tokenizer), made_{std::move(prompt), {}, {}} {}

  std::optional<Error> add(const std::string& text) {
    const Result<std::vector<std::int32_t>> tokens = tokenizer_.encode(text, false);
    if (!tokens) return tokens.error();
    made_.tokens.insert(made_.tokens.end(), tokens->begin(), tokens->end());
    return std::nullopt;
  }

  std::optional<Error> add(const Hole& hole) {
    const auto begin = std::int32_t(made_.tokens.size());
    Range positions{begin, begin + hole.num_tokens};
    std::vector<ChoiceRule>& rules = made_.rules.choices;
    if (hole.kind == HoleKind::kChoice) {
      Result<ChoiceRule> rule = choice_of(hole, begin, tokenizer_);
      if (!rule) return rule.error();
      positions = rule->positions;
      rules.push_back(std::move(*rule));
    } else if (hole.kind == HoleKind::kInteger || hole.kind == HoleKind::kNumber) {
      if (auto error = add_number(hole, positions)) return error;
    }
    made_.tokens.resize(std::size_t(positions.end), 0);
    made_.holes.push_back(positions);
    return size_error();
  }

  TemplateTokens take() { return std::move(made_); }

 private:
  /// A digit or a sign, then digits until the end; what they make is read as far as it is a number.
  std::optional<Error> add_number(const Hole& hole, Range positions) {
    if (!numbers_) numbers_.emplace(tokenizer_);
    if (numbers_->digits.empty()) return cannot_write(hole, "has no tokens for digits");
    const auto first = numbers_->first(positions.size() == 1);
    const auto later = numbers_->later(hole.kind == HoleKind::kInteger);
    for (std::int32_t p = positions.begin; p < positions.end; ++p) {
      made_.rules.choices.push_back({{p, p + 1}, p == positions.begin ? first : later});
    }
    return std::nullopt;
  }

  /// What was made goes to the coordinator in one message.
  std::optional<Error> size_error() {
    for (; num_counted_ < made_.rules.choices.size(); ++num_counted_) {
      num_in_rules_ += kPerRule + made_.rules.choices[num_counted_].choices.size();
    }
    if (made_.tokens.size() + num_in_rules_ <= kMaxNumbers) return std::nullopt;
    return Error{
        ErrorCode::kInvalidArgument,
        "the template's holes and what may stand in them are too much for one job; give it "
        "fewer holes, fewer tokens to a hole, or fewer and shorter choices"};
  }

  static constexpr std::size_t kMaxNumbers = 1 << 17, kPerRule = 12;

  const Tokenizer& tokenizer_;
  TemplateTokens made_;
  std::optional<NumberTokens> numbers_;
  std::size_t num_counted_ = 0, num_in_rules_ = 0;
};

}  // namespace

Result<TemplateTokens> tokens_of(const Template& given, std::vector<std::int32_t> prompt,
                                 const Tokenizer& tokenizer) {
  CanvasWriter writer(std::move(prompt), tokenizer);
  for (const Piece& piece : given.pieces) {
    const auto error = std::visit([&](const auto& part) { return writer.add(part); }, piece);
    if (error) return *error;
  }
  TemplateTokens made = writer.take();
  const std::vector<Hole> holes = given.holes();
  if (std::ranges::count(holes, HoleKind::kString, &Hole::kind) > 0) {
    made.rules.never_chosen = tokens_that_end_strings(tokenizer);
  }
  return made;
}

}  // namespace unmask::infilling
