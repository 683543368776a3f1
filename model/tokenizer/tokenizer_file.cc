#include "model/tokenizer/tokenizer_file.h"

#include <optional>
#include <utility>

#include "model/tokenizer/components.h"
#include "model/tokenizer/post_processor.h"
#include "model/tokenizer/tokenizer_json.h"
#include "model/tokenizer/vocab_reader.h"
#include "runtime/base/listed.h"

namespace unmask::tokenizer {
namespace {

namespace json = boost::json;

/// Whatever would change what comes out, and is not done here.
Result<> check_supported(const json::object& root, const json::object& model,
                         const std::string& file) {
  const auto refuse = [&](const std::string& name, const json::value& value) {
    return malformed(file,
                     name + " is " + checkpoint::printable(value) + ", which is not supported");
  };
  if (const json::value* type = find(model, "type"); type && *type != json::value("BPE")) {
    return refuse("model.type", *type);
  }
  // A file says that it does without by null, "", 0 or false.
  for (const char* name : {"dropout", "unk_token", "continuing_subword_prefix",
                           "end_of_word_suffix", "byte_fallback"}) {
    const json::value* value = find(model, name);
    const bool is_off = value == nullptr || *value == json::value("") ||
                        *value == json::value(false) ||
                        (value->is_number() && value->to_number<double>() == 0.0);
    if (!is_off) return refuse("model." + std::string(name), *value);
  }
  const auto normalizers = components_of(find(root, "normalizer"), "normalizers");
  if (!normalizers.empty()) return refuse("normalizer", *normalizers.front());
  const auto decoders = components_of(find(root, "decoder"), "decoders");
  const json::object* decoder = decoders.size() == 1 ? decoders.front()->if_object() : nullptr;
  if (decoder == nullptr || text_of(*decoder, "type") != "ByteLevel") {
    return malformed(file, "decoder must be of the type ByteLevel");
  }
  return {};
}

/// How long a text may be, or has to be, a library that trains is told here.
std::vector<std::string> warnings_of(const json::object& root, const std::string& file) {
  std::vector<std::string> unused;
  for (const char* name : {"truncation", "padding"}) {
    if (find(root, name) != nullptr) unused.emplace_back(name);
  }
  if (unused.empty()) return {};
  return {file + ": not used, for a text is taken as long as it is: " + listed(unused)};
}

/// A Split by a known regular expression, then a ByteLevel that does nothing else.
Result<Splitter> read_pre_tokenizer(const json::value& pre_tokenizer, const std::string& file) {
  const auto parts = components_of(&pre_tokenizer, "pretokenizers");
  const bool is_pair = parts.size() == 2 && parts[0]->is_object() && parts[1]->is_object();
  const auto refuse = [&] {
    return malformed(file, "pre_tokenizer is " + checkpoint::printable(pre_tokenizer) +
                               ", but must be a Split and a plain ByteLevel");
  };
  if (!is_pair) return refuse();
  const json::object& split = parts[0]->get_object();
  const json::object& byte_level = parts[1]->get_object();
  const json::object* pattern = find_object(split, "pattern");
  if (text_of(split, "type") != "Split" || text_of(split, "behavior") != "Isolated" ||
      flag_of(split, "invert", false) || pattern == nullptr ||
      text_of(byte_level, "type") != "ByteLevel" || flag_of(byte_level, "add_prefix_space", true) ||
      flag_of(byte_level, "use_regex", true)) {
    return refuse();
  }
  const std::string_view regex = text_of(*pattern, "Regex");
  if (const std::optional<Splitter> splitter = Splitter::of_regex(regex)) return *splitter;
  return malformed(file,
                   "the pre_tokenizer's Regex " + checkpoint::printable(regex) + " is not known");
}

}  // namespace

Result<TokenizerFile> parse_tokenizer_file(std::string_view text, const std::string& file) {
  const Result<json::object> root = checkpoint::parse_json_object(text, file);
  if (!root) return root.error();
  const json::object* model = find_object(*root, "model");
  const json::object* words = model ? find_object(*model, "vocab") : nullptr;
  const json::array* merges = model ? find_list(*model, "merges") : nullptr;
  if (words == nullptr || merges == nullptr) {
    return malformed(file, "has no model with a vocab and merges");
  }
  if (const Result<> checked = check_supported(*root, *model, file); !checked) {
    return checked.error();
  }
  const json::value* pre_tokenizer = root->if_contains("pre_tokenizer");
  const Result<Splitter> splitter =
      read_pre_tokenizer(pre_tokenizer ? *pre_tokenizer : json::value(), file);
  if (!splitter) return splitter.error();

  VocabReader reader(file);
  Result<std::vector<VocabEntry>> vocab = reader.read_words(*words);
  if (!vocab) return vocab.error();
  Result<Bpe> bpe = reader.read_merges(*merges);
  if (!bpe) return bpe.error();
  const json::array* added_list = find_list(*root, "added_tokens");
  Result<std::vector<AddedToken>> added =
      reader.read_added_tokens(added_list ? *added_list : json::array());
  if (!added) return added.error();
  TokenizerFile parsed{
      *splitter, std::move(*bpe),         std::move(*vocab), false, std::move(*added),
      {},        warnings_of(*root, file)};
  parsed.ignores_merges = flag_of(*model, "ignore_merges", false);
  if (const json::value* processor = find(*root, "post_processor")) {
    Result<TokenAffixes> affixes = read_post_processor(*processor, reader, file);
    if (!affixes) return affixes.error();
    parsed.affixes = std::move(*affixes);
  }
  return parsed;
}

}  // namespace unmask::tokenizer
