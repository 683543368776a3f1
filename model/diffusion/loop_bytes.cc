#include "model/diffusion/loop_bytes.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "model/diffusion/job_params.h"
#include "runtime/base/check.h"
#include "runtime/base/digest.h"

namespace unmask::diffusion {
namespace {

class ByteWriter {
 public:
  template <typename T>
  requires std::is_trivially_copyable_v<T>
  void put(T value) {
#if __has_builtin(__builtin_clear_padding)
    __builtin_clear_padding(&value);  // equal loops have equal bytes, and nothing else gets out
#endif
    const auto* const from = reinterpret_cast<const std::byte*>(&value);
    bytes.insert(bytes.end(), from, from + sizeof(T));
  }
  template <typename T>
  void put_all(const std::vector<T>& values) {
    put(std::uint32_t(values.size()));
    for (const T& value : values) put(value);
  }
  void put_text(std::string_view text) {
    put(std::uint32_t(text.size()));
    for (const char c : text) put(c);
  }
  /// Which alternative it is, and its bytes.
  template <typename... Alternatives>
  void put_variant(const std::variant<Alternatives...>& variant) {
    put(std::uint32_t(variant.index()));
    std::visit([&](auto value) { put(value); }, variant);
  }

  Bytes bytes;
};

/// After a fault everything that is taken is at its default.
class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : left_(bytes) {}

  template <typename T>
  requires std::is_trivially_copyable_v<T> T take() {
    T value{};
    if (left_.size() < sizeof(T)) {
      is_sound_ = false;
      return value;
    }
    std::memcpy(&value, left_.data(), sizeof(T));
    left_ = left_.subspan(sizeof(T));
    return value;
  }
  template <typename T>
  std::vector<T> take_all() {
    std::vector<T> values;
    for (std::uint32_t count = take_count(sizeof(T)); count > 0; --count) {
      values.push_back(take<T>());
    }
    return values;
  }
  std::string take_text() {
    const std::vector<char> text = take_all<char>();
    return {text.begin(), text.end()};
  }
  template <typename Variant>
  Variant take_variant() {
    const auto index = take<std::uint32_t>();
    Variant variant;
    is_sound_ = is_sound_ && index < std::variant_size_v<Variant>;
    [&]<std::size_t... Index>(std::index_sequence<Index...>) {
      ((Index == index ? void(variant = take<std::variant_alternative_t<Index, Variant>>())
                       : void()),
       ...);
    }
    (std::make_index_sequence<std::variant_size_v<Variant>>());
    return variant;
  }
  /// Of items that take so many bytes at least.
  std::uint32_t take_count(std::size_t least) {
    const auto count = take<std::uint32_t>();
    is_sound_ = is_sound_ && count <= left_.size() / least;
    return is_sound_ ? count : 0;
  }
  [[nodiscard]] bool is_sound() const { return is_sound_; }
  [[nodiscard]] bool is_at_end() const { return is_sound_ && left_.empty(); }

