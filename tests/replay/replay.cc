#include "tests/replay/replay.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "io/check.h"
#include "io/nat64_transport.h"
#include "scanner/resolve/iterator.h"
#include "scanner/verdict/verdict.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/sim_transport.h"

namespace mxscan::replay {
namespace {

constexpr int kTries = kTriesCeiling;            // some answers come after many seconds
constexpr TimeNs kAnswerMaxNs = 3600 * kSecond;  // virtual time for one question

// What a question ended with, in terms that can be compared.
struct Conclusion {
  std::string rcode_class;        // answer, nxdomain, failure
  std::set<std::string> records;  // RDATA of the asked type, as octets
};

std::string Describe(const Conclusion& conclusion) {
  std::string text = conclusion.rcode_class;
  for (const std::string& rdata : conclusion.records) {
    absl::StrAppend(&text, " ");
    for (const char octet : rdata) absl::StrAppend(&text, absl::Hex(static_cast<uint8_t>(octet), absl::kZeroPad2));
  }
  return text;
}

// The types whose records an Answer holds.
bool IsCompared(uint16_t type) {
  switch (static_cast<RrType>(type)) {
    case RrType::kA:
    case RrType::kAaaa:
    case RrType::kMx:
    case RrType::kNs:
    case RrType::kPtr:
    case RrType::kCname:
      return true;
    default:
      return false;
  }
}

Conclusion Expected(const Entry& entry) {
  Conclusion expected;
  const uint16_t rcode = entry.flags & 0xf;
  expected.rcode_class = rcode == 0 ? "answer" : rcode == 3 ? "nxdomain" : "failure";
  if (!IsCompared(entry.qtype) || rcode != 0) return expected;
  for (const Record& record : entry.sections[0]) {
    if (record.type == entry.qtype) expected.records.insert(record.rdata);
  }
  return expected;
}

Conclusion Concluded(const Completion& completion, uint16_t type) {
  Conclusion found;
  const Outcome outcome = completion.outcome;
  found.rcode_class = outcome == Outcome::kNxDomain ? "nxdomain" : IsDefinite(outcome) ? "answer" : "failure";
  // A loop is told as such, with no data; a resolver may say SERVFAIL, or show the chain.
  if (completion.answer->alias_loop) found.rcode_class = "loop";
  if (outcome != Outcome::kData || !IsCompared(type)) return found;
  for (const IpAddress& address : completion.answer->addresses) {
    found.records.emplace(reinterpret_cast<const char*>(address.data()), address.size());
  }
  for (const Name& name : completion.answer->names) found.records.emplace(name.view());
  for (const MxRecord& mx : completion.answer->mx) {
    const char preference[2] = {static_cast<char>(mx.preference >> 8), static_cast<char>(mx.preference)};
    found.records.insert(std::string(preference, 2) + std::string(mx.exchange.view()));
  }
  return found;
}

// Whether scripted servers stand at special addresses, as they may in private networks. Loopback is for scenarios that
// want it refused.
bool IsLaboratory(const Scenario& scenario) {
  constexpr uint8_t kLoopback = 127;
  for (const Range& range : scenario.ranges) {
    for (const IpAddress& address : range.addresses) {
      if (!IsGlobal(address) && !(address.family() == 4 && *address.data() == kLoopback)) return true;
    }
  }
  return false;
}

class Player {
 public:
  explicit Player(const Scenario& scenario)
      : scenario_(scenario),
        network_(1, {.latency_ns = 5 * kMillisecond, .jitter_ns = 0}),
        simulated_(&network_),
        used_(scenario.steps.size()) {
    network_.SetFallback(
        [this](const Endpoint& server, std::span<const uint8_t> query, bool tcp,
               std::vector<std::vector<uint8_t>>* responses) { Respond(server.address, query, tcp, responses); });
    IteratorOptions options;
    for (const IpAddress& root : scenario.roots) options.roots.push_back({Name(kRootName), root});
    options.minimise = scenario.minimise;
    options.special_addresses = IsLaboratory(scenario);
    options.tries = kTries;
    if (scenario.ttl_min_s > 0) options.answer_ttl.min_s = scenario.ttl_min_s;
    if (scenario.ttl_max_s > 0) options.answer_ttl.max_s = scenario.ttl_max_s;
    for (const Stub& stub : scenario.stubs) {
      GivenZone& zone = options.zones.emplace_back();
      MXSCAN_CHECK(ParseName(stub.zone, &zone.zone) == NameError::kNone);
      zone.servers = stub.servers;
      zone.fallback = stub.first;
    }
    if (!scenario.nat64_prefix.empty()) {
      const std::optional<IpPrefix> prefix = IpPrefix::Parse(scenario.nat64_prefix);
      MXSCAN_CHECK(prefix.has_value() && IsNat64Prefix(*prefix));
      translated_ = std::make_unique<Nat64Transport>(*prefix, &simulated_);
    }
    transport_ = translated_ == nullptr ? static_cast<Transport*>(&simulated_) : translated_.get();
    options.authority.mix_case = false;  // scripted answers have the case they were written in
    iterator_ = std::make_unique<Iterator>(options, RandomKey::FromSeed(1), transport_);
  }

