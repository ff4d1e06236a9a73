#include "confer/io/activation_reader.hpp"

#include <hdf5.h>

#include <algorithm>
#include <optional>
#include <span>
#include <stdexcept>
#include <tuple>
#include <type_traits>

#include "confer/core/error.hpp"
#include "confer/core/utf8.hpp"
#include "io/array_layout.hpp"
#include "io/h5.hpp"
#include "io/half.hpp"
#include "io/layer_header.hpp"
#include "io/stored_bytes.hpp"
#include "io/value_scan.hpp"
#include "io/whole_chunks.hpp"

namespace confer {

void StoredValues::merge(StoredValues const& other) {
  sum_of_squares += other.sum_of_squares;
  count += other.count;
  if (other.non_finite == 0) return;
  if (non_finite == 0 || other.first_position < first_position) {
    first_position = other.first_position;
    first_non_finite = other.first_non_finite;
  }
  non_finite += other.non_finite;
}

namespace {

using h5::Handle;

constexpr Index buffer_values = Index{8} << 20;  ///< 32 MiB of float
/// Of an array whose samples lie one after another: few enough to stay in the cache until they are converted.
constexpr Index cached_values = Index{1} << 16;

hid_t native(float) { return H5T_NATIVE_FLOAT; }
hid_t native(double) { return H5T_NATIVE_DOUBLE; }

std::size_t index(Index i) { return static_cast<std::size_t>(i); }

/// The shard being read.
struct OpenShard {
  std::size_t number = 0;
  h5::Place place;
  Handle file, dataset, file_space;
  StoredType type = StoredType::float32;
  Handle stored_type;
  bool swapped = false;  ///< halves of the other byte order
  Index chunk_samples = 1;
  bool in_pieces = false;  ///< of samples at no cost: the array is contiguous, and the samples are its slowest axis
  std::vector<Index> extents;
  std::optional<ChunkFormat> chunks;  ///< of an array whose chunks are read without the library's filters
};

// A cache that holds all chunks at one sample position: a chunk is then decompressed once, however blocks cut it.
void cache_one_row_of_chunks(OpenShard& shard, LayerInfo const& layer, double most_bytes) {
  Handle const creation(h5::check(H5Dget_create_plist(shard.dataset), shard.place));
  if (H5Pget_layout(creation) != H5D_CHUNKED) {
    auto const slowest = std::find_if(layer.axes.begin(), layer.axes.end(), [](Axis a) { return a != Axis::step; });
    shard.in_pieces = slowest != layer.axes.end() && *slowest == Axis::sample;
    return;
  }
  shard.chunks = chunk_format(creation, layer.axes.size(), H5Tget_size(shard.stored_type));
  std::vector<hsize_t> chunk(layer.axes.size(), 1);
  H5Pget_chunk(creation, static_cast<int>(chunk.size()), chunk.data());
  double bytes = static_cast<double>(H5Tget_size(shard.stored_type));
  double chunks = 1;
  for (std::size_t i = 0; i < chunk.size(); ++i) {
    bytes *= static_cast<double>(chunk[i]);
    if (layer.axes[i] == Axis::sample)
      shard.chunk_samples = static_cast<Index>(chunk[i]);
    else if (layer.axes[i] != Axis::step)
      chunks *= static_cast<double>((static_cast<hsize_t>(layer.extents[i]) + chunk[i] - 1) / chunk[i]);
  }
  constexpr std::size_t usual_bytes = std::size_t{1} << 20, usual_slots = 521;
  auto const needed = static_cast<std::size_t>(std::min(bytes * chunks, most_bytes));
  std::size_t const slots = 100 * static_cast<std::size_t>(std::min(chunks, 1e4)) + 1;
  if (needed <= usual_bytes && slots <= usual_slots) return;  // the library's own cache will do
  Handle const access(h5::check(H5Pcreate(H5P_DATASET_ACCESS), shard.place));
  H5Pset_chunk_cache(access, slots, std::max(needed, usual_bytes), 1.0);
  shard.dataset = Handle(h5::check(H5Dopen2(shard.file, shard.place.object.c_str(), access), shard.place));
}

}  // namespace

struct ActivationReader::State {
  Checkpoint checkpoint;
  LayerInfo layer;
  Representation representation;
  double chunk_bytes = 0;
  OpenFiles* files = nullptr;
  std::optional<OpenShard> open;
  // Kept between blocks: fresh memory of this size costs more than the conversion.
  std::vector<std::uint16_t> halves;
  std::tuple<std::vector<float>, std::vector<double>> buffers;
  ChunkCodec codec;

