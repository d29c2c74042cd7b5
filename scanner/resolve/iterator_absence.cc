// What does not exist has nothing below it (RFC 8020): blocks of addresses without a delegation, in the reverse tree.
//
// The registries' zones (in-addr.arpa and its children, ip6.arpa down to where operators' prefixes begin) delegate
// blocks and hold little else. An address in a block that nobody asked to be delegated is answered NXDOMAIN, and so is
// each of its sixty-five thousand neighbours. So where such a zone denies a name, it is asked once about the names
// above it at which blocks are delegated, from the top down, until one does not exist or all of them do. What it says
// is remembered, and the neighbours are told from memory. Meanwhile they wait: their leader goes on until it knows.
//
// Operators' own zones are not asked so: there are servers that deny empty non-terminals, below which names stand.
#include <algorithm>
#include <array>
#include <string_view>

#include "io/check.h"
#include "scanner/resolve/iterator_task.h"

namespace mxscan {
namespace {

using namespace std::string_view_literals;

constexpr NameView kArpa("\4arpa\0"sv);
constexpr NameView kInAddr("\7in-addr\4arpa\0"sv);
constexpr NameView kIp6("\3ip6\4arpa\0"sv);
// Labels of the names at which blocks are delegated: /8, /16 and /24; /16, /32 and /48.
constexpr std::array<size_t, 3> kBlocksV4 = {3, 4, 5};
constexpr std::array<size_t, 3> kBlocksV6 = {2 + 4, 2 + 8, 2 + 12};
constexpr size_t kRegistryLabelsV4 = 3;      // a zone with more is an operator's
constexpr size_t kRegistryLabelsV6 = 2 + 7;  // so is that of a /32

// The last `labels` of `name`, which has `count`.
NameView Suffix(NameView name, size_t count, size_t labels) {
  for (; count > labels; --count) name = ParentName(name);
  return name;
}

}  // namespace

bool Iterator::InRegistry(const Task& task) const {
  const NameView zone = task.zone->zone;
  if (!zone.ends_with(kArpa) || answers_.bytes() == 0) return false;
  if (IsSubdomain(zone, kInAddr)) return CountLabels(zone) <= kRegistryLabelsV4;
  return IsSubdomain(zone, kIp6) && CountLabels(zone) <= kRegistryLabelsV6;
}

Iterator::Blocks Iterator::BlocksBetween(NameView zone, NameView name) {
  Blocks blocks;
  const size_t above = CountLabels(zone);
  const size_t count = CountLabels(name);
  for (const size_t labels : IsSubdomain(zone, kIp6) ? kBlocksV6 : kBlocksV4) {
    if (labels > above && labels < count) blocks.names[blocks.count++] = Suffix(name, count, labels);
  }
  return blocks;
}

// The first block around the name of which it is not known whether it exists. The name itself where there is none.
NameView Iterator::UnknownBlock(const Task& task, TimeNs now) const {
  const Blocks blocks = BlocksBetween(task.zone->zone, task.current);
  for (size_t i = 0; i < blocks.count; ++i) {
    if (!answers_.Has(blocks.names[i], kBlock, now)) return blocks.names[i];
  }
  return task.current;
}

// The zone has data at `name`, or a cut: the blocks around it exist.
void Iterator::KeepBlocksAround(NameView name, const Task& task, const AttemptEnd& end, TimeNs now) {
  const Blocks blocks = BlocksBetween(task.zone->zone, name);
  Answer exists;
  exists.outcome = Outcome::kNoData;
  for (size_t i = 0; i < blocks.count; ++i) answers_.Keep(blocks.names[i], kBlock, exists, kBlockTtlS, end.peer, now);
}

// The zone has answered, in answer(), about a name above the question's.
void Iterator::KeepBlock(NameView name, const Task& task, const AttemptEnd& end, TimeNs now) {
  const Blocks blocks = BlocksBetween(task.zone->zone, task.current);
  const auto is_it = [name](NameView block) { return block.size() == name.size(); };
  if (std::none_of(blocks.names.begin(), blocks.names.begin() + blocks.count, is_it)) return;
  if (answer().outcome == Outcome::kNxDomain) {
    ++counters_.blocks_absent;
  } else {
    answer().Clear();
    answer().outcome = Outcome::kNoData;
  }
  KeepAnswer(name, kBlock, *task.zone, end, now);
}

// True where the question is answered by what is remembered: it stands in a block that does not exist.
bool Iterator::RememberBlock(uint32_t index, TimeNs now) {
  Task& task = At(index);
  if (task.forgotten || task.poll != nullptr || !InRegistry(task)) return false;
  const Blocks blocks = BlocksBetween(task.zone->zone, task.current);
  for (size_t i = 0; i < blocks.count; ++i) {
    if (answers_.OutcomeOf(blocks.names[i], kBlock, now) != Outcome::kNxDomain) continue;
    task.absent_block = static_cast<uint8_t>(blocks.names[i].size());
    TakeRemembered(index, now);
    return true;
  }
  return false;
}

// The zone has answered the question. True where it has denied the name, and is asked about a block around it as well.
bool Iterator::AskAboutBlocks(uint32_t index, const AttemptEnd& end, TimeNs now) {
  Task& task = At(index);
  if (task.led == 0 || !InRegistry(task) || !answer().chain.empty() || task.told_secondhand) return false;
  if (answer().outcome != Outcome::kNxDomain) {
    KeepBlocksAround(task.current, task, end, now);
    return false;
  }
  task.denied_ttl = answer().ttl;
  task.denied_with_authority = answer().authoritative;
  return AskAboutNextBlock(index, now);
}

bool Iterator::AskAboutNextBlock(uint32_t index, TimeNs now) {
  Task& task = At(index);
  const NameView block = UnknownBlock(task, now);
  // Only deeper than the one before: an answer that could not be kept is not asked for again.
  if (block.size() == task.current.view().size() || block.size() <= task.block_asked || !MaySend(index)) return false;
  task.block_asked = static_cast<uint8_t>(block.size());
  ++counters_.blocks_asked;
  StartAttempt(index, task.attempt_server, now);
  return true;
}

// The attempt about a block has ended. The question is answered already, whatever this one says.
const Completion* Iterator::TakeBlock(uint32_t index, const AttemptEnd& end, TimeNs now) {
  Task& task = At(index);
  const bool answered = end.kind == AttemptEndKind::kAnswered;
  if (answered) {
    const NameView block = NameToAsk(task);
    const ResponseKind kind = ReadResponse(*end.message, task.zone->zone, block, RrType::kA, &answer(), &referral_);
    if (kind == ResponseKind::kFinal) {
      const bool exists = answer().outcome != Outcome::kNxDomain;
      KeepBlock(block, task, end, now);
      if (exists && AskAboutNextBlock(index, now)) return nullptr;
    }
  }
  task.block_asked = 0;
  EndLeadership(index, true, now);
  if (answered || task.depth > 0) return ConcludeDenied(index, now);
  // Where nothing has come in, nothing is completed at once.
  task.state = State::kDenied;
  failed_.PushBack(index);
  return nullptr;
}

const Completion* Iterator::ConcludeDenied(uint32_t index, TimeNs now) {
  answer().Clear();
  answer().outcome = Outcome::kNxDomain;
  answer().rcode = Rcode::kNxDomain;
  answer().ttl = At(index).denied_ttl;
  answer().authoritative = At(index).denied_with_authority;
  return Conclude(index, now);
}

}  // namespace mxscan
