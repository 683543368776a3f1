#pragma once

#include <filesystem>
#include <string>

#include "runtime/base/result.h"

namespace unmask::bench {

/// A folder with a config.json and random weights of bf16, gone with the object. It is made where
/// TMPDIR says.
class RandomCheckpoint {
 public:
  /// Errors  those of the config; kUnavailable: the folder cannot be written
  static Result<RandomCheckpoint> write(const std::string& config_json);
  ~RandomCheckpoint();
  RandomCheckpoint(RandomCheckpoint&& other) noexcept : path_(std::move(other.path_)) {
    other.path_.clear();
  }
  RandomCheckpoint(const RandomCheckpoint&) = delete;
  RandomCheckpoint& operator=(const RandomCheckpoint&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  explicit RandomCheckpoint(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;
};

}  // namespace unmask::bench
