#include "scanner/cli/units.h"

#include <charconv>
#include <cmath>
#include <cstdio>

#include "absl/strings/str_cat.h"

namespace mxscan {
namespace {

// The number at the front of `text`, which is left with what follows. False where there is none.
bool TakeNumber(std::string_view* text, double* value) {
  const std::from_chars_result result =
      std::from_chars(text->data(), text->data() + text->size(), *value, std::chars_format::fixed);
  if (result.ec != std::errc() || !std::isfinite(*value) || *value < 0) return false;
  text->remove_prefix(static_cast<size_t>(result.ptr - text->data()));
  return true;
}

absl::Status Refuse(std::string_view text, const char* wanted) {
  return absl::InvalidArgumentError(absl::StrCat("'", std::string(text), "' is not ", wanted));
}

// The factor of a prefix, 0 for an unknown one.
double Prefix(std::string_view unit, double base) {
  if (unit.empty()) return 1;
  if (unit == "k" || unit == "K") return base;
  if (unit == "M" || unit == "m") return base * base;
  if (unit == "G" || unit == "g") return base * base * base;
  return 0;
}

}  // namespace

absl::StatusOr<double> ParseCount(std::string_view text) {
  std::string_view rest = text;
  double value = 0;
  if (!TakeNumber(&rest, &value) || Prefix(rest, 1000) == 0) {
    return Refuse(text, "a count (digits, then k, M or G: 500, 20k, 1.5M)");
  }
  return value * Prefix(rest, 1000);
}

absl::StatusOr<uint64_t> ParseOctets(std::string_view text) {
  std::string_view rest = text;
  double value = 0;
  const bool number = TakeNumber(&rest, &value);
  if (rest.size() > 1 && rest.ends_with("iB")) {
    rest.remove_suffix(2);
  } else if (rest.ends_with("B")) {
    rest.remove_suffix(1);
  }
  if (!number || Prefix(rest, 1024) == 0 || value * Prefix(rest, 1024) > 1e15) {
    return Refuse(text, "a size in octets (digits, then k, M or G: 256M, 2GiB)");
  }
  return static_cast<uint64_t>(value * Prefix(rest, 1024));
}

absl::StatusOr<TimeNs> ParseDuration(std::string_view text) {
  std::string_view rest = text;
  double value = 0;
  const bool number = TakeNumber(&rest, &value);
  const double factor = rest.empty() || rest == "s" ? 1e9
                        : rest == "ms"              ? 1e6
                        : rest == "us"              ? 1e3
                        : rest == "ns"              ? 1
                        : rest == "m"               ? 60e9
                        : rest == "h"               ? 3600e9
                                                    : 0;
  if (!number || factor == 0 || value * factor > 1e17) return Refuse(text, "a duration (2s, 500ms, 1.5s, 2m)");
  return static_cast<TimeNs>(value * factor);
}

std::string CountText(double count) {
  char text[32];
  if (count < 10'000) {
    std::snprintf(text, sizeof(text), "%.0f", count);
  } else if (count < 999'500) {
    std::snprintf(text, sizeof(text), "%.1fk", count / 1e3);
  } else if (count < 999.5e6) {
    std::snprintf(text, sizeof(text), "%.2fM", count / 1e6);
  } else {
    std::snprintf(text, sizeof(text), "%.2fG", count / 1e9);
  }
  return text;
}

std::string DurationText(TimeNs duration) {
  const int64_t seconds = (duration + kSecond / 2) / kSecond;
  char text[48];
  if (seconds >= 3600) {
    std::snprintf(text, sizeof(text), "%ldh%02ldm", static_cast<long>(seconds / 3600),
                  static_cast<long>(seconds / 60 % 60));
  } else if (seconds >= 60) {
    std::snprintf(text, sizeof(text), "%ldm%02lds", static_cast<long>(seconds / 60), static_cast<long>(seconds % 60));
  } else {
    std::snprintf(text, sizeof(text), "%lds", static_cast<long>(seconds));
  }
  return text;
}

}  // namespace mxscan
