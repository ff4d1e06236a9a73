#include "run/pair_table.hpp"

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
  values.assign(measures.size(), std::vector<double>(size, std::numeric_limits<double>::quiet_NaN()));
  null.resize(measures.size());
  z.resize(measures.size());
  notes.resize(measures.size());
  above_edge.assign(size, std::numeric_limits<double>::quiet_NaN());
}

void PairTable::enter(PairScores const& scores, std::vector<std::size_t> const& columns) {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    value(columns[i], scores.row, scores.col) = scores.forward.at(i);
    value(columns[i], scores.col, scores.row) = scores.backward.at(i);
  }
  if (!std::isnan(scores.above_edge)) {
    above_edge[static_cast<std::size_t>(scores.row * count + scores.col)] = scores.above_edge;
    above_edge[static_cast<std::size_t>(scores.col * count + scores.row)] = scores.above_edge;
  }
  if (!scores.coefficients.empty())
    coefficients[{std::min(scores.row, scores.col), std::max(scores.row, scores.col)}] = scores.coefficients;
}

namespace {

void append(std::string& text, void const* data, std::size_t bytes) {
  text.append(static_cast<char const*>(data), bytes);
}

void append(std::string& text, std::vector<double> const& values) {
  auto const count = static_cast<Index>(values.size());
  append(text, &count, sizeof count);
  append(text, values.data(), values.size() * sizeof(double));
}

class Cursor {
 public:
  explicit Cursor(std::string const& text) : text_(text) {}

  template <class T>
  T take() {
    T value{};
    take_bytes(&value, sizeof value);
    return value;
  }
  std::vector<double> take_doubles() {
    auto const count = take<Index>();
    if (count < 0 || static_cast<std::size_t>(count) > text_.size() / sizeof(double))
      throw std::runtime_error("bad record");
    std::vector<double> values(static_cast<std::size_t>(count));
    take_bytes(values.data(), values.size() * sizeof(double));
    return values;
  }

 private:
  void take_bytes(void* to, std::size_t bytes) {
    if (bytes > text_.size() - at_) throw std::runtime_error("bad record");
    std::memcpy(to, text_.data() + at_, bytes);
    at_ += bytes;
  }
  std::string const& text_;
  std::size_t at_ = 0;
};

}  // namespace

std::string encode_piece(Index piece, std::vector<PairScores> const& scores) {
  std::string text;
  auto const count = static_cast<Index>(scores.size());
  append(text, &piece, sizeof piece);
  append(text, &count, sizeof count);
  for (auto const& pair : scores) {
    append(text, &pair.row, sizeof pair.row);
    append(text, &pair.col, sizeof pair.col);
    append(text, &pair.above_edge, sizeof pair.above_edge);
    append(text, pair.forward);
    append(text, pair.backward);
    append(text, pair.coefficients);
  }
  return text;
}

DecodedPiece decode_piece(std::string const& record) {
  Cursor cursor(record);
  DecodedPiece decoded;
  decoded.piece = cursor.take<Index>();
  auto const count = cursor.take<Index>();
  for (Index i = 0; i < count; ++i) {
    PairScores pair;
    pair.row = cursor.take<Index>();
    pair.col = cursor.take<Index>();
    pair.above_edge = cursor.take<double>();
    pair.forward = cursor.take_doubles();
    pair.backward = cursor.take_doubles();
    pair.coefficients = cursor.take_doubles();
    decoded.scores.push_back(std::move(pair));
  }
  return decoded;
}

}  // namespace confer
