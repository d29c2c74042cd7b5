#include "scanner/cli/resolvers.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "scanner/limits.h"
#include "tests/sim/memory_files.h"

namespace mxscan {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ResolversTest : public testing::Test {
 protected:
  void Write(const std::string& path, std::string_view content) {
    EXPECT_TRUE(files_.MakeDirectory("/etc").ok());
    EXPECT_TRUE(WriteFileAtomically(&files_, path, content).ok());
  }
  // The servers' texts, or the error's.
  std::vector<std::string> Resolve(const std::vector<std::string>& items) {
    const absl::StatusOr<std::vector<Endpoint>> servers = ResolveItems(&files_, items, "/etc/resolv.conf");
    if (!servers.ok()) return {"error", std::string(servers.status().message())};
    std::vector<std::string> texts;
    for (const Endpoint& server : *servers) texts.push_back(server.ToString());
    return texts;
  }
  sim::MemoryFileSystem files_;
};

TEST_F(ResolversTest, Addresses) {
  EXPECT_THAT(Resolve({"192.0.2.1", "192.0.2.2:5353", "2001:db8::1", "[2001:db8::2]:54"}),
              ElementsAre("192.0.2.1:53", "192.0.2.2:5353", "[2001:db8::1]:53", "[2001:db8::2]:54"));
}

TEST_F(ResolversTest, TheSameOneTwiceCountsOnce) {
  EXPECT_THAT(Resolve({"192.0.2.2", "192.0.2.1", "192.0.2.2:53", "192.0.2.2:54"}),
              ElementsAre("192.0.2.2:53", "192.0.2.1:53", "192.0.2.2:54"));
}

TEST_F(ResolversTest, TheSystems) {
  Write("/etc/resolv.conf",
        "# comment\nsearch example.org\n; another\nnameserver 192.0.2.7\r\nnameserver\t2001:db8::7 # trailing\n"
        "nameserver fe80::1%eth0\nnameserver\noptions edns0\nnameserver 192.0.2.7");
  EXPECT_THAT(Resolve({"system"}), ElementsAre("192.0.2.7:53", "[2001:db8::7]:53"));
  EXPECT_THAT(Resolve({"192.0.2.1", "system"}), ElementsAre("192.0.2.1:53", "192.0.2.7:53", "[2001:db8::7]:53"));
}

TEST_F(ResolversTest, ASystemWithoutServers) {
  Write("/etc/resolv.conf", "search example.org\n");
  EXPECT_THAT(Resolve({"system"}), ElementsAre("error", HasSubstr("/etc/resolv.conf")));
}

// Its servers may have been given already: then it adds none, and nothing is wrong.
TEST_F(ResolversTest, ASystemWhoseServersWereGivenAlready) {
  Write("/etc/resolv.conf", "nameserver 192.0.2.1\n");
  EXPECT_THAT(Resolve({"192.0.2.1", "system"}), ElementsAre("192.0.2.1:53"));
  EXPECT_THAT(Resolve({"system", "system"}), ElementsAre("192.0.2.1:53"));
}

TEST_F(ResolversTest, AMissingResolvConf) {
  EXPECT_THAT(Resolve({"system"}), ElementsAre("error", HasSubstr("/etc/resolv.conf")));
}

TEST_F(ResolversTest, Files) {
  Write("/etc/resolv.conf", "nameserver 192.0.2.7\n");
  Write("/etc/list", "# mine\n192.0.2.3\n\n  192.0.2.4:54  # second\nsystem\n2001:db8::9\n");
  EXPECT_THAT(Resolve({"@/etc/list"}), ElementsAre("192.0.2.3:53", "192.0.2.4:54", "192.0.2.7:53", "[2001:db8::9]:53"));
}

TEST_F(ResolversTest, BadItemsAreNamedWithTheirPlace) {
  Write("/etc/list", "192.0.2.3\n\nnonsense\n");
  EXPECT_THAT(Resolve({"@/etc/list"}), ElementsAre("error", HasSubstr("/etc/list:3: 'nonsense'")));
  EXPECT_THAT(Resolve({"dns.example.org"}), ElementsAre("error", HasSubstr("'dns.example.org'")));
  EXPECT_THAT(Resolve({"192.0.2.1:0"}), ElementsAre("error", HasSubstr("192.0.2.1:0")));
  EXPECT_THAT(Resolve({"192.0.2.1:65536"}), ElementsAre("error", HasSubstr("65536")));
  EXPECT_THAT(Resolve({""}), ElementsAre("error", HasSubstr("--resolver")));
  EXPECT_THAT(Resolve({"@/etc/none"}), ElementsAre("error", HasSubstr("/etc/none")));
}

TEST_F(ResolversTest, EmptyAndTooMany) {
  Write("/etc/empty", "# nothing\n");
  EXPECT_THAT(Resolve({"@/etc/empty"}), ElementsAre("error", HasSubstr("no server")));
  std::string many;
  for (size_t i = 0; i <= kServersMax; ++i) {
    many += IpAddress::V4FromInt(0x0a000000 + static_cast<uint32_t>(i)).ToString() + "\n";
  }
  Write("/etc/many", many);
  EXPECT_THAT(Resolve({"@/etc/many"}), ElementsAre("error", HasSubstr("at most 4096")));
}

}  // namespace
}  // namespace mxscan
