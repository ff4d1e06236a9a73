#include "confer/comm/communicator.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "comm/chunks.hpp"
#include "comm/handle.hpp"
#include "confer/core/error.hpp"

namespace confer {

namespace {

constexpr Index chunk_bytes = Index{1} << 30;

/// One message of any number of bytes: beyond the int counts of MPI, a type made of whole chunks and a rest.
class ByteType {
 public:
  explicit ByteType(Index bytes) {
    if (bytes <= std::numeric_limits<int>::max()) {
      count_ = static_cast<int>(bytes);
      return;
    }
    MPI_Datatype chunk = MPI_DATATYPE_NULL, chunks = MPI_DATATYPE_NULL;
    check_mpi(MPI_Type_contiguous(static_cast<int>(chunk_bytes), MPI_BYTE, &chunk), "MPI_Type_contiguous");
    check_mpi(MPI_Type_contiguous(narrow(bytes / chunk_bytes), chunk, &chunks), "MPI_Type_contiguous");
    std::array<int, 2> const lengths = {1, static_cast<int>(bytes % chunk_bytes)};
    std::array<MPI_Aint, 2> const offsets = {0, bytes / chunk_bytes * chunk_bytes};
    std::array<MPI_Datatype, 2> const types = {chunks, MPI_BYTE};
    check_mpi(MPI_Type_create_struct(2, lengths.data(), offsets.data(), types.data(), &type_),
              "MPI_Type_create_struct");
    check_mpi(MPI_Type_commit(&type_), "MPI_Type_commit");
    MPI_Type_free(&chunk);
    MPI_Type_free(&chunks);
    count_ = 1;
  }
  ~ByteType() {
    if (type_ != MPI_BYTE) MPI_Type_free(&type_);
  }
  ByteType(ByteType const&) = delete;
  ByteType& operator=(ByteType const&) = delete;

  int count() const { return count_; }
  MPI_Datatype type() const { return type_; }

