#include "scanner/run/restore.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "output/reader.h"
#include "scanner/dns/name.h"
#include "scanner/run/intake.h"
#include "scanner/survey/survey.h"

namespace mxscan {
namespace {

constexpr uint64_t kRowsBetweenLooks = 1 << 16;

absl::Status Twice(std::string_view what, std::string_view key) {
  return absl::DataLossError(absl::StrCat(std::string(what), " ", std::string(key), " has two rows"));
}

class Restorer {
 public:
  explicit Restorer(const RestoreTargets& targets)
      : targets_(targets), workers_(static_cast<int>(targets.hosts.size())) {}

  absl::Status Take(const DomainRow& row) {
    Name name;
    if (ParseName(row.domain, &name) != NameError::kNone) return NoName(row.domain);
    return Insert(targets_.domains, Intake::Fingerprint(name, targets_.owner_seed), "domain", row.domain);
  }
  absl::Status Take(const HostRow& row) {
    Name name;
    if (ParseName(row.host, &name) != NameError::kNone) return NoName(row.host);
    const int owner = Survey::OwnerOf(NameView(name), targets_.owner_seed, workers_);
    return Insert(targets_.hosts[static_cast<size_t>(owner)],
                  Survey::SeenFingerprint(NameView(name), targets_.owner_seed), "host", row.host);
  }
  absl::Status Take(const AddressRow& row) {
    const std::optional<IpAddress> address = IpAddress::Parse(std::string(row.address));
    if (!address.has_value()) return absl::DataLossError(absl::StrCat(std::string(row.address), ": is no address"));
    const int owner = Survey::OwnerOf(*address, targets_.owner_seed, workers_);
    return Insert(targets_.addresses[static_cast<size_t>(owner)],
                  Survey::SeenFingerprint(*address, targets_.owner_seed), "address", row.address);
  }
  // Rows that belong to others.
  absl::Status Take(const MxRow&) { return absl::OkStatus(); }
  absl::Status Take(const FindingRow&) { return absl::OkStatus(); }
  absl::Status Take(const RejectRow& row) {
    if (row.reason != RejectReason::kBlocked) return absl::OkStatus();
    ++*targets_.blocked;
    const uint64_t fingerprint = Intake::BlockedFingerprint(row.input_rank, row.input, targets_.owner_seed);
    return Insert(targets_.domains, fingerprint, "blocked name", row.input);
  }

  template <typename Row>
  absl::Status ReadTable(const DatasetReader& reader) {
    const std::unique_ptr<RowReader<Row>> rows = reader.Rows<Row>();
    for (Row row;;) {
      const absl::StatusOr<bool> more = rows->Next(&row);
      if (!more.ok()) return more.status();
      if (!*more) return absl::OkStatus();
      if (absl::Status status = Take(row); !status.ok()) {
        return absl::Status(status.code(), absl::StrCat(rows->position(), ": ", status.message()));
      }
      targets_.summary->Add(row);
      if (++rows_ % kRowsBetweenLooks == 0 && targets_.interrupted && targets_.interrupted()) {
        return absl::CancelledError("stopped by a signal while the dataset's rows were read");
      }
    }
  }

 private:
  static absl::Status NoName(std::string_view text) {
    return absl::DataLossError(absl::StrCat(std::string(text), ": is no name"));
  }
  static absl::Status Insert(SeenSet* set, uint64_t fingerprint, std::string_view what, std::string_view key) {
    if (set->InsertIfNew(fingerprint)) return absl::OkStatus();
    return set->status().ok() ? Twice(what, key) : set->status();
  }

  const RestoreTargets& targets_;
  const int workers_;
  uint64_t rows_ = 0;
};

}  // namespace

absl::Status RestoreFromRows(FileSystem* files, const std::string& directory, const RestoreTargets& targets) {
  const absl::StatusOr<DatasetReader> reader = DatasetReader::Open(files, directory);
  if (!reader.ok()) return reader.status();
  Restorer restorer(targets);
  absl::Status status = restorer.ReadTable<DomainRow>(*reader);
  if (status.ok()) status = restorer.ReadTable<MxRow>(*reader);
  if (status.ok()) status = restorer.ReadTable<HostRow>(*reader);
  if (status.ok()) status = restorer.ReadTable<AddressRow>(*reader);
  if (status.ok()) status = restorer.ReadTable<FindingRow>(*reader);
  if (status.ok()) status = restorer.ReadTable<RejectRow>(*reader);
  return status.ok() ? targets.summary->status() : status;
}

}  // namespace mxscan
