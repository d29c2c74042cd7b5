// The lab's ways to put an answer do what they say: else the metamorphic tests would show nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/world/lab.h"

// Last, and without its macros for C's missing keywords.
#include <ldns/ldns.h>
#undef true
#undef false

namespace mxscan::world {
namespace {

constexpr char kZone[] =
    "$ORIGIN example.org.\n"
    "@ 300 IN SOA ns hostmaster 1 2 3 4 5\n"
    "@ 300 IN MX 10 mail\n@ 300 IN MX 20 mail2\n@ 300 IN MX 30 mail3\n@ 300 IN MX 40 mail4\n"
    "mail 300 IN A 192.0.2.1\n"
    "both 300 IN CNAME mail\nboth 300 IN MX 5 mail\n"
    "bad 300 IN A 192.0.2.2\n";

struct FreePacket {
  void operator()(ldns_pkt* packet) const { ldns_pkt_free(packet); }
};
using Packet = std::unique_ptr<ldns_pkt, FreePacket>;

class LabStyleTest : public testing::Test {
 protected:
  LabStyleTest() {
    std::string error;
    EXPECT_TRUE(lab_.AddZone(kZone, &error)) << error;
  }

  static std::vector<uint8_t> Query(const std::string& name, ldns_rr_type type, uint16_t id, bool cd = false) {
    const Packet query(ldns_pkt_query_new(ldns_dname_new_frm_str(name.c_str()), type, LDNS_RR_CLASS_IN, LDNS_RD));
    ldns_pkt_set_id(query.get(), id);
    ldns_pkt_set_cd(query.get(), cd ? 1 : 0);
    ldns_pkt_set_edns_udp_size(query.get(), 1232);
    uint8_t* octets = nullptr;
    size_t size = 0;
    EXPECT_EQ(ldns_pkt2wire(&octets, query.get(), &size), LDNS_STATUS_OK);
    std::vector<uint8_t> message(octets, octets + size);
    LDNS_FREE(octets);
    return message;
  }

  // Null where there is no answer.
  Packet Ask(const std::string& name, ldns_rr_type type, uint16_t id = 1, bool cd = false, bool tcp = false) {
    last_ = lab_.Respond(Query(name, type, id, cd), tcp);
    ldns_pkt* packet = nullptr;
    if (!last_.empty()) {
      EXPECT_EQ(ldns_wire2pkt(&packet, last_.data(), last_.size()), LDNS_STATUS_OK);
    }
    return Packet(packet);
  }

  static std::string Text(const ldns_rr_list* records) {
    char* text = ldns_rr_list2str(records);
    std::string copy(text);
    LDNS_FREE(text);
    return copy;
  }

  Lab lab_;
  std::vector<uint8_t> last_;
};

TEST_F(LabStyleTest, ShuffleChangesOrderOnly) {
  const std::string plain = Text(ldns_pkt_answer(Ask("example.org.", LDNS_RR_TYPE_MX).get()));
  lab_.SetStyle({.shuffle = true});
  std::set<std::string> orders;
  for (uint16_t id = 0; id < 100; ++id) {
    const std::string answer = Text(ldns_pkt_answer(Ask("example.org.", LDNS_RR_TYPE_MX, id).get()));
    EXPECT_TRUE(std::is_permutation(plain.begin(), plain.end(), answer.begin(), answer.end()));
    orders.insert(answer);
  }
  EXPECT_GT(orders.size(), 10U);
}

TEST_F(LabStyleTest, RecaseChangesLettersOutsideTheQuestion) {
  lab_.SetStyle({.recase = true});
  const Packet answer = Ask("example.org.", LDNS_RR_TYPE_MX);
  const std::string text = Text(ldns_pkt_answer(answer.get()));
  EXPECT_TRUE(std::any_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; }));
  EXPECT_THAT(text, testing::ContainsRegex("[Mm][Aa][Ii][Ll]4\\.example\\.org"));
  EXPECT_EQ(Text(ldns_pkt_question(answer.get())), "example.org.\tIN\tMX\n");
}

TEST_F(LabStyleTest, NoiseIsAboutOtherNames) {
  lab_.SetStyle({.noise = true});
  Packet answer = Ask("example.org.", LDNS_RR_TYPE_MX, 1, false, true);
  EXPECT_THAT(Text(ldns_pkt_answer(answer.get())), testing::HasSubstr("unrelated-noise.net."));
  EXPECT_THAT(Text(ldns_pkt_additional(answer.get())), testing::HasSubstr("mail3.example.org.\t60\tIN\tA\t10.66.6.6"));
  answer = Ask("mail.example.org.", LDNS_RR_TYPE_AAAA, 1, false, true);
  EXPECT_EQ(ldns_pkt_ancount(answer.get()), 0U);
  EXPECT_GT(ldns_pkt_arcount(answer.get()), 0U);
  lab_.SetStyle({.noise = true, .noise_in_negative_answers = true});
  answer = Ask("mail.example.org.", LDNS_RR_TYPE_AAAA, 1, false, true);
  EXPECT_GT(ldns_pkt_ancount(answer.get()), 0U);
}

