// Checks over the lab, in virtual time: zones stated in the test, and what `check` says of them.
#ifndef MXSCAN_TESTS_UNIT_CHECK_TESTING_H_
#define MXSCAN_TESTS_UNIT_CHECK_TESTING_H_

#include <string>
#include <string_view>
#include <vector>

#include "io/check.h"
#include "scanner/check/check_json.h"
#include "scanner/check/check_text.h"
#include "scanner/check/run.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/sim_transport.h"
#include "tests/unit/resolve_testing.h"
#include "tests/world/lab.h"

namespace mxscan::test {

inline std::string ZoneHead(const std::string& origin) {
  return "$ORIGIN " + origin + "\n$TTL 3600\n@ IN SOA ns hostmaster 1 14400 3600 1209600 900\n";
}

class CheckBench {
 public:
  CheckBench() { options_.servers = {TestServer(0)}; }

  void AddZone(const std::string& origin, const std::string& records) {
    std::string error;
    const bool ok = lab_.AddZone(ZoneHead(origin) + records, &error);
    if (!ok) std::fprintf(stderr, "%s: %s\n", origin.c_str(), error.c_str());
    MXSCAN_CHECK(ok);
  }
  void Fail(std::string_view name, std::string_view type, world::LabFailure failure) {
    MXSCAN_CHECK(lab_.Fail(name, type, failure));
  }
  world::Lab& lab() { return lab_; }
  CheckOptions& options() { return options_; }
  const Suffixes& suffixes() const { return suffixes_; }

  // Asks every server of the options, each of them the lab, 5 ms away.
  const CheckResult& Run(const std::vector<std::string>& words) {
    sim::SimNetwork network(1, {.latency_ns = 5 * kMillisecond, .jitter_ns = 0});
    for (const Endpoint& server : options_.servers) {
      network.AddServer(server, ToResponder([this](const Question&, std::span<const uint8_t> query, bool tcp) {
                          return lab_.Respond(query, tcp);
                        }));
    }
    return RunOn(&network, words);
  }
  const CheckResult& RunOn(sim::SimNetwork* network, const std::vector<std::string>& words) {
    sim::SimTransport transport(network);
    return RunOver(&transport, {.now = 0, .wall_us = 1'700'000'000'000'000}, words);
  }
  const CheckResult& RunOver(Transport* transport, const CheckStart& start, const std::vector<std::string>& words) {
    targets_.clear();
    for (const std::string& word : words) {
      absl::StatusOr<CheckTarget> target = ReadCheckTarget(word);
      MXSCAN_CHECK(target.ok());
      targets_.push_back(*std::move(target));
    }
    absl::StatusOr<CheckResult> result = RunCheck(options_, targets_, start, suffixes_, transport);
    MXSCAN_CHECK(result.ok());
    result_ = *std::move(result);
    return result_;
  }

  // Of the last run.
  const CheckResult& result() const { return result_; }
  JudgedDomain Judged(size_t index = 0) const { return JudgeForCheck(result_.domains.at(index), result_, suffixes_); }
  std::string Text(const CheckTextOptions& options = {}, size_t index = 0) const {
    return FormatCheckText(Judged(index), targets_.at(index).note, result_, suffixes_, options);
  }
  std::string JsonLine(size_t index = 0) const {
    return FormatCheckJson(Judged(index), targets_.at(index).note, result_, suffixes_);
  }

 private:
  world::Lab lab_;
  CheckOptions options_;
  const Suffixes suffixes_;
  std::vector<CheckTarget> targets_;
  CheckResult result_;
};

// Zones of every kind: sound, broken, failing, hostile. Their names are in CaseNames().
inline void AddCases(CheckBench* bench) {
  bench->AddZone("good.org.",
                 "@ IN MX 10 mx1\n@ IN MX 20 mx2\n"
                 "mx1 IN A 9.8.7.1\nmx1 IN AAAA 2600:1::1\nmx2 IN A 9.9.6.2\nmx2 IN AAAA 2600:2::1\n");
  bench->AddZone("8.9.in-addr.arpa.",
                 "1.7 IN PTR mx1.good.org.\n3.7 IN PTR 3-7-8-9.dyn.example.com.\n"
                 "4.7 IN PTR evil\\027[31m\\007name.hostile.org.\n4.7 IN PTR second.hostile.org.\n");
  bench->AddZone("9.9.in-addr.arpa.", "2.6 IN PTR mx2.good.org.\n");
  bench->AddZone("0.0.6.2.ip6.arpa.",
                 "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0 IN PTR mx1.good.org.\n"
                 "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.0.0.0 IN PTR mx2.good.org.\n");
  bench->AddZone("literal.org.", "@ IN MX 10 9.8.7.6.\n");
  bench->AddZone("broken.org.",
                 "@ IN MX 20 gone\n@ IN MX 30 mail.good.org\n@ IN MX 35 mx1.good.org\n@ IN MX 40 alias\n"
                 "@ IN MX 45 dyn\n@ IN MX 50 mx.this-domain-is-not-there.com.\n@ IN MX 60 private\n@ IN MX 61 mute\n"
                 "alias IN CNAME mx1.good.org.\ndyn IN A 9.8.7.3\nprivate IN A 10.1.2.3\nmute IN AAAA 2600:1::77\n");
  bench->AddZone("hostile.org.",
                 "@ IN MX 10 a\\027[31mred\\027]0\\059title\\007\n@ IN MX 20 \\255\\254\\000x\\010newline\n"
                 "@ IN MX 30 " +
                     std::string(60, 'a') + "\\027." + std::string(60, 'b') + "." + std::string(60, 'c') +
                     "\n@ IN MX 40 ok\na\\027[31mred\\027]0\\059title\\007 IN A 9.8.7.4\nok IN A 9.8.7.4\n");
  bench->AddZone("null.org.", "@ IN MX 0 .\n");
  bench->AddZone("implicit.org.", "@ IN A 9.8.7.3\nmail IN A 9.8.7.1\n");
  bench->AddZone("dangling.org.", "@ IN CNAME nowhere.good.org.\n");
  bench->AddZone("servfail.org.", "@ IN MX 5 mx1.good.org.\n");
  bench->Fail("servfail.org.", "MX", world::LabFailure::kServFail);
  bench->AddZone("part.org.", "@ IN MX 5 mx1.good.org.\n@ IN MX 10 mx2\nmx2 IN A 9.8.7.2\n");
  bench->Fail("mx2.part.org.", "", world::LabFailure::kDrop);
}
inline std::vector<std::string> CaseNames() {
  return {"good.org",     "literal.org",  "broken.org",   "hostile.org", "null.org",
          "implicit.org", "dangling.org", "servfail.org", "part.org",    "absent.org"};
}

}  // namespace mxscan::test

#endif  // MXSCAN_TESTS_UNIT_CHECK_TESTING_H_
