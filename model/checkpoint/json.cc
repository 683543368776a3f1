#include "model/checkpoint/json.h"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <set>
#include <utility>
#include <vector>

namespace unmask {
namespace {

namespace json = boost::json;
using boost::system::error_code;

constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxPrintedLength = 120;

/// Listens to a parser and stops it at the first key that its object has already.
struct DuplicateKeyFinder {
  // NOLINTBEGIN(readability-identifier-naming): Boost.JSON asks for these names.
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);
  // NOLINTEND(readability-identifier-naming)

  std::vector<std::set<std::string>> objects;  // the keys so far, outermost object first
  std::string key;
  bool found = false;

  bool on_object_begin(error_code&) {
    objects.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t, error_code&) {
    objects.pop_back();
    return true;
  }
  bool on_key_part(json::string_view part, std::size_t, error_code&) {
    key.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, std::size_t, error_code& error) {
    key.append(part.data(), part.size());
    found = !objects.back().insert(key).second;
    if (found) error = json::error::extra_data;  // any error stops the parser
    if (!found) key.clear();
    return !found;
  }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(std::size_t, error_code&) { return true; }
  bool on_string_part(json::string_view, std::size_t, error_code&) { return true; }
  bool on_string(json::string_view, std::size_t, error_code&) { return true; }
  bool on_number_part(json::string_view, error_code&) { return true; }
  bool on_int64(std::int64_t, json::string_view, error_code&) { return true; }
  bool on_uint64(std::uint64_t, json::string_view, error_code&) { return true; }
  bool on_double(double, json::string_view, error_code&) { return true; }
  bool on_bool(bool, error_code&) { return true; }
  bool on_null(error_code&) { return true; }
  bool on_comment_part(json::string_view, error_code&) { return true; }
  bool on_comment(json::string_view, error_code&) { return true; }
};

Error malformed(const std::string& file, const std::string& what) {
  return {ErrorCode::kInvalidArgument, file + ": " + what};
}

}  // namespace

Result<json::object> parse_json_object(std::string_view text, const std::string& file) {
  json::parse_options options;
  options.max_depth = kMaxDepth;

  json::basic_parser<DuplicateKeyFinder> finder(options);
  error_code error;
  finder.write_some(false, text.data(), text.size(), error);
  if (finder.handler().found) {
    return malformed(file, "the key " + printable(finder.handler().key) + " stands there twice");
  }
  json::value document;
  if (!error) document = json::parse({text.data(), text.size()}, error, {}, options);
  if (error) return malformed(file, "no valid JSON (" + error.message() + ")");
  if (!document.is_object()) return malformed(file, "a JSON object is needed");
  return std::move(document.get_object());
}

std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, kMaxPrintedLength)) {
    const bool is_control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    out += is_control ? '?' : c;
  }
  if (text.size() > kMaxPrintedLength) out += "...";
  return out;
}

std::string printable(const json::value& value) { return printable(json::serialize(value)); }

}  // namespace unmask
