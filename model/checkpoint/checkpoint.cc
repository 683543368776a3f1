#include "model/checkpoint/checkpoint.h"

#include <algorithm>
#include <utility>

#include "model/checkpoint/json.h"
#include "model/checkpoint/shards.h"
#include "runtime/base/digest.h"

namespace unmask {
namespace {

constexpr std::size_t kMaxConfigBytes = 1 << 20;
constexpr std::size_t kSampleBytes = 64;

}  // namespace

Result<Checkpoint> Checkpoint::open(const std::filesystem::path& dir) {
  std::error_code error;
  if (!std::filesystem::is_directory(dir, error)) {
    const bool is_there = std::filesystem::exists(dir, error);
    return Error{ErrorCode::kNotFound,
                 dir.string() + (is_there ? " is no folder" : ": there is no such model folder")};
  }
  const std::filesystem::path config_path = dir / "config.json";
  const auto config_file = MappedFile::open(config_path);
  if (!config_file) return config_file.error();
  if (config_file->bytes().size() > kMaxConfigBytes) {
    return Error{ErrorCode::kInvalidArgument, config_path.string() + ": larger than 1 MiB"};
  }

  Checkpoint checkpoint;
  checkpoint.dir_ = dir;
  if (const auto added = checkpoint.add_shards(); !added) return added.error();
  const auto config =
      parse_model_config(config_file->text(), config_path.string(), checkpoint.tensors_);
  if (!config) return config.error();
  checkpoint.config_ = *config;
  checkpoint.digest_ = checkpoint.compute_digest(config_file->text());
  checkpoint.align_tensors();
  return checkpoint;
}

Result<> Checkpoint::add_shards() {
  const auto shards = find_shards(dir_);
  if (!shards) return shards.error();
  const auto refuse = [](const std::string& path, const std::string& tensor,
                         const std::string& why) {
    return Error{ErrorCode::kInvalidArgument, path + ": tensor " + printable(tensor) + " " + why};
  };
  for (const std::string& name : shards->files) {
    const std::string path = (dir_ / name).string();
    auto file = MappedFile::open(path);
    if (!file) return file.error();
    auto tensors = parse_safetensors(file->bytes(), path);
    if (!tensors) return tensors.error();
    for (auto& [tensor_name, tensor] : *tensors) {
      const auto place = shards->placed.find(tensor_name);
      const bool is_misplaced = place == shards->placed.end() || place->second != name;
      if (!shards->placed.empty() && is_misplaced) {
        return refuse(path, tensor_name, "is not placed there by the index");
      }
      num_bytes_ += tensor.data.size();
      shard_of_.emplace(tensor_name, shards_.size());
      tensors_.emplace(tensor_name, std::move(tensor));
    }
    shards_.push_back({path, std::move(*file)});
  }
  for (const auto& [tensor_name, file] : shards->placed) {
    if (has(tensor_name)) continue;
    return refuse((dir_ / file).string(), tensor_name, "is missing, although the index lists it");
  }
  return {};
}

void Checkpoint::align_tensors() {
  for (auto& [name, tensor] : tensors_) {
    const auto dtype = tensor.weight_dtype();
    if (!dtype || reinterpret_cast<std::uintptr_t>(tensor.data.data()) % size_of(*dtype) == 0) {
      continue;
    }
    auto copy = std::make_unique<std::byte[]>(tensor.data.size());
    std::ranges::copy(tensor.data, copy.get());
    tensor.data = {copy.get(), tensor.data.size()};
    copies_.push_back(std::move(copy));
  }
}

std::uint64_t Checkpoint::compute_digest(std::string_view config_text) const {
  Digest digest;
  digest.add(std::as_bytes(std::span(config_text)));
  for (const Shard& shard : shards_) {
    const ByteView bytes = shard.file.bytes();
    digest.add(bytes.size());
    digest.add(bytes.first(safetensors_header_bytes(bytes)));
  }
  for (const auto& [name, tensor] : tensors_) {
    digest.add(tensor.data.first(std::min(kSampleBytes, tensor.data.size())));
  }
  return digest.value();
}

std::string Checkpoint::path_of(std::string_view name) const {
  const auto shard = shard_of_.find(name);
  return shard == shard_of_.end() ? dir_.string() : shards_[shard->second].path;
}

Result<const StoredTensor*> Checkpoint::find(std::string_view name,
                                             const std::vector<std::int64_t>& shape) const {
  const auto found = tensors_.find(name);
  const std::string culprit = path_of(name) + ": tensor " + printable(name) + " ";
  if (found == tensors_.end()) return Error{ErrorCode::kNotFound, culprit + "is missing"};
  const StoredTensor& tensor = found->second;
  if (tensor.shape != shape) {
    return Error{ErrorCode::kInvalidArgument, culprit + "has shape " + shape_text(tensor.shape) +
                                                  ", but " + shape_text(shape) + " is needed"};
  }
  if (!tensor.weight_dtype()) {
    return Error{ErrorCode::kInvalidArgument, culprit + "has dtype " + printable(tensor.dtype) +
                                                  ", but F32, BF16 or F16 is needed"};
  }
  return &tensor;
}

Result<kernels::HostMatrix> Checkpoint::matrix(std::string_view name, std::int64_t rows,
                                               std::int64_t cols) const {
  const auto tensor = find(name, {rows, cols});
  if (!tensor) return tensor.error();
  return kernels::HostMatrix{(*tensor)->data.data(), *(*tensor)->weight_dtype(), rows, cols, cols};
}

Result<std::vector<float>> Checkpoint::vector_f32(std::string_view name, std::int64_t n) const {
  const auto tensor = find(name, {n});
  if (!tensor) return tensor.error();
  return (*tensor)->to_f32();
}

void Checkpoint::drop_pages(std::string_view name) const {
  const auto shard = shard_of_.find(name);
  if (shard == shard_of_.end()) return;
  const ByteView file = shards_[shard->second].file.bytes();
  const ByteView data = tensors_.find(name)->second.data;
  const std::less<> before;
  const bool is_mapped = !before(data.data(), file.data()) &&
                         !before(file.data() + file.size(), data.data() + data.size());
  if (is_mapped) unmask::drop_pages(data);
}

}  // namespace unmask
