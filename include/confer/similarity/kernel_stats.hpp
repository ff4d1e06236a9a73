/// What a measure of the kernel family sees of a pair of representations: sums over two symmetric n x n kernels K and L
/// that nobody ever holds. Centring, biased or unbiased, is algebra on these sums.
#pragma once

#include "confer/core/types.hpp"

namespace confer {

/// Which function of the activations the kernel matrix holds.
enum class Kernel {
  linear,         ///< x_i . x_j of the centred rows
  gaussian,       ///< exp(-|x_i - x_j|^2 / (2 sigma^2)), sigma a multiple of the median distance
  distance,       ///< |x_i - x_j|
  dissimilarity,  ///< the dissimilarity that the job asks for
  rank,           ///< the ranks of the dissimilarities among all pairs of samples, ties sharing their mean rank
  minibatch,      ///< linear kernels of batches of samples, each U-centred on its own
};

/// Mean and standard deviation of a measure when the samples of one side are relabelled at random.
struct ChanceLevel {
  double mean;
  double standard_deviation;
  double shift = 0;  ///< what a limiting law leaves out of the mean; counted when a value is standardised
};

/// Sums over two kernels K, L. A constant may have been taken off all elements of either: nothing here changes then,
/// once centred.
struct KernelMoments {
  double off = 0;        ///< sum over i != j of K_ij L_ij
  double rows = 0;       ///< sum_i k_i l_i, k_i = sum over j != i of K_ij
  double full = 0;       ///< sum over all i, j of K_ij L_ij
  double full_rows = 0;  ///< sum_i (k_i + K_ii) (l_i + L_ii)
};

/// A pair: K is the kernel of the row x, L that of the column y.
struct KernelStats {
  Index rows = 0;                       ///< n
  KernelMoments xy, xx, yy;
  double total_x = 0, total_y = 0;            ///< sums over i != j
  double full_total_x = 0, full_total_y = 0;  ///< sums over all i, j
  /// What errors of the elements may make the sums over i != j of centred squares; as little is nothing.
  double rounding_x = 0, rounding_y = 0;
};

/// Inner products of the two kernels after centring.
struct CentredProducts {
  double xy = 0, xx = 0, yy = 0;

  double cosine() const;  ///< NaN where a centred kernel vanishes
};

/// H K H with H = I - 1/n.
CentredProducts doubly_centred(KernelStats const& pair);
/// U-centred (Szekely, Rizzo 2014; Song et al. 2012), diagonals left out. NaN below four samples.
CentredProducts u_centred(KernelStats const& pair);
/// The mean over i < j taken off the elements i < j, diagonals left out.
CentredProducts mean_centred(KernelStats const& pair);

/// Chance level of doubly_centred(...).cosine(). Its mean is exact: tr(HKH) tr(HLH) / ((n - 1) |HKH| |HLH|).
ChanceLevel chance_doubly_centred(KernelStats const& pair);
/// Chance level of mean_centred(...).cosine(): mean 0 and the deviation are exact whatever the data.
ChanceLevel chance_mean_centred(KernelStats const& pair);

}  // namespace confer
