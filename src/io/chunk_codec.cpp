#include "io/chunk_codec.hpp"

#include <hdf5.h>
#include <libdeflate.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

namespace confer {

namespace {

constexpr std::size_t most_bytes = std::size_t{16} << 20;
constexpr std::size_t checksum_bytes = 4;
constexpr int fastest = 1;  ///< higher levels take several times longer for some per cent of the size

/// Byte `b` of all `count` values of a chunk lies at b * count; the first `wanted` values are put together.
template <std::size_t bytes>
void unshuffle(char const* from, std::size_t count, std::size_t wanted, char* to) {
  for (std::size_t i = 0; i < wanted; ++i)
    for (std::size_t b = 0; b < bytes; ++b) to[i * bytes + b] = from[b * count + i];
}

template <std::size_t bytes>
void shuffle(char const* from, std::size_t count, char* to) {
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t b = 0; b < bytes; ++b) to[b * count + i] = from[i * bytes + b];
}

void unshuffle(std::size_t bytes, char const* from, std::size_t count, std::size_t wanted, char* to) {
  if (bytes == 2) return unshuffle<2>(from, count, wanted, to);
  if (bytes == 4) return unshuffle<4>(from, count, wanted, to);
  if (bytes == 8) return unshuffle<8>(from, count, wanted, to);
  for (std::size_t i = 0; i < wanted; ++i)
    for (std::size_t b = 0; b < bytes; ++b) to[i * bytes + b] = from[b * count + i];
}

void shuffle(std::size_t bytes, char const* from, std::size_t count, char* to) {
  if (bytes == 2) return shuffle<2>(from, count, to);
  if (bytes == 4) return shuffle<4>(from, count, to);
  if (bytes == 8) return shuffle<8>(from, count, to);
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t b = 0; b < bytes; ++b) to[b * count + i] = from[i * bytes + b];
}

/// Fletcher's checksum as HDF5 takes it: of 16-bit words, high byte first, an odd last byte being a high one.
std::uint32_t fletcher32(std::span<char const> bytes) {
  constexpr std::size_t words_without_overflow = 360;
  std::uint32_t first = 0, second = 0;
  auto const fold = [](std::uint32_t sum) { return (sum & 0xffff) + (sum >> 16); };
  auto const byte = [&](std::size_t i) { return std::uint32_t{static_cast<unsigned char>(bytes[i])}; };
  std::size_t const words = bytes.size() / 2;
  for (std::size_t begin = 0; begin < words;) {
    std::size_t const end = std::min(words, begin + words_without_overflow);
    for (; begin < end; ++begin) {
      first += byte(2 * begin) << 8 | byte(2 * begin + 1);
      second += first;
    }
    first = fold(first);
    second = fold(second);
  }
  if (bytes.size() % 2 != 0) {
    first = first + (byte(bytes.size() - 1) << 8);
    second = fold(second + first);
    first = fold(first);
  }
  return fold(second) << 16 | fold(first);
}

}  // namespace

std::size_t ChunkFormat::values() const {
  std::size_t product = 1;
  for (Index const extent : extents) product *= static_cast<std::size_t>(extent);
  return product;
}

std::optional<ChunkFormat> chunk_format(h5::Id creation, std::size_t rank, std::size_t value_bytes) {
  if (H5Pget_layout(creation) != H5D_CHUNKED) return std::nullopt;
  ChunkFormat format;
  std::vector<hsize_t> extents(rank, 0);
  if (H5Pget_chunk(creation, static_cast<int>(rank), extents.data()) != static_cast<int>(rank)) return std::nullopt;
  double bytes = static_cast<double>(value_bytes);
  for (hsize_t const extent : extents) bytes *= static_cast<double>(extent);
  if (bytes <= 0 || bytes > static_cast<double>(most_bytes)) return std::nullopt;
  format.extents.assign(extents.begin(), extents.end());
  format.value_bytes = value_bytes;
  bool deflated = false;
  for (int i = 0; i < H5Pget_nfilters(creation); ++i) {
    std::array<unsigned, 8> values{};
    std::size_t count = values.size();
    unsigned flags = 0;
    auto const filter =
        H5Pget_filter2(creation, static_cast<unsigned>(i), &flags, &count, values.data(), 0, nullptr, nullptr);
    if (filter == H5Z_FILTER_SHUFFLE && !format.shuffled && !deflated && !format.checked && values[0] == value_bytes)
      format.shuffled = true;
    else if (filter == H5Z_FILTER_DEFLATE && !deflated && !format.checked)
      deflated = true;
    else if (filter == H5Z_FILTER_FLETCHER32 && deflated && !format.checked)
      format.checked = true;
    else
      return std::nullopt;
  }
  if (!deflated) return std::nullopt;
  return format;
}

