#include "runtime/cli/eval/item_recipe.h"

#include <algorithm>
#include <boost/json.hpp>

#include "rpc/openai/json_text.h"
#include "runtime/cli/eval/fill_in.h"
#include "runtime/cli/eval/json_members.h"
#include "runtime/cli/eval/task_items.h"

namespace unmask::cli {

namespace json = boost::json;

Result<ItemRecipe> recipe_of(const json::object& definition) {
  ItemRecipe recipe;
  recipe.system = text_or_nothing(definition, "system");
  recipe.prompt = text_or_nothing(definition, "prompt");
  recipe.answer = text_or_nothing(definition, "answer");
  if (recipe.prompt.empty()) return invalid("\"prompt\" is missing or no text");
  const Result<Verifier> verifier = parse_verifier(text_or_nothing(definition, "verifier"));
  if (!verifier) return verifier.error();
  recipe.verifier = *verifier;
  std::string checker;
  for (const std::string& line : texts_of(definition, "checker")) checker += line + "\n";
  if ((recipe.verifier == Verifier::kPython) == checker.empty()) {
    return invalid("\"checker\" goes with verifier python, and that with it");
  }
  recipe.checker = std::make_shared<const std::string>(std::move(checker));
  const json::value* only_if = definition.if_contains("only_if");
  if (only_if != nullptr && only_if->is_object()) {
    recipe.condition = text_or_nothing(only_if->get_object(), "field");
    recipe.among = texts_of(only_if->get_object(), "among");
  }
  return recipe;
}

bool is_wanted(const ItemRecipe& recipe, const json::object& row) {
  if (recipe.condition.empty()) return true;
  std::vector<std::string> texts = texts_of(row, recipe.condition);
  if (texts.empty()) texts.push_back(text_or_nothing(row, recipe.condition));
  return std::ranges::all_of(texts, [&](const std::string& text) {
    return std::ranges::find(recipe.among, text) != recipe.among.end();
  });
}

Result<TaskItem> make_item(const ItemRecipe& recipe, const json::object& row) {
  Result<std::string> prompt = fill_in(recipe.prompt, row);
  if (!prompt) return prompt.error();
  Result<std::string> answer = fill_in(recipe.answer, row);
  if (!answer) return answer.error();
  TaskItem item;
  item.answer = std::move(*answer);
  item.verifier = recipe.verifier;
  if (recipe.system.empty()) {
    item.input = actors::TextInput{std::move(*prompt)};
  } else {
    item.input = actors::ChatInput{{{"system", recipe.system}, {"user", std::move(*prompt)}}};
  }
  if (recipe.verifier == Verifier::kPython) {
    item.checker = recipe.checker;
    item.json = rpc::json_text(row);
  }
  seal(item);
  return item;
}

}  // namespace unmask::cli
