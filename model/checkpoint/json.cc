#include "model/checkpoint/json.h"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <set>
#include <utility>
#include <vector>

namespace unmask::checkpoint {
namespace {

namespace json = boost::json;
using boost::system::error_code;

constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxPrintedLength = 120;

/// Listens to a parser, and to nothing that it says.
struct Listener {
  // NOLINTBEGIN(readability-identifier-naming): Boost.JSON asks for these names.
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);
  // NOLINTEND(readability-identifier-naming)

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return true; }
  bool on_object_end(std::size_t, error_code&) { return true; }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(std::size_t, error_code&) { return true; }
  bool on_key_part(json::string_view, std::size_t, error_code&) { return true; }
  bool on_key(json::string_view, std::size_t, error_code&) { return true; }
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

/// Counts the keys of all objects.
struct KeyCounter : Listener {
  std::size_t num_keys = 0;

  bool on_object_end(std::size_t n, error_code&) {
    num_keys += n;
    return true;
  }
};

/// Stops a parser at the first key that its object has already.
struct DuplicateKeyFinder : Listener {
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
};

/// The keys of `value` and of everything in it.
std::size_t count_keys(const json::value& value) {
  std::size_t count = 0;
  if (const json::object* object = value.if_object()) {
    count = object->size();
    for (const auto& [key, member] : *object) count += count_keys(member);
  } else if (const json::array* list = value.if_array()) {
    for (const json::value& item : *list) count += count_keys(item);
  }
  return count;
}

template <typename Handler>
Handler listen(std::string_view text, const json::parse_options& options) {
  json::basic_parser<Handler> parser(options);
  error_code error;
  parser.write_some(false, text.data(), text.size(), error);
  return std::move(parser.handler());
}

Error malformed(const std::string& file, const std::string& what) {
  return {ErrorCode::kInvalidArgument, file + ": " + what};
}

}  // namespace

Result<json::object> parse_json_object(std::string_view text, const std::string& file) {
  json::parse_options options;
  options.max_depth = kMaxDepth;

  error_code error;
  json::value document = json::parse({text.data(), text.size()}, error, {}, options);
  if (error) return malformed(file, "no valid JSON (" + error.message() + ")");
  // An object keeps one of two equal keys; which key that was takes longer to find.
  if (listen<KeyCounter>(text, options).num_keys != count_keys(document)) {
    const std::string key = listen<DuplicateKeyFinder>(text, options).key;
    return malformed(file, "the key " + printable(key) + " stands there twice");
  }
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

}  // namespace unmask::checkpoint
