// Targets on their way from the input to the workers, some hundred at a time.
//
// Purpose: one hand-over and one allocation for many targets. Ownership: a batch owns its octets. Thread safety: moved
// between threads, used by one.
#ifndef MXSCAN_SCANNER_RUN_TARGET_BATCH_H_
#define MXSCAN_SCANNER_RUN_TARGET_BATCH_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "scanner/dns/name.h"

namespace mxscan {

class TargetBatch {
 public:
  void Add(int64_t input_rank, std::string_view input, NameView domain) {
    items_.push_back({input_rank, static_cast<uint32_t>(octets_.size()), static_cast<uint32_t>(input.size()),
                      static_cast<uint32_t>(domain.size())});
    octets_.append(input);
    octets_.append(domain);
  }
  void Clear() {
    items_.clear();
    octets_.clear();
  }
  size_t size() const { return items_.size(); }
  int64_t input_rank(size_t i) const { return items_[i].input_rank; }
  std::string_view input(size_t i) const {
    return std::string_view(octets_).substr(items_[i].offset, items_[i].input_size);
  }
  NameView domain(size_t i) const {
    return std::string_view(octets_).substr(items_[i].offset + items_[i].input_size, items_[i].domain_size);
  }

 private:
  struct Item {
    int64_t input_rank;
    uint32_t offset;
    uint32_t input_size;
    uint32_t domain_size;
  };
  std::vector<Item> items_;
  std::string octets_;
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RUN_TARGET_BATCH_H_