 private:
  ByteView left_;
  bool is_sound_ = true;
};

void put_params(const DiffusionParams& params, ByteWriter& to) {
  const std::vector<NamedValue> values = named_values(params);
  to.put(std::uint32_t(values.size()));
  for (const auto& [name, value] : values) {
    to.put_text(name);
    to.put_text(value);
  }
}

Result<DiffusionParams> take_params(ByteReader& from) {
  std::vector<NamedValue> values;
  for (std::uint32_t count = from.take_count(2 * sizeof(std::uint32_t)); count > 0; --count) {
    std::string name = from.take_text();
    values.push_back({std::move(name), from.take_text()});
  }
  return parse_job_params(values);
}

void put_canvas(const Canvas& canvas, ByteWriter& to) {
  to.put_all(canvas.tokens());
  to.put_all(canvas.holes(canvas.whole()));
  to.put_all(canvas.generated());
  to.put(canvas.mask_id());
}

Result<Canvas> take_canvas(ByteReader& from) {
  std::vector<std::int32_t> tokens = from.take_all<std::int32_t>();
  const Ranges holes = from.take_all<Range>(), generated = from.take_all<Range>();
  return Canvas::restore(std::move(tokens), holes, generated, from.take<std::int32_t>());
}

void put_credit(const CreditLedger& credit, ByteWriter& to) {
  to.put(credit.block());
  to.put(std::uint32_t(credit.entries().size()));
  for (const auto& entries : credit.entries()) to.put_all(entries);
}

CreditLedger take_credit(ByteReader& from) {
  CreditLedger::Entries entries;
  const auto block = from.take<Range>();
  for (std::uint32_t count = from.take_count(sizeof(std::uint32_t)); count > 0; --count) {
    entries.push_back(from.take_all<CreditLedger::Entry>());
  }
  return {block, std::move(entries)};
}

void put_rules(const HoleRules& rules, ByteWriter& to) {
  to.put_all(rules.never_chosen);
  to.put(std::uint32_t(rules.choices.size()));
  for (const ChoiceRule& rule : rules.choices) {
    to.put(rule.positions);
    to.put_all(rule.choices);
  }
}

HoleRules take_rules(ByteReader& from) {
  HoleRules rules;
  rules.never_chosen = from.take_all<std::int32_t>();
  for (std::uint32_t count = from.take_count(sizeof(Range)); count > 0; --count) {
    const auto positions = from.take<Range>();
    rules.choices.push_back({positions, from.take_all<std::int32_t>()});
  }
  return rules;
}

/// The numbers of a state, in one piece.
struct Numbers {
  BlockGrid grid;
  Range block;
  std::int32_t num_asked, num_blocks, iteration, block_iteration, calls_left, num_forced;
};

Numbers numbers_of(const LoopState& state) {
  return {state.grid,      state.block,           state.num_asked,  state.num_blocks,
          state.iteration, state.block_iteration, state.calls_left, state.num_forced};
}

void set_numbers(const Numbers& numbers, LoopState& state) {
  state.grid = numbers.grid;
  state.block = numbers.block;
  state.num_asked = numbers.num_asked;
  state.num_blocks = numbers.num_blocks;
  state.iteration = numbers.iteration;
  state.block_iteration = numbers.block_iteration;
  state.calls_left = numbers.calls_left;
  state.num_forced = numbers.num_forced;
}

bool is_inside(Range range, Range whole) {
  if (range == Range{}) return true;  // none
  return range.begin >= whole.begin && range.begin <= range.end && range.end <= whole.end;
}

/// What a loop takes for granted of its state.
bool fits(const DiffusionParams& params, const LoopState& state) {
  const Range whole = state.canvas.whole();
  const Plan& plan = state.plan;
  for (const Range range : {state.block, plan.computed, plan.visible, plan.written}) {
    if (!is_inside(range, whole)) return false;
  }
  // What is known per position of the block is asked for there only.
  const Range within = plan.settle == 0 ? whole : state.block;
  const CreditLedger& credit = state.credit;
  return is_inside(plan.computed, within) && is_inside(plan.decoded, state.block) &&
         std::int32_t(state.changed_at.size()) == state.block.size() &&
         std::int32_t(credit.entries().size()) == credit.block().size() &&
         (!params.credit || credit.block() == state.block) && state.grid.length > 0 &&
         is_inside({state.grid.origin, state.grid.end}, whole) &&
         state.strategy.index() == params.strategy.index();
}

bool fits(const HoleRules& rules, Range whole) {
  return std::ranges::all_of(rules.choices, [&](const ChoiceRule& rule) {
    const std::int32_t size = rule.positions.size();
    return is_inside(rule.positions, whole) && size > 0 && !rule.choices.empty() &&
           rule.choices.size() % std::size_t(size) == 0;
  });
}

constexpr std::size_t kDigestBytes = sizeof(std::uint64_t);

std::uint64_t digest_of(ByteView bytes) {
  Digest digest;
  digest.add(bytes);
  return digest.value();
}

Error damaged() { return {ErrorCode::kInvalidArgument, "the state of a loop is damaged"}; }

}  // namespace

Bytes bytes_of(const DiffusionLoop& loop) {
  UNMASK_CHECK(!loop.has_ended());
  const LoopState& state = loop.state();
  ByteWriter to;
  put_params(loop.params(), to);
  to.put(loop.vocabulary());
  put_canvas(state.canvas, to);
  to.put(numbers_of(state));
  to.put_variant(state.strategy);
  to.put_variant(state.cache);
  put_credit(state.credit, to);
  to.put_all(state.changed_at);
  to.put(state.plan);
  put_rules(state.rules, to);
  to.put(digest_of(to.bytes));
  return std::move(to.bytes);
}

Result<DiffusionLoop> loop_from(ByteView bytes) {
  // What stands in memory as it came has to be what was sent: not every byte is a truth value.
  const ByteView body = bytes.first(bytes.size() - std::min(bytes.size(), kDigestBytes));
  if (ByteReader(bytes.subspan(body.size())).take<std::uint64_t>() != digest_of(body)) {
    return damaged();
  }
  ByteReader from(body);
  const Result<DiffusionParams> params = take_params(from);
  if (!params) return params.error();
  const auto vocabulary = from.take<Vocabulary>();
  Result<Canvas> canvas = take_canvas(from);
  if (!canvas) return canvas.error();
  LoopState state;
  state.canvas = std::move(*canvas);
  set_numbers(from.take<Numbers>(), state);
  state.strategy = from.take_variant<StrategyState>();
  state.cache = from.take_variant<CacheState>();
  state.credit = take_credit(from);
  state.changed_at = from.take_all<std::int32_t>();
  state.plan = from.take<Plan>();
  state.rules = take_rules(from);
  const bool is_sound = from.is_at_end() && fits(*params, state);
  if (!is_sound || !fits(state.rules, state.canvas.whole())) return damaged();
  return DiffusionLoop::resume(*params, vocabulary, std::move(state));
}

}  // namespace unmask::diffusion
