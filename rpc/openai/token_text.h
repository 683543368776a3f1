#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace unmask::rpc {

/// A token for people and programs.
struct TokenText {
  std::string piece;  ///< as text; of half a character U+FFFD
  std::string bytes;  ///< what it adds to an answer; none of a special token
};
using TokenTexts = std::function<TokenText(std::int32_t token)>;

}  // namespace unmask::rpc
