#include "model/tokenizer/post_processor.h"

namespace unmask::tokenizer {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxAffixTokens = 64;

class Reader {
 public:
  Reader(const VocabReader& vocab, const std::string& file) : vocab_(vocab), file_(file) {}

  Result<> read(const json::value& processor) {
    const json::object* fields = processor.if_object();
    const std::string_view type = fields ? text_of(*fields, "type") : std::string_view();
    if (type == "ByteLevel") return {};  // about offsets only
    if (type == "TemplateProcessing") return read_template(*fields);
    const json::array* parts = type == "Sequence" ? find_list(*fields, "processors") : nullptr;
    if (parts == nullptr) {
      return malformed(file_, "post_processor is " + checkpoint::printable(processor) +
                                  ", which is not supported");
    }
    for (const json::value& part : *parts) {
      if (const Result<> done = read(part); !done) return done;
    }
    return {};
  }

  TokenAffixes take() && { return std::move(affixes_); }

 private:
  Error refuse(const std::string& what) const { return malformed(file_, "post_processor " + what); }

  Result<> read_template(const json::object& fields) {
    const json::array* pieces = find_list(fields, "single");
    const json::object* tokens = find_object(fields, "special_tokens");
    if (pieces == nullptr || tokens == nullptr) return refuse("has no single or special_tokens");
    if (std::exchange(has_template_, true)) return refuse("has two templates");
    bool is_after = false;
    for (const json::value& piece : *pieces) {
      const json::object* kind = piece.if_object();
      const json::object* token = kind ? find_object(*kind, "SpecialToken") : nullptr;
      const json::object* text = kind ? find_object(*kind, "Sequence") : nullptr;
      if (text != nullptr && text_of(*text, "id") == "A" && !is_after) {
        is_after = true;
      } else if (token != nullptr) {
        const Result<> added =
            add(*tokens, text_of(*token, "id"), is_after ? affixes_.suffix : affixes_.prefix);
        if (!added) return added;
      } else {
        return refuse("has the piece " + checkpoint::printable(piece) + ", which is not supported");
      }
    }
    if (!is_after) return refuse("has no place for the text");
    return {};
  }

  Result<> add(const json::object& tokens, std::string_view name, std::vector<std::int32_t>& side) {
    const json::object* token = find_object(tokens, name);
    const json::array* ids = token ? find_list(*token, "ids") : nullptr;
    if (ids == nullptr) return refuse("does not tell the ids of " + checkpoint::printable(name));
    for (const json::value& id : *ids) {
      if (!id.is_int64() || !vocab_.has(id.get_int64())) {
        return refuse("gives " + checkpoint::printable(name) + " the unknown id " +
                      checkpoint::printable(id));
      }
      if (side.size() == kMaxAffixTokens) {
        return refuse("adds more than " + std::to_string(kMaxAffixTokens) + " tokens");
      }
      side.push_back(static_cast<std::int32_t>(id.get_int64()));
    }
    return {};
  }

  const VocabReader& vocab_;
  const std::string& file_;
  bool has_template_ = false;
  TokenAffixes affixes_;
};

}  // namespace

Result<TokenAffixes> read_post_processor(const json::value& processor, const VocabReader& vocab,
                                         const std::string& file) {
  Reader reader(vocab, file);
  if (const Result<> done = reader.read(processor); !done) return done.error();
  return std::move(reader).take();
}

}  // namespace unmask::tokenizer
