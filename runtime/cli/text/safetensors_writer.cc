#include "runtime/cli/text/safetensors_writer.h"

#include <bit>
#include <boost/json.hpp>
#include <functional>
#include <numeric>
#include <utility>

#include "runtime/base/check.h"

namespace unmask::cli {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are written as they are");

constexpr std::size_t kEntryBytes = 256;  // of the header per tensor, at most
constexpr std::size_t kMaxNameBytes = 64;
constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kTensorAlignment = 64;

std::size_t aligned(std::size_t bytes) {
  return (bytes + kTensorAlignment - 1) / kTensorAlignment * kTensorAlignment;
}

}  // namespace

SafetensorsWriter::SafetensorsWriter(OutputFile file, std::size_t max_tensors)
    : file_(std::move(file)),
      header_bytes_(aligned(kLengthBytes + kEntryBytes * (max_tensors + 1)) - kLengthBytes) {
  file_.write(std::string(kLengthBytes + header_bytes_, ' '));
}

void SafetensorsWriter::begin(const std::string& name, const char* dtype,
                              std::vector<std::int64_t> shape) {
  UNMASK_CHECK(name.size() <= kMaxNameBytes);
  if (!entries_.empty() && entries_.back().end != num_bytes_) is_broken_ = true;
  const auto num_values =
      std::accumulate(shape.begin(), shape.end(), std::int64_t(1), std::multiplies<>());
  const std::uint64_t end = num_bytes_ + std::uint64_t(num_values) * sizeof(std::uint32_t);
  entries_.push_back({name, dtype, std::move(shape), num_bytes_, end});
}

void SafetensorsWriter::append(std::span<const std::uint32_t> values) {
  num_bytes_ += values.size_bytes();
  file_.write(std::as_bytes(values));
}

Result<> SafetensorsWriter::commit() {
  if (is_broken_ || (!entries_.empty() && entries_.back().end != num_bytes_)) {
    return Error{ErrorCode::kInternal, "the forward gave another number of rows than it announced"};
  }
  std::string text = header();
  UNMASK_CHECK(text.size() <= header_bytes_);
  text.resize(header_bytes_, ' ');
  const std::uint64_t length = header_bytes_;
  file_.rewind();
  file_.write(std::as_bytes(std::span(&length, 1)));
  file_.write(text);
  return file_.commit();
}

std::string SafetensorsWriter::header() const {
  boost::json::object object;
  for (const Entry& entry : entries_) {
    object[entry.name] = {{"dtype", entry.dtype},
                          {"shape", boost::json::value_from(entry.shape)},
                          {"data_offsets", {entry.begin, entry.end}}};
  }
  return boost::json::serialize(object);
}

}  // namespace unmask::cli
