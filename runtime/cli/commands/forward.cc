#include <algorithm>
#include <memory>
#include <optional>

#include "runtime/cli/command.h"
#include "runtime/cli/job/job_files.h"
#include "runtime/cli/process/tool_model.h"
#include "runtime/cli/text/npy_writer.h"
#include "runtime/cli/text/progress.h"
#include "runtime/cli/text/safetensors_writer.h"

namespace unmask::cli {
namespace {

struct ForwardFlags {
  ToolFlags tool;
  std::string tokens_file;
  std::int32_t block_length = 0;
  std::string out;
  std::string dump;
};

constexpr const char* kForwardExamples = R"(Examples:
  unmask forward --tokens-file ids.json --out logits.npy
  unmask forward --model DIR --tokens-file ids.json --out logits.npy --dump hidden.safetensors

ids.json is a list such as [2041, 17, 2043]. logits.npy holds float32 [tokens, vocabulary]; the dump
holds tokens, hidden_0 (embeddings) to hidden_L, router_ids_0, router_weights_0, ... and logits.)";

/// Where the tensors of a forward go.
class ForwardFiles {
 public:
  static Result<ForwardFiles> create(const ForwardFlags& flags,
                                     const checkpoint::ModelConfig& config) {
    Result<OutputFile> out = OutputFile::create(flags.out);
    if (!out) return out.error();
    ForwardFiles files{NpyWriter(std::move(*out))};
    if (flags.dump.empty()) return files;
    Result<OutputFile> dump = OutputFile::create(flags.dump);
    if (!dump) return dump.error();
    // Of each layer: hidden states, chosen experts, their weights. Beside them: embeddings, logits,
    // tokens.
    files.dump_.emplace(std::move(*dump), std::size_t(3 * config.num_layers + 3));
    return files;
  }

  void add_tokens(std::span<const std::int32_t> tokens) {
    if (!dump_) return;
    dump_->begin("tokens", "I32", {std::int64_t(tokens.size())});
    dump_->append({reinterpret_cast<const std::uint32_t*>(tokens.data()), tokens.size()});
  }

  void add(const network::TensorRows& rows) {
    if (rows.name == "logits") {
      if (rows.first_row == 0) logits_.begin(rows.num_rows, rows.num_cols);
      logits_.append(rows.data);
    }
    if (!dump_) return;
    if (rows.first_row == 0) {
      dump_->begin(rows.name, rows.is_integer ? "I32" : "F32", {rows.num_rows, rows.num_cols});
    }
    dump_->append(rows.data);
  }

  Result<> commit() {
    if (dump_) {
      Result<> written = dump_->commit();
      if (!written) return written;
    }
    return logits_.commit();
  }

 private:
  explicit ForwardFiles(NpyWriter logits) : logits_(std::move(logits)) {}

  NpyWriter logits_;
  std::optional<SafetensorsWriter> dump_;
};

Result<> check_tokens(std::span<const std::int32_t> tokens, const ServedModel& model,
                      const std::string& file) {
  const std::int32_t vocab_size = model.jobs.vocab_size;
  const auto unknown = std::ranges::find_if(tokens, [&](auto id) { return id >= vocab_size; });
  if (unknown == tokens.end()) return {};
  return Error{ErrorCode::kInvalidArgument,
               file + ": entry " + std::to_string(unknown - tokens.begin()) + " is " +
                   std::to_string(*unknown) + "; model '" + model.name + "' has the tokens 0 to " +
                   std::to_string(vocab_size - 1)};
}

Result<> write_forward(const ForwardFlags& flags, ToolModel& tool,
                       std::span<const std::int32_t> tokens, ForwardFiles& files) {
  files.add_tokens(tokens);
  Progress progress("logits");
  const Result<> done = tool.forward(
      tokens, flags.block_length, !flags.dump.empty(), [&](const network::TensorRows& rows) {
        files.add(rows);
        if (rows.name == "logits") {
          progress.update(std::uint64_t(rows.first_row), std::uint64_t(rows.num_rows));
        }
      });
  if (!done) return done;
  return files.commit();
}

int run_forward(const ForwardFlags& flags) {
  const Result<std::vector<std::int32_t>> tokens = read_tokens(flags.tokens_file);
  if (!tokens) return report(tokens.error());
  const Result<ClusterConfig> config = flags.tool.config();
  if (!config) return report(config.error(), kBadConfig);
  const Result<ServedModel> model = ToolFlags::open(*config);
  if (!model) return report(model.error(), kBadConfig);
  const auto num_tokens = std::int64_t(tokens->size());
  Result<> can_be = check_tokens(*tokens, *model, flags.tokens_file);
  if (can_be) can_be = flags.tool.check(*model, num_tokens, num_tokens);
  if (!can_be) return report(can_be.error());
  Result<ForwardFiles> files = ForwardFiles::create(flags, model->checkpoint.config());
  if (!files) return report(files.error());
  const auto tool = flags.tool.load(*config, *model, {.num_computed = std::int32_t(num_tokens)});
  if (!tool) return report(tool.error(), kBadConfig);
  const Result<> written = write_forward(flags, **tool, *tokens, *files);
  if (!written) return report(written.error());
  return kOk;
}

}  // namespace

void add_forward(Command program) {
  Command command = program.add_command(
      "forward", "The logits of one forward, and what came before them, as files");
  command.set_group(kLookGroup);
  command.set_footer(kForwardExamples);
  const auto flags = std::make_shared<ForwardFlags>();
  flags->tool.add_to(command);
  command.add({.name = "--tokens-file",
               .help = "Token ids as a JSON list; - is stdin",
               .type = "FILE",
               .is_required = true},
              flags->tokens_file);
  command.add({.name = "--block-length",
               .help = "A position sees those of its own and earlier blocks; 0: all positions",
               .type = "N",
               .range = {{0, 1 << 20}}},
              flags->block_length);
  command.add(
      {.name = "--out", .help = "Logits as a NumPy file", .type = "FILE", .is_required = true},
      flags->out);
  command.add({.name = "--dump",
               .help = "Hidden states, routing and logits as a safetensors file",
               .type = "FILE"},
              flags->dump);
  command.set_action([flags] { return run_forward(*flags); });
}

}  // namespace unmask::cli
