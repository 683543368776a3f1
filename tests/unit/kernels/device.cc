#include "tests/unit/kernels/device.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/float_formats.h"

namespace unmask::kernels {

std::string device_name(const testing::TestParamInfo<Device>& info) { return info.param.name; }

Matrix Matrix::first_rows(int count) const {
  Matrix part(count, cols);
  std::copy_n(values.begin(), part.values.size(), part.values.begin());
  return part;
}

Matrix Matrix::row(int idx) const {
  Matrix part(1, cols);
  std::copy_n(values.begin() + std::ptrdiff_t(idx) * cols, cols, part.values.begin());
  return part;
}

Matrix random_matrix(int rows, int cols, unsigned seed, float deviation) {
  Matrix matrix(rows, cols);
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.0f, deviation);
  for (float& value : matrix.values) value = normal(random);
  return matrix;
}

Matrix rounded_to(DType dtype, Matrix matrix) {
  if (dtype != DType::kBF16) return matrix;
  for (float& value : matrix.values) value = float_of_bf16(bf16_of(value));
  return matrix;
}

namespace {

std::vector<std::byte> bytes_of(const Matrix& matrix, DType dtype) {
  std::vector<std::byte> bytes(matrix.values.size() * size_of(dtype));
  for (std::size_t i = 0; i < matrix.values.size(); ++i) {
    const float value = matrix.values[i];
    const std::uint16_t half = bf16_of(value);
    std::memcpy(bytes.data() + i * size_of(dtype),
                dtype == DType::kF32 ? static_cast<const void*>(&value) : &half, size_of(dtype));
  }
  return bytes;
}

}  // namespace

DeviceMatrix::DeviceMatrix(Backend& backend, const Matrix& matrix, DType dtype)
    : array_(backend, bytes_of(matrix, dtype)),
      dtype_(dtype),
      rows_(matrix.rows),
      cols_(matrix.cols) {}

Matrix DeviceMatrix::read() const {
  Matrix matrix(rows_, cols_);
  const std::vector<std::byte> bytes = array_.read();
  for (std::size_t i = 0; i < matrix.values.size(); ++i) {
    std::uint16_t half = 0;
    if (dtype_ == DType::kF32) {
      std::memcpy(&matrix.values[i], bytes.data() + i * 4, 4);
    } else {
      std::memcpy(&half, bytes.data() + i * 2, 2);
      matrix.values[i] = float_of_bf16(half);
    }
  }
  return matrix;
}

testing::AssertionResult same_bytes(const Matrix& a, const Matrix& b) {
  if (a.rows != b.rows || a.cols != b.cols) return testing::AssertionFailure() << "other shape";
  for (int i = 0; i < a.rows; ++i) {
    for (int j = 0; j < a.cols; ++j) {
      const float x = a.at(i, j), y = b.at(i, j);
      if (std::memcmp(&x, &y, sizeof(float)) != 0) {
        return testing::AssertionFailure() << "[" << i << ", " << j << "]: " << x << " and " << y;
      }
    }
  }
  return testing::AssertionSuccess();
}

testing::AssertionResult is_near(const Matrix& value, const std::vector<double>& expected,
                                 double tolerance) {
  if (value.values.size() != expected.size()) return testing::AssertionFailure() << "other size";
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (std::abs(double(value.values[i]) - expected[i]) <= tolerance) continue;
    return testing::AssertionFailure() << "value " << i << " is " << value.values[i] << ", not "
                                       << expected[i] << " (+- " << tolerance << ")";
  }
  return testing::AssertionSuccess();
}

}  // namespace unmask::kernels