  // Only one shard is open at a time: readers go through the samples in order, and a job has many readers.
  OpenShard& shard(std::size_t number);

  template <class T>
  void read_whole(Index begin, Index count, MatrixView<T> out, StoredValues& seen);
  template <class T>
  void read(Index begin, Index count, Index feature, MatrixView<T> out, StoredValues& seen);
  template <class T>
  void read_part(OpenShard& shard, FeatureSlab const& slab, Index first, Index count, MatrixView<T> out,
                 StoredValues& seen);
  template <class Stored, class T>
  void read_converted(OpenShard& shard, BlockPosition const& block, MatrixView<T> out, StoredValues& seen);
  BlockPosition block_position(FeatureSlab const& slab, Index first, Index count) const;
};

OpenShard& ActivationReader::State::shard(std::size_t number) {
  if (open && open->number == number) return *open;
  open.reset();
  auto const& info = checkpoint.shards[number];
  OpenShard next;
  next.number = number;
  next.place = {info.path, "/activations/" + layer.name};
  next.file = files != nullptr ? Handle(files->open(info.path)) : h5::open_file(info.path);
  next.dataset = open_inside(next.file, next.place);
  next.stored_type = Handle(h5::check(H5Dget_type(next.dataset), next.place));
  auto const type = confer::stored_type(next.stored_type);
  auto expected = layer.extents;
  for (std::size_t i = 0; i < layer.axes.size(); ++i)
    if (layer.axes[i] == Axis::sample) expected[i] = info.samples;
  if (!type || h5::extents(next.dataset, next.place) != expected)
    throw InputError("cannot read " + h5::describe(next.place), "it has changed since the catalog was read",
                     "start again when nothing writes to the file");
  next.extents = std::move(expected);
  next.type = *type;
  next.swapped = H5Tget_order(next.stored_type) != H5Tget_order(H5T_NATIVE_FLOAT);
  cache_one_row_of_chunks(next, layer, chunk_bytes);
  next.file_space = Handle(h5::check(H5Dget_space(next.dataset), next.place));
  return open.emplace(std::move(next));
}

// The block of samples [first, first + count), counted from the shard's own first sample.
BlockPosition ActivationReader::State::block_position(FeatureSlab const& slab, Index first, Index count) const {
  BlockPosition block{slab.first, slab.extent};
  for (std::size_t i = 0; i < layer.axes.size(); ++i) {
    Axis const axis = layer.axes[i];
    bool const last_only = axis == Axis::time && representation.sequence == SequenceRule::last;
    if (axis == Axis::sample) {
      block.begin[i] = first;
      block.count[i] = count;
    } else if (axis == Axis::step || last_only) {
      block.begin[i] = last_only ? layer.extents[i] - 1 : checkpoint.step_row.value_or(0);
      block.count[i] = 1;
    }
  }
  return block;
}

namespace {

void read_block(OpenShard& shard, BlockPosition const& block, hid_t type, ChunkCodec& codec, void* out) {
  if (shard.chunks && H5Tequal(type, shard.stored_type) > 0) {
    ChunkedBlock const position{shard.extents, block.begin, block.count};
    if (is_made_of_chunks(*shard.chunks, position) && read_chunks(shard.dataset, *shard.chunks, position, codec, out))
      return;
  }
  std::vector<hsize_t> const begin(block.begin.begin(), block.begin.end());
  std::vector<hsize_t> const count(block.count.begin(), block.count.end());
  h5::check(H5Sselect_hyperslab(shard.file_space, H5S_SELECT_SET, begin.data(), nullptr, count.data(), nullptr),
            shard.place);
  // Of the same shape as the selection in the file: HDF5 walks element by element (5 times slower) otherwise.
  Handle const memory(h5::check(H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr), shard.place));
  h5::check(H5Dread(shard.dataset, type, memory, shard.file_space, H5P_DEFAULT, out), shard.place);
}

// Averages in double: sums of a block, then one division.
template <class Stored, class T>
void place_averages(std::vector<AxisLoop> const& loops, Stored const* values, Index averaged, MatrixView<T> out) {
  Matrix<double> sums(out.rows, out.cols);
  place_values<true>(loops, values, sums.data());
  double const weight = static_cast<double>(averaged);
  for (Index j = 0; j < out.cols; ++j)
    for (Index i = 0; i < out.rows; ++i) out(i, j) = static_cast<T>(sums(i, j) / weight);
}

Index values_of(BlockPosition const& block) {
  Index values = 1;
  for (Index const count : block.count) values *= count;
  return values;
}

BlockPosition counted_from(BlockPosition block, LayerInfo const& layer, Index first_sample) {
  for (std::size_t i = 0; i < layer.axes.size(); ++i)
    if (layer.axes[i] == Axis::sample) block.begin[i] += first_sample;
  return block;
}

}  // namespace

