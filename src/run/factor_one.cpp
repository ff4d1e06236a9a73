#include <cmath>
#include <optional>

#include "confer/core/error.hpp"
#include "confer/core/text.hpp"
#include "confer/io/activation_reader.hpp"
#include "confer/linalg/factor.hpp"
#include "run/factor_stage.hpp"

namespace confer {

namespace {

// Matrices up to this size are read once and kept while they are factored; larger ones are read again for every pass.
// Of the sizes of values, by the authors of the Platonic representation hypothesis.
constexpr double clamped_share = 0.95;

constexpr Index kept_bytes = Index{192} << 20;

struct NonFinite {
  StoredValues seen;
};

/// Rows of a representation by row number, whole samples being what the reader hands out.
class RowReader {
 public:
  RowReader(Catalog const& catalog, Representation const& representation)
      : representation_(representation), reader_(catalog, representation) {
    Index const bytes = representation.rows() * representation.features * static_cast<Index>(sizeof(double));
    if (bytes <= kept_bytes) {
      all_ = Matrix<double>(representation.features, representation.rows());
      reader_.read(0, representation.samples, *all_, seen_);
      seen_samples_ = representation.samples;
    }
  }

  void rows(Index begin, MatrixView<double> out) {
    if (all_) return copy(all_->view().block(0, begin, out.rows, out.cols), out);
    Index const per_sample = representation_.rows_per_sample;
    Index const first = begin / per_sample, last = (begin + out.cols + per_sample - 1) / per_sample;
    if (per_sample == 1) return samples(first, last - first, out);
    if (buffer_.cols() < (last - first) * per_sample)
      buffer_ = Matrix<double>(representation_.features, (last - first) * per_sample);
    auto const whole = buffer_.view().block(0, 0, out.rows, (last - first) * per_sample);
    samples(first, last - first, whole);
    copy(whole.block(0, begin - first * per_sample, out.rows, out.cols), out);
  }

  /// Features [begin, begin + out.rows) of all rows.
  void features(Index begin, MatrixView<double> out) {
    if (!all_) {  // wide matrices are needed whole, column block by column block
      all_ = Matrix<double>(representation_.features, representation_.rows());
      samples(0, representation_.samples, *all_);
    }
    copy(all_->view().block(begin, 0, out.rows, out.cols), out);
  }

  StoredNorm stored() const {
    if (seen_.non_finite > 0) throw NonFinite{seen_};
    return {seen_.sum_of_squares, static_cast<double>(seen_.count)};
  }

 private:
  static void copy(MatrixView<double> from, MatrixView<double> to) {
    for (Index j = 0; j < to.cols; ++j) std::copy_n(from.column(j), to.rows, to.column(j));
  }

  void samples(Index begin, Index count, MatrixView<double> out) {
    StoredValues seen;
    reader_.read(begin, count, out, seen);
    if (begin == seen_samples_) {  // counted once, on the first pass
      seen_.merge(seen);
      seen_samples_ += count;
    }
  }

