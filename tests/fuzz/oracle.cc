// The codec's reading against ldns's. Called after CheckWire, so the reference reader stands for the codec here.
#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "tests/fuzz/targets.h"

// Last: it may define min and max as macros.
#include <ldns/ldns.h>

namespace mxscan::fuzz {
namespace {

struct PacketFree {
  void operator()(ldns_pkt* packet) const { ldns_pkt_free(packet); }
};
using Packet = std::unique_ptr<ldns_pkt, PacketFree>;

constexpr uint16_t kTsig = 250;
constexpr uint16_t kOpt = 41;

std::string RdfOctets(const ldns_rdf* rdf, bool lower_names) {
  const std::string octets(reinterpret_cast<const char*>(ldns_rdf_data(rdf)), ldns_rdf_size(rdf));
  return lower_names && ldns_rdf_get_type(rdf) == LDNS_RDF_TYPE_DNAME ? LowerCase(octets) : octets;
}

std::string Rdata(const ldns_rr* rr, bool lower_names) {
  std::string octets;
  for (size_t i = 0; i < ldns_rr_rd_count(rr); ++i) octets += RdfOctets(ldns_rr_rdf(rr, i), lower_names);
  return octets;
}

// A type that ldns takes apart and the codec leaves alone (RFC 3597), as it does addresses of other classes.
bool IsOpaque(const ReferenceRecord& record) {
  if (record.parsed || record.type == kOpt) return false;
  return ldns_rr_descript(record.type)->_type == static_cast<ldns_rr_type>(record.type);
}

// How ldns reads an opaque record that stands whole in the message.
enum class Reading { kWhole, kElsewhere, kRefused };

// ldns reads the fields it expects and goes on behind them, wherever RDLENGTH says that the next record begins.
Reading ReadOpaque(const Octets& octets, const ReferenceRecord& record) {
  ldns_rr* rr = nullptr;
  size_t position = record.begin;
  const ldns_status status = ldns_wire2rr(&rr, octets.data(), octets.size(), &position, LDNS_SECTION_ANSWER);
  if (status != LDNS_STATUS_OK) return Reading::kRefused;
  ldns_rr_free(rr);
  return position == record.end ? Reading::kWhole : Reading::kElsewhere;
}

// ldns takes a TSIG record out of the additional section by counting ARCOUNT down while it counts up to it, and so
// never comes to the section's last record.
bool IsTsig(const ReferenceRecord& record) { return record.section == 2 && record.type == kTsig; }

// Whether ldns loses its place in a record before the first broken rule, so that what it says of the rest says nothing.
bool LosesItsPlace(const Octets& octets, const ReferenceMessage& reference) {
  for (const ReferenceRecord& record : reference.records) {
    if (IsOpaque(record) && ReadOpaque(octets, record) == Reading::kElsewhere) return true;
  }
  return false;
}

Disagreement Finding(const std::string& detail) { return Disagreement{"unlisted", false, detail}; }

Disagreement Listed(const char* name) { return Disagreement{name, true, ""}; }

// Refused by the codec, accepted by ldns: listed where the reference reader names one of these rules.
Disagreement ClassifyRefusal(Reason reason) {
  static const std::map<Reason, const char*> kListed = {
      {Reason::kTrailing, "trailing"},
      {Reason::kTooManyRecords, "too_many_records"},
      {Reason::kPointerNotBackward, "pointer_not_backward"},
      {Reason::kPointerIntoHeader, "pointer_into_header"},
      {Reason::kPointerCount, "pointer_count"},
      {Reason::kPointerInQuestion, "pointer_in_question"},
      {Reason::kRdataSize, "rdata_size"},
      {Reason::kOptions, "options"},
  };
  const auto listed = kListed.find(reason);
  if (listed == kListed.end()) return Finding(std::string("ldns accepts what is refused: ") + ReasonText(reason));
  return Listed(listed->second);
}

Disagreement CompareHeader(const Octets& octets, const ReferenceMessage& reference, const ldns_pkt* packet) {
  const unsigned id = octets[0] << 8 | octets[1];
  const unsigned flags = octets[2] << 8 | octets[3];
  const unsigned seen = ldns_pkt_qr(packet) << 15 | ldns_pkt_get_opcode(packet) << 11 | ldns_pkt_aa(packet) << 10 |
                        ldns_pkt_tc(packet) << 9 | ldns_pkt_rd(packet) << 8 | ldns_pkt_ra(packet) << 7 |
                        ldns_pkt_ad(packet) << 5 | ldns_pkt_cd(packet) << 4 | ldns_pkt_get_rcode(packet);
  constexpr unsigned kReservedBit = 0x40;
  if (ldns_pkt_id(packet) != id || seen != (flags & ~kReservedBit)) return Finding("header differs");
  const ldns_rr_list* questions = ldns_pkt_question(packet);
  if (ldns_rr_list_rr_count(questions) != reference.questions.size()) return Finding("number of questions differs");
  for (size_t i = 0; i < reference.questions.size(); ++i) {
    const ldns_rr* question = ldns_rr_list_rr(questions, i);
    std::string expected = RdfOctets(ldns_rr_owner(question), true);
    for (const unsigned field : {unsigned{ldns_rr_get_type(question)}, unsigned{ldns_rr_get_class(question)}}) {
      expected += {static_cast<char>(field >> 8), static_cast<char>(field)};
    }
    if (expected != reference.questions[i]) return Finding("question differs");
  }
  return {};
}

// ldns takes OPT out of the additional section; the last one wins there, the first one here.
Disagreement CompareOpt(const ReferenceMessage& reference, const ldns_pkt* packet) {
  size_t count = 0;
  const ReferenceRecord* opt = nullptr;
  for (const ReferenceRecord& record : reference.records) {
    if (record.section != 2 || record.type != kOpt) continue;
    opt = &record;
    ++count;
  }
  if (count != 1) return {};
  if (ldns_pkt_edns_udp_size(packet) != opt->rr_class || ldns_pkt_edns_extended_rcode(packet) != opt->ttl >> 24 ||
      ldns_pkt_edns_version(packet) != (opt->ttl >> 16 & 0xff)) {
    return Finding("OPT differs");
  }
  const ldns_rdf* data = ldns_pkt_edns_data(packet);
  if ((data == nullptr ? "" : RdfOctets(data, false)) != opt->value) return Finding("OPT data differs");
  return {};
}

Disagreement CompareRecords(const Octets& octets, const ReferenceMessage& reference, const ldns_pkt* packet) {
  Disagreement seen;
  const ldns_rr_list* lists[3] = {ldns_pkt_answer(packet), ldns_pkt_authority(packet), ldns_pkt_additional(packet)};
  size_t next[3] = {};
  for (const ReferenceRecord& record : reference.records) {
    if (IsTsig(record)) return Listed("tsig");  // what stands behind it is not compared
    if (record.section == 2 && record.type == kOpt) continue;
    const size_t i = next[record.section]++;
    if (i >= ldns_rr_list_rr_count(lists[record.section])) return Finding("ldns has fewer records");
    const ldns_rr* rr = ldns_rr_list_rr(lists[record.section], i);
    if (RdfOctets(ldns_rr_owner(rr), true) != record.owner) return Finding("owner differs");
    if (ldns_rr_get_type(rr) != record.type || ldns_rr_get_class(rr) != record.rr_class ||
        ldns_rr_ttl(rr) != record.ttl) {
      return Finding("fixed fields differ");
    }
    if (Rdata(rr, record.parsed) != record.value) {
      if (IsOpaque(record) && ReadOpaque(octets, record) != Reading::kWhole) return Listed("opaque_boundary");
      if (IsOpaque(record)) {
        seen = Listed("opaque_form");
        continue;
      }
      return Finding("RDATA differs, type " + std::to_string(record.type));
    }
  }
  for (int section = 0; section < 3; ++section) {
    if (next[section] != ldns_rr_list_rr_count(lists[section])) return Finding("ldns has more records");
  }
  const Disagreement opt = CompareOpt(reference, packet);
  return opt.name.empty() ? seen : opt;
}

}  // namespace

Disagreement CompareWithOracle(const Octets& octets) {
  const ReferenceMessage reference = ReadMessage(octets);
  ldns_pkt* raw = nullptr;
  const ldns_status status = ldns_wire2pkt(&raw, octets.data(), octets.size());
  const Packet packet(status == LDNS_STATUS_OK ? raw : nullptr);
  if (packet == nullptr) {
    if (reference.reason != Reason::kNone) return {};
    for (const ReferenceRecord& record : reference.records) {
      if (!IsOpaque(record)) continue;
      const Reading reading = ReadOpaque(octets, record);
      if (reading == Reading::kRefused) return Listed("opaque_refused");
      if (reading == Reading::kElsewhere) return Listed("opaque_boundary");
    }
    return Finding(std::string("ldns refuses what is accepted: ") + ldns_get_errorstr_by_id(status));
  }
  if (reference.reason != Reason::kNone) {
    if (LosesItsPlace(octets, reference)) return Listed("opaque_boundary");
    if (std::any_of(reference.records.begin(), reference.records.end(), IsTsig)) return Listed("tsig");
    return ClassifyRefusal(reference.reason);
  }
  Disagreement header = CompareHeader(octets, reference, packet.get());
  if (!header.name.empty()) return header;
  return CompareRecords(octets, reference, packet.get());
}

}  // namespace mxscan::fuzz
