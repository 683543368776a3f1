#include "actors/client_questions.h"

namespace unmask {

void ClientQuestions::forget(PeerId client) {
  std::erase_if(questions_, [&](const auto& entry) { return entry.second.client == client; });
}

Outgoing ClientQuestions::refusal(const Question& question, Error error) {
  if (!question.is_status) {
    return {question.client, JobList{question.request, {}, std::move(error)}};
  }
  ClusterStatus status;
  status.request = question.request;
  status.error = std::move(error);
  return {question.client, std::move(status)};
}

std::vector<Outgoing> ClientQuestions::refuse_all(const Error& error) {
  std::vector<Outgoing> refusals;
  for (const auto& [number, question] : std::exchange(questions_, {})) {
    refusals.push_back(refusal(question, error));
  }
  return refusals;
}

}  // namespace unmask
