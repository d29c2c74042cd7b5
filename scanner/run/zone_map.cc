#include "scanner/run/zone_map.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <queue>
#include <utility>

#include "absl/strings/str_cat.h"
#include "io/check.h"
#include "scanner/limits.h"
#include "xxhash.h"

namespace mxscan {
namespace {

// Layout of a set: its size without these two octets, then of a delegation the TTL (4 octets) and the wire names of the
// name servers, of a host its addresses, each the family and 4 or 16 octets. All in the machine's own order: the files
// do not outlive the process that made them.
constexpr size_t kSizeOctets = 2;
constexpr size_t kSetSizeMax = sizeof(uint32_t) + kNsNamesMax * kNameSizeMax;
static_assert(kSetSizeMax <= UINT16_MAX);

constexpr size_t kRecentSets = size_t{1} << 16;
constexpr size_t kPageEntries = 2048 / sizeof(ZoneMapEntry);
constexpr size_t kGroupsMax = 64;  // of one name, in a file that is not sorted
constexpr uint64_t kPlaceBits = 48;
constexpr uint64_t kPlaceMask = (uint64_t{1} << kPlaceBits) - 1;
constexpr uint64_t kDelegationSalt = 0x64656c;
constexpr uint64_t kHostSalt = 0x686f7374;
constexpr uint64_t kRecordsPerLook = uint64_t{1} << 16;

// Key and check of a name; the place is to be added.
ZoneMapEntry EntryOf(NameView name, uint64_t seed, uint64_t salt) {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(name.data(), name.size(), seed ^ salt);
  return {hash.low64, hash.high64 & ~kPlaceMask};
}

// What is kept of a page in memory: the upper half of its first key.
uint32_t PageMark(const ZoneMapEntry& first) { return static_cast<uint32_t>(first.key >> 32); }

// Entries of a file in order.
class RunReader {
 public:
  RunReader(std::unique_ptr<ReadableFile> file, std::string path, uint64_t entries)
      : file_(std::move(file)), path_(std::move(path)), left_(entries) {}

  absl::StatusOr<bool> Next() {
    if (++position_ < buffer_.size()) return true;
    if (left_ == 0) return false;
    buffer_.resize(std::min<uint64_t>(left_, kZoneMapBufferBytes / sizeof(ZoneMapEntry)));
    const size_t size = buffer_.size() * sizeof(ZoneMapEntry);
    const absl::StatusOr<size_t> got = file_->ReadAt(offset_, size, reinterpret_cast<char*>(buffer_.data()));
    if (!got.ok()) return got.status();
    if (*got != size) return absl::DataLossError(absl::StrCat(path_, ": working file is cut short"));
    offset_ += size;
    left_ -= buffer_.size();
    position_ = 0;
    return true;
  }
  const ZoneMapEntry& entry() const { return buffer_[position_]; }

 private:
  std::unique_ptr<ReadableFile> file_;
  std::string path_;
  uint64_t left_;
  uint64_t offset_ = 0;
  std::vector<ZoneMapEntry> buffer_;
  size_t position_ = 0;
};

std::string_view Octets(const std::vector<ZoneMapEntry>& entries) {
  return {reinterpret_cast<const char*>(entries.data()), entries.size() * sizeof(ZoneMapEntry)};
}

class ZoneMapReader final : public DelegationMap {
 public:
  ZoneMapReader(std::unique_ptr<ReadableFile> index, std::unique_ptr<ReadableFile> sets, uint64_t entries,
                const std::vector<uint32_t>& pages, const std::vector<std::string>& apexes, uint64_t seed)
      : index_(std::move(index)),
        sets_(std::move(sets)),
        entries_(entries),
        pages_(pages),
        apexes_(apexes),
        seed_(seed) {}

  bool Find(NameView name, NameView known, Referral* referral) override;

