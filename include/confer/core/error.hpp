/// Errors a user can read: problem (reason); advice. Each carries the exit code the program ends with.
#pragma once

#include <stdexcept>
#include <string>

namespace confer {

/// Exit codes of the program; mpirun and srun hand them on.
enum class ExitCode : int {
  done = 0,         ///< everything was computed
  partial = 1,      ///< done, but some representations or pairs could not be computed
  usage = 2,        ///< wrong usage; the message names the option
  input = 3,        ///< input unusable; the message names file, dataset and reason
  environment = 4,  ///< MPI, disk full, a dead rank
  stopped = 75,     ///< stopped on request; finished work is saved
};

/// An error with its exit code. what() reads "problem (reason); advice".
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, std::string problem, std::string reason = {}, std::string advice = {});

  ExitCode code() const noexcept { return code_; }
  std::string const& problem() const noexcept { return problem_; }
  std::string const& reason() const noexcept { return reason_; }
  std::string const& advice() const noexcept { return advice_; }

 private:
  ExitCode code_;
  std::string problem_, reason_, advice_;
};

/// Wrong usage (exit code 2); the problem names the option.
struct UsageError : Error {
  explicit UsageError(std::string problem, std::string reason = {}, std::string advice = {})
      : Error(ExitCode::usage, std::move(problem), std::move(reason), std::move(advice)) {}
};

/// Unusable input (exit code 3); the problem names file and dataset.
struct InputError : Error {
  explicit InputError(std::string problem, std::string reason = {}, std::string advice = {})
      : Error(ExitCode::input, std::move(problem), std::move(reason), std::move(advice)) {}
};

/// The environment failed (exit code 4).
struct EnvironmentError : Error {
  explicit EnvironmentError(std::string problem, std::string reason = {}, std::string advice = {})
      : Error(ExitCode::environment, std::move(problem), std::move(reason), std::move(advice)) {}
};

/// Stopped on request (exit code 75); all finished work is saved.
struct StopRequested : Error {
  explicit StopRequested(std::string problem, std::string reason = {}, std::string advice = {})
      : Error(ExitCode::stopped, std::move(problem), std::move(reason), std::move(advice)) {}
};

}  // namespace confer
