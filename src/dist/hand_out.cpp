#include "confer/dist/hand_out.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <exception>
#include <thread>
#include <vector>

namespace confer {

namespace {

// A worker always has `depth` requests open: one for the item it will need next, one for the item after. Every request
// gets exactly one answer, and a worker leaves when it has got `depth` times `end`.
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
  Coordinator(Communicator const& channel, Index items, HandOutOptions const& options)
      : channel_(channel), items_(items), options_(options), workers_(static_cast<std::size_t>(channel.size())) {}

  void run(std::function<void(Index, Poll const&)> const& work) {
    using Mode = HandOutOptions::Coordinator;
    bool const computes =
        channel_.size() == 1 || options_.coordinator == Mode::computes ||
        (options_.coordinator == Mode::automatic && channel_.size() <= most_ranks_with_computing_coordinator);
    Poll const poll = [this] { look_around(); };
    while (true) {
      look_around();
      if (computes && !over()) {
        Index const item = next_++;
        answer_deferred();
        guarded([&] {
          work(item, poll);
          finish(item);
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
      // Towards the end an item must not queue behind another while some rank is idle.
      bool const scarce = items_ - next_ < 2 * channel_.size();
      if (!over() && scarce && worker.unfinished > 0) return;
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
  std::vector<Worker> workers_;  ///< by rank; number 0 unused
  Index next_ = 0;
  Index done_ = 0;
  bool halted_ = false;
  std::exception_ptr failure_;
  std::chrono::microseconds idle_pause_ = shortest_pause;
};

/// Every other rank. Returns its failure, if any.
std::exception_ptr run_worker(Communicator const& channel, std::function<void(Index, Poll const&)> const& work,
                              HandOutOptions const& options) {
  Poll const nothing = [] {};
  std::exception_ptr failure;
  std::deque<Index> answers;
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

  for (int i = 0; i < depth; ++i) request({no_item, News::none, 0});
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
  std::exception_ptr failure;
  Index done = 0;
  if (comm.is_root()) {
    Coordinator coordinator(channel, items, options);
    coordinator.run(work);
    failure = coordinator.failure();
    done = coordinator.done();
  } else {
    failure = run_worker(channel, work, options);
  }
  agree(comm, failure);
  comm.broadcast(std::span(&done, 1), 0);
  return {done, done < items};
}

}  // namespace confer
