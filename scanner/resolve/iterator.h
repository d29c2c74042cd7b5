// Iterative resolution: questions in, answers out, from the authoritative servers alone.
//
// A question begins at the deepest zone cut that is known above its name, asks one of that zone's servers, and follows
// what comes back: a referral leads to the zone below, an alias to another name (and there it begins again), a failure
// to the next server. It ends with an answer of the zone itself, or when its servers or its work caps are used up.
//
//   Step: no server left to ask?  -> the addresses of a name server without glue, asked as a question of its own
//         else                    -> one attempt, through AuthorityEngine
//   AttemptEnd: ReadResponse (zone_response.h) -> final | alias | referral | lame, refused, failed, silent: next server
//   No server left that was not tried: the name servers that the zone named itself in an earlier answer; those that
//   were silent, again; those that were lame the last time; and at last data that a server has second-hand, out of a
//   resolver's cache. Second-hand absence is never taken.
//
// Which server: of those of the zone that have not been tried, the one with the least (wait for its pace + smoothed
// round-trip time), each weighed with a random factor, and now and then any of them; unknown ones count as quick, so
// that they are tried. Servers that were lame for the zone come last. What is remembered of servers decides the order
// alone: forgetting it changes cost and never a result.
//
// QNAME minimisation, where it is on: a zone is asked for A of the name one label below it, then two labels, and for
// the question itself only once that is all of it. What fails with A is asked for with NS (as RFC 7816 had it: some
// servers know no other types above their names). Relaxed: whatever fails with both, or does not exist, is asked for in
// full.
//
// Undelegated reverse blocks: where a registry's reverse zone denies a name, it is asked about the blocks around it,
// and what stands in one that does not exist is told from memory (iterator_absence.cc).
//
// Who waits for whom. A question waits for at most one thing: its attempt, the addresses of a name server (which may be
// another question's sub-question), or a leader. A leader is the first of the questions that go to the same zone for
// names under the same child: what it brings (mostly a referral) is what the others need, so thousands of names under
// one cold top-level domain ask its parent once. Since everybody waits for one thing, a cycle is found by walking, and
// no question waits where that would close one.
//
// Every server (AskEveryServer): once a server of a zone has answered, with data, with their absence or with an alias,
// the others are asked as well, one after the other, each until it has answered or failed kPollTriesMax times; name
// servers without glue are looked up for it. What they say is compared (server_poll.h), and the question goes on with
// what does not depend on who was asked first. A referral from one of them moves the question down, to be asked of
// every server there. That a name does not exist is taken from the first server of the root or of a top-level domain:
// its other servers are not troubled for each name that nobody registered. Nothing of this is answered from memory.
//
// Work caps: limits.h. They belong to the question and are never reset while it is open, and its sub-questions draw on
// its own; a name server's sub-question may cost kTargetSendsPerDelegationMax attempts with all others of the same
// delegation. So a referral to 1,500 names of a victim sends him no more than that (NXNSAttack, Afek et al. 2020).
//
// Blocklist (authority.blocklist): no question about a listed name is asked, be it the user's, the end of an alias
// chain or a name server's, and no listed address, wherever it was learnt. Other servers of the zone are. What could
// not be asked for that reason alone ends as kNotAsked, withheld, also where servers above it were asked.
//
// Units: nanoseconds, bytes. Ownership: as Resolver. Thread safety: one thread. Errors: none on the hot path.
#ifndef MXSCAN_SCANNER_RESOLVE_ITERATOR_H_
#define MXSCAN_SCANNER_RESOLVE_ITERATOR_H_

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "scanner/resolve/answer_memory.h"
#include "scanner/resolve/authority_engine.h"
#include "scanner/resolve/delegation_map.h"
#include "scanner/resolve/delegations.h"
#include "scanner/resolve/random.h"
#include "scanner/resolve/resolver.h"
#include "scanner/resolve/ring_queue.h"
#include "scanner/resolve/root_hints.h"
#include "scanner/resolve/targets.h"
#include "scanner/resolve/zone_response.h"

