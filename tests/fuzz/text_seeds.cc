// The files that the corpora of the other targets begin with.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/check.h"
#include "output/codec.h"
#include "output/manifest.h"
#include "tests/fuzz/resume_dataset.h"
#include "tests/fuzz/seeds.h"

namespace mxscan::fuzz {
namespace {

Octets ToOctets(std::string_view text) { return Octets(text.begin(), text.end()); }

// Behind two octets that choose options.
Octets Behind(unsigned first, unsigned second, std::string_view text) {
  Octets octets = {static_cast<uint8_t>(first), static_cast<uint8_t>(second)};
  octets.insert(octets.end(), text.begin(), text.end());
  return octets;
}

std::string Framed(size_t length, char fill) {
  return std::string{static_cast<char>(length >> 8), static_cast<char>(length)} + std::string(length, fill);
}

std::string Compressed(Compression compression, std::string_view text) {
  std::string octets;
  const absl::StatusOr<std::unique_ptr<Compressor>> compressor = NewCompressor(compression, kDefaultCompressionLevel);
  MXSCAN_CHECK(compressor.ok() && (*compressor)->Write(text, &octets).ok() && (*compressor)->EndFrame(&octets).ok());
  return octets;
}

}  // namespace

std::vector<Seed> MakeStreamSeeds() {
  std::string mixed;
  for (const size_t length : {12u, 0u, 1u, 255u, 256u, 512u, 3u})
    mixed += Framed(length, static_cast<char>('a' + length));
  return {
      {"empty_messages", Behind(0, 1, std::string(40, '\0'))},
      {"one", Behind(1, 1, Framed(33, 'x'))},
      {"mixed", Behind(2, 1, mixed)},
      {"mixed_often", Behind(3, 4 * 40, mixed)},
      {"cut", Behind(4, 1, Framed(300, 'y').substr(0, 200))},
      {"longest", Behind(5, 4 * 63, "\xff\xff" + std::string(4094, 'z'))},
      {"long_and_short", Behind(6, 4 * 63, Framed(4095, 'l') + Framed(2, 's'))},
      {"lengths_only", Behind(7, 4 * 63, std::string(64, '\xff'))},
  };
}

std::vector<Seed> MakeLineSeeds() {
  return {
      {"plain", Behind(0, 1,
                       "example.com\nExample.ORG.\n\n# note\n; note\nb\xc3\xbc"
                       "cher.example\nxn--bcher-kva.example\r\n")},
      {"rejects",
       Behind(1, 1, "a..b\nhttp://a.test/x\nuser@a.test\n192.0.2.1\n[2001:db8::1]\na b\n-\n.\n\x01\n\xff\n")},
      {"tranco", Behind(0, 1, "1,google.com\n2,\"youtube.com\"\n3,facebook.com\nx,y.com\n5,\n")},
      {"majestic", Behind(0, 1, "GlobalRank,TldRank,Domain,TLD\n1,1,google.com,com\n2,2,facebook.com,com\n")},
      {"crux", Behind(0, 1, "origin,rank\nhttps://www.a.test,1000\nhttps://b.test:8443,5000\n")},
      {"urls", Behind(3, 1, "https://user@Host.test:8443/path?x#y\n//h.test/\nh.test/p\nh.test:80\n[::1]:80\n")},
      {"column", Behind(2 + 4 * 2, 1, "x,a.test,1\ny,\"b,c.test\",2\nz\n")},
      {"long_lines", Behind(1, 16 * 15, std::string(4090, 'a'))},
      {"long_names", Behind(1, 1,
                            std::string(63, 'a') + "." + std::string(63, 'b') + "." + std::string(63, 'c') + "." +
                                std::string(61, 'd') + "\n" + std::string(64, 'a') + ".test\n")},
      {"mark", Behind(0, 1,
                      "\xef\xbb\xbf"
                      "a.test\nb.test")},
      {"utf16", Behind(0, 1,
                       std::string("\xff\xfe"
                                   "a\0.\0t\0",
                                   8))},
      {"idna", Behind(1, 1,
                      "fa\xc3\x9f.de\n\xef\xbc\xa1.test\na\xe3\x80\x82"
                      "b\nxn--\nxn--a-.test\nXN--BCHER-KVA.test\n\xe2\x80\x8d.x\n")},
      {"numbers", Behind(1, 1, "1.2.3\n1.2.3.4\n1.2.3.4.\n01.2.3.4\n0x1.2\n255.255.255.256\n1\n")},
      {"gzip", Behind(0, 1, Compressed(Compression::kGzip, "a.test\nb.test\n"))},
      {"zstd",
       Behind(0, 1,
              Compressed(Compression::kZstd, "1,a.test\n2,b.test\n") + Compressed(Compression::kZstd, "3,c.test"))},
  };
}

std::vector<Seed> MakeBlocklistSeeds() {
  return {
      {"names", ToOctets("example.org\nSub.Example.net. # why\n\n# all\nb\xc3\xbc"
                         "cher.example\norg\n")},
      {"prefixes",
       ToOctets("192.0.2.0/24\n10.0.0.0/8\n192.0.2.7\n0.0.0.0/0\n2001:db8::/32\n::/0\n::ffff:192.0.2.0/120\n")},
      {"carriers", ToOctets("2002::/16\n64:ff9b::/96\n::ffff:0:0/96\n198.51.100.128/25\n203.0.113.255/32\n")},
      {"reverse", ToOctets("2.0.192.in-addr.arpa\n8.b.d.0.1.0.0.2.ip6.arpa\n192.0.2.0/23\n2001:db8::/33\n")},
      {"bad_prefix", ToOctets("192.0.2.0/33\n")},
      {"bad_name", ToOctets("a.test\n*.b.test\n")},
      {"number", ToOctets("192.0.2\n")},
      {"mark", ToOctets("\xef\xbb\xbf"
                        "a.test\r\n\t192.0.2.1 \r\n")},
      {"many",
       ToOctets("0.0.0.0/1\n128.0.0.0/1\n255.255.255.255\n0.0.0.0\n::\nffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\n")},
  };
}

std::vector<Seed> MakeHintsSeeds() {
  return {
      {"named_root", ToOctets(";       hints\n.                        3600000      NS    A.ROOT-SERVERS.NET.\n"
                              "A.ROOT-SERVERS.NET.      3600000      A     198.41.0.4\n"
                              "A.ROOT-SERVERS.NET.      3600000      AAAA  2001:503:ba3e::2:30 ; v6\n")},
      {"class", ToOctets("a.test. IN A 192.0.2.1\nb.test. 60 in aaaa 2001:db8::1\r\n")},
      {"escapes", ToOctets("a\\046b\\..test. A 192.0.2.1\n\\000.test A 192.0.2.2\n")},
      {"bad_address", ToOctets("a.test. A 2001:db8::1\n")},
      {"no_address", ToOctets(". 60 NS a.test.\n")},
      {"bad_name", ToOctets("a..test. A 192.0.2.1\n")},
      {"too_few", ToOctets("a.test. A\n")},
  };
}

std::vector<Seed> MakeZoneSeeds() {
  return {
      {"czds", ToOctets("test.\t900\tin\tsoa\tns.nic.test. h.nic.test. 1 1800 900 604800 86400\n"
                        "test.\t900\tin\tns\tns.nic.test.\na.test.\t3600\tin\tns\tns1.a.test.\n"
                        "a.test.\t3600\tin\tns\tns.example.\nns1.a.test.\t3600\tin\ta\t192.0.2.1\n"
                        "ns1.a.test.\t3600\tin\taaaa\t2001:db8::1\nb.test.\t3600\tin\tds\t1 8 2 AB\n")},
      {"people", ToOctets("$ORIGIN test. ; zone\n$TTL 1h30m\n@ IN SOA ns h (\n 1 ; serial (\n 2 3\n 4 5 )\n"
                          "a NS ns.a\n\tNS ns.b\n  60 IN NS c\nb IN 30 NS (\n ns.a )\n$ORIGIN sub.test.\na NS @\n")},
      {"unsorted", ToOctets("test. SOA a. b. 1 2 3 4 5\na.test. NS x.test.\nb.test. NS x.test.\na.test. NS y.test.\n"
                            "c.a.test. NS z.test.\nother. NS x.test.\nx.test. A 192.0.2.1\n")},
      {"texts",
       ToOctets("test. SOA a. b. 1\na.test. TXT \"; (\" \"\\\" x\" ( y\n)\n\"a\" NS b.\na\\.b.test. NS c\\032d.\n")},
      {"bad", ToOctets("$INCLUDE f\n$GENERATE 1-9 a\n$TTL x\n)\n(((\n)))\na NS\na.test. A 2001:db8::1\nq 5 5 NS r.\n")},
      {"root", ToOctets(". 86400 IN SOA a. b. 1 2 3 4 5\ncom. 172800 IN NS a.gtld-servers.net.\n"
                        "a.gtld-servers.net. 172800 IN A 192.5.6.30\n")},
      {"classes",
       ToOctets("test. CLASS1 SOA a. b. 1\na.test. CH NS b.\na.test. class255 60 NS b.\na.test. IN TYPE2 \\# 0\n")},
  };
}

std::vector<Seed> MakeManifestSeeds() {
  const std::string whole =
      MakeUnfinishedDataset(Compression::kZstd).at(std::string(kResumeDirectory) + "/" + ManifestPath(0));
  const absl::StatusOr<Manifest> manifest = ManifestFromJson(whole);
  std::vector<Seed> seeds;
  seeds.push_back({"empty", ToOctets(ManifestToJson(0, {}))});
  seeds.push_back({"run", ToOctets(RunInfoToJson(ExampleRun()))});
  if (!manifest.ok()) return seeds;
  // A part of each table: small, so that a change hits something.
  for (const PartInfo& part : manifest->parts) {
    if (part.number != 0) continue;
    PartInfo small = part;
    for (size_t i = 1; i < small.sketches.size(); ++i) small.sketches[i] = DistinctSketch();
    seeds.push_back({"part_" + std::string(GetTable(part.table).name), ToOctets(ManifestToJson(0, {small}))});
  }
  return seeds;
}

std::vector<Seed> MakeCheckpointSeeds() {
  std::vector<Seed> seeds;
  Checkpoint checkpoint = ExampleCheckpoint();
  seeds.push_back({"hosts", ToOctets(std::string(1, '\0') + CheckpointToJson(checkpoint))});
  checkpoint.open_hosts.clear();
  seeds.push_back({"no_host", ToOctets(std::string(1, '\0') + CheckpointToJson(checkpoint))});
  seeds.push_back({"no_damage", {1}});
  seeds.push_back({"cut", {2, 3, 0, 0, 9, 0}});
  seeds.push_back({"octet", {1, 0, 0, 1, 77, 32}});
  return seeds;
}

}  // namespace mxscan::fuzz
