// A file descriptor that closes itself.
//
// Purpose: ownership of descriptors in io/. Ownership: exactly one UniqueFd owns a descriptor. Thread safety: a plain
// value. Errors: those of close(2) are dropped; who needs them (written files) releases the descriptor and closes it.
#ifndef MXSCAN_IO_UNIQUE_FD_H_
#define MXSCAN_IO_UNIQUE_FD_H_

#include <unistd.h>

#include <utility>

namespace mxscan {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
      Reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~UniqueFd() { Reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int Release() { return std::exchange(fd_, -1); }
  void Reset() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_ = -1;
};

}  // namespace mxscan

#endif  // MXSCAN_IO_UNIQUE_FD_H_
