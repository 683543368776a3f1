#include "kernels/cuda/product_file.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>
#include <vector>

namespace unmask::kernels {
namespace {

// Also counts changes of unmask's kernels that change which product is faster.
constexpr std::string_view kFirstLine = "unmask products, version 1";
constexpr std::string_view kLastLine = "end";
constexpr std::string_view kOwn = "own";
constexpr std::array<std::string_view, 4> kKinds = {"linear", "head", "gate_up", "down"};
constexpr std::size_t kMaxBytes = 4 << 20;

std::string place_line(const ProductPlace& place) {
  return "sm_" + std::to_string(place.capability) + ", driver " +
         std::to_string(place.driver_version) + ", cuBLASLt " +
         std::to_string(place.library_version) + ", " + place.gpu;
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(at, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

template <typename Number>
bool read_number(std::string_view text, int base, Number& number) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number, base);
  return error == std::errc() && stop == end;
}

/// "linear 6144 2048 64 own" or, for `own`, the eight words of an algorithm.
bool read_line(std::string_view line, ProductChoices& choices) {
  const std::vector<std::string_view> words = split(line, ' ');
  const auto kind = std::ranges::find(kKinds, words[0]);
  if (words.size() < 5 || kind == kKinds.end()) return false;
  ProductKey key{.kind = ProductKind(kind - kKinds.begin())};
  if (!read_number(words[1], 10, key.features) || !read_number(words[2], 10, key.depth) ||
      !read_number(words[3], 10, key.rows)) {
    return false;
  }
  std::optional<ProductAlgorithm>& choice = choices[key];
  if (words[4] == kOwn) return words.size() == 5;
  choice.emplace();
  if (words.size() != 4 + choice->size()) return false;
  for (std::size_t i = 0; i < choice->size(); ++i) {
    if (!read_number(words[4 + i], 16, (*choice)[i])) return false;
  }
  return true;
}

Error cannot_store(const std::filesystem::path& file, const std::error_code& why) {
  return {ErrorCode::kUnavailable, file.string() + " cannot be written: " + why.message()};
}

}  // namespace

std::string product_file_name(const ProductPlace& place) {
  std::string name = "products-" + place.gpu + "-sm" + std::to_string(place.capability) +
                     "-driver" + std::to_string(place.driver_version) + "-cublaslt" +
                     std::to_string(place.library_version) + ".txt";
  for (char& letter : name) {
    const auto byte = static_cast<unsigned char>(letter);
    letter = std::isalnum(byte) != 0 || letter == '.' ? char(std::tolower(byte)) : '-';
  }
  return name;
}

std::string write_choices(const ProductPlace& place, const ProductChoices& choices) {
  std::ostringstream text;
  text << kFirstLine << '\n' << place_line(place) << '\n';
  for (const auto& [key, choice] : choices) {
    text << kKinds[std::size_t(key.kind)] << std::dec << ' ' << key.features << ' ' << key.depth
         << ' ' << key.rows << std::hex;
    if (!choice) text << ' ' << kOwn;
    for (std::size_t i = 0; choice && i < choice->size(); ++i) text << ' ' << (*choice)[i];
    text << '\n';
  }
  text << kLastLine << '\n';
  return text.str();
}

Result<ProductChoices> read_choices(std::string_view text, const ProductPlace& place) {
  const std::vector<std::string_view> lines = split(text, '\n');
  if (lines[0] != kFirstLine) return invalid("it is no file of products of this version");
  // The last line is there when all others are.
  if (lines.size() < 4 || lines[lines.size() - 2] != kLastLine || !lines.back().empty()) {
    return invalid("its end is missing");
  }
  if (lines[1] != place_line(place)) {
    return invalid("it is of another place: " + std::string(lines[1]));
  }
  ProductChoices choices;
  for (std::size_t i = 2; i + 2 < lines.size(); ++i) {
    if (!read_line(lines[i], choices)) {
      return invalid("its line " + std::to_string(i + 1) + " makes no sense");
    }
  }
  return choices;
}

Result<ProductChoices> load_choices(const std::filesystem::path& file, const ProductPlace& place) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return ProductChoices{};
  std::string text(kMaxBytes, '\0');
  in.read(text.data(), std::streamsize(text.size()));
  text.resize(std::size_t(in.gcount()));
  Result<ProductChoices> choices = read_choices(text, place);
  if (!choices) return invalid(file.string() + " is not used: " + choices.error().message);
  return choices;
}

Result<> store_choices(const std::filesystem::path& file, const ProductPlace& place,
                       ProductChoices choices) {
  std::error_code why;
  std::filesystem::create_directories(file.parent_path(), why);
  if (why) return cannot_store(file, why);
  if (Result<ProductChoices> others = load_choices(file, place)) choices.merge(*others);
  const std::string text = write_choices(place, choices);
  std::filesystem::path fresh = file;
  fresh += "." + std::to_string(::getpid());  // workers of one machine start together
  std::ofstream out(fresh, std::ios::binary | std::ios::trunc);
  out.write(text.data(), std::streamsize(text.size()));
  out.close();
  if (!out) {
    std::filesystem::remove(fresh, why);
    return cannot_store(file, std::make_error_code(std::errc::io_error));
  }
  std::filesystem::rename(fresh, file, why);
  if (why) return cannot_store(file, why);
  return {};
}

}  // namespace unmask::kernels
