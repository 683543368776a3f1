#include "actors/gateway/pending_queries.h"

namespace unmask::actors {

void PendingQueries::forget(PeerId client) {
  std::erase_if(pending_queries_, [&](const auto& entry) { return entry.second.client == client; });
}

Outgoing PendingQueries::rejection(const Query& query, Error error) {
  if (!query.is_status) {
    return {query.client, JobList{query.request, {}, std::move(error)}};
  }
  ClusterStatus status;
  status.request = query.request;
  status.error = std::move(error);
  return {query.client, std::move(status)};
}

std::vector<Outgoing> PendingQueries::reject_all(const Error& error) {
  std::vector<Outgoing> rejections;
  for (const auto& [number, query] : std::exchange(pending_queries_, {})) {
    rejections.push_back(rejection(query, error));
  }
  return rejections;
}

}  // namespace unmask::actors
