#include "rpc/http/percent_decoded.h"

#include <charconv>

namespace unmask::rpc {

std::string percent_decoded(std::string_view part) {
  std::string text;
  while (!part.empty()) {
    unsigned byte = 0;
    const bool is_triple =
        part[0] == '%' && part.size() >= 3 &&
        std::from_chars(part.data() + 1, part.data() + 3, byte, 16).ptr == part.data() + 3;
    text += is_triple ? char(byte) : part[0];
    part.remove_prefix(is_triple ? 3 : 1);
  }
  return text;
}

}  // namespace unmask::rpc
