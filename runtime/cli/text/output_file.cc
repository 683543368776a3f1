#include "runtime/cli/text/output_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace unmask::cli {
namespace {

namespace fs = std::filesystem;

/// Where writing in place is all that makes sense.
bool is_special(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  return fs::exists(status) && !fs::is_regular_file(status);
}

/// The file itself, if `path` is a link to it.
std::string target_of(const std::string& path) {
  std::error_code error;
  const fs::path target = fs::weakly_canonical(path, error);
  return error ? path : target.string();
}

}  // namespace

Result<OutputFile> OutputFile::create(const std::string& path) {
  const auto refused = [&](int problem) {
    return Error{ErrorCode::kInvalidArgument,
                 "cannot write '" + path + "': " + std::strerror(problem)};
  };
  std::error_code error;
  if (fs::is_directory(path, error)) return refused(EISDIR);
  const bool in_place = is_special(path);
  std::string target = in_place ? path : target_of(path);
  std::string temporary = in_place ? "" : target + "." + std::to_string(getpid()) + ".tmp";
  std::FILE* file =
      in_place ? std::fopen(target.c_str(), "wb") : std::fopen(temporary.c_str(), "wbx");
  if (file == nullptr) return refused(errno);
  return OutputFile(std::move(target), std::move(temporary), file);
}

OutputFile::OutputFile(std::string path, std::string temporary, std::FILE* file)
    : path_(std::move(path)), temporary_(std::move(temporary)), file_(file) {}

OutputFile::~OutputFile() {
  if (file_ && !temporary_.empty()) std::remove(temporary_.c_str());
}

void OutputFile::write(ByteView bytes) {
  if (error_ != 0 || bytes.empty()) return;
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size()) keep_error();
}

void OutputFile::rewind() {
  if (error_ == 0 && std::fseek(file_.get(), 0, SEEK_SET) != 0) keep_error();
}

Result<> OutputFile::commit() {
  if (error_ == 0 && std::fclose(file_.release()) != 0) keep_error();
  if (error_ == 0 && !temporary_.empty() && std::rename(temporary_.c_str(), path_.c_str()) != 0) {
    keep_error();
  }
  file_.reset();
  if (error_ == 0) return {};
  if (!temporary_.empty()) std::remove(temporary_.c_str());
  return Error{ErrorCode::kInternal, "cannot write '" + path_ + "': " + std::strerror(error_)};
}

void OutputFile::keep_error() { error_ = errno != 0 ? errno : EIO; }

Result<> write_text(const std::string& path, std::string_view text) {
  if (path == "-") {
    std::fwrite(text.data(), 1, text.size(), stdout);
    return {};
  }
  Result<OutputFile> file = OutputFile::create(path);
  if (!file) return file.error();
  file->write(text);
  return file->commit();
}

}  // namespace unmask::cli
