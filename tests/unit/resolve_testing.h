// An engine on a simulated network, driven as a worker drives it, and servers that answer by a function.
//
// Purpose: EngineBench owns network, transport and engine, runs virtual time, and keeps a copy of every completion.
// Replies are made from the query's own octets, so that a test says only what it changes. Thread safety: one thread.
// Errors: a run that takes longer than it is given ends with questions open, which the test sees.
#ifndef MXSCAN_TESTS_UNIT_RESOLVE_TESTING_H_
#define MXSCAN_TESTS_UNIT_RESOLVE_TESTING_H_

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/check.h"
#include "scanner/resolve/blocklist.h"
#include "scanner/resolve/engine.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/sim_transport.h"
#include "tests/unit/dns_builder.h"

namespace mxscan::test {

inline Endpoint TestServer(uint32_t number) { return {IpAddress::V4FromInt(0xc0000201 + number), 53}; }

// A sealed list of addresses, prefixes and names.
inline std::shared_ptr<Blocklist> ListOf(const std::vector<std::string>& entries) {
  auto list = std::make_shared<Blocklist>();
  for (const std::string& entry : entries) {
    if (const std::optional<IpPrefix> prefix = IpPrefix::Parse(entry); prefix.has_value()) {
      list->AddPrefix(*prefix);
    } else {
      list->AddName(ToName(entry));
    }
  }
  list->Seal();
  return list;
}

// What a query asks, in lower case, as "name type"; "" for what is no query.
struct Question {
  std::string name;
  RrType type = RrType::kA;
  bool has_opt = false;
};

inline Question QuestionOf(std::span<const uint8_t> query) {
  MessageView view;
  MXSCAN_CHECK(view.Parse(query) == WireError::kNone && view.question_ok());
  std::string name(reinterpret_cast<const char*>(view.question_name().data()), view.question_name().size());
  LowerName(name.data(), name.size());
  return {NameToText(name), static_cast<RrType>(view.question_type()), view.has_opt()};
}

// The query as a response: question kept as it is, no records.
inline Octets Reply(std::span<const uint8_t> query, Rcode rcode = Rcode::kNoError, uint16_t flags = 0) {
  const size_t end = sim::QuestionEnd(query);
  MXSCAN_CHECK(end != 0);
  Octets reply(query.begin(), query.begin() + static_cast<ptrdiff_t>(end));
  flags |= kFlagResponse | kFlagRecursionDesired | kFlagRecursionAvailable | static_cast<uint16_t>(rcode);
  reply[2] = static_cast<uint8_t>(flags >> 8);
  reply[3] = static_cast<uint8_t>(flags);
  std::fill(reply.begin() + 6, reply.begin() + 12, uint8_t{0});
  return reply;
}

// A reply with one A record: 192.0.2.1.
inline Octets ReplyA(std::span<const uint8_t> query) {
  Octets reply = Reply(query);
  reply[7] = 1;
  const uint8_t record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 192, 0, 2, 1};
  reply.insert(reply.end(), std::begin(record), std::end(record));
  return reply;
}

// A server as a function of the question: what it returns is sent; an empty reply is silence.
using Answerer = std::function<Octets(const Question& question, std::span<const uint8_t> query, bool tcp)>;

inline sim::Responder ToResponder(Answerer answerer) {
  return [answerer = std::move(answerer)](const Endpoint&, std::span<const uint8_t> query, bool tcp,
                                          std::vector<std::vector<uint8_t>>* responses) {
    if (sim::QuestionEnd(query) == 0) return;
    MessageView view;
    if (view.Parse(query) != WireError::kNone) return;  // corrupted on the way
    Octets reply = answerer(QuestionOf(query), query, tcp);
    if (!reply.empty()) responses->push_back(std::move(reply));
  };
}

// Answers control questions, and everything else with one address.
inline Octets AnswerAll(const Question& question, std::span<const uint8_t> query, bool /*tcp*/) {
  return question.type == RrType::kA ? ReplyA(query) : Reply(query);
}

struct Done {
  Outcome outcome = Outcome::kNotAsked;
  int32_t rcode = -1;
  bool truncated = false;
  int server = -1;
  int sends = 0;
  TimeNs rtt_ns = -1;
  TimeNs at_ns = 0;
  size_t addresses = 0;
  int extended_error = -1;
};

class EngineBench {
 public:
  explicit EngineBench(EngineOptions options,
                       const sim::FaultPlan& plan = {.latency_ns = 5 * kMillisecond, .jitter_ns = 0}, uint64_t seed = 1,
                       const sim::SimTransportOptions& transport_options = {})
      : network_(seed, plan), transport_(&network_, transport_options), options_(std::move(options)), seed_(seed) {}

  // The next server; with the bench's plan where none is given.
  void AddServer(Answerer answerer, const std::optional<sim::FaultPlan>& plan = std::nullopt) {
    const Endpoint server = TestServer(static_cast<uint32_t>(options_.servers.size()));
    options_.servers.push_back(server);
    network_.AddServer(server, ToResponder(std::move(answerer)), plan);
  }

