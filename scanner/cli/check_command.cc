// mxscan check DOMAIN...
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "io/privileges.h"
#include "io/process.h"
#include "io/transport_factory.h"
#include "scanner/check/check_json.h"
#include "scanner/check/check_text.h"
#include "scanner/check/run.h"
#include "scanner/cli/commands.h"
#include "scanner/cli/exit_status.h"
#include "scanner/cli/lookups.h"
#include "scanner/cli/resolvers.h"
#include "scanner/cli/root_way.h"
#include "scanner/cli/units.h"
#include "scanner/run/scan_options.h"

namespace mxscan {
namespace {

constexpr size_t kExplainedDomainsMax = 3;  // explanations are on by default up to so many
constexpr TimeNs kSilentFor = kSecond;      // before progress is shown
constexpr TimeNs kProgressEvery = 250 * kMillisecond;

constexpr char kFooter[] =
    "Exit status: 0 no finding of level error; 1 at least one; 2 none was seen, but a\n"
    "lookup failed that one depends on; 64 usage; 65 a DOMAIN is no domain name;\n"
    "69 no server answers; 74 the output cannot be written; 77 no socket is allowed.\n"
    "Colour is left out where NO_COLOR is set.";

struct CheckFlags {
  std::vector<std::string> domains;
  std::vector<std::string> resolvers{kIterative};
  std::string timeout = "2s";
  int tries = kCheckTries;
  std::string lookups;  // by the way of resolution
  std::string root_hints;
  std::vector<std::string> zone_servers;
  int lab_port = 0;
  bool every_server = false;
  std::string io = "auto";
  std::string colour = "auto";
  bool json = false;
  bool explain = true;
};

// A variable of the environment; empty where it is not set.
std::string_view Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

// Whether the locale is one of UTF-8, as its name says (POSIX 8.2: the first of these that is set decides).
bool LocaleIsUtf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string_view value = Environment(name);
    if (value.empty()) continue;
    const std::string lower = absl::AsciiStrToLower(absl::string_view(value.data(), value.size()));
    return lower.find("utf-8") != std::string::npos || lower.find("utf8") != std::string::npos;
  }
  return false;
}

int PageColumns() {
  int columns = TerminalColumns(STDOUT_FILENO);
  if (!IsTerminal(STDOUT_FILENO)) {
    const std::string_view given = Environment("COLUMNS");
    std::from_chars(given.data(), given.data() + given.size(), columns);
  }
  return std::clamp(columns, kPageColumnsMin, kPageColumnsMax);
}

// Nothing is written, so root can become anyone. Where there is nobody else (a namespace without other users) it stays
// what it is: that shows at the first step, which leaves all as it was.
absl::Status BecomeNobody() {
  if (!RunsAsRoot()) return absl::OkStatus();
  const UserId nobody = NobodyUser();
  return ActForFilesAs(nobody).ok() ? BecomeUser(nobody) : absl::OkStatus();
}

class CheckCommand : public Command {
 public:
  explicit CheckCommand(CLI::App* root);
  CLI::App* app() override { return app_; }
  int Run() override;

 private:
  absl::Status ReadTargets(std::vector<CheckTarget>* targets) const;
  absl::Status ReadOptions(CheckOptions* options, IoChoice* io) const;
  absl::Status ReadResolution(CheckOptions* options) const;
  bool Coloured() const;
  int Report(const CheckResult& result, const std::vector<CheckTarget>& targets, const Suffixes& suffixes) const;

  CLI::App* app_;
  CheckFlags flags_;
  const CLI::Option* explain_option_ = nullptr;
};

CheckCommand::CheckCommand(CLI::App* root) {
  app_ = root->add_subcommand("check", "check the mail DNS of a domain or a few, and say what to mend");
  app_->add_option("DOMAIN", flags_.domains, "domain names; of a URL or an e-mail address its domain is taken")
      ->required();
  app_->add_option("--resolver", flags_.resolvers,
                   "iterative: ask the zones' own servers, from the root down; or whom to ask instead, repeatable: "
                   "system, @FILE, ADDRESS[:PORT] or [V6]:PORT")
      ->allow_extra_args(false)  // what follows its one word is a DOMAIN
      ->capture_default_str();
  app_->add_option("--timeout", flags_.timeout, "of a question's first attempt; later ones wait longer")
      ->capture_default_str();
  app_->add_option("--tries", flags_.tries, "attempts per question")
      ->check(CLI::Range(1, kTriesCeiling))
      ->capture_default_str();
  app_->add_option("--lookups", flags_.lookups,
                   "groups of questions, separated by commas; all where not given: mx, a, aaaa, ptr, confirm, probe, "
                   "wildcard and, but with --resolver iterative, bogus");
  app_->add_flag("--all-servers", flags_.every_server,
                 "of --resolver iterative: ask every server of a domain's zone for its MX records, and compare");
  app_->add_option("--root-hints", flags_.root_hints,
                   "of --resolver iterative: the root's servers, in the format of named.root; else those built in");
  app_->add_option("--zone-servers", flags_.zone_servers,
                   "of --resolver iterative: ZONE=ADDRESS[,ADDRESS...], repeatable, as for scan")
      ->allow_extra_args(false);
  app_->add_option("--lab", flags_.lab_port,
                   "of --resolver iterative, for laboratories: PORT of all servers, as for scan")
      ->check(CLI::Range(1, 65535));
  app_->add_option("--io", flags_.io, "auto, uring or mmsg")->capture_default_str();
  app_->add_flag("--json", flags_.json, "one JSON object a domain, each on a line");
  app_->add_option("--color", flags_.colour, "auto (on a terminal), always or never")->capture_default_str();
  explain_option_ = app_->add_flag("--explain,!--no-explain", flags_.explain,
                                   "why each finding matters and how to mend it; on for up to 3 domains");
  app_->footer(kFooter);
}

