#include "tests/fuzz/mutate.h"

#include <algorithm>
#include <iterator>

namespace mxscan::fuzz {
namespace {

constexpr size_t kHeader = 12;
constexpr size_t kInputMax = 8192;

constexpr uint8_t kTellingOctets[] = {0,    1,    2,    0x0c, 0x3f, 0x40, 0x7f, 0x80,
                                      0xbf, 0xc0, 0xc1, 0xff, 'A',  'Z',  '.',  '\\'};
constexpr uint16_t kTypes[] = {1, 2, 5, 6, 12, 15, 16, 28, 33, 35, 39, 41, 43, 46, 47, 64, 99, 250, 255, 65280};
constexpr uint16_t kClasses[] = {1, 3, 4, 254, 255};

uint16_t Load(const Octets& octets, size_t at) { return static_cast<uint16_t>(octets[at] << 8 | octets[at + 1]); }

void Store(uint16_t value, size_t at, Octets* octets) {
  if (at + 2 > octets->size()) return;
  (*octets)[at] = static_cast<uint8_t>(value >> 8);
  (*octets)[at + 1] = static_cast<uint8_t>(value);
}

size_t CountField(int section) { return 6 + 2 * static_cast<size_t>(section); }

}  // namespace

Octets Mutator::NextMessage() {
  Octets octets = Pick();
  // Mostly few changes: a message with many is refused at the first.
  for (size_t changes = 1 + random_.Below(random_.Below(4) == 0 ? 8 : 2); changes > 0; --changes) MutateOnce(&octets);
  if (octets.size() > kInputMax) octets.resize(kInputMax);
  if (random_.Below(512) == 0) Grow(&octets);
  return octets;
}

// One of the records again and again, to the size at which work is bounded: 4 KiB, or the greatest message.
void Mutator::Grow(Octets* octets) {
  constexpr size_t kSizes[] = {4096, 4096, 4096, 65535};
  const size_t size_max = kSizes[random_.Below(std::size(kSizes))];
  const ReferenceMessage layout = ReadMessage(*octets);
  if (layout.records.empty() || octets->size() >= size_max) return;
  const ReferenceRecord& record = layout.records[random_.Below(layout.records.size())];
  const auto begin = octets->begin() + static_cast<ptrdiff_t>(record.begin);
  const Octets copy(begin, octets->begin() + static_cast<ptrdiff_t>(record.end));
  const size_t count = (size_max - octets->size()) / copy.size();
  Octets copies;
  copies.reserve(count * copy.size());
  for (size_t i = 0; i < count; ++i) copies.insert(copies.end(), copy.begin(), copy.end());
  octets->insert(octets->begin() + static_cast<ptrdiff_t>(record.end), copies.begin(), copies.end());
  Store(static_cast<uint16_t>(Load(*octets, CountField(record.section)) + count), CountField(record.section), octets);
}

Octets Mutator::NextOctets() {
  Octets octets;
  if (random_.Below(4) == 0) {  // a random wire name
    for (size_t labels = random_.Below(8); labels > 0; --labels) {
      const size_t size = 1 + random_.Below(random_.Below(4) == 0 ? 63 : 6);
      octets.push_back(static_cast<uint8_t>(size));
      for (size_t i = 0; i < size; ++i) octets.push_back(static_cast<uint8_t>(random_.Next()));
    }
    octets.push_back(0);
    return octets;
  }
  constexpr char kTextOctets[] = "abcXYZ019-_..\\\\.*/[]:@=+ ,\"#";
  for (size_t size = random_.Below(random_.Below(4) == 0 ? 1100 : 40); size > 0; --size) {
    const bool any = random_.Below(16) == 0;
    octets.push_back(any ? static_cast<uint8_t>(random_.Next())
                         : static_cast<uint8_t>(kTextOctets[random_.Below(sizeof(kTextOctets) - 1)]));
  }
  return octets;
}

void Mutator::MutateOnce(Octets* octets) {
  const size_t choice = random_.Below(16);
  if (octets->size() < kHeader || choice == 0) return Resize(octets);
  if (choice == 1) return FlipBit(octets);
  if (choice == 2) return SetOctet(octets);
  if (choice == 3) return EditCount(octets);
  const ReferenceMessage layout = ReadMessage(*octets);
  if (choice <= 6) return EditField(layout, octets);
  if (choice <= 9) return EditPointer(layout, octets);
  if (choice == 10) return PutPointer(layout, octets);
  if (choice <= 12) return DuplicateRecord(layout, octets);
  if (choice == 13) return RemoveRecord(layout, octets);
  SpliceRecord(layout, octets);
}

void Mutator::FlipBit(Octets* octets) { (*octets)[random_.Below(octets->size())] ^= 1 << random_.Below(8); }

void Mutator::SetOctet(Octets* octets) {
  (*octets)[random_.Below(octets->size())] = kTellingOctets[random_.Below(std::size(kTellingOctets))];
}

void Mutator::EditField(const ReferenceMessage& layout, Octets* octets) {
  if (layout.records.empty()) return Store(static_cast<uint16_t>(random_.Next()), 2, octets);
  const ReferenceRecord& record = layout.records[random_.Below(layout.records.size())];
  const size_t choice = random_.Below(4);
  if (choice == 0) Store(kTypes[random_.Below(std::size(kTypes))], record.fixed, octets);
  if (choice == 1) Store(kClasses[random_.Below(std::size(kClasses))], record.fixed + 2, octets);
  if (choice == 2) Store(static_cast<uint16_t>(random_.Next()), record.fixed + 4 + 2 * random_.Below(2), octets);
  if (choice == 3) {
    const int change = static_cast<int>(random_.Below(9)) - 4;
    Store(static_cast<uint16_t>(Load(*octets, record.fixed + 8) + change), record.fixed + 8, octets);
  }
}

void Mutator::EditCount(Octets* octets) {
  const size_t field = 4 + 2 * random_.Below(4);
  const int change = static_cast<int>(random_.Below(5)) - 2;
  const bool any = random_.Below(16) == 0;
  Store(any ? static_cast<uint16_t>(random_.Next()) : static_cast<uint16_t>(Load(*octets, field) + change), field,
        octets);
}

void Mutator::EditPointer(const ReferenceMessage& layout, Octets* octets) {
  std::vector<size_t> pointers;
  for (size_t i = kHeader; i + 1 < octets->size(); ++i) {
    if ((*octets)[i] >= 0xc0) pointers.push_back(i);
  }
  if (pointers.empty()) return PutPointer(layout, octets);
  const size_t at = pointers[random_.Below(pointers.size())];
  size_t target = random_.Below(octets->size() + 4);
  const size_t choice = random_.Below(4);
  if (choice == 0) target = at - random_.Below(at);
  if (choice == 1) target = pointers[random_.Below(pointers.size())];
  if (choice == 2 && !layout.records.empty()) target = layout.records[random_.Below(layout.records.size())].begin;
  Store(static_cast<uint16_t>(0xc000 | (target & 0x3fff)), at, octets);
}

void Mutator::PutPointer(const ReferenceMessage& layout, Octets* octets) {
  if (layout.records.empty()) return FlipBit(octets);
  const ReferenceRecord& record = layout.records[random_.Below(layout.records.size())];
  // In place of the owner, so that the rest of the message keeps its form.
  const size_t target = kHeader + random_.Below(record.begin);
  const uint8_t pointer[] = {static_cast<uint8_t>(0xc0 | target >> 8), static_cast<uint8_t>(target)};
  const auto begin = octets->begin() + static_cast<ptrdiff_t>(record.begin);
  octets->erase(begin, octets->begin() + static_cast<ptrdiff_t>(record.fixed));
  octets->insert(octets->begin() + static_cast<ptrdiff_t>(record.begin), std::begin(pointer), std::end(pointer));
}

void Mutator::DuplicateRecord(const ReferenceMessage& layout, Octets* octets) {
  if (layout.records.empty()) return FlipBit(octets);
  const ReferenceRecord& record = layout.records[random_.Below(layout.records.size())];
  const Octets copy(octets->begin() + static_cast<ptrdiff_t>(record.begin),
                    octets->begin() + static_cast<ptrdiff_t>(record.end));
  octets->insert(octets->begin() + static_cast<ptrdiff_t>(record.end), copy.begin(), copy.end());
  Store(static_cast<uint16_t>(Load(*octets, CountField(record.section)) + 1), CountField(record.section), octets);
}

void Mutator::RemoveRecord(const ReferenceMessage& layout, Octets* octets) {
  if (layout.records.empty()) return FlipBit(octets);
  const ReferenceRecord& record = layout.records[random_.Below(layout.records.size())];
  octets->erase(octets->begin() + static_cast<ptrdiff_t>(record.begin),
                octets->begin() + static_cast<ptrdiff_t>(record.end));
  Store(static_cast<uint16_t>(Load(*octets, CountField(record.section)) - 1), CountField(record.section), octets);
}

// A record of another message, uncompressed, before one of this one's.
void Mutator::SpliceRecord(const ReferenceMessage& layout, Octets* octets) {
  const ReferenceMessage other = ReadMessage(Pick());
  if (other.records.empty() || layout.records.empty()) return FlipBit(octets);
  const ReferenceRecord& from = other.records[random_.Below(other.records.size())];
  const ReferenceRecord& before = layout.records[random_.Below(layout.records.size())];
  const std::string& owner = random_.Below(2) == 0 ? from.owner : before.owner;
  Octets record(owner.begin(), owner.end());
  const size_t fixed = record.size();
  record.resize(fixed + 10);
  Store(from.type, fixed, &record);
  Store(from.rr_class, fixed + 2, &record);
  Store(static_cast<uint16_t>(from.ttl), fixed + 6, &record);
  Store(static_cast<uint16_t>(from.value.size()), fixed + 8, &record);
  record.insert(record.end(), from.value.begin(), from.value.end());
  octets->insert(octets->begin() + static_cast<ptrdiff_t>(before.begin), record.begin(), record.end());
  Store(static_cast<uint16_t>(Load(*octets, CountField(before.section)) + 1), CountField(before.section), octets);
}

void Mutator::Resize(Octets* octets) {
  const size_t choice = random_.Below(3);
  if (choice == 0 && !octets->empty()) octets->resize(random_.Below(octets->size()));
  if (choice == 1) octets->push_back(static_cast<uint8_t>(random_.Next()));
  if (choice == 2) {
    octets->insert(octets->begin() + static_cast<ptrdiff_t>(random_.Below(octets->size() + 1)),
                   kTellingOctets[random_.Below(std::size(kTellingOctets))]);
  }
}

}  // namespace mxscan::fuzz
