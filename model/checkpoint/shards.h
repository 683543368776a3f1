#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "runtime/base/result.h"

namespace unmask::checkpoint {

/// Which files of a folder hold the weights.
struct Shards {
  std::vector<std::string> files;             ///< names in the folder, sorted
  std::map<std::string, std::string> placed;  ///< tensor to file; empty without an index
  std::vector<std::string> unread;            ///< other files of weights, or an index, sorted
};

/// model.safetensors if the folder has it, as transformers does, else what
/// model.safetensors.index.json lists.
///
/// Errors  kNotFound if it has neither; kInvalidArgument for an index that is no index or names
///         something outside the folder
Result<Shards> find_shards(const std::filesystem::path& dir);

}  // namespace unmask::checkpoint
