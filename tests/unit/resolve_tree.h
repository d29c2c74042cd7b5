// A small internet of authoritative servers, stated in the test, and an iterator that resolves in it.
//
// Purpose: Tree holds zones as lines of text and says which addresses serve which; each server answers as RFC
// 1034 4.3.2 has it (referrals with glue, aliases followed within its zones, NODATA and NXDOMAIN with SOA). What a
// server does wrong is a function that a test puts before it. IteratorBench runs an Iterator on it in virtual time and
// counts what each server was asked. Thread safety: one thread. Errors: a line that is none aborts the test.
#ifndef MXSCAN_TESTS_UNIT_RESOLVE_TREE_H_
#define MXSCAN_TESTS_UNIT_RESOLVE_TREE_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/check.h"
#include "scanner/resolve/iterator.h"
#include "tests/unit/resolve_testing.h"

namespace mxscan::test {

struct TreeRecord {
  std::string owner;  // wire form
  RrType type = RrType::kA;
  std::string value;  // text
};

inline std::string Wire(std::string_view text) { return std::string(ToName(text).view()); }

class Tree {
 public:
  // "OWNER TYPE VALUE" a line, names absolute. The apex has an SOA without saying so.
  void AddZone(std::string_view apex, std::string_view lines) {
    std::vector<TreeRecord>& records = zones_[Wire(apex)];
    std::istringstream stream{std::string(lines)};
    std::string owner, type, value;
    while (stream >> owner >> type && std::getline(stream >> std::ws, value)) {
      records.push_back({Wire(owner), TypeOf(type), value});
    }
  }
  // A server at `address` for these zones.
  void Serve(std::string_view address, const std::vector<std::string>& apexes) {
    for (const std::string& apex : apexes) served_[std::string(address)].push_back(Wire(apex));
  }
  const std::map<std::string, std::vector<std::string>>& served() const { return served_; }

  Octets Respond(const std::string& address, std::span<const uint8_t> query) const {
    const Question question = QuestionOf(query);
    const std::string name = Wire(question.name);
    const std::string* zone = nullptr;
    for (const std::string& apex : served_.at(address)) {
      if (IsSubdomain(name, apex) && (zone == nullptr || apex.size() > zone->size())) zone = &apex;
    }
    if (zone == nullptr) return Plain(query, Rcode::kRefused, 0);
    return FromZone(*zone, name, question.type, query);
  }

  // The query's header and question as a response without records, RD and RA clear.
  static Octets Plain(std::span<const uint8_t> query, Rcode rcode, uint16_t flags) {
    Octets reply = Reply(query, rcode, flags);
    reply[2] &= static_cast<uint8_t>(~1);
    reply[3] &= 0x7f;
    return reply;
  }
  // Appends a record to a reply and counts it.
  static void Append(Octets* reply, Section section, std::string_view owner, RrType type, const std::string& value) {
    const auto u16 = [reply](unsigned number) {
      reply->push_back(static_cast<uint8_t>(number >> 8));
      reply->push_back(static_cast<uint8_t>(number));
    };
    reply->insert(reply->end(), owner.begin(), owner.end());
    u16(static_cast<unsigned>(type)), u16(kClassIn), u16(0), u16(3600);
    const std::string data = Rdata(type, value);
    u16(static_cast<unsigned>(data.size()));
    reply->insert(reply->end(), data.begin(), data.end());
    uint8_t* count = reply->data() + 6 + 2 * static_cast<size_t>(section);
    const unsigned next = static_cast<unsigned>(count[0] << 8 | count[1]) + 1;
    count[0] = static_cast<uint8_t>(next >> 8);
    count[1] = static_cast<uint8_t>(next);
  }