absl::Status CheckCommand::ReadTargets(std::vector<CheckTarget>* targets) const {
  for (const std::string& word : flags_.domains) {
    absl::StatusOr<CheckTarget> target = ReadCheckTarget(word);
    if (!target.ok()) return target.status();
    const auto same = [&](const CheckTarget& known) { return known.name == target->name; };
    if (std::none_of(targets->begin(), targets->end(), same)) targets->push_back(*std::move(target));
  }
  return absl::OkStatus();
}

absl::Status CheckCommand::ReadOptions(CheckOptions* options, IoChoice* io) const {
  const auto usage = [](const std::string& text) { return absl::InvalidArgumentError(text); };
  absl::StatusOr<TimeNs> timeout = ParseDuration(flags_.timeout);
  if (!timeout.ok()) return usage(absl::StrCat("--timeout: ", std::string(timeout.status().message())));
  if (*timeout < kTimeoutFloorNs || *timeout > kTimeoutCeilingNs) {
    return usage(absl::StrCat("--timeout: '", flags_.timeout, "' is out of range"));
  }
  options->timeout_ns = *timeout;
  options->tries = flags_.tries;
  options->seed = RandomSeed();
  if (!ParseIoChoice(flags_.io, io)) return usage(absl::StrCat("--io: '", flags_.io, "' is none of auto, uring, mmsg"));
  if (flags_.colour != "auto" && flags_.colour != "always" && flags_.colour != "never") {
    return usage(absl::StrCat("--color: '", flags_.colour, "' is none of auto, always, never"));
  }
  return ReadResolution(options);
}

// Where questions go, and which are asked there.
absl::Status CheckCommand::ReadResolution(CheckOptions* options) const {
  const auto usage = [](const std::string& text) { return absl::InvalidArgumentError(text); };
  const bool iterative =
      std::find(flags_.resolvers.begin(), flags_.resolvers.end(), kIterative) != flags_.resolvers.end();
  std::string lookups = "mx,a,aaaa,ptr,confirm,probe,wildcard";
  if (!iterative) lookups += ",bogus";
  if (!flags_.lookups.empty()) lookups = flags_.lookups;
  if (absl::Status status = ParseLookups(lookups, &options->lookups); !status.ok()) return status;
  if (!iterative) {
    if (flags_.every_server || flags_.lab_port != 0 || !flags_.root_hints.empty() || !flags_.zone_servers.empty()) {
      return usage("--all-servers, --root-hints, --zone-servers and --lab are for --resolver iterative");
    }
    absl::StatusOr<std::vector<Endpoint>> servers = ResolveItems(PosixFileSystem(), flags_.resolvers);
    if (!servers.ok()) return servers.status();
    options->servers = *std::move(servers);
    return absl::OkStatus();
  }
  if (flags_.resolvers.size() > 1) return usage("--resolver iterative stands alone: it asks no other resolver");
  if (options->lookups.bogus) {
    return usage("--lookups: 'bogus' needs a resolver that validates; with --resolver iterative there is none");
  }
  absl::StatusOr<RootWay> way = ReadRootWay(PosixFileSystem(), flags_.root_hints, flags_.zone_servers, flags_.lab_port);
  if (!way.ok()) return way.status();
  options->from_root = *std::move(way);
  options->every_server = flags_.every_server;
  return absl::OkStatus();
}

bool CheckCommand::Coloured() const {
  if (flags_.colour != "auto") return flags_.colour == "always";
  return IsTerminal(STDOUT_FILENO) && Environment("NO_COLOR").empty() && Environment("TERM") != "dumb";
}

