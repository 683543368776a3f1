#include "model/tokenizer/bpe.h"

#include <algorithm>
#include <functional>
#include <tuple>

namespace unmask::tokenizer {

Result<Bpe> Bpe::create(std::array<std::int32_t, 256> byte_ids, const std::vector<Merge>& merges,
                        const std::string& file) {
  std::vector<std::uint32_t> order(merges.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(
      order, {}, [&](std::uint32_t i) { return std::tuple(merges[i].left, merges[i].right, i); });

  Bpe bpe;
  bpe.byte_ids_ = byte_ids;
  bpe.rules_.reserve(order.size());
  bpe.first_rule_.push_back(0);
  const Merge* before = nullptr;
  for (const std::uint32_t rank : order) {
    const Merge& merge = merges[rank];
    if (before != nullptr && before->left == merge.left && before->right == merge.right) {
      return Error{ErrorCode::kInvalidArgument,
                   file + ": model.merges[" + std::to_string(rank) + "] repeats an earlier merge"};
    }
    before = &merge;
    bpe.first_rule_.resize(static_cast<std::size_t>(merge.left) + 1,
                           static_cast<std::uint32_t>(bpe.rules_.size()));
    bpe.rules_.push_back({merge.right, rank});
  }
  bpe.first_rule_.push_back(static_cast<std::uint32_t>(bpe.rules_.size()));
  for (const Merge& merge : merges) bpe.merged_.push_back(merge.merged);
  return bpe;
}

const Bpe::Rule* Bpe::find(std::int32_t left, std::int32_t right) const {
  const auto i = static_cast<std::size_t>(left);
  if (i + 1 >= first_rule_.size()) return nullptr;
  const Rule* begin = rules_.data() + first_rule_[i];
  const Rule* end = rules_.data() + first_rule_[i + 1];
  const Rule* found = std::ranges::lower_bound(begin, end, right, {}, &Rule::right);
  return found != end && found->right == right ? found : nullptr;
}

void Bpe::add_pair(std::uint32_t at, Scratch& scratch) const {
  const Scratch::Symbol& symbol = scratch.symbols_[at];
  const Rule* rule = find(symbol.token, scratch.symbols_[symbol.next].token);
  if (rule == nullptr) return;
  scratch.heap_.push_back(std::uint64_t(rule->rank) << 32 | at);
  std::ranges::push_heap(scratch.heap_, std::greater());
}

void Bpe::encode(std::string_view word, Scratch& scratch, std::vector<std::int32_t>& tokens) const {
  using Symbol = Scratch::Symbol;
  constexpr std::uint32_t kNone = Scratch::kNone;
  std::vector<Symbol>& symbols = scratch.symbols_;
  std::vector<std::uint64_t>& heap = scratch.heap_;

  const auto length = static_cast<std::uint32_t>(word.size());
  symbols.resize(length);
  heap.clear();
  for (std::uint32_t i = 0; i < length; ++i) {
    symbols[i] = {byte_ids_[static_cast<unsigned char>(word[i])], i == 0 ? kNone : i - 1,
                  i + 1 == length ? kNone : i + 1};
  }
  for (std::uint32_t i = 0; i + 1 < length; ++i) add_pair(i, scratch);

  while (!heap.empty()) {
    std::ranges::pop_heap(heap, std::greater());
    const auto at = static_cast<std::uint32_t>(heap.back());
    const std::int32_t merged = merged_[heap.back() >> 32];
    heap.pop_back();
    Symbol& symbol = symbols[at];
    if (symbol.token < 0 || symbol.next == kNone) continue;
    // The pair may be another one by now. The reference asks only whether it makes the same token.
    Symbol& right = symbols[symbol.next];
    const Rule* rule = find(symbol.token, right.token);
    if (rule == nullptr || merged_[rule->rank] != merged) continue;

    symbol.token = merged;
    right.token = -1;
    symbol.next = right.next;
    if (symbol.next != kNone) {
      symbols[symbol.next].previous = at;
      add_pair(at, scratch);
    }
    if (symbol.previous != kNone) add_pair(symbol.previous, scratch);
  }
  for (std::uint32_t i = 0; i < length; ++i) {
    if (symbols[i].token >= 0) tokens.push_back(symbols[i].token);
  }
}

}  // namespace unmask::tokenizer
