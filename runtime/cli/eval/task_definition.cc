#include "runtime/cli/eval/task_definition.h"

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <string_view>

#include "rpc/openai/json_text.h"
#include "runtime/cli/eval/item_recipe.h"
#include "runtime/cli/eval/json_members.h"
#include "runtime/cli/eval/task_items.h"
#include "runtime/cli/text/text_file.h"

namespace unmask::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::size_t kMaxDefinitionBytes = 1 << 20;

std::vector<PublishedFigure> published_in(const json::object& definition) {
  std::vector<PublishedFigure> figures;
  const json::value* list = definition.if_contains("published");
  if (list == nullptr || !list->is_array()) return figures;
  for (const json::value& entry : list->get_array()) {
    const json::object* figure = entry.if_object();
    if (figure == nullptr) continue;
    figures.push_back({text_or_nothing(*figure, "what"), number_or_nothing(*figure, "right"),
                       number_or_nothing(*figure, "tokens_per_forward"),
                       number_or_nothing(*figure, "tokens_per_second"),
                       text_or_nothing(*figure, "source")});
  }
  return figures;
}

std::vector<actors::Parameter> settings_in(const json::object& definition) {
  std::vector<actors::Parameter> parameters;
  const json::value* settings = definition.if_contains("settings");
  if (settings == nullptr || !settings->is_object()) return parameters;
  for (const auto& [name, value] : settings->get_object()) {
    parameters.push_back({std::string(name), value.is_string() ? std::string(value.get_string())
                                                               : rpc::json_text(value)});
  }
  return parameters;
}

Result<json::object> read_definition(const std::string& path) {
  const Result<std::string> text = read_text(path, kMaxDefinitionBytes);
  if (!text) return text.error();
  boost::system::error_code error;
  const json::value value = json::parse(*text, error);
  if (error) return invalid("not JSON: " + error.message());
  if (!value.is_object()) return invalid("not a JSON object");
  return value.get_object();
}

/// Where the data set lies.
Result<std::string> find_data(const json::object& definition, const std::string& name,
                              const std::string& data) {
  const std::vector<std::string> files = texts_of(definition, "data");
  const std::string wanted = files.empty() ? "" : files.front();
  const std::string origin = text_or_nothing(definition, "origin");
  if (data.empty()) {
    return invalid("task " + name + " reads " + wanted + " (" + origin +
                   ") from the folder that --data names");
  }
  for (const std::string& file : files) {
    std::error_code ignored;
    if (fs::is_regular_file(fs::path(data) / file, ignored)) return fs::path(data) / file;
  }
  return invalid("task " + name + ": there is no " + wanted + " in '" + data + "'; it comes from " +
                 origin);
}

}  // namespace

Result<EvalTask> read_defined_task(const std::string& path, const std::string& data,
                                   std::size_t limit) {
  const Result<json::object> definition = read_definition(path);
  if (!definition) return invalid("'" + path + "': " + definition.error().message);
  const Result<ItemRecipe> recipe = recipe_of(*definition);
  if (!recipe) return invalid("'" + path + "': " + recipe.error().message);
  EvalTask task;
  task.name = fs::path(path).stem();
  const Result<std::string> file = find_data(*definition, task.name, data);
  if (!file) return file.error();
  task.parameters = settings_in(*definition);
  task.stop = texts_of(*definition, "stop");
  task.published = published_in(*definition);
  if (const auto seconds = number_or_nothing(*definition, "check_seconds")) {
    task.check_time =
        std::chrono::milliseconds(std::int64_t(std::clamp(*seconds, 1.0, 600.0) * 1e3));
  }
  const Result<> read = read_objects(*file, [&](const json::object& row) -> Result<> {
    if (task.items.size() >= limit) return {};
    if (!is_wanted(*recipe, row)) {
      ++task.num_left_out;
      return {};
    }
    Result<TaskItem> item = make_item(*recipe, row);
    if (!item) return item.error();
    task.items.push_back(std::move(*item));
    return {};
  });
  if (!read) return read.error();
  if (task.items.empty())
    return invalid("'" + *file + "' has no item that task " + task.name + " knows");
  return task;
}

}  // namespace unmask::cli
