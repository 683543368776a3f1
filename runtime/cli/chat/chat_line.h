#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace unmask::cli {

/// What a line of `unmask chat` asks for.
struct ChatLine {
  enum class Kind : std::uint8_t {
    kNothing,  ///< an empty line
    kSay,      ///< `text` goes to the model
    kSet,      ///< `text` is NAME=VALUE; empty: say what is set
    kSystem,   ///< `text` is what the model is told first; empty: nothing
    kRetry,    ///< the last answer once more
    kClear,    ///< a new conversation
    kSave,     ///< `text` is a file for the conversation
    kHelp,
    kExit,
    kUnknown,  ///< `text` is the command that there is not
  };

  Kind kind = Kind::kNothing;
  std::string text{};

  bool operator==(const ChatLine&) const = default;
};

/// A line that begins with a slash is a command; with two, it is said with one.
[[nodiscard]] ChatLine read_chat_line(std::string_view line);

/// The commands, a line each.
[[nodiscard]] std::string chat_help();

}  // namespace unmask::cli
