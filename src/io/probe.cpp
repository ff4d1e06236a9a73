#include "io/probe.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace confer {

namespace {

// The child: writes each index before it tries that path, so that the parent knows the last one. Never returns.
[[noreturn]] void try_all(std::vector<std::string> const& paths, std::size_t start,
                          std::function<void(std::string const&)> const& work, unsigned seconds, int report) {
  for (int const signal_number : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGALRM, SIGTERM, SIGINT, SIGUSR1})
    signal(signal_number, SIG_DFL);
  rlimit const no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  if (int const nowhere = open("/dev/null", O_WRONLY); nowhere >= 0) {
    dup2(nowhere, STDERR_FILENO);  // the C library's last words are not the user's business
    close(nowhere);
  }
  for (std::size_t i = start; i < paths.size(); ++i) {
    if (write(report, &i, sizeof i) != static_cast<ssize_t>(sizeof i)) _exit(0);
    alarm(seconds);
    try {
      work(paths[i]);
    } catch (...) {
      // An error that can be caught is no danger to the parent, which will meet and report it.
    }
  }
  _exit(0);
}

// Reads indices until the child closes its end; returns the last one, or `none`.
std::size_t last_report(int report, std::size_t none) {
  std::size_t last = none, next = 0;
  while (true) {
    ssize_t const got = read(report, &next, sizeof next);
    if (got == static_cast<ssize_t>(sizeof next))
      last = next;
    else if (got >= 0 || errno != EINTR)
      return last;
  }
}

}  // namespace

std::vector<std::size_t> deadly_paths(std::vector<std::string> const& paths,
                                      std::function<void(std::string const&)> const& work, unsigned seconds) {
  std::vector<std::size_t> deadly;
  std::size_t start = 0;
  while (start < paths.size()) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) break;
    pid_t const child = fork();
    if (child == 0) try_all(paths, start, work, seconds, ends[1]);
    close(ends[1]);
    std::size_t const last = child > 0 ? last_report(ends[0], paths.size()) : paths.size();
    close(ends[0]);
    if (child < 0) break;
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if ((WIFEXITED(status) && WEXITSTATUS(status) == 0) || last == paths.size()) break;
    deadly.push_back(last);
    start = last + 1;
  }
  return deadly;
}

}  // namespace confer