 private:
  static RrType TypeOf(const std::string& text) {
    static const std::map<std::string, RrType> kTypes = {
        {"A", RrType::kA},         {"AAAA", RrType::kAaaa},   {"NS", RrType::kNs},   {"MX", RrType::kMx},
        {"CNAME", RrType::kCname}, {"DNAME", RrType::kDname}, {"PTR", RrType::kPtr}, {"SOA", RrType::kSoa}};
    MXSCAN_CHECK(kTypes.contains(text));
    return kTypes.at(text);
  }
  static std::string Rdata(RrType type, const std::string& value) {
    switch (type) {
      case RrType::kA:
      case RrType::kAaaa: {
        const std::optional<IpAddress> address = IpAddress::Parse(value);
        MXSCAN_CHECK(address.has_value());
        return {reinterpret_cast<const char*>(address->data()), address->size()};
      }
      case RrType::kMx:
        return std::string("\0\12", 2) + Wire(value);
      case RrType::kSoa:
        return Wire("ns.test.") + Wire("h.test.") + std::string(20, '\0');
      default:
        return Wire(value);
    }
  }
  const TreeRecord* Find(const std::vector<TreeRecord>& records, std::string_view owner, RrType type) const {
    for (const TreeRecord& record : records) {
      if (record.owner == owner && record.type == type) return &record;
    }
    return nullptr;
  }
  // The highest cut below `apex` at or above `name`.
  std::string CutAbove(const std::vector<TreeRecord>& records, NameView apex, NameView name) const {
    std::string cut;
    for (NameView up = name; up.size() > apex.size(); up = ParentName(up)) {
      if (Find(records, up, RrType::kNs) != nullptr) cut = std::string(up);
    }
    return cut;
  }
  Octets Refer(const std::vector<TreeRecord>& records, const std::string& cut, Octets reply) const {
    for (const TreeRecord& record : records) {
      if (record.owner == cut && record.type == RrType::kNs) {
        Append(&reply, Section::kAuthority, cut, RrType::kNs, record.value);
      }
    }
    for (const TreeRecord& ns : records) {
      if (ns.owner != cut || ns.type != RrType::kNs) continue;
      for (const TreeRecord& glue : records) {
        if (glue.owner == Wire(ns.value) && (glue.type == RrType::kA || glue.type == RrType::kAaaa)) {
          Append(&reply, Section::kAdditional, glue.owner, glue.type, glue.value);
        }
      }
    }
    return reply;
  }
  Octets FromZone(const std::string& apex, std::string name, RrType type, std::span<const uint8_t> query) const {
    const std::vector<TreeRecord>& records = zones_.at(apex);
    Octets reply = Plain(query, Rcode::kNoError, kFlagAuthoritative);
    for (int links = 0; links < 8; ++links) {
      const std::string cut = CutAbove(records, apex, name);
      if (!cut.empty()) return links > 0 ? reply : Refer(records, cut, Plain(query, Rcode::kNoError, 0));
      bool exists = name == apex, found = false;
      for (const TreeRecord& record : records) {
        exists = exists || IsSubdomain(record.owner, name);
        if (record.owner != name || record.type != type) continue;
        Append(&reply, Section::kAnswer, name, type, record.value);
        found = true;
      }
      if (found) return reply;
      const TreeRecord* alias = Find(records, name, RrType::kCname);
      const TreeRecord* dname = nullptr;
      for (NameView up = ParentName(name); dname == nullptr && up.size() >= apex.size() && up.size() > 1;
           up = ParentName(up)) {
        dname = Find(records, up, RrType::kDname);
      }
      if (alias == nullptr && dname == nullptr) {
        if (!exists) reply[3] = static_cast<uint8_t>((reply[3] & 0xf0) | static_cast<uint8_t>(Rcode::kNxDomain));
        Append(&reply, Section::kAuthority, apex, RrType::kSoa, "");
        return reply;
      }
      std::string target;
      if (alias != nullptr) {
        Append(&reply, Section::kAnswer, name, RrType::kCname, alias->value);
        target = Wire(alias->value);
      } else {
        Append(&reply, Section::kAnswer, dname->owner, RrType::kDname, dname->value);
        target = name.substr(0, name.size() - dname->owner.size()) + Wire(dname->value);
      }
      name = target;
      if (!IsSubdomain(name, apex)) return reply;
    }
    return reply;
  }

  std::map<std::string, std::vector<TreeRecord>> zones_;  // by apex in wire form
  std::map<std::string, std::vector<std::string>> served_;
};

struct IteratedDone {
  Outcome outcome = Outcome::kNotAsked;
  int32_t rcode = -1;
  int sends = 0;
  bool alias_loop = false;
  bool via_dname = false;
  bool truncated = false;
  std::string server;
  std::vector<std::string> chain;
  std::vector<std::string> addresses;
  std::vector<std::string> exchanges;
  bool apex_cname = false;
  bool secondhand = false;
  std::optional<ServersObservation> servers;
  TimeNs at_ns = 0;
};

class IteratorBench {
 public:
  // Before the tree answers: octets are sent instead, an empty reply with *taken set is silence.
  using Before = std::function<Octets(const Question& question, std::span<const uint8_t> query, bool tcp, bool* taken)>;

  explicit IteratorBench(Tree tree, uint64_t seed = 1,
                         const sim::FaultPlan& plan = {.latency_ns = 5 * kMillisecond, .jitter_ns = 0},
                         const sim::SimTransportOptions& transport_options = {})
      : tree_(std::move(tree)), network_(seed, plan), transport_(&network_, transport_options), seed_(seed) {
    options_.special_addresses = true;
    options_.answer_bytes = 0;  // so that what is asked twice is asked twice
    options_.roots = {{ToName("a.root."), *IpAddress::Parse("127.0.0.1")}};
    for (const auto& entry : tree_.served()) AddServer(entry.first);
  }

  IteratorOptions& options() { return options_; }
  void Misbehave(const std::string& address, Before before) { before_[address] = std::move(before); }

