#include "confer/dist/hand_out.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <exception>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace confer {

namespace {

// A worker always has `depth` requests open: one for the item it will need next, one for the item after. Every request
// gets exactly one answer, and a worker leaves when it has got `depth` times `end`. The first requests need no messages:
// what rank 0 would answer is clear to all.
constexpr int depth = 2;
constexpr int request_tag = 1;
constexpr int answer_tag = 2;
constexpr int most_ranks_with_computing_coordinator = 32;

enum class News : Index { none, stop_requested, failed };

struct Request {
  Index finished;  ///< item, or no_item
  News news;
  Index given_back;  ///< 1: an item was received and not begun
};

// What rank 0 sends: the number of an item, or one of these.
constexpr Index no_item = -1;
constexpr Index end = -2;
constexpr Index halt = -3;  ///< not an answer: begin nothing more

/// Towards the end an item must not queue behind another while some rank is idle.
bool scarce(Index items_left, int ranks) { return items_left < 2 * ranks; }

/// The items that ranks begin with, unasked.
class FirstItems {
 public:
  FirstItems(Index items, int ranks, HandOutOptions::Coordinator mode) : items_(items), ranks_(ranks) {
    using Mode = HandOutOptions::Coordinator;
    bool const few = ranks <= most_ranks_with_computing_coordinator;
    coordinator_computes_ = ranks == 1 || mode == Mode::computes || (mode == Mode::automatic && few);
  }

  bool coordinator_computes() const { return coordinator_computes_; }

  /// Of a rank, at most `depth`; rank 0 gets one.
  std::vector<Index> of(int rank) const {
    std::vector<Index> mine;
    if (rank == 0) {
      if (coordinator_computes_ && items_ > 0) mine.push_back(0);
      return mine;
    }
    Index const first = rank - (coordinator_computes_ ? 0 : 1), second = first + ranks_ - 1;
    if (first < items_) mine.push_back(first);
    if (!scarce(items_ - second, ranks_)) mine.push_back(second);
    return mine;
  }

 private:
  Index items_;
  int ranks_;
  bool coordinator_computes_;
};

template <class T>
std::span<std::byte const> bytes_of(T const& value) {
  return std::as_bytes(std::span(&value, 1));
}

template <class T>
T receive(Communicator const& channel, int from, int tag) {
  T value;
  channel.receive(std::as_writable_bytes(std::span(&value, 1)), from, tag);
  return value;
}

/// Rank 0: owns the list of items.
class Coordinator {
 public:
  Coordinator(Communicator const& channel, Index items, HandOutOptions const& options, FirstItems const& first)
      : channel_(channel),
        items_(items),
        options_(options),
        computes_(first.coordinator_computes()),
        workers_(static_cast<std::size_t>(channel.size())) {
    for (int rank = 0; rank < channel.size(); ++rank) {
      auto const given = std::ssize(first.of(rank));
      workers_[static_cast<std::size_t>(rank)].unfinished = given;
      next_ += given;
    }
    begins_with_first_ = !first.of(0).empty();
  }

  void run(std::function<void(Index, Poll const&)> const& work) {
    Poll const poll = [this] { look_around(); };
    while (true) {
      look_around();
      if (auto const item = own_item()) {
        answer_deferred();
        guarded([&] {
          work(*item, poll);
          finish(*item);
        });
      } else if (active_workers() > 0) {
        wait();
      } else if (over()) {
        return;
      }
    }
  }

  std::exception_ptr failure() const { return failure_; }
  Index done() const { return done_; }

 private:
  struct Worker {
    int open_requests = 0;
    int ends = 0;
    Index unfinished = 0;  ///< items sent and not reported back
  };

  bool over() const { return halted_ || next_ == items_; }

  std::optional<Index> own_item() {
    if (halted_) return std::nullopt;
    if (std::exchange(begins_with_first_, false)) return 0;
    if (!computes_ || over()) return std::nullopt;
    return next_++;
  }

  int active_workers() const {
    return static_cast<int>(
        std::count_if(workers_.begin() + 1, workers_.end(), [](Worker const& w) { return w.ends < depth; }));
  }

  void look_around() {
    guarded([&] {
      if (options_.stop_requested && options_.stop_requested()) stop_all();
    });
    serve();
  }

  void serve() {
    while (auto const waiting = channel_.probe(request_tag)) {
      auto const request = receive<Request>(channel_, waiting->from, request_tag);
      auto& worker = workers_[static_cast<std::size_t>(waiting->from)];
      ++worker.open_requests;
      if (request.finished != no_item || request.given_back != 0 || request.news == News::failed) --worker.unfinished;
      if (request.finished != no_item) guarded([&] { finish(request.finished); });
      if (request.news != News::none) stop_all();
      idle_pause_ = shortest_pause;
      answer(waiting->from);
      answer_deferred();
    }
  }

