// Histograms with logarithmic buckets: fixed memory, constant cost, exact under addition.
//
// Purpose: round-trip times and TTLs span seven orders of magnitude. A LogHistogram has 16 buckets an octave, so that a
// quantile is known to within 6.25 %, and merging two histograms gives the histogram of both inputs exactly.
// Units: whatever the caller counts (microseconds for round-trip times, seconds for TTLs); values over kValueMax count
// as kValueMax, negative ones as 0. Ownership: plain value of about 3.7 KB. Thread safety: one thread at a time.
#ifndef MXSCAN_OUTPUT_HISTOGRAM_H_
#define MXSCAN_OUTPUT_HISTOGRAM_H_

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace mxscan {

// An octave bucket: 0 holds the value 0, bucket b > 0 the values from 2^(b-1) to 2^b - 1.
inline constexpr size_t kOctaveCount = 33;
constexpr size_t OctaveOf(uint32_t value) { return static_cast<size_t>(std::bit_width(value)); }
constexpr uint64_t OctaveLow(size_t octave) { return octave == 0 ? 0 : uint64_t{1} << (octave - 1); }
constexpr uint64_t OctaveHigh(size_t octave) { return octave == 0 ? 0 : (uint64_t{1} << octave) - 1; }

class LogHistogram {
 public:
  static constexpr uint64_t kValueMax = UINT32_MAX;

  // The values `low` to `high`, both included.
  struct Range {
    uint64_t low = 0;
    uint64_t high = 0;
    friend bool operator==(const Range&, const Range&) = default;
  };

  void Add(int64_t value, uint64_t count = 1) {
    const int64_t clamped = std::clamp<int64_t>(value, 0, static_cast<int64_t>(kValueMax));
    counts_[IndexOf(static_cast<uint32_t>(clamped))] += count;
    total_ += count;
  }
  // Calls f(lowest value, count) for every bucket that holds something; adding those gives an equal histogram.
  template <typename F>
  void ForEachBucket(F f) const {
    for (size_t i = 0; i < kBucketCount; ++i) {
      if (counts_[i] > 0) f(RangeOf(i).low, counts_[i]);
    }
  }
  uint64_t total() const { return total_; }
  LogHistogram& operator+=(const LogHistogram& other);

  // The bucket that holds the value of rank ceil(share * total), counted from 1: the bounds of that quantile. {0, 0} of
  // an empty histogram. `share` is from 0 to 1.
  Range Quantile(double share) const;
  // How many values fell into each octave.
  std::array<uint64_t, kOctaveCount> Octaves() const;

  friend bool operator==(const LogHistogram&, const LogHistogram&) = default;

 private:
  static constexpr int kSubBits = 4;
  static constexpr uint32_t kSub = 1u << kSubBits;
  static constexpr size_t kBucketCount = kSub + (32 - kSubBits) * size_t{kSub};

  // Values below kSub have a bucket each; above, the leading bit chooses the octave and the next four bits the bucket.
  static constexpr size_t IndexOf(uint32_t value) {
    if (value < kSub) return value;
    const uint32_t octave = static_cast<uint32_t>(std::bit_width(value)) - 1 - kSubBits;
    return kSub + octave * kSub + ((value >> octave) & (kSub - 1));
  }
  static constexpr Range RangeOf(size_t index) {
    if (index < kSub) return {index, index};
    const size_t octave = (index - kSub) / kSub;
    const uint64_t low = (uint64_t{kSub} + index % kSub) << octave;
    return {low, low + (uint64_t{1} << octave) - 1};
  }

  std::array<uint64_t, kBucketCount> counts_{};
  uint64_t total_ = 0;
};

}  // namespace mxscan

#endif  // MXSCAN_OUTPUT_HISTOGRAM_H_
