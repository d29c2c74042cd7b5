#include "tests/world/lab.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

// Last, and without its macros for C's missing keywords.
#include <ldns/ldns.h>
#undef true
#undef false

namespace mxscan::world {
namespace {

constexpr const char* kZone = R"($ORIGIN example.org.
$TTL 300
@        IN SOA ns hostmaster 1 14400 3600 1209600 900
@        IN MX 10 mail
@        IN MX 20 mail2.example.net.
mail     IN A 192.0.2.1
mail     IN AAAA 2001:db8::1
alias    IN CNAME far.example.net.
dangling IN CNAME nothing.example.net.
lost     IN CNAME nowhere.invalid.
loop     IN CNAME loop2
loop2    IN CNAME loop
deep.a.b IN A 192.0.2.2
*.wild   IN MX 5 mail
tree     IN DNAME example.net.
)";
constexpr const char* kOtherZone = R"($ORIGIN example.net.
@    300 IN SOA ns hostmaster 1 14400 3600 1209600 900
far  300 IN A 192.0.2.9
many 300 IN MX 10 a-rather-long-label-so-that-the-answer-grows-quickly-one
)";

struct FreePacket {
  void operator()(ldns_pkt* packet) const { ldns_pkt_free(packet); }
};
using Packet = std::unique_ptr<ldns_pkt, FreePacket>;

std::vector<uint8_t> Query(const std::string& name, ldns_rr_type type, bool edns = true) {
  const Packet packet(ldns_pkt_query_new(ldns_dname_new_frm_str(name.c_str()), type, LDNS_RR_CLASS_IN, LDNS_RD));
  ldns_pkt_set_id(packet.get(), 77);
  if (edns) ldns_pkt_set_edns_udp_size(packet.get(), 1232);
  uint8_t* octets = nullptr;
  size_t size = 0;
  EXPECT_EQ(ldns_pkt2wire(&octets, packet.get(), &size), LDNS_STATUS_OK);
  std::vector<uint8_t> query(octets, octets + size);
  LDNS_FREE(octets);
  return query;
}

Packet Parse(const std::vector<uint8_t>& message) {
  ldns_pkt* packet = nullptr;
  EXPECT_EQ(ldns_wire2pkt(&packet, message.data(), message.size()), LDNS_STATUS_OK);
  return Packet(packet);
}

// "rcode answer answer | authority": types only for SOA.
std::string Text(const Packet& packet) {
  std::string text;
  char* rcode = ldns_pkt_rcode2str(ldns_pkt_get_rcode(packet.get()));
  text += rcode;
  LDNS_FREE(rcode);
  const ldns_rr_list* answers = ldns_pkt_answer(packet.get());
  for (size_t i = 0; i < ldns_rr_list_rr_count(answers); ++i) {
    char* line = ldns_rr2str(ldns_rr_list_rr(answers, i));
    std::string record(line);
    LDNS_FREE(line);
    std::replace(record.begin(), record.end(), '\t', ' ');
    text += "; " + record.substr(0, record.size() - 1);
  }
  for (size_t i = 0; i < ldns_rr_list_rr_count(ldns_pkt_authority(packet.get())); ++i) {
    char* owner = ldns_rdf2str(ldns_rr_owner(ldns_rr_list_rr(ldns_pkt_authority(packet.get()), i)));
    text += std::string(" | SOA ") + owner;
    LDNS_FREE(owner);
  }
  return text;
}

class LabTest : public testing::Test {
 protected:
  LabTest() {
    std::string error;
    EXPECT_TRUE(lab_.AddZone(kZone, &error)) << error;
    EXPECT_TRUE(lab_.AddZone(kOtherZone, &error)) << error;
  }
  std::string Ask(const std::string& name, ldns_rr_type type, bool tcp = false) {
    const std::vector<uint8_t> answer = lab_.Respond(Query(name, type), tcp);
    return answer.empty() ? "nothing" : Text(Parse(answer));
  }
  Lab lab_;
};

