/// Figures of what `dynamics` finds beside its theory. Each reads the variables of one analysis; a figure whose
/// specification is null has nothing to show.
#pragma once

#include <string>
#include <vector>

#include "confer/model/result_set.hpp"
#include "report/figure.hpp"

namespace confer::report {

/// Columns of a data set, filled row by row.
class Columns {
 public:
  void add(Json const& row);  ///< an object; every row has the same keys
  std::size_t rows() const { return rows_; }
  Json take() { return std::move(columns_); }

 private:
  Json columns_ = Json::object();
  std::size_t rows_ = 0;
};

/// Encodings that these figures share.
Json quantity(std::string const& field, std::string const& title);
Json step_axis(std::vector<Index> const& steps);
Json depth_colour(std::vector<std::string> const& layers);

/// Texts with unprintable characters written out.
std::vector<std::string> shown_texts(ResultSet const& results, std::string const& name);

/// Likeness of each step to the last, followed directions, sorted correlations; and the answer in words.
std::vector<Figure> convergence_figures(ResultSet const& results);
std::vector<Html> convergence_answer(ResultSet const& results);

/// Time steps of sequences against each other, against the last one, and through training.
std::vector<Figure> sequence_figures(ResultSet const& results);

/// Groups of networks: within and between, over a numeric attribute, and clusters.
std::vector<Figure> group_figures(ResultSet const& results);
std::vector<Html> group_answer(ResultSet const& results);

/// Latent units by variance and entropy.
Figure census_figure(ResultSet const& results);
std::vector<Html> census_answer(ResultSet const& results);

/// Measured and predicted distances of all inputs.
std::vector<Figure> structure_figures(ResultSet const& results);

}  // namespace confer::report
