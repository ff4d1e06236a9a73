// Compiled like tile_functions.cpp (CMakeLists.txt).
#include "confer/linalg/short_values.hpp"

#include <algorithm>
#include <cmath>

#include "linalg/vector_clones.hpp"

namespace confer {

namespace {

constexpr float largest_code = 32767;

CONFER_VECTOR_CLONES void raise_to_sizes(float const* values, Index count, float* largest) {
  for (Index k = 0; k < count; ++k) {
    float const size = std::fabs(values[k]);
    largest[k] = largest[k] < size ? size : largest[k];
  }
}

CONFER_VECTOR_CLONES void encode(float const* values, float const* per_unit, Index count, std::int16_t* codes) {
  for (Index k = 0; k < count; ++k) {
    float const units = values[k] * per_unit[k];
    codes[k] = static_cast<std::int16_t>(static_cast<std::int32_t>(units + (units < 0 ? -0.5f : 0.5f)));
  }
}

CONFER_VECTOR_CLONES void decode(std::int16_t const* codes, float const* units, Index count, float* out) {
  for (Index k = 0; k < count; ++k) out[k] = static_cast<float>(codes[k]) * units[k];
}

}  // namespace

std::vector<float> short_units(MatrixView<float const> samples) {
  std::vector<float> units(static_cast<std::size_t>(samples.rows), 0.0f);
  for (Index i = 0; i < samples.cols; ++i) raise_to_sizes(samples.column(i), samples.rows, units.data());
  for (float& unit : units) unit /= largest_code;
  return units;
}

double encode_short(MatrixView<float const> samples, std::span<float const> units, MatrixView<std::int16_t> codes) {
  std::vector<float> per_unit;
  for (float const unit : units) per_unit.push_back(unit > 0 && std::isfinite(1 / unit) ? 1 / unit : 0.0f);
  double lost = 0;
  for (Index i = 0; i < samples.cols; ++i) {
    encode(samples.column(i), per_unit.data(), samples.rows, codes.column(i));
    float sum = 0;
    for (Index k = 0; k < samples.rows; ++k) {
      float const error = samples(k, i) - static_cast<float>(codes(k, i)) * units[static_cast<std::size_t>(k)];
      sum += error * error;
    }
    lost += static_cast<double>(sum);
  }
  return lost;
}

void decode_short(MatrixView<std::int16_t const> codes, std::span<float const> units, MatrixView<float> out) {
  for (Index i = 0; i < codes.cols; ++i) decode(codes.column(i), units.data(), codes.rows, out.column(i));
}

bool negligible_loss(double lost, double typical_squared_norm, Index samples, Index features) {
  auto const n = static_cast<double>(samples), p = static_cast<double>(features);
  return lost <= 4e-14 * n * p * (n * typical_squared_norm);
}

}  // namespace confer
