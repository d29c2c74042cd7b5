// Forged answers, and answers that speak of what is not theirs, in numbers: none is taken, none is kept.
//
// MXSCAN_FORGED_ANSWERS says how many at least; a few thousand where it is not set.
#include <cstdlib>
#include <numeric>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/sim/prng.h"
#include "tests/unit/resolve_tree.h"

namespace mxscan::test {
namespace {

using ::testing::ElementsAre;

constexpr char kPoison[] = "192.0.2.66";  // what no answer may hold
constexpr char kTrap[] = "127.66.6.6";    // where nobody may be sent
constexpr char kHostile[] = "127.8.0.1";  // serves evil.test.
constexpr char kHonest[] = "127.9.0.1";   // serves good.test.
constexpr uint64_t kHosts = 500;          // of each
constexpr uint64_t kDefaultForged = 6000;
constexpr int kQuestionsPerRound = 2000;  // then all caches are new

Tree ForgeryTree() {
  Tree tree;
  tree.AddZone(".", "test. NS ns.test.\nns.test. A 127.0.1.1");
  tree.AddZone("test.", R"(evil.test. NS ns.evil.test.
ns.evil.test. A 127.8.0.1
good.test. NS ns.good.test.
ns.good.test. A 127.9.0.1)");
  tree.AddZone("good.test.", "");
  tree.AddZone("evil.test.", "");
  tree.AddZone("trap.", "");
  tree.Serve("127.0.0.1", {"."});
  tree.Serve("127.0.1.1", {"test."});
  tree.Serve(kHostile, {"evil.test."});
  tree.Serve(kHonest, {"good.test."});
  tree.Serve(kTrap, {"trap."});
  return tree;
}

// hN.good.test. has the address 10.0.0.0 + N.
std::string AddressOf(uint64_t host) {
  return IpAddress::V4FromInt(0x0a000000 + static_cast<uint32_t>(host)).ToString();
}
std::string GoodName(uint64_t host) { return absl::StrCat("h", host, ".good.test."); }
uint64_t HostOf(const std::string& name) { return std::strtoull(name.c_str() + 1, nullptr, 10); }

Octets Honest(const Question& question, std::span<const uint8_t> query, bool, bool* taken) {
  *taken = true;
  Octets reply = Tree::Plain(query, Rcode::kNoError, kFlagAuthoritative);
  Tree::Append(&reply, Section::kAnswer, Wire(question.name), RrType::kA, AddressOf(HostOf(question.name)));
  return reply;
}

// Records of other people's names, in the section where they would do most harm.
void AppendJunk(sim::Prng* prng, Section section, Octets* reply) {
  const std::string victim = GoodName(prng->Below(kHosts));
  for (int i = 0; i < 4; ++i) {
    if (section == Section::kAnswer) {
      if (prng->Chance(0.5)) Tree::Append(reply, section, Wire(victim), RrType::kA, kPoison);
      if (prng->Chance(0.3)) Tree::Append(reply, section, Wire("good.test."), RrType::kNs, "ns.evil.test.");
      if (prng->Chance(0.3)) Tree::Append(reply, section, Wire("test."), RrType::kDname, "evil.test.");
      if (prng->Chance(0.3)) Tree::Append(reply, section, Wire(victim), RrType::kCname, "x.evil.test.");
    } else if (section == Section::kAuthority) {
      for (const char* zone : {"good.test.", "test.", "."}) {
        if (prng->Chance(0.5)) Tree::Append(reply, section, Wire(zone), RrType::kNs, "trap.evil.test.");
      }
      if (prng->Chance(0.3)) Tree::Append(reply, section, Wire("good.test."), RrType::kSoa, "");
    } else {
      for (const char* name : {"ns.good.test.", "ns.test.", "a.root."}) {
        if (prng->Chance(0.5)) Tree::Append(reply, section, Wire(name), RrType::kA, kTrap);
      }
      if (prng->Chance(0.5)) Tree::Append(reply, section, Wire(victim), RrType::kA, kPoison);
    }
  }
}

// The server of evil.test.: aliases to the victim's names with data for them, referrals with glue for others, absence
// of other people's zones, and junk in all of it.
Octets Hostile(sim::Prng* prng, uint64_t* junk, const Question& question, std::span<const uint8_t> query) {
  ++*junk;
  const bool alias = question.name.starts_with("a");
  const bool referral = question.name.starts_with("r");
  const bool absent = question.name.starts_with("n");
  Octets reply = Tree::Plain(query, absent ? Rcode::kNxDomain : Rcode::kNoError, referral ? 0 : kFlagAuthoritative);
  if (alias) {
    const std::string victim = GoodName(HostOf(question.name));
    Tree::Append(&reply, Section::kAnswer, Wire(question.name), RrType::kCname, victim);
    Tree::Append(&reply, Section::kAnswer, Wire(victim), RrType::kA, kPoison);
  } else if (!referral && !absent) {
    Tree::Append(&reply, Section::kAnswer, Wire(question.name), RrType::kA, AddressOf(HostOf(question.name)));
  }
  if (!referral && !absent) AppendJunk(prng, Section::kAnswer, &reply);
  if (referral) Tree::Append(&reply, Section::kAuthority, Wire("r.evil.test."), RrType::kNs, "ns.good.test.");
  if (absent) Tree::Append(&reply, Section::kAuthority, Wire("good.test."), RrType::kSoa, "");
  AppendJunk(prng, Section::kAuthority, &reply);
  AppendJunk(prng, Section::kAdditional, &reply);
  return reply;
}

// Off the path: a whole answer that leads into the trap, right but for one thing.
bool Forged(std::span<const uint8_t> query, sim::Octets* answer) {
  if (sim::QuestionEnd(query) == 0) return false;
  const Question question = QuestionOf(query);
  Octets reply = Tree::Plain(query, Rcode::kNoError, kFlagAuthoritative);
  Tree::Append(&reply, Section::kAnswer, Wire(question.name), question.type, kPoison);
  Tree::Append(&reply, Section::kAuthority, Wire("test."), RrType::kNs, "trap.evil.test.");
  Tree::Append(&reply, Section::kAdditional, Wire("trap.evil.test."), RrType::kA, kTrap);
  *answer = std::move(reply);
  return true;
}

// One round on new caches; the number of bad answers that were sent.
uint64_t Round(uint64_t seed) {
  sim::FaultPlan plan{.latency_ns = 5 * kMillisecond, .jitter_ns = 2 * kMillisecond};
  plan.forge = 1;
  plan.forge_kinds = sim::kForgeAll;
  IteratorBench bench(ForgeryTree(), seed, plan);
  bench.options().answer_bytes = 1 << 20;
  bench.network().SetForger(Forged);
  bench.network().KeepLog(false);
  sim::Prng prng(seed);
  uint64_t junk = 0;
  bench.Misbehave(kHonest, Honest);
  bench.Misbehave(kHostile, [&](const Question& question, std::span<const uint8_t> query, bool, bool* taken) {
    *taken = true;
    return Hostile(&prng, &junk, question, query);
  });
  std::vector<std::pair<uint64_t, uint64_t>> hosts;  // of questions that must have this host's address
  for (int i = 0; i < kQuestionsPerRound; ++i) {
    const uint64_t host = prng.Below(kHosts);
    const std::string suffix = absl::StrCat(host, ".evil.test.");
    switch (prng.Below(5)) {
      case 0:
        hosts.emplace_back(bench.Ask(GoodName(host)), host);
        break;
      case 1:
        hosts.emplace_back(bench.Ask(absl::StrCat("a", suffix)), host);
        break;
      case 2:
        hosts.emplace_back(bench.Ask(absl::StrCat("d", suffix)), host);
        break;
      case 3:
        bench.Ask(absl::StrCat("r", host, ".r.evil.test."));
        break;
      default:
        bench.Ask(absl::StrCat("n", suffix));
        break;
    }
    if (i % 100 == 0) bench.Run(20 * kMillisecond);
  }
  bench.Run();
  EXPECT_EQ(bench.iterator().open(), 0u) << "seed " << seed;
  for (const auto& [tag, host] : hosts) {
    EXPECT_THAT(bench.done(tag).addresses, ElementsAre(AddressOf(host))) << "seed " << seed;
  }
  EXPECT_EQ(bench.asked(kTrap), 0) << "seed " << seed;
  const auto& forged = bench.network().counters().forged;
  return std::accumulate(forged.begin(), forged.end(), junk);
}

TEST(Forgery, NoneIsTakenAndNoneIsKept) {
  const char* const wanted = std::getenv("MXSCAN_FORGED_ANSWERS");
  const uint64_t count = wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : kDefaultForged;
  uint64_t sent = 0;
  for (uint64_t seed = 1; sent < count && !HasFailure(); ++seed) sent += Round(seed);
  RecordProperty("bad_answers", std::to_string(sent));
  EXPECT_GE(sent, count);
}

}  // namespace
}  // namespace mxscan::test
