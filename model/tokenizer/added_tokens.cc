#include "model/tokenizer/added_tokens.h"

#include <algorithm>
#include <utility>

namespace unmask::tokenizer {
namespace {

std::uint64_t edge(std::uint32_t node, char byte) {
  return std::uint64_t(node) << 8 | static_cast<unsigned char>(byte);
}

bool lies_in(TextRange range, std::span<const TextRange> ranges) {
  const auto after = std::ranges::upper_bound(ranges, range.begin, {}, &TextRange::begin);
  return after != ranges.begin() && range.end <= std::prev(after)->end;
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens)
    : tokens_(std::move(tokens)), token_of_node_{-1} {
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    std::uint32_t node = 0;
    for (const char byte : tokens_[i].text) {
      const auto next = static_cast<std::uint32_t>(token_of_node_.size());
      const auto [found, is_new] = edges_.emplace(edge(node, byte), next);
      if (is_new) token_of_node_.push_back(-1);
      node = found->second;
    }
    token_of_node_[node] = static_cast<std::int32_t>(i);
    begins_[static_cast<unsigned char>(tokens_[i].text.front())] = true;
  }
}

std::optional<AddedTokens::Match> AddedTokens::match_at(std::string_view text, std::size_t at,
                                                        std::span<const TextRange> trusted) const {
  std::optional<Match> longest;
  std::uint32_t node = 0;
  for (std::size_t end = at; end < text.size();) {
    const auto found = edges_.find(edge(node, text[end]));
    if (found == edges_.end()) break;
    node = found->second;
    ++end;
    if (token_of_node_[node] < 0) continue;
    const AddedToken& token = tokens_[static_cast<std::size_t>(token_of_node_[node])];
    if (token.is_reserved && !lies_in({at, end}, trusted)) continue;
    longest = Match{{at, end}, &token};
  }
  return longest;
}

std::optional<AddedTokens::Match> AddedTokens::find(std::string_view text, std::size_t from,
                                                    std::span<const TextRange> trusted) const {
  for (std::size_t at = from; at < text.size(); ++at) {
    if (!begins_[static_cast<unsigned char>(text[at])]) continue;
    if (std::optional<Match> match = match_at(text, at, trusted)) return match;
  }
  return std::nullopt;
}

}  // namespace unmask::tokenizer
