#include "io/machine.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/utsname.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <string_view>
#include <utility>

#include "io/privileges.h"
#include "io/process.h"
#include "io/socket.h"
#include "io/transport_factory.h"

namespace mxscan {
namespace {

std::optional<int64_t> ReadNumber(const std::string& path) {
  std::ifstream file(path);
  int64_t value = 0;
  if (file >> value) return value;
  return std::nullopt;
}

// The number of octets behind `key` in /proc/meminfo.
std::optional<uint64_t> ReadMeminfo(std::string_view key) {
  std::ifstream file("/proc/meminfo");
  std::string name;
  uint64_t kib = 0;
  for (std::string line; file >> name >> kib && std::getline(file, line);) {
    if (name == key) return kib << 10;
  }
  return std::nullopt;
}

// What is left of the memory of this process's control group (version 2), if that has a limit.
std::optional<uint64_t> ControlGroupMemory() {
  std::ifstream membership("/proc/self/cgroup");
  for (std::string line; std::getline(membership, line);) {
    if (!line.starts_with("0::")) continue;
    const std::string directory = "/sys/fs/cgroup" + line.substr(3);
    const std::optional<int64_t> limit = ReadNumber(directory + "/memory.max");  // "max" is no number
    const std::optional<int64_t> used = ReadNumber(directory + "/memory.current");
    if (limit.has_value() && used.has_value()) return static_cast<uint64_t>(std::max<int64_t>(0, *limit - *used));
  }
  return std::nullopt;
}

std::optional<uint64_t> BufferOf(int fd, int option) {
  int size = 0;
  socklen_t length = sizeof(size);
  if (getsockopt(fd, SOL_SOCKET, option, &size, &length) != 0) return std::nullopt;
  return static_cast<uint64_t>(size) / 2;  // the kernel doubles what it was asked for, for its own bookkeeping
}

// A connected UDP socket tells whether there is a route, and sends nothing.
bool HasRoute(const char* text) {
  SocketOptions options;
  const std::optional<Endpoint> peer = Endpoint::Parse(text, 53);
  if (!peer.has_value()) return false;
  options.family = peer->address.family();
  options.connected_peer = *peer;
  return OpenUdpSocket(options, TransportOptions()).ok();
}

void LookAtSockets(MachineFacts* facts) {
  const TransportOptions wanted;
  facts->receive_buffer_wanted = static_cast<uint64_t>(wanted.receive_buffer_bytes);
  facts->send_buffer_wanted = static_cast<uint64_t>(wanted.send_buffer_bytes);
  const absl::StatusOr<UdpSocket> socket = OpenUdpSocket(SocketOptions(), wanted);
  if (socket.ok()) {
    const int fd = socket->fd.get();
    facts->receive_buffer = BufferOf(fd, SO_RCVBUF);
    facts->send_buffer = BufferOf(fd, SO_SNDBUF);
    const int segment = 512;
    facts->segments = setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment)) == 0;
  }
  // Addresses of root servers (a and m), which every routing table that reaches the internet covers.
  facts->route_v4 = HasRoute("198.41.0.4");
  facts->route_v6 = HasRoute("2001:dc3::35");
}

std::optional<uint64_t> FreeDisk(std::string path) {
  for (;;) {
    struct statvfs disk;
    if (statvfs(path.empty() ? "." : path.c_str(), &disk) == 0) return uint64_t{disk.f_bavail} * disk.f_frsize;
    if (path.empty() || path == "/") return std::nullopt;
    const size_t slash = path.find_last_of('/');
    path.resize(slash == std::string::npos ? 0 : std::max<size_t>(slash, 1));
  }
}

}  // namespace

MachineFacts LookAtMachine(const std::string& directory) {
  MachineFacts facts;
  utsname name;
  if (uname(&name) == 0) facts.kernel = std::string(name.sysname) + " " + name.release;
  std::string unused;
  for (const auto& [choice, error] :
       {std::pair(IoChoice::kUring, &facts.uring_error), std::pair(IoChoice::kMmsg, &facts.mmsg_error)}) {
    const auto transport = OpenTransport(choice, TransportOptions(), &unused);
    if (!transport.ok()) *error = std::string(transport.status().message());
  }
  facts.uring_disabled = ReadNumber("/proc/sys/kernel/io_uring_disabled");
  LookAtSockets(&facts);
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    facts.files_soft = limit.rlim_cur;
    facts.files_hard = limit.rlim_max;
  }
  facts.cpus = CpuCount();
  facts.memory_available = ReadMeminfo("MemAvailable:");
  if (const std::optional<uint64_t> group = ControlGroupMemory(); group.has_value()) {
    facts.memory_available = std::min(facts.memory_available.value_or(*group), *group);
  }
  facts.disk_free = FreeDisk(directory);
  if (RunsAsRoot()) facts.becomes = UserForDirectory(directory).name;
  facts.landlock_version = LandlockVersion();
  timex clock{};
  if (const int state = adjtimex(&clock); state >= 0) facts.clock_synchronised = state != TIME_ERROR;
  return facts;
}

}  // namespace mxscan
