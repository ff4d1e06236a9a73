/// Variables of `align` over representation and target, filled from what was found.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "run/align_results.hpp"
#include "run/described.hpp"

namespace confer {

/// Appends variables over (representation, target, ...) to `results`, which must outlive this, as must `data`.
class AlignVariables {
 public:
  AlignVariables(AlignmentData const& data, ResultSet& results) : data_(data), results_(results) {}

  using Vector = std::function<std::vector<double> const*(AlignedTarget const&)>;
  /// One vector per representation and target, padded with NaN to the size of the dimension.
  void vectors(std::string const& name, std::string const& dimension, Vector const& get, Attributes attributes);
  /// A number per representation and target; NaN where the target is unusable.
  void numbers(std::string const& name, std::function<double(AlignedTarget const&)> const& get, Attributes attributes);
  void integers(std::string const& name, std::function<Index(AlignedTarget const&)> const& get, Attributes attributes);
  /// The variable `of` at the baseline of each representation; NaN where `baselines` is -1.
  void baseline(std::string const& name, std::string const& of, std::vector<Index> const& baselines,
                std::string const& meaning);

 private:
  AlignmentData const& data_;
  ResultSet& results_;
};

inline bool usable(AlignedTarget const& target) { return usable(static_cast<TargetStatus>(target.status)); }

/// Adds masses, curves, the numbers that summarise them, what they predict, and each class or output for itself.
/// The dimensions must be there.
void add_alignment_variables(ResultSet& results, AlignmentData const& data);

}  // namespace confer