 private:
  MPI_Datatype type_ = MPI_BYTE;
  int count_ = 0;
};

template <class T>
void all_reduce(MPI_Comm comm, std::span<T> values, MPI_Datatype type, MPI_Op op) {
  for_chunks(std::ssize(values), chunk_bytes / static_cast<Index>(sizeof(T)), [&](Index begin, Index length) {
    check_mpi(MPI_Allreduce(MPI_IN_PLACE, values.data() + begin, narrow(length), type, op, comm), "MPI_Allreduce");
  });
}

template <class T>
void reduce_sum(MPI_Comm comm, std::span<T> values, MPI_Datatype type, bool is_root, int root) {
  for_chunks(std::ssize(values), chunk_bytes / static_cast<Index>(sizeof(T)), [&](Index begin, Index length) {
    T* const data = values.data() + begin;
    check_mpi(MPI_Reduce(is_root ? MPI_IN_PLACE : data, is_root ? data : nullptr, narrow(length), type, MPI_SUM, root,
                         comm),
              "MPI_Reduce");
  });
}

Index byte_count(MPI_Status const& status) {
  MPI_Count bytes = 0;
  check_mpi(MPI_Get_elements_x(&status, MPI_BYTE, &bytes), "MPI_Get_elements_x");
  return bytes;
}

// Gathers texts in rounds, so that the sum of all lengths may exceed the int displacements of MPI.
// No root: to every rank.
std::vector<std::string> gather_texts(Communicator const& comm, std::string const& text, std::optional<int> root) {
  MPI_Comm const mpi = comm.handle().comm;
  auto const ranks = static_cast<std::size_t>(comm.size());
  std::vector<Index> lengths(ranks);
  auto const own = static_cast<Index>(text.size());
  check_mpi(MPI_Allgather(&own, 1, MPI_INT64_T, lengths.data(), 1, MPI_INT64_T, mpi), "MPI_Allgather");

  bool const receives = !root || *root == comm.rank();
  std::vector<std::string> texts(receives ? ranks : 0);
  Index const longest = *std::max_element(lengths.begin(), lengths.end());
  Index const per_round = std::min(chunk_bytes, std::numeric_limits<int>::max() / Index{comm.size()});
  std::vector<int> counts(ranks), starts(ranks);
  for_chunks(longest, per_round, [&](Index begin, Index length) {
    int total = 0;
    for (std::size_t r = 0; r < ranks; ++r) {
      counts[r] = static_cast<int>(std::clamp<Index>(lengths[r] - begin, 0, length));
      starts[r] = total;
      total += counts[r];
    }
    std::vector<char> buffer(receives ? static_cast<std::size_t>(total) : 0);
    char const* const mine = text.data() + std::min(begin, own);
    int const mine_count = counts[static_cast<std::size_t>(comm.rank())];
    if (root)
      check_mpi(
          MPI_Gatherv(mine, mine_count, MPI_BYTE, buffer.data(), counts.data(), starts.data(), MPI_BYTE, *root, mpi),
          "MPI_Gatherv");
    else
      check_mpi(MPI_Allgatherv(mine, mine_count, MPI_BYTE, buffer.data(), counts.data(), starts.data(), MPI_BYTE, mpi),
                "MPI_Allgatherv");
    if (receives)
      for (std::size_t r = 0; r < ranks; ++r)
        texts[r].append(buffer.data() + starts[r], static_cast<std::size_t>(counts[r]));
  });
  return texts;
}

}  // namespace

void check_mpi(int code, char const* call) {
  if (code == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  if (MPI_Error_string(code, text.data(), &length) != MPI_SUCCESS) length = 0;
  throw EnvironmentError(std::string(call) + " failed", std::string(text.data(), static_cast<std::size_t>(length)),
                         "check that all ranks and the network are alive; `confer doctor` checks the installation");
}

Communicator::Handle::~Handle() {
  if (!owned) return;
  int finalized = 0;
  MPI_Finalized(&finalized);
  if (!finalized) MPI_Comm_free(&comm);
}

Communicator::Communicator(std::shared_ptr<Handle const> handle) : handle_(std::move(handle)) {
  check_mpi(MPI_Comm_rank(handle_->comm, &rank_), "MPI_Comm_rank");
  check_mpi(MPI_Comm_size(handle_->comm, &size_), "MPI_Comm_size");
}

Communicator Communicator::world() { return Communicator(std::make_shared<Handle const>(MPI_COMM_WORLD, false)); }

Communicator Communicator::split(int colour, int key) const {
  MPI_Comm group = MPI_COMM_NULL;
  check_mpi(MPI_Comm_split(handle_->comm, colour, key, &group), "MPI_Comm_split");
  return Communicator(std::make_shared<Handle const>(group, true));
}

Communicator Communicator::split_node() const {
  MPI_Comm group = MPI_COMM_NULL;
  check_mpi(MPI_Comm_split_type(handle_->comm, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &group),
            "MPI_Comm_split_type");
  return Communicator(std::make_shared<Handle const>(group, true));
}

void Communicator::barrier() const { check_mpi(MPI_Barrier(handle_->comm), "MPI_Barrier"); }

void Communicator::broadcast(std::span<std::byte> values, int root) const {
  for_chunks(std::ssize(values), chunk_bytes, [&](Index begin, Index length) {
    check_mpi(MPI_Bcast(values.data() + begin, narrow(length), MPI_BYTE, root, handle_->comm), "MPI_Bcast");
  });
}

void Communicator::broadcast(std::string& text, int root) const {
  auto length = static_cast<Index>(text.size());
  broadcast(std::span(&length, 1), root);
  text.resize(static_cast<std::size_t>(length));
  broadcast(std::span(text.data(), text.size()), root);
}

void Communicator::all_sum(std::span<double> values) const { all_reduce(handle_->comm, values, MPI_DOUBLE, MPI_SUM); }
void Communicator::all_sum(std::span<Index> values) const { all_reduce(handle_->comm, values, MPI_INT64_T, MPI_SUM); }
void Communicator::all_max(std::span<double> values) const { all_reduce(handle_->comm, values, MPI_DOUBLE, MPI_MAX); }
void Communicator::all_min(std::span<double> values) const { all_reduce(handle_->comm, values, MPI_DOUBLE, MPI_MIN); }

void Communicator::sum_to(std::span<double> values, int root) const {
  reduce_sum(handle_->comm, values, MPI_DOUBLE, rank_ == root, root);
}
void Communicator::sum_to(std::span<Index> values, int root) const {
  reduce_sum(handle_->comm, values, MPI_INT64_T, rank_ == root, root);
}

std::vector<std::string> Communicator::gather(std::string const& text, int root) const {
  return gather_texts(*this, text, root);
}

std::vector<std::string> Communicator::all_gather(std::string const& text) const {
  return gather_texts(*this, text, std::nullopt);
}

void Communicator::send(std::span<std::byte const> values, int to, int tag) const {
  ByteType const bytes(std::ssize(values));
  check_mpi(MPI_Send(values.data(), bytes.count(), bytes.type(), to, tag, handle_->comm), "MPI_Send");
}

void Communicator::receive(std::span<std::byte> values, int from, int tag) const {
  ByteType const bytes(std::ssize(values));
  MPI_Status status;
  check_mpi(MPI_Recv(values.data(), bytes.count(), bytes.type(), from, tag, handle_->comm, &status), "MPI_Recv");
  if (byte_count(status) != std::ssize(values))
    throw EnvironmentError("a message of rank " + std::to_string(from) + " has the wrong size",
                           std::to_string(byte_count(status)) + " bytes instead of " + std::to_string(values.size()),
                           "run the same build of confer on all nodes");
}

std::optional<Communicator::Waiting> Communicator::probe(int tag) const {
  int found = 0;
  MPI_Status status;
  check_mpi(MPI_Iprobe(MPI_ANY_SOURCE, tag, handle_->comm, &found, &status), "MPI_Iprobe");
  if (!found) return std::nullopt;
  return Waiting{status.MPI_SOURCE, status.MPI_TAG, byte_count(status)};
}

Communicator::Waiting Communicator::wait_message(int tag) const {
  MPI_Status status;
  check_mpi(MPI_Probe(MPI_ANY_SOURCE, tag, handle_->comm, &status), "MPI_Probe");
  return {status.MPI_SOURCE, status.MPI_TAG, byte_count(status)};
}

}  // namespace confer
