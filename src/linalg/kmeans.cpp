#include "linalg/kmeans.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

namespace confer {

namespace {

constexpr int most_rounds = 200;

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// SplitMix64 (Steele, Lea and Flood 2014): the same numbers with every standard library.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  /// Uniform in [0, 1).
  double uniform() {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
  }

 private:
  std::uint64_t state_;
};

double squared_distance(double const* a, double const* b, Index dimensions) {
  double sum = 0;
  for (Index i = 0; i < dimensions; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

class Clustering {
 public:
  Clustering(MatrixView<double const> points, Index k)
      : points_(points), centres_(points.rows, k), labels_(at(points.cols)), distances_(at(points.cols)) {}

  /// Centres are points, each chosen with a probability proportional to its squared distance from the ones before.
  void seed(Random& random) {
    std::ranges::fill(distances_, 1.0);
    for (Index c = 0; c < centres_.cols(); ++c) {
      double left = random.uniform() * std::accumulate(distances_.begin(), distances_.end(), 0.0);
      Index chosen = 0;
      while (chosen + 1 < points_.cols && left >= distances_[at(chosen)]) left -= distances_[at(chosen++)];
      set_centre(c, chosen);
      for (Index i = 0; i < points_.cols; ++i) {
        double const now = distance(i, c);
        distances_[at(i)] = c == 0 ? now : std::min(distances_[at(i)], now);
      }
    }
  }

  void iterate() {
    assign();
    for (int round = 0; round < most_rounds; ++round) {
      move_centres();
      if (!assign()) return;
    }
  }

  double spread() const { return std::accumulate(distances_.begin(), distances_.end(), 0.0); }
  std::vector<Index> const& labels() const { return labels_; }

 private:
  double distance(Index point, Index centre) const {
    return squared_distance(points_.column(point), centres_.view().column(centre), points_.rows);
  }

  void set_centre(Index centre, Index point) {
    std::copy_n(points_.column(point), points_.rows, centres_.view().column(centre));
  }

  bool assign() {
    bool changed = false;
    for (Index i = 0; i < points_.cols; ++i) {
      double least = std::numeric_limits<double>::infinity();
      Index nearest = 0;
      for (Index c = 0; c < centres_.cols(); ++c) {
        double const now = distance(i, c);
        if (now < least) {
          least = now;
          nearest = c;
        }
      }
      changed |= labels_[at(i)] != nearest;
      labels_[at(i)] = nearest;
      distances_[at(i)] = least;
    }
    return changed;
  }

  void move_centres() {
    std::vector<double> count(at(centres_.cols()));
    std::fill_n(centres_.data(), centres_.size(), 0.0);
    for (Index i = 0; i < points_.cols; ++i) {
      Index const c = labels_[at(i)];
      ++count[at(c)];
      for (Index a = 0; a < points_.rows; ++a) centres_(a, c) += points_(a, i);
    }
    for (Index c = 0; c < centres_.cols(); ++c) {
      if (count[at(c)] > 0) {
        for (Index a = 0; a < points_.rows; ++a) centres_(a, c) /= count[at(c)];
        continue;
      }
      // A centre nobody is near goes to the point that is worst off.
      auto const worst = std::ranges::max_element(distances_);
      set_centre(c, static_cast<Index>(worst - distances_.begin()));
      *worst = 0;
    }
  }

  MatrixView<double const> points_;
  Matrix<double> centres_;
  std::vector<Index> labels_;
  std::vector<double> distances_;
};

}  // namespace

std::vector<Index> kmeans(MatrixView<double const> points, Index k, int restarts, std::uint64_t seed) {
  Random random(seed);
  std::vector<Index> best(at(points.cols));
  double least = std::numeric_limits<double>::infinity();
  for (int restart = 0; restart < std::max(restarts, 1); ++restart) {
    Clustering clustering(points, k);
    clustering.seed(random);
    clustering.iterate();
    if (clustering.spread() < least) {
      least = clustering.spread();
      best = clustering.labels();
    }
  }
  return best;
}

}  // namespace confer
