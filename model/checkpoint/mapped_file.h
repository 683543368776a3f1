#pragma once

#include <filesystem>
#include <string_view>

#include "runtime/base/bytes.h"
#include "runtime/base/plain_text.h"
#include "runtime/base/result.h"

namespace unmask::checkpoint {

/// A whole file, read-only, in the address space; pages are read when they are touched.
///
/// Invariant  bytes() stays where it is, also when the object moves, until the object dies
class MappedFile {
 public:
  /// Errors  kNotFound if there is no such file; kInvalidArgument if it is not a readable file, or
  ///         is Git LFS's pointer to one that was not downloaded
  static Result<MappedFile> open(const std::filesystem::path& path);

  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  [[nodiscard]] ByteView bytes() const { return bytes_; }
  /// Of a text file: without the byte order mark that may stand before it.
  [[nodiscard]] std::string_view text() const {
    return without_byte_order_mark({reinterpret_cast<const char*>(bytes_.data()), bytes_.size()});
  }

 private:
  explicit MappedFile(ByteView bytes) : bytes_(bytes) {}

  ByteView bytes_;
};

/// Takes the pages that lie wholly inside `bytes`, a part of a MappedFile, out of this process's
/// memory. The bytes stay valid: they are read from the file again.
void drop_pages(ByteView bytes);

}  // namespace unmask::checkpoint