template <class Stored, class T>
void ActivationReader::State::read_converted(OpenShard& part, BlockPosition const& block, MatrixView<T> out,
                                             StoredValues& seen) {
  auto const absolute = counted_from(block, layer, checkpoint.shards[part.number].first_sample);
  Index const values = values_of(block);
  Index const averaged = averaged_values(layer, representation);
  auto const loops = output_loops(layer, representation, block.count, averaged > 1 ? out.rows : out.ld);

  bool const as_stored = loops.size() == 1 && loops.front().step == 1 && averaged == 1;
  if constexpr (std::is_same_v<Stored, T>) {
    if (as_stored && part.type != StoredType::float16) {
      read_block(part, block, native(T{}), codec, out.data);
      scan_values<T>({out.data, index(values)}, layer, absolute, seen);
      return;
    }
  }
  auto& whole = std::get<std::vector<Stored>>(buffers);
  if (whole.size() < index(values)) whole.resize(index(values));
  std::span<Stored> const buffer(whole.data(), index(values));
  if constexpr (std::is_same_v<Stored, float>) {
    if (part.type == StoredType::float16) {
      if (halves.size() < index(values)) halves.resize(index(values));
      read_block(part, block, part.stored_type, codec, halves.data());
      halves_to_floats({halves.data(), index(values)}, part.swapped, buffer);
    } else {
      read_block(part, block, native(Stored{}), codec, buffer.data());
    }
  } else {
    read_block(part, block, native(Stored{}), codec, buffer.data());
  }
  scan_values<Stored>(buffer, layer, absolute, seen);
  if (averaged > 1)
    place_averages(loops, buffer.data(), averaged, out);
  else
    place_values<false>(loops, buffer.data(), out.data);
}

template <class T>
void ActivationReader::State::read_part(OpenShard& part, FeatureSlab const& slab, Index first, Index count,
                                        MatrixView<T> out, StoredValues& seen) {
  Index const per_row = representation.rows_per_sample;
  Index const most = part.in_pieces ? cached_values : buffer_values;
  Index block = std::max<Index>(1, most / values_of(block_position(slab, 0, 1)));
  if (block > part.chunk_samples) block -= block % part.chunk_samples;
  for (Index done = 0; done < count;) {
    // Blocks end where chunks end, wherever the first one begins.
    Index const until_end = block - (first + done) % block;
    Index const samples = std::min(until_end, count - done);
    auto const position = block_position(slab, first + done, samples);
    auto const columns = out.block(0, done * per_row, out.rows, samples * per_row);
    if (part.type == StoredType::float16 || part.type == StoredType::float32)
      read_converted<float>(part, position, columns, seen);
    else
      read_converted<double>(part, position, columns, seen);
    done += samples;
  }
}

