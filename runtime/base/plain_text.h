/// Text files as editors of any system write them. Whoever reads one takes it through here.

#pragma once

#include <string>
#include <string_view>

namespace unmask {

/// `text` without the byte order mark that may stand before UTF-8; only the first is one.
inline std::string_view without_byte_order_mark(std::string_view text) {
  constexpr std::string_view kMark = "\xef\xbb\xbf";
  if (text.starts_with(kMark)) text.remove_prefix(kMark.size());
  return text;
}

/// The same, with \n where a line ends in \r\n. A \r elsewhere stays.
inline std::string plain_text(std::string text) {
  const std::string_view marked = text;
  std::size_t end = 0;
  for (std::size_t i = marked.size() - without_byte_order_mark(marked).size(); i < marked.size();
       ++i) {
    const bool ends_line = marked[i] == '\r' && i + 1 < marked.size() && marked[i + 1] == '\n';
    if (!ends_line) text[end++] = marked[i];
  }
  text.resize(end);
  return text;
}

}  // namespace unmask
