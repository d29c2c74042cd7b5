// Who asked to be left alone: names about which nothing is asked, addresses to which nothing is sent.
//
// Purpose: a Blocklist holds domain names, each of which stands for itself and everything under it, and IP prefixes.
// Blocks(name) is asked of every question before it is sent: a listed name, one under it, or a name of the reverse tree
// that speaks of nothing but blocked addresses (whoever runs those mostly runs their reverse zone too, and would get
// the question). Blocks(address) is asked of every packet's destination, see io/guarded_transport.h.
// A BlocklistFeed carries the list in force from the thread that reads files to the workers; each of these looks
// through a BlocklistView of its own, which costs an atomic load where nothing has changed.
// Cost: the name's suffixes of as many labels as listed names have are looked up by hash; no allocation.
// Ownership: lists are immutable and shared; a view keeps its list alive. Thread safety: Blocklist is immutable once
// Seal was called; the feed may be used by any thread, a view by one. Errors: none.
#ifndef MXSCAN_SCANNER_RESOLVE_BLOCKLIST_H_
#define MXSCAN_SCANNER_RESOLVE_BLOCKLIST_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "io/guarded_transport.h"
#include "io/prefix_set.h"
#include "scanner/dns/name.h"
#include "scanner/dns/name_hash.h"

namespace mxscan {

// One file of a list, for run.json and for people.
struct BlocklistSource {
  std::string path;
  std::string format;  // "plain", "gzip"
  std::string sha256;  // of the decompressed octets
  uint64_t octets = 0;
  uint64_t lines = 0;
  uint64_t names = 0;
  uint64_t prefixes = 0;
};

class Blocklist {
 public:
  Blocklist() = default;
  Blocklist(const Blocklist&) = delete;
  Blocklist& operator=(const Blocklist&) = delete;

  void AddName(NameView name);  // lower case; not the root
  void AddPrefix(const IpPrefix& prefix) { prefixes_.Add(prefix); }
  void AddSource(BlocklistSource source) { sources_.push_back(std::move(source)); }
  void Seal();  // after the last addition

  bool Blocks(NameView name) const;
  bool Blocks(const IpAddress& address) const { return prefixes_.Contains(address); }

  const std::vector<BlocklistSource>& sources() const { return sources_; }

 private:
  std::vector<std::unique_ptr<char[]>> chunks_;  // the names' octets
  size_t chunk_left_ = 0;
  absl::flat_hash_set<std::string_view, NameHash, std::equal_to<>> names_;
  size_t labels_min_ = kLabelCountMax + 1;  // of the listed names
  size_t labels_max_ = 0;
  PrefixSet prefixes_;
  std::vector<BlocklistSource> sources_;
};

class BlocklistFeed {
 public:
  explicit BlocklistFeed(std::shared_ptr<const Blocklist> list) : list_(std::move(list)) {}
  // From the next look on the views see this one.
  void Publish(std::shared_ptr<const Blocklist> list);
  std::shared_ptr<const Blocklist> Current() const;
  // Counts the lists that were published, from 1.
  uint32_t generation() const { return generation_.load(std::memory_order_acquire); }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Blocklist> list_;
  std::atomic<uint32_t> generation_{1};
};

class BlocklistView {
 public:
  // `feed` null: nothing is blocked. Else it must outlive the view.
  explicit BlocklistView(const BlocklistFeed* feed) : feed_(feed) { Refresh(); }
  // Takes the list in force now; true where it is another than before.
  bool Refresh();
  // 0 without a feed.
  uint32_t generation() const { return generation_; }
  bool Blocks(NameView name) const { return list_ != nullptr && list_->Blocks(name); }
  bool Blocks(const IpAddress& address) const { return list_ != nullptr && list_->Blocks(address); }

 private:
  const BlocklistFeed* const feed_;
  uint32_t generation_ = 0;
  std::shared_ptr<const Blocklist> list_;
};

// The list in force, as a transport's gate.
class BlocklistGate : public AddressGate {
 public:
  explicit BlocklistGate(const BlocklistFeed* feed) : view_(feed) {}
  bool IsBlocked(const IpAddress& address) override {
    view_.Refresh();
    return view_.Blocks(address);
  }
  uint32_t Generation() override {
    view_.Refresh();
    return view_.generation();
  }

 private:
  BlocklistView view_;
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RESOLVE_BLOCKLIST_H_
