#include <cmath>
#include <cstring>
#include <stdexcept>

#include "run/kernel_engine.hpp"

namespace confer {

namespace {

template <class Value>
void append(std::string& text, std::vector<Value> const& values) {
  auto const count = static_cast<Index>(values.size());
  text.append(reinterpret_cast<char const*>(&count), sizeof count);
  if (count > 0) text.append(reinterpret_cast<char const*>(values.data()), values.size() * sizeof(Value));
}

class Cursor {
 public:
  explicit Cursor(std::string const& text) : text_(text) {}
  Index take_index() {
    Index value = 0;
    take(&value, sizeof value);
    return value;
  }
  template <class Value>
  std::vector<Value> take_values() {
    Index const count = take_index();
    if (count < 0 || static_cast<std::size_t>(count) > text_.size() / sizeof(Value)) throw std::runtime_error("bad record");
    std::vector<Value> values(static_cast<std::size_t>(count));
    if (count > 0) take(values.data(), values.size() * sizeof(Value));
    return values;
  }

 private:
  void take(void* to, std::size_t bytes) {
    if (bytes > text_.size() - at_) throw std::runtime_error("bad record");
    std::memcpy(to, text_.data() + at_, bytes);
    at_ += bytes;
  }
  std::string const& text_;
  std::size_t at_ = 0;
};

}  // namespace

void KernelSums::add(KernelSums const& other) {
  if (products.empty()) {
    *this = other;
    return;
  }
  pieces.insert(pieces.end(), other.pieces.begin(), other.pieces.end());
  for (std::size_t c = 0; c < products.size(); ++c) {
    if (products[c].empty()) products[c].resize(other.products[c].size());
    if (row_sums[c].empty()) row_sums[c].resize(other.row_sums[c].size());
    for (std::size_t k = 0; k < other.products[c].size(); ++k) products[c][k].add(other.products[c][k]);
    for (std::size_t k = 0; k < other.row_sums[c].size(); ++k) row_sums[c][k] += other.row_sums[c][k];
  }
}

void KernelSums::leave_out(KernelSums const& missing, std::vector<Index> const& left_out, Index samples) {
  for (std::size_t c = 0; c < products.size(); ++c) {
    for (std::size_t k = 0; k < missing.products[c].size(); ++k) products[c][k].subtract(missing.products[c][k]);
    auto& rows = row_sums[c];
    for (std::size_t k = 0; k < missing.row_sums[c].size(); ++k) rows[k] -= missing.row_sums[c][k];
    for (std::size_t first = 0; first < rows.size(); first += static_cast<std::size_t>(samples))
      for (Index const row : left_out) rows[first + static_cast<std::size_t>(row)] = 0;
  }
}

std::string encode(KernelSums const& sums) {
  std::string text;
  append(text, std::vector<Index>{sums.row_panel, sums.col_panel, static_cast<Index>(sums.products.size())});
  append(text, sums.pieces);
  for (auto const& values : sums.products) append(text, values);
  for (auto const& values : sums.row_sums) append(text, values);
  return text;
}

KernelSums decode_kernel_sums(std::string const& record) {
  Cursor cursor(record);
  auto const head = cursor.take_values<Index>();
  if (head.size() != 3 || head[2] < 0 || head[2] > 16) throw std::runtime_error("bad record");
  KernelSums sums;
  sums.row_panel = head[0];
  sums.col_panel = head[1];
  sums.pieces = cursor.take_values<Index>();
  for (Index c = 0; c < head[2]; ++c) sums.products.push_back(cursor.take_values<FixedSum>());
  for (Index c = 0; c < head[2]; ++c) sums.row_sums.push_back(cursor.take_values<std::int64_t>());
  return sums;
}

KernelConstants kernel_constants(KernelChoice const& choice, RowFacts const& facts, double bandwidth) {
  KernelConstants k;
  double const median = facts.median_distance;
  bool const by_direction = choice.form == RowForm::unit || choice.form == RowForm::correlation;
  k.defined = !(by_direction && facts.zero_rows > 0);
  switch (choice.function) {
    case TileFunction::inner_product:
    case TileFunction::rank:
    case TileFunction::u_centred:
    case TileFunction::distance:
      break;
    case TileFunction::gaussian:
      k.defined = median > 0;
      if (k.defined) {
        k.rate = 1 / (2 * bandwidth * bandwidth * median * median);
        k.shift = std::exp(-1 / (2 * bandwidth * bandwidth));
      }
      k.diagonal = 1;
      break;
    case TileFunction::squared_distance:
      k.shift = median * median;
      break;
    case TileFunction::complement:
      k.shift = median * median / 2;
      break;
  }
  if (std::isnan(k.shift)) k.shift = 0;
  k.diagonal -= k.shift;
  return k;
}

/// The mean squared norm of centred rows is 1, so that no norm exceeds sqrt(n).
BoundedSum row_sum_scale(KernelChoice const& choice, Index samples) {
  double const n = static_cast<double>(samples);
  switch (choice.function) {
    case TileFunction::squared_distance:
      return BoundedSum(8 * n * n);
    case TileFunction::distance:
      return BoundedSum(8 * n * std::sqrt(n));  // of a distance less two shifts
    default:
      return BoundedSum(4 * n);
  }
}

}  // namespace confer
