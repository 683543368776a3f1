/// A text with holes, as its writer gave it.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runtime/base/result.h"

namespace unmask::infilling {

/// What may stand in a hole. All but kText are for JSON, and always make a JSON value.
enum class HoleKind : std::uint8_t { kText, kString, kInteger, kNumber, kChoice };

struct Hole {
  std::string name;
  std::int32_t num_tokens = 0;  ///< 0 of kChoice: as many as the longest choice has
  HoleKind kind = HoleKind::kText;
  std::vector<std::string> choices{};  ///< of kChoice, as JSON writes them
  std::int32_t max_chars = 0;          ///< of kString: what is longer is cut; 0: nothing is

  bool operator==(const Hole&) const = default;
};

/// Text that is given, or a hole.
using Piece = std::variant<std::string, Hole>;

/// Between two holes there is text, so that one's end is not the other's beginning.
struct Template {
  std::vector<Piece> pieces;

  void append(std::string_view text);
  void append(Hole hole) { pieces.emplace_back(std::move(hole)); }

  [[nodiscard]] std::vector<Hole> holes() const;
  /// Whether anything has to be a JSON value.
  [[nodiscard]] bool has_rules() const;

  bool operator==(const Template&) const = default;
};

inline constexpr std::int32_t kMaxHoleTokens = 4096;
inline constexpr std::size_t kMaxHoles = 1024;

/// How a template is written.
enum class Format : std::uint8_t {
  kText,  ///< any text with holes as {{name:N}}, N tokens each; \{{ is no hole
  kJson,  ///< JSON whose strings may be or have holes; {{name:N:number}} is a number, and so on
  kJsonSchema,  ///< a JSON Schema of objects, arrays of stated length, and plain values
  kPieces  ///< for programs: a JSON list of texts, and of holes as [name, N]; nothing is escaped
};

/// Errors  kInvalidArgument: what is wrong, with its line or the part of the schema; no hole, too
///         many, two of one name, two without text between them
[[nodiscard]] Result<Template> parse_template(std::string_view text, Format format);

}  // namespace unmask::infilling
