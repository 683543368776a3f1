#pragma once

#include <filesystem>

#include "runtime/base/result.h"

namespace unmask::cli {

/// The folder of the model that ships with unmask: in the source tree above this program, or where
/// `cmake --install` puts it.
///
/// Errors  kNotFound
Result<std::filesystem::path> find_embedded_model();

}  // namespace unmask::cli
