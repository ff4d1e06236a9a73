/// What `dynamics` follows and what it finds for one pair of inputs at one layer.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "confer/core/types.hpp"
#include "confer/model/representation.hpp"

namespace confer {

/// Whether a pair could be fitted, and what weakens the fit.
enum class FitStatus : Index {
  ok,
  no_step_0,      ///< usable: the first step known is taken as the start
  diverged,       ///< usable: only the steps before the first value that is not finite
  too_few_steps,  ///< fewer than 10 usable steps
  merged_start,   ///< the inputs are identical, or the layer does not tell them apart at the start
  no_target,      ///< targets missing or unusable
  unreadable
};
inline std::vector<std::string> fit_status_names() {
  return {"ok", "no_step_0", "diverged", "too_few_steps", "identical_inputs", "no_target", "unreadable"};
}
inline bool usable(FitStatus status) {
  return status == FitStatus::ok || status == FitStatus::no_step_0 || status == FitStatus::diverged;
}
inline constexpr std::size_t kFewestSteps = 10;

/// One training run: representations of its hidden layers and of its output at the same steps.
struct TrainingRun {
  std::string network;
  std::vector<Index> steps;
  std::vector<Representation> output;               ///< one per step
  std::vector<std::vector<Representation>> hidden;  ///< per layer, one per step
  std::vector<std::string> layers;
  std::vector<Representation> input;  ///< empty, or one: the layer of the raw inputs at the first step
  std::string target;                 ///< empty: none fits
  std::string problem;                ///< why nothing can be fitted; empty when it can
  std::vector<std::pair<Index, Index>> pairs;
};

/// A fit, or the reason why there is none. Vectors have one entry per step of the run.
struct FittedPair {
  Index status = 0;  ///< FitStatus
  std::string detail;
  Index input_a = 0, input_b = 0;
  double input_distance = 0, target_distance = 0;
  double rate_product = 0, eta_y = 0, eta_ybar = 0;  ///< rate_product = eta_h X
  double sse = 0, r2_h = 0, r2_y = 0, r2_w = 0, r2_loss = 0;
  double a_low = 0, a_high = 0, regime = 0, h_final_theory = 0, h_final = 0;
  Index applies = 0;
  std::string regime_name;
  std::vector<double> control_sse;  ///< of double_output, flipped_sign, dropped_term
  std::vector<double> h, y, w, loss, mean_error;
  std::vector<double> h_theory, y_theory, w_theory, loss_theory;
};

template <class Archive, class Fit>
void fit_fields(Archive& archive, Fit& f) {
  archive(f.status), archive(f.detail), archive(f.input_a), archive(f.input_b), archive(f.input_distance);
  archive(f.target_distance), archive(f.rate_product), archive(f.eta_y), archive(f.eta_ybar), archive(f.sse);
  archive(f.r2_h), archive(f.r2_y), archive(f.r2_w), archive(f.r2_loss), archive(f.a_low), archive(f.a_high);
  archive(f.regime), archive(f.h_final_theory), archive(f.h_final), archive(f.applies), archive(f.regime_name);
  archive(f.control_sse), archive(f.h), archive(f.y), archive(f.w), archive(f.loss), archive(f.mean_error);
  archive(f.h_theory), archive(f.y_theory), archive(f.w_theory), archive(f.loss_theory);
}
template <class Archive>
void fields(Archive& archive, FittedPair& f) {
  fit_fields(archive, f);
}
template <class Archive>
void fields(Archive& archive, FittedPair const& f) {
  fit_fields(archive, f);
}

}  // namespace confer
