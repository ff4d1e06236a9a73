#include "confer/core/error.hpp"

namespace confer {

namespace {
std::string compose(std::string const& problem, std::string const& reason, std::string const& advice) {
  std::string text = problem;
  if (!reason.empty()) text += " (" + reason + ")";
  if (!advice.empty()) text += "; " + advice;
  return text;
}
}  // namespace

Error::Error(ExitCode code, std::string problem, std::string reason, std::string advice)
    : std::runtime_error(compose(problem, reason, advice)),
      code_(code),
      problem_(std::move(problem)),
      reason_(std::move(reason)),
      advice_(std::move(advice)) {}

}  // namespace confer