namespace mxscan {

// A server that has answered, for a reader: which name server of which zone it is.
struct AnsweringServer {
  Endpoint peer;
  std::string ns;    // wire form
  std::string zone;  // the same
};

struct IteratorOptions {
  AuthorityOptions authority;
  std::vector<RootHint> roots;
  std::vector<GivenZone> zones;             // whose servers are known beforehand
  DelegationMap* map = nullptr;             // more of them, looked up when they are needed; must outlive the iterator
  size_t questions_max = kInflightDefault;  // open before HasRoom says no
  int tries = kTriesDefault;                // attempts at a zone whose servers are few and silent
  uint16_t port = 53;
  bool minimise = false;           // ask for no more labels than needed, relaxed (RFC 9156)
  bool special_addresses = false;  // for laboratories: servers at loopback, private and other special addresses too
  uint64_t cache_bytes = kMemoryDefaultBytes / 4;    // of delegations and name servers' addresses
  uint64_t answer_bytes = kMemoryDefaultBytes / 32;  // of answers that are remembered; 0: none is
  AnswerTtlLimits answer_ttl;
  // Completion::server numbers who answered (answerers), and is not always 0: for a few questions.
  bool number_answerers = false;
};
inline constexpr size_t kAnswerersMax = 10'000;  // that are numbered; who comes later has no number

struct IteratorCounters {
  uint64_t referrals = 0;
  uint64_t targets_asked = 0;  // sub-questions for addresses of name servers
  uint64_t restarts = 0;       // alias links that led to another zone
  uint64_t lame = 0;           // answers of servers that do not serve the zone, REFUSED among them
  uint64_t waited = 0;         // questions that waited for a leader
  uint64_t caps = 0;           // questions ended by a work cap
  uint64_t special = 0;        // addresses of servers that are special, and not asked
  uint64_t refreshed = 0;      // delegations that were asked for again, since all their servers failed
  uint64_t remembered = 0;     // links of questions that were told from memory
  uint64_t mapped = 0;         // delegations out of the map
  // Blocks of addresses: attempts about one, those that do not exist, and questions that were told so from memory.
  uint64_t blocks_asked = 0;
  uint64_t blocks_absent = 0;
  uint64_t below_absent_block = 0;
  // Of questions that every server was asked: zones that were asked to the end, and their servers.
  uint64_t polls = 0;
  uint64_t polls_differing = 0;
  uint64_t polled_answered = 0;
  uint64_t polled_lame = 0;
  uint64_t polled_failed = 0;
};

enum class Failure : uint8_t;  // iterator_task.h

class Iterator final : public Resolver {
 public:
  // `transport` must outlive the iterator.
  Iterator(const IteratorOptions& options, const RandomKey& key, Transport* transport);
  ~Iterator() override;

  absl::Status Open() override { return engine_.Open(); }
  using Resolver::Ask;
  // `checking` has no meaning here: authoritative servers validate nothing.
  bool Ask(NameView name, RrType type, uint64_t tag, Checking checking) override;
  bool AskEveryServer(NameView name, RrType type, uint64_t tag) override;
  bool HasRoom() const override { return open_ < options_.questions_max; }
  bool HasUnsent() const override { return !ready_.empty() || engine_.HasUnsent() || !failed_.empty(); }
  void Expect(std::span<const InDatagram> datagrams) const override;
  const Completion* OnDatagram(const InDatagram& datagram, TimeNs now) override;
  const Completion* OnStream(const StreamEvent& event, TimeNs now) override;
  void OnSocketError(const SocketError& error, TimeNs now) override;
  TimeNs Advance(TimeNs now) override;
  const Completion* NextUnanswered() override;
  bool no_server_answers(TimeNs now) const override;
  size_t open() const override { return open_; }
  size_t inflight() const override { return engine_.inflight(); }
  const EngineCounters& counters() const override;
  std::vector<ServerTally> tallies() const override;
  std::vector<DetailCounter> details() const override;
  void CheckInvariants() const override;

  const std::vector<AnsweringServer>& answerers() const { return answerers_; }
  // The deepest zone that is known at or above the name.
  DelegationRef ZoneOf(NameView name, TimeNs now) { return delegations_.FindDeepest(name, now); }
  const IteratorCounters& iterator_counters() const { return counters_; }
  const DelegationCache& delegations() const { return delegations_; }
  const AuthorityEngine& engine() const { return engine_; }

 private:
  enum class State : uint8_t {
    kFree,
    kReady,
    kAsking,
    kWaitingTarget,
    kWaitingLeader,
    kFailed,
    kRemembered,
    kDenied,
    kPolled
  };
  struct Task;
  struct Leader {
    uint32_t task = 0;
    std::vector<uint32_t> waiters;
  };
  enum class TargetStep : uint8_t { kFound, kWaiting, kNone };

  Task& At(uint32_t index) { return *tasks_[index]; }
  uint32_t NewTask();
  void FreeTask(uint32_t index);
  void MakeReady(uint32_t index);
  bool Usable(const IpAddress& address);
  bool Begin(uint32_t index, NameView name, RrType type, uint64_t tag);

  // iterator.cc
  void Step(uint32_t index, TimeNs now);
  void EnterZone(Task* task, DelegationRef zone);
  bool MaySend(uint32_t index);
  void Charge(uint32_t index, int sends);
  void StartAttempt(uint32_t index, int server, TimeNs now);
  const Completion* OnAttemptEnd(const AttemptEnd& end, TimeNs now);
  const Completion* OnAnswered(uint32_t index, const AttemptEnd& end, TimeNs now);
  const Completion* Conclude(uint32_t index, TimeNs now);
  void LearnServers(const MessageView& message, Delegation* zone);
  void KeepAnswer(NameView name, RrType type, const Delegation& zone, const AttemptEnd& end, TimeNs now);
  bool Remember(uint32_t index, TimeNs now);
  void TakeRemembered(uint32_t index, TimeNs now);
  const Completion* TellRemembered(uint32_t index, TimeNs now);
  void FollowReferral(uint32_t index, TimeNs now);
  bool FollowAlias(uint32_t index, TimeNs now);
  bool TakeChain(Task* task);
  bool IsForbidden(Task* task) const;
  static bool EndsWithheld(const Task& task);
  void Fail(uint32_t index, TimeNs now);
  void NoteFailure(Task* task, Failure failure, const AttemptEnd& end);
  Outcome FailureOutcome(const Task& task) const;
  const Completion* Complete(uint32_t index, Outcome outcome);
  int NumberOfAnswerer(const Task& task);

