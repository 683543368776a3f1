#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <span>

#include "model/checkpoint/json.h"
#include "model/diffusion/job_params.h"
#include "model/diffusion/trace_fields.h"
#include "model/diffusion/trace_file.h"
#include "runtime/base/nearest_name.h"

namespace unmask::diffusion {
namespace {

namespace json = boost::json;

/// Fields of the format that say what came out, or how sure that is.
constexpr std::string_view kResults[] = {
    "reference",  "iterations",        "canvas",          "final",          "forwards",
    "min_margin", "min_candidate_gap", "noise_conf_diff", "min_router_gap", "cache_updates"};

/// What else a trace may say of its job.
constexpr std::string_view kOthers[] = {"case",     "model",         "prompt", "strategy",
                                        "cache",    "smoothing",     "batch",  "attention",
                                        "final_is", "candidates_are"};

/// Reads one file; the first thing that is wrong stays in `error`.
class Reader {
 public:
  explicit Reader(const std::string& file) : file_(file) {}

  void fail(const std::string& sentence) {
    if (!error) error = Error{ErrorCode::kInvalidArgument, file_ + ": " + sentence};
  }

  const json::value* find(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    if (value == nullptr) fail("the field " + std::string(name) + " is missing");
    return value;
  }

  std::int32_t integer(const json::value& value, std::string_view where) {
    const std::int64_t* number = value.if_int64();
    if (number != nullptr && *number >= INT32_MIN && *number <= INT32_MAX) {
      return std::int32_t(*number);
    }
    fail(std::string(where) + " holds " + checkpoint::printable(value) +
         ", which is no 32-bit integer");
    return 0;
  }

  double number(const json::value& value, std::string_view where) {
    if (const double* real = value.if_double(); real != nullptr) return *real;
    return integer(value, where);
  }

  const json::array& list(const json::value& value, std::string_view where) {
    static const json::array kNothing;
    if (const json::array* items = value.if_array(); items != nullptr) return *items;
    fail(std::string(where) + " is " + checkpoint::printable(value) + ", but must be a list");
    return kNothing;
  }

  /// A list of exactly `size` items.
  const json::array* tuple(const json::value& value, std::size_t size, std::string_view where) {
    const json::array* items = value.if_array();
    if (items != nullptr && items->size() == size) return items;
    fail(std::string(where) + " holds " + checkpoint::printable(value) +
         ", but must hold lists of " + std::to_string(size));
    return nullptr;
  }

  std::vector<std::int32_t> integers(const json::object& object, std::string_view name) {
    std::vector<std::int32_t> numbers;
    if (const json::value* value = find(object, name); value != nullptr) {
      for (const json::value& item : list(*value, name)) numbers.push_back(integer(item, name));
    }
    return numbers;
  }

  Range range(const json::value& value, std::string_view where) {
    const json::array* items = tuple(value, 2, where);
    if (items == nullptr) return {};
    return {integer((*items)[0], where), integer((*items)[1], where)};
  }

  std::optional<Range> optional_range(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    if (value == nullptr || value->is_null()) return std::nullopt;
    return range(*value, name);
  }

  std::optional<double> optional_number(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    if (value == nullptr || value->is_null()) return std::nullopt;
    return number(*value, name);
  }

  std::optional<Error> error;

