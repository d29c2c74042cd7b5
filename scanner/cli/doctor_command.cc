// mxscan doctor
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "io/process.h"
#include "io/transport_factory.h"
#include "nlohmann/json.hpp"
#include "scanner/cli/commands.h"
#include "scanner/cli/doctor_checks.h"
#include "scanner/cli/exit_status.h"
#include "scanner/cli/resolvers.h"
#include "scanner/cli/root_probe.h"
#include "scanner/cli/root_way.h"
#include "scanner/cli/units.h"
#include "scanner/limits.h"
#include "scanner/run/scan_options.h"

namespace mxscan {
namespace {

constexpr size_t kServersAsked = 100;  // of a long list the first ones

std::string_view LevelText(CheckLevel level) {
  return level == CheckLevel::kOk ? "ok" : level == CheckLevel::kHint ? "hint" : "problem";
}

class DoctorCommand : public Command {
 public:
  explicit DoctorCommand(CLI::App* root) {
    app_ = root->add_subcommand("doctor", "what this machine allows a scan, and how to mend what it does not");
    app_->add_option("--resolver", resolvers_,
                     "whom to try, as for scan: iterative (the root's servers), system, ADDRESS[:PORT] or @FILE; where "
                     "not given, iterative and system")
        ->allow_extra_args(false);
    app_->add_option("--root-hints", root_hints_, "of --resolver iterative: the root's servers, as for scan");
    app_->add_option("--lab", lab_port_, "of --resolver iterative, for laboratories: the PORT of the root's servers")
        ->check(CLI::Range(1, 65535));
    app_->add_option("--output,-o", output_, "where a dataset would be written");
    app_->add_option("--timeout", timeout_, "for each question to a resolver");
    app_->add_flag("--json", json_, "one JSON object a check and line");
  }
  CLI::App* app() override { return app_; }

  int Run() override {
    const absl::StatusOr<TimeNs> timeout = ParseDuration(timeout_);
    if (!timeout.ok() || *timeout < kTimeoutFloorNs || *timeout > kTimeoutCeilingNs) {
      Complain(absl::StrCat("--timeout: '", timeout_, "' is no duration from 10ms to 60s"));
      return kExitUsage;
    }
    const bool both = resolvers_.empty() && lab_port_ == 0;  // a laboratory is asked, and nobody beside
    const bool iterative =
        resolvers_.empty() || std::find(resolvers_.begin(), resolvers_.end(), kIterative) != resolvers_.end();
    if (iterative && resolvers_.size() > 1) return Misused("--resolver iterative stands alone");
    if (!iterative && (lab_port_ != 0 || !root_hints_.empty())) {
      return Misused("--root-hints and --lab are for --resolver iterative");
    }
    const MachineFacts facts = LookAtMachine(output_);
    bool all_written = true;
    for (const Check& check : CheckMachine(facts)) all_written &= Show(check);
    int servers = iterative ? CheckRootServers(*timeout, &all_written) : CheckServers(*timeout, &all_written);
    if (both && (servers == kExitDone || servers == kExitNoServer)) {
      resolvers_ = {kSystem};
      // One of the two ways is enough; that the other is closed has been shown.
      const int system = CheckServers(*timeout, &all_written);
      if (servers == kExitNoServer) servers = system;
    }
    if (!all_written) return kExitWrite;
    if (!facts.uring_error.empty() && !facts.mmsg_error.empty()) return kExitPermission;
    if (servers != kExitDone) return servers;
    return problems_ == 0 ? kExitDone : kExitConfiguration;
  }

 private:
  static int Misused(const char* why) {
    Complain(why);
    return kExitUsage;
  }

  int CheckRootServers(TimeNs timeout, bool* all_written) {
    const absl::StatusOr<RootWay> way = ReadRootWay(PosixFileSystem(), root_hints_, {}, lab_port_);
    if (!way.ok()) {
      Complain(std::string(way.status().message()));
      return way.status().code() == absl::StatusCode::kInvalidArgument ? kExitUsage : kExitConfiguration;
    }
    std::string unused;
    const auto transport = OpenTransport(IoChoice::kAuto, TransportOptions(), &unused);
    if (!transport.ok()) return kExitPermission;
    const std::vector<RootFacts> facts = AskRoots(*way, timeout, RandomSeed(), transport->get());
    for (const Check& check : CheckRoots(facts)) *all_written &= Show(check);
    return RootsAnswer(facts) ? kExitDone : kExitNoServer;
  }

  // kExitDone where at least one of them can be used.
  int CheckServers(TimeNs timeout, bool* all_written) {
    const absl::StatusOr<std::vector<Endpoint>> servers = ResolveItems(PosixFileSystem(), resolvers_);
    if (!servers.ok()) {
      *all_written &= Show({CheckLevel::kProblem, "resolvers", std::string(servers.status().message()),
                            "give one with --resolver ADDRESS"});
      return servers.status().code() == absl::StatusCode::kNotFound ? kExitConfiguration : kExitUsage;
    }
    bool any = false;
    for (size_t i = 0; i < std::min(servers->size(), kServersAsked); ++i) {
      std::string unused;
      const auto transport = OpenTransport(IoChoice::kAuto, TransportOptions(), &unused);
      if (!transport.ok()) return kExitPermission;
      const ServerFacts facts = AskServer((*servers)[i], timeout, transport->get());
      any |= facts.resolves && !facts.invents;
      *all_written &= Show(CheckServer(facts));
    }
    if (servers->size() > kServersAsked) {
      *all_written &=
          Show({CheckLevel::kHint, "resolvers",
                absl::StrCat("only the first ", kServersAsked, " of ", servers->size(), " were asked"), ""});
    }
    return any ? kExitDone : kExitNoServer;
  }

  bool Show(const Check& check) {
    problems_ += check.level == CheckLevel::kProblem;
    if (json_) {
      const nlohmann::ordered_json line = {
          {"check", check.what}, {"level", LevelText(check.level)}, {"says", check.says}, {"mend", check.mend}};
      return Print(line.dump() + "\n");
    }
    std::string text = absl::StrCat(std::string(LevelText(check.level)));
    text.resize(9, ' ');
    absl::StrAppend(&text, check.what, ": ", check.says, "\n");
    if (!check.mend.empty()) absl::StrAppend(&text, "         mend: ", check.mend, "\n");
    return Print(text);
  }

  CLI::App* app_;
  std::vector<std::string> resolvers_;
  std::string root_hints_;
  int lab_port_ = 0;
  std::string output_ = ".";
  std::string timeout_ = "2s";
  bool json_ = false;
  int problems_ = 0;
};

}  // namespace

std::unique_ptr<Command> AddDoctorCommand(CLI::App* root) { return std::make_unique<DoctorCommand>(root); }

}  // namespace mxscan
