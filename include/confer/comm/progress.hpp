/// Tells the user how far a job is: one live line on a terminal, a line now and then in a log.
#pragma once

#include <functional>
#include <string>

#include "confer/comm/communicator.hpp"
#include "confer/model/config.hpp"

namespace confer {

/// Where progress goes and what time it is; replaced in tests.
struct ProgressOutput {
  bool live = false;                              ///< redraw one line instead of adding lines
  std::function<void(std::string const&)> write;  ///< gets whole lines, or a redrawn line with its control codes
  std::function<double()> now;                    ///< seconds
  std::function<double()> memory = {};            ///< bytes: high water of this process; may be empty
};

/// Progress of one phase after another. Only rank 0 writes, to standard error; other ranks may call everything.
/// No communication: `done` must be known on rank 0.
class Progress {
 public:
  /// automatic: a live line when standard error is a terminal, else a line at most every 10 s and one at the end of a
  /// phase. always: the live line in any case (mpirun hides the terminal). never, or `quiet`: nothing.
  Progress(Communicator const& comm, ProgressMode mode, bool quiet);
  /// Writes through `output`; an empty `output.write` is silent.
  explicit Progress(ProgressOutput output);
  ~Progress();
  Progress(Progress const&) = delete;
  Progress& operator=(Progress const&) = delete;

  /// Starts a phase of `total` units, of which `already` were done by an earlier run.
  void begin(std::string phase, double total, std::string unit, double already = 0);
  /// `done` units of the total are finished. Cheap: writes at most 5 times a second.
  void update(double done);
  /// Ends the phase with a line that stays. Nothing if none is under way.
  void end();

 private:
  std::string running_line(double now) const;

  ProgressOutput output_;
  std::string phase_, unit_;
  double total_ = 0, already_ = 0, done_ = 0;
  double begin_ = 0, last_write_ = 0;
  bool running_ = false;
};

}  // namespace confer
