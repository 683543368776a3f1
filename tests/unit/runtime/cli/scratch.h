#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace unmask::cli {

/// A folder of one test, gone with it.
class Scratch {
 public:
  Scratch()
      : dir_(std::filesystem::path(testing::TempDir()) /
             (std::string("unmask_") +
              testing::UnitTest::GetInstance()->current_test_info()->name() + "_" +
              std::to_string(getpid()))) {
    std::filesystem::create_directories(dir_);
  }
  ~Scratch() { std::filesystem::remove_all(dir_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  [[nodiscard]] std::string path(const std::string& name) const { return dir_ / name; }
  std::string write(const std::string& name, const std::string& content) const {
    std::ofstream(dir_ / name, std::ios::binary) << content;
    return path(name);
  }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ifstream file(dir_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  [[nodiscard]] std::size_t num_files() const {
    return std::size_t(std::distance(std::filesystem::directory_iterator(dir_), {}));
  }

 private:
  const std::filesystem::path dir_;
};

}  // namespace unmask::cli
