/// Sums that do not depend on the order of their terms: fixed-point numbers, added as integers.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

namespace confer {

/// 64 bits before the point and 64 behind it. Terms must stay below 2^62, sums too.
class FixedSum {
 public:
  void add(double value) { bits_ += static_cast<Bits>(std::ldexp(value, places)); }
  void add(FixedSum const& other) { bits_ += other.bits_; }
  void subtract(FixedSum const& other) { bits_ -= other.bits_; }
  double value() const { return std::ldexp(static_cast<double>(bits_), -places); }

 private:
  static constexpr int places = 64;
  __extension__ using Bits = __int128;
  Bits bits_ = 0;
};

/// The same in 64 bits for sums whose size has a known bound.
class BoundedSum {
 public:
  /// |sum of any terms| <= bound.
  explicit BoundedSum(double bound) : units_(std::ldexp(1.0, 61 - std::max(0, std::ilogb(bound) + 1))) {}
  std::int64_t bits(double value) const { return std::llrint(value * units_); }
  double value(std::int64_t bits) const { return static_cast<double>(bits) / units_; }

 private:
  double units_;  // a power of two
};

}  // namespace confer
