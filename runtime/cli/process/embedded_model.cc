#include "runtime/cli/process/embedded_model.h"

namespace unmask::cli {
namespace {

constexpr const char* kInSource = "model/zoo/unmask-tiny";
constexpr const char* kInstalled = "share/unmask/unmask-tiny";

}  // namespace

Result<std::filesystem::path> find_embedded_model() {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  for (std::filesystem::path dir = program.parent_path(); dir.has_relative_path();
       dir = dir.parent_path()) {
    for (const char* place : {kInSource, kInstalled}) {
      if (std::filesystem::exists(dir / place / "config.json", error)) return dir / place;
    }
  }
  return Error{ErrorCode::kNotFound,
               "the model that ships with unmask is not beside this program; name another folder "
               "with --model"};
}

}  // namespace unmask::cli
