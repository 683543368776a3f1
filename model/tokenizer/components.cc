#include "model/tokenizer/components.h"

#include "model/tokenizer/tokenizer_json.h"

namespace unmask::tokenizer {

namespace json = boost::json;

std::vector<const json::value*> components_of(const json::value* value, std::string_view list) {
  if (value == nullptr || value->is_null()) return {};
  const json::object* object = value->if_object();
  const json::array* parts = object != nullptr && text_of(*object, "type") == "Sequence"
                                 ? find_list(*object, list)
                                 : nullptr;
  if (parts == nullptr) return {value};
  std::vector<const json::value*> all;
  for (const json::value& part : *parts) {
    const std::vector<const json::value*> inner = components_of(&part, list);
    all.insert(all.end(), inner.begin(), inner.end());
  }
  return all;
}

}  // namespace unmask::tokenizer
