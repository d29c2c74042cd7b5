#include "tests/fuzz/resume_dataset.h"

#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "io/check.h"
#include "output/json_text.h"
#include "output/part.h"
#include "tests/sim/memory_files.h"

namespace mxscan::fuzz {
namespace {

constexpr int kDomains = 20;

std::string Wire(std::string_view text) {
  Name name;
  MXSCAN_CHECK(ParseName(text, &name) == NameError::kNone);
  return std::string(name.view());
}

template <typename Row>
void Append(Dataset* dataset, const std::vector<Row>& rows, size_t parts, std::vector<ClosedPart>* closed) {
  const std::unique_ptr<PartWriter> writer = dataset->NewPartWriter(RowTable<Row>::kId, 0, 1, 0);
  for (size_t i = 0; i < rows.size(); ++i) {
    MXSCAN_CHECK(writer->Append(rows[i]).ok());
    if ((i + 1) % (rows.size() / parts) == 0) MXSCAN_CHECK(writer->Close(closed).ok());
  }
  MXSCAN_CHECK(writer->Close(closed).ok());
}

void AppendRows(Dataset* dataset, std::vector<ClosedPart>* closed) {
  std::vector<std::string> names, hosts, addresses;
  for (int i = 0; i < kDomains; ++i) {
    names.push_back(absl::StrCat("name-", i, ".example."));
    hosts.push_back(absl::StrCat("mx", i, ".example.net."));
    addresses.push_back(absl::StrCat("192.0.2.", i));
  }
  std::vector<DomainRow> domain_rows(kDomains);
  std::vector<MxRow> mx_rows(kDomains);
  std::vector<HostRow> host_rows(kDomains);
  std::vector<AddressRow> address_rows(kDomains);
  std::vector<FindingRow> finding_rows(kDomains);
  std::vector<RejectRow> reject_rows(kDomains);
  for (size_t i = 0; i < kDomains; ++i) {
    DomainRow& domain = domain_rows[i];
    domain.input_rank = static_cast<int64_t>(2 * i + 1);
    domain.domain = names[i];
    domain.registrable = names[i];
    domain.domain_class = DomainClass::kMxOk;
    domain.mx_outcome = Outcome::kData;
    domain.mx_count = 1;
    domain.mx_hosts = hosts[i];
    domain.mx_preferences = "p10";
    domain.attempts = domain.queries = 1;
    domain.asked_at = 1'700'000'000'000'000 + static_cast<int64_t>(i);
    mx_rows[i].domain = names[i];
    mx_rows[i].preference = 10;
    mx_rows[i].exchange = hosts[i];
    mx_rows[i].ttl = 300;
    mx_rows[i].usable = Usable::kYes;
    host_rows[i].host = hosts[i];
    host_rows[i].a_outcome = Outcome::kData;
    host_rows[i].aaaa_outcome = Outcome::kNoData;
    host_rows[i].ipv4 = addresses[i];
    host_rows[i].usable = Usable::kYes;
    host_rows[i].asked_at = domain.asked_at;
    address_rows[i].address = addresses[i];
    address_rows[i].family = 4;
    address_rows[i].reverse_name = "2.0.192.in-addr.arpa.";
    address_rows[i].asked_at = domain.asked_at;
    finding_rows[i].scope = Scope::kDomain;
    finding_rows[i].subject = names[i];
    finding_rows[i].domain = names[i];
    finding_rows[i].finding = FindingId::kMxSingle;
    finding_rows[i].severity = Severity::kInfo;
    finding_rows[i].state = FindingState::kPresent;
    reject_rows[i].input_rank = static_cast<int64_t>(2 * i + 2);
    reject_rows[i].input = names[i];
    reject_rows[i].reason = i % 2 == 0 ? RejectReason::kBlocked : RejectReason::kNotAName;
  }
  Append(dataset, domain_rows, 2, closed);
  Append(dataset, mx_rows, 1, closed);
  Append(dataset, host_rows, 1, closed);
  Append(dataset, address_rows, 1, closed);
  Append(dataset, finding_rows, 1, closed);
  Append(dataset, reject_rows, 1, closed);
}

}  // namespace

DatasetOptions ResumeOptions() { return {}; }

RunInfo ExampleRun() {
  RunInfo run;
  run.version = "0.1.0";
  run.command = "scan";
  run.options = {{"rate", "1000"}, {"lookups", "mx,a,aaaa,ptr"}};
  run.seed = "18446744073709551615";
  run.inputs = {
      {.path = "list.txt", .format = "plain list", .bytes = 7, .lines = 40, .file_bytes = 7, .head_sha256 = "00"}};
  run.host = "host";
  run.working_directory = "/tmp";
  run.started_at_us = 1'700'000'000'000'000;
  run.rows.input_lines = 2 * kDomains;
  run.rows.domains = run.rows.rejects = kDomains;
  run.rcodes["0"] = 60;
  run.resolvers["192.0.2.53:53"] = {{"sent", 61}, {"answered", 60}, {"rcode_0", 60}, {"rtt_us_1024", 60}};
  run.near_misses["wrong id"] = 1;
  run.control["192.0.2.53:53"] = "answers";
  run.counters["engine"]["questions"] = UINT64_MAX;
  return run;
}

Checkpoint ExampleCheckpoint() {
  Checkpoint checkpoint;
  checkpoint.lines = 2 * kDomains;
  checkpoint.open_hosts.push_back({.name = Wire("mx1.example.net."),
                                   .a_chain = {Wire("x.example.net."), Wire("a\\.b\\000.example.net.")},
                                   .aaaa_chain = {},
                                   .addresses = {*IpAddress::Parse("192.0.2.1"), *IpAddress::Parse("2001:db8::1")}});
  checkpoint.run = ExampleRun();
  return checkpoint;
}

std::map<std::string, std::string> MakeUnfinishedDataset(Compression compression) {
  sim::MemoryFileSystem files;
  DatasetOptions options = ResumeOptions();
  options.parts.compression = compression;
  absl::StatusOr<std::unique_ptr<Dataset>> dataset = Dataset::Create(&files, std::string(kResumeDirectory), options);
  MXSCAN_CHECK(dataset.ok());
  std::vector<ClosedPart> closed;
  AppendRows(dataset->get(), &closed);
  MXSCAN_CHECK((*dataset)->Commit(0, std::move(closed), CheckpointToJson(ExampleCheckpoint())).ok());
  MXSCAN_CHECK((*dataset)->WriteRun(ExampleRun()).ok());
  return files.AllFiles();
}

void PutCheckpoint(std::string_view checkpoint, std::map<std::string, std::string>* files) {
  constexpr std::string_view kMember = ",\n\"checkpoint\":";
  std::string& manifest = (*files)[absl::StrCat(std::string(kResumeDirectory), "/", ManifestPath(0))];
  manifest.resize(manifest.find(kMember));
  absl::StrAppend(&manifest, std::string(kMember), std::string(checkpoint));
  SealJson(&manifest);
}

}  // namespace mxscan::fuzz
