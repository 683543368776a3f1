#include "model/network/weight_loader.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>
#include <vector>

#include "kernels/float_formats.h"
#include "runtime/base/check.h"

namespace unmask::network {
namespace {

using kernels::DType;
using kernels::HostMatrix;

float read(const HostMatrix& matrix, std::int64_t index) {
  if (matrix.dtype == DType::kF32) return static_cast<const float*>(matrix.data)[index];
  const std::uint16_t bits = static_cast<const std::uint16_t*>(matrix.data)[index];
  return matrix.dtype == DType::kBF16 ? kernels::float_of_bf16(bits) : kernels::float_of_f16(bits);
}

/// Row `row` of `matrix` as `dtype`, f32 or bf16.
void convert_row(const HostMatrix& matrix, std::int64_t row, DType dtype, std::byte* out) {
  for (std::int64_t j = 0; j < matrix.cols; ++j) {
    const float value = read(matrix, row * matrix.row_stride + j);
    if (dtype == DType::kF32) {
      std::memcpy(out + 4 * j, &value, 4);
    } else {
      const std::uint16_t bits = kernels::bf16_of(value);
      std::memcpy(out + 2 * j, &bits, 2);
    }
  }
}

/// `matrix` with zeros behind its rows and columns; a copy in `copies` if there is any to add.
HostMatrix padded(const HostMatrix& matrix, std::int64_t rows, std::int64_t cols,
                  std::vector<std::vector<std::byte>>& copies) {
  if (matrix.rows == rows && matrix.cols == cols) return matrix;
  const auto size = static_cast<std::int64_t>(size_of(matrix.dtype));
  std::vector<std::byte>& copy = copies.emplace_back(std::size_t(rows * cols * size));
  const auto* source = static_cast<const std::byte*>(matrix.data);
  for (std::int64_t i = 0; i < matrix.rows; ++i) {
    std::memcpy(copy.data() + i * cols * size, source + i * matrix.row_stride * size,
                std::size_t(matrix.cols * size));
  }
  HostMatrix result = matrix;
  result.data = copy.data();
  result.rows = static_cast<decltype(result.rows)>(rows);
  result.cols = static_cast<decltype(result.cols)>(cols);
  result.row_stride = cols;
  return result;
}

}  // namespace

WeightLoader::WeightLoader(const checkpoint::Checkpoint& checkpoint, kernels::Backend& backend,
                           DType dtype, std::uint64_t num_bytes, Progress progress)
    : checkpoint_(checkpoint),
      backend_(backend),
      dtype_(dtype),
      num_bytes_(num_bytes),
      progress_(std::move(progress)) {}

HostMatrix WeightLoader::find(const MatrixPart& part) {
  if (error_) return {};
  names_.insert(part.name);
  Result<HostMatrix> found = checkpoint_.matrix(part.name, part.rows, part.cols);
  if (!found) {
    error_ = found.error();
    return {};
  }
  HostMatrix matrix = *found;
  const Slice rows = part.row_slice.value_or(Slice{0, static_cast<int>(part.rows)});
  const Slice cols = part.col_slice.value_or(Slice{0, static_cast<int>(part.cols)});
  const std::int64_t first = rows.begin * matrix.row_stride + cols.begin;
  matrix.data = static_cast<const std::byte*>(matrix.data) +
                first * static_cast<std::int64_t>(size_of(matrix.dtype));
  matrix.rows = rows.size();
  matrix.cols = cols.size();
  return matrix;
}

void WeightLoader::finish(const MatrixPart& part, const HostMatrix& matrix, DType dtype) {
  checkpoint_.drop_pages(part.name);
  num_done_ += static_cast<std::uint64_t>(matrix.rows * matrix.cols) * size_of(dtype);
  if (progress_) progress_(std::min(num_done_, num_bytes_), num_bytes_);
}

std::unique_ptr<kernels::PackedMatrix> WeightLoader::matrix(std::span<const MatrixPart> parts,
                                                            kernels::ShareOffsets col_shares) {
  std::vector<HostMatrix> matrices;
  for (const MatrixPart& part : parts) matrices.push_back(find(part));
  if (error_) return nullptr;
  auto packed = backend_.pack_matrix(matrices, dtype_, col_shares);
  for (std::size_t i = 0; i < parts.size(); ++i) finish(parts[i], matrices[i], dtype_);
  return packed;
}

std::unique_ptr<kernels::PackedExperts> WeightLoader::experts(std::span<const ExpertParts> experts,
                                                              kernels::ShareOffsets shares) {
  return pack_with(experts, [&](std::span<const kernels::ExpertMatrices> matrices) {
    return backend_.pack_experts(matrices, dtype_, shares);
  });
}

std::unique_ptr<kernels::PackedExperts> WeightLoader::mlp(std::span<const ExpertParts> slices,
                                                          kernels::ShareOffsets shares) {
  return pack_with(slices, [&](std::span<const kernels::ExpertMatrices> matrices) {
    return backend_.pack_mlp(matrices, dtype_, shares);
  });
}

template <class Pack>
std::unique_ptr<kernels::PackedExperts> WeightLoader::pack_with(
    std::span<const ExpertParts> experts, const Pack& pack) {
  std::vector<kernels::ExpertMatrices> matrices;
  std::int64_t width = 0;
  for (const ExpertParts& expert : experts) {
    matrices.push_back({find(expert.gate), find(expert.up), find(expert.down)});
    width = std::max(width, matrices.back().gate.rows);
  }
  if (error_) return nullptr;
  const std::vector<kernels::ExpertMatrices> stored = matrices;
  std::vector<std::vector<std::byte>> copies;
  for (kernels::ExpertMatrices& expert : matrices) {
    expert = {padded(expert.gate, width, expert.gate.cols, copies),
              padded(expert.up, width, expert.up.cols, copies),
              padded(expert.down, expert.down.rows, width, copies)};
  }
  auto packed = pack(matrices);
  for (std::size_t i = 0; i < experts.size(); ++i) {
    finish(experts[i].gate, stored[i].gate, dtype_);
    finish(experts[i].up, stored[i].up, dtype_);
    finish(experts[i].down, stored[i].down, dtype_);
  }
  return packed;
}

std::unique_ptr<kernels::Buffer> WeightLoader::table(const MatrixPart& part, DType dtype) {
  UNMASK_CHECK(dtype != DType::kF16);
  const HostMatrix matrix = find(part);
  if (error_) return nullptr;
  const std::size_t row_bytes = static_cast<std::size_t>(matrix.cols) * size_of(dtype);
  auto buffer = backend_.allocate(static_cast<std::size_t>(matrix.rows) * row_bytes);
  std::vector<std::byte> row(row_bytes);
  for (std::int64_t i = 0; i < matrix.rows; ++i) {
    convert_row(matrix, i, dtype, row.data());
    backend_.upload(
        static_cast<std::byte*>(buffer->data()) + static_cast<std::size_t>(i) * row_bytes,
        row.data(), row_bytes);
  }
  finish(part, matrix, dtype);
  return buffer;
}

std::unique_ptr<kernels::Buffer> WeightLoader::vector(std::string_view name, std::int64_t size) {
  if (error_) return nullptr;
  names_.emplace(name);
  const Result<std::vector<float>> values = checkpoint_.vector_f32(name, size);
  if (!values) {
    error_ = values.error();
    return nullptr;
  }
  auto buffer = backend_.allocate(values->size() * sizeof(float));
  backend_.upload(buffer->data(), values->data(), values->size() * sizeof(float));
  num_done_ += values->size() * sizeof(float);
  return buffer;
}

}  // namespace unmask::network
