#include "model/checkpoint/safetensors.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "model/checkpoint/json.h"

namespace unmask::checkpoint {
namespace {

namespace json = boost::json;

constexpr std::size_t kLengthBytes = 8;
constexpr std::uint64_t kMaxHeaderBytes = 100 << 20;
constexpr std::size_t kMaxTensors = 1 << 16;
constexpr std::size_t kMaxDimensions = 8;

/// Bytes of one element, or 0 if the dtype is not known here.
std::uint64_t bytes_of(std::string_view dtype) {
  static constexpr std::pair<std::string_view, std::uint64_t> kSizes[] = {
      {"F32", 4}, {"BF16", 2}, {"F16", 2},     {"F64", 8},     {"I64", 8},
      {"I32", 4}, {"I16", 2},  {"I8", 1},      {"U64", 8},     {"U32", 4},
      {"U16", 2}, {"U8", 1},   {"F8_E4M3", 1}, {"F8_E5M2", 1}, {"BOOL", 1}};
  for (const auto& [name, size] : kSizes) {
    if (name == dtype) return size;
  }
  return 0;
}

/// A whole number of [0, 2^63).
std::optional<std::uint64_t> to_count(const json::value& value) {
  const auto* number = value.if_int64();
  if (number == nullptr || *number < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

/// Where a tensor lies, from the start of the data.
struct Extent {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::string name;
};

/// Reads the entries of one header and keeps where their tensors lie.
class HeaderReader {
 public:
  HeaderReader(ByteView data, const std::string& file) : data_(data), file_(file) {}

  Result<StoredTensors> read(const json::object& header) {
    if (header.size() > kMaxTensors) return refuse("", "more than 65536 tensors");
    for (const auto& [key, entry] : header) {
      if (key == "__metadata__") continue;
      if (const auto added = add(std::string(key), entry); !added) return added.error();
    }
    if (const auto covered = check_coverage(); !covered) return covered.error();
    return std::move(tensors_);
  }

 private:
  Error refuse(const std::string& tensor, const std::string& why) const {
    const std::string culprit = tensor.empty() ? "" : "tensor " + printable(tensor) + " ";
    return {ErrorCode::kInvalidArgument, file_ + ": " + culprit + why};
  }

  Result<> add(const std::string& name, const json::value& entry) {
    const json::object* fields = entry.if_object();
    const json::value* dtype = fields ? fields->if_contains("dtype") : nullptr;
    const json::value* shape = fields ? fields->if_contains("shape") : nullptr;
    const json::value* offsets = fields ? fields->if_contains("data_offsets") : nullptr;
    if (!dtype || !dtype->is_string() || !shape || !shape->is_array() || !offsets ||
        !offsets->is_array()) {
      return refuse(name, "has no proper dtype, shape and data_offsets");
    }
    StoredTensor tensor{std::string(dtype->get_string()), {}, {}};
    const auto num_elements = read_shape(name, shape->get_array(), tensor);
    if (!num_elements) return num_elements.error();
    if (const auto placed = place(name, offsets->get_array(), tensor); !placed) {
      return placed.error();
    }
    if (const auto sized = check_size(name, tensor, *num_elements); !sized) return sized.error();
    tensors_.emplace(name, std::move(tensor));
    return {};
  }

  /// The number of elements.
  Result<std::uint64_t> read_shape(const std::string& name, const json::array& shape,
                                   StoredTensor& tensor) const {
    if (shape.size() > kMaxDimensions) return refuse(name, "has more than 8 dimensions");
    std::uint64_t num_elements = 1;
    for (const json::value& dimension : shape) {
      const auto length = to_count(dimension);
      if (!length || __builtin_mul_overflow(num_elements, *length, &num_elements)) {
        return refuse(name, "has the impossible shape " + printable(json::value(shape)));
      }
      tensor.shape.push_back(static_cast<std::int64_t>(*length));
    }
    return num_elements;
  }

  Result<> place(const std::string& name, const json::array& offsets, StoredTensor& tensor) {
    const auto begin = offsets.size() == 2 ? to_count(offsets[0]) : std::nullopt;
    const auto end = offsets.size() == 2 ? to_count(offsets[1]) : std::nullopt;
    if (!begin || !end || *begin > *end) {
      return refuse(name, "has the impossible data_offsets " + printable(json::value(offsets)));
    }
    if (*end > data_.size()) {
      return refuse(name, "ends at byte " + std::to_string(*end) + " of the data, which has " +
                              std::to_string(data_.size()) + " bytes");
    }
    tensor.data = data_.subspan(*begin, *end - *begin);
    extents_.push_back({*begin, *end, name});
    return {};
  }

  Result<> check_size(const std::string& name, const StoredTensor& tensor,
                      std::uint64_t num_elements) const {
    const std::uint64_t element_bytes = bytes_of(tensor.dtype);
    if (element_bytes == 0) return {};
    std::uint64_t needed = 0;
    if (__builtin_mul_overflow(num_elements, element_bytes, &needed) ||
        needed != tensor.data.size()) {
      return refuse(name, "has " + std::to_string(tensor.data.size()) +
                              " bytes, which does not fit " + tensor.dtype + " " +
                              tensor.shape_text());
    }
    return {};
  }

  Result<> check_coverage() {
    std::ranges::sort(extents_, {}, [](const Extent& e) { return std::pair(e.begin, e.end); });
    std::uint64_t covered = 0;
    for (const Extent& extent : extents_) {
      if (extent.begin < covered) return refuse(extent.name, "overlaps another tensor");
      if (extent.begin > covered) {
        return refuse(extent.name, "leaves a hole of " + std::to_string(extent.begin - covered) +
                                       " bytes before it");
      }
      covered = extent.end;
    }
    if (covered != data_.size()) {
      return refuse(
          "", std::to_string(data_.size() - covered) + " bytes at its end belong to no tensor");
    }
    return {};
  }

  const ByteView data_;
  const std::string& file_;
  StoredTensors tensors_;
  std::vector<Extent> extents_;
};

/// The header's length as the file states it, without the eight bytes that state it.
std::uint64_t stated_length(ByteView bytes) {
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i) length |= std::uint64_t(bytes[i]) << (8 * i);
  return length;
}

}  // namespace

std::string StoredTensor::shape_text() const {
  std::string text;
  for (const std::int64_t length : shape) {
    text += (text.empty() ? "" : ", ") + std::to_string(length);
  }
  return "[" + text + "]";
}

Result<StoredTensors> parse_safetensors(ByteView bytes, const std::string& file) {
  const auto refuse = [&](const std::string& why) {
    return Error{ErrorCode::kInvalidArgument, file + ": " + why};
  };
  if (bytes.size() < kLengthBytes) return refuse("too short for a safetensors file");
  const std::uint64_t length = stated_length(bytes);
  if (length > kMaxHeaderBytes) {
    return refuse("no safetensors file, or its header of " + std::to_string(length) +
                  " bytes is over the limit of 100 MiB");
  }
  if (length > bytes.size() - kLengthBytes) {
    return refuse("its header of " + std::to_string(length) + " bytes does not fit its " +
                  std::to_string(bytes.size()) + " bytes; the file is truncated");
  }
  const ByteView header_bytes = bytes.subspan(kLengthBytes, length);
  const auto header = parse_json_object(
      {reinterpret_cast<const char*>(header_bytes.data()), header_bytes.size()}, file);
  if (!header) return header.error();
  return HeaderReader(bytes.subspan(kLengthBytes + length), file).read(*header);
}

std::size_t safetensors_header_bytes(ByteView bytes) { return kLengthBytes + stated_length(bytes); }

}  // namespace unmask::checkpoint
