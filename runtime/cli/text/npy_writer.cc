#include "runtime/cli/text/npy_writer.h"

#include <bit>
#include <string>

namespace unmask::cli {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are written as they are");

constexpr std::size_t kNpyAlignment = 64;        // of the numbers, as NumPy wants to map them
constexpr std::size_t kPrefixBytes = 6 + 2 + 2;  // magic, version, length of the header

std::string header_of(std::int64_t num_rows, std::int64_t num_cols) {
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" +
                       std::to_string(num_rows) + ", " + std::to_string(num_cols) + "), }";
  while ((kPrefixBytes + header.size() + 1) % kNpyAlignment != 0) header += ' ';
  header += '\n';
  std::string prefix("\x93NUMPY\x01\x00", 8);
  prefix += char(header.size() & 0xff);
  prefix += char(header.size() >> 8);
  return prefix + header;
}

}  // namespace

void NpyWriter::begin(std::int64_t num_rows, std::int64_t num_cols) {
  values_left_ = num_rows * num_cols;
  file_.write(header_of(num_rows, num_cols));
}

void NpyWriter::append(std::span<const std::uint32_t> rows) {
  values_left_ -= std::int64_t(rows.size());
  file_.write(std::as_bytes(rows));
}

Result<> NpyWriter::commit() {
  if (values_left_ != 0) {
    return Error{ErrorCode::kInternal, "the forward gave another number of rows than it announced"};
  }
  return file_.commit();
}

}  // namespace unmask::cli
