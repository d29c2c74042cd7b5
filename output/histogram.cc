#include "output/histogram.h"

#include <cmath>

namespace mxscan {

LogHistogram& LogHistogram::operator+=(const LogHistogram& other) {
  for (size_t i = 0; i < kBucketCount; ++i) counts_[i] += other.counts_[i];
  total_ += other.total_;
  return *this;
}

LogHistogram::Range LogHistogram::Quantile(double share) const {
  static_assert(IndexOf(kValueMax) == kBucketCount - 1 && RangeOf(kBucketCount - 1).high == kValueMax);
  if (total_ == 0) return {};
  const double wanted = std::ceil(std::clamp(share, 0.0, 1.0) * static_cast<double>(total_));
  const uint64_t rank = std::clamp<uint64_t>(static_cast<uint64_t>(wanted), 1, total_);
  uint64_t seen = 0;
  size_t index = 0;
  for (; index < kBucketCount; ++index) {
    seen += counts_[index];
    if (seen >= rank) break;
  }
  return RangeOf(index);
}

std::array<uint64_t, kOctaveCount> LogHistogram::Octaves() const {
  std::array<uint64_t, kOctaveCount> octaves{};
  for (size_t i = 0; i < kBucketCount; ++i) octaves[OctaveOf(static_cast<uint32_t>(RangeOf(i).low))] += counts_[i];
  return octaves;
}

}  // namespace mxscan
