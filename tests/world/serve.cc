#include "tests/world/serve.h"

#include <csignal>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/world/server_thread.h"

namespace mxscan::world {

namespace {

bool ParseListeners(const ServeOptions& options, ThreadOptions* out) {
  for (const std::string& text : options.listen) {
    const auto endpoint = Endpoint::Parse(text, 53);
    if (!endpoint) {
      std::fprintf(stderr, "world: --listen %s: no ADDRESS:PORT\n", text.c_str());
      return false;
    }
    out->listen.push_back(*endpoint);
  }
  for (const std::string& text : options.dead) {
    const auto address = IpAddress::Parse(text);
    if (!address) {
      std::fprintf(stderr, "world: --dead %s: no address\n", text.c_str());
      return false;
    }
    out->dead.push_back(*address);
  }
  return true;
}

bool ParseLate(const std::string& text, FaultOptions* faults) {
  if (text.empty()) return true;
  if (std::sscanf(text.c_str(), "%d:%lf", &faults->late_ms, &faults->late) == 2 && faults->late_ms >= 0) return true;
  std::fprintf(stderr, "world: --late %s: not MS:SHARE\n", text.c_str());
  return false;
}

bool WriteText(const std::string& path, const std::string& text) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  if (file == nullptr) {
    std::fprintf(stderr, "world: %s: cannot be written\n", path.c_str());
    return false;
  }
  std::fwrite(text.data(), 1, text.size(), file);
  return std::fclose(file) == 0;
}

// Counters and rates as one JSON object on stdout; the rates as CSV too where a file is named.
bool Report(const std::vector<std::unique_ptr<ServerThread>>& threads, const std::string& rate_log) {
  ServeCounters sum;
  std::map<IpAddress, std::vector<uint64_t>> times;
  std::vector<uint64_t> all;
  for (const auto& thread : threads) {
    sum.Add(thread->counters());
    for (auto& [address, list] : thread->times()) {
      times[address].insert(times[address].end(), list.begin(), list.end());
      all.insert(all.end(), list.begin(), list.end());
    }
  }
  nlohmann::ordered_json json;
  for (const auto& [name, value] : sum.List()) json[name] = value;
  std::string csv = "address,queries,highest_per_second\n";
  if (!rate_log.empty()) {
    const uint64_t highest_of_all = HighestPerSecond(&all);
    json["highest_per_second"] = highest_of_all;
    // By prefix too: an IPv4 /24.
    std::map<std::string, std::vector<uint64_t>> by_prefix;
    for (const auto& [address, list] : times) {
      if (address.family() != 4) continue;
      const std::string text = address.ToString();
      std::vector<uint64_t>& all_of_it = by_prefix[text.substr(0, text.rfind('.')) + ".0/24"];
      all_of_it.insert(all_of_it.end(), list.begin(), list.end());
    }
    for (auto& [prefix, list] : by_prefix) {
      const uint64_t highest = HighestPerSecond(&list);
      csv += prefix + "," + std::to_string(list.size()) + "," + std::to_string(highest) + "\n";
    }
    for (auto& [address, list] : times) {
      const uint64_t highest = HighestPerSecond(&list);
      json["highest_per_second_by_address"][address.ToString()] = highest;
      csv += address.ToString() + "," + std::to_string(list.size()) + "," + std::to_string(highest) + "\n";
    }
    csv += "all," + std::to_string(all.size()) + "," + std::to_string(highest_of_all) + "\n";
  }
  std::printf("%s\n", json.dump().c_str());
  std::fflush(stdout);
  return rate_log.empty() || WriteText(rate_log, csv);
}

}  // namespace

void AddServeOptions(CLI::App* command, ServeOptions* options) {
  const auto share = [command](const char* name, double* value, const char* text) {
    command->add_option(name, *value, text)->check(CLI::Range(0.0, 1.0));
  };
  command->add_option("--listen", options->listen, "ADDRESS:PORT on loopback; repeatable")->required();
  command->add_option("--dead", options->dead, "An address that never answers; repeatable");
  command->add_option("--threads", options->threads, "Threads")->check(CLI::Range(1, 64));
  command->add_flag("--authoritative", options->authoritative, "Root, top-level and zone servers, not a resolver");
  share("--dead-share", &options->manners.dead, "Share of zones whose first server never answers (--authoritative)");
  share("--lame-share", &options->manners.lame, "Share of zones whose first server is lame (--authoritative)");
  command->add_option("--fault-seed", options->faults.seed, "Seed of the faults");
  share("--loss", &options->faults.loss, "Share of answers that are lost");
  share("--duplicate", &options->faults.duplicate, "Share of answers that are sent twice");
  share("--servfail", &options->faults.servfail, "Share of answers replaced by SERVFAIL");
  share("--refused", &options->faults.refused, "Share of answers replaced by REFUSED");
  share("--truncate", &options->faults.truncate, "Share of UDP answers replaced by an empty one with TC");
  command->add_option("--late", options->late, "MS:SHARE, answers that come late");
  command->add_option("--forge", options->faults.forge, "Forged answers before each real one")
      ->check(CLI::Range(0, 64));
  command->add_option("--rate-log", options->rate_log, "Write queries and the highest rate of each address and /24");
  command->add_option("--ready", options->ready, "Write this file once the sockets are open");
}

int Serve(const World& world, ServeOptions options) {
  ThreadOptions common;
  if (!ParseLate(options.late, &options.faults) || !ParseListeners(options, &common)) return 64;
  common.role = options.authoritative ? Role::kAuthoritative : Role::kRecursive;
  common.faults = options.faults;
  common.manners = options.manners;
  common.log_times = !options.rate_log.empty();
  common.share_ports = options.threads > 1;

  // Signals are taken by this thread alone, by waiting.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  std::vector<std::unique_ptr<ServerThread>> servers;
  for (int i = 0; i < options.threads; ++i) {
    servers.push_back(std::make_unique<ServerThread>(world, common, static_cast<uint64_t>(i)));
    std::string error;
    if (!servers.back()->Open(&error)) {
      std::fprintf(stderr, "world: %s\n", error.c_str());
      return 1;
    }
  }
  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;
  for (const auto& server : servers) threads.emplace_back([&server, &stop] { server->Run(&stop); });
  std::fprintf(stderr, "world: serving %llu domains on %zu addresses\n", static_cast<unsigned long long>(world.size()),
               common.listen.size());
  bool ok = options.ready.empty() || WriteText(options.ready, "ready\n");
  int signal = 0;
  sigwait(&signals, &signal);
  stop.store(true);
  for (std::thread& thread : threads) thread.join();
  ok = Report(servers, options.rate_log) && ok;
  return ok ? 0 : 1;
}

}  // namespace mxscan::world