TEST_F(LabTest, DataNoDataAndNxDomain) {
  EXPECT_EQ(Ask("example.org.", LDNS_RR_TYPE_MX),
            "NOERROR; example.org. 300 IN MX 10 mail.example.org.; example.org. 300 IN MX 20 mail2.example.net.");
  EXPECT_EQ(Ask("mail.example.org.", LDNS_RR_TYPE_AAAA), "NOERROR; mail.example.org. 300 IN AAAA 2001:db8::1");
  EXPECT_EQ(Ask("mail.example.org.", LDNS_RR_TYPE_MX), "NOERROR | SOA example.org.");
  EXPECT_EQ(Ask("none.example.org.", LDNS_RR_TYPE_MX), "NXDOMAIN | SOA example.org.");
  EXPECT_EQ(Ask("a.b.example.org.", LDNS_RR_TYPE_A), "NOERROR | SOA example.org.");
  EXPECT_EQ(Ask("elsewhere.test.", LDNS_RR_TYPE_A), "NXDOMAIN");
}

TEST_F(LabTest, AliasesAreFollowedAcrossZones) {
  EXPECT_EQ(Ask("alias.example.org.", LDNS_RR_TYPE_A),
            "NOERROR; alias.example.org. 300 IN CNAME far.example.net.; far.example.net. 300 IN A 192.0.2.9");
  EXPECT_EQ(Ask("alias.example.org.", LDNS_RR_TYPE_AAAA),
            "NOERROR; alias.example.org. 300 IN CNAME far.example.net. | SOA example.net.");
  EXPECT_EQ(Ask("dangling.example.org.", LDNS_RR_TYPE_A),
            "NXDOMAIN; dangling.example.org. 300 IN CNAME nothing.example.net. | SOA example.net.");
  EXPECT_EQ(Ask("lost.example.org.", LDNS_RR_TYPE_A), "NXDOMAIN; lost.example.org. 300 IN CNAME nowhere.invalid.");
  EXPECT_EQ(Ask("loop.example.org.", LDNS_RR_TYPE_A),
            "NOERROR; loop.example.org. 300 IN CNAME loop2.example.org.; "
            "loop2.example.org. 300 IN CNAME loop.example.org.");
  EXPECT_EQ(Ask("far.tree.example.org.", LDNS_RR_TYPE_A),
            "NOERROR; tree.example.org. 300 IN DNAME example.net.; "
            "far.tree.example.org. 300 IN CNAME far.example.net.; far.example.net. 300 IN A 192.0.2.9");
}

TEST_F(LabTest, WildcardsAnswerAtTheNameAsked) {
  EXPECT_EQ(Ask("any.wild.example.org.", LDNS_RR_TYPE_MX),
            "NOERROR; any.wild.example.org. 300 IN MX 5 mail.example.org.");
  EXPECT_EQ(Ask("any.wild.example.org.", LDNS_RR_TYPE_A), "NOERROR | SOA example.org.");
  EXPECT_EQ(Ask("wild.example.org.", LDNS_RR_TYPE_MX), "NOERROR | SOA example.org.");
}

TEST_F(LabTest, CaseOfTheQuestionIsKept) {
  const std::vector<uint8_t> query = Query("MaIl.ExAmPlE.oRg.", LDNS_RR_TYPE_A);
  const std::vector<uint8_t> answer = lab_.Respond(query, false);
  ASSERT_GT(answer.size(), query.size());
  EXPECT_TRUE(std::equal(query.begin() + 12, query.begin() + 34, answer.begin() + 12));
  EXPECT_TRUE(ldns_pkt_ra(Parse(answer).get()));
}

TEST_F(LabTest, ScriptedFailures) {
  ASSERT_TRUE(lab_.Fail("mail.example.org", "A", LabFailure::kServFail));
  ASSERT_TRUE(lab_.Fail("mail.example.org", "AAAA", LabFailure::kRefused));
  ASSERT_TRUE(lab_.Fail("far.example.net", "", LabFailure::kDrop));
  ASSERT_TRUE(lab_.Fail("example.org", "MX", LabFailure::kTruncate));
  ASSERT_TRUE(lab_.Fail("deep.a.b.example.org", "", LabFailure::kTruncateAndDrop));
  EXPECT_FALSE(lab_.Fail("example.org", "NOTYPE", LabFailure::kDrop));
  EXPECT_EQ(Ask("mail.example.org.", LDNS_RR_TYPE_A), "SERVFAIL");
  EXPECT_EQ(Ask("mail.example.org.", LDNS_RR_TYPE_AAAA), "REFUSED");
  EXPECT_EQ(Ask("far.example.net.", LDNS_RR_TYPE_A), "nothing");
  EXPECT_TRUE(ldns_pkt_tc(Parse(lab_.Respond(Query("example.org.", LDNS_RR_TYPE_MX), false)).get()));
  EXPECT_THAT(Ask("example.org.", LDNS_RR_TYPE_MX, true), testing::StartsWith("NOERROR; example.org."));
  EXPECT_TRUE(ldns_pkt_tc(Parse(lab_.Respond(Query("deep.a.b.example.org.", LDNS_RR_TYPE_A), false)).get()));
  EXPECT_EQ(Ask("deep.a.b.example.org.", LDNS_RR_TYPE_A, true), "nothing");
}

