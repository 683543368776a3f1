#include "model/checkpoint/stored_tensor.h"

#include <bit>
#include <cstring>

#include "runtime/base/check.h"

namespace unmask {
namespace {

using kernels::DType;

struct Size {
  std::string_view dtype;
  std::uint64_t bytes;
};

constexpr Size kSizes[] = {{"F32", 4}, {"BF16", 2}, {"F16", 2},     {"F64", 8},     {"I64", 8},
                           {"I32", 4}, {"I16", 2},  {"I8", 1},      {"U64", 8},     {"U32", 4},
                           {"U16", 2}, {"U8", 1},   {"F8_E4M3", 1}, {"F8_E5M2", 1}, {"BOOL", 1}};

float bf16_to_f32(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t(bits) << 16); }

float f16_to_f32(std::uint16_t bits) {
  const std::uint32_t sign = std::uint32_t(bits & 0x8000) << 16;
  const std::uint32_t exponent = (bits >> 10) & 0x1f;
  const std::uint32_t fraction = bits & 0x3ff;
  if (exponent == 0) {  // zero or subnormal
    const float magnitude = float(fraction) * 0x1p-24f;
    return sign != 0 ? -magnitude : magnitude;
  }
  const std::uint32_t widened = exponent == 0x1f ? 0xff : exponent + (127 - 15);
  return std::bit_cast<float>(sign | widened << 23 | fraction << 13);
}

float f32_at(const std::byte* source, DType dtype) {
  if (dtype == DType::kF32) {
    float value;
    std::memcpy(&value, source, sizeof(value));
    return value;
  }
  std::uint16_t bits;
  std::memcpy(&bits, source, sizeof(bits));
  return dtype == DType::kBF16 ? bf16_to_f32(bits) : f16_to_f32(bits);
}

}  // namespace

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text;
  for (const std::int64_t length : shape) {
    text += (text.empty() ? "" : ", ") + std::to_string(length);
  }
  return "[" + text + "]";
}

std::uint64_t element_bytes(std::string_view dtype) {
  for (const Size& size : kSizes) {
    if (size.dtype == dtype) return size.bytes;
  }
  return 0;
}

std::optional<DType> StoredTensor::weight_dtype() const {
  if (dtype == "F32") return DType::kF32;
  if (dtype == "BF16") return DType::kBF16;
  if (dtype == "F16") return DType::kF16;
  return std::nullopt;
}

std::vector<float> StoredTensor::to_f32() const {
  const auto stored = weight_dtype();
  UNMASK_CHECK(stored);
  const std::size_t step = kernels::size_of(*stored);
  std::vector<float> values(data.size() / step);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = f32_at(&data[i * step], *stored);
  return values;
}

}  // namespace unmask
