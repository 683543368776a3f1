#include "runtime/cli/process/cache_dir.h"

#include <cstdlib>

namespace unmask::cli {

std::string find_cache_dir(const std::string& setting) {
  if (setting == "none") return "";
  if (setting != "auto") return setting;
  // What is not absolute is to be ignored, says the XDG Base Directory Specification.
  const char* const caches = std::getenv("XDG_CACHE_HOME");
  if (caches != nullptr && *caches == '/') return std::string(caches) + "/unmask";
  const char* const home = std::getenv("HOME");
  if (home != nullptr && *home == '/') return std::string(home) + "/.cache/unmask";
  return "";
}

}  // namespace unmask::cli