TEST_F(LabTest, LargeAnswersAreTruncated) {
  std::string zone = "$ORIGIN large.example.\n@ 300 IN SOA ns hostmaster 1 2 3 4 5\n";
  for (int i = 0; i < 40; ++i) zone += "@ 300 IN MX 10 a-rather-long-name-of-an-exchange-" + std::to_string(i) + "\n";
  std::string error;
  ASSERT_TRUE(lab_.AddZone(zone, &error)) << error;
  const std::vector<uint8_t> udp = lab_.Respond(Query("large.example.", LDNS_RR_TYPE_MX), false);
  EXPECT_TRUE(ldns_pkt_tc(Parse(udp).get()));
  EXPECT_LE(lab_.Respond(Query("large.example.", LDNS_RR_TYPE_MX, false), false).size(), 512U);
  const Packet whole = Parse(lab_.Respond(Query("large.example.", LDNS_RR_TYPE_MX), true));
  EXPECT_EQ(ldns_rr_list_rr_count(ldns_pkt_answer(whole.get())), 40U);
}

TEST_F(LabTest, BadZonesAndQueriesAreToldApart) {
  std::string error;
  EXPECT_FALSE(lab_.AddZone("example.com. IN NONSENSE 1\n", &error));
  EXPECT_FALSE(error.empty());
  EXPECT_FALSE(lab_.AddZone("example.com. 300 IN A 192.0.2.1\n", &error));
  const std::vector<uint8_t> query = Query("example.org.", LDNS_RR_TYPE_MX);
  EXPECT_TRUE(lab_.Respond({query.data(), 11}, false).empty());
  const std::vector<uint8_t> answer = lab_.Respond({query.data(), 15}, false);
  ASSERT_EQ(answer.size(), 12U);
  EXPECT_EQ(answer[3] & 15, LDNS_RCODE_FORMERR);
}

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

TEST_F(LabTest, ServesUdpAndTcp) {
  LabServer server(lab_);
  std::string error;
  ASSERT_TRUE(server.Start({IpAddress::V4FromInt(INADDR_LOOPBACK), 0}, &error)) << error;
  ASSERT_NE(server.port(), 0);
  const sockaddr_in address = Loopback(server.port());
  const std::vector<uint8_t> query = Query("mail.example.org.", LDNS_RR_TYPE_A);
  const std::vector<uint8_t> expected = lab_.Respond(query, false);
  const timeval patience = {10, 0};

  const UniqueFd udp(socket(AF_INET, SOCK_DGRAM, 0));
  setsockopt(udp.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  ASSERT_EQ(connect(udp.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(send(udp.get(), query.data(), query.size(), 0), static_cast<ssize_t>(query.size()));
  std::vector<uint8_t> answer(2048);
  const ssize_t got = recv(udp.get(), answer.data(), answer.size(), 0);
  ASSERT_EQ(got, static_cast<ssize_t>(expected.size()));
  answer.resize(expected.size());
  EXPECT_EQ(answer, expected);

  const UniqueFd tcp(socket(AF_INET, SOCK_STREAM, 0));
  setsockopt(tcp.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  ASSERT_EQ(connect(tcp.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  std::vector<uint8_t> framed = {0, static_cast<uint8_t>(query.size())};
  framed.insert(framed.end(), query.begin(), query.end());
  // In two pieces: the length alone, then the rest.
  ASSERT_EQ(send(tcp.get(), framed.data(), 1, 0), 1);
  ASSERT_EQ(send(tcp.get(), framed.data() + 1, framed.size() - 1, 0), static_cast<ssize_t>(framed.size() - 1));
  std::vector<uint8_t> stream(expected.size() + 2);
  ASSERT_EQ(recv(tcp.get(), stream.data(), stream.size(), MSG_WAITALL), static_cast<ssize_t>(stream.size()));
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), stream.begin() + 2));
  EXPECT_EQ(server.udp_queries(), 1U);
  EXPECT_EQ(server.tcp_queries(), 1U);
}

}  // namespace
}  // namespace mxscan::world
