/// The backends that every test of an operation runs on, and what it takes to call them.

#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "kernels/backend.h"

namespace unmask::kernels {

struct Device {
  std::string name;
  std::function<std::unique_ptr<Backend>(int num_threads)> make;  ///< null: it is not here
  int size_step = 1;  ///< what tries every size takes such steps: an emulator is slow
};

/// What this machine can run: cpu/devices.cc in one program, cuda/devices.cc in another.
std::vector<Device> devices();

class BackendTest : public testing::TestWithParam<Device> {
 protected:
  void SetUp() override {
    if (backend_ == nullptr) GTEST_SKIP() << "no such device on this machine";
  }

  std::unique_ptr<Backend> backend_ = GetParam().make(2);
};

std::string device_name(const testing::TestParamInfo<Device>& info);

#define UNMASK_ON_ALL_DEVICES(suite) \
  INSTANTIATE_TEST_SUITE_P(, suite, testing::ValuesIn(devices()), device_name)

/// Values in a backend's memory.
template <class T>
class Array {
 public:
  Array(Backend& backend, std::size_t size)
      : backend_(backend), size_(size), buffer_(backend.allocate(size * sizeof(T))) {}
  Array(Backend& backend, std::span<const T> values) : Array(backend, values.size()) {
    backend.upload(data(), values.data(), values.size_bytes());
  }
  Array(Backend& backend, const std::vector<T>& values) : Array(backend, std::span(values)) {}

  [[nodiscard]] T* data() const { return static_cast<T*>(buffer_->data()); }
  [[nodiscard]] std::vector<T> read() const {
    std::vector<T> values(size_);
    backend_.synchronize();
    backend_.download(values.data(), data(), size_ * sizeof(T));
    return values;
  }

 private:
  Backend& backend_;
  std::size_t size_;
  std::unique_ptr<Buffer> buffer_;
};

/// A row-major matrix of f32 on the host.
struct Matrix {
  int rows = 0;
  int cols = 0;
  std::vector<float> values;

  Matrix(int num_rows, int num_cols)
      : rows(num_rows), cols(num_cols), values(std::size_t(num_rows) * std::size_t(num_cols)) {}

  float& at(int row, int col) { return values[index(row, col)]; }
  [[nodiscard]] float at(int row, int col) const { return values[index(row, col)]; }
  [[nodiscard]] Matrix first_rows(int count) const;
  [[nodiscard]] Matrix row(int idx) const;
  [[nodiscard]] HostMatrix host() const { return {values.data(), DType::kF32, rows, cols, cols}; }
  [[nodiscard]] HostMatrix host_columns(std::int64_t begin, std::int64_t count) const {
    return {values.data() + begin, DType::kF32, rows, count, cols};
  }
  [[nodiscard]] HostMatrix host_rows(std::int64_t begin, std::int64_t count) const {
    return {values.data() + begin * cols, DType::kF32, count, cols, cols};
  }

 private:
  [[nodiscard]] std::size_t index(int row, int col) const {
    return std::size_t(row) * std::size_t(cols) + std::size_t(col);
  }
};

/// Normally distributed with this deviation; the same for the same seed.
Matrix random_matrix(int rows, int cols, unsigned seed, float deviation = 1.0f);

/// Every value rounded to bf16 if `dtype` is kBF16.
Matrix rounded_to(DType dtype, Matrix matrix);

/// A matrix in a backend's memory, of f32 or bf16, and its view.
class DeviceMatrix {
 public:
  DeviceMatrix(Backend& backend, int rows, int cols, DType dtype = DType::kF32)
      : array_(backend, std::size_t(rows) * std::size_t(cols) * size_of(dtype)),
        dtype_(dtype),
        rows_(rows),
        cols_(cols) {}
  DeviceMatrix(Backend& backend, const Matrix& matrix, DType dtype = DType::kF32);

  [[nodiscard]] Tensor view() const { return {array_.data(), dtype_, rows_, cols_}; }
  [[nodiscard]] Matrix read() const;

 private:
  Array<std::byte> array_;
  DType dtype_;
  int rows_, cols_;
};

/// Equal in every bit.
testing::AssertionResult same_bytes(const Matrix& a, const Matrix& b);

/// |value - expected| <= tolerance for every value.
testing::AssertionResult is_near(const Matrix& value, const std::vector<double>& expected,
                                 double tolerance);

}  // namespace unmask::kernels
