#include "model/checkpoint/generation_config.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "model/checkpoint/config_reader.h"
#include "model/checkpoint/json.h"
#include "runtime/base/listed.h"

namespace unmask::checkpoint {
namespace {

constexpr std::string_view kHarmless[] = {"bos_token_id", "decoder_start_token_id",
                                          "transformers_version", "use_cache"};

void add_token(ConfigReader& reader, std::string_view key, int vocab_size,
               std::optional<std::int32_t>& id) {
  const std::vector<std::int32_t> ids = reader.tokens(key, vocab_size);
  if (ids.empty()) return;
  if (!id) id = ids.front();
  const std::string said = std::string(key) + " is " + printable(*reader.find(key));
  if (std::ranges::find(ids, *id) == ids.end()) {
    reader.warn(said + ", but config.json says " + std::to_string(*id) + ", which is used");
  } else if (ids.size() > 1) {
    reader.warn(said + ", of which " + std::to_string(*id) + " is used");
  }
}

}  // namespace

Result<> add_generation_config(std::string_view text, const std::string& file,
                               ModelConfig& config) {
  const auto object = parse_json_object(text, file);
  if (!object) return object.error();
  ConfigReader reader(*object, file);
  add_token(reader, "eos_token_id", config.vocab_size, config.eos_id);
  add_token(reader, "mask_token_id", config.vocab_size, config.mask_id);
  add_token(reader, "pad_token_id", config.vocab_size, config.pad_id);
  if (reader.error()) return *reader.error();
  reader.pass_over(kHarmless);
  if (const std::vector<std::string> unread = reader.unread(); !unread.empty()) {
    reader.warn("not used, for a job says how to generate: " + listed(unread));
  }
  config.warnings.insert(config.warnings.end(), reader.warnings().begin(), reader.warnings().end());
  return {};
}

}  // namespace unmask::checkpoint
