#include "runtime/cli/eval/results_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include "rpc/openai/json_text.h"
#include "runtime/cli/text/text_file.h"

namespace unmask::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxResultsBytes = std::size_t(4) << 30;

/// 64 bits are more than a number of JSON holds everywhere.
std::string digits_of(std::uint64_t number) { return std::to_string(number); }

std::string line_of(const ItemResult& result) {
  return rpc::json_text(json::object{{"variant", result.variant},
                                     {"task", result.task},
                                     {"item", result.item},
                                     {"digest", digits_of(result.digest)},
                                     {"right", result.is_right},
                                     {"tokens", result.tokens},
                                     {"forwards", result.forwards},
                                     {"seconds", result.seconds},
                                     {"text", result.text}});
}

/// Nothing if the line is none of ours.
std::optional<ItemResult> parse_result(const json::value& value) {
  try {
    ItemResult result;
    result.variant = value.at("variant").as_string();
    result.task = value.at("task").as_string();
    result.item = value.at("item").to_number<std::size_t>();
    const json::string& digest = value.at("digest").as_string();
    const auto [end, error] =
        std::from_chars(digest.data(), digest.data() + digest.size(), result.digest);
    if (error != std::errc() || end != digest.data() + digest.size()) return std::nullopt;
    result.is_right = value.at("right").as_bool();
    result.tokens = value.at("tokens").to_number<std::int64_t>();
    result.forwards = value.at("forwards").to_number<std::int64_t>();
    result.seconds = value.at("seconds").to_number<double>();
    result.text = value.at("text").as_string();
    return result;
  } catch (const std::exception&) {  // whatever is missing or of another kind
    return std::nullopt;
  }
}

/// Which setting is another one: "model is 'a', not 'b'"; empty if all are the same.
std::string difference(const json::object& old, const json::object& now) {
  for (const auto& [name, value] : now) {
    const json::value* other = old.if_contains(name);
    const std::string was = other != nullptr ? rpc::json_text(*other) : "not told";
    if (was != rpc::json_text(value))
      return std::string(name) + " is " + was + ", not " + rpc::json_text(value);
  }
  return "";
}

}  // namespace

Result<ResultsFile> ResultsFile::open(const std::string& folder, const std::string& settings) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const std::string path = std::filesystem::path(folder) / "results.jsonl";
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
  if (!file.is_open()) {
    return invalid("--out: cannot write '" + path +
                   "': " + (error ? error.message() : std::strerror(errno)));
  }
  if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    return invalid("another unmask eval writes '" + path + "'; give this one another --out");
  }
  ResultsFile results(path, std::move(file));
  if (const Result<> read = results.read(settings); !read) return read.error();
  return results;
}

Result<> ResultsFile::read(const std::string& settings) {
  Result<std::string> text = read_text(path_, kMaxResultsBytes);
  if (!text) return text.error();
  const std::size_t whole = text->rfind('\n') == std::string::npos ? 0 : text->rfind('\n') + 1;
  if (whole < text->size() && ftruncate(file_.get(), off_t(whole)) != 0) {
    return invalid("--out: cannot write '" + path_ + "': " + std::strerror(errno));
  }
  if (whole == 0) return write(settings);
  std::string_view rest = std::string_view(*text).substr(0, whole);
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() + 1);
    boost::system::error_code error;
    const json::value value = json::parse({line.data(), line.size()}, error);
    const std::string where = "'" + path_ + "' line " + std::to_string(number);
    if (number == 1) {
      if (error || !value.is_object() || !value.get_object().contains("unmask_eval")) {
        return invalid(where + " is not of unmask eval; give another --out");
      }
      const std::string other = difference(value.get_object(), json::parse(settings).as_object());
      if (!other.empty()) {
        return invalid("'" + path_ + "' is of other settings: its " + other +
                       "; give another --out");
      }
      continue;
    }
    std::optional<ItemResult> result = error ? std::nullopt : parse_result(value);
    if (!result)
      return invalid(where + " is not a result of unmask eval; delete it, or give another --out");
    results_.push_back(std::move(*result));
  }
  return {};
}

Result<> ResultsFile::append(ItemResult result) {
  const Result<> written = write(line_of(result));
  results_.push_back(std::move(result));
  return written;
}

Result<> ResultsFile::write(const std::string& line) {
  const std::string whole = line + "\n";
  for (std::size_t done = 0; done < whole.size();) {
    const ssize_t size = ::write(file_.get(), whole.data() + done, whole.size() - done);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) {
      return Error{ErrorCode::kInternal, "cannot write '" + path_ + "': " + std::strerror(errno)};
    }
    done += std::size_t(size);
  }
  return {};
}

}  // namespace unmask::cli
