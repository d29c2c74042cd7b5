#include "scanner/run/row_writer.h"

#include <algorithm>
#include <charconv>
#include <span>

#include "scanner/dns/name.h"

namespace mxscan {
namespace {

constexpr int kShard = 0;  // of a run that is not split

void AppendNumber(uint64_t value, std::string* text) {
  char digits[20];
  const std::to_chars_result result = std::to_chars(digits, digits + sizeof(digits), value);
  text->append(digits, result.ptr);
}

void JoinNames(const std::vector<std::string>& names, std::string* text) {
  text->clear();
  for (const std::string& name : names) {
    if (!text->empty()) text->push_back(' ');
    AppendName(name, text);
  }
}

void JoinAddresses(std::span<const IpAddress> addresses, std::string* text) {
  text->clear();
  for (const IpAddress& address : addresses) {
    if (!text->empty()) text->push_back(' ');
    text->append(address.ToString());
  }
}

void SetName(NameView name, std::string* text) {
  text->clear();
  if (!name.empty()) AppendName(name, text);
}

// The text of `suffix`, a suffix of `name`, whose text is `text`: mostly the end of that. Written to `scratch` where an
// escape, or a first octet that is escaped only there, makes it another.
std::string_view SuffixText(NameView suffix, NameView name, std::string_view text, std::string* scratch) {
  if (suffix.empty()) return {};
  if (suffix.size() == name.size()) return text;
  const auto is_plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  const bool several_labels = suffix.size() > 1 && static_cast<uint8_t>(suffix[0]) + size_t{2} < suffix.size();
  // A text with no escape has one octet less than the name's wire form.
  if (several_labels && is_plain(suffix[1]) && text.size() + 1 == name.size()) {
    return text.substr(text.size() + 1 - suffix.size());
  }
  SetName(suffix, scratch);
  return *scratch;
}

int64_t TtlOf(const Lookup& lookup) { return lookup.outcome == Outcome::kData ? int64_t{lookup.ttl} : kNull; }

}  // namespace

RowWriter::RowWriter(Dataset* dataset, int writer, int writers, const SummaryOptions& summary, const Suffixes* suffixes)
    : suffixes_(suffixes), summary_(summary) {
  for (int i = 0; i < kTableCount; ++i) {
    const auto table = static_cast<TableId>(i);
    // Of the rejects the intake writes the first part: lines that are no names. Workers add the names that are blocked.
    const int part = table != TableId::kRejects ? std::min(writer, writers - 1) : writer == writers ? 0 : writer + 1;
    const int parts = table == TableId::kRejects ? writers + 1 : writers;
    writers_[static_cast<size_t>(i)] = dataset->NewPartWriter(table, part, parts, kShard);
  }
}

template <typename Row>
void RowWriter::Write(const Row& row) {
  if (!status_.ok()) return;
  status_ = writers_[static_cast<size_t>(RowTable<Row>::kId)]->Append(row);
  if (status_.ok()) summary_.Add(row);
}

absl::Status RowWriter::Close(std::vector<ClosedPart>* closed) {
  for (const auto& writer : writers_) {
    if (status_.ok()) status_ = writer->Close(closed);
  }
  return status_;
}

void RowWriter::FillMxColumns(const DomainObservation& domain, const DomainVerdict& verdict, DomainRow* row) {
  const Lookup& mx = domain.mx;
  row->mx_outcome = mx.outcome;
  row->mx_rcode = mx.rcode >= 0 ? mx.rcode : kNull;
  if (!IsDefinite(mx.outcome)) return;
  if (!mx.alias_loop) {
    if (mx.chain.empty()) {
      row->mx_owner = row->domain;
    } else {
      SetName(mx.chain.back(), &owner_text_);
      row->mx_owner = owner_text_;
    }
  }
  row->mx_count = static_cast<int64_t>(domain.records.size());
  row->mx_ttl = TtlOf(mx);
  hosts_text_.clear();
  preferences_text_.clear();
  const std::vector<MxVerdict>& records = verdict.mx;
  for (const MxVerdict& record : records) {
    if (records.size() > 1) hosts_text_.append(record.exchange).push_back(' ');
    if (!preferences_text_.empty()) preferences_text_.push_back(' ');
    preferences_text_.push_back('p');  // a list of one number would read as a number in some rows and as text in others
    AppendNumber(record.preference, &preferences_text_);
  }
  if (!records.empty() && records.front().looked_up) {
    const NameView first = domain.records.front().exchange;
    row->provider = SuffixText(suffixes_->Registrable(first), first, records.front().exchange, &provider_text_);
  }
  if (!hosts_text_.empty()) hosts_text_.pop_back();
  row->mx_hosts = records.size() == 1 ? records.front().exchange : CellText(hosts_text_);
  row->mx_preferences = preferences_text_;
}

void RowWriter::OnDomains(std::span<const DomainObservation* const> domains) {
  while (judged_.size() < domains.size()) judged_.push_back(std::make_unique<JudgedDomain>());
  const std::span<const std::unique_ptr<JudgedDomain>> judged = std::span(judged_).first(domains.size());
  for (size_t i = 0; i < domains.size(); ++i) {
    JudgeDomain(*domains[i], *suffixes_, &judged[i]->verdict);
    judged[i]->text = Prepare(judged[i]->verdict.text);
  }
  for (size_t i = 0; i < domains.size(); ++i) WriteDomain(*domains[i], judged[i]->verdict, judged[i]->text);
  for (const auto& domain : judged) WriteMxRows(domain->verdict, domain->text);
  for (const auto& domain : judged) WriteEvidence(domain->verdict.evidence, domain->text);
}

void RowWriter::WriteDomain(const DomainObservation& domain, const DomainVerdict& verdict, const CellText& text) {
  DomainRow row;
  row.input_rank = domain.input_rank;
  row.input = domain.input;
  row.domain = text;
  row.registrable = SuffixText(verdict.registrable, domain.name, verdict.text, &registrable_text_);
  if (row.registrable.size() == text.size()) row.registrable = text;
  row.domain_class = verdict.domain_class;
  FillMxColumns(domain, verdict, &row);
  if (domain.self != nullptr) {
    row.a_outcome = domain.self->a.outcome;
    row.aaaa_outcome = domain.self->aaaa.outcome;
  }
  row.findings = verdict.verdict.present;
  row.unknowns = verdict.verdict.unknown;
  for (const MxVerdict& mx : verdict.mx) {
    row.findings |= mx.verdict.present;
    row.unknowns |= mx.verdict.unknown;
  }
  row.server = domain.server;
  row.attempts = domain.attempts;
  row.queries = domain.queries;
  row.rtt_us = domain.rtt_us;
  row.asked_at = domain.asked_at_us;
  Write(row);
}

void RowWriter::WriteMxRows(const DomainVerdict& verdict, const CellText& domain) {
  for (const MxVerdict& mx : verdict.mx) {
    MxRow row;
    row.domain = domain;
    row.preference = mx.preference;
    row.exchange = mx.exchange;
    row.ttl = mx.ttl;
    row.usable = mx.usable;
    row.findings = mx.verdict.present;
    Write(row);
  }
}

void RowWriter::WriteEvidence(const EvidenceList& evidence, const CellText& domain) {
  for (const Evidence& item : evidence) {
    const FindingInfo& info = GetFinding(item.id);
    FindingRow row;
    row.scope = info.scope;
    row.subject = item.subject == domain ? domain : CellText(item.subject);
    row.domain = domain;
    row.finding = item.id;
    row.severity = info.severity;
    row.state = item.state;
    row.evidence = item.text;
    Write(row);
  }
}

void RowWriter::OnHost(const HostObservation& host) {
  JudgeHost(host, *suffixes_, &host_verdict_);
  SetName(host.name, &name_text_);
  const AliasChain& chain = host.a.chain.empty() ? host.aaaa.chain : host.a.chain;
  JoinNames(chain.names(), &chain_text_);
  JoinAddresses(host.ipv4, &v4_text_);
  JoinAddresses(host.ipv6, &v6_text_);
  HostRow row;
  row.host = name_text_;
  row.a_outcome = host.a.outcome;
  row.aaaa_outcome = host.aaaa.outcome;
  row.alias_chain = chain_text_;
  row.ipv4 = v4_text_;
  row.ipv6 = v6_text_;
  row.a_ttl = TtlOf(host.a);
  row.aaaa_ttl = TtlOf(host.aaaa);
  row.usable = host_verdict_.usable;
  row.findings = host_verdict_.verdict.present;
  row.unknowns = host_verdict_.verdict.unknown;
  row.asked_at = host.asked_at_us;
  Write(row);
  WriteEvidence(host_verdict_.evidence, {});
}

void RowWriter::OnAddress(const AddressObservation& address) {
  JudgeAddress(address, *suffixes_, &address_verdict_);
  const std::string text = address.address.ToString();
  name_text_.clear();
  AppendName(ReverseName(address.address), &name_text_);
  chain_text_.clear();
  for (const PtrNameObservation& name : address.names) {
    if (!chain_text_.empty()) chain_text_.push_back(' ');
    AppendName(name.name, &chain_text_);
  }
  hosts_text_.clear();
  for (const std::string_view name : address_verdict_.confirmed_names) {
    if (!hosts_text_.empty()) hosts_text_.push_back(' ');
    AppendName(name, &hosts_text_);
  }
  AddressRow row;
  row.address = text;
  row.family = address.address.family();
  row.reverse_name = name_text_;
  row.ptr_outcome = address.asked ? address.ptr.outcome : Outcome::kNotAsked;
  row.ptr_names = chain_text_;
  row.confirmed_names = hosts_text_;
  row.fcrdns = address_verdict_.fcrdns;
  row.findings = address_verdict_.verdict.present;
  row.unknowns = address_verdict_.verdict.unknown;
  row.asked_at = address.asked ? address.asked_at_us : kNull;
  Write(row);
  WriteEvidence(address_verdict_.evidence, {});
}

void RowWriter::OnHostAddress(const HostObservation& host, const AddressObservation& address) {
  const FindingState state = JudgePtrNotMxName(host, address);
  if (state != FindingState::kPresent && state != FindingState::kUnknown) return;
  const std::string subject = address.address.ToString();
  name_text_ = "exchange ";
  AppendName(host.name, &name_text_);
  FindingRow row;
  row.scope = Scope::kReverse;
  row.subject = subject;
  row.finding = FindingId::kPtrNotMxName;
  row.severity = GetFinding(row.finding).severity;
  row.state = state;
  row.evidence = name_text_;
  Write(row);
}

void RowWriter::OnBlocked(int64_t input_rank, std::string_view input) {
  OnReject(input_rank, input, RejectReason::kBlocked);
}

void RowWriter::OnReject(int64_t input_rank, std::string_view input, RejectReason reason) {
  RejectRow row;
  row.input_rank = input_rank;
  row.input = input;
  row.reason = reason;
  Write(row);
}

}  // namespace mxscan
