#include "scanner/cli/doctor_checks.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "io/privileges.h"
#include "io/process.h"
#include "scanner/limits.h"
#include "scanner/resolve/ask_one.h"
#include "scanner/resolve/lies.h"

namespace mxscan {
namespace {

constexpr uint64_t kMib = uint64_t{1} << 20;
constexpr uint64_t kFilesNeeded = 1024;                // sockets, streams of TCP attempts, part files
constexpr uint64_t kMemoryNeeded = 512 * kMib;         // caches at their default, buffers, the kernel's own
constexpr uint64_t kDiskPerMillionNames = 200 * kMib;  // compressed, all tables, with room to spare
constexpr uint64_t kDiskSmall = 10 * kDiskPerMillionNames;

std::string OctetsText(uint64_t octets) {
  const auto size = static_cast<double>(octets);
  if (octets >= kMib << 10) return absl::StrFormat("%.1f GiB", size / static_cast<double>(kMib << 10));
  if (octets >= kMib) return absl::StrFormat("%.1f MiB", size / static_cast<double>(kMib));
  return absl::StrCat(octets >> 10, " KiB");
}

Check Ok(std::string what, std::string says) { return {CheckLevel::kOk, std::move(what), std::move(says), ""}; }
Check Hint(std::string what, std::string says, std::string mend) {
  return {CheckLevel::kHint, std::move(what), std::move(says), std::move(mend)};
}
Check Problem(std::string what, std::string says, std::string mend) {
  return {CheckLevel::kProblem, std::move(what), std::move(says), std::move(mend)};
}

Check CheckTransport(const MachineFacts& facts) {
  const std::string what = "packet engine";
  if (facts.uring_error.empty()) return Ok(what, absl::StrCat("io_uring works (", facts.kernel, ")"));
  if (!facts.mmsg_error.empty()) {
    return Problem(what, absl::StrCat("no UDP socket can be opened: ", facts.mmsg_error),
                   "allow this user or container to open network sockets");
  }
  const std::string says =
      absl::StrCat("io_uring is refused (", facts.uring_error, "); plain sockets work, with the same rows");
  if (facts.uring_disabled.value_or(0) > 0) return Hint(what, says, "sysctl -w kernel.io_uring_disabled=0");
  return Hint(what, says,
              "allow io_uring in the container's seccomp profile, or use Linux 6.0 or later; nothing need be done");
}

Check CheckBuffer(const char* what, const char* consequence, const char* setting, std::optional<uint64_t> got,
                  uint64_t wanted) {
  if (!got.has_value()) return Hint(what, "its size could not be found out", "");
  if (*got >= wanted) return Ok(what, OctetsText(*got));
  return Hint(what, absl::StrCat(OctetsText(*got), " of the ", OctetsText(wanted), " wanted: ", consequence),
              absl::StrCat("sysctl -w ", setting, "=", wanted));
}

Check CheckFiles(const MachineFacts& facts) {
  const std::string what = "open files";
  if (!facts.files_hard.has_value()) return Hint(what, "the limit could not be found out", "");
  if (*facts.files_hard >= kFilesNeeded) {
    // A scan raises its own limit to the hard one.
    return Ok(what, *facts.files_hard > 1'000'000'000 ? "no limit" : absl::StrCat("up to ", *facts.files_hard));
  }
  return Problem(what, absl::StrCat("at most ", *facts.files_hard, " may be open, and a scan may need ", kFilesNeeded),
                 "ulimit -Hn 65536 (as root), or LimitNOFILE=65536 in the service's unit");
}

Check CheckRoutes(const MachineFacts& facts) {
  const std::string what = "routes";
  if (facts.route_v4 && facts.route_v6) return Ok(what, "to the internet by IPv4 and IPv6");
  if (facts.route_v4) return Hint(what, "to the internet by IPv4 only: servers with IPv6 alone cannot be asked", "");
  if (facts.route_v6) return Hint(what, "to the internet by IPv6 only: servers with IPv4 alone cannot be asked", "");
  return Hint(what, "none to the internet: only resolvers on this machine or this network can be asked", "ip route");
}

Check CheckMemory(const MachineFacts& facts) {
  const std::string what = "memory";
  if (!facts.memory_available.has_value()) return Hint(what, "what is free could not be found out", "");
  const std::string size = OctetsText(*facts.memory_available);
  if (*facts.memory_available >= kMemoryNeeded) return Ok(what, absl::StrCat(size, " available"));
  return Hint(what, absl::StrCat("only ", size, " available"), "scan with a smaller --memory and --inflight");
}

Check CheckDisk(const MachineFacts& facts) {
  const std::string what = "disk";
  if (!facts.disk_free.has_value()) return Problem(what, "the directory cannot be looked at", "give another --output");
  const std::string says = absl::StrCat(OctetsText(*facts.disk_free), " free, enough for about ",
                                        *facts.disk_free / kDiskPerMillionNames, " million names");
  return *facts.disk_free >= kDiskSmall ? Ok(what, says) : Hint(what, says, "write to a larger disk with --output");
}

Check CheckClock(const MachineFacts& facts) {
  const std::string what = "clock";
  if (!facts.clock_synchronised.has_value()) return Hint(what, "whether it is right could not be found out", "");
  if (*facts.clock_synchronised) return Ok(what, "synchronised");
  return Hint(what, "not synchronised: the times in the dataset may be wrong", "timedatectl set-ntp true");
}

Check CheckPrivileges(const MachineFacts& facts) {
  const std::string what = "privileges";
  if (facts.becomes.empty()) return Ok(what, "none, and none are needed");
  return Ok(what, absl::StrCat("root; a scan into this directory becomes user ", facts.becomes,
                               ", without capabilities, and leaves its files to that user (--user chooses another)"));
}

Check CheckFence(const MachineFacts& facts) {
  const std::string what = "file fence";
  if (facts.landlock_version >= kLandlockVersionMin) {
    return Ok(what, absl::StrCat("Landlock version ", facts.landlock_version,
                                 ": a scan can write to nothing but its dataset, and read little else"));
  }
  if (facts.landlock_version > 0) {
    return Hint(what,
                absl::StrCat("this kernel's Landlock is of version ", facts.landlock_version,
                             ", which a dataset cannot be written under: a scan is kept from other files by their "
                             "permissions only"),
                "Linux 5.19 or later has version 2; nothing need be done");
  }
  return Hint(what, "this kernel offers no Landlock: a scan is kept from other files by their permissions only",
              "add landlock to the kernel's lsm= list (Linux 5.19 or later); nothing need be done");
}

}  // namespace

std::vector<Check> CheckMachine(const MachineFacts& facts) {
  std::vector<Check> checks;
  checks.push_back(CheckTransport(facts));
  checks.push_back(CheckBuffer("receive buffer", "answers may be lost at high rates", "net.core.rmem_max",
                               facts.receive_buffer, facts.receive_buffer_wanted));
  checks.push_back(CheckBuffer("send buffer", "sends may have to wait at high rates", "net.core.wmem_max",
                               facts.send_buffer, facts.send_buffer_wanted));
  checks.push_back(facts.segments
                       ? Ok("segmented sends", "the kernel sends many queries at once (UDP_SEGMENT)")
                       : Hint("segmented sends", "not offered by this kernel: sending costs about twice as much",
                              "use Linux 4.18 or later"));
  checks.push_back(CheckFiles(facts));
  checks.push_back(CheckRoutes(facts));
  checks.push_back(Ok("processors", absl::StrCat(facts.cpus)));
  checks.push_back(CheckMemory(facts));
  checks.push_back(CheckDisk(facts));
  checks.push_back(CheckClock(facts));
  checks.push_back(CheckPrivileges(facts));
  checks.push_back(CheckFence(facts));
  return checks;
}

ServerFacts AskServer(const Endpoint& server, TimeNs timeout_ns, Transport* transport) {
  ServerFacts facts;
  facts.server = server;
  EngineOptions options;
  options.servers = {server};
  options.inflight = 1;
  options.tries = 2;
  options.timeout_ns = timeout_ns;
  const uint64_t seed = RandomSeed();
  Engine engine(options, RandomKey::FromSeed(seed), transport);
  if (const absl::Status opened = engine.Open(); !opened.ok()) {
    facts.outcome = std::string(opened.message());
    return facts;
  }
  TimeNs now = MonotonicNow();
  const AskedOne root = AskOne(&engine, transport, kRootName, RrType::kNs, &now);
  facts.answered = root.answered;
  facts.rtt_ns = root.rtt_ns;
  facts.outcome = std::string(ToText(root.outcome));
  facts.resolves = root.outcome == Outcome::kData;
  if (!facts.answered) return facts;
  facts.invents = AskOne(&engine, transport, ImpossibleName(seed), RrType::kA, &now).outcome == Outcome::kData;
  return facts;
}

Check CheckServer(const ServerFacts& facts) {
  const std::string what = absl::StrCat("resolver ", facts.server.ToString());
  if (!facts.answered) {
    const std::string detail =
        facts.outcome.empty() || facts.outcome == "timeout" ? "" : absl::StrCat(": ", facts.outcome);
    return Problem(what, absl::StrCat("does not answer", detail),
                   "look at its address and the firewall between, or give another --resolver");
  }
  const std::string time = absl::StrFormat("%.1f ms", static_cast<double>(facts.rtt_ns) / 1e6);
  if (facts.invents) {
    return Problem(what, absl::StrCat("gives addresses for names that do not exist (", time, ")"),
                   "use a resolver that says NXDOMAIN: with this one no verdict on missing names can be right");
  }
  if (!facts.resolves) {
    return Problem(what, absl::StrCat("answers, but does not resolve: ", facts.outcome, " for the root's name servers"),
                   "ask its operator to let this machine use it, or give another --resolver");
  }
  return Ok(what, absl::StrCat("resolves, and says NXDOMAIN where it should (", time, ")"));
}

}  // namespace mxscan
