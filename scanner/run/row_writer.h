// From observations to rows: judges, writes the tables of one worker, and counts.
//
// Purpose: the one place where an observation becomes a row. Every row goes to its table's part and to the summary, so
// that the summary is a function of what was written. Tables come into being with their first row.
// Domains come several at once and are taken through each step together: the code of all steps is more than the
// processor's instruction cache holds, and one domain after the other would fetch all of it for each.
// Ownership: borrows the dataset and the suffixes; owns its part writers and summary. Thread safety: one
// thread; the manifest is shared. Errors: status() keeps the first one; rows after it are not written.
#ifndef MXSCAN_SCANNER_RUN_ROW_WRITER_H_
#define MXSCAN_SCANNER_RUN_ROW_WRITER_H_

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "output/dataset.h"
#include "output/summary.h"
#include "scanner/survey/survey.h"
#include "scanner/verdict/verdict.h"

namespace mxscan {

class RowWriter : public ObservationSink {
 public:
  // Writer `writer` of `writers` of the same tables. Writer `writers` is the intake's, which writes only rejects.
  RowWriter(Dataset* dataset, int writer, int writers, const SummaryOptions& summary, const Suffixes* suffixes);

  void OnDomains(std::span<const DomainObservation* const> domains) override;
  void OnBlocked(int64_t input_rank, std::string_view input) override;
  void OnHost(const HostObservation& host) override;
  void OnAddress(const AddressObservation& address) override;
  void OnHostAddress(const HostObservation& host, const AddressObservation& address) override;
  // `input` is the escaped token.
  void OnReject(int64_t input_rank, std::string_view input, RejectReason reason);

  // Ends the parts that are being written and appends them to `closed`, to be committed with those of others.
  absl::Status Close(std::vector<ClosedPart>* closed);
  const absl::Status& status() const { return status_; }
  uint64_t rows(TableId table) const { return writers_[static_cast<size_t>(table)]->rows(); }
  Summary& summary() { return summary_; }

 private:
  template <typename Row>
  void Write(const Row& row);
  void WriteDomain(const DomainObservation& domain, const DomainVerdict& verdict, const CellText& text);
  void WriteMxRows(const DomainVerdict& verdict, const CellText& domain);
  // `domain` is empty for what is about a host or an address.
  void WriteEvidence(const EvidenceList& evidence, const CellText& domain);
  void FillMxColumns(const DomainObservation& domain, const DomainVerdict& verdict, DomainRow* row);

  const Suffixes* const suffixes_;
  std::array<std::unique_ptr<PartWriter>, kTableCount> writers_;
  Summary summary_;
  absl::Status status_;

  // Scratch, kept for its capacity.
  struct JudgedDomain {
    DomainVerdict verdict;
    CellText text;  // the verdict's
  };
  std::vector<std::unique_ptr<JudgedDomain>> judged_;  // as many as ever came at once
  HostVerdict host_verdict_;
  AddressVerdict address_verdict_;
  std::string registrable_text_;
  std::string owner_text_;
  std::string provider_text_;
  std::string hosts_text_;  // exchanges joined by a space
  std::string preferences_text_;
  std::string name_text_;
  std::string chain_text_;
  std::string v4_text_;
  std::string v6_text_;
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RUN_ROW_WRITER_H_