  void answer(int rank) {
    auto& worker = workers_[static_cast<std::size_t>(rank)];
    while (worker.open_requests > 0) {
      if (!over() && scarce(items_ - next_, channel_.size()) && worker.unfinished > 0) return;
      Index const reply = over() ? end : next_++;
      if (reply == end)
        ++worker.ends;
      else
        ++worker.unfinished;
      --worker.open_requests;
      channel_.send(bytes_of(reply), rank, answer_tag);
    }
  }

  void answer_deferred() {
    if (!over()) return;  // before that, a deferred request waits for its worker's report
    for (int rank = 1; rank < channel_.size(); ++rank) answer(rank);
  }

  // A worker that has not got its last `end` finds this message before it.
  void stop_all() {
    if (halted_) return;
    halted_ = true;
    for (int rank = 1; rank < channel_.size(); ++rank)
      if (workers_[static_cast<std::size_t>(rank)].ends < depth) channel_.send(bytes_of(halt), rank, answer_tag);
    answer_deferred();
  }

  void finish(Index item) {
    ++done_;
    if (options_.on_done) options_.on_done(item);
  }

  template <class Action>
  void guarded(Action action) {
    try {
      action();
    } catch (...) {
      if (!failure_) failure_ = std::current_exception();
      stop_all();
    }
  }

  // Sleeps instead of a blocking receive: the core may be needed by a worker, and a stop request must be seen.
  void wait() {
    std::this_thread::sleep_for(idle_pause_);
    idle_pause_ = std::min(2 * idle_pause_, longest_pause);
  }

  static constexpr std::chrono::microseconds shortest_pause{20};
  static constexpr std::chrono::microseconds longest_pause{500};

  Communicator const& channel_;
  Index items_;
  HandOutOptions const& options_;
  bool computes_;
  std::vector<Worker> workers_;  ///< by rank; number 0 unused
  bool begins_with_first_ = false;
  Index next_ = 0;
  Index done_ = 0;
  bool halted_ = false;
  std::exception_ptr failure_;
  std::chrono::microseconds idle_pause_ = shortest_pause;
};

/// Every other rank. Returns its failure, if any.
std::exception_ptr run_worker(Communicator const& channel, std::function<void(Index, Poll const&)> const& work,
                              HandOutOptions const& options, std::vector<Index> const& first) {
  Poll const nothing = [] {};
  std::exception_ptr failure;
  std::deque<Index> answers(first.begin(), first.end());
  bool halted = false;
  int ends = 0;
  auto const take = [&] {
    auto const message = receive<Index>(channel, 0, answer_tag);
    if (message == halt)
      halted = true;
    else
      answers.push_back(message);
  };
  auto const request = [&](Request const& content) { channel.send(bytes_of(content), 0, request_tag); };

  for (auto i = std::ssize(first); i < depth; ++i) request({no_item, News::none, 0});
  while (ends < depth) {
    while (answers.empty()) take();
    while (channel.probe(answer_tag)) take();  // a halt may have come behind the next item
    Index const item = answers.front();
    answers.pop_front();
    if (item == end) {
      ++ends;
      continue;
    }
    if (halted) {
      request({no_item, News::none, 1});
      continue;
    }
    try {
      if (options.stop_requested && options.stop_requested()) {
        halted = true;
        request({no_item, News::stop_requested, 1});
        continue;
      }
      work(item, nothing);
    } catch (...) {
      failure = std::current_exception();
      halted = true;
      request({no_item, News::failed, 0});
      continue;
    }
    request({item, News::none, 0});
  }
  return failure;
}

}  // namespace

HandOutResult hand_out(Communicator const& comm, Index items,
                       std::function<void(Index item, Poll const& poll)> const& work, HandOutOptions const& options) {
  Communicator const channel = comm.split(0, comm.rank());  // work may use any tag of comm
  FirstItems const first(items, channel.size(), options.coordinator);
  std::exception_ptr failure;
  Index done = 0;
  if (comm.is_root()) {
    Coordinator coordinator(channel, items, options, first);
    coordinator.run(work);
    failure = coordinator.failure();
    done = coordinator.done();
  } else {
    failure = run_worker(channel, work, options, first.of(channel.rank()));
  }
  agree(comm, failure);
  comm.broadcast(std::span(&done, 1), 0);
  return {done, done < items};
}

}  // namespace confer
