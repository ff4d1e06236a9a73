/// IEEE half precision to float: HDF5 1.10 has no native half and converts it bit by bit.
#pragma once

#include <bit>
#include <cstdint>
#include <span>

namespace confer {

/// Exact for every pattern, subnormals, infinities and NaN included. Branch-free, so that loops over it vectorise.
inline float half_to_float(std::uint16_t half) {
  std::uint32_t const magnitude = half & 0x7FFFu;
  std::uint32_t const sign = (half & 0x8000u) << 16;
  // Normal numbers: shift, and move the exponent's bias from 15 to 127. Infinities and NaN: move it again, to 255.
  std::uint32_t const rebias = 112u << 23;
  std::uint32_t const normal = (magnitude << 13) + rebias + (magnitude >= 0x7C00u ? rebias : 0u);
  // Subnormal numbers: multiples of 2^-24.
  auto const tiny = std::bit_cast<std::uint32_t>(static_cast<float>(static_cast<std::int32_t>(magnitude)) * 0x1p-24f);
  return std::bit_cast<float>(sign | (magnitude < 0x0400u ? tiny : normal));
}

inline std::uint16_t swap_bytes(std::uint16_t value) {
  return static_cast<std::uint16_t>(static_cast<unsigned>(value) << 8 | static_cast<unsigned>(value) >> 8);
}

/// Converts all values; `swapped` when they are of the other byte order. Sizes agree.
inline void halves_to_floats(std::span<std::uint16_t const> halves, bool swapped, std::span<float> floats) {
  std::uint16_t const* const from = halves.data();
  float* const to = floats.data();
  if (swapped)
    for (std::size_t i = 0; i < floats.size(); ++i) to[i] = half_to_float(swap_bytes(from[i]));
  else
    for (std::size_t i = 0; i < floats.size(); ++i) to[i] = half_to_float(from[i]);
}

}  // namespace confer