  Representation const& representation_;
  ActivationReader reader_;
  std::optional<Matrix<double>> all_;
  Matrix<double> buffer_;
  StoredValues seen_;
  Index seen_samples_ = 0;
};

FactorOptions factor_options(Catalog const& catalog, Representation const& representation, JobConfig const& config,
                             FactorNeeds const& needs, RowReader& reader) {
  auto const& layer = catalog.checkpoints[static_cast<std::size_t>(representation.checkpoint)]
                          .layers[static_cast<std::size_t>(representation.layer)];
  FactorOptions options;
  options.rule = {config.rank_tolerance, unit_roundoff(layer.type)};
  options.stored = [&reader] { return reader.stored(); };
  options.exact = config.compare.exact;
  // Centred rows of more features than samples are kept in the coordinates of their factor.
  options.basis = needs.basis || (needs.rows.wants(RowForm::centred) && representation.features > representation.rows());
  options.loadings = needs.loadings;
  if (needs.truncated) {
    options.components = config.compare.components.value_or(0);
    options.variance = config.compare.variance;
  }
  return options;
}

FactorSummary summarise(Factor const& factor) {
  FactorSummary summary;
  summary.rows = factor.rows;
  summary.features = factor.features;
  summary.singular_values = factor.singular_values;
  summary.kept = factor.kept();
  for (double const s : factor.singular_values) {
    summary.total_variance += s * s;
    summary.sum_fourth_powers += s * s * s * s;
  }
  for (double const norm : factor.squared_row_norms) summary.sum_squared_row_norms += norm * norm;
  summary.tau = factor.tau;
  summary.cut = factor.cut;
  summary.constant_features = factor.constant_features;
  summary.levels = factor.levels;
  Index const rank = factor.rank();
  if (rank == 0) {
    summary.status = RepresentationStatus::constant;
    summary.detail = factor.rows < 2 ? "a single sample" : "no neuron varies over the samples";
  } else if (rank >= factor.rows - 1) {
    summary.status = RepresentationStatus::saturated;
    summary.detail = format_count(factor.rows) + " rows do not exceed the rank by more than one: canonical correlations are 1";
  } else if (rank < factor.features) {
    summary.status = RepresentationStatus::rank_deficient;
    summary.detail = "rank " + format_count(rank) + " of " + format_count(factor.features) + " neurons, " +
                     format_count(factor.constant_features) + " of them constant";
  }
  return summary;
}

template <class T>
void store_factor(BasisStore const& store, std::string const& key, FactorSummary const& summary, Factor const& factor,
                  MatrixView<T const> basis) {
  // In units of the largest singular value loadings fit single precision at any scale of the data.
  Matrix<T> loadings(factor.loadings.rows(), factor.loadings.cols());
  for (Index i = 0; i < loadings.size(); ++i)
    loadings.data()[i] = static_cast<T>(factor.loadings.data()[i] / factor.singular_values.front());
  store.put(key, summary, basis, loadings, factor.squared_row_norms);
}

/// Rows as stored, less their mean rounded to a few digits: values with few digits, such as whole numbers, stay exact,
/// and with them the ties among their distances.
Matrix<double> coarsely_centred(RowReader& reader, Representation const& representation, std::vector<double> const& mean) {
  Matrix<double> rows(representation.features, representation.rows());
  reader.rows(0, rows);
  std::vector<double> coarse;
  for (double const value : mean) {
    int exponent = 0;
    double const fraction = std::frexp(value, &exponent);
    coarse.push_back(std::ldexp(std::round(std::ldexp(fraction, 8)), exponent - 8));
  }
  for (Index i = 0; i < rows.cols(); ++i)
    for (Index k = 0; k < rows.rows(); ++k) rows(k, i) -= coarse[static_cast<std::size_t>(k)];
  return rows;
}

/// Prepares the rows in every form that is asked for and puts them into the store.
void store_rows(RowReader& reader, Representation const& representation, Factor const& factor, JobConfig const& config,
                RowNeeds const& needs, BasisStore const& store, std::string const& key) {
  for (RowForm const form : needs.forms) {
    bool const coordinates = form == RowForm::centred && representation.features > representation.rows();
    Matrix<double> rows(coordinates ? factor.rank() : representation.features, representation.rows());
    if (coordinates) {
      for (Index k = 0; k < factor.rank(); ++k)
        for (Index i = 0; i < rows.cols(); ++i)
          rows(k, i) = factor.singular_values[static_cast<std::size_t>(k)] *
                       (config.compare.exact ? factor.basis_exact(i, k) : static_cast<double>(factor.basis(i, k)));
    } else {
      reader.rows(0, rows);
    }
    Index const without = prepare_rows(
        form, rows, coordinates ? std::span<double const>() : std::span<double const>(factor.mean), clamped_share);
    bool const anew = needs.ranked == form && form == RowForm::centred;
    Matrix<double> const ranked = anew ? coarsely_centred(reader, representation, factor.mean) : Matrix<double>();
    put_rows(RowStore(store.directory()), key, form, needs, rows, anew ? ranked.view() : rows.const_view(), without,
             config.compare.exact);
  }
}

std::string layout_text(Representation const& r) {
  return std::to_string(static_cast<int>(r.conv)) + "," + std::to_string(static_cast<int>(r.sequence)) + "," +
         std::to_string(r.sample_begin) + "+" + std::to_string(r.samples);
}

}  // namespace

std::string factor_key(Catalog const& catalog, Representation const& representation, JobConfig const& config,
                       FactorNeeds const& needs) {
  auto const& checkpoint = catalog.checkpoints[static_cast<std::size_t>(representation.checkpoint)];
  std::string text = "factor 1\n" + representation.label + "\n" + layout_text(representation) + "\n";
  for (auto const& shard : checkpoint.shards)
    text += shard.path + "\n" + std::to_string(shard.bytes) + " " + std::to_string(shard.modified) + " " +
            std::to_string(shard.first_sample) + "\n";
  text += "step row " + std::to_string(checkpoint.step_row.value_or(-1)) + "\n";
  text += "rank " + (config.rank_tolerance ? format_number(*config.rank_tolerance) : "auto") + "\n";
  text += std::string(config.compare.exact ? "exact" : "fast") + (needs.basis ? " basis" : "") +
          (needs.loadings ? " loadings" : "");
  if (needs.truncated)
    text += " truncated " + format_number(config.compare.variance) + " " +
            std::to_string(config.compare.components.value_or(0));
  return content_key(text + needs.rows.text());
}

FactorSummary factor_one(Catalog const& catalog, Representation const& representation, JobConfig const& config,
                         FactorNeeds const& needs, BasisStore const& store, std::string const& key) {
  FactorSummary failed;
  failed.rows = representation.rows();
  failed.features = representation.features;
  try {
    RowReader reader(catalog, representation);
    FactorOptions const options = factor_options(catalog, representation, config, needs, reader);
    Index const rows = representation.rows(), features = representation.features;
    Factor factor;
    if (features <= rows) {
      RowSource source{rows, rows, features, {}, {}, {}};
      source.read = [&](Index begin, MatrixView<double> out) { reader.rows(begin, out); };
      factor = factor_rows(source, options);
    } else {
      ColumnSource source{rows, features, features, {}, {}};
      source.read = [&](Index begin, MatrixView<double> out) { reader.features(begin, out); };
      factor = factor_columns(source, options);
    }
    FactorSummary summary = summarise(factor);
    if (usable(summary.status)) {
      store_rows(reader, representation, factor, config, needs.rows, store, key);
      if (config.compare.exact)
        store_factor<double>(store, key, summary, factor, factor.basis_exact);
      else
        store_factor<float>(store, key, summary, factor, factor.basis);
    }
    return summary;
  } catch (NonFinite const& bad) {
    failed.status = RepresentationStatus::nonfinite;
    failed.detail = format_count(bad.seen.non_finite) + " NaN or infinite of " + format_count(bad.seen.count) +
                    " values, the first at " + bad.seen.first_non_finite;
  } catch (InputError const& error) {
    failed.status = RepresentationStatus::unreadable;
    failed.detail = error.what();
  }
  return failed;
}

}  // namespace confer
