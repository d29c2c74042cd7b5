// What the codec costs: queries out, answers in, names, and the worst messages that can be made for it.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/check.h"
#include "scanner/dns/answer.h"
#include "scanner/dns/wire.h"

namespace mxscan {
namespace {

using Octets = std::vector<uint8_t>;

void PutU16(unsigned value, Octets* out) {
  out->push_back(static_cast<uint8_t>(value >> 8));
  out->push_back(static_cast<uint8_t>(value));
}

void PutName(std::string_view text, Octets* out) {
  Name name;
  MXSCAN_CHECK(ParseName(text, &name) == NameError::kNone);
  out->insert(out->end(), name.view().begin(), name.view().end());
}

void PutHeader(unsigned flags, unsigned questions, unsigned answers, unsigned additional, Octets* out) {
  for (unsigned field : {0x1234u, flags, questions, answers, 0u, additional}) PutU16(field, out);
}

void PutFixed(unsigned type, unsigned rdata_size, Octets* out) {
  for (unsigned field : {type, 1u, 0u, 3600u, rdata_size}) PutU16(field, out);
}

// An answer as servers write it: owners point to the question, exchanges to its name's end, an OPT record.
Octets MxAnswer(int records) {
  Octets out;
  PutHeader(0x8180, 1, static_cast<unsigned>(records), 1, &out);
  PutName("example-domain.com.", &out);
  PutU16(15, &out);
  PutU16(1, &out);
  for (int i = 0; i < records; ++i) {
    PutU16(0xc00c, &out);
    PutFixed(15, 2 + 4 + 2, &out);
    PutU16(static_cast<unsigned>(10 * i), &out);
    for (unsigned octet : {3u, unsigned{'m'}, unsigned{'x'}, static_cast<unsigned>('1' + i), 0xc0u, 12u}) {
      out.push_back(static_cast<uint8_t>(octet));
    }
  }
  out.push_back(0);
  for (unsigned field : {41u, 1232u, 0u, 0u, 0u}) PutU16(field, &out);
  return out;
}

// www -> three CNAMEs -> two addresses.
Octets AliasAnswer() {
  const std::string_view names[] = {"www.example.com.", "www.example.com.cdn.test.", "e1.g.cdn.test.",
                                    "e1.h.cdn.test."};
  Octets out;
  PutHeader(0x8180, 1, 5, 0, &out);
  PutName(names[0], &out);
  PutU16(1, &out);
  PutU16(1, &out);
  for (int i = 0; i < 3; ++i) {
    PutName(names[i], &out);
    Octets target;
    PutName(names[i + 1], &target);
    PutFixed(5, static_cast<unsigned>(target.size()), &out);
    out.insert(out.end(), target.begin(), target.end());
  }
  for (unsigned i = 0; i < 2; ++i) {
    PutName(names[3], &out);
    PutFixed(1, 4, &out);
    PutU16(0xc000, &out);
    PutU16(0x0201 + i, &out);
  }
  return out;
}

// A staircase of pointers that makes each name 127 labels long, and MX records whose two names climb down all of it,
// each from its own stair.
Octets Maze(size_t size) {
  constexpr unsigned kOctetsPerRecord = 2 + 10 + 4;
  Octets out(kHeaderSize);
  const size_t stairs_size = 1 + 12 + 2 * 126;
  const unsigned records = static_cast<unsigned>((size - kHeaderSize - stairs_size) / kOctetsPerRecord);
  out.clear();
  PutHeader(0x8180, 0, 1 + std::min<unsigned>(records, kRecordsMax - 1), 0, &out);
  // A record of an opaque type whose RDATA is a name of 126 labels of one octet.
  out.push_back(0);
  PutFixed(99, 2 * 126 + 1, &out);
  const size_t stairs = out.size();
  for (int i = 0; i < 126; ++i) {
    out.push_back(1);
    out.push_back('a');
  }
  out.push_back(0);
  for (unsigned i = 0; i < std::min<unsigned>(records, kRecordsMax - 1); ++i) {
    PutU16(static_cast<unsigned>(0xc000 + stairs + 2 * (i % 8)), &out);
    PutFixed(15, 4, &out);
    PutU16(10, &out);
    PutU16(static_cast<unsigned>(0xc000 + stairs + 2 * (i % 7)), &out);
  }
  return out;
}

void BM_EncodeQuery(benchmark::State& state) {
  Name name;
  MXSCAN_CHECK(ParseName("example-domain.com.", &name) == NameError::kNone);
  QuerySpec spec;
  spec.name = name;
  spec.type = RrType::kMx;
  spec.mix_case = state.range(0) != 0;
  spec.case_bits = 0x9e3779b97f4a7c15;
  uint8_t out[kQuerySizeMax];
  for (auto _ : state) {
    ++spec.id;
    benchmark::DoNotOptimize(EncodeQuery(spec, out));
    benchmark::ClobberMemory();
  }
}
BENCHMARK(BM_EncodeQuery)->ArgName("mix_case")->Arg(0)->Arg(1);

void BM_Parse(benchmark::State& state) {
  const Octets octets = MxAnswer(static_cast<int>(state.range(0)));
  MessageView message;
  for (auto _ : state) benchmark::DoNotOptimize(message.Parse(octets));
  MXSCAN_CHECK(message.Parse(octets) == WireError::kNone);
}
BENCHMARK(BM_Parse)->ArgName("mx")->Arg(0)->Arg(1)->Arg(2)->Arg(5);

void BM_InterpretMx(benchmark::State& state) {
  const Octets octets = MxAnswer(static_cast<int>(state.range(0)));
  MessageView message;
  MXSCAN_CHECK(message.Parse(octets) == WireError::kNone);
  Name question;
  MXSCAN_CHECK(message.ReadName(kHeaderSize, &question));
  Answer answer;
  for (auto _ : state) benchmark::DoNotOptimize(InterpretAnswer(message, question, RrType::kMx, &answer));
  MXSCAN_CHECK(static_cast<int64_t>(answer.mx.size()) == state.range(0));
}
BENCHMARK(BM_InterpretMx)->ArgName("mx")->Arg(1)->Arg(2)->Arg(5);

void BM_ParseAndInterpretAliases(benchmark::State& state) {
  const Octets octets = AliasAnswer();
  MessageView message;
  Answer answer;
  Name question;
  MXSCAN_CHECK(ParseName("www.example.com.", &question) == NameError::kNone);
  for (auto _ : state) {
    MXSCAN_CHECK(message.Parse(octets) == WireError::kNone);
    benchmark::DoNotOptimize(InterpretAnswer(message, question, RrType::kA, &answer));
  }
  MXSCAN_CHECK(answer.chain.size() == 3 && answer.addresses.size() == 2);
}
BENCHMARK(BM_ParseAndInterpretAliases);

void BM_ParseMaze(benchmark::State& state) {
  const Octets octets = Maze(static_cast<size_t>(state.range(0)));
  MessageView message;
  for (auto _ : state) benchmark::DoNotOptimize(message.Parse(octets));
  MXSCAN_CHECK(message.Parse(octets) == WireError::kNone);
}
BENCHMARK(BM_ParseMaze)->ArgName("octets")->Arg(4096)->Arg(65535);

// What one packet costs its receiver: it is read and interpreted once.
void ParseAndInterpret(const Octets& octets, NameView question, RrType type, benchmark::State* state) {
  MessageView message;
  Answer answer;
  for (auto _ : *state) {
    MXSCAN_CHECK(message.Parse(octets) == WireError::kNone);
    benchmark::DoNotOptimize(InterpretAnswer(message, question, type, &answer));
  }
  state->counters["steps"] = static_cast<double>(message.name_steps());
}

void BM_ParseAndInterpretMaze(benchmark::State& state) {
  const Octets octets = Maze(static_cast<size_t>(state.range(0)));
  MessageView message;
  MXSCAN_CHECK(message.Parse(octets) == WireError::kNone);
  Name question;
  MXSCAN_CHECK(message.ReadName(message.records()[1].name_offset, &question));
  ParseAndInterpret(octets, question, RrType::kMx, &state);
}
BENCHMARK(BM_ParseAndInterpretMaze)->ArgName("octets")->Arg(4096)->Arg(65535);

// PTR records of names that differ in their first label alone and share a tail of 126 others: all must be sorted.
void BM_ParseAndInterpretTails(benchmark::State& state) {
  const auto size = static_cast<size_t>(state.range(0));
  Octets out;
  PutHeader(0x8180, 0, 0, 0, &out);
  out.push_back(0);
  PutFixed(99, 2 * 125 + 1, &out);
  const size_t tail = out.size();
  for (int i = 0; i < 125; ++i) {
    out.push_back(1);
    out.push_back('a');
  }
  out.push_back(0);
  unsigned records = 1;
  for (; out.size() + 17 <= size && records < kRecordsMax; ++records) {
    out.push_back(0);
    PutFixed(12, 5, &out);
    out.push_back(2);
    PutU16(records * 40503u & 0xffff, &out);  // any order
    PutU16(static_cast<unsigned>(0xc000 + tail), &out);
  }
  out[6] = static_cast<uint8_t>(records >> 8);
  out[7] = static_cast<uint8_t>(records);
  ParseAndInterpret(out, kRootName, RrType::kPtr, &state);
}
BENCHMARK(BM_ParseAndInterpretTails)->ArgName("octets")->Arg(4096)->Arg(65535);

// As many aliases as are looked at, links and DNAMEs over all of them, and then addresses at names that are nearly
// those of the chain.
void BM_ParseAndInterpretChain(benchmark::State& state) {
  const auto size = static_cast<size_t>(state.range(0));
  Octets out;
  PutHeader(0x8180, 0, 0, 0, &out);
  out.push_back(0);
  PutFixed(99, 2 * 120 + 1, &out);
  const size_t tail = out.size();
  for (int i = 0; i < 120; ++i) {
    out.push_back(1);
    out.push_back('a');
  }
  out.push_back(0);
  const auto put_name = [&](unsigned number) {
    out.push_back(1);
    out.push_back(static_cast<uint8_t>(number));
    PutU16(static_cast<unsigned>(0xc000 + tail), &out);
  };
  unsigned records = 1;
  for (unsigned i = 0; i < kAliasLinksMax; ++i, ++records) {
    put_name(i);
    PutFixed(5, 4, &out);
    put_name(i + 1);
  }
  for (unsigned i = 0; i < kAliasRecordsMax - kAliasLinksMax; ++i, ++records) {
    put_name(200);  // below it there is nothing
    PutFixed(39, 4, &out);
    put_name(i);
  }
  for (unsigned i = 0; out.size() + 18 <= size && records < kRecordsMax; ++i, ++records) {
    put_name(100 + i % 100);
    PutFixed(1, 4, &out);
    PutU16(0xc000, &out);
    PutU16(i, &out);
  }
  out[6] = static_cast<uint8_t>(records >> 8);
  out[7] = static_cast<uint8_t>(records);
  Name question;
  MessageView message;
  MXSCAN_CHECK(message.Parse(out) == WireError::kNone && message.ReadName(message.records()[1].name_offset, &question));
  ParseAndInterpret(out, question, RrType::kA, &state);
}
BENCHMARK(BM_ParseAndInterpretChain)->ArgName("octets")->Arg(4096)->Arg(65535);

void BM_ParseName(benchmark::State& state) {
  Name name;
  for (auto _ : state) benchmark::DoNotOptimize(ParseName("mail-relay.example-domain.com.", &name));
}
BENCHMARK(BM_ParseName);

void BM_AppendName(benchmark::State& state) {
  Name name;
  MXSCAN_CHECK(ParseName("mail-relay.example-domain.com.", &name) == NameError::kNone);
  std::string text;
  for (auto _ : state) {
    text.clear();
    AppendName(name, &text);
    benchmark::DoNotOptimize(text.data());
  }
}
BENCHMARK(BM_AppendName);

}  // namespace
}  // namespace mxscan
