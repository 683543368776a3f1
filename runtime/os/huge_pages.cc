#include "runtime/os/huge_pages.h"

#include <fstream>

namespace unmask {

std::string huge_pages_mode() {
  std::string modes;
  std::getline(std::ifstream("/sys/kernel/mm/transparent_hugepage/enabled"), modes);
  return chosen_mode(modes);
}

std::string chosen_mode(std::string_view modes) {
  const std::size_t open = modes.find('[');
  const std::size_t close = modes.find(']', open == std::string_view::npos ? 0 : open);
  if (open == std::string_view::npos || close == std::string_view::npos) return "";
  return std::string(modes.substr(open + 1, close - open - 1));
}

}  // namespace unmask