  // iterator_choice.cc
  NameView NameToAsk(const Task& task) const;
  DelegationRef ZoneFor(const Task& task, TimeNs now);
  int PickSecondhand(Task* task) const;
  void MinimiseLess(Task* task) const;
  bool Refresh(uint32_t index, TimeNs now);
  bool TakeMinimised(uint32_t index, ResponseKind kind, const AttemptEnd& end, TimeNs now);
  int PickServer(const Task& task, TimeNs now);
  int PickAmong(const Task& task, bool lame, int tries_below, TimeNs now);
  int TriesPerServer(const Task& task) const;
  bool WaitForLeader(uint32_t index, TimeNs now);
  void EndLeadership(uint32_t index, bool answered, TimeNs now);
  bool WouldCycle(uint32_t index, uint32_t waits_for);

  // iterator_absence.cc
  struct Blocks {
    std::array<NameView, 3> names;
    size_t count = 0;
  };
  // Whether the question is at a registry's reverse zone.
  bool InRegistry(const Task& task) const;
  // The names of blocks around `name` and below `zone`, a registry's, from the top down.
  static Blocks BlocksBetween(NameView zone, NameView name);
  NameView UnknownBlock(const Task& task, TimeNs now) const;
  bool RememberBlock(uint32_t index, TimeNs now);
  void KeepBlocksAround(NameView name, const Task& task, const AttemptEnd& end, TimeNs now);
  void KeepBlock(NameView name, const Task& task, const AttemptEnd& end, TimeNs now);
  bool AskAboutBlocks(uint32_t index, const AttemptEnd& end, TimeNs now);
  bool AskAboutNextBlock(uint32_t index, TimeNs now);
  const Completion* TakeBlock(uint32_t index, const AttemptEnd& end, TimeNs now);
  const Completion* ConcludeDenied(uint32_t index, TimeNs now);

  // iterator_poll.cc
  bool TakePolled(uint32_t index, ResponseKind kind, const AttemptEnd& end);
  void PollOn(uint32_t index, TimeNs now);
  bool MayHaveMoreServers(Task* task);
  void CountServers(const Task& task, int* lame, int* failed);
  const Completion* EndPoll(uint32_t index, TimeNs now);

  // iterator_targets.cc
  TargetStep NextTarget(uint32_t index, TimeNs now);
  TargetStep TryTarget(uint32_t index, size_t ns, int family, TimeNs now);
  TargetStep TakeTarget(Task* task, size_t ns, const TargetFamily& known);
  void StartTarget(uint32_t parent, uint32_t target, int family, uint64_t bit);
  void TakeGlue(NameView name, int family, TimeNs now, std::vector<IpAddress>* addresses);
  void FinishTarget(uint32_t index, Outcome outcome, TimeNs now);

  const IteratorOptions options_;
  AuthorityEngine engine_;
  Random random_;
  DelegationCache delegations_;
  TargetCache targets_;
  AnswerMemory answers_;
  std::vector<std::unique_ptr<Task>> tasks_;
  std::vector<uint32_t> free_tasks_;
  RingQueue<uint32_t> ready_;   // to be stepped
  RingQueue<uint32_t> failed_;  // questions of the user, to be completed: that failed, or whose answer is known
  TimeNs advanced_at_ = 0;
  absl::flat_hash_map<std::string, Leader, NameHash, std::equal_to<>> leaders_;  // by the child's name
  size_t open_ = 0;
  TimeNs first_silence_ = kNever;  // when an attempt first ended unanswered
  // As Engine keeps them.
  Answer& answer() { return kept_[kept_next_].answer; }
  struct Kept {
    Completion completion;
    Answer answer;
    ServersObservation servers;
  };
  std::array<Kept, kCompletionsKept> kept_;
  size_t kept_next_ = 0;  // the one that is filled next; its answer is the one at hand
  Referral referral_;
  Referral mapped_;                // out of the map
  std::vector<Name> own_servers_;  // for LearnServers
  std::vector<AnsweringServer> answerers_;
  uint64_t asked_ = 0;
  uint64_t completed_ = 0;
  uint64_t withheld_ = 0;  // among these
  IteratorCounters counters_;
  mutable EngineCounters merged_;
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RESOLVE_ITERATOR_H_
