#include "tests/replay/scenario.h"

#include <ldns/ldns.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string_view>

namespace mxscan::replay {
namespace {

constexpr uint32_t kDefaultTtl = 3600;
constexpr uint16_t kResponse = 0x8000;

struct RrDeleter {
  void operator()(ldns_rr* rr) const { ldns_rr_free(rr); }
};
using RrPtr = std::unique_ptr<ldns_rr, RrDeleter>;

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  return text;
}

std::vector<std::string> Words(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

bool IsNameType(uint16_t type) {
  return type == LDNS_RR_TYPE_NS || type == LDNS_RR_TYPE_CNAME || type == LDNS_RR_TYPE_PTR ||
         type == LDNS_RR_TYPE_DNAME || type == LDNS_RR_TYPE_MX;
}

bool ReadRecord(const std::string& line, bool question, Record* record) {
  ldns_rr* raw = nullptr;
  ldns_rdf* origin = ldns_dname_new_frm_str(".");
  const ldns_status status = question ? ldns_rr_new_question_frm_str(&raw, line.c_str(), origin, nullptr)
                                      : ldns_rr_new_frm_str(&raw, line.c_str(), kDefaultTtl, origin, nullptr);
  ldns_rdf_deep_free(origin);
  const RrPtr rr(raw);
  if (status != LDNS_STATUS_OK) return false;
  record->owner =
      Lower({reinterpret_cast<const char*>(ldns_rdf_data(ldns_rr_owner(raw))), ldns_rdf_size(ldns_rr_owner(raw))});
  record->type = ldns_rr_get_type(raw);
  if (question) return true;
  uint8_t* octets = nullptr;
  size_t size = 0;
  if (ldns_rr2wire(&octets, raw, LDNS_SECTION_ANSWER, &size) != LDNS_STATUS_OK) return false;
  record->wire.assign(reinterpret_cast<const char*>(octets), size);
  std::free(octets);
  constexpr size_t kFixed = 10;
  record->rdata = record->wire.substr(record->owner.size() + kFixed);
  if (IsNameType(record->type)) record->rdata = Lower(record->rdata);
  return true;
}

class Reader {
 public:
  Reader(const std::string& text, Scenario* scenario) : stream_(text), scenario_(scenario) {}

  bool Read(std::string* why) {
    const bool ok = ReadConfiguration() && ReadBody();
    *why = why_;
    return ok;
  }

 private:
  bool Fail(const std::string& why) {
    why_ = why;
    return false;
  }
  // The next line that says something; its comment is gone.
  bool Next(std::string* line) {
    while (std::getline(stream_, *line)) {
      *line = line->substr(0, line->find(';'));
      const size_t begin = line->find_first_not_of(" \t\r");
      if (begin == std::string::npos) continue;
      line->erase(0, begin);
      line->erase(line->find_last_not_of(" \t\r") + 1);
      return true;
    }
    return false;
  }

  bool ReadConfiguration() {
    std::string line;
    bool nat64 = false;
    while (Next(&line) && line != "CONFIG_END") {
      line = line.substr(0, line.find('#'));
      line.erase(std::remove(line.begin(), line.end(), '"'), line.end());
      const std::vector<std::string> words = Words(line);
      if (words.empty()) continue;
      if (words[0] == "forward-zone:") return Fail("a forward zone");
      if (words[0] == "server:") scenario_->minimise = true;  // as Unbound does where nothing else is said
      if (words[0] == "stub-zone:") scenario_->stubs.emplace_back();
      if (words.size() < 2) continue;
      nat64 |= words[0] == "do-nat64:" && words[1] == "yes";
      ReadOption(words[0], words);
    }
    constexpr char kWellKnown[] = "64:ff9b::/96";
    if (!nat64) scenario_->nat64_prefix.clear();
    if (nat64 && scenario_->nat64_prefix.empty()) scenario_->nat64_prefix = kWellKnown;
    std::vector<Stub>& stubs = scenario_->stubs;
    for (const Stub& stub : stubs) {
      if (stub.zone == ".") scenario_->roots = stub.servers;
    }
    std::erase_if(stubs, [](const Stub& stub) { return stub.zone == "."; });
    return !scenario_->roots.empty() || Fail("no address of the root");
  }

  void ReadOption(const std::string& option, const std::vector<std::string>& words) {
    const std::string& value = words[1];
    if (option == "qname-minimisation:" || option == "query-minimization:") {
      scenario_->minimise = value == "yes" || value == "on";
    } else if (option == "nat64-prefix:") {
      scenario_->nat64_prefix = value;
    } else if (option == "features:" && words.size() > 3) {  // NAME = NUMBER
      const uint32_t number = static_cast<uint32_t>(std::atoi(words[3].c_str()));
      if (value == "min_ttl") scenario_->ttl_min_s = number;
      if (value == "max_ttl") scenario_->ttl_max_s = number;
    } else if (option == "stub-addr:") {
      const std::optional<IpAddress> address = IpAddress::Parse(value);
      if (!address.has_value()) return;
      (scenario_->stubs.empty() ? scenario_->roots : scenario_->stubs.back().servers).push_back(*address);
    } else if (!scenario_->stubs.empty()) {
      Stub& stub = scenario_->stubs.back();
      if (option == "name:") stub.zone = value;
      if (option == "stub-first:") stub.first = value == "yes";
    }
  }

  bool ReadBody() {
    std::string line;
    while (Next(&line)) {
      const std::vector<std::string> words = Words(line);
      if (words[0] == "SCENARIO_END") return true;
      if (words[0] == "RANGE_BEGIN" && words.size() >= 3) {
        if (!ReadRange(words)) return false;
      } else if (words[0] == "STEP" && words.size() >= 3) {
        if (!ReadStep(words)) return false;
      }
    }
    return Fail("no SCENARIO_END");
  }

  bool ReadRange(const std::vector<std::string>& begin) {
    Range range;
    range.first = std::atoi(begin[1].c_str());
    range.last = std::atoi(begin[2].c_str());
    if (begin.size() > 3) {
      const std::optional<IpAddress> address = IpAddress::Parse(begin[3]);
      if (!address.has_value()) return Fail("RANGE_BEGIN " + begin[3]);
      range.addresses.push_back(*address);
    }
    std::string line;
    while (Next(&line) && line != "RANGE_END") {
      const std::vector<std::string> words = Words(line);
      if (words[0] == "ADDRESS") {
        const std::optional<IpAddress> address = IpAddress::Parse(words.at(1));
        if (!address.has_value()) return Fail("ADDRESS " + words[1]);
        range.addresses.push_back(*address);
      } else if (words[0] == "ENTRY_BEGIN") {
        range.entries.emplace_back();
        if (!ReadEntry(&range.entries.back())) return false;
      }
    }
    scenario_->ranges.push_back(std::move(range));
    return true;
  }

  bool ReadStep(const std::vector<std::string>& words) {
    Step step;
    step.number = std::atoi(words[1].c_str());
    const std::string& kind = words[2];
    if (kind == "TIME_PASSES") {
      step.kind = StepKind::kTimePasses;
      if (words.size() < 5 || words[3] != "ELAPSE") return Fail("TIME_PASSES without ELAPSE");
      step.seconds = std::atoll(words[4].c_str());
    } else if (kind == "TIMEOUT") {
      step.kind = StepKind::kTimeout;
    } else if (kind == "QUERY" || kind == "CHECK_ANSWER" || kind == "REPLY" || kind == "CHECK_OUT_QUERY") {
      step.kind = kind == "QUERY"          ? StepKind::kQuery
                  : kind == "CHECK_ANSWER" ? StepKind::kCheckAnswer
                  : kind == "REPLY"        ? StepKind::kReply
                                           : StepKind::kOther;
      std::string line;
      while (Next(&line) && line != "ENTRY_BEGIN") {
      }
      if (!ReadEntry(&step.entry)) return false;
      // A query that goes out may be answered where it is checked.
      const bool answers = (step.entry.flags & kResponse) != 0 && !step.entry.qname.empty();
      if (kind == "CHECK_OUT_QUERY" && answers) step.kind = StepKind::kReply;
    }
    scenario_->steps.push_back(std::move(step));
    return true;
  }

  void ReadWord(const std::string& keyword, const std::string& word, Entry* entry) {
    static const std::map<std::string, uint16_t> kFlags = {
        {"QR", 0x8000},  {"AA", 0x0400}, {"TC", 0x0200}, {"RD", 0x0100}, {"RA", 0x0080},
        {"AD", 0x0020},  {"CD", 0x0010}, {"NOERROR", 0}, {"FORMERR", 1}, {"SERVFAIL", 2},
        {"NXDOMAIN", 3}, {"NOTIMPL", 4}, {"REFUSED", 5}, {"YXDOMAIN", 6}};
    if (keyword == "REPLY") {
      const auto found = kFlags.find(word);
      if (found != kFlags.end()) entry->flags |= found->second;
    } else if (keyword == "MATCH") {
      entry->has_match = true;
      entry->match_qname |= word == "qname" || word == "question" || word == "all";
      entry->match_qtype |= word == "qtype" || word == "question" || word == "all";
      entry->match_subdomain |= word == "subdomain";
      entry->match_tcp |= word == "TCP";
      entry->match_udp |= word == "UDP";
    } else if (keyword == "ADJUST") {
      entry->copy_query |= word == "copy_query";
      entry->no_answer |= word == "do_not_answer";
    }
  }

  bool ReadEntry(Entry* entry) {
    int section = -2;  // -1: the question
    std::string line;
    while (Next(&line)) {
      const std::vector<std::string> words = Words(line);
      if (words[0] == "ENTRY_END") return true;
      if (words[0] == "SECTION" && words.size() > 1) {
        section = words[1] == "QUESTION" ? -1 : words[1] == "ANSWER" ? 0 : words[1] == "AUTHORITY" ? 1 : 2;
      } else if (words[0] == "MATCH" || words[0] == "ADJUST" || words[0] == "REPLY") {
        for (size_t i = 1; i < words.size(); ++i) ReadWord(words[0], words[i], entry);
      } else if (words[0] == "HEX_ANSWER_BEGIN" || words[0] == "HEX_EDNSDATA_BEGIN") {
        return Fail(words[0]);
      } else if (section >= -1) {
        Record record;
        if (!ReadRecord(line, section == -1, &record)) return Fail("record '" + line + "'");
        if (section == -1) {
          entry->qname = record.owner;
          entry->qtype = record.type;
        } else {
          entry->sections[static_cast<size_t>(section)].push_back(std::move(record));
        }
      }
    }
    return Fail("no ENTRY_END");
  }

  std::istringstream stream_;
  Scenario* const scenario_;
  std::string why_;
};

}  // namespace

bool ParseScenario(const std::string& text, Scenario* scenario, std::string* why) {
  return Reader(text, scenario).Read(why);
}

}  // namespace mxscan::replay
