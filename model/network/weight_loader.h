#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "kernels/backend.h"
#include "model/checkpoint/checkpoint.h"
#include "model/network/placement.h"
#include "runtime/base/result.h"

namespace unmask::network {

/// A part of a stored matrix: rows or columns of it.
struct MatrixPart {
  std::string name;
  std::int64_t rows = 0;  ///< of the stored matrix
  std::int64_t cols = 0;
  std::optional<Slice> row_slice;  ///< all, if not given
  std::optional<Slice> col_slice;
};

struct ExpertParts {
  MatrixPart gate, up, down;
};

/// Weights from a checkpoint into a device, tensor by tensor; the memory behind a tensor is given
/// back once it is packed.
///
/// The first error stays: everything after it returns null, and error() tells it.
class WeightLoader {
 public:
  using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

  /// num_bytes: what will be loaded, for `progress`.
  WeightLoader(const checkpoint::Checkpoint& checkpoint, kernels::Backend& backend,
               kernels::DType dtype, std::uint64_t num_bytes, Progress progress);

  /// Stacks the parts by rows.
  std::unique_ptr<kernels::PackedMatrix> matrix(std::span<const MatrixPart> parts,
                                                kernels::ShareOffsets col_shares);
  /// Those that are narrower than the widest are filled up with zeros, which change no sum.
  std::unique_ptr<kernels::PackedExperts> experts(std::span<const ExpertParts> experts,
                                                  kernels::ShareOffsets shares);
  /// The same for the slices of an MLP.
  std::unique_ptr<kernels::PackedExperts> mlp(std::span<const ExpertParts> slices,
                                              kernels::ShareOffsets shares);
  /// A row-major matrix, not packed.
  std::unique_ptr<kernels::Buffer> table(const MatrixPart& part, kernels::DType dtype);
  std::unique_ptr<kernels::Buffer> vector(std::string_view name, std::int64_t size);

  [[nodiscard]] const std::optional<Error>& error() const { return error_; }
  /// Of all tensors that were asked for.
  [[nodiscard]] const std::set<std::string>& names() const { return names_; }
  [[nodiscard]] const checkpoint::Checkpoint& checkpoint() const { return checkpoint_; }
  [[nodiscard]] kernels::Backend& backend() const { return backend_; }
  [[nodiscard]] kernels::DType dtype() const { return dtype_; }

 private:
  /// What pack(matrices) makes of them.
  template <class Pack>
  std::unique_ptr<kernels::PackedExperts> pack_with(std::span<const ExpertParts> experts,
                                                    const Pack& pack);
  kernels::HostMatrix find(const MatrixPart& part);
  void finish(const MatrixPart& part, const kernels::HostMatrix& matrix, kernels::DType dtype);

  const checkpoint::Checkpoint& checkpoint_;
  kernels::Backend& backend_;
  const kernels::DType dtype_;
  const std::uint64_t num_bytes_;
  const Progress progress_;
  std::uint64_t num_done_ = 0;
  std::set<std::string> names_;
  std::optional<Error> error_;
};

}  // namespace unmask::network
