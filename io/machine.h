// What a machine allows a scan: limits of the kernel, of the process and of the disk.
//
// Purpose: one look at everything that decides whether a scan runs well, taken without root and without sending
// anything. Units: octets, entries, nanoseconds. Ownership: a plain value. Thread safety: any thread; opens and closes
// descriptors of its own. Errors: what cannot be found out is left at its "unknown" value, never guessed.
#ifndef MXSCAN_IO_MACHINE_H_
#define MXSCAN_IO_MACHINE_H_

#include <cstdint>
#include <optional>
#include <string>

namespace mxscan {

struct MachineFacts {
  std::string kernel;                      // "Linux 6.1.0"
  std::string uring_error;                 // why io_uring cannot be used; empty: it can
  std::string mmsg_error;                  // the same of plain sockets
  std::optional<int64_t> uring_disabled;   // kernel.io_uring_disabled: 0 no, 1 for the unprivileged, 2 for all
  std::optional<uint64_t> receive_buffer;  // what a socket that asked for receive_buffer_wanted got
  std::optional<uint64_t> send_buffer;
  uint64_t receive_buffer_wanted = 0;
  uint64_t send_buffer_wanted = 0;
  bool segments = false;                           // UDP_SEGMENT
  std::optional<uint64_t> files_soft, files_hard;  // RLIMIT_NOFILE
  bool route_v4 = false, route_v6 = false;         // to addresses of the internet, as far as the routing table says
  int cpus = 1;
  std::optional<uint64_t> memory_available;  // of the machine, or of the control group where that is less
  std::optional<uint64_t> disk_free;         // for this user, where the dataset would be
  std::optional<bool> clock_synchronised;
  std::string becomes;       // the user that a scan started by root into that directory runs as; empty: not root
  int landlock_version = 0;  // 0: the kernel has none; io/privileges.h tells which suffice
};

// `directory`: where a dataset would be written; its nearest ancestor that exists is looked at.
MachineFacts LookAtMachine(const std::string& directory);

}  // namespace mxscan

#endif  // MXSCAN_IO_MACHINE_H_
