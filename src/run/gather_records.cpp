#include "run/gather_records.hpp"

#include <span>
#include <string>

namespace confer {

namespace {

constexpr int record_tag = 71;

}  // namespace

void gather_records(Communicator const& comm, Journal const& journal, RecordVisitor const& enter) {
  if (!comm.is_root()) {
    journal.visit([&](std::string const& record) {
      comm.send(std::as_bytes(std::span(record.data(), record.size())), 0, record_tag);
    });
    comm.send({}, 0, record_tag);  // an empty message ends the stream
    return;
  }
  journal.visit(enter);
  for (int open = comm.size() - 1; open > 0;) {
    auto const waiting = comm.wait_message(record_tag);
    std::string record(static_cast<std::size_t>(waiting.bytes), '\0');
    comm.receive(std::as_writable_bytes(std::span(record.data(), record.size())), waiting.from, record_tag);
    if (record.empty())
      --open;
    else
      enter(record);
  }
}

}  // namespace confer
