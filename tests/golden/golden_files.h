/// Where the golden data is, and how it is read.

#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/source_dir.h"

namespace unmask::golden {

inline std::filesystem::path golden_dir() { return source_dir() / "tests/golden/data"; }

inline std::string read_text(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Files below `dir` in the order of their names, as "model/case.json".
inline std::vector<std::string> files_below(const std::filesystem::path& dir) {
  std::vector<std::string> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir, error)) {
    if (entry.is_regular_file()) {
      files.push_back(std::filesystem::relative(entry.path(), dir).generic_string());
    }
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace unmask::golden