  std::vector<std::string> Play() {
    if (!iterator_->Open().ok()) return {"the sockets do not open"};
    for (size_t i = 0; i < scenario_.steps.size(); ++i) {
      const Step& step = scenario_.steps[i];
      step_ = step.number;
      if (step.kind == StepKind::kTimePasses) Sleep(step.seconds * kSecond);
      if (step.kind == StepKind::kQuery) Ask(i);
    }
    return std::move(differences_);
  }

 private:
  void Sleep(TimeNs duration_ns) {
    const TimeNs end = now_ + duration_ns;
    while (now_ < end) now_ = transport_->Poll(end, &inbox_);
  }

  // The question of step `index`, compared with the next CHECK_ANSWER, if there is one.
  void Ask(size_t index) {
    size_t check = index + 1;
    while (check < scenario_.steps.size() && scenario_.steps[check].kind != StepKind::kCheckAnswer &&
           scenario_.steps[check].kind != StepKind::kQuery) {
      ++check;
    }
    const bool checked = check < scenario_.steps.size() && scenario_.steps[check].kind == StepKind::kCheckAnswer;
    // Scripted servers answer as of the step after the question.
    EnterStep(index + 1);
    const Entry& question = scenario_.steps[index].entry;
    open_ = true;
    const Conclusion found = Resolve(question.qname, question.qtype);
    open_ = false;
    if (!checked) return;
    // An entry without MATCH wants an answer, whatever it is.
    if (!scenario_.steps[check].entry.has_match && found.rcode_class != "nothing") return;
    const Conclusion expected = Expected(scenario_.steps[check].entry);
    const bool same_class = expected.rcode_class == found.rcode_class ||
                            (found.rcode_class == "loop" && expected.rcode_class != "nxdomain");
    if (same_class && expected.records == found.records) return;
    differences_.push_back(absl::StrCat("step ", scenario_.steps[index].number, ": expected ", Describe(expected),
                                        ", concluded ", Describe(found)));
  }

  // While a question is open its steps pass one after the other: a TIMEOUT by one query that is not answered,
  // TIME_PASSES by its time.
  void EnterStep(size_t index) {
    if (index >= scenario_.steps.size()) return;
    current_ = index;
    step_ = scenario_.steps[index].number;
    entered_at_ = now_;
  }
  // Whether a query of the open question gets lost at this step.
  bool PassStep() {
    const Step& step = scenario_.steps[current_];
    if (step.kind == StepKind::kTimeout) {
      EnterStep(current_ + 1);
      return true;
    }
    if (step.kind != StepKind::kTimePasses || !open_) return false;
    if (network_.now() - entered_at_ < step.seconds * kSecond) return true;
    EnterStep(current_ + 1);
    return false;
  }