struct ChunkCodec::State {
  State() : decompressor(libdeflate_alloc_decompressor()) {
    if (decompressor == nullptr) throw std::bad_alloc();
  }
  ~State() {
    libdeflate_free_decompressor(decompressor);
    libdeflate_free_compressor(compressor);
  }
  State(State const&) = delete;
  State& operator=(State const&) = delete;

  libdeflate_decompressor* decompressor = nullptr;
  libdeflate_compressor* compressor = nullptr;  ///< made when something is encoded
  std::vector<char> plane, coded;
};

ChunkCodec::ChunkCodec() : state_(std::make_unique<State>()) {}
ChunkCodec::~ChunkCodec() = default;
ChunkCodec::ChunkCodec(ChunkCodec&&) noexcept = default;
ChunkCodec& ChunkCodec::operator=(ChunkCodec&&) noexcept = default;

bool ChunkCodec::decode(ChunkFormat const& format, std::span<char const> stored, std::span<char> out) {
  if (format.checked) {
    if (stored.size() < checksum_bytes) return false;
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < checksum_bytes; ++i)
      sum |= std::uint32_t{static_cast<unsigned char>(stored[stored.size() - checksum_bytes + i])} << 8 * i;
    stored = stored.first(stored.size() - checksum_bytes);
    if (fletcher32(stored) != sum) return false;
  }
  std::size_t const bytes = format.bytes();
  bool const direct = !format.shuffled && out.size() == bytes;
  auto& plane = state_->plane;
  if (!direct && plane.size() < bytes) plane.resize(bytes);
  char* const to = direct ? out.data() : plane.data();
  if (libdeflate_zlib_decompress(state_->decompressor, stored.data(), stored.size(), to, bytes, nullptr) !=
      LIBDEFLATE_SUCCESS)
    return false;
  if (format.shuffled)
    unshuffle(format.value_bytes, plane.data(), format.values(), out.size() / format.value_bytes, out.data());
  else if (!direct)
    std::memcpy(out.data(), plane.data(), out.size());
  return true;
}

std::span<char const> ChunkCodec::encode(ChunkFormat const& format, std::span<char const> values,
                                         std::uint32_t& skipped_filters) {
  auto& [decompressor, compressor, plane, coded] = *state_;
  if (compressor == nullptr) compressor = libdeflate_alloc_compressor(fastest);
  if (compressor == nullptr) throw std::bad_alloc();
  if (format.shuffled) {
    if (plane.size() < values.size()) plane.resize(values.size());
    shuffle(format.value_bytes, values.data(), format.values(), plane.data());
    values = {plane.data(), values.size()};
  }
  if (coded.size() < values.size() + checksum_bytes) coded.resize(values.size() + checksum_bytes);
  std::size_t size = libdeflate_zlib_compress(compressor, values.data(), values.size(), coded.data(), values.size());
  skipped_filters = size > 0 ? 0 : format.shuffled ? 2 : 1;
  if (size == 0) {
    std::copy(values.begin(), values.end(), coded.begin());
    size = values.size();
  }
  if (format.checked) {
    std::uint32_t const sum = fletcher32({coded.data(), size});
    for (std::size_t i = 0; i < checksum_bytes; ++i) coded[size++] = static_cast<char>(sum >> 8 * i & 0xff);
  }
  return {coded.data(), size};
}

}  // namespace confer