  uint64_t Ask(std::string_view name, RrType type = RrType::kA) {
    iterator().Ask(ToName(name), type, next_tag_);
    return next_tag_++;
  }
  // Asks and waits.
  const IteratedDone& ResolveAtEveryServer(std::string_view name, RrType type = RrType::kMx) {
    const uint64_t tag = next_tag_++;
    iterator().AskEveryServer(ToName(name), type, tag);
    Run();
    return done_.at(tag);
  }
  const IteratedDone& Resolve(std::string_view name, RrType type = RrType::kA) {
    const uint64_t tag = Ask(name, type);
    Run();
    return done_.at(tag);
  }
  void Run(TimeNs at_most_ns = 600 * kSecond) {
    const TimeNs end = now_ + at_most_ns;
    while (now_ < end) {
      TimeNs deadline = iterator().Advance(now_);
      while (const Completion* completion = iterator().NextUnanswered()) Keep(*completion);
      if (iterator().open() == 0) return;
      if (iterator().HasUnsent()) deadline = now_;
      const TimeNs before = now_;
      now_ = transport_.Poll(std::min(deadline, end), &inbox_);
      const bool idle = inbox_.datagrams.empty() && inbox_.streams.empty() && now_ == before;
      idle_turns_ = idle ? idle_turns_ + 1 : 0;
      MXSCAN_CHECK(idle_turns_ < 10'000 && "the iterator spins");
      for (const InDatagram& datagram : inbox_.datagrams) {
        if (const Completion* completion = iterator().OnDatagram(datagram, now_)) Keep(*completion);
      }
      for (const StreamEvent& event : inbox_.streams) {
        if (const Completion* completion = iterator().OnStream(event, now_)) Keep(*completion);
      }
      for (const SocketError& error : inbox_.errors) iterator().OnSocketError(error, now_);
    }
  }

  Iterator& iterator() {
    if (iterator_ == nullptr) {
      iterator_ = std::make_unique<Iterator>(options_, RandomKey::FromSeed(seed_), &transport_);
      MXSCAN_CHECK(iterator_->Open().ok());
    }
    return *iterator_;
  }
  const IteratedDone& done(uint64_t tag) const { return done_.at(tag); }
  bool is_done(uint64_t tag) const { return done_.contains(tag); }
  // Queries that reached a server.
  int asked(const std::string& address) const {
    const auto found = asked_.find(address);
    return found == asked_.end() ? 0 : found->second;
  }
  int asked_in_all() const {
    int sum = 0;
    for (const auto& entry : asked_) sum += entry.second;
    return sum;
  }
  const std::vector<std::string>& questions() const { return questions_; }
  sim::SimNetwork& network() { return network_; }
  TimeNs now() const { return now_; }
  void Sleep(TimeNs duration_ns) {
    const TimeNs end = now_ + duration_ns;
    while (now_ < end) now_ = transport_.Poll(end, &inbox_);
  }

 private:
  void AddServer(const std::string& address) {
    network_.AddServer({*IpAddress::Parse(address), 53},
                       [this, address](const Endpoint&, std::span<const uint8_t> query, bool tcp,
                                       std::vector<std::vector<uint8_t>>* responses) {
                         MessageView view;
                         if (sim::QuestionEnd(query) == 0 || view.Parse(query) != WireError::kNone) return;
                         MXSCAN_CHECK((query[2] & 1) == 0 && "RD must be clear");
                         ++asked_[address];
                         const Question question = QuestionOf(query);
                         questions_.push_back(question.name);
                         bool taken = false;
                         const auto before = before_.find(address);
                         Octets reply;
                         if (before != before_.end()) reply = before->second(question, query, tcp, &taken);
                         if (reply.empty() && !taken) reply = tree_.Respond(address, query);
                         if (!reply.empty()) responses->push_back(std::move(reply));
                       });
  }
  void Keep(const Completion& completion) {
    const Answer& answer = *completion.answer;
    IteratedDone done{.outcome = completion.outcome,
                      .rcode = completion.rcode,
                      .sends = completion.sends,
                      .alias_loop = answer.alias_loop,
                      .via_dname = answer.via_dname,
                      .truncated = completion.truncated,
                      .server = completion.server < 0 ? "" : completion.peer.address.ToString(),
                      .apex_cname = completion.apex_cname,
                      .secondhand = completion.secondhand,
                      .at_ns = now_};
    if (completion.servers != nullptr) done.servers = *completion.servers;
    for (const Name& link : answer.chain) done.chain.push_back(NameToText(link));
    for (const IpAddress& address : answer.addresses) done.addresses.push_back(address.ToString());
    for (const MxRecord& mx : answer.mx) done.exchanges.push_back(NameToText(mx.exchange));
    MXSCAN_CHECK(done_.emplace(completion.tag, std::move(done)).second && "a question was completed twice");
  }

  Tree tree_;
  sim::SimNetwork network_;
  sim::SimTransport transport_;
  IteratorOptions options_;
  const uint64_t seed_;
  std::unique_ptr<Iterator> iterator_;
  std::map<std::string, Before> before_;
  std::map<std::string, int> asked_;
  std::vector<std::string> questions_;
  Inbox inbox_;
  TimeNs now_ = 0;
  int idle_turns_ = 0;
  uint64_t next_tag_ = 0;
  std::map<uint64_t, IteratedDone> done_;
};

}  // namespace mxscan::test

#endif  // MXSCAN_TESTS_UNIT_RESOLVE_TREE_H_