TEST_F(LabStyleTest, TruncationAndEdns) {
  lab_.SetStyle({.truncate = true});
  EXPECT_TRUE(ldns_pkt_tc(Ask("mail.example.org.", LDNS_RR_TYPE_A).get()));
  EXPECT_EQ(ldns_pkt_ancount(Ask("mail.example.org.", LDNS_RR_TYPE_A, 1, false, true).get()), 1U);
  lab_.SetStyle({});
  EXPECT_TRUE(ldns_pkt_edns(Ask("mail.example.org.", LDNS_RR_TYPE_A).get()));
  lab_.SetStyle({.edns = LabEdns::kIgnored});
  EXPECT_FALSE(ldns_pkt_edns(Ask("mail.example.org.", LDNS_RR_TYPE_A).get()));
  lab_.SetStyle({.edns = LabEdns::kRefused});
  EXPECT_EQ(ldns_pkt_get_rcode(Ask("mail.example.org.", LDNS_RR_TYPE_A).get()), LDNS_RCODE_FORMERR);
}

TEST_F(LabStyleTest, LossHasItsShare) {
  lab_.SetStyle({.loss = 0.2});
  int lost = 0;
  for (uint16_t id = 0; id < 5000; ++id) lost += Ask("mail.example.org.", LDNS_RR_TYPE_A, id) == nullptr ? 1 : 0;
  EXPECT_GT(lost, 850);
  EXPECT_LT(lost, 1150);
  EXPECT_NE(Ask("mail.example.org.", LDNS_RR_TYPE_A, 1, false, true), nullptr);
}

TEST_F(LabStyleTest, DelaysAreOfTheTypeOrOfAny) {
  lab_.SetStyle({.late_type = 28});
  EXPECT_EQ(lab_.DelayMs(Query("mail.example.org.", LDNS_RR_TYPE_A, 1)), 0);
  EXPECT_GT(lab_.DelayMs(Query("mail.example.org.", LDNS_RR_TYPE_AAAA, 1)), 0);
  lab_.SetStyle({.jitter_ms = 30});
  std::set<int> delays;
  for (uint16_t id = 0; id < 200; ++id) delays.insert(lab_.DelayMs(Query("mail.example.org.", LDNS_RR_TYPE_A, id)));
  EXPECT_LT(*delays.rbegin(), 30);
  EXPECT_GT(delays.size(), 20U);
}

TEST_F(LabStyleTest, SignedZonesThatFail) {
  const auto rcode = [&](bool cd) {
    const Packet answer = Ask("bad.example.org.", LDNS_RR_TYPE_A, 1, cd);
    return answer == nullptr ? -1 : static_cast<int>(ldns_pkt_get_rcode(answer.get()));
  };
  const std::vector<uint8_t> error_6 = {0, 15, 0, 2, 0, 6};
  const auto says_error = [&]() {
    return std::search(last_.begin(), last_.end(), error_6.begin(), error_6.end()) != last_.end();
  };
  ASSERT_TRUE(lab_.Fail("bad.example.org", "A", LabFailure::kServFailNoCd));
  EXPECT_EQ(rcode(true), LDNS_RCODE_NOERROR);
  EXPECT_EQ(rcode(false), LDNS_RCODE_SERVFAIL);
  EXPECT_FALSE(says_error());
  ASSERT_TRUE(lab_.Fail("bad.example.org", "A", LabFailure::kBogus));
  EXPECT_EQ(rcode(true), LDNS_RCODE_NOERROR);
  EXPECT_EQ(rcode(false), LDNS_RCODE_SERVFAIL);
  EXPECT_TRUE(says_error());
  ASSERT_TRUE(lab_.Fail("bad.example.org", "A", LabFailure::kBogusAlways));
  EXPECT_EQ(rcode(true), LDNS_RCODE_SERVFAIL);
  EXPECT_TRUE(says_error());
  ASSERT_TRUE(lab_.Fail("bad.example.org", "A", LabFailure::kServFailCdDrop));
  EXPECT_EQ(rcode(false), LDNS_RCODE_SERVFAIL);
  EXPECT_EQ(rcode(true), -1);
}

TEST_F(LabStyleTest, AliasesBesideData) {
  ASSERT_TRUE(lab_.Fail("both.example.org", "MX", LabFailure::kData));
  EXPECT_EQ(Text(ldns_pkt_answer(Ask("both.example.org.", LDNS_RR_TYPE_MX).get())),
            "both.example.org.\t300\tIN\tMX\t5 mail.example.org.\n");
  ASSERT_TRUE(lab_.Fail("both.example.org", "MX", LabFailure::kAliasAndData));
  EXPECT_EQ(ldns_pkt_ancount(Ask("both.example.org.", LDNS_RR_TYPE_MX).get()), 2U);
  ASSERT_TRUE(lab_.Fail("*.example.org", "A", LabFailure::kRefused));
  EXPECT_EQ(ldns_pkt_get_rcode(Ask("random.example.org.", LDNS_RR_TYPE_A).get()), LDNS_RCODE_REFUSED);
  EXPECT_EQ(ldns_pkt_get_rcode(Ask("mail.example.org.", LDNS_RR_TYPE_A).get()), LDNS_RCODE_NOERROR);
}

}  // namespace
}  // namespace mxscan::world
