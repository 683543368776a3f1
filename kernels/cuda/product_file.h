/// What was measured of products, kept from one start to the next.

#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "kernels/cuda/product_key.h"
#include "runtime/base/result.h"

namespace unmask::kernels {

/// What a library calls an algorithm: bytes that mean something to one version of it only.
using ProductAlgorithm = std::array<std::uint64_t, 8>;

/// Who computes each product; none: own kernels.
using ProductChoices = std::map<ProductKey, std::optional<ProductAlgorithm>>;

/// Where times were taken; they say nothing of any other place.
struct ProductPlace {
  std::string gpu{};       ///< "NVIDIA H200"
  int capability = 0;      ///< 90
  int driver_version = 0;  ///< of CUDA, that the driver serves
  int library_version = 0;
};

/// The name of the file in its folder: one for each place.
[[nodiscard]] std::string product_file_name(const ProductPlace& place);

[[nodiscard]] std::string write_choices(const ProductPlace& place, const ProductChoices& choices);

/// Errors  kInvalidArgument: it is no such file, of another version, damaged or of another place
[[nodiscard]] Result<ProductChoices> read_choices(std::string_view text, const ProductPlace& place);

/// What read_choices() finds in the file; empty if there is none.
///
/// Errors  as read_choices(), naming the file
[[nodiscard]] Result<ProductChoices> load_choices(const std::filesystem::path& file,
                                                  const ProductPlace& place);

/// Writes the file at once or not at all, whoever else does; makes its folder. What others have
/// written of this place since it was loaded stays, unless `choices` has it too.
///
/// Errors  kUnavailable, naming the file
[[nodiscard]] Result<> store_choices(const std::filesystem::path& file, const ProductPlace& place,
                                     ProductChoices choices);

}  // namespace unmask::kernels