  uint64_t Ask(std::string_view name, RrType type = RrType::kA, Checking checking = Checking::kEnabled) {
    engine().Ask(ToName(name), type, next_tag_, checking);
    return next_tag_++;
  }

  // Until no question is open, or for `duration_ns`. `between` is called once a turn, before Advance.
  void Run(TimeNs duration_ns, const std::function<void()>& between = {}) { RunFor(duration_ns, between, true); }
  // For the whole time.
  void RunOn(TimeNs duration_ns, const std::function<void()>& between = {}) { RunFor(duration_ns, between, false); }

  // Time passes, and the engine has no turn. What arrives waits for it.
  void StandStill(TimeNs duration_ns) {
    const TimeNs end = now_ + duration_ns;
    while (now_ < end) {
      now_ = transport_.Poll(end, &inbox_);
      Receive();
    }
  }

  Engine& engine() {
    if (engine_ == nullptr) {
      engine_ = std::make_unique<Engine>(options_, RandomKey::FromSeed(seed_), &transport_);
      MXSCAN_CHECK(engine_->Open().ok());
    }
    return *engine_;
  }
  const Server& server(size_t index) { return engine().servers()[index]; }
  uint64_t rejected(Rejected reason) { return engine().counters().rejected[static_cast<size_t>(reason)]; }
  uint64_t rejected_in_all() {
    uint64_t sum = 0;
    for (const uint64_t count : engine().counters().rejected) sum += count;
    return sum;
  }

  sim::SimNetwork& network() { return network_; }
  sim::SimTransport& transport() { return transport_; }
  TimeNs now() const { return now_; }
  const std::map<uint64_t, Done>& done() const { return done_; }
  const Done& done(uint64_t tag) const { return done_.at(tag); }
  size_t CountOutcome(Outcome outcome) const {
    return static_cast<size_t>(
        std::count_if(done_.begin(), done_.end(), [=](const auto& entry) { return entry.second.outcome == outcome; }));
  }
  uint64_t turns() const { return turns_; }
  uint64_t idle_turns() const { return idle_turns_; }

 private:
  void RunFor(TimeNs duration_ns, const std::function<void()>& between, bool stop_when_done) {
    const TimeNs end = now_ + duration_ns;
    while (now_ < end) {
      if (between) between();
      const uint64_t sent = engine().counters().sent;
      const TimeNs deadline = engine().Advance(now_);
      bool busy = engine().counters().sent != sent;
      while (const Completion* completion = engine().NextUnanswered()) {
        Keep(*completion);
        busy = true;
      }
      if (stop_when_done && engine().open() == 0 && !between) return;
      const TimeNs before = now_;
      now_ = transport_.Poll(std::min(deadline, end), &inbox_);
      ++turns_;
      busy = busy || !inbox_.datagrams.empty() || !inbox_.streams.empty() || !inbox_.errors.empty();
      // A turn without work and without the passing of time: a few of them are a spin.
      idle_turns_ += !busy && now_ == before;
      MXSCAN_CHECK(idle_turns_ < 10'000 && "the engine spins");
      Receive();
    }
  }

  void Receive() {
    for (const InDatagram& datagram : inbox_.datagrams) {
      if (const Completion* completion = engine().OnDatagram(datagram, now_)) Keep(*completion);
    }
    for (const StreamEvent& event : inbox_.streams) {
      if (const Completion* completion = engine().OnStream(event, now_)) Keep(*completion);
    }
    for (const SocketError& error : inbox_.errors) engine().OnSocketError(error, now_);
    engine().CheckInvariants();
  }

  void Keep(const Completion& completion) {
    MXSCAN_CHECK(completion.answer != nullptr);
    const bool is_new = done_
                            .emplace(completion.tag, Done{.outcome = completion.outcome,
                                                          .rcode = completion.rcode,
                                                          .truncated = completion.truncated,
                                                          .server = completion.server,
                                                          .sends = completion.sends,
                                                          .rtt_ns = completion.rtt_ns,
                                                          .at_ns = now_,
                                                          .addresses = completion.answer->addresses.size(),
                                                          .extended_error = completion.extended_error})
                            .second;
    MXSCAN_CHECK(is_new && "a question was completed twice");
  }

  sim::SimNetwork network_;
  sim::SimTransport transport_;
  EngineOptions options_;
  const uint64_t seed_;
  std::unique_ptr<Engine> engine_;
  Inbox inbox_;
  TimeNs now_ = 0;
  uint64_t next_tag_ = 0;
  uint64_t turns_ = 0;
  uint64_t idle_turns_ = 0;
  std::map<uint64_t, Done> done_;
};

}  // namespace mxscan::test

#endif  // MXSCAN_TESTS_UNIT_RESOLVE_TESTING_H_
