#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/tensor.h"
#include "model/checkpoint/mapped_file.h"
#include "model/checkpoint/model_config.h"
#include "model/checkpoint/safetensors.h"
#include "runtime/base/result.h"

namespace unmask::checkpoint {

/// A Hugging Face folder: its config.json, what a generation_config.json adds, and its weights,
/// memory-mapped.
///
/// Invariant  constant after open(): any thread may read it; views of weights live as long as it
class Checkpoint {
 public:
  /// Errors  one sentence that names the folder, file or tensor
  static Result<Checkpoint> open(const std::filesystem::path& dir);

  [[nodiscard]] const ModelConfig& config() const { return config_; }
  [[nodiscard]] const std::filesystem::path& dir() const { return dir_; }
  [[nodiscard]] const StoredTensors& tensors() const { return tensors_; }
  [[nodiscard]] bool has(std::string_view name) const { return tensors_.contains(name); }
  /// Of all weights, as they are stored.
  [[nodiscard]] std::uint64_t num_bytes() const { return num_bytes_; }

  /// A matrix of f32, bf16 or f16 in place.
  ///
  /// Errors  kNotFound if there is none; kInvalidArgument if its shape or dtype is another
  [[nodiscard]] Result<kernels::HostMatrix> matrix(std::string_view name, std::int64_t rows,
                                                   std::int64_t cols) const;
  /// A vector of f32, bf16 or f16, converted. Errors as those of matrix().
  [[nodiscard]] Result<std::vector<float>> vector_f32(std::string_view name, std::int64_t n) const;

  /// The file in which the tensor is, for people; the folder if there is none of this name.
  [[nodiscard]] std::string path_of(std::string_view name) const;

  /// Gives back the memory behind a tensor that was copied elsewhere; it is read again on need.
  void drop_pages(std::string_view name) const;

  /// Equal on workers that hold the same model: of config.json, the headers, the sizes and the
  /// first bytes of each tensor.
  [[nodiscard]] std::uint64_t digest() const { return digest_; }

 private:
  /// A mapped file of weights.
  struct Shard {
    std::string path;
    MappedFile file;
  };

  Checkpoint() = default;
  Result<> add_shards();
  Result<> add_generation_config();
  void tell_unread();
  void align_tensors();
  [[nodiscard]] std::uint64_t compute_digest(std::string_view config_text) const;
  /// The tensor, if it has this shape and a dtype of weights.
  [[nodiscard]] Result<const StoredTensor*> find(std::string_view name,
                                                 const std::vector<std::int64_t>& shape) const;
  std::filesystem::path dir_;
  ModelConfig config_;
  std::vector<Shard> shards_;
  std::vector<std::string> unread_files_;  ///< of weights, beside those
  StoredTensors tensors_;
  std::map<std::string, std::size_t, std::less<>> shard_of_;  // tensor to index in shards_
  std::vector<std::unique_ptr<std::byte[]>> copies_;  // of tensors that lie misaligned in the file
  std::uint64_t num_bytes_ = 0;
  std::uint64_t digest_ = 0;
};

}  // namespace unmask::checkpoint
