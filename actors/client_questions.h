#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "actors/messages.h"

namespace unmask {

/// What clients asked the coordinator and still wait for, at most kMaxQuestions. The coordinator
/// sees numbers of ours, because those of two clients may be the same.
class ClientQuestions {
 public:
  static constexpr std::size_t kMaxQuestions = 1024;

  struct Question {
    PeerId client = 0;
    std::uint64_t request = 0;  ///< the client's number
    bool is_status = false;     ///< GetStatus; else ListJobs
  };

  [[nodiscard]] bool is_full() const { return questions_.size() >= kMaxQuestions; }
  /// Under which the coordinator sees what is added next.
  [[nodiscard]] std::uint64_t next_number() const { return next_number_; }
  void add(const Question& question) { questions_.emplace(next_number_++, question); }
  void forget(PeerId client);

  /// The coordinator's JobList or ClusterStatus for the client that waits for it, if one does.
  template <typename Answer>
  [[nodiscard]] std::optional<Outgoing> answer(Answer answer) {
    const auto question = questions_.extract(answer.request);
    if (question.empty()) return std::nullopt;
    answer.request = question.mapped().request;
    return Outgoing{question.mapped().client, std::move(answer)};
  }

  /// Why a question has no answer, for who asked.
  [[nodiscard]] static Outgoing refusal(const Question& question, Error error);
  [[nodiscard]] std::vector<Outgoing> refuse_all(const Error& error);

 private:
  std::map<std::uint64_t, Question> questions_;  // by number
  std::uint64_t next_number_ = 1;
};

}  // namespace unmask
