#include "scanner/cli/doctor_checks.h"

#include <netinet/in.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "io/transport_factory.h"
#include "tests/world/lab.h"

namespace mxscan {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

MachineFacts Healthy() {
  MachineFacts facts;
  facts.kernel = "Linux 6.1.0";
  facts.uring_disabled = 0;
  facts.receive_buffer_wanted = facts.send_buffer_wanted = 4 << 20;
  facts.receive_buffer = facts.send_buffer = 4 << 20;
  facts.segments = facts.route_v4 = facts.route_v6 = true;
  facts.files_soft = 1024;
  facts.files_hard = 524288;
  facts.cpus = 2;
  facts.memory_available = uint64_t{4} << 30;
  facts.disk_free = uint64_t{100} << 30;
  facts.clock_synchronised = true;
  facts.landlock_version = 3;
  return facts;
}

const Check& Find(const std::vector<Check>& checks, const std::string& what) {
  for (const Check& check : checks) {
    if (check.what == what) return check;
  }
  ADD_FAILURE() << "no check '" << what << "'";
  return checks.front();
}

TEST(DoctorTest, NothingToMendOnAHealthyMachine) {
  for (const Check& check : CheckMachine(Healthy())) {
    EXPECT_EQ(check.level, CheckLevel::kOk) << check.what << ": " << check.says;
    EXPECT_THAT(check.mend, IsEmpty());
    EXPECT_FALSE(check.says.empty());
  }
}

TEST(DoctorTest, EachLackIsFoundAndAloneMakesItsCheckSpeak) {
  struct Case {
    const char* what;
    CheckLevel level;
    const char* mend;
    void (*break_it)(MachineFacts*);
  };
  const Case cases[] = {
      {"packet engine", CheckLevel::kHint, "sysctl -w kernel.io_uring_disabled=0",
       [](MachineFacts* f) { f->uring_error = "Operation not permitted", f->uring_disabled = 2; }},
      {"packet engine", CheckLevel::kHint, "seccomp",
       [](MachineFacts* f) { f->uring_error = "Operation not permitted"; }},
      {"packet engine", CheckLevel::kProblem, "network sockets",
       [](MachineFacts* f) { f->uring_error = f->mmsg_error = "Operation not permitted"; }},
      {"receive buffer", CheckLevel::kHint, "sysctl -w net.core.rmem_max=4194304",
       [](MachineFacts* f) { f->receive_buffer = 212992; }},
      {"send buffer", CheckLevel::kHint, "sysctl -w net.core.wmem_max=4194304",
       [](MachineFacts* f) { f->send_buffer = (4 << 20) - 1; }},
      {"segmented sends", CheckLevel::kHint, "4.18", [](MachineFacts* f) { f->segments = false; }},
      {"open files", CheckLevel::kProblem, "ulimit", [](MachineFacts* f) { f->files_hard = 1023; }},
      {"routes", CheckLevel::kHint, "", [](MachineFacts* f) { f->route_v6 = false; }},
      {"routes", CheckLevel::kHint, "ip route", [](MachineFacts* f) { f->route_v4 = f->route_v6 = false; }},
      {"memory", CheckLevel::kHint, "--memory", [](MachineFacts* f) { f->memory_available = 100 << 20; }},
      {"disk", CheckLevel::kHint, "--output", [](MachineFacts* f) { f->disk_free = 5 << 20; }},
      {"disk", CheckLevel::kProblem, "--output", [](MachineFacts* f) { f->disk_free.reset(); }},
      {"file fence", CheckLevel::kHint, "lsm= list (Linux 5.19", [](MachineFacts* f) { f->landlock_version = 0; }},
      {"file fence", CheckLevel::kHint, "Linux 5.19 or later", [](MachineFacts* f) { f->landlock_version = 1; }},
      {"clock", CheckLevel::kHint, "timedatectl", [](MachineFacts* f) { f->clock_synchronised = false; }},
  };
  for (const Case& test : cases) {
    MachineFacts facts = Healthy();
    test.break_it(&facts);
    const std::vector<Check> checks = CheckMachine(facts);
    const Check& check = Find(checks, test.what);
    EXPECT_EQ(check.level, test.level) << check.says;
    EXPECT_THAT(check.mend, HasSubstr(test.mend));
    for (const Check& other : checks) {
      if (other.what == test.what) continue;
      EXPECT_EQ(other.level, CheckLevel::kOk) << other.what << " beside " << test.what;
    }
  }
}

TEST(DoctorTest, RootIsToldWhomItBecomes) {
  MachineFacts facts = Healthy();
  facts.becomes = "nobody";
  const std::vector<Check> checks = CheckMachine(facts);
  EXPECT_EQ(Find(checks, "privileges").level, CheckLevel::kOk);
  EXPECT_THAT(Find(checks, "privileges").says, HasSubstr("becomes user nobody"));
}

TEST(DoctorTest, ThisMachineCanBeLookedAt) {
  const MachineFacts facts = LookAtMachine("no/such/directory");
  EXPECT_THAT(facts.kernel, HasSubstr("Linux"));
  EXPECT_THAT(facts.mmsg_error, IsEmpty());
  EXPECT_GT(facts.receive_buffer.value_or(0), 0u);
  EXPECT_GT(facts.disk_free.value_or(0), 0u) << "its nearest ancestor is looked at";
  EXPECT_GE(facts.cpus, 1);
  EXPECT_FALSE(CheckMachine(facts).empty());
}

class DoctorServerTest : public testing::Test {
 protected:
  ServerFacts Ask(const char* zones, world::LabFailure* failure) {
    world::Lab lab;
    std::string error;
    EXPECT_TRUE(lab.AddZone(zones, &error)) << error;
    if (failure != nullptr) {
      EXPECT_TRUE(lab.Fail(".", "", *failure));
    }
    world::LabServer server(lab);
    EXPECT_TRUE(server.Start({IpAddress::V4FromInt(INADDR_LOOPBACK), 0}, &error)) << error;
    std::string reason;
    auto transport = OpenTransport(IoChoice::kMmsg, TransportOptions(), &reason);
    EXPECT_TRUE(transport.ok());
    return AskServer({IpAddress::V4FromInt(INADDR_LOOPBACK), server.port()}, 50 * kMillisecond, transport->get());
  }
};

constexpr char kRootZone[] =
    ". 60 IN SOA ns.root. hostmaster.root. 1 60 60 60 60\n"
    ". 60 IN NS ns.root.\n"
    "ns.root. 60 IN A 192.0.2.1\n";

TEST_F(DoctorServerTest, OneThatResolves) {
  const ServerFacts facts = Ask(kRootZone, nullptr);
  EXPECT_TRUE(facts.answered && facts.resolves);
  EXPECT_FALSE(facts.invents);
  EXPECT_GE(facts.rtt_ns, 0);
  EXPECT_EQ(CheckServer(facts).level, CheckLevel::kOk);
}

TEST_F(DoctorServerTest, OneThatInventsAddresses) {
  const std::string zone = std::string(kRootZone) + "*.invalid. 60 IN A 192.0.2.9\n";
  const ServerFacts facts = Ask(zone.c_str(), nullptr);
  EXPECT_TRUE(facts.invents);
  EXPECT_EQ(CheckServer(facts).level, CheckLevel::kProblem);
  EXPECT_THAT(CheckServer(facts).says, HasSubstr("do not exist"));
}

TEST_F(DoctorServerTest, OneThatRefuses) {
  world::LabFailure refused = world::LabFailure::kRefused;
  const ServerFacts facts = Ask(kRootZone, &refused);
  EXPECT_TRUE(facts.answered);
  EXPECT_FALSE(facts.resolves);
  EXPECT_THAT(CheckServer(facts).says, HasSubstr("refused"));
}

TEST_F(DoctorServerTest, OneThatIsSilent) {
  world::LabFailure silent = world::LabFailure::kDrop;
  const ServerFacts facts = Ask(kRootZone, &silent);
  EXPECT_FALSE(facts.answered);
  EXPECT_EQ(CheckServer(facts).level, CheckLevel::kProblem);
  EXPECT_THAT(CheckServer(facts).says, HasSubstr("does not answer"));
}

}  // namespace
}  // namespace mxscan
