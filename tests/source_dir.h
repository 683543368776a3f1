#pragma once

#include <filesystem>

namespace unmask {

/// The folder of the checkout that the tests were built from. Only one object knows it: all others
/// are the same in every clone, and come out of ccache.
std::filesystem::path source_dir();

}  // namespace unmask
