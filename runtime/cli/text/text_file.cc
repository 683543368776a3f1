#include "runtime/cli/text/text_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

#include "runtime/base/plain_text.h"

namespace unmask::cli {
namespace {

constexpr std::size_t kPieceBytes = 64 * 1024;

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

}  // namespace

Result<std::string> read_text(const std::string& path, std::size_t max_bytes) {
  const bool is_stdin = path == "-";
  const std::string name = is_stdin ? "stdin" : "'" + path + "'";
  std::unique_ptr<std::FILE, Close> opened(is_stdin ? nullptr : std::fopen(path.c_str(), "rb"));
  std::FILE* file = is_stdin ? stdin : opened.get();
  if (file == nullptr) return invalid("cannot read " + name + ": " + std::strerror(errno));

  std::string text;
  for (;;) {
    const std::size_t size = text.size();
    text.resize(size + kPieceBytes);
    const std::size_t num_read = std::fread(text.data() + size, 1, kPieceBytes, file);
    text.resize(size + num_read);
    if (text.size() > max_bytes) {
      return invalid(name + " has more than " + std::to_string(max_bytes) + " bytes");
    }
    if (num_read == 0) break;
  }
  if (std::ferror(file) != 0) return invalid("cannot read " + name + ": " + std::strerror(errno));
  return plain_text(std::move(text));
}

}  // namespace unmask::cli
