// JSON texts that this program wrote, read back with suspicion: a disk or a person may have changed them.
//
// Purpose: ParseJson reads a text whatever it holds; nothing throws, and a text that nests deeper than ours do is none
// (others of the library's functions recurse). Sealing: a sealed text is an object whose last member, on a line of its
// own, is the SHA-256 of all octets before it, so that a reader knows of any change: what the text decides (which files
// belong to a dataset, where a run goes on) must not be decided by a damaged octet that happens to be valid.
// Thread safety: pure functions. Errors: ParseJson gives a discarded value.
#ifndef MXSCAN_OUTPUT_JSON_TEXT_H_
#define MXSCAN_OUTPUT_JSON_TEXT_H_

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace mxscan {

inline constexpr int kJsonDepthMax = 32;

// `is_discarded()` where `text` is no JSON, holds a NUL octet, or nests deeper than kJsonDepthMax.
nlohmann::ordered_json ParseJson(std::string_view text);

// The seal: the last kJsonSealSize octets of a sealed text, made of the digest of all octets before them.
inline constexpr size_t kJsonSealSize = 79;
std::string MakeJsonSeal(std::string_view digest);
// Whether `octets` have the form of a seal, and if so which digest they name.
bool ParseJsonSeal(std::string_view octets, std::string* digest);

// Ends `text`, an object without its closing brace that has members.
void SealJson(std::string* text);

enum class JsonSeal { kNone, kGood, kBroken };
// Whether `text` ends as SealJson ends one, and if so whether its octets are those that were sealed.
JsonSeal CheckJsonSeal(std::string_view text);

}  // namespace mxscan

#endif  // MXSCAN_OUTPUT_JSON_TEXT_H_