int CheckCommand::Report(const CheckResult& result, const std::vector<CheckTarget>& targets,
                         const Suffixes& suffixes) const {
  CheckTextOptions options;
  options.page = {.columns = PageColumns(), .colour = Coloured(), .utf8 = LocaleIsUtf8()};
  options.explain = explain_option_->count() > 0 ? flags_.explain : targets.size() <= kExplainedDomainsMax;
  std::vector<Worst> worst;
  for (const DomainObservation& domain : result.domains) {
    const JudgedDomain judged = JudgeForCheck(domain, result, suffixes);
    worst.push_back(judged.worst);
    const std::string& note = targets[static_cast<size_t>(domain.input_rank - 1)].note;
    std::string text;
    if (flags_.json) {
      text = FormatCheckJson(judged, note, result, suffixes);
    } else {
      text = absl::StrCat(worst.size() > 1 ? "\n\n" : "", FormatCheckText(judged, note, result, suffixes, options));
    }
    if (!Print(text)) return kExitWrite;
  }
  const bool all = result.domains.size() == targets.size();
  if (!all)
    Complain(absl::StrCat(targets.size() - result.domains.size(),
                          " of the domains ask for more than a check does; mxscan scan surveys them"));
  if (!flags_.json && !Print(FormatCheckEnd(worst, result, options))) return kExitWrite;
  const auto any = [&](Worst wanted) { return std::find(worst.begin(), worst.end(), wanted) != worst.end(); };
  if (any(Worst::kError)) return kExitErrorFound;
  return all && !any(Worst::kUnknown) ? kExitDone : kExitNotKnown;
}

int CheckCommand::Run() {
  std::vector<CheckTarget> targets;
  CheckOptions options;
  IoChoice io = IoChoice::kAuto;
  if (const absl::Status status = ReadOptions(&options, &io); !status.ok()) {
    Complain(std::string(status.message()));
    return status.code() == absl::StatusCode::kInvalidArgument ? kExitUsage : kExitConfiguration;
  }
  if (const absl::Status status = ReadTargets(&targets); !status.ok()) {
    Complain(std::string(status.message()));
    return kExitInputUnusable;
  }
  if (targets.size() > kCheckDomainsMax) {
    Complain(absl::StrCat(targets.size(), " domains are more than check takes (", kCheckDomainsMax,
                          "); mxscan scan surveys a list of any length"));
    return kExitUsage;
  }
  RaiseFileLimit();
  std::string fallback;  // which transport it is does not matter here
  absl::StatusOr<std::unique_ptr<Transport>> transport = OpenTransport(io, TransportOptions(), &fallback);
  if (!transport.ok()) {
    Complain(std::string(transport.status().message()));
    return transport.status().code() == absl::StatusCode::kPermissionDenied ? kExitPermission : kExitInternal;
  }
  absl::Status renounced = BecomeNobody();
  if (renounced.ok()) renounced = RenounceCapabilities();
  if (renounced.ok()) renounced = RaiseFence({.writable = {}, .readable = SystemDirectories()}).status();
  if (!renounced.ok()) {
    Complain(std::string(renounced.message()));
    return kExitInternal;
  }
  // What is waited for is said where a person waits, and wiped away before the report.
  bool shown = false;
  TimeNs shown_at = kSilentFor - kProgressEvery;
  if (IsTerminal(STDERR_FILENO)) {
    options.progress = [&](TimeNs elapsed, uint64_t asked, size_t open) {
      if (elapsed < shown_at + kProgressEvery) return;
      shown_at = elapsed;
      shown = true;
      WriteText(STDERR_FILENO, absl::StrCat("\rasking: ", asked - open, " of ", asked, " questions answered, ",
                                            DurationText(elapsed), "   "));
    };
  }
  const Suffixes suffixes;
  const CheckStart start{.now = MonotonicNow(), .wall_us = WallClockUs()};
  absl::StatusOr<CheckResult> result = RunCheck(options, targets, start, suffixes, transport->get());
  if (shown) WriteText(STDERR_FILENO, "\r\x1b[K");
  if (!result.ok()) {
    Complain(std::string(result.status().message()));
    return kExitInternal;
  }
  for (const std::string& server : result->lying) Complain(server + ": it is asked no more");
  if (!result->server_answered && result->iterative) {
    Complain(
        "no server answers: neither the root's nor any other; mxscan doctor says what is in the way, and "
        "--resolver system asks this machine's resolvers instead");
    return kExitNoServer;
  }
  if (!result->server_answered) {
    Complain(absl::StrCat(
        result->lying.empty() ? "no server answers (asked: " : "no server that answers tells the truth (asked: ",
        result->servers[0], result->servers.size() > 1 ? " and others" : "",
        "); see whether it can be reached and serves this machine, or give another --resolver"));
    return kExitNoServer;
  }
  return Report(*result, targets, suffixes);
}

}  // namespace

std::unique_ptr<Command> AddCheckCommand(CLI::App* root) { return std::make_unique<CheckCommand>(root); }

}  // namespace mxscan
