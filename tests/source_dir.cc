#include "tests/source_dir.h"

namespace unmask {

std::filesystem::path source_dir() { return UNMASK_SOURCE_DIR; }

}  // namespace unmask
