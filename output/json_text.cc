#include "output/json_text.h"

#include "output/codec.h"

namespace mxscan {
namespace {

constexpr std::string_view kSealBegin = ",\n\"sha256\":\"";
constexpr std::string_view kSealEnd = "\"}\n";
constexpr size_t kDigestSize = 64;
static_assert(kJsonSealSize == kSealBegin.size() + kDigestSize + kSealEnd.size());

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

std::string MakeJsonSeal(std::string_view digest) { return std::string(kSealBegin).append(digest).append(kSealEnd); }

bool ParseJsonSeal(std::string_view octets, std::string* digest) {
  if (octets.size() != kJsonSealSize || !octets.starts_with(kSealBegin) || !octets.ends_with(kSealEnd)) return false;
  digest->assign(octets.substr(kSealBegin.size(), kDigestSize));
  return true;
}

void SealJson(std::string* text) { *text += MakeJsonSeal(Digest(*text)); }

JsonSeal CheckJsonSeal(std::string_view text) {
  if (text.size() < kJsonSealSize) return JsonSeal::kNone;
  const std::string_view content = text.substr(0, text.size() - kJsonSealSize);
  std::string digest;
  if (!ParseJsonSeal(text.substr(content.size()), &digest)) return JsonSeal::kNone;
  return digest == Digest(content) ? JsonSeal::kGood : JsonSeal::kBroken;
}

}  // namespace mxscan
