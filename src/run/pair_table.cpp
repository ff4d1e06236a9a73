#include "run/pair_table.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>

namespace confer {

std::vector<std::string> const& pair_status_names() {
  static std::vector<std::string> const names = {"ok",           "saturated",     "representation_failed",
                                                 "other_inputs", "other_samples", "other_rows",
                                                 "not_selected", "undefined"};
  return names;
}

PairTable::PairTable(Index representations, std::vector<Measure const*> chosen)
    : count(representations), measures(std::move(chosen)) {
  auto const size = static_cast<std::size_t>(count * count);
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  for (auto const* measure : measures) {
    values.emplace_back(size, nan);
    if (std::string(measure->name) == "cca") above_edge.assign(size, nan);
  }
  null.resize(measures.size());
  z.resize(measures.size());
  notes.resize(measures.size());
}

void PairTable::enter(PairBlock const& block, std::vector<std::size_t> const& columns) {
  auto const place = [&](std::size_t first, std::size_t second) { return first * static_cast<std::size_t>(count) + second; };
  auto const both = [&](std::vector<double>& matrix, std::vector<double> const& forward,
                        std::vector<double> const& backward) {
    for (std::size_t i = 0; i < block.rows.size(); ++i) {
      auto const row = static_cast<std::size_t>(block.rows[i]), col = static_cast<std::size_t>(block.cols[i]);
      matrix.at(place(row, col)) = forward.at(i);
      matrix.at(place(col, row)) = backward.at(i);
    }
  };
  for (std::size_t m = 0; m < columns.size(); ++m)
    both(values[columns[m]], block.forward.at(m), block.backward[m].empty() ? block.forward[m] : block.backward[m]);
  if (!above_edge.empty() && !block.above_edge.empty()) both(above_edge, block.above_edge, block.above_edge);
  for (std::size_t i = 0; i < block.coefficients.size(); ++i)
    coefficients[std::minmax<Index>(block.rows[i], block.cols[i])] = block.coefficients[i];
}

namespace {

template <class T>
void append(std::string& text, std::vector<T> const& values) {
  auto const size = static_cast<Index>(values.size());
  text.append(reinterpret_cast<char const*>(&size), sizeof size);
  text.append(reinterpret_cast<char const*>(values.data()), values.size() * sizeof(T));
}

class Cursor {
 public:
  explicit Cursor(std::string const& text) : text_(text) {}

  template <class T>
  std::vector<T> take() {
    Index size = 0;
    take_bytes(&size, sizeof size);
    if (size < 0 || static_cast<std::size_t>(size) > text_.size() / sizeof(T)) throw std::runtime_error("bad record");
    std::vector<T> values(static_cast<std::size_t>(size));
    take_bytes(values.data(), values.size() * sizeof(T));
    return values;
  }

 private:
  void take_bytes(void* to, std::size_t bytes) {
    if (bytes > text_.size() - at_) throw std::runtime_error("bad record");
    if (bytes > 0) std::memcpy(to, text_.data() + at_, bytes);
    at_ += bytes;
  }
  std::string const& text_;
  std::size_t at_ = 0;
};

/// The same bits, not only the same numbers: a NaN is as good as any.
bool same_bits(std::vector<double> const& a, std::vector<double> const& b) {
  return a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0;
}

}  // namespace

std::string encode_piece(Index piece, std::vector<PairScores> const& scores) {
  std::size_t const measures = scores.empty() ? 0 : scores.front().forward.size();
  bool const above = std::any_of(scores.begin(), scores.end(), [](auto const& s) { return !std::isnan(s.above_edge); });
  bool const coefficients =
      std::any_of(scores.begin(), scores.end(), [](auto const& s) { return !s.coefficients.empty(); });
  std::vector<std::int32_t> rows, cols;
  for (auto const& pair : scores) {
    rows.push_back(static_cast<std::int32_t>(pair.row));
    cols.push_back(static_cast<std::int32_t>(pair.col));
  }
  std::string text;
  append(text, std::vector<Index>{piece, static_cast<Index>(measures), coefficients ? 1 : 0});
  append(text, rows);
  append(text, cols);
  std::vector<double> forward(scores.size()), backward(scores.size());
  for (std::size_t m = 0; m < measures; ++m) {
    for (std::size_t i = 0; i < scores.size(); ++i) {
      forward[i] = scores[i].forward.at(m);
      backward[i] = scores[i].backward.at(m);
    }
    append(text, forward);
    append(text, same_bits(forward, backward) ? std::vector<double>() : backward);
  }
  std::vector<double> edges;
  for (auto const& pair : scores)
    if (above) edges.push_back(pair.above_edge);
  append(text, edges);
  for (auto const& pair : scores)
    if (coefficients) append(text, pair.coefficients);
  return text;
}

PairBlock decode_piece(std::string const& record) {
  Cursor cursor(record);
  auto const head = cursor.take<Index>();
  if (head.size() != 3 || head[1] < 0) throw std::runtime_error("bad record");
  PairBlock block;
  block.piece = head[0];
  block.rows = cursor.take<std::int32_t>();
  block.cols = cursor.take<std::int32_t>();
  if (block.rows.size() != block.cols.size()) throw std::runtime_error("bad record");
  auto const take = [&](bool may_be_empty) {
    auto values = cursor.take<double>();
    if (values.size() != block.rows.size() && !(may_be_empty && values.empty())) throw std::runtime_error("bad record");
    return values;
  };
  for (Index m = 0; m < head[1]; ++m) {
    block.forward.push_back(take(false));
    block.backward.push_back(take(true));
  }
  block.above_edge = take(true);
  for (std::size_t i = 0; head[2] != 0 && i < block.rows.size(); ++i) block.coefficients.push_back(cursor.take<double>());
  return block;
}

}  // namespace confer