 private:
  const std::string& file_;
};

/// A scalar as a job parameter's text; lists and objects as JSON, which no parameter takes.
std::string text_of(const json::value& value) {
  if (const json::string* text = value.if_string(); text != nullptr) {
    return {text->begin(), text->end()};
  }
  if (const double* number = value.if_double(); number != nullptr) {
    std::array<char, 32> digits{};
    return {digits.data(),
            std::to_chars(digits.data(), digits.data() + digits.size(), *number).ptr};
  }
  return json::serialize(value);
}

/// Fast-dLLM's functions take `steps` beside rules that do not read it.
bool is_idle(const json::object& choice, std::string_view name) {
  return name == "steps" &&
         (choice.at("name") == "factor" || choice.at("name") == "fastdllm_threshold");
}

/// What null means: no confidence is above a high threshold, every one is above a low one.
std::string unset(std::string_view name) {
  if (name == "threshold") return "1";
  if (name == "low_threshold") return "0";
  return "null";
}

/// "name" becomes the choice itself, the other fields stand beside it.
void add_choice(Reader& reader, const json::object& job, std::string_view field,
                std::vector<NamedValue>& values) {
  const json::value* value = reader.find(job, field);
  if (value == nullptr) return;
  const json::object* choice = value->if_object();
  if (choice == nullptr || !choice->contains("name")) {
    return reader.fail(std::string(field) + " is " + checkpoint::printable(*value) +
                       ", but must be an object with a name");
  }
  values.push_back({std::string(field), text_of(choice->at("name"))});
  for (const auto& [name, parameter] : *choice) {
    if (name == "name" || is_idle(*choice, name)) continue;
    values.push_back({std::string(name), parameter.is_null() ? unset(name) : text_of(parameter)});
  }
}

/// Null, or an object with its parameters.
void add_smoothing(Reader& reader, const json::object& job, std::vector<NamedValue>& values) {
  const json::value* value = job.if_contains("smoothing");
  if (value == nullptr || value->is_null()) return;
  const json::object* smoothing = value->if_object();
  if (smoothing == nullptr) {
    return reader.fail("smoothing is " + checkpoint::printable(*value) +
                       ", but must be an object, or null");
  }
  values.push_back({"smoothing", "true"});
  for (const auto& [name, parameter] : *smoothing) {
    values.push_back({std::string(name), text_of(parameter)});
  }
}

TraceIteration read_iteration(Reader& reader, const json::object& object) {
  TraceIteration iteration;
  if (const json::value* kind = reader.find(object, "kind"); kind != nullptr) {
    iteration.kind = text_of(*kind);
  }
  iteration.block = reader.optional_range(object, "block").value_or(Range{});
  iteration.window = reader.optional_range(object, "window").value_or(Range{});
  if (const json::value* kv = object.if_contains("kv")) iteration.kv = reader.integer(*kv, "kv");
  iteration.kv_write = reader.optional_range(object, "kv_write");
  if (const json::value* persist = object.if_contains("kv_persist")) {
    iteration.kv_persist = persist->is_bool() && persist->get_bool();
  }
  if (const json::value* input = object.if_contains("input")) iteration.input = text_of(*input);
  iteration.eos_fill = reader.optional_range(object, "eos_fill");
  iteration.threshold = reader.optional_number(object, "threshold");
  iteration.mix_weight = reader.optional_number(object, "mix_weight");
  iteration.mix_window = reader.optional_range(object, "mix_window");
  if (const json::value* edits = reader.find(object, "edits"); edits != nullptr) {
    for (const json::value& item : reader.list(*edits, "edits")) {
      const Range pair = reader.range(item, "edits");
      iteration.edits.push_back({pair.begin, pair.end});
    }
  }
  if (const json::value* candidates = reader.find(object, "candidates"); candidates != nullptr) {
    for (const json::value& item : reader.list(*candidates, "candidates")) {
      const json::array* triple = reader.tuple(item, 3, "candidates");
      if (triple == nullptr) break;
      iteration.candidates.push_back({reader.integer((*triple)[0], "candidates"),
                                      reader.integer((*triple)[1], "candidates"),
                                      reader.number((*triple)[2], "candidates")});
    }
  }
  return iteration;
}

bool is_block_causal(Reader& reader, const json::object& job) {
  const json::value* attention = job.if_contains("attention");
  if (attention == nullptr || attention->is_null()) return false;
  if (*attention == "block-causal") return true;
  reader.fail("attention is " + checkpoint::printable(*attention) +
              ", but must be block-causal, or left out where it is full");
  return false;
}

void reject_batch(Reader& reader, const json::object& object) {
  if (const json::value* batch = object.if_contains("batch");
      batch != nullptr && !batch->is_null() && *batch != json::value(1)) {
    reader.fail("batch is " + checkpoint::printable(*batch) +
                ": padded static batches are not reproduced, rows here never wait for each other;"
                " give each row as a job of its own");
  }
}

/// A field that nobody reads would be a parameter that is silently not there.
void reject_unknown(Reader& reader, const json::object& object) {
  std::vector<std::string> known;
  for (const auto& names :
       {std::span<const std::string_view>(kTopLevelParams),
        std::span<const std::string_view>(kOthers), std::span<const std::string_view>(kResults)}) {
    known.insert(known.end(), names.begin(), names.end());
  }
  for (const auto& [name, value] : object) {
    const std::string field(name);
    if (std::ranges::find(known, field) != known.end()) continue;
    reader.fail("there is no field " + field + did_you_mean(field, known));
  }
}

std::string without_results(json::object job) {
  for (const std::string_view name : kResults) job.erase(name);
  return json::serialize(job);
}

}  // namespace

Result<TraceJob> read_trace_job(std::string_view text, const std::string& file) {
  const Result<json::object> object = checkpoint::parse_json_object(text, file);
  if (!object) return object.error();
  Reader reader(file);
  reject_unknown(reader, *object);
  reject_batch(reader, *object);
  TraceJob job;
  job.prompt = reader.integers(*object, "prompt");
  for (const std::int32_t token : job.prompt) {
    if (token < 0) reader.fail("prompt holds " + std::to_string(token) + ", which is no token id");
  }
  reader.find(*object, "mask_id");
  reader.find(*object, "gen_length");
  std::vector<NamedValue> values;
  for (const std::string_view name : kTopLevelParams) {
    if (const json::value* value = object->if_contains(name); value != nullptr) {
      values.push_back({std::string(name), text_of(*value)});
    }
  }
  add_choice(reader, *object, "strategy", values);
  add_choice(reader, *object, "cache", values);
  add_smoothing(reader, *object, values);
  job.is_block_causal = is_block_causal(reader, *object);
  if (reader.error) return *reader.error;
  const Result<DiffusionParams> params = parse_job_params(values);
  if (!params) return Error{params.error().code, file + ": " + params.error().message};
  if (params->mask_id < 0) {
    return Error{ErrorCode::kInvalidArgument, file + ": mask_id is null, but must be a token id"};
  }
  job.params = *params;
  job.source = without_results(*object);
  return job;
}

Result<Trace> read_trace(std::string_view text, const std::string& file) {
  const Result<json::object> object = checkpoint::parse_json_object(text, file);
  if (!object) return object.error();
  Reader reader(file);
  reject_batch(reader, *object);
  Trace trace;
  trace.canvas = reader.integers(*object, "canvas");
  trace.final_tokens = reader.integers(*object, "final");
  if (const json::value* forwards = reader.find(*object, "forwards"); forwards != nullptr) {
    trace.forwards = reader.integer(*forwards, "forwards");
  }
  if (const json::value* iterations = reader.find(*object, "iterations"); iterations != nullptr) {
    for (const json::value& item : reader.list(*iterations, "iterations")) {
      if (reader.error) break;
      if (!item.is_object()) {
        reader.fail("iterations holds " + checkpoint::printable(item) + ", but must hold objects");
        break;
      }
      trace.iterations.push_back(read_iteration(reader, item.get_object()));
    }
  }
  if (reader.error) return *reader.error;
  return trace;
}

}  // namespace unmask::diffusion
