#include "runtime/cli/process/model_options.h"

#include "model/tokenizer/tokenizer.h"
#include "runtime/cli/process/local_config.h"

namespace unmask::cli {

void ModelOptions::add_to(Command command) {
  command.add({.name = "--model",
               .help = "Folder of the checkpoint; the one of unmask if left out",
               .type = "DIR"},
              model);
  command.add(
      {.name = "--dtype", .help = "Of the weights: auto (as stored), f32 or bf16", .type = "NAME"},
      dtype);
  command.add({.name = "--threads", .help = "How many compute; all cores if left out", .type = "N"},
              threads);
  command.add({.name = "--instructions",
               .help = "Of the CPU: auto (the best it has), portable, avx2 or avx512",
               .type = "SET"},
              instructions);
  command.add({.name = "--numerics",
               .help = "exact: the same bytes in every batch; fast: cuBLASLt on a GPU, too",
               .type = "MODE",
               .one_of = {"exact", "fast"}},
              numerics);
  command.add({.name = "--device",
               .help = "Where to compute: auto (a GPU, if there is one), cpu, cuda or cuda:N",
               .type = "DEVICE"},
              device);
  command.add({.name = "--chat-template",
               .help = "A chat template by name, instead of the checkpoint's: " +
                       tokenizer::template_names(),
               .type = "NAME"},
              chat_template);
}

std::vector<ConfigFlag> ModelOptions::config_flags() const {
  return {{"model.dir", model, "--model"},
          {"model.dtype", dtype, "--dtype"},
          {"model.chat_template", chat_template, "--chat-template"},
          {"compute.threads", threads, "--threads"},
          {"compute.instructions", instructions, "--instructions"},
          {"compute.device", device, "--device"},
          {"model.numerics", numerics, "--numerics"}};
}

std::string ModelOptions::first_given() const {
  for (const ConfigFlag& flag : config_flags()) {
    if (!flag.value.empty()) return flag.flag;
  }
  return "";
}

Result<ClusterConfig> ModelOptions::load(std::vector<ConfigFlag> more) const {
  std::vector<ConfigFlag> flags = config_flags();
  flags.insert(flags.end(), more.begin(), more.end());
  return load_local_config(std::move(flags));
}

}  // namespace unmask::cli
