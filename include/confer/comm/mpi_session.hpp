/// The one owner of MPI: initialises it, and finalises it only when the program ends without an error.
#pragma once

namespace confer {

/// Starts MPI on construction. The destructor finalises MPI unless an exception is unwinding: other ranks may then
/// be waiting in a collective call, and a finalising rank would wait for them for ever. main() catches and aborts.
class MpiSession {
 public:
  MpiSession(int& argc, char**& argv);
  ~MpiSession();
  MpiSession(MpiSession const&) = delete;
  MpiSession& operator=(MpiSession const&) = delete;

  /// Ends all ranks at once with this exit code (1..125).
  [[noreturn]] static void abort(int code);

 private:
  int exceptions_at_start_;
};

}  // namespace confer
