#include "model/checkpoint/shards.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "model/checkpoint/json.h"
#include "model/checkpoint/mapped_file.h"

namespace unmask::checkpoint {
namespace {

constexpr const char* kSingleFile = "model.safetensors";
constexpr const char* kIndexFile = "model.safetensors.index.json";
constexpr std::size_t kMaxIndexBytes = 100 << 20;
constexpr std::size_t kMaxShards = 1024;

/// A plain name: it stays in the folder whatever it is joined to.
bool is_shard_name(std::string_view name) {
  return name.ends_with(".safetensors") && name.find('/') == std::string_view::npos &&
         name.find('\0') == std::string_view::npos;
}

Result<Shards> read_index(const std::filesystem::path& path, std::string_view text) {
  const auto refuse = [&](const std::string& why) {
    return Error{ErrorCode::kInvalidArgument, path.string() + ": " + why};
  };
  if (text.size() > kMaxIndexBytes) return refuse("larger than 100 MiB");
  const auto document = parse_json_object(text, path.string());
  if (!document) return document.error();
  const boost::json::value* map = document->if_contains("weight_map");
  if (map == nullptr || !map->is_object() || map->get_object().empty()) {
    return refuse("has no weight_map");
  }

  Shards shards;
  std::set<std::string> files;
  for (const auto& [tensor, file] : map->get_object()) {
    const std::string name(file.is_string() ? std::string(file.get_string()) : std::string());
    if (!is_shard_name(name)) {
      return refuse("places tensor " + printable(std::string(tensor)) + " in " + printable(file) +
                    ", which is no safetensors file of this folder");
    }
    files.insert(name);
    shards.placed.emplace(std::string(tensor), name);
  }
  if (files.size() > kMaxShards) return refuse("lists more than 1024 files");
  shards.files.assign(files.begin(), files.end());
  return shards;
}

/// What looks as if it belonged to the weights, and is not among `files`.
std::vector<std::string> unread_files(const std::filesystem::path& dir,
                                      const std::vector<std::string>& files) {
  std::vector<std::string> unread;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(dir, error)) {
    const std::string name = entry.path().filename().string();
    const bool is_weights = name.ends_with(".safetensors") || name == kIndexFile;
    if (is_weights && std::ranges::find(files, name) == files.end()) unread.push_back(name);
  }
  std::ranges::sort(unread);
  return unread;
}

Result<Shards> find_files(const std::filesystem::path& dir) {
  std::error_code error;
  if (std::filesystem::exists(dir / kSingleFile, error)) return Shards{{kSingleFile}, {}, {}};
  const auto index = MappedFile::open(dir / kIndexFile);
  if (index) return read_index(dir / kIndexFile, index->text());
  if (index.error().code != ErrorCode::kNotFound) return index.error();
  return Error{ErrorCode::kNotFound,
               dir.string() + " holds neither " + kSingleFile + " nor " + kIndexFile};
}

}  // namespace

Result<Shards> find_shards(const std::filesystem::path& dir) {
  Result<Shards> shards = find_files(dir);
  if (!shards) return shards;
  shards->unread = unread_files(dir, shards->files);
  // An index that was followed was read.
  if (!shards->placed.empty()) std::erase(shards->unread, kIndexFile);
  return shards;
}

}  // namespace unmask::checkpoint
