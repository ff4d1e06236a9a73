#include "io/probe.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace confer {

namespace {

/// What the child says: that it begins with a path, or (`bytes` of them follow) what it found there.
struct Message {
  std::size_t path;
  std::size_t bytes;
};
constexpr std::size_t begins = static_cast<std::size_t>(-1);

// False when the parent is gone.
bool send(int report, Message const& message, std::string const& found) {
  std::string text(reinterpret_cast<char const*>(&message), sizeof message);
  text += found;
  for (std::size_t sent = 0; sent < text.size();) {
    ssize_t const done = write(report, text.data() + sent, text.size() - sent);
    if (done > 0)
      sent += static_cast<std::size_t>(done);
    else if (errno != EINTR)
      return false;
  }
  return true;
}

// The child: names each path before it tries it, so that the parent knows the last one. Never returns.
[[noreturn]] void try_all(std::vector<std::string> const& paths, std::size_t start,
                          std::function<std::string(std::string const&)> const& work, unsigned seconds, int report) {
  for (int const signal_number : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGALRM, SIGTERM, SIGINT, SIGUSR1})
    signal(signal_number, SIG_DFL);
  rlimit const no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  if (int const nowhere = open("/dev/null", O_WRONLY); nowhere >= 0) {
    dup2(nowhere, STDERR_FILENO);  // the C library's last words are not the user's business
    close(nowhere);
  }
  for (std::size_t i = start; i < paths.size(); ++i) {
    if (!send(report, {i, begins}, {})) _exit(0);
    alarm(seconds);
    try {
      std::string const found = work(paths[i]);
      if (!send(report, {i, found.size()}, found)) _exit(0);
    } catch (...) {
      // An error that can be caught is no danger to the parent, which will meet and report it.
    }
  }
  _exit(0);
}

// False at the end of what the child says.
bool receive(int report, void* to, std::size_t bytes) {
  for (std::size_t have = 0; have < bytes;) {
    ssize_t const got = read(report, static_cast<char*>(to) + have, bytes - have);
    if (got > 0)
      have += static_cast<std::size_t>(got);
    else if (got == 0 || errno != EINTR)
      return false;
  }
  return true;
}

// Listens until the child closes its end; returns the last path it began with, or `none`.
std::size_t listen(int report, std::size_t none, std::vector<Probed>& probed) {
  std::size_t last = none;
  for (Message message{}; receive(report, &message, sizeof message);) {
    if (message.bytes == begins) {
      last = message.path;
      continue;
    }
    std::string found(message.bytes, '\0');
    if (!receive(report, found.data(), found.size())) return last;
    probed.at(message.path).found = std::move(found);
  }
  return last;
}

}  // namespace

std::vector<Probed> probe(std::vector<std::string> const& paths,
                          std::function<std::string(std::string const&)> const& work, unsigned seconds) {
  std::vector<Probed> probed(paths.size());
  std::size_t start = 0;
  while (start < paths.size()) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) break;
    pid_t const child = fork();
    if (child == 0) {
      close(ends[0]);
      try_all(paths, start, work, seconds, ends[1]);
    }
    close(ends[1]);
    std::size_t const last = child > 0 ? listen(ends[0], paths.size(), probed) : paths.size();
    close(ends[0]);
    if (child < 0) break;
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if ((WIFEXITED(status) && WEXITSTATUS(status) == 0) || last == paths.size()) break;
    probed[last] = {true, std::nullopt};
    start = last + 1;
  }
  return probed;
}

}  // namespace confer