template <class T>
void ActivationReader::State::read(Index begin, Index count, Index feature, MatrixView<T> out, StoredValues& seen) {
  if (begin < 0 || count < 0 || begin > representation.samples - count || feature < 0 || out.rows < 1 ||
      feature > representation.features - out.rows || out.cols != count * representation.rows_per_sample)
    throw std::invalid_argument("ActivationReader::read: block and output do not fit the representation");
  auto const slabs = feature_slabs(layer, representation, feature, out.rows);
  Index const first = representation.sample_begin + begin;
  for (std::size_t number = 0; number < checkpoint.shards.size(); ++number) {
    auto const& info = checkpoint.shards[number];
    Index const from = std::max(first, info.first_sample);
    Index const to = std::min(first + count, info.first_sample + info.samples);
    if (from >= to) continue;
    auto const columns = out.block(0, (from - first) * representation.rows_per_sample, out.rows,
                                   (to - from) * representation.rows_per_sample);
    for (auto const& slab : slabs)
      read_part(shard(number), slab, from - info.first_sample, to - from,
                columns.block(slab.begin - feature, 0, slab.count, columns.cols), seen);
  }
}

template <class T>
void ActivationReader::State::read_whole(Index begin, Index count, MatrixView<T> out, StoredValues& seen) {
  if (out.rows != representation.features)
    throw std::invalid_argument("ActivationReader::read: the output does not hold all features");
  read(begin, count, 0, out, seen);
}

ActivationReader::ActivationReader(Catalog const& catalog, Representation const& representation, double chunk_bytes,
                                   OpenFiles* files)
    : state_(std::make_unique<State>()) {
  state_->checkpoint = catalog.checkpoints.at(index(representation.checkpoint));
  state_->layer = state_->checkpoint.layers.at(index(representation.layer));
  state_->representation = representation;
  state_->chunk_bytes = chunk_bytes;
  state_->files = files;
}

ActivationReader::~ActivationReader() = default;
ActivationReader::ActivationReader(ActivationReader&&) noexcept = default;

void ActivationReader::read(Index begin, Index count, MatrixView<double> out, StoredValues& seen) {
  state_->read_whole(begin, count, out, seen);
}

void ActivationReader::read(Index begin, Index count, MatrixView<float> out, StoredValues& seen) {
  state_->read_whole(begin, count, out, seen);
}

void ActivationReader::read_features(Index begin, Index count, Index feature, MatrixView<double> out,
                                     StoredValues& seen) {
  state_->read(begin, count, feature, out, seen);
}

void ActivationReader::read_features(Index begin, Index count, Index feature, MatrixView<float> out,
                                     StoredValues& seen) {
  state_->read(begin, count, feature, out, seen);
}

std::string ActivationReader::stored_key() {
  auto const& r = state_->representation;
  std::string key = std::to_string(r.sample_begin) + "+" + std::to_string(r.samples) + "x" +
                    std::to_string(r.rows_per_sample) + "x" + std::to_string(r.features) + " step " +
                    std::to_string(state_->checkpoint.step_row.value_or(-1)) + " conv " +
                    std::to_string(static_cast<int>(r.conv)) + " sequence " +
                    std::to_string(static_cast<int>(r.sequence));
  for (Axis const axis : state_->layer.axes) key += " " + to_string(axis);
  for (std::size_t number = 0; number < state_->checkpoint.shards.size(); ++number) {
    OpenShard const& part = state_->shard(number);
    std::string const bytes = stored_bytes_key(part.dataset, part.place, state_->checkpoint.shards[number].bytes);
    if (bytes.empty()) return "";
    key += " " + std::to_string(state_->checkpoint.shards[number].first_sample) + ":" + bytes;
  }
  return key;
}

}  // namespace confer
