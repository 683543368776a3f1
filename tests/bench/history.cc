#include "tests/bench/history.h"

#include <fstream>

namespace unmask::bench {

Result<> append_line(const std::filesystem::path& file, const std::string& line) {
  std::ofstream out(file, std::ios::app);
  out << line << '\n';
  out.close();
  if (out) return {};
  return Error{ErrorCode::kInvalidArgument, "cannot write " + file.string()};
}

}  // namespace unmask::bench
