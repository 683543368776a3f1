#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "actors/messages.h"

namespace unmask::actors {

/// What clients asked the coordinator and still wait for, at most kMaxQueries. The coordinator
/// sees numbers of ours, because those of two clients may be the same.
class PendingQueries {
 public:
  static constexpr std::size_t kMaxQueries = 1024;

  struct Query {
    PeerId client = 0;
    std::uint64_t request = 0;  ///< the client's number
    bool is_status = false;     ///< GetStatus; else ListJobs
  };

  [[nodiscard]] bool is_full() const { return pending_queries_.size() >= kMaxQueries; }
  /// Under which the coordinator sees what is added next.
  [[nodiscard]] std::uint64_t next_number() const { return next_number_; }
  void add(const Query& query) { pending_queries_.emplace(next_number_++, query); }
  void forget(PeerId client);

  /// The coordinator's JobList or ClusterStatus for the client that waits for it, if one does.
  template <typename Answer>
  [[nodiscard]] std::optional<Outgoing> answer(Answer answer) {
    const auto query = pending_queries_.extract(answer.request);
    if (query.empty()) return std::nullopt;
    answer.request = query.mapped().request;
    return Outgoing{query.mapped().client, std::move(answer)};
  }

  /// Why a query has no answer, for who asked.
  [[nodiscard]] static Outgoing rejection(const Query& query, Error error);
  [[nodiscard]] std::vector<Outgoing> reject_all(const Error& error);

 private:
  std::map<std::uint64_t, Query> pending_queries_;  // by number
  std::uint64_t next_number_ = 1;
};

}  // namespace unmask::actors
