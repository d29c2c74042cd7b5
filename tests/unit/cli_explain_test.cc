// The examples of the explanations are zone text: read by ldns, which knows nothing of this program, and then judged.
// The wrong line has the finding that it is an example of, and the right one has none.
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "io/address.h"
#include "scanner/verdict/explanations.h"
#include "tests/unit/verdict_testing.h"

// Last, and without its macros for C's missing keywords.
#include <ldns/ldns.h>
#undef true
#undef false

namespace mxscan {
namespace {

struct FreeRecord {
  void operator()(ldns_rr* record) const { ldns_rr_free(record); }
};
using Record = std::unique_ptr<ldns_rr, FreeRecord>;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

// Reads the lines of an example. Names are relative to example.org, as the page says.
std::vector<Record> ReadRecords(std::string_view finding, std::string text) {
  std::vector<Record> records;
  text += '\n';
  const std::unique_ptr<std::FILE, CloseFile> file(fmemopen(text.data(), text.size(), "r"));
  EXPECT_TRUE(file) << finding;
  uint32_t ttl = 3600;
  ldns_rdf* origin = ldns_dname_new_frm_str("example.org.");
  ldns_rdf* previous = nullptr;
  while (file && std::feof(file.get()) == 0) {
    ldns_rr* record = nullptr;
    const ldns_status status = ldns_rr_new_frm_fp(&record, file.get(), &ttl, &origin, &previous);
    if (status == LDNS_STATUS_SYNTAX_EMPTY) continue;
    if (status != LDNS_STATUS_OK) {
      ADD_FAILURE() << finding << ": " << ldns_get_errorstr_by_id(status) << " in\n" << text;
      break;
    }
    records.emplace_back(record);
  }
  ldns_rdf_deep_free(origin);
  ldns_rdf_deep_free(previous);
  return records;
}

// The lines before "; right", and those behind it.
struct Parts {
  std::vector<Record> wrong;
  std::vector<Record> right;
};

Parts ReadParts(FindingId id) {
  const std::string example(Explain(id).example);
  const size_t split = std::min(example.find("; right"), example.size());
  const std::string_view finding = GetFinding(id).text;
  return {.wrong = ReadRecords(finding, example.substr(0, split)),
          .right = ReadRecords(finding, example.substr(split))};
}

std::string NameOf(const ldns_rdf* rdf) {
  return std::string(reinterpret_cast<const char*>(ldns_rdf_data(rdf)), ldns_rdf_size(rdf));
}

// What the record's exchange is found to be, as the only exchange of the record's owner.
FindingSet JudgeExchange(const ldns_rr* record) {
  DomainObservation domain;
  domain.name = NameOf(ldns_rr_owner(record));
  domain.mx = Ended(Outcome::kData);
  domain.mx.ttl = 3600;
  const std::string exchange = NameOf(ldns_rr_rdf(record, 1));
  domain.records.push_back(MxObservation{10, 3600, Name(exchange)});
  ExchangeObservation& observation = domain.exchanges.emplace_back();
  observation.name.Assign(exchange);
  if (IsLookedUp(ClassifyExchange(exchange, domain.name, TestSuffixes()))) {
    HostObservation host = MakeHost("host.", {"192.0.2.25"});
    host.name = exchange;
    observation.host = std::make_shared<const HostObservation>(host);
  }
  DomainVerdict verdict;
  JudgeDomain(domain, TestSuffixes(), &verdict);
  return verdict.mx.at(0).verdict.present;
}

bool IsAddress(const ldns_rr* record) {
  return ldns_rr_get_type(record) == LDNS_RR_TYPE_A || ldns_rr_get_type(record) == LDNS_RR_TYPE_AAAA;
}

IpAddress AddressOf(const ldns_rr* record) {
  const uint8_t* octets = ldns_rdf_data(ldns_rr_rdf(record, 0));
  return ldns_rr_get_type(record) == LDNS_RR_TYPE_A ? IpAddress::V4(octets) : IpAddress::V6(octets);
}

TEST(ExplanationExamplesTest, AreMasterFileText) {
  size_t records = 0;
  for (const FindingInfo& info : AllFindings()) {
    const std::string example(Explain(info.id).example);
    if (example.empty()) continue;
    const Parts parts = ReadParts(info.id);
    EXPECT_FALSE(parts.wrong.empty() && parts.right.empty()) << info.text;
    records += parts.wrong.size() + parts.right.size();
    // A comment opens each part; what a record says stands in the record.
    for (size_t at = example.find(';'); at != std::string::npos; at = example.find(';', at + 1)) {
      const size_t line = example.rfind('\n', at) + 1;
      const std::string before = example.substr(line, at - line);
      EXPECT_TRUE(before.empty() || before.find('"') != std::string::npos) << info.text << ": " << before;
    }
  }
  EXPECT_GT(records, kFindingCount);
}

TEST(ExplanationExamplesTest, ExchangesHaveTheirFinding) {
  size_t judged = 0;
  for (const FindingInfo& info : AllFindings()) {
    // These two are seen in lookups, not in the name.
    if (info.scope != Scope::kMx || info.id == FindingId::kMxExchangeMissingDot ||
        info.id == FindingId::kMxExchangeDanglingRegistrable) {
      continue;
    }
    const Parts parts = ReadParts(info.id);
    ASSERT_FALSE(parts.wrong.empty()) << info.text;
    FindingSet only;
    only.Add(info.id);
    // An octet over 127 is no letter, digit or hyphen either.
    if (info.id == FindingId::kMxExchangeNonascii) only.Add(FindingId::kMxExchangeIllegalChar);
    EXPECT_TRUE(JudgeExchange(parts.wrong[0].get()) == only) << info.text;
    for (const Record& record : parts.right) {
      if (ldns_rr_get_type(record.get()) != LDNS_RR_TYPE_MX) continue;
      EXPECT_TRUE(JudgeExchange(record.get()).empty()) << info.text;
    }
    ++judged;
  }
  EXPECT_GE(judged, 16u);
}

TEST(ExplanationExamplesTest, AMissingDotIsSuspected) {
  const Parts parts = ReadParts(FindingId::kMxExchangeMissingDot);
  Name stripped;
  const auto suspected = [&](const Record& record) {
    return SuspectMissingDot(NameOf(ldns_rr_rdf(record.get(), 1)), NameOf(ldns_rr_owner(record.get())), TestSuffixes(),
                             &stripped);
  };
  ASSERT_EQ(parts.wrong.size(), 1u);
  ASSERT_EQ(parts.right.size(), 1u);
  EXPECT_TRUE(suspected(parts.wrong[0]));
  EXPECT_FALSE(suspected(parts.right[0]));
}

TEST(ExplanationExamplesTest, AddressesHaveTheirFinding) {
  for (const FindingInfo& info : AllFindings()) {
    if (info.scope != Scope::kAddress) continue;
    const Parts parts = ReadParts(info.id);
    ASSERT_FALSE(parts.wrong.empty()) << info.text;
    for (const Record& record : parts.wrong) {
      ASSERT_TRUE(IsAddress(record.get())) << info.text;
      FindingId id{};
      ASSERT_TRUE(AddressFinding(AddressOf(record.get()), &id)) << info.text;
      EXPECT_EQ(id, info.id) << info.text << " " << AddressOf(record.get()).ToString();
    }
  }
}

// Everybody's machine answers to some address; those of the examples must be nobody's, unless they are what is wrong.
TEST(ExplanationExamplesTest, OtherAddressesAreOfDocumentation) {
  for (const FindingInfo& info : AllFindings()) {
    Parts parts = ReadParts(info.id);
    if (info.scope != Scope::kAddress) {
      for (Record& record : parts.wrong) parts.right.push_back(std::move(record));
    }
    for (const Record& record : parts.right) {
      if (!IsAddress(record.get())) continue;
      FindingId id{};
      ASSERT_TRUE(AddressFinding(AddressOf(record.get()), &id)) << info.text;
      EXPECT_EQ(id, FindingId::kAddrDocumentation) << info.text;
    }
  }
}

}  // namespace
}  // namespace mxscan
