// Interpretation: what must hold of every answer, and what must not change it (the order of the records, their number).
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <tuple>
#include <vector>

#include "scanner/dns/answer.h"
#include "tests/fuzz/targets.h"

namespace mxscan::fuzz {
namespace {

void Append(uint32_t value, int size, Octets* out) {
  while (size-- > 0) out->push_back(static_cast<uint8_t>(value >> (8 * size)));
}

// The message again, without compression, the answer section reversed and written `copies` times.
Octets Rewrite(const Octets& octets, const ReferenceMessage& reference, unsigned copies) {
  Octets out(octets.begin(), octets.begin() + 12);
  for (const std::string& question : reference.questions) out.insert(out.end(), question.begin(), question.end());
  std::vector<const ReferenceRecord*> records;
  size_t answers = 0;
  for (const ReferenceRecord& record : reference.records) {
    if (record.section != 0) continue;
    ++answers;
    for (unsigned i = 0; i < copies; ++i) records.insert(records.begin(), &record);
  }
  out[6] = static_cast<uint8_t>(answers * copies >> 8);
  out[7] = static_cast<uint8_t>(answers * copies);
  for (const ReferenceRecord& record : reference.records) {
    if (record.section != 0) records.push_back(&record);
  }
  for (const ReferenceRecord* record : records) {
    out.insert(out.end(), record->owner.begin(), record->owner.end());
    Append(record->type, 2, &out);
    Append(record->rr_class, 2, &out);
    Append(record->ttl, 4, &out);
    Append(static_cast<uint32_t>(record->value.size()), 2, &out);
    out.insert(out.end(), record->value.begin(), record->value.end());
  }
  return out;
}

std::vector<std::tuple<uint16_t, uint32_t, std::string>> SortedMx(const Answer& answer, bool unique) {
  std::vector<std::tuple<uint16_t, uint32_t, std::string>> records;
  for (const MxRecord& mx : answer.mx) records.emplace_back(mx.preference, mx.ttl, std::string(mx.exchange.view()));
  std::sort(records.begin(), records.end());
  if (unique) records.erase(std::unique(records.begin(), records.end()), records.end());
  return records;
}

// `b` is of the rewritten message. TTLs of synthesised CNAMEs may be of either of two DNAMEs; nothing else may differ.
std::string Compare(const Answer& a, const Answer& b, bool unique) {
  if (a.outcome != b.outcome) return "outcome";
  if (a.rcode != b.rcode || a.extended_error != b.extended_error) return "rcode";
  if (a.chain != b.chain) return "chain";
  if (a.names != b.names || a.addresses != b.addresses) return "names or addresses";
  if (SortedMx(a, unique) != SortedMx(b, unique)) return "MX records";
  if (std::tie(a.via_dname, a.alias_loop, a.chain_unfinished, a.cname_coexists) !=
      std::tie(b.via_dname, b.alias_loop, b.chain_unfinished, b.cname_coexists)) {
    return "flags";
  }
  return "";
}

std::string CheckInvariants(bool counts, RrType type, const Answer& answer) {
  if (answer.outcome == Outcome::kNotAsked || answer.outcome == Outcome::kTimeout) return "impossible outcome";
  if (!counts && answer.outcome != Outcome::kServFail) return "an outcome that does not count";
  const bool listed = type == RrType::kMx || type == RrType::kA || type == RrType::kAaaa || type == RrType::kPtr ||
                      type == RrType::kCname || type == RrType::kNs;
  const bool holds = !answer.mx.empty() || !answer.addresses.empty() || !answer.names.empty();
  if (listed && answer.outcome == Outcome::kData && !holds) return "data without data";
  if (IsEmpty(answer.outcome) && holds) return "an empty outcome with data";
  if (answer.chain.size() > kAliasLinksMax) return "chain too long";
  if (answer.alias_loop && answer.outcome != Outcome::kNoData) return "a loop with an outcome";
  if (answer.chain_unfinished && (answer.chain.empty() || answer.outcome != Outcome::kNoData)) return "unfinished what";
  return "";
}

}  // namespace

std::string CheckAnswer(const Octets& octets) {
  MessageView message;
  if (message.Parse(octets) != WireError::kNone) return "";
  const ReferenceMessage reference = ReadMessage(octets);
  size_t aliases = 0;
  size_t answers = 0;
  std::vector<std::string> names;
  if (!reference.questions.empty()) {
    names.push_back(reference.questions[0].substr(0, reference.questions[0].size() - 4));
  }
  for (const ReferenceRecord& record : reference.records) {
    if (record.section == 0) ++answers;
    if (record.section == 0 && (record.type == 5 || record.type == 39)) ++aliases;
    if (names.size() < 3) names.push_back(record.owner);
  }
  MessageView rewritten[2];
  Octets rewritten_octets[2];
  bool comparable[2] = {};
  for (unsigned i = 0; i < 2; ++i) {
    const unsigned copies = i + 1;
    // Beyond this cap the first records count, so their order does.
    if (aliases * copies > kAliasRecordsMax || answers * copies + 64 > kRecordsMax) continue;
    rewritten_octets[i] = Rewrite(octets, reference, copies);
    comparable[i] = rewritten_octets[i].size() <= 0xffff;
    if (comparable[i] && rewritten[i].Parse(rewritten_octets[i]) != WireError::kNone) return "rewritten form refused";
  }
  Answer answer;
  Answer again;
  for (const std::string& name : names) {
    for (RrType type : {RrType::kMx, RrType::kA, RrType::kAaaa, RrType::kPtr, RrType::kCname, RrType::kTxt}) {
      const bool counts = InterpretAnswer(message, name, type, &answer);
      std::string wrong = CheckInvariants(counts, type, answer);
      for (unsigned i = 0; i < 2 && wrong.empty(); ++i) {
        if (!comparable[i]) continue;
        if (InterpretAnswer(rewritten[i], name, type, &again) != counts) wrong = "whether it counts";
        if (wrong.empty()) wrong = Compare(answer, again, i == 1);
        if (!wrong.empty())
          wrong += i == 0 ? " differs with the records reversed" : " differs with the records doubled";
      }
      if (!wrong.empty()) return "type " + std::to_string(static_cast<int>(type)) + ": " + wrong;
    }
  }
  return "";
}

uint64_t DecodingTime(const Octets& octets) {
  static MessageView message;  // warm, as in a worker
  static Answer answer;
  const auto begin = std::chrono::steady_clock::now();
  if (message.Parse(octets) == WireError::kNone && message.question_ok()) {
    const Name question(LowerCase(std::string(message.question_name().begin(), message.question_name().end())));
    InterpretAnswer(message, question, static_cast<RrType>(message.question_type()), &answer);
  }
  const auto time = std::chrono::steady_clock::now() - begin;
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(time).count());
}

}  // namespace mxscan::fuzz

#ifdef MXSCAN_LIBFUZZER
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size <= 0xffff && !mxscan::fuzz::CheckAnswer(mxscan::fuzz::Octets(data, data + size)).empty()) std::abort();
  return 0;
}
#endif
