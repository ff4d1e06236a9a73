#include "run/row_split_stage.hpp"

#include <algorithm>
#include <optional>

#include "confer/model/factor_plan.hpp"
#include "run/group_work.hpp"

namespace confer {

bool compute_by_rows(Communicator const& comm, PairJob const& job, std::vector<Index> const& pieces,
                     std::function<bool()> const& stop_requested, Journal& journal,
                     std::function<void(Index piece)> const& on_done) {
  GroupWork work(comm, stop_requested);
  auto const poll = [&] { work.check_stop(); };
  auto const count = std::ssize(pieces);
  auto const end = work.run([&] {
    // In rounds of one piece for each rank: while one goes on with a sum nobody waits for it.
    for (Index round = 0; round < count; round += comm.size()) {
      Index const last = std::min<Index>(round + comm.size(), count);
      std::optional<Matrix<Index>> own;
      for (Index i = round; i < last; ++i) {
        Index const piece = pieces[static_cast<std::size_t>(i)];
        UnitRange const slices =
            part_of(job.by_rows->pieces[static_cast<std::size_t>(piece)].slices, comm.size(), comm.rank());
        Matrix<Index> sum = job.by_rows->sum(piece, slices.begin, slices.end, poll);
        auto const owner = static_cast<int>(i - round);
        work.step();
        comm.sum_to(std::span(sum.data(), static_cast<std::size_t>(sum.size())), owner);
        if (comm.rank() == owner) own = std::move(sum);
      }
      if (own) {
        Index const piece = pieces[static_cast<std::size_t>(round + comm.rank())];
        journal.append(encode_piece(piece, job.by_rows->scores(piece, *own, [] {})));
      }
      work.step();
      for (Index i = round; comm.is_root() && i < last; ++i) on_done(pieces[static_cast<std::size_t>(i)]);
    }
  });
  if (end == GroupWork::End::failed) agree(comm, work.failure());
  return end == GroupWork::End::finished;
}

}  // namespace confer
