#include <boost/json.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "rpc/openai/json_text.h"
#include "runtime/cli/command.h"
#include "runtime/cli/job/job_files.h"
#include "runtime/cli/process/embedded_model.h"
#include "runtime/cli/process/local_config.h"
#include "runtime/cli/process/served_model.h"
#include "runtime/cli/text/characters.h"

namespace unmask::cli {
namespace {

namespace json = boost::json;

constexpr const char* kModelsExamples = R"(Examples:
  unmask models                          the model that ships with unmask, and the configured one
  unmask models LLaDA-MoE-7B-A1B-Instruct LLaDA-8B-Base
  unmask models --json | jq '.[0].parameters'

A model is a Hugging Face folder: config.json, *.safetensors, tokenizer.json.)";

/// "5.3 M".
std::string shown_count(std::int64_t count) {
  constexpr const char* kUnits[] = {"", " k", " M", " B", " T"};
  double number = double(count);
  std::size_t unit = 0;
  while (number >= 1000 && unit + 1 < std::size(kUnits)) {
    number /= 1000;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f%s" : "%.1f%s", number, kUnits[unit]);
  return text;
}

std::string shown_id(std::int32_t id) { return id >= 0 ? std::to_string(id) : "not said"; }

std::string shown_template(const ServedModel& model) {
  if (!model.tokenizer) return "no tokenizer: tokens only";
  const tokenizer::ChatTemplate& chat = model.tokenizer->chat_template();
  if (!chat.exists()) return "none: plain text only";
  return chat.unsupported_reason().empty() ? "chat"
                                           : "not known: choose one by name (--chat-template)";
}

json::object to_json(const ServedModel& model) {
  const checkpoint::ModelConfig& config = model.checkpoint.config();
  const bool has_chat =
      model.tokenizer && model.tokenizer->chat_template().unsupported_reason().empty();
  return {{"name", model.name},
          {"dir", model.checkpoint.dir().string()},
          {"architecture", name_of(config.architecture)},
          {"parameters", model.num_parameters},
          {"bytes", model.num_bytes},
          {"dtype", model.dtype == kernels::DType::kBF16 ? "bf16" : "f32"},
          {"layers", config.num_layers},
          {"hidden_size", config.hidden_size},
          {"experts", config.num_experts},
          {"experts_per_token", config.num_experts_per_token},
          {"vocabulary", config.vocab_size},
          {"context", config.max_positions},
          {"tokenizer", bool(model.tokenizer)},
          {"chat_template", has_chat},
          {"mask_id", model.jobs.vocabulary.mask_id},
          {"eos_id", model.jobs.vocabulary.eos_id},
          {"warnings", json::value_from(model.warnings)}};
}

void print(const ServedModel& model) {
  const checkpoint::ModelConfig& config = model.checkpoint.config();
  const std::string experts = config.num_experts > 0
                                  ? ", " + std::to_string(config.num_experts_per_token) + " of " +
                                        std::to_string(config.num_experts) + " experts"
                                  : "";
  std::printf("%s\n", printable(model.name).c_str());
  const auto line = [](const char* what, const std::string& value) {
    std::printf("  %-14s%s\n", what, printable(value).c_str());
  };
  line("architecture", std::string(name_of(config.architecture)) + ", " +
                           std::to_string(config.num_layers) + " layers of " +
                           std::to_string(config.hidden_size) + experts);
  line("parameters", shown_count(model.num_parameters) + ", computed in " +
                         (model.dtype == kernels::DType::kBF16 ? "bf16" : "f32"));
  line("context",
       std::to_string(config.max_positions) + " tokens of " + std::to_string(config.vocab_size));
  line("template", shown_template(model));
  line("mask, eos",
       shown_id(model.jobs.vocabulary.mask_id) + ", " + shown_id(model.jobs.vocabulary.eos_id));
  line("folder", model.checkpoint.dir().string());
  for (const std::string& warning : model.warnings) line("warning", warning);
}

/// The embedded model first, then the one of the environment.
Result<std::vector<std::string>> known_models() {
  const Result<ClusterConfig> config = load_local_config({});
  if (!config) return config.error();
  std::vector<std::string> dirs;
  const Result<std::filesystem::path> embedded = find_embedded_model();
  if (embedded) dirs.push_back(embedded->string());
  if (!config->model.dir.empty()) dirs.push_back(config->model.dir);
  if (dirs.empty()) return embedded.error();
  return dirs;
}

int show_models(std::vector<std::string> dirs, bool as_json) {
  if (dirs.empty()) {
    Result<std::vector<std::string>> known = known_models();
    if (!known) return Reporter{as_json}(known.error(), kBadConfig);
    dirs = std::move(*known);
  }
  int exit_code = kOk;
  json::array list;
  for (const std::string& dir : dirs) {
    ClusterConfig::Model config;
    config.dir = dir;
    const Result<ServedModel> model = open_served_model(config);
    if (!model) {
      exit_code = report(model.error(), kBadConfig);  // the others may be fine
      json::object failed = json::parse(cli::to_json(model.error())).as_object();
      failed["dir"] = dir;
      list.push_back(std::move(failed));
    } else if (as_json) {
      list.push_back(to_json(*model));
    } else {
      print(*model);
    }
  }
  if (as_json) std::printf("%s\n", rpc::json_text(list).c_str());
  return exit_code;
}

}  // namespace

void add_models(Command program) {
  Command command = program.add_command("models", "What a model is, and whether it can be served");
  command.set_group(kLookGroup);
  command.set_footer(kModelsExamples);
  const auto dirs = std::make_shared<std::vector<std::string>>();
  const auto as_json = std::make_shared<bool>(false);
  command.add({.name = "dir", .help = "Folders of checkpoints", .type = "DIR", .takes_many = true},
              *dirs);
  command.add({.name = "--json", .help = "Print one JSON list"}, *as_json);
  command.set_action([dirs, as_json] { return show_models(*dirs, *as_json); });
}

}  // namespace unmask::cli
