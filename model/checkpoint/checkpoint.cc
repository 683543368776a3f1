#include "model/checkpoint/checkpoint.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <utility>

#include "model/checkpoint/generation_config.h"
#include "model/checkpoint/json.h"
#include "model/checkpoint/shards.h"
#include "runtime/base/digest.h"
#include "runtime/base/listed.h"

namespace unmask::checkpoint {
namespace {

using kernels::DType;

constexpr std::size_t kMaxConfigBytes = 1 << 20;
constexpr std::size_t kSampleBytes = 64;

std::optional<DType> to_dtype(std::string_view name) {
  if (name == "F32") return DType::kF32;
  if (name == "BF16") return DType::kBF16;
  if (name == "F16") return DType::kF16;
  return std::nullopt;
}

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

float element_at(const StoredTensor& tensor, DType dtype, std::size_t i) {
  const std::byte* source = tensor.data.data() + i * size_of(dtype);
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

Result<Checkpoint> Checkpoint::open(const std::filesystem::path& dir) {
  std::error_code error;
  if (!std::filesystem::is_directory(dir, error)) {
    return Error{ErrorCode::kNotFound, "there is no model folder " + dir.string()};
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
  if (const auto added = checkpoint.add_generation_config(); !added) return added.error();
  checkpoint.tell_unread();
  checkpoint.digest_ = checkpoint.compute_digest(config_file->text());
  checkpoint.align_tensors();
  return checkpoint;
}

Result<> Checkpoint::add_shards() {
  const auto shards = find_shards(dir_);
  if (!shards) return shards.error();
  unread_files_ = shards->unread;
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

Result<> Checkpoint::add_generation_config() {
  const std::filesystem::path path = dir_ / "generation_config.json";
  const auto file = MappedFile::open(path);
  if (!file && file.error().code == ErrorCode::kNotFound) return {};
  if (!file) return file.error();
  if (file->bytes().size() > kMaxConfigBytes) {
    return Error{ErrorCode::kInvalidArgument, path.string() + ": larger than 1 MiB"};
  }
  return checkpoint::add_generation_config(file->text(), path.string(), config_);
}

void Checkpoint::tell_unread() {
  if (unread_files_.empty()) return;
  const std::string taken = shards_.size() > 1
                                ? "those of the index"
                                : std::filesystem::path(shards_.front().path).filename().string();
  config_.warnings.push_back(dir_.string() + ": the weights are " + taken +
                             "; not read: " + listed(unread_files_));
}

void Checkpoint::align_tensors() {
  for (auto& [name, tensor] : tensors_) {
    const auto dtype = to_dtype(tensor.dtype);
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
  for (const auto& id : {config_.mask_id, config_.eos_id, config_.pad_id}) {
    digest.add(std::uint64_t(std::int64_t(id.value_or(-1))));  // maybe of a generation_config.json
  }
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
    return Error{ErrorCode::kInvalidArgument,
                 culprit + "has shape " + tensor.shape_text() + ", but " +
                     StoredTensor{{}, shape, {}}.shape_text() + " is needed"};
  }
  if (!to_dtype(tensor.dtype)) {
    return Error{ErrorCode::kInvalidArgument, culprit + "has dtype " + printable(tensor.dtype) +
                                                  ", but F32, BF16 or F16 is needed"};
  }
  return &tensor;
}

Result<kernels::HostMatrix> Checkpoint::matrix(std::string_view name, std::int64_t rows,
                                               std::int64_t cols) const {
  const auto tensor = find(name, {rows, cols});
  if (!tensor) return tensor.error();
  return kernels::HostMatrix{(*tensor)->data.data(), *to_dtype((*tensor)->dtype), rows, cols, cols};
}

Result<std::vector<float>> Checkpoint::vector_f32(std::string_view name, std::int64_t n) const {
  const auto tensor = find(name, {n});
  if (!tensor) return tensor.error();
  const DType dtype = *to_dtype((*tensor)->dtype);
  std::vector<float> values(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = element_at(**tensor, dtype, i);
  return values;
}

void Checkpoint::drop_pages(std::string_view name) const {
  const auto shard = shard_of_.find(name);
  if (shard == shard_of_.end()) return;
  const ByteView file = shards_[shard->second].file.bytes();
  const ByteView data = tensors_.find(name)->second.data;
  const std::less<> before;
  const bool is_mapped = !before(data.data(), file.data()) &&
                         !before(file.data() + file.size(), data.data() + data.size());
  if (is_mapped) checkpoint::drop_pages(data);
}

}  // namespace unmask::checkpoint
