#include "output/json_text.h"

#include "output/codec.h"

namespace mxscan {
namespace {

constexpr std::string_view kSealBegin = ",\n\"sha256\":\"";
constexpr std::string_view kSealEnd = "\"}\n";
constexpr size_t kDigestSize = 64;
constexpr size_t kSealSize = kSealBegin.size() + kDigestSize + kSealEnd.size();

std::string Digest(std::string_view octets) {
  Sha256 sha256;
  sha256.Update(octets);
  return sha256.FinishHex();
}

bool NestsTooDeep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kJsonDepthMax) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

}  // namespace

nlohmann::ordered_json ParseJson(std::string_view text) {
  using Json = nlohmann::ordered_json;
  // The library takes a NUL octet for the end, whatever follows it.
  if (text.find('\0') != std::string_view::npos || NestsTooDeep(text)) return Json(Json::value_t::discarded);
  return Json::parse(text, nullptr, /*allow_exceptions=*/false);
}

void SealJson(std::string* text) {
  const std::string digest = Digest(*text);
  text->append(kSealBegin).append(digest).append(kSealEnd);
}

JsonSeal CheckJsonSeal(std::string_view text) {
  if (text.size() < kSealSize || !text.ends_with(kSealEnd)) return JsonSeal::kNone;
  const std::string_view content = text.substr(0, text.size() - kSealSize);
  const std::string_view seal = text.substr(content.size());
  if (!seal.starts_with(kSealBegin)) return JsonSeal::kNone;
  return seal.substr(kSealBegin.size(), kDigestSize) == Digest(content) ? JsonSeal::kGood : JsonSeal::kBroken;
}

}  // namespace mxscan