 private:
  NameView ApexAbove(NameView name, NameView known) const;
  bool TakeDelegation(NameView owner, NameView apex, Referral* referral);
  void TakeAddresses(size_t ns, Referral* referral);
  void FindSets(NameView name, uint64_t salt);
  size_t PageOf(uint64_t key) const;
  bool ReadEntries(uint64_t first, uint64_t count);
  bool ReadSet(uint64_t place);

  const std::unique_ptr<ReadableFile> index_;
  const std::unique_ptr<ReadableFile> sets_;
  const uint64_t entries_;
  const std::vector<uint32_t>& pages_;      // by page: its mark
  const std::vector<std::string>& apexes_;  // sorted
  const uint64_t seed_;
  std::vector<ZoneMapEntry> page_;
  std::vector<uint64_t> places_;  // of the sets of the name that was looked up last
  std::string set_;
};

NameView ZoneMapReader::ApexAbove(NameView name, NameView known) const {
  for (NameView up = ParentName(name); up.size() >= known.size(); up = ParentName(up)) {
    if (std::binary_search(apexes_.begin(), apexes_.end(), up)) return up;
    if (up.size() == 1) break;
  }
  return {};
}

bool ZoneMapReader::Find(NameView name, NameView known, Referral* referral) {
  if (name.size() <= known.size()) return false;
  const NameView apex = ApexAbove(name, known);
  if (apex.empty()) return false;
  // The highest cut is the one that the zone's servers would tell of.
  size_t below = CountLabels(name) - CountLabels(apex);
  while (below-- > 0) {
    NameView owner = name;
    for (size_t i = 0; i < below; ++i) owner = ParentName(owner);
    if (TakeDelegation(owner, apex, referral)) return true;
  }
  return false;
}

bool ZoneMapReader::TakeDelegation(NameView owner, NameView apex, Referral* referral) {
  FindSets(owner, kDelegationSalt);
  if (places_.empty()) return false;
  referral->zone.Assign(owner);
  referral->ttl = UINT32_MAX;
  referral->ns.clear();
  referral->glue.clear();
  for (const uint64_t place : places_) {
    if (!ReadSet(place) || set_.size() < sizeof(uint32_t)) continue;
    uint32_t ttl;
    std::memcpy(&ttl, set_.data(), sizeof(ttl));
    referral->ttl = std::min(referral->ttl, ttl);
    for (size_t at = sizeof(ttl); at < set_.size() && referral->ns.size() < kNsNamesMax;) {
      size_t end = at;
      while (end < set_.size() && set_[end] != '\0') end += 1u + static_cast<uint8_t>(set_[end]);
      if (end >= set_.size()) break;
      const NameView ns = std::string_view(set_).substr(at, end + 1 - at);
      if (std::find(referral->ns.begin(), referral->ns.end(), ns) == referral->ns.end()) referral->ns.emplace_back(ns);
      at = end + 1;
    }
  }
  for (size_t ns = 0; ns < referral->ns.size(); ++ns) {
    if (referral->ns[ns] != apex && IsSubdomain(referral->ns[ns], apex)) TakeAddresses(ns, referral);
  }
  return !referral->ns.empty();
}

void ZoneMapReader::TakeAddresses(size_t ns, Referral* referral) {
  FindSets(referral->ns[ns], kHostSalt);
  for (const uint64_t place : places_) {
    if (!ReadSet(place)) continue;
    for (size_t at = 0; at < set_.size();) {
      const int family = static_cast<uint8_t>(set_[at++]);
      const size_t size = family == 4 ? 4 : 16;
      if (at + size > set_.size() || referral->glue.size() == kZoneServersMax) return;
      const auto* octets = reinterpret_cast<const uint8_t*>(set_.data()) + at;
      referral->glue.push_back({static_cast<uint8_t>(ns), family == 4 ? IpAddress::V4(octets) : IpAddress::V6(octets)});
      at += size;
    }
  }
}

bool ZoneMapReader::ReadEntries(uint64_t first, uint64_t count) {
  page_.resize(count);
  const size_t size = page_.size() * sizeof(ZoneMapEntry);
  const auto got = index_->ReadAt(first * sizeof(ZoneMapEntry), size, reinterpret_cast<char*>(page_.data()));
  return got.ok() && *got == size;
}

// The page where entries of this key begin, if there are any: the last one whose mark is below the key's, or the first.
// Keys are uniform, so it is near where the key's share of all pages says; the window around that is widened until it
// holds the place.
size_t ZoneMapReader::PageOf(uint64_t key) const {
  const auto mark = static_cast<uint32_t>(key >> 32);
  const size_t count = pages_.size();
  const auto guess = static_cast<size_t>(uint64_t{mark} * count >> 32);
  size_t begin = guess, end = guess;
  for (size_t step = 8; begin > 0 && pages_[begin] >= mark; step *= 2) begin -= std::min(begin, step);
  for (size_t step = 8; end < count && pages_[end] < mark; step *= 2) end += std::min(count - end, step);
  const auto place =
      std::partition_point(pages_.begin() + static_cast<ptrdiff_t>(begin), pages_.begin() + static_cast<ptrdiff_t>(end),
                           [mark](uint32_t page) { return page < mark; });
  const auto after = static_cast<size_t>(place - pages_.begin());
  return after == 0 ? 0 : after - 1;
}

void ZoneMapReader::FindSets(NameView name, uint64_t salt) {
  places_.clear();
  const ZoneMapEntry wanted = EntryOf(name, seed_, salt);
  for (uint64_t at = uint64_t{PageOf(wanted.key)} * kPageEntries; at < entries_; at += kPageEntries) {
    if (!ReadEntries(at, std::min<uint64_t>(kPageEntries, entries_ - at))) return;
    auto entry = std::partition_point(page_.begin(), page_.end(),
                                      [&](const ZoneMapEntry& other) { return other.key < wanted.key; });
    for (; entry != page_.end(); ++entry) {
      if (entry->key != wanted.key || places_.size() == kGroupsMax) return;
      if ((entry->place & ~kPlaceMask) == wanted.place) places_.push_back(entry->place & kPlaceMask);
    }
  }
}

bool ZoneMapReader::ReadSet(uint64_t place) {
  constexpr size_t kUsual = 256;
  char head[kSizeOctets + kUsual];
  const absl::StatusOr<size_t> got = sets_->ReadAt(place, sizeof(head), head);
  if (!got.ok() || *got < kSizeOctets) return false;
  uint16_t size;
  std::memcpy(&size, head, sizeof(size));
  set_.assign(head + kSizeOctets, std::min<size_t>(size, *got - kSizeOctets));
  if (set_.size() == size) return true;
  set_.resize(size);
  const absl::StatusOr<size_t> whole = sets_->ReadAt(place + kSizeOctets, size, set_.data());
  return whole.ok() && *whole == size;
}

}  // namespace

absl::StatusOr<std::unique_ptr<DelegationMap>> ZoneMap::NewReader() const {
  absl::StatusOr<std::unique_ptr<ReadableFile>> index = options_.files->Open(index_path_);
  if (!index.ok()) return index.status();
  absl::StatusOr<std::unique_ptr<ReadableFile>> sets = options_.files->Open(sets_path_);
  if (!sets.ok()) return sets.status();
  return std::make_unique<ZoneMapReader>(*std::move(index), *std::move(sets), entries_, pages_, apexes_,
                                         options_.hash_seed);
}

ZoneMapBuilder::ZoneMapBuilder(const ZoneMapOptions& options) : options_(options), recent_(kRecentSets) {
  MXSCAN_CHECK(options.files != nullptr && options.entries_max > 0);
}

ZoneMapBuilder::~ZoneMapBuilder() {
  if (sets_ != nullptr) sets_->Close().IgnoreError();
}

std::string ZoneMapBuilder::NewPath() { return absl::StrCat(options_.directory, "/zone-map-", next_file_++); }

void ZoneMapBuilder::OnZoneFile(const std::string& /*path*/, const std::string& /*description*/) { ++counts_.files; }

absl::Status ZoneMapBuilder::OnRecord(const ZoneRecord& record, NameView apex) {
  if (++counts_.records % kRecordsPerLook == 0 && options_.interrupted && options_.interrupted()) {
    return absl::CancelledError("stopped while zone files were read");
  }
  if (record.kind == ZoneRecordKind::kSoa && !apex.empty()) {
    const auto place = std::lower_bound(apexes_.begin(), apexes_.end(), apex);
    if (place == apexes_.end() || *place != apex) apexes_.insert(place, std::string(apex));
  }
  if (record.kind != ZoneRecordKind::kNs && record.kind != ZoneRecordKind::kAddress) return absl::OkStatus();
  if (apex.empty() || record.owner == apex || !IsSubdomain(record.owner, apex)) {
    counts_.outside += record.owner != apex;
    return absl::OkStatus();
  }
  const bool ns = record.kind == ZoneRecordKind::kNs;
  const Group kind = ns ? Group::kDelegation : Group::kHost;
  if (group_ != kind || owner_ != record.owner) {
    if (absl::Status status = EndGroup(); !status.ok()) return status;
    if (absl::Status status = Begin(kind, record); !status.ok()) return status;
  }
  // More are of no use: a referral keeps no more either.
  if (members_ == (ns ? kNsNamesMax : kZoneServersMax)) return absl::OkStatus();
  ++members_;
  if (ns) {
    set_.append(record.target.view());
  } else {
    set_.push_back(static_cast<char>(record.address.family()));
    set_.append(reinterpret_cast<const char*>(record.address.data()), record.address.size());
  }
  return absl::OkStatus();
}

absl::Status ZoneMapBuilder::Begin(Group kind, const ZoneRecord& record) {
  group_ = kind;
  owner_.Assign(record.owner);
  members_ = 0;
  set_.clear();
  if (kind == Group::kDelegation) set_.append(reinterpret_cast<const char*>(&record.ttl), sizeof(record.ttl));
  return sets_ == nullptr ? OpenSets() : absl::OkStatus();
}

absl::Status ZoneMapBuilder::OpenSets() {
  if (absl::Status status = options_.files->MakeDirectory(options_.directory); !status.ok()) return status;
  sets_path_ = NewPath();
  absl::StatusOr<std::unique_ptr<WritableFile>> file = options_.files->Create(sets_path_);
  if (!file.ok()) return file.status();
  sets_ = *std::move(file);
  return absl::OkStatus();
}

absl::Status ZoneMapBuilder::EndGroup() {
  if (group_ == Group::kNone) return absl::OkStatus();
  const bool delegation = group_ == Group::kDelegation;
  group_ = Group::kNone;
  ++(delegation ? counts_.delegations : counts_.hosts);
  const absl::StatusOr<uint64_t> place = WriteSet();
  if (!place.ok()) return place.status();
  ZoneMapEntry entry = EntryOf(owner_, options_.hash_seed, delegation ? kDelegationSalt : kHostSalt);
  entry.place |= *place;
  entries_.push_back(entry);
  return entries_.size() < options_.entries_max ? absl::OkStatus() : WriteRun();
}

// Where the set of the group at hand stands: written now, or a little earlier.
absl::StatusOr<uint64_t> ZoneMapBuilder::WriteSet() {
  MXSCAN_CHECK(set_.size() <= kSetSizeMax);
  const uint64_t hash = XXH3_64bits_withSeed(set_.data(), set_.size(), options_.hash_seed) | 1;
  Recent& recent = recent_[hash >> 48];
  static_assert(kRecentSets == size_t{1} << 16, "an index of 16 bits");
  if (recent.hash == hash) return recent.place;
  recent = {hash, sets_size_};
  const auto size = static_cast<uint16_t>(set_.size());
  pending_.append(reinterpret_cast<const char*>(&size), sizeof(size));
  pending_.append(set_);
  sets_size_ += kSizeOctets + set_.size();
  ++counts_.sets;
  if (sets_size_ > kPlaceMask) return absl::ResourceExhaustedError("the zone files are too large");
  if (pending_.size() < kZoneMapBufferBytes) return recent.place;
  absl::Status status = sets_->Append(pending_);
  pending_.clear();
  if (!status.ok()) return status;
  return recent.place;
}

absl::Status ZoneMapBuilder::WriteRun() {
  std::sort(entries_.begin(), entries_.end());
  runs_.push_back({NewPath(), entries_.size()});
  absl::StatusOr<std::unique_ptr<WritableFile>> file = options_.files->Create(runs_.back().path);
  if (!file.ok()) return file.status();
  absl::Status status = (*file)->Append(Octets(entries_));
  const absl::Status closed = (*file)->Close();
  pages_.clear();
  for (size_t i = 0; i < entries_.size(); i += kPageEntries) pages_.push_back(PageMark(entries_[i]));
  entries_.clear();
  if (status.ok()) status = closed;
  return status.ok() && runs_.size() == kZoneMapRunsMax ? MergeRuns() : status;
}

// All runs into one.
absl::Status ZoneMapBuilder::MergeRuns() {
  std::vector<RunReader> readers;
  uint64_t entries = 0;
  for (const Run& run : runs_) {
    absl::StatusOr<std::unique_ptr<ReadableFile>> file = options_.files->Open(run.path);
    if (!file.ok()) return file.status();
    readers.emplace_back(*std::move(file), run.path, run.entries);
    entries += run.entries;
  }
  const std::string path = NewPath();
  absl::StatusOr<std::unique_ptr<WritableFile>> merged = options_.files->Create(path);
  if (!merged.ok()) return merged.status();
  const auto greater = [&readers](size_t a, size_t b) { return readers[a].entry() > readers[b].entry(); };
  std::priority_queue<size_t, std::vector<size_t>, decltype(greater)> least(greater);
  absl::Status status;
  for (size_t i = 0; i < readers.size() && status.ok(); ++i) {
    const absl::StatusOr<bool> more = readers[i].Next();
    status = more.status();
    if (more.ok() && *more) least.push(i);
  }
  std::vector<ZoneMapEntry> out;
  pages_.clear();
  for (uint64_t written = 0; status.ok() && !least.empty(); ++written) {
    const size_t i = least.top();
    least.pop();
    out.push_back(readers[i].entry());
    if (written % kPageEntries == 0) pages_.push_back(PageMark(out.back()));
    const absl::StatusOr<bool> more = readers[i].Next();
    status = more.status();
    if (more.ok() && *more) least.push(i);
    if (status.ok() && (out.size() * sizeof(ZoneMapEntry) >= kZoneMapBufferBytes || least.empty())) {
      status = (*merged)->Append(Octets(out));
      out.clear();
    }
  }
  const absl::Status closed = (*merged)->Close();
  if (status.ok()) status = closed;
  if (!status.ok()) return status;
  readers.clear();
  for (const Run& run : runs_) options_.files->Remove(run.path).IgnoreError();
  runs_ = {{path, entries}};
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<ZoneMap>> ZoneMapBuilder::Finish() {
  if (absl::Status status = EndGroup(); !status.ok()) return status;
  if (sets_ == nullptr) return nullptr;
  absl::Status status = sets_->Append(pending_);
  const absl::Status closed = std::exchange(sets_, nullptr)->Close();
  if (status.ok()) status = closed;
  if (status.ok() && !entries_.empty()) status = WriteRun();
  if (status.ok() && runs_.size() > 1) status = MergeRuns();
  if (!status.ok()) return status;
  auto map = std::make_unique<ZoneMap>();
  map->options_ = options_;
  map->sets_path_ = sets_path_;
  map->index_path_ = runs_.front().path;
  map->entries_ = runs_.front().entries;
  map->pages_ = std::move(pages_);
  map->apexes_ = apexes_;
  counts_.bytes = sets_size_ + map->entries_ * sizeof(ZoneMapEntry);
  map->counts_ = counts_;
  return map;
}

}  // namespace mxscan