  Conclusion Resolve(const std::string& name, uint16_t type) {
    iterator_->Ask(Name(name), static_cast<RrType>(type), 0);
    Conclusion found;
    found.rcode_class = "nothing";
    const auto take = [&](const Completion* completion) {
      if (completion != nullptr) found = Concluded(*completion, type);
    };
    const TimeNs end = now_ + kAnswerMaxNs;
    while (iterator_->open() > 0 && now_ < end) {
      const TimeNs deadline = iterator_->Advance(now_);
      take(iterator_->NextUnanswered());
      if (iterator_->open() == 0) break;
      now_ = transport_->Poll(std::min(deadline, end), &inbox_);
      for (const InDatagram& datagram : inbox_.datagrams) take(iterator_->OnDatagram(datagram, now_));
      for (const StreamEvent& event : inbox_.streams) take(iterator_->OnStream(event, now_));
      for (const SocketError& error : inbox_.errors) iterator_->OnSocketError(error, now_);
    }
    return found;
  }

  static bool Matches(const Entry& entry, const std::string& name, uint16_t type, bool tcp) {
    if (entry.match_qname && entry.qname != name) return false;
    if (entry.match_qtype && entry.qtype != type) return false;
    if (entry.match_subdomain && !IsSubdomain(name, entry.qname)) return false;
    if (entry.match_tcp && !tcp) return false;
    return !entry.match_udp || !tcp;
  }

  const Entry* Find(const IpAddress& server, const std::string& name, uint16_t type, bool tcp) {
    for (const Range& range : scenario_.ranges) {
      if (step_ < range.first || step_ > range.last) continue;
      const bool here = range.addresses.empty() ||
                        std::find(range.addresses.begin(), range.addresses.end(), server) != range.addresses.end();
      if (!here) continue;
      for (const Entry& entry : range.entries) {
        if (Matches(entry, name, type, tcp)) return &entry;
      }
    }
    // Replies that stand among the steps, each once, in order.
    for (size_t i = 0; i < scenario_.steps.size(); ++i) {
      if (scenario_.steps[i].kind != StepKind::kReply || used_[i]) continue;
      if (!Matches(scenario_.steps[i].entry, name, type, tcp)) continue;
      used_[i] = true;
      return &scenario_.steps[i].entry;
    }
    return nullptr;
  }

  void Respond(const IpAddress& server, std::span<const uint8_t> query, bool tcp,
               std::vector<std::vector<uint8_t>>* responses) {
    const size_t end = sim::QuestionEnd(query);
    if (end == 0 || PassStep()) return;
    constexpr size_t kFixed = 4;
    const std::string name(query.begin() + kHeaderSize, query.begin() + static_cast<ptrdiff_t>(end - kFixed));
    const uint16_t type = static_cast<uint16_t>(query[end - 4] << 8 | query[end - 3]);
    const Entry* entry = Find(server, name, type, tcp);
    if (entry == nullptr || entry->no_answer) return;
    std::vector<uint8_t> reply(query.begin(), query.begin() + 2);
    const auto u16 = [&reply](size_t number) {
      reply.push_back(static_cast<uint8_t>(number >> 8));
      reply.push_back(static_cast<uint8_t>(number));
    };
    u16(entry->flags | 0x8000u);
    u16(1);
    for (const std::vector<Record>& section : entry->sections) u16(section.size());
    if (entry->copy_query) {
      reply.insert(reply.end(), query.begin() + kHeaderSize, query.begin() + static_cast<ptrdiff_t>(end));
    } else {
      reply.insert(reply.end(), entry->qname.begin(), entry->qname.end());
      u16(entry->qtype);
      u16(kClassIn);
    }
    for (const std::vector<Record>& section : entry->sections) {
      for (const Record& record : section) reply.insert(reply.end(), record.wire.begin(), record.wire.end());
    }
    responses->push_back(std::move(reply));
  }

  const Scenario& scenario_;
  sim::SimNetwork network_;
  sim::SimTransport simulated_;
  std::unique_ptr<Nat64Transport> translated_;
  Transport* transport_ = nullptr;
  std::unique_ptr<Iterator> iterator_;
  std::vector<bool> used_;  // by step
  size_t current_ = 0;      // step, while a question is open
  bool open_ = false;
  TimeNs entered_at_ = 0;
  int step_ = 0;
  TimeNs now_ = 0;
  Inbox inbox_;
  std::vector<std::string> differences_;
};

}  // namespace

std::vector<std::string> Replay(const Scenario& scenario) { return Player(scenario).Play(); }

}  // namespace mxscan::replay
