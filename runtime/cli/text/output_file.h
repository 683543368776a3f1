#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"

namespace unmask::cli {

/// A file that appears under its name when it is whole, and not at all otherwise.
///
/// What is no regular file (a pipe, /dev/null) is written in place. An error of a write is kept for
/// commit().
class OutputFile {
 public:
  /// Errors  kInvalidArgument naming the file
  static Result<OutputFile> create(const std::string& path);
  ~OutputFile();
  OutputFile(OutputFile&& other) noexcept = default;
  OutputFile& operator=(OutputFile&&) = delete;

  void write(ByteView bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
  /// Goes back to the beginning, to write over it.
  void rewind();

  /// Errors  kInternal naming the file if anything could not be written
  Result<> commit();

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  OutputFile(std::string path, std::string temporary, std::FILE* file);
  void keep_error();

  std::string path_;
  std::string temporary_;  ///< empty: written in place
  std::unique_ptr<std::FILE, Close> file_;
  int error_ = 0;  ///< the first errno
};

/// The whole of a file, or of stdout if the path is "-".
///
/// Errors  those of an OutputFile
Result<> write_text(const std::string& path, std::string_view text);

}  // namespace unmask::cli
