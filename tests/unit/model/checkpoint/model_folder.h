/// Model folders for tests, made byte by byte so that they can be wrong in every way.

#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace unmask {

/// The bytes of a safetensors file; nothing is checked.
inline std::string safetensors_bytes(std::uint64_t header_length, std::string_view header,
                                     std::string_view data) {
  std::string bytes;
  for (int shift = 0; shift < 64; shift += 8) bytes += static_cast<char>(header_length >> shift);
  return bytes + std::string(header) + std::string(data);
}

inline std::string safetensors_bytes(std::string_view header, std::string_view data) {
  return safetensors_bytes(header.size(), header, data);
}

/// A folder that goes away with its test.
class ModelFolder {
 public:
  ModelFolder() {
    std::string name = std::filesystem::temp_directory_path() / "unmask-checkpoint-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ModelFolder(const ModelFolder&) = delete;
  ModelFolder& operator=(const ModelFolder&) = delete;
  ~ModelFolder() { std::filesystem::remove_all(path_); }

  void write(const std::string& name, std::string_view bytes) const {
    std::ofstream(path_ / name, std::ios::binary) << bytes;
  }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// A config.json of LLaDA-MoE with what must be there; `more` is added, as in `,"a":1`.
inline std::string moe_config(const std::string& more = "") {
  return R"({"architectures":["LLaDAMoEModelLM"],"vocab_size":512,"hidden_size":64,)"
         R"("num_hidden_layers":2,"num_attention_heads":4,"num_experts":8,)"
         R"("num_experts_per_tok":2,"expert_intermediate_size":32)" +
         more + "}";
}

}  // namespace unmask
